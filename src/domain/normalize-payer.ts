/**
 * A payer's name without what partners write differently: full-width forms, brackets, spaces and dots inside, case. Undefined
 * when nothing is left.
 */
export function normalizePayer(name: string | null | undefined): string | undefined {
  const plain = (name ?? '').normalize('NFKC').replace(/[\s·•・.]/gu, '').toUpperCase();
  return plain === '' ? undefined : plain;
}
