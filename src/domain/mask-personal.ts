import type { CaseSnapshot, Row } from './snapshot.js';

/** Columns of a bureau that hold a person, wherever they stand; names of items, steps and materials are not persons. */
const personal = /^(name|.*(owner|holder|payer|taxpayer|agent|applicant|contact)_?name|legal_person|legal_representative|payer|taxpayer|cert_no|id_?no|id_?card|identity_?no|.*phone.*|mobile|tel|email|address|taxpayer_no)$/i;
/** What nobody sees, unmasked or not. */
const secret = /password|secret|passwd/i;
/** Identity numbers of 18 and 15 digits and mobile numbers, wherever they stand in a text. */
const patterns = [/(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])/g, /(?<![0-9A-Za-z])[1-9]\d{14}(?![0-9A-Za-z])/g, /(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d{9}(?![0-9A-Za-z])/g];
const star = '＊';

/** A value with only so much left that two people can be told apart. */
export function maskValue(value: string): string {
  const signs = [...value];
  if (/^[+0-9A-Za-z -]{7,}$/.test(value)) return signs.slice(0, 3).join('') + star.repeat(Math.max(1, signs.length - 5)) + signs.slice(-2).join('');
  return (signs[0] ?? '') + star.repeat(Math.min(8, Math.max(1, signs.length - 1)));
}

/** Whether values of a column of this name are hidden from who has not unmasked them. */
export const isPersonalColumn = (column: string): boolean => personal.test(column) || secret.test(column);

/** The values of a snapshot that name a person or lead to one, the longest first. */
export function personalValues(snapshot: CaseSnapshot): string[] {
  const rows = [snapshot.case, ...Object.values(snapshot.children).flat()];
  const found = rows.flatMap((row) => Object.entries(row).flatMap(([column, value]) => (value !== null && (personal.test(column) || secret.test(column)) && value.trim().length > 1 ? [value.trim()] : [])));
  return [...new Set(found)].sort((a, b) => b.length - a.length);
}

/** The values of a snapshot that nobody sees, whoever asks. */
export function secretValues(snapshot: CaseSnapshot): string[] {
  return [snapshot.case, ...Object.values(snapshot.children).flat()].flatMap((row) => Object.entries(row).flatMap(([column, value]) => (value !== null && secret.test(column) && value.trim().length > 1 ? [value.trim()] : [])));
}

/** A text without these values, also as XML writes them, and without what looks like an identity or telephone number. */
export function maskText(text: string, values: readonly string[]): string {
  let masked = text;
  for (const value of values) {
    for (const form of new Set([value, escapeXml(value), escapeXml(value).replaceAll('"', '&quot;').replaceAll("'", '&apos;'), value.replaceAll(/[\s-]/g, '')])) {
      if (form.length > 1) masked = masked.replaceAll(form, () => maskValue(form).replaceAll(/[&<>]/g, star));
    }
  }
  for (const pattern of patterns) masked = masked.replaceAll(pattern, (found) => maskValue(found));
  return masked;
}

/** A text that somebody may read, without these secrets, also as XML writes them. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, value) => [...new Set([value, escapeXml(value)])].reduce((t, form) => t.replaceAll(form, star.repeat(6)), rest), text);
}

/** A snapshot as it is shown; secrets are never. */
export function maskSnapshot(snapshot: CaseSnapshot, unmasked: boolean): Pick<CaseSnapshot, 'case' | 'children'> {
  const values = unmasked ? [] : personalValues(snapshot);
  const mask = (row: Row): Row =>
    Object.fromEntries(Object.entries(row).map(([column, value]) => {
      if (value === null || value === '') return [column, value];
      if (secret.test(column)) return [column, star.repeat(6)];
      if (unmasked) return [column, value];
      return [column, personal.test(column) ? maskValue(value) : maskText(value, values)];
    }));
  return { case: mask(snapshot.case), children: Object.fromEntries(Object.entries(snapshot.children).map(([name, rows]) => [name, rows.map(mask)])) };
}

const escapeXml = (v: string): string => v.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
