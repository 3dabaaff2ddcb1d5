import { addDays, dayOf } from '../domain/reckon-days.js';
import { payerAmountKey, type Difference, type ItemId, type Outcome, type Settlement, type WorkingSet } from '../domain/reconciliation-outcomes.js';
import type { ReconciliationRules } from '../domain/reconciliation-rules.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { exactTier, settleExact } from './exact-match.store.js';
import { differenceColumns, differenceRow, differenceValues, type DifferenceRow, type ItemFacts } from './reconciliation-row.js';
import { RunItemStore, type Slab } from './run-item.store.js';
import { lastClosedDay, takeNumbers } from './take-numbers.js';
import { WorkingSetReader, type LiveLine, type LoadedSet } from './working-set.store.js';

export interface RunFigures {
  readonly runId: string;
  /** New items and seeds of this run. */
  readonly arrived: number;
  /** Settled by SQL alone. */
  readonly exact: number;
  /** Items that the engine looked at. */
  readonly examined: number;
  readonly settled: number;
  readonly undone: number;
  readonly opened: number;
  readonly closed: number;
  /** More is waiting than one run takes. */
  readonly more: boolean;
}

export interface MatchOptions {
  readonly rules: ReconciliationRules;
  /** The engine. */
  readonly settle: (set: WorkingSet, context: { rules: ReconciliationRules; today: string; firstOpenDay: string }) => Outcome;
  /** Items of one run at the most; their number bounds the transaction, not the memory. */
  readonly batchItems: number;
  /** Items that the engine looks at together at the most, besides those they share a key with. */
  readonly pageItems?: number;
  /** False leaves everything to the engine: the tests compare. */
  readonly exact?: boolean;
}

interface Counts {
  examined: number;
  settled: number;
  undone: number;
  opened: number;
  closed: number;
}

/** Lines that a run writes before the planner must hear of it, which knows the table as it was before. */
const manyLines = 20_000;

const lineColumns: readonly Column[] = [
  { name: 'match_no', kind: 'big' }, { name: 'expected_id', kind: 'big' }, { name: 'returned_id', kind: 'big' }, { name: 'rule_name', kind: 'text' }, { name: 'outcome', kind: 'text' }, { name: 'statement_day', kind: 'text' },
  { name: 'run_id', kind: 'big' }, { name: 'matched_at', kind: 'instant' }, { name: 'payer_amount', kind: 'text' }, { name: 'part', kind: 'flag' },
];

