import { maskText, maskValue } from './mask-personal.js';
import type { Row } from './snapshot.js';

const star = '＊';
/** Kinds of applicants (bureau codes) whose names are not those of a person: enterprise, institution, social organisation, organ. */
const organisations = ['E', 'I', 'S', 'G'];

/** The name of an applicant for eyes that only have to recognise it: 张＊＊ for a person, 益阳市＊＊＊有限公司 for an organisation. */
export function maskParty(row: Row): string {
  const name = (row['name'] ?? '').trim();
  if (name === '') return star;
  if (!organisations.includes(row['kind'] ?? '')) return maskValue(name);
  const signs = [...maskText(name, [])];
  const [front, back] = signs.length >= 9 ? [3, 4] : signs.length >= 5 ? [2, 2] : [1, 0];
  return signs.slice(0, front).join('') + star.repeat(Math.max(1, signs.length - front - back)) + (back === 0 ? '' : signs.slice(-back).join(''));
}

/** All applicants in one line: the first three, and how many there are. */
export function maskParties(rows: readonly Row[]): string {
  const named = rows.filter((r) => (r['name'] ?? '').trim() !== '' && r['role'] !== 'AGENT');
  const first = named.slice(0, 3).map(maskParty).join('、');
  return named.length > 3 ? `${first} 等${named.length}户` : first;
}

/** A case number with only so much left that its owner knows it. */
export function maskCaseNo(caseNo: string): string {
  const signs = [...caseNo];
  const [front, back] = signs.length > 12 ? [8, 4] : signs.length > 8 ? [4, 4] : signs.length > 4 ? [0, 2] : signs.length > 1 ? [0, 1] : [0, 0];
  return signs.slice(0, front).join('') + star.repeat(Math.max(1, signs.length - front - back)) + (back === 0 ? '' : signs.slice(-back).join(''));
}
