import type { FailureCode } from '../domain/failures.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

export interface ChannelState {
  readonly channel: ChannelName;
  readonly paused: boolean;
  readonly pausedReason?: string | undefined;
  /** closed: flows; open: stands still, a probe is due at probeAt. */
  readonly breaker: 'closed' | 'open';
  readonly failures: number;
  readonly openedAt?: string | undefined;
  readonly probeAt?: string | undefined;
  readonly failureCode?: string | undefined;
  readonly failureDetail?: string | undefined;
  /** JSON of the last capability probe. */
  readonly capabilities?: string | undefined;
  readonly probedAt?: string | undefined;
  readonly lastSuccessAt?: string | undefined;
}

/** Whether a channel flows: pause by a person, breaker by failures, and what its staging machine was seen to do. */
export class ChannelStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly policy: { failuresToOpen: number; probeEveryMs: number },
  ) {}

  /** Makes the rows of configured channels; safe to run by every process. */
  async ensure(channels: readonly ChannelName[]): Promise<void> {
    await this.database.dialect.insertMany(this.database, 'channel_state', [{ name: 'channel', kind: 'text' }], channels.map((c) => [c]), ['channel']);
  }

  async state(channel: ChannelName): Promise<ChannelState> {
    const { rows } = await this.database.run(sql`select * from channel_state where channel = ${channel}`);
    if (!rows[0]) throw new Error(`channel ${channel} has no state row`);
    return channelState(rows[0]);
  }

  async states(): Promise<ChannelState[]> {
    const { rows } = await this.database.run(sql`select * from channel_state order by channel`);
    return rows.map(channelState);
  }

  /** Counts a failure of the whole channel; opens the breaker at the limit. Returns whether it is open now. */
  async noteFailure(channel: ChannelName, code: FailureCode, detail: string): Promise<boolean> {
    const now = this.value(this.clock.iso());
    const probe = this.value(this.clock.after(this.policy.probeEveryMs));
    await this.database.run(sql`update channel_state set failures = failures + 1, failure_code = ${code}, failure_detail = ${detail.slice(0, 1000)},
      opened_at = case when breaker = 'closed' and failures + 1 >= ${this.policy.failuresToOpen} then ${now} else opened_at end,
      probe_at = case when failures + 1 >= ${this.policy.failuresToOpen} then ${probe} else probe_at end,
      breaker = case when failures + 1 >= ${this.policy.failuresToOpen} then 'open' else breaker end where channel = ${channel}`);
    return (await this.state(channel)).breaker === 'open';
  }

  /** The channel works: closes the breaker. Writes only when there is something to change. */
  async noteSuccess(channel: ChannelName): Promise<void> {
    await this.database.run(sql`update channel_state set failures = 0, breaker = 'closed', opened_at = null, probe_at = null, failure_code = null, failure_detail = null,
      last_success_at = ${this.value(this.clock.iso())} where channel = ${channel}`);
  }

  /** Takes the right to the one probe that is due; false when it is not due or another process has it. */
  async takeProbe(channel: ChannelName): Promise<boolean> {
    const { affected } = await this.database.run(sql`update channel_state set probe_at = ${this.value(this.clock.after(this.policy.probeEveryMs))}
      where channel = ${channel} and breaker = 'open' and probe_at <= ${this.value(this.clock.iso())}`);
    return affected === 1;
  }

  async recordCapabilities(channel: ChannelName, capabilities: string): Promise<void> {
    await this.database.run(sql`update channel_state set capabilities = ${capabilities}, probed_at = ${this.value(this.clock.iso())} where channel = ${channel}`);
  }

  async pause(channel: ChannelName, reason: string, by: string, runner: Runner = this.database): Promise<void> {
    await runner.run(sql`update channel_state set paused = 1, paused_reason = ${reason.slice(0, 1000)}, paused_by = ${by} where channel = ${channel}`);
  }

  async resume(channel: ChannelName, runner: Runner = this.database): Promise<void> {
    await runner.run(sql`update channel_state set paused = 0, paused_reason = null, paused_by = null where channel = ${channel}`);
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const instant = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));

function channelState(r: Record<string, unknown>): ChannelState {
  return {
    channel: String(r['channel']), paused: Number(r['paused']) === 1, pausedReason: text(r['paused_reason']), breaker: String(r['breaker']) as 'closed' | 'open',
    failures: Number(r['failures']), openedAt: instant(r['opened_at']), probeAt: instant(r['probe_at']), failureCode: text(r['failure_code']),
    failureDetail: text(r['failure_detail']), capabilities: text(r['capabilities']), probedAt: instant(r['probed_at']), lastSuccessAt: instant(r['last_success_at']),
  };
}
