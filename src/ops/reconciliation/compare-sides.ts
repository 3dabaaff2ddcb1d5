import type { Comparison, ItemView } from '../../domain/ops-reconciliation-api.js';
import type { Criterion } from '../../domain/reconciliation-outcomes.js';

const keyOf: Partial<Record<Criterion, Comparison['key']>> = { case: 'case', code: 'code', item: 'item', payer: 'payer', amount: 'amount', day: 'day', kind: 'kind', party: 'party' };

/** Values of an item by what rules compare. */
function valuesOf(item: ItemView): Partial<Record<Comparison['key'], string>> {
  const of = (key: string): string | undefined => item.fields.find((f) => f.key === key)?.value;
  const items = item.lines.length > 0 ? [...new Set(item.lines.map((l) => l.code))].join(' ') : of('feeItem');
  const values = { case: item.caseNo, code: of('paymentCode'), item: items, payer: of('payer'), amount: item.fen, day: item.day, kind: of('taxKind'), party: of('party') };
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as Partial<Record<Comparison['key'], string>>;
}

const feeKeys = ['case', 'code', 'item', 'payer', 'amount', 'day'] as const;
const taxKeys = ['case', 'kind', 'party', 'amount', 'payer', 'day'] as const;

/**
 * Both sides of a difference beside each other, as rules compare them, with the criterion that failed marked. Payers must be given
 * as they are: whether they are the same is said even where their names are hidden afterwards.
 */
export function compareSides(expected: ItemView | undefined, returned: ItemView | undefined, criterion: Criterion | undefined): Comparison[] {
  const [e, r] = [expected ? valuesOf(expected) : {}, returned ? valuesOf(returned) : {}];
  const tax = [expected?.kind, returned?.kind].some((k) => k === 'tax-expectation' || k === 'tax-record');
  return (tax ? taxKeys : feeKeys).flatMap((key): Comparison[] => {
    const [mine, theirs] = [e[key], r[key]];
    const failed = criterion !== undefined && keyOf[criterion] === key;
    if (mine === undefined && theirs === undefined && !failed) return [];
    const plain = (v: string): string => v.replaceAll(/\s+/g, '');
    const same = mine === undefined || theirs === undefined ? undefined : plain(mine) === plain(theirs);
    return [{ key, expected: mine, returned: theirs, same, failed }];
  });
}
