import { createHash } from 'node:crypto';
import { addDays } from '../domain/reckon-days.js';
import type { ItemId } from '../domain/reconciliation-outcomes.js';
import type { ControlTotals, Day } from '../domain/reconciliation-records.js';
import type { Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql, type Sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { controlTotals } from './returned-record-row.js';
import { lastClosedDay } from './take-numbers.js';

/** Count and money of a heading in one phase of a day, as src/reconciliation/reckon-statement.ts adds them up. */
export interface FigureRow {
  readonly side: 'expected' | 'returned';
  readonly kind: 'fee' | 'tax';
  readonly item: string;
  readonly unit: string;
  readonly channel: string;
  readonly phase: 'opening' | 'new' | 'reopened' | 'matched' | 'resolved' | 'closing';
  readonly count: number;
  readonly fen: bigint;
}

export interface Totals {
  readonly count: number;
  readonly fen: bigint;
}

export interface ChannelTotals {
  readonly channel: string;
  readonly fees: { readonly paid: Totals; readonly reversed: Totals; readonly refunded: Totals };
  readonly taxes: { readonly paid: Totals; readonly refunded: Totals };
}

/** The four tables of items with how they are headed, counted and joined. Fee records count by line. */
const parts = [
  { table: 'charge', side: 'expected_id', head: `'expected' as side, 'fee' as kind, i.fee_item_code as item, '' as unit, '' as channel`, group: 'i.fee_item_code', fen: 'i.amount_fen', join: '' },
  { table: 'tax_expectation', side: 'expected_id', head: `'expected' as side, 'tax' as kind, i.tax_kind as item, '' as unit, '' as channel`, group: 'i.tax_kind', fen: '0', join: '' },
  { table: 'fee_record', side: 'returned_id', head: `'returned' as side, 'fee' as kind, l.fee_item_code as item, i.unit_code as unit, i.channel as channel`, group: 'l.fee_item_code, i.unit_code, i.channel', fen: `case when i.status = 'paid' then l.amount_fen else -l.amount_fen end`, join: 'join fee_line l on l.record_id = i.id' },
  { table: 'tax_record', side: 'returned_id', head: `'returned' as side, 'tax' as kind, i.tax_kind as item, i.authority_code as unit, i.channel as channel`, group: 'i.tax_kind, i.authority_code, i.channel', fen: `case when i.status = 'paid' then i.paid_fen else -i.paid_fen end`, join: '' },
] as const;

type Part = (typeof parts)[number];

/** Why a record keeps a day from tying out. */
export interface BreakingItem {
  readonly itemId: ItemId;
  readonly table: string;
  /** unexamined: not looked at yet; nowhere, twice: in no settlement and no difference, or in both; off: it moved, and the moves do not add up. */
  readonly why: 'unexamined' | 'nowhere' | 'twice' | 'off';
}

/** A day as it was closed. */
export interface ClosedDay {
  readonly day: Day;
  readonly closedAt: Instant;
  readonly closedBy: string;
  readonly figures: string;
  readonly sha256: string;
  /** False when the figures are not what was closed. */
  readonly intact: boolean;
}

/** A line counts from its day until the day on which it was undone; one undone on its own day never counted. */
const counts = raw('(m.undone_day is null or m.undone_day > m.statement_day)');

/** What statements are made of, and which days are closed. The cost is that of the day and of what is open, not of the history. */
export class StatementStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Movements of a day, and what was open before and after it, each counted from its own source so that they can be compared. */
  async figures(day: Day, runner: Runner = this.database): Promise<FigureRow[]> {
    const position = await this.position(runner);
    const out: FigureRow[] = [];
    for (const part of parts) {
      for (const [phase, where] of phasesOf(part, day, position)) {
        const result = await runner.run(sql`select ${raw(part.head)}, count(*) as n, sum(${raw(part.fen)}) as fen from ${raw(part.table)} i ${raw(part.join)} where ${where} group by ${raw(part.group)}`);
        for (const r of result.rows) {
          out.push({
            side: String(r['side']) as FigureRow['side'], kind: String(r['kind']) as FigureRow['kind'], item: String(r['item']), unit: String(r['unit']), channel: String(r['channel']), phase, count: Number(r['n']), fen: BigInt(String(r['fen'])),
          });
        }
      }
    }
    return out;
  }

  /** Items whose movements of the day do not add up; asked for when a statement does not tie out. */
  async offItems(day: Day, runner: Runner = this.database): Promise<BreakingItem[]> {
    const position = await this.position(runner);
    const out: BreakingItem[] = [];
    for (const part of parts) {
      const sums = new Map<string, number>();
      for (const [phase, where] of phasesOf(part, day, position)) {
        const sign = ['opening', 'new', 'reopened'].includes(phase) ? 1 : -1;
        for (const r of (await runner.run(sql`select i.id from ${raw(part.table)} i where ${where}`)).rows) sums.set(String(r['id']), (sums.get(String(r['id'])) ?? 0) + sign);
      }
      for (const [itemId, sum] of sums) if (sum !== 0) out.push({ itemId, table: part.table, why: 'off' });
    }
    return out;
  }

  private async position(runner: Runner): Promise<string> {
    return String((await runner.run(sql`select position from reconciliation_position where name = ${'matches'}`)).rows[0]!['position']);
  }

  /** Our records in force by the center's accounting day, as its control file counts them. A tax reversed counts as refunded. */
  async totals(day: Day, runner: Runner = this.database): Promise<ChannelTotals[]> {
    const fees = await runner.run(sql`select channel, status, count(*) as n, sum(amount_fen) as fen from fee_record where day = ${day} and statement_day >= ${day} and superseded_at is null group by channel, status`);
    const taxes = await runner.run(sql`select channel, status, count(*) as n, sum(paid_fen) as fen from tax_record where day = ${day} and statement_day >= ${day} and superseded_at is null group by channel, status`);
    const of = (rows: Record<string, unknown>[], channel: string, status: readonly string[]): Totals =>
      rows.filter((r) => r['channel'] === channel && status.includes(String(r['status']))).reduce<Totals>((t, r) => ({ count: t.count + Number(r['n']), fen: t.fen + BigInt(String(r['fen'])) }), { count: 0, fen: 0n });
    return [...new Set([...fees.rows, ...taxes.rows].map((r) => String(r['channel'])))].sort().map((channel) => ({
      channel,
      fees: { paid: of(fees.rows, channel, ['paid']), reversed: of(fees.rows, channel, ['reversed']), refunded: of(fees.rows, channel, ['refunded']) },
      taxes: { paid: of(taxes.rows, channel, ['paid']), refunded: of(taxes.rows, channel, ['reversed', 'refunded']) },
    }));
  }

  /** The control totals of a day, the latest issue of each channel. */
  async controls(day: Day, runner: Runner = this.database): Promise<ControlTotals[]> {
    const { rows } = await runner.run(sql`select c.* from control_total c where c.day = ${day} and c.issue = (select max(o.issue) from control_total o where o.channel = c.channel and o.day = c.day) order by c.channel`);
    return rows.map(controlTotals);
  }

  /** Items of a day that keep it from being closed: not looked at yet, in no settlement and no difference, or in both. */
  async breaks(day: Day, runner: Runner = this.database): Promise<BreakingItem[]> {
    const position = await this.position(runner);
    const out: BreakingItem[] = [];
    for (const { table, side } of parts) {
      const found = await runner.run(sql`select x.id, x.settled, x.explained from (
        select i.id, (select count(*) from match_line m where m.live = 1 and m.${raw(side)} is not null and m.${raw(side)} = i.id) as settled,
          (select count(*) from difference d where d.is_open = 1 and d.aspect = 'settlement' and d.item_id = i.id) as explained
        from ${raw(table)} i where i.statement_day = ${day}) x where x.settled + x.explained <> 1 order by x.id`);
      for (const r of found.rows) {
        const id = String(r['id']);
        out.push({ itemId: id, table, why: Number(r['settled']) + Number(r['explained']) > 1 ? 'twice' : BigInt(id) > BigInt(position) ? 'unexamined' : 'nowhere' });
      }
    }
    return out;
  }

  /** What was closed; undefined while the day is open. */
  async closedDay(day: Day, runner: Runner = this.database): Promise<ClosedDay | undefined> {
    const { rows } = await runner.run(sql`select * from statement_day where day = ${day}`);
    const r = rows[0];
    if (!r) return undefined;
    const figures = String(r['figures']);
    return { day, closedAt: instantText(r['closed_at'])!, closedBy: String(r['closed_by']), figures, sha256: String(r['sha256']), intact: createHash('sha256').update(figures).digest('hex') === String(r['sha256']) };
  }

  /** Closed days between two, both included, without their figures. */
  async closedDays(from: Day, to: Day): Promise<Pick<ClosedDay, 'day' | 'closedAt' | 'closedBy'>[]> {
    const { rows } = await this.database.run(sql`select day, closed_at, closed_by from statement_day where day >= ${from} and day <= ${to} order by day`);
    return rows.map((r) => ({ day: String(r['day']), closedAt: instantText(r['closed_at']), closedBy: String(r['closed_by']) }));
  }

  /** The first day that anything counts in; undefined while there is nothing. */
  async firstDay(): Promise<Day | undefined> {
    const found: string[] = [];
    for (const { table } of parts) {
      const first: unknown = (await this.database.run(sql`select min(statement_day) as day from ${raw(table)}`)).rows[0]?.['day'];
      if (typeof first === 'string') found.push(first);
    }
    return found.sort()[0];
  }

  /** Items of a day that arrived after it was closed: they count in the first day that was open then. */
  async lateItems(day: Day): Promise<ItemId[]> {
    const out: ItemId[] = [];
    for (const { table } of parts) for (const r of (await this.database.run(sql`select id from ${raw(table)} where day = ${day} and statement_day > ${day} order by id`)).rows) out.push(String(r['id']));
    return out;
  }

  async closedUpTo(runner: Runner = this.database): Promise<Day | undefined> {
    return lastClosedDay(runner);
  }

  /** Whoever records items holds the counter: none is being given a statement day until this transaction ends. */
  async lockItems(runner: Runner): Promise<void> {
    await runner.run(sql`update counter set value = value + 0 where name = ${'reconciliation'}`);
  }

  /**
   * Locks a day inside the caller's transaction, who holds MatchStore.lock and has judged the statement. From now on nothing is matched
   * into it and what arrives for it counts in the next day. False when it, or a later day, is closed already.
   */
  async close(runner: Runner, day: Day, by: { actor: string; figures: string }): Promise<boolean> {
    await this.lockItems(runner);
    const closed = await lastClosedDay(runner);
    if (closed !== undefined && closed >= day) return false;
    await this.database.dialect.insertMany(
      runner, 'statement_day', [{ name: 'day', kind: 'text' }, { name: 'closed_at', kind: 'instant' }, { name: 'closed_by', kind: 'text' }, { name: 'figures', kind: 'long' }, { name: 'sha256', kind: 'text' }],
      [[day, this.clock.iso(), by.actor, by.figures, createHash('sha256').update(by.figures).digest('hex')]],
    );
    return true;
  }
}