/** Matches and differences. Every run is one transaction under one lock: killed anywhere, it has happened or it has not. */
export class MatchStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Whoever writes matches, differences, resolutions or closed days holds this row until the commit. */
  async lock(runner: Runner): Promise<string> {
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select position from reconciliation_position ${raw(hint)} where name = ${'matches'} ${raw(suffix)}`);
    return String(rows[0]!['position']);
  }

  /** Works on what is new since the last run, what was marked, and what became overdue; never on the history. */
  async run(options: MatchOptions): Promise<RunFigures> {
    return this.database.transaction(async (runner) => {
      const from = await this.lock(runner);
      const top = (await runner.run(sql`select value from counter where name = ${'reconciliation'}`)).rows[0]!['value'];
      const newest = BigInt(String(top));
      const limit = BigInt(from) + BigInt(options.batchItems);
      const to = String(newest < limit ? newest : limit);
      const closed = await lastClosedDay(runner);
      const firstOpenDay = closed === undefined ? '' : addDays(closed, 1);
      const now = this.clock.iso();
      const today = dayOf(now);
      const arrived = Number(BigInt(to) - BigInt(from));
      const items = new RunItemStore(runner, this.database.dialect, from, to);
      const overdue = await items.overdue(options.rules, today);
      if (arrived === 0 && overdue.length === 0) return { runId: '0', arrived: 0, exact: 0, examined: 0, settled: 0, undone: 0, opened: 0, closed: 0, more: false };

      if (from !== '0') await this.database.dialect.preferLookups(runner);
      const runId = String(await takeNumbers(runner, 'match', 1));
      const at = this.database.dialect.value('instant', now);
      const exact = options.exact === false || arrived === 0 ? 0 : await settleExact(runner, exactTier(options.rules), { from, to, firstOpenDay, runId, now: at });
      if (exact >= manyLines) await this.database.dialect.refreshStatistics(runner, 'match_line');
      const leaning = exact > 0 && (await items.anyOpen());
      const counts: Counts = { examined: 0, settled: exact, undone: 0, opened: 0, closed: leaning ? await items.closeSettled(today, at) : 0 };
      const page = options.pageItems ?? 4000;
      const done = new Set<ItemId>();
      const workPage = async (seeds: readonly ItemId[]): Promise<void> => {
        const rest = seeds.filter((id) => !done.has(id));
        if (rest.length === 0) return;
        const set = await new WorkingSetReader(runner, this.database.dialect, firstOpenDay).read(rest);
        await this.apply(runner, set, options.settle(set, { rules: options.rules, today, firstOpenDay }), { runId, now, today }, counts);
        for (const item of [...set.charges, ...set.expectations, ...set.fees, ...set.taxes]) done.add(item.id);
      };
      const work = async (seeds: readonly ItemId[]): Promise<void> => {
        for (let i = 0; i < seeds.length; i += page) await workPage(seeds.slice(i, i + page));
      };
      await work(overdue);
      if (leaning) await items.touched(work);
      await this.inSlabs((after) => items.unsettled(after, exact), async (ids) => {
        await work(ids);
        // Behind the slab nothing comes again; what lies ahead must be remembered.
        const last = BigInt(ids.at(-1)!);
        for (const id of done) if (BigInt(id) <= last) done.delete(id);
      });
      await this.inSlabs((after) => items.seeds(after), work);
      if (counts.opened >= manyLines) await this.database.dialect.refreshStatistics(runner, 'difference');

      await runner.run(sql`update reconciliation_position set position = ${to}, position_version = position_version + 1 where name = ${'matches'}`);
      const figures = { arrived, exact, ...counts };
      await this.database.dialect.insertMany(
        runner, 'reconciliation_run', [{ name: 'id', kind: 'big' }, { name: 'started_at', kind: 'instant' }, { name: 'finished_at', kind: 'instant' }, { name: 'from_position', kind: 'big' }, { name: 'to_position', kind: 'big' }, { name: 'figures', kind: 'text' }],
        [[runId, now, this.clock.iso(), from, to, JSON.stringify(figures)]],
      );
      return { runId, ...figures, more: BigInt(to) < newest };
    });
  }

  /** The engine again over given items and all that share a key with them, inside the caller's transaction, who holds the lock. */
  async reconsider(runner: Runner, items: readonly ItemId[], options: Pick<MatchOptions, 'rules' | 'settle'>): Promise<void> {
    const closed = await lastClosedDay(runner);
    const firstOpenDay = closed === undefined ? '' : addDays(closed, 1);
    const now = this.clock.iso();
    const set = await new WorkingSetReader(runner, this.database.dialect, firstOpenDay).read(items);
    const runId = String(await takeNumbers(runner, 'match', 1));
    await this.apply(runner, set, options.settle(set, { rules: options.rules, today: dayOf(now), firstOpenDay }), { runId, now, today: dayOf(now) }, { examined: 0, settled: 0, undone: 0, opened: 0, closed: 0 });
  }

  private async inSlabs(read: (after: string | undefined) => Promise<Slab>, work: (ids: readonly ItemId[]) => Promise<void>): Promise<void> {
    for (let after: string | undefined; ; ) {
      const { ids, next } = await read(after);
      if (ids.length > 0) await work(ids);
      if (next === undefined) return;
      after = next;
    }
  }

  /** Writes what changed of an outcome and nothing else. */
  private async apply(runner: Runner, set: LoadedSet, outcome: Outcome, by: { runId: string; now: string; today: string }, counts: Counts): Promise<void> {
    const facts = factsOf(set);
    counts.examined += facts.size;
    const standing = new Map<string, LiveLine[]>();
    for (const l of set.lines) standing.set(l.matchNo, [...(standing.get(l.matchNo) ?? []), l]);
    const kept = new Map<string, LiveLine[]>([...standing.values()].map((lines) => [signatureOf(lines[0]!.rule, lines[0]!.statementDay, lines.flatMap((l) => (l.expectedId ? [l.expectedId] : [])), lines.flatMap((l) => (l.returnedId ? [l.returnedId] : []))), lines]));
    const fresh: Settlement[] = [];
    for (const s of outcome.settlements) if (!kept.delete(signatureOf(s.rule, s.statementDay, s.expected, s.returned))) fresh.push(s);
    const undone = [...kept.values()].flat();
    // In an open day a settlement that no longer holds never counted: its day is the day on which it is undone.
    for (const side of ['expectedId', 'returnedId'] as const) {
      const lines = undone.filter((l) => (l.expectedId === undefined ? 'returnedId' : 'expectedId') === side);
      const key = side === 'expectedId' ? 'expected_id' : 'returned_id';
      await this.database.dialect.updateMany(runner, {
        table: 'match_line', key: { name: key, kind: 'big' }, match: [], set: [{ name: 'undone_at', kind: 'instant' }, { name: 'undone_day', kind: 'text' }],
        also: raw(`live = 0, undone_by = 'reconcile', undone_why = 'new-facts'`), where: raw(`t.live = 1 and t.${key} is not null`), rows: lines.map((l) => [l[side], by.now, l.statementDay]),
      });
    }
    const first = await takeNumbers(runner, 'match', fresh.length);
    await this.database.dialect.insertMany(runner, 'match_line', lineColumns, fresh.flatMap((s, i) => linesOf(s).map(([expected, returned], part, all) => [
      String(first + BigInt(i)), expected ?? null, returned ?? null, s.rule, s.outcome, s.statementDay, by.runId, by.now, s.payerAmount ?? null, all.length > 1 ? part + 1 : 0,
    ])));
    counts.settled += fresh.length;
    counts.undone += new Set(undone.map((l) => l.matchNo)).size;
    await this.applyDifferences(runner, facts, outcome, by, counts);
  }

  private async applyDifferences(runner: Runner, facts: ReadonlyMap<ItemId, ItemFacts>, outcome: Outcome, by: { runId: string; now: string; today: string }, counts: Counts): Promise<void> {
    const open = new Map<string, DifferenceRow>();
    const ids = [...facts.keys()];
    const { dialect } = this.database;
    for (let i = 0; i < ids.length; i += dialect.mostListed) {
      const { rows } = await runner.run(sql`select * from difference where is_open = 1 and aspect <> 'standard' and ${dialect.among('item_id', 'big', ids.slice(i, i + dialect.mostListed))}`);
      for (const r of rows) open.set(`${String(r['item_id'])} ${String(r['aspect'])}`, differenceRow(r));
    }
    const fresh: { difference: Difference; previous: DifferenceRow | undefined }[] = [];
    const settled = new Set(outcome.settlements.flatMap((s) => [...s.expected, ...s.returned]));
    for (const difference of outcome.differences) {
      const key = `${difference.itemId} ${difference.aspect}`;
      const previous = open.get(key);
      if (previous && sameDifference(previous, difference)) open.delete(key);
      else fresh.push({ difference, previous });
    }
    const closing = [...open.values()];
    await this.database.dialect.updateMany(runner, {
      table: 'difference', key: { name: 'id', kind: 'big' }, match: [], set: [{ name: 'closed_at', kind: 'instant' }, { name: 'closed_day', kind: 'text' }, { name: 'closed_how', kind: 'text' }],
      also: raw(`is_open = 0, closed_by = 'reconcile'`), where: raw('t.is_open = 1'), rows: closing.map((d) => [d.id, by.now, by.today, settled.has(d.itemId) ? 'matched' : 'changed']),
    });
    await this.database.dialect.insertMany(runner, 'difference', differenceColumns, fresh.map(({ difference, previous }) =>
      differenceValues(difference, facts.get(difference.itemId)!, { now: by.now, runId: by.runId, previousId: previous?.id, assignedTo: previous?.assignedTo }),
    ));
    counts.closed += closing.length;
    counts.opened += fresh.length;
  }
}

const signatureOf = (rule: string, day: string, expected: readonly ItemId[], returned: readonly ItemId[]): string => `${rule} ${day} ${[...expected].sort().join()} ${[...returned].sort().join()}`;

function linesOf(s: Settlement): [ItemId | undefined, ItemId | undefined][] {
  return Array.from({ length: Math.max(s.expected.length, s.returned.length) }, (_, i) => [s.expected[i], s.returned[i]]);
}

function sameDifference(a: DifferenceRow, b: Difference): boolean {
  return a.reason === b.reason && a.expectedFen === b.expectedFen && a.returnedFen === b.returnedFen && a.rule === b.rule && a.criterion === b.criterion && a.otherId === b.otherId && a.refersToDay === b.refersToDay && a.detail === b.detail;
}

function factsOf(set: WorkingSet): Map<ItemId, ItemFacts> {
  const back = new Map<string, bigint>();
  for (const f of set.fees) if (f.status !== 'paid' && f.supersededDay === undefined) back.set(`${f.channel} ${f.originalSerial ?? f.serial}`, (back.get(`${f.channel} ${f.originalSerial ?? f.serial}`) ?? 0n) + f.amountFen);
  return new Map<ItemId, ItemFacts>([
    ...set.charges.map((c): [ItemId, ItemFacts] => [c.id, { channel: undefined, caseNo: c.caseNo, day: c.day, statementDay: c.statementDay, payerAmount: payerAmountKey(c.payerKey, c.amountFen) }]),
    ...set.expectations.map((e): [ItemId, ItemFacts] => [e.id, { channel: undefined, caseNo: e.caseNo, day: e.day, statementDay: e.statementDay, payerAmount: undefined }]),
    ...set.fees.map((f): [ItemId, ItemFacts] => [f.id, { channel: f.channel, caseNo: f.caseNo, day: f.day, statementDay: f.statementDay, payerAmount: f.status === 'paid' ? payerAmountKey(f.payerKey, f.amountFen - (back.get(`${f.channel} ${f.serial}`) ?? 0n)) : undefined }]),
    ...set.taxes.map((t): [ItemId, ItemFacts] => [t.id, { channel: t.channel, caseNo: t.caseNo, day: t.day, statementDay: t.statementDay, payerAmount: undefined }]),
  ]);
}
