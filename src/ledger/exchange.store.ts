import { settledStates, throughStates, unsentStates, type ExchangeState } from '../domain/exchange-states.js';
import type { GatewayFailure } from '../domain/failures.js';
import { skippedFrom } from '../domain/lane-position.js';
import type { ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { exchangeRow, type ExchangeRow } from './exchange-row.js';
import { nextAttempt, type RetryPolicy } from './next-attempt.js';
import { tallyMoved } from './state-tally.store.js';

/** One compare-and-set: only a row that is still in `from` (and, where given, held by `claimToken`) moves. */
export interface ExchangeMove {
  readonly id: ExchangeId;
  readonly from: ExchangeState;
  readonly to: ExchangeState;
  readonly note: string;
  readonly detail?: string | undefined;
  readonly failureCode?: string | undefined;
  readonly failureDetail?: string | undefined;
  /** Earliest instant at which the next stage takes it; now when absent. */
  readonly dueAt?: string | undefined;
  /** Of the bytes that were fixed by this move. */
  readonly sha256?: string | undefined;
}

const key: Column = { name: 'id', kind: 'big' };
const moveColumns: readonly Column[] = [
  { name: 'state', kind: 'text' },
  { name: 'state_since', kind: 'instant' },
  { name: 'parked_from', kind: 'text' },
  { name: 'failure_code', kind: 'text' },
  { name: 'failure_detail', kind: 'text' },
  { name: 'due_at', kind: 'instant' },
];
const logColumns: readonly Column[] = [
  { name: 'exchange_id', kind: 'big' },
  { name: 'at', kind: 'instant' },
  { name: 'actor', kind: 'text' },
  { name: 'from_state', kind: 'text' },
  { name: 'to_state', kind: 'text' },
  { name: 'note', kind: 'text' },
  { name: 'detail', kind: 'text' },
];

/** Alone writes the exchange table: claims, moves, failures. Every write tells the timeline who and why. */
export class ExchangeStore {
  constructor(
    readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
    private readonly retry: RetryPolicy,
  ) {}

  /** Takes up to `limit` due exchanges of a channel; what another worker holds is skipped. */
  async claim(channel: ChannelName, state: 'captured' | 'rendered', options: { limit: number; token: string; claimMs: number; caseNos?: readonly string[] | undefined }): Promise<ExchangeRow[]> {
    const rows = await this.database.dialect.claim(this.database, {
      channel,
      state,
      now: this.clock.iso(),
      until: this.clock.after(options.claimMs),
      token: options.token,
      limit: options.limit,
      marksTried: state === 'rendered',
      caseNos: options.caseNos,
      ...(state === 'rendered' ? { lane: { through: throughStates(this.laneRules.get(channel) ?? 'accepted') } } : {}),
    });
    return rows.map(exchangeRow).sort((a, b) => (BigInt(a.lanePosition) < BigInt(b.lanePosition) ? -1 : 1));
  }

  /** Gives claims back without effect; the crash counter forgets this claim. */
  async release(rows: readonly ExchangeRow[], token: string): Promise<void> {
    if (rows.length === 0) return;
    await this.database.run(sql`update exchange set claim_token = null, claimed_until = null, crashes = case when crashes > 0 then crashes - 1 else 0 end
      where id in (${list(rows.map((r) => r.id))}) and claim_token = ${token}`);
  }

  /**
   * Gives back whatever a claim still holds whose outcome this process did not hear of. The crash counter forgets it: the
   * process lives, so no message ended it.
   */
  async releaseClaim(channel: ChannelName, state: 'captured' | 'rendered', token: string): Promise<void> {
    await this.database.run(sql`update exchange set claim_token = null, claimed_until = null, crashes = case when crashes > 0 then crashes - 1 else 0 end
      where channel = ${channel} and state = ${state} and claim_token = ${token}`);
  }

  /**
   * Moves exchanges, writes their timeline, opens the next head of each lane that became free, and lets a waiting newer
   * version take the place of a refused one. Returns the ids that really moved: no row means somebody else did it.
   */
  async move(runner: Runner, moves: readonly ExchangeMove[], by: { actor: string; claimToken?: string }): Promise<string[]> {
    if (moves.length === 0) return [];
    const now = this.clock.iso();
    const fixesBytes = moves.some((m) => m.sha256 !== undefined);
    const match: Column[] = [{ name: 'state', kind: 'text' }, ...(by.claimToken === undefined ? [] : [{ name: 'claim_token', kind: 'text' } as const])];
    const moved = await this.database.dialect.updateMany(runner, {
      table: 'exchange',
      key,
      match,
      set: fixesBytes ? [...moveColumns, { name: 'sha256', kind: 'text' }] : moveColumns,
      also: raw('attempts = 0, crashes = 0, claim_token = null, claimed_until = null'),
      rows: moves.map((m) => [
        m.id, m.from, ...(by.claimToken === undefined ? [] : [by.claimToken]),
        m.to, now, m.to === 'parked' || m.to === 'held' ? m.from : null, m.failureCode ?? null, cut(m.failureDetail), m.dueAt ?? now,
        ...(fixesBytes ? [m.sha256 ?? null] : []),
      ]),
    });
    const done = new Set(moved);
    const effective = moves.filter((m) => done.has(m.id));
    await this.log(runner, effective.map((m) => ({ exchangeId: m.id, from: m.from, to: m.to, note: m.note, detail: m.detail ?? m.failureDetail })), by.actor, now);
    await tallyMoved(runner, effective);
    await this.supersedeRefused(runner, effective.filter((m) => m.to === 'refused').map((m) => m.id), by);
    await this.openLanes(runner, effective.filter((m) => settledStates.includes(m.to) || m.to === 'staged').map((m) => m.id));
    return moved;
  }

  /** Settles failed work by kind: transient waits, setup is given back, case and defect are parked. */
  async fail(runner: Runner, failed: readonly { row: ExchangeRow; failure: GatewayFailure }[], by: { actor: string; claimToken: string }): Promise<void> {
    const now = this.clock.iso();
    const parks: ExchangeMove[] = [];
    const waits: unknown[][] = [];
    const notes: { exchangeId: string; from?: string; to?: string; note: string; detail?: string | undefined }[] = [];
    for (const { row, failure } of failed) {
      const detail = `${failure.code}: ${failure.detail}`;
      if (failure.kind === 'case' || failure.kind === 'defect') {
        parks.push({ id: row.id, from: row.state, to: 'parked', note: 'parked', failureCode: failure.code, failureDetail: failure.detail });
        continue;
      }
      const attempts = failure.kind === 'transient' ? row.attempts + 1 : row.attempts;
      if (attempts >= this.retry.maxAttempts) {
        parks.push({ id: row.id, from: row.state, to: 'parked', note: 'parked', failureCode: 'attempts-exhausted', failureDetail: detail });
        continue;
      }
      // A channel that stands still burns no attempt: the exchange stays due and waits for the breaker's probe.
      const dueAt = failure.kind === 'transient' ? nextAttempt(attempts, this.retry, this.clock.now(), Math.random()) : now;
      waits.push([row.id, by.claimToken, attempts, dueAt, failure.code, cut(failure.detail)]);
      notes.push({ exchangeId: row.id, note: failure.kind === 'transient' ? `attempt-${attempts}-failed` : 'channel-stopped', detail });
    }
    await this.move(runner, parks, by);
    await this.database.dialect.updateMany(runner, {
      table: 'exchange',
      key,
      match: [{ name: 'claim_token', kind: 'text' }],
      set: [
        { name: 'attempts', kind: 'int' },
        { name: 'due_at', kind: 'instant' },
        { name: 'failure_code', kind: 'text' },
        { name: 'failure_detail', kind: 'text' },
      ],
      also: raw('crashes = 0, claim_token = null, claimed_until = null'),
      rows: waits,
    });
    await this.log(runner, notes, by.actor, now);
  }

  /** Writes lines to the timeline of exchanges. */
  async log(runner: Runner, lines: readonly { exchangeId: string; from?: string | undefined; to?: string | undefined; note: string; detail?: string | undefined }[], actor: string, at: string = this.clock.iso()): Promise<void> {
    await this.database.dialect.insertMany(runner, 'exchange_log', logColumns, lines.map((l) => [l.exchangeId, at, actor, l.from ?? null, l.to ?? null, l.note, cut(l.detail)]));
  }

  /** Sets the head mark of the first message of each lane that is not through. Idempotent. */
  async openLanes(runner: Runner, freed: readonly ExchangeId[]): Promise<void> {
    if (freed.length === 0) return;
    for (const [channel, rule] of this.laneRules) {
      const through = list(throughStates(rule));
      await runner.run(sql`update exchange set head = 1 where head = 0 and id in (
        select n.id from exchange m join exchange n on n.channel = m.channel and n.case_no = m.case_no
        where m.id in (${list(freed)}) and m.channel = ${channel} and m.state in (${through}) and n.state not in (${through})
          and not exists (select 1 from exchange p where p.channel = n.channel and p.case_no = n.case_no and p.lane_position < n.lane_position and p.state not in (${through})))`);
    }
  }

  /** Puts exchanges at the end of their lanes, so that nothing waits for them any more, and opens the next head of each lane. */
  async skip(runner: Runner, rows: readonly Pick<ExchangeRow, 'id' | 'state'>[], by: { actor: string; reason: string }): Promise<void> {
    if (rows.length === 0) return;
    const ids = rows.map((r) => r.id);
    await runner.run(sql`update exchange set lane_position = id + cast(${String(skippedFrom)} as bigint), head = 0 where id in (${list(ids)})`);
    // Both states are said, so that the line counts as a move and is kept as long as the exchange.
    await this.log(runner, rows.map((r) => ({ exchangeId: r.id, from: r.state, to: r.state, note: 'skipped-in-lane', detail: by.reason })), by.actor);
    for (const [channel, rule] of this.laneRules) {
      const through = list(throughStates(rule));
      await runner.run(sql`update exchange set head = 1 where head = 0 and id in (
        select n.id from exchange m join exchange n on n.channel = m.channel and n.case_no = m.case_no where m.id in (${list(ids)}) and m.channel = ${channel} and n.state not in (${through})
          and not exists (select 1 from exchange p where p.channel = n.channel and p.case_no = n.case_no and p.lane_position < n.lane_position and p.state not in (${through})))`);
    }
  }

  /** Finds lanes whose head lost its mark (a crash at a bad moment, a restored ledger). Returns how many were mended. */
  async mendHeads(): Promise<number> {
    let mended = 0;
    for (const [channel, rule] of this.laneRules) {
      const through = list(throughStates(rule));
      const result = await this.database.run(sql`update exchange set head = 1 where channel = ${channel} and state in ('captured', 'rendered') and head = 0
        and not exists (select 1 from exchange p where p.channel = exchange.channel and p.case_no = exchange.case_no and p.lane_position < exchange.lane_position and p.state not in (${through}))`);
      mended += result.affected;
    }
    return mended;
  }

  private async supersedeRefused(runner: Runner, refused: readonly ExchangeId[], by: { actor: string }): Promise<void> {
    if (refused.length === 0) return;
    const { rows } = await runner.run(sql`select o.id as old_id, o.lane_position, n.id as new_id from exchange o join exchange n on n.channel = o.channel
      and n.case_no = o.case_no and n.event = o.event and n.sequence = o.sequence and n.version > o.version
      where o.id in (${list(refused)}) and n.state in (${list(unsentStates)})
        and not exists (select 1 from exchange z where z.channel = n.channel and z.case_no = n.case_no and z.event = n.event and z.sequence = n.sequence and z.version > o.version and z.version < n.version)`);
    if (rows.length === 0) return;
    await this.supersede(runner, rows.map((r) => ({ oldId: String(r['old_id']), newId: String(r['new_id']), lanePosition: String(r['lane_position']) })), by.actor);
  }

  /** A newer version takes the lane position of a refused one, so that what waits behind it keeps its order. */
  async supersede(runner: Runner, pairs: readonly { oldId: ExchangeId; newId: ExchangeId; lanePosition: string }[], actor: string): Promise<void> {
    if (pairs.length === 0) return;
    await this.database.dialect.updateMany(runner, { table: 'exchange', key, match: [], set: [{ name: 'lane_position', kind: 'big' }], rows: pairs.map((p) => [p.newId, p.lanePosition]) });
    await this.move(runner, pairs.map((p) => ({ id: p.oldId, from: 'refused' as const, to: 'superseded' as const, note: 'superseded', detail: `by exchange ${p.newId}` })), { actor });
  }
}

function cut(text: string | undefined): string | null {
  return text === undefined ? null : text.slice(0, 1000);
}
