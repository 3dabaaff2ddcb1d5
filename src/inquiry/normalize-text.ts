/** What somebody typed, as it is compared: full-width and half-width signs are one, letters are capital, blanks between do not count. */
export const normalizeText = (text: string): string => text.normalize('NFKC').replaceAll(/[\s\u200b-\u200d\ufeff]+/g, '').toUpperCase();

/** The end of an identity number that is asked for; undefined where the number is too short to ask for it. */
export function endOfNumber(certNo: string | null | undefined, digits: number): string | undefined {
  const number = normalizeText(certNo ?? '').replaceAll(/[^0-9A-Z]/g, '');
  return number.length < digits ? undefined : number.slice(-digits);
}
