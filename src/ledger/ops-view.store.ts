import type { ExchangeState } from '../domain/exchange-states.js';
import { isSkipped } from '../domain/lane-position.js';
import type { VersionLine } from '../domain/ops-exchange-api.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { ChannelName, ExchangeId, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { instantText, type ExchangeRow } from './exchange-row.js';
import { numberAt } from './number-at.store.js';
import { readOpenCounts } from './open-counts.store.js';
import type { FailureCause } from './ops-search.js';

const laneLimit = 200;
const dayMs = 86_400_000;

/** Reads exchanges for the ops page. Each question goes along an index or the newest end of the primary key. Writes nothing. */
export class OpsViewStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  async snapshot(id: string): Promise<{ id: string; takenAt: string; body: CaseSnapshot } | undefined> {
    const { rows } = await this.database.run(sql`select id, body, taken_at from case_snapshot where id = ${id}`);
    const r = rows[0];
    if (!r || String(r['body']) === '') return undefined;
    return { id: String(r['id']), takenAt: instantText(r['taken_at']), body: JSON.parse(String(r['body'])) as CaseSnapshot };
  }

  /** The messages of a lane in their order. */
  async lane(channel: ChannelName, caseNo: string): Promise<{ id: ExchangeId; event: string; version: number; state: ExchangeState; stateSince: string; head: boolean; skipped: boolean }[]> {
    const top = this.database.dialect.top(laneLimit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, event, version, state, state_since, head, lane_position from exchange where channel = ${channel} and case_no = ${caseNo} order by lane_position, id ${raw(top.suffix)}`);
    return rows.map((r) => ({ id: String(r['id']), event: String(r['event']), version: Number(r['version']), state: String(r['state']) as ExchangeState, stateSince: instantText(r['state_since']), head: Number(r['head']) === 1, skipped: isSkipped(String(r['lane_position'])) }));
  }

  /** The newest version of the same event before this one that has bytes. */
  async versionBefore(e: Pick<ExchangeRow, 'channel' | 'caseNo' | 'event' | 'sequence' | 'version'>): Promise<ExchangeId | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} e.id from exchange e where e.channel = ${e.channel} and e.case_no = ${e.caseNo} and e.event = ${e.event} and e.sequence = ${e.sequence}
      and e.version < ${e.version} and exists (select 1 from message m where m.exchange_id = e.id and m.pruned_at is null) order by e.version desc ${raw(top.suffix)}`);
    return rows[0] && String(rows[0]['id']);
  }

  /** All versions of one event, first to last, each with the line of its timeline that opened it. */
  async versions(e: Pick<ExchangeRow, 'channel' | 'caseNo' | 'event' | 'sequence'>): Promise<VersionLine[]> {
    const { rows } = await this.database.run(sql`select e.id, e.version, e.operation, e.state, e.captured_at, e.state_since, l.actor, l.note from exchange e
      left join exchange_log l on l.exchange_id = e.id and l.id = (select min(f.id) from exchange_log f where f.exchange_id = e.id)
      where e.channel = ${e.channel} and e.case_no = ${e.caseNo} and e.event = ${e.event} and e.sequence = ${e.sequence} order by e.version`);
    return rows.map((r) => ({
      id: String(r['id']), version: Number(r['version']), operation: String(r['operation']), state: String(r['state']) as ExchangeState, capturedAt: instantText(r['captured_at']), stateSince: instantText(r['state_since']),
      openedBy: text(r['actor']), note: text(r['note']),
    }));
  }

  /** Numbers of what stands still for this cause, oldest first. */
  async idsOf(cause: FailureCause, limit: number): Promise<ExchangeId[]> {
    const is = (column: string, value: string | undefined): Sql => (value === undefined ? sql`${raw(column)} is null` : sql`${raw(column)} = ${value}`);
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} e.id from ${causes} and e.channel = ${cause.channel} and e.state = ${cause.state} and ${is('e.parked_from', cause.parkedFrom)}
      and ${is('e.failure_code', cause.code)} and ${is('f.element', cause.element)} and ${is('f.rule_name', cause.rule)} and ${is('a.code', cause.partnerCode)} and ${is('a.reason', cause.partnerReason)} order by e.id ${raw(top.suffix)}`);
    return rows.map((r) => String(r['id']));
  }

  /** Lanes of these exchanges, and the messages that wait behind them. */
  async lanesOf(ids: readonly ExchangeId[]): Promise<{ lanes: number; waitingBehind: number }> {
    const lanes = await this.database.run(sql`select count(*) as n from (select distinct channel, case_no from exchange where id in (${list(ids)})) x`);
    const behind = await this.database.run(sql`select count(distinct w.id) as n from exchange e join exchange w on w.channel = e.channel and w.case_no = e.case_no and w.lane_position > e.lane_position
      and w.state in ('captured', 'rendered') where e.id in (${list(ids)})`);
    return { lanes: Number(lanes.rows[0]!['n']), waitingBehind: Number(behind.rows[0]!['n']) };
  }

  /** What is not through, by channel and state, with when the oldest was captured. */
  async openCounts(): Promise<{ channel: ChannelName; state: ExchangeState; count: number; oldest: string }[]> {
    return readOpenCounts(this.database);
  }

  /** Channels that stand still because a package is carried by hand. */
  async carriedChannels(): Promise<ChannelName[]> {
    const { rows } = await this.database.run(sql`select distinct channel from hand_over where state = 'open'`);
    return rows.map((r) => String(r['channel']));
  }

  /** When those exchanges that were captured or answered since were so. */
  async since(at: Instant): Promise<{ capturedAt: string; answeredAt?: string | undefined; state: ExchangeState }[]> {
    const { first } = await numberAt(this.database, new Date(Date.parse(at) - 2 * dayMs).toISOString());
    const from = this.database.dialect.value('instant', at);
    const top = this.database.dialect.top(200_000);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} captured_at, state, state_since from exchange where id >= ${first} and (captured_at >= ${from} or (state in ('accepted', 'refused') and state_since >= ${from})) order by id desc ${raw(top.suffix)}`);
    return rows.map((r) => {
      const state = String(r['state']) as ExchangeState;
      return { capturedAt: instantText(r['captured_at']), state, answeredAt: state === 'accepted' || state === 'refused' ? instantText(r['state_since']) : undefined };
    });
  }

}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));

/** What waits for a person, with its first finding and the refusal that put it there. */
export const causes = sql`exchange e
  left join finding f on f.exchange_id = e.id and e.state = 'parked' and f.ordinal = (select min(g.ordinal) from finding g where g.exchange_id = e.id)
  left join acknowledgement a on e.state = 'refused' and a.id = (select max(b.id) from acknowledgement b where b.exchange_id = e.id and b.level = 'refused')
  where e.state in ('parked', 'refused')`;
