import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { instantText, maybeInstant } from './exchange-row.js';
import { ItemViewStore } from './item-view.store.js';

/** What was said of a case's fees and taxes at one moment. */
export interface SaidClearance {
  readonly caseNo: CaseNo;
  readonly state: string;
  readonly cleared: boolean;
  /** The judgement as JSON. */
  readonly detail: string;
  /** Over what the bureau is told; another digest is another row. */
  readonly digest: string;
}

export interface ClearanceRow extends SaidClearance {
  readonly id: string;
  /** 1, 2, 3 ... of the case. */
  readonly number: number;
  readonly decidedAt: Instant;
  readonly current: boolean;
  readonly attempts: number;
  readonly failure: string | undefined;
  readonly writtenAt: Instant | undefined;
  /** Its number in the bureau's table; another one after an older ledger was restored. */
  readonly writtenNumber: number | undefined;
}

export interface OwedClearances {
  readonly count: number;
  readonly oldest: Instant | undefined;
  /** Of the oldest that failed. */
  readonly failure: string | undefined;
}

const columns: readonly Column[] = [
  { name: 'case_no', kind: 'text' }, { name: 'return_no', kind: 'int' }, { name: 'state', kind: 'text' }, { name: 'cleared', kind: 'flag' }, { name: 'detail', kind: 'long' }, { name: 'digest', kind: 'text' },
  { name: 'decided_at', kind: 'instant' }, { name: 'given_before', kind: 'flag' }, { name: 'due_at', kind: 'instant' },
];
/** Matches and differences followed at once. */
const window = 20_000;

/** Which cases changed, what was said of them, and what of it the bureau has. Alone writes these tables. */
export class ClearanceRecordStore {
  private readonly items: ItemViewStore;

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {
    this.items = new ItemViewStore(database);
  }