/** Which items of a part count in each phase of a day. */
function phasesOf(part: Part, day: Day, position: string): [FigureRow['phase'], Sql][] {
  const side = raw(part.side);
  const settledOn = (outcome: string): Sql => sql`i.id in (select m.${side} from match_line m where m.statement_day = ${day} and m.outcome = ${outcome} and m.${side} is not null and ${counts})`;
  const openAfter = (at: Day): Sql => sql`i.statement_day <= ${at}
    and i.id in (select d.item_id from difference d where d.is_open = 1 and d.aspect = 'settlement' union all select o.id from ${raw(part.table)} o where o.id > ${position}
      union all select m.${side} from match_line m where m.statement_day > ${at} and m.${side} is not null and ${counts})
    and not exists (select 1 from match_line m where m.${side} = i.id and m.live = 1 and m.${side} is not null and m.statement_day <= ${at})
    and not exists (select 1 from match_line m where m.${side} = i.id and m.live = 0 and m.${side} is not null and m.statement_day <= ${at} and m.undone_day > ${at})`;
  return [
    ['opening', openAfter(addDays(day, -1))],
    ['new', sql`i.statement_day = ${day}`],
    ['reopened', sql`i.id in (select m.${side} from match_line m where m.live = 0 and m.undone_day = ${day} and m.statement_day < ${day} and m.${side} is not null)`],
    ['matched', settledOn('matched')],
    ['resolved', settledOn('resolved')],
    ['closing', openAfter(day)],
  ];
}
