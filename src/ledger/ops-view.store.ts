import type { ExchangeState } from '../domain/exchange-states.js';
import { isSkipped } from '../domain/lane-position.js';
import type { VersionLine } from '../domain/ops-exchange-api.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { ChannelName, ExchangeId, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';
import type { FailureCause, OpsSearch } from './ops-search.js';

export interface FailureCount extends FailureCause {
  readonly source?: string | undefined;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly last24h: number;
  readonly before24h: number;
  /** By days of 24 hours back from now, oldest first. */
  readonly trend: readonly number[];
  readonly example: ExchangeId;
}

/** The capture of two exchanges whose numbers follow each other may be this far apart: a transaction takes its numbers first. */
const captureSlackMs = 10 * 60_000;
const laneLimit = 200;
const dayMs = 86_400_000;
const trendDays = 14;

/** Reads exchanges for the ops page. Each question goes along an index or the newest end of the primary key. Writes nothing. */
export class OpsViewStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Newest first, below the number `before`. At most `limit`. */
  async search(search: OpsSearch, before: ExchangeId | undefined, limit: number): Promise<ExchangeRow[]> {
    const where = await this.where(search);
    const below = before === undefined ? sql`1 = 1` : sql`id < ${before}`;
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from exchange where ${where} and ${below} order by id desc ${raw(top.suffix)}`);
    return rows.map(exchangeRow);
  }

  /** Numbers of all that match, oldest first, at most `limit`. */
  async ids(search: OpsSearch, limit: number): Promise<ExchangeId[]> {
    const where = await this.where(search);
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id from exchange where ${where} order by id ${raw(top.suffix)}`);
    return rows.map((r) => String(r['id']));
  }

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

  /** Causes of what waits for a person, the most frequent first. */
  async failures(limit: number): Promise<FailureCount[]> {
    const now = this.clock.now().getTime();
    const at = (ms: number): unknown => this.database.dialect.value('instant', new Date(ms).toISOString());
    const top = this.database.dialect.top(limit);
    const perDay = Array.from({ length: trendDays }, (_, i) => sql`sum(case when e.state_since >= ${at(now - (trendDays - i) * dayMs)} and e.state_since < ${at(i === trendDays - 1 ? now + dayMs : now - (trendDays - i - 1) * dayMs)} then 1 else 0 end) as ${raw(`day_${i}`)}`).reduce((all, one) => sql`${all}, ${one}`);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} e.channel, e.state, e.parked_from, e.failure_code, f.element, f.rule_name, a.code as partner_code, a.reason as partner_reason,
      max(f.source) as source, count(*) as n, min(e.state_since) as first_at, max(e.state_since) as last_at, max(e.id) as example,
      ${perDay}
      from ${causes} group by e.channel, e.state, e.parked_from, e.failure_code, f.element, f.rule_name, a.code, a.reason order by count(*) desc, max(e.id) desc ${raw(top.suffix)}`);
    const trendOf = (r: Record<string, unknown>): number[] => Array.from({ length: trendDays }, (_, i) => Number(r[`day_${i}`]));
    return rows.map((r) => ({
      channel: String(r['channel']), state: String(r['state']) as 'parked' | 'refused', parkedFrom: text(r['parked_from']), code: text(r['failure_code']), element: text(r['element']), rule: text(r['rule_name']),
      partnerCode: text(r['partner_code']), partnerReason: text(r['partner_reason']), source: text(r['source']), count: Number(r['n']), firstAt: instantText(r['first_at']), lastAt: instantText(r['last_at']),
      last24h: trendOf(r).at(-1)!, before24h: trendOf(r).at(-2)!, trend: trendOf(r), example: String(r['example']),
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
    const { rows } = await this.database.run(sql`select channel, state, count(*) as n, min(captured_at) as oldest from exchange where state in ('captured', 'rendered', 'staged', 'picked_up', 'refused', 'parked') group by channel, state`);
    return rows.map((r) => ({ channel: String(r['channel']), state: String(r['state']) as ExchangeState, count: Number(r['n']), oldest: instantText(r['oldest']) }));
  }

  /** Channels that stand still because a package is carried by hand. */
  async carriedChannels(): Promise<ChannelName[]> {
    const { rows } = await this.database.run(sql`select distinct channel from hand_over where state = 'open'`);
    return rows.map((r) => String(r['channel']));
  }

  /** When those exchanges that were captured or answered since were so. */
  async since(at: Instant): Promise<{ capturedAt: string; answeredAt?: string | undefined; state: ExchangeState }[]> {
    const { first } = await this.numberAt(new Date(Date.parse(at) - 2 * dayMs).toISOString());
    const from = this.database.dialect.value('instant', at);
    const top = this.database.dialect.top(200_000);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} captured_at, state, state_since from exchange where id >= ${first} and (captured_at >= ${from} or (state in ('accepted', 'refused') and state_since >= ${from})) order by id desc ${raw(top.suffix)}`);
    return rows.map((r) => {
      const state = String(r['state']) as ExchangeState;
      return { capturedAt: instantText(r['captured_at']), state, answeredAt: state === 'accepted' || state === 'refused' ? instantText(r['state_since']) : undefined };
    });
  }

  private async where(s: OpsSearch): Promise<Sql> {
    let where = sql`1 = 1`;
    if (s.id !== undefined) where = sql`${where} and id = ${s.id}`;
    if (s.messageId !== undefined) where = sql`${where} and message_id = ${s.messageId}`;
    if (s.channels !== undefined) where = sql`${where} and channel in (${list(s.channels)})`;
    if (s.states !== undefined) where = sql`${where} and state in (${list(s.states)})`;
    if (s.events !== undefined) where = sql`${where} and event in (${list(s.events)})`;
    if (s.codes !== undefined) where = sql`${where} and failure_code in (${list(s.codes)})`;
    if (s.casePrefix !== undefined) {
      // The unique key begins with the channel, so that a prefix goes along it once the channels are named.
      const like = `${s.casePrefix.replaceAll(/[\\%_[]/g, (c) => `\\${c}`)}%`;
      const channels = s.channels ?? (await this.database.run(sql`select channel from channel_state`)).rows.map((r) => String(r['channel']));
      where = sql`${where} and channel in (${list(channels)}) and case_no like ${like} escape '\\'`;
    }
    const instant = (v: string): unknown => this.database.dialect.value('instant', v);
    const moved = (v: string, ms: number): string => new Date(Date.parse(v) + ms).toISOString();
    if (s.from !== undefined) where = sql`${where} and captured_at >= ${instant(s.from)} and id >= ${(await this.numberAt(moved(s.from, -captureSlackMs))).first}`;
    if (s.to !== undefined) where = sql`${where} and captured_at < ${instant(s.to)} and id < ${(await this.numberAt(moved(s.to, captureSlackMs))).end}`;
    return where;
  }

  /** Between which numbers the first one captured at or after `at` is: numbers ascend with the time, so some twenty looks at the primary key find it. */
  private async numberAt(at: Instant): Promise<{ first: string; end: string }> {
    const { rows } = await this.database.run(sql`select max(id) as last from exchange`);
    let [low, high] = [0n, BigInt(String(rows[0]?.['last'] ?? '0')) + 1n];
    const top = this.database.dialect.top(1);
    while (high - low > 16n) {
      const middle = (low + high) / 2n;
      const found = await this.database.run(sql`select ${raw(top.prefix)} id, captured_at from exchange where id >= ${String(middle)} order by id ${raw(top.suffix)}`);
      const r = found.rows[0];
      if (!r || Date.parse(instantText(r['captured_at'])) >= Date.parse(at)) high = middle;
      else low = BigInt(String(r['id'])) + 1n > middle ? BigInt(String(r['id'])) : middle;
    }
    return { first: String(low), end: String(high) };
  }
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));

/** What waits for a person, with its first finding and the refusal that put it there. */
const causes = sql`exchange e
  left join finding f on f.exchange_id = e.id and e.state = 'parked' and f.ordinal = (select min(g.ordinal) from finding g where g.exchange_id = e.id)
  left join acknowledgement a on e.state = 'refused' and a.id = (select max(b.id) from acknowledgement b where b.exchange_id = e.id and b.level = 'refused')
  where e.state in ('parked', 'refused')`;