  /**
   * Marks the cases that matches and differences touched since the last look. What SQL alone settled holds an item that was new then;
   * other matches have numbers. Numbers become visible in their order only to who holds the lock of matching; differences from the
   * tariff are written without it, and no clearance depends on those.
   * Returns whether more waits.
   */
  async follow(): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      const matched = await runner.run(sql`select position from reconciliation_position ${raw(hint)} where name = ${'matches'} ${raw(suffix)}`);
      const i = await this.itemWindow(runner, String(matched.rows[0]!['position']));
      const m = await this.window(runner, 'clearance-matches', { table: 'match_line', number: 'match_no' });
      const d = await this.window(runner, 'clearance-differences', { table: 'difference', number: 'id' });
      if (i.from !== i.to) {
        await runner.run(sql`insert into clearance_mark (case_no) select c.case_no from charge c where c.id > ${i.from} and c.id <= ${i.to}
          union select c.case_no from match_line m join charge c on c.id = m.expected_id where m.live = 1 and m.returned_id is not null and m.returned_id > ${i.from} and m.returned_id <= ${i.to} and m.match_no < 0`);
      }
      if (m.from !== m.to) {
        await runner.run(sql`insert into clearance_mark (case_no) select c.case_no from match_line m join charge c on c.id = m.expected_id where m.match_no > 0 and m.match_no > ${m.from} and m.match_no <= ${m.to} and m.expected_id is not null
          union select e.case_no from match_line m join tax_expectation e on e.id = m.expected_id where m.match_no > 0 and m.match_no > ${m.from} and m.match_no <= ${m.to} and m.expected_id is not null`);
        // Somebody accepted a refund: what it was held against may be clear again.
        const accepted = await runner.run(sql`select d.item_id, d.other_id from match_line m join difference d on d.item_id = m.returned_id where m.match_no > 0 and m.match_no > ${m.from} and m.match_no <= ${m.to} and m.pinned = 1 and m.expected_id is null`);
        await this.markSettledWith(runner, accepted.rows);
      }
      if (d.from !== d.to) {
        await runner.run(sql`insert into clearance_mark (case_no) select distinct case_no from difference where id > ${d.from} and id <= ${d.to} and case_no is not null`);
        const referring = await runner.run(sql`select item_id, other_id from difference where id > ${d.from} and id <= ${d.to} and item_kind in ('fee-record', 'tax-record') and (refers_to_day is not null or aspect = 'afterwards')`);
        await this.markSettledWith(runner, referring.rows);
      }
      return i.more || m.more || d.more;
    });
  }

  /** A refund without a case number speaks of the case that its payment settled. */
  private async markSettledWith(runner: Runner, rows: readonly Record<string, unknown>[]): Promise<void> {
    const ids = [...new Set(rows.flatMap((r) => [r['item_id'], r['other_id']]).filter((v) => v !== null).map(String))];
    if (ids.length === 0) return;
    const settled = (await this.items.settlements(ids, runner)).filter((s) => s.live).flatMap((s) => s.items);
    const named = await this.items.named(settled, runner);
    const cases = [...new Set([...named.values()].flatMap((i) => (i.side === 'expected' && i.caseNo !== undefined ? [i.caseNo] : [])))];
    await this.database.dialect.insertMany(runner, 'clearance_mark', [{ name: 'case_no', kind: 'text' }], cases.map((c) => [c]));
  }

  /** Items up to where matching has come. */
  private async itemWindow(runner: Runner, matched: string): Promise<{ from: string; to: string; more: boolean }> {
    const from = await this.followed(runner, 'clearance-items');
    if (BigInt(matched) <= BigInt(from)) return { from, to: from, more: false };
    const limit = BigInt(from) + BigInt(window);
    const to = limit < BigInt(matched) ? String(limit) : matched;
    await this.move(runner, 'clearance-items', to);
    return { from, to, more: to !== matched };
  }

  /** Lines of one match have one number: they come together. */
  private async window(runner: Runner, name: string, { table, number }: { table: 'match_line' | 'difference'; number: 'match_no' | 'id' }): Promise<{ from: string; to: string; more: boolean }> {
    const from = await this.followed(runner, name);
    const top = this.database.dialect.top(window);
    const { rows } = await runner.run(sql`select max(x.n) as last, count(*) as n from (select ${raw(top.prefix)} ${raw(number)} as n from ${raw(table)} where ${raw(number)} > 0 and ${raw(number)} > ${from} order by ${raw(number)} ${raw(top.suffix)}) x`);
    const to = rows[0]?.['last'] === null || rows[0]?.['last'] === undefined ? from : String(rows[0]['last']);
    if (to !== from) await this.move(runner, name, to);
    return { from, to, more: Number(rows[0]?.['n'] ?? 0) === window };
  }

  private async followed(runner: Runner, name: string): Promise<string> {
    return String((await runner.run(sql`select position from reconciliation_position where name = ${name}`)).rows[0]!['position']);
  }

  private async move(runner: Runner, name: string, to: string): Promise<void> {
    await runner.run(sql`update reconciliation_position set position = ${to}, position_version = position_version + 1 where name = ${name}`);
  }

  /** Marked cases, the longest waiting first, with the mark up to which they are done once recorded. */
  async marked(limit: number): Promise<{ upTo: string; caseNos: CaseNo[] }> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, case_no from clearance_mark order by id ${raw(top.suffix)}`);
    return { upTo: String(rows.at(-1)?.['id'] ?? 0), caseNos: [...new Set(rows.map((r) => String(r['case_no'])))] };
  }

  /** What was judged becomes rows where it is news; the marks are taken away with it. Returns how many rows. */
  async record(judged: readonly SaidClearance[], upTo: string): Promise<number> {
    return this.database.transaction(async (runner) => {
      const { dialect } = this.database;
      const now = this.clock.iso();
      const known = new Map<string, { id: string; number: number; digest: string; given: boolean }>();
      const cases = judged.map((j) => j.caseNo);
      for (let i = 0; i < cases.length; i += dialect.mostListed) {
        const { rows } = await runner.run(sql`select id, case_no, return_no, digest, cleared, given_before from clearance where is_current = 1 and ${dialect.among('case_no', 'text', cases.slice(i, i + dialect.mostListed))}`);
        for (const r of rows) known.set(String(r['case_no']), { id: String(r['id']), number: Number(r['return_no']), digest: String(r['digest']), given: Number(r['cleared']) === 1 || Number(r['given_before']) === 1 });
      }
      // Nothing charged is news only of a case of which something was said before.
      const news = judged.filter((j) => (known.has(j.caseNo) ? known.get(j.caseNo)!.digest !== j.digest : j.state !== 'nothing-charged'));
      await dialect.updateMany(runner, { table: 'clearance', key: { name: 'id', kind: 'big' }, match: [], set: [{ name: 'is_current', kind: 'flag' }], rows: news.flatMap((j) => (known.has(j.caseNo) ? [[known.get(j.caseNo)!.id, 0]] : [])) });
      await dialect.insertMany(runner, 'clearance', columns, news.map((j) => {
        const before = known.get(j.caseNo);
        return [j.caseNo, (before?.number ?? 0) + 1, j.state, j.cleared ? 1 : 0, j.detail, j.digest, now, before?.given === true ? 1 : 0, now];
      }));
      await runner.run(sql`delete from clearance_mark where id <= ${upTo}`);
      return news.length;
    });
  }

  /** Rows that the bureau does not have and that are due: of each case the earliest only, so that none overtakes another. */
  async owed(limit: number): Promise<ClearanceRow[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} c.* from clearance c where c.written_at is null and c.due_at <= ${this.database.dialect.value('instant', this.clock.iso())}
      and not exists (select 1 from clearance e where e.case_no = c.case_no and e.written_at is null and e.id < c.id) order by c.id ${raw(top.suffix)}`);
    return rows.map(clearanceRow);
  }

  async written(rows: readonly { id: string; number: number }[]): Promise<void> {
    const now = this.clock.iso();
    await this.database.transaction(async (runner) => void (await this.database.dialect.updateMany(runner, {
      table: 'clearance', key: { name: 'id', kind: 'big' }, match: [], where: raw('t.written_at is null'), also: raw('failure = null'), set: [{ name: 'written_at', kind: 'instant' }, { name: 'written_no', kind: 'int' }], rows: rows.map((r) => [r.id, now, r.number]),
    })));
  }

  /** The bureau does not take one row: its case waits, others do not. */
  async failed(id: string, failure: string, dueAt: Instant): Promise<void> {
    await this.database.run(sql`update clearance set failure = ${failure.slice(0, 400)}, attempts = attempts + 1, due_at = ${this.database.dialect.value('instant', dueAt)} where id = ${id} and written_at is null`);
  }

  async owing(): Promise<OwedClearances> {
    const { rows } = await this.database.run(sql`select count(*) as n, min(decided_at) as oldest, max(failure) as failure from clearance where written_at is null`);
    return { count: Number(rows[0]!['n']), oldest: maybeInstant(rows[0]!['oldest']), failure: rows[0]!['failure'] === null ? undefined : String(rows[0]!['failure']) };
  }

  /** Everything that was said of a case, in order. */
  async ofCase(caseNo: CaseNo): Promise<ClearanceRow[]> {
    return (await this.database.run(sql`select * from clearance where case_no = ${caseNo} order by return_no`)).rows.map(clearanceRow);
  }

  /** Cases that were cleared once and are not any more, although something is charged; the longest waiting first. */
  async contradicted(limit: number): Promise<{ count: number; rows: ClearanceRow[] }> {
    const where = sql`is_current = 1 and given_before = 1 and cleared = 0 and state <> 'nothing-charged'`;
    const count = Number((await this.database.run(sql`select count(*) as n from clearance where ${where}`)).rows[0]!['n']);
    const top = this.database.dialect.top(limit);
    return { count, rows: count === 0 ? [] : (await this.database.run(sql`select ${raw(top.prefix)} * from clearance where ${where} order by id ${raw(top.suffix)}`)).rows.map(clearanceRow) };
  }
}

function clearanceRow(r: Record<string, unknown>): ClearanceRow {
  const maybe = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
  return {
    id: String(r['id']), caseNo: String(r['case_no']), number: Number(r['return_no']), state: String(r['state']), cleared: Number(r['cleared']) === 1, detail: String(r['detail']), digest: String(r['digest']),
    decidedAt: instantText(r['decided_at']), current: Number(r['is_current']) === 1, attempts: Number(r['attempts']), failure: maybe(r['failure']), writtenAt: maybeInstant(r['written_at']), writtenNumber: r['written_no'] === null ? undefined : Number(r['written_no']),
  };
}
