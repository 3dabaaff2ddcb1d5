import type { Finding } from '../domain/mapping-language.js';
import type { ExchangeState } from '../domain/exchange-states.js';
import { skippedFrom } from '../domain/lane-position.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, Sql, sql } from '../platform/database/sql.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';
import { channelsOf, notThrough, readOpenCounts } from './open-counts.store.js';

export interface ExchangeFilter {
  readonly ids?: readonly string[] | undefined;
  readonly channel?: string | undefined;
  readonly states?: readonly ExchangeState[] | undefined;
  readonly caseNo?: string | undefined;
  readonly event?: string | undefined;
  readonly failureCode?: string | undefined;
}

export interface TimelineEntry {
  readonly at: string;
  readonly actor: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly note: string;
  readonly detail?: string | undefined;
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));

/** Reads exchanges for people: lists, counts, timelines. Writes nothing. */
export class ExchangeViewStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Counts by channel and state, as of one moment: what is not through is counted where it stands, what is through was tallied as it moved. */
  async counts(): Promise<{ channel: string; state: ExchangeState; count: number }[]> {
    const { rows } = await this.database.run(sql`select channel, state, count(*) as n from exchange where ${notThrough(await channelsOf(this.database))} group by channel, state
      union all select channel, state, sum(delta) from exchange_tally group by channel, state having sum(delta) <> 0 order by channel, state`);
    return rows.map((r) => ({ channel: String(r['channel']), state: String(r['state']) as ExchangeState, count: Number(r['n']) }));
  }

  /** Age in milliseconds of the oldest exchange per channel on which something is still to be done. */
  async oldestOpen(): Promise<{ channel: string; ageMs: number }[]> {
    const now = this.clock.now().getTime();
    const ages = new Map<string, number>();
    for (const { channel, oldest } of await readOpenCounts(this.database)) ages.set(channel, Math.max(ages.get(channel) ?? -Infinity, now - Date.parse(oldest)));
    return [...ages].map(([channel, ageMs]) => ({ channel, ageMs }));
  }

  /** Lanes whose head waits for a person. */
  async lanesBlocked(): Promise<{ channel: string; count: number }[]> {
    const { rows } = await this.database.run(sql`select channel, count(*) as n from exchange where channel in (${list(await channelsOf(this.database))}) and state in ('parked', 'refused', 'held') and head = 1 and lane_position < ${String(skippedFrom)} group by channel`);
    return rows.map((r) => ({ channel: String(r['channel']), count: Number(r['n']) }));
  }

  /** Exchanges that go on by themselves: not those that wait for a person, nor those behind one of them in its lane. */
  async countMoving(): Promise<number> {
    const { rows } = await this.database.run(sql`select count(*) as n from exchange e where state in ('captured', 'rendered', 'staged', 'picked_up') and not ${behindBlocked}`);
    return Number(rows[0]!['n']);
  }

  /** Messages that wait behind a parked, refused or held one of their lane. */
  async countWaitingBehind(): Promise<{ channel: string; count: number }[]> {
    const { rows } = await this.database.run(sql`select channel, count(*) as n from exchange e where state in ('captured', 'rendered') and ${behindBlocked} group by channel`);
    return rows.map((r) => ({ channel: String(r['channel']), count: Number(r['n']) }));
  }

  /** Channels that have due work in a state, for the relay. */
  async dueChannels(): Promise<{ channel: string; state: 'captured' | 'rendered' }[]> {
    const now = this.database.dialect.value('instant', this.clock.iso());
    const due = sql`due_at <= ${now} and (claimed_until is null or claimed_until < ${now})`;
    const { rows } = await this.database.run(sql`select c.channel as channel, 'captured' as state from channel_state c where exists (select 1 from exchange e where e.channel = c.channel and e.state = 'captured' and ${due})
      union all select c.channel, 'rendered' from channel_state c where exists (select 1 from exchange e where e.channel = c.channel and e.state = 'rendered' and e.head = 1 and ${due})
      or exists (select 1 from manifest m where m.channel = c.channel and m.state = 'prepared')`);
    return rows.map((r) => ({ channel: String(r['channel']), state: String(r['state']) as 'captured' | 'rendered' }));
  }

  async find(filter: ExchangeFilter, limit: number): Promise<ExchangeRow[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from exchange where ${condition(filter)} order by id ${raw(top.suffix)}`);
    return rows.map(exchangeRow);
  }

  async count(filter: ExchangeFilter): Promise<number> {
    const { rows } = await this.database.run(sql`select count(*) as n from exchange where ${condition(filter)}`);
    return Number(rows[0]!['n']);
  }

  async timeline(exchangeId: string): Promise<TimelineEntry[]> {
    const { rows } = await this.database.run(sql`select * from exchange_log where exchange_id = ${exchangeId} order by id`);
    return rows.map((r) => ({ at: instantText(r['at']), actor: String(r['actor']), from: text(r['from_state']), to: text(r['to_state']), note: String(r['note']), detail: text(r['detail']) }));
  }

  async findings(exchangeId: string): Promise<Finding[]> {
    const { rows } = await this.database.run(sql`select * from finding where exchange_id = ${exchangeId} order by ordinal`);
    return rows.map((r) => ({ element: String(r['element']), source: String(r['source']), rule: String(r['rule_name']), text: String(r['finding_text']), remedy: String(r['remedy']) }));
  }

  /** Cases whose row could not be read. */
  async caseFaults(limit: number): Promise<{ stream: string; caseNo: string; code: string; detail: string }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} stream, case_no, fault_code, fault_detail from case_head where fault_code is not null order by stream, case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ stream: String(r['stream']), caseNo: String(r['case_no']), code: String(r['fault_code']), detail: String(r['fault_detail']) }));
  }
}

const behindBlocked = sql`exists (select 1 from exchange p where p.channel = e.channel and p.case_no = e.case_no and p.lane_position < e.lane_position and p.state in ('parked', 'refused', 'held'))`;

/** A filter as the condition of a statement on `exchange`. */
export function condition(f: ExchangeFilter): Sql {
  let where = sql`1 = 1`;
  if (f.ids) where = sql`${where} and id in (${list(f.ids)})`;
  if (f.channel) where = sql`${where} and channel = ${f.channel}`;
  if (f.states) where = sql`${where} and state in (${list(f.states)})`;
  if (f.caseNo) where = sql`${where} and case_no = ${f.caseNo}`;
  if (f.event) where = sql`${where} and event = ${f.event}`;
  if (f.failureCode) where = sql`${where} and failure_code = ${f.failureCode}`;
  return where;
}
