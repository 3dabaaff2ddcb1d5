import type { CaseLimits, Limit, LimitUnit } from '../domain/supervision-facts.js';
import type { ConfigFault } from '../domain/settings.js';

/** Limits of one item, in force from a day on. */
export interface DatedLimits {
  readonly from: string;
  readonly committed: Limit | undefined;
  readonly statutory: Limit | undefined;
  readonly letter: string;
}

/** Limits of every item, the earliest first. */
export type ItemLimits = ReadonlyMap<string, readonly DatedLimits[]>;

const header = ['item_code', 'effective_from', 'committed_limit', 'committed_unit', 'statutory_limit', 'statutory_unit', 'letter_no'];

/** Reads item-limits.csv (no quotes, one row a line); faults name the line. */
export function readItemLimits(file: string, text: string): { limits: ItemLimits; faults: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const limits = new Map<string, DatedLimits[]>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines[0] !== header.join(',')) return { limits, faults: [{ file, key: 'header', line: 1, expected: header.join(',') }] };
  lines.forEach((row, i) => {
    if (i === 0 || row.trim() === '' || row.startsWith('#')) return;
    const fault = (key: string, expected: string): undefined => void faults.push({ file, key, line: i + 1, expected });
    const cells = row.split(',').map((c) => c.trim());
    const [item, from, committed, committedUnit, statutory, statutoryUnit, letter] = cells;
    if (cells.length !== header.length || !item) return fault('', `${header.length} columns and an item code`);
    if (!/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(from!)) fault('effective_from', 'a day such as 2012-08-09');
    const limit = (key: string, length: string, unit: string): Limit | undefined => {
      if (length === '') return undefined;
      if (!/^\d{1,3}$/.test(length)) return fault(key, 'a whole number, or nothing where there is no limit');
      if (!['W', 'N', 'H', 'I'].includes(unit)) return fault(key, 'one of the units W, N, H, I');
      return { length: Number(length), unit: unit as LimitUnit };
    };
    const row_: DatedLimits = { from: from!, committed: limit('committed_limit', committed!, committedUnit!), statutory: limit('statutory_limit', statutory!, statutoryUnit!), letter: letter! };
    const known = limits.get(item) ?? [];
    if (known.some((k) => k.from === row_.from)) return fault('effective_from', `each day once for ${item}`);
    limits.set(item, [...known, row_].sort((a, b) => (a.from < b.from ? -1 : 1)));
    return undefined;
  });
  return { limits, faults };
}

/** Limits in force on a day; undefined where the catalogue has none for the item then. */
export function limitsOn(limits: ItemLimits, itemCode: string | undefined, day: string): CaseLimits | undefined {
  const row = limits.get(itemCode ?? '')?.findLast((l) => l.from <= day);
  return row && { committed: row.committed, statutory: row.statutory, source: `${row.letter}, in force from ${row.from}` };
}
