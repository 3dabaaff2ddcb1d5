import type { ControlTotals, Day } from '../domain/reconciliation-records.js';

/** One heading of a statement: what is counted apart. */
export interface StatementKey {
  /** expected: charges and tax expectations; returned: fee and tax records. */
  readonly side: 'expected' | 'returned';
  readonly kind: 'fee' | 'tax';
  /** Fee item code or tax kind. */
  readonly item: string;
  /** Collecting unit or tax authority; '' on the expected side. */
  readonly unit: string;
  readonly channel: string;
}

/** opening and closing are states at the ends of the day, the others movements of the day. */
export type StatementPhase = 'opening' | 'new' | 'reopened' | 'matched' | 'resolved' | 'closing';

/** Count and money of one key and phase; reversals and refunds count as negative money. */
export interface StatementFigure extends StatementKey {
  readonly phase: StatementPhase;
  readonly count: number;
  readonly fen: bigint;
}

interface Amount {
  readonly count: number;
  readonly fen: bigint;
}
export interface StatementRow extends StatementKey, Readonly<Record<StatementPhase, Amount>> {
  /** opening + new + reopened − matched − resolved − closing; zero in both when the row ties out. */
  readonly off: Amount;
}

/** Our records of the day by the center's accounting day, and what its control file says. */
export interface ControlComparison {
  readonly channel: string;
  readonly what: 'fees' | 'fees reversed' | 'fees refunded' | 'taxes' | 'taxes refunded';
  readonly ours: Amount;
  readonly theirs: Amount;
}

export interface Statement {
  readonly day: Day;
  readonly rows: readonly StatementRow[];
  readonly total: Readonly<Record<'expected' | 'returned', StatementRow>>;
  /** Every control total beside ours; a channel without a control file is in `uncontrolled`. */
  readonly comparisons: readonly ControlComparison[];
  /** Those that do not agree. */
  readonly disagreements: readonly ControlComparison[];
  readonly uncontrolled: readonly string[];
  /** True when every row ties out and every control total agrees. */
  readonly tiesOut: boolean;
}

const zero: Amount = { count: 0, fen: 0n };
const add = (a: Amount, b: Amount, sign: 1 | -1 = 1): Amount => ({ count: a.count + sign * b.count, fen: a.fen + (sign === 1 ? b.fen : -b.fen) });

function rowOf(key: StatementKey, amounts: ReadonlyMap<StatementPhase, Amount>): StatementRow {
  const at = (p: StatementPhase): Amount => amounts.get(p) ?? zero;
  const inflow = add(add(at('opening'), at('new')), at('reopened'));
  const off = add(add(add(inflow, at('matched'), -1), at('resolved'), -1), at('closing'), -1);
  return { ...key, opening: at('opening'), new: at('new'), reopened: at('reopened'), matched: at('matched'), resolved: at('resolved'), closing: at('closing'), off };
}

/** Money of our side as the control file counts it: by status, each positive. */
export interface OurTotals {
  readonly channel: string;
  readonly fees: { readonly paid: Amount; readonly reversed: Amount; readonly refunded: Amount };
  readonly taxes: { readonly paid: Amount; readonly refunded: Amount };
}

/** opening + new + reopened − matched − resolved = closing, for every heading, in count and fen; and ours against the center's. */
export function reckonStatement(day: Day, figures: readonly StatementFigure[], ours: readonly OurTotals[], controls: readonly ControlTotals[]): Statement {
  const keys = new Map<string, { key: StatementKey; amounts: Map<StatementPhase, Amount> }>();
  const totals = { expected: new Map<StatementPhase, Amount>(), returned: new Map<StatementPhase, Amount>() };
  for (const f of figures) {
    const { side, kind, item, unit, channel } = f;
    const name = [side, kind, item, unit, channel].join('\u0000');
    const entry = keys.get(name) ?? { key: { side, kind, item, unit, channel }, amounts: new Map<StatementPhase, Amount>() };
    keys.set(name, entry);
    entry.amounts.set(f.phase, add(entry.amounts.get(f.phase) ?? zero, f));
    totals[side].set(f.phase, add(totals[side].get(f.phase) ?? zero, f));
  }
  const rows = [...keys.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { key, amounts }]) => rowOf(key, amounts));
  const total = {
    expected: rowOf({ side: 'expected', kind: 'fee', item: '', unit: '', channel: '' }, totals.expected),
    returned: rowOf({ side: 'returned', kind: 'fee', item: '', unit: '', channel: '' }, totals.returned),
  };
  const comparisons: ControlComparison[] = [];
  const uncontrolled: string[] = [];
  for (const channel of [...new Set([...ours.map((o) => o.channel), ...controls.map((c) => c.channel)])].sort()) {
    const o = ours.find((x) => x.channel === channel);
    const c = controls.find((x) => x.channel === channel);
    if (!c) {
      uncontrolled.push(channel);
      continue;
    }
    const compare = (what: ControlComparison['what'], mine: Amount | undefined, theirs: Amount): void => {
      comparisons.push({ channel, what, ours: mine ?? zero, theirs });
    };
    compare('fees', o?.fees.paid, { count: c.fees.count, fen: c.fees.amountFen });
    compare('fees reversed', o?.fees.reversed, { count: c.fees.reversedCount, fen: c.fees.reversedFen });
    compare('fees refunded', o?.fees.refunded, { count: c.fees.refundCount, fen: c.fees.refundFen });
    compare('taxes', o?.taxes.paid, { count: c.taxes.count, fen: c.taxes.amountFen });
    compare('taxes refunded', o?.taxes.refunded, { count: c.taxes.refundCount, fen: c.taxes.refundFen });
  }
  const tied = [...rows, total.expected, total.returned].every((r) => r.off.count === 0 && r.off.fen === 0n);
  const disagreements = comparisons.filter((c) => c.ours.count !== c.theirs.count || c.ours.fen !== c.theirs.fen);
  return { day, rows, total, comparisons, disagreements, uncontrolled, tiesOut: tied && disagreements.length === 0 };
}
