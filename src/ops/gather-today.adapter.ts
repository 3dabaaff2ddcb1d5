import { exchangeStates } from '../domain/exchange-states.js';
import type { AlarmLine, ChannelLine, ChannelToday, LightReason, SeriesPoint, StreamToday, Today } from '../domain/ops-api.js';
import type { ReconciliationToday } from '../domain/ops-reconciliation-api.js';
import type { Settings } from '../domain/settings.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { CaptureStore } from '../ledger/capture.store.js';
import type { ChannelStore } from '../ledger/channel.store.js';
import type { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import type { LeaseStore } from '../ledger/lease.store.js';
import type { MirrorStore } from '../ledger/mirror.store.js';
import type { OperatorViewStore } from '../ledger/operator-view.store.js';
import type { OpsViewStore } from '../ledger/ops-view.store.js';
import type { Clock } from '../platform/clock.js';
import type { ForecastView } from './board/forecast.adapter.js';
import { bucketSeries } from './bucket-series.js';
import { failureText } from './exchanges/exchange-detail.adapter.js';
import { judgeChannel, judgeLight } from './judge-light.js';
import { soon } from './soon.adapter.js';

interface TodayParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly view: ExchangeViewStore;
  readonly ops: OpsViewStore;
  readonly operator: OperatorViewStore;
  readonly channels: ChannelStore;
  readonly capture: CaptureStore;
  readonly mirror: MirrorStore;
  readonly leases: LeaseStore;
  readonly alarms: AlarmStore;
  readonly forecast: ForecastView;
  /** Whether yesterday balances. */
  reconciliation(): ReconciliationToday | undefined;
}

const bucketMs = 15 * 60_000;
const buckets = 96;
/** What counts all exchanges is asked for this seldom, however many people look. */
const slowEveryMs = 60_000;
/** It is given at most one part in so many of the time. */
const slowShare = 20;
/** How long a request waits for it while something older is known. */
const waitMs = 30;
/** One look at the ledger serves everybody who looks within this. */
const freshMs = 2_000;

interface SlowFacts {
  readonly settled: readonly { readonly channel: string; readonly state: string; readonly count: number }[];
  readonly series: SeriesPoint[];
}

/** How the gateway stands, gathered once for all who look at the same time. */
export class TodayView {
  private slow: { atMs: number; everyMs: number; value: Promise<SlowFacts> } | undefined;
  private renewing: Promise<void> | undefined;
  private last: { atMs: number; value: Promise<Today> } | undefined;

  constructor(private readonly parts: TodayParts) {}

  /** At most two seconds old. */
  read(): Promise<Today> {
    const nowMs = this.parts.clock.now().getTime();
    if (!this.last || nowMs - this.last.atMs >= freshMs || nowMs < this.last.atMs) {
      const value = this.gather();
      this.last = { atMs: nowMs, value };
      // A failed look is not kept; whoever waits for it gets its error.
      value.catch(() => { this.last = undefined; });
    }
    return this.last.value;
  }

  /** The next read looks anew: somebody changed something. */
  forget(): void {
    this.last = undefined;
  }

  async channelLines(): Promise<ChannelLine[]> {
    const today = await this.read();
    return today.channels.map(({ light: _light, reasons: _reasons, funnel: _funnel, ...facts }) => {
      const settings = this.parts.settings.channels.find((c) => c.channel === facts.channel);
      const { sftp, directory } = settings?.staging ?? {};
      return {
        ...facts, stream: settings?.stream, staging: sftp ? `sftp://${sftp.host}:${sftp.port}` : directory?.path,
        messages: Object.entries(settings?.messages ?? {}).map(([event, mapping]) => ({ event, mapping })),
      };
    });
  }

  private async gather(): Promise<Today> {
    const { parts } = this;
    const nowMs = parts.clock.now().getTime();
    const [open, blocked, behind, states, watermarks, leases, manifests, odd, mirrored, alarms, slow, forecast] = await Promise.all([
      parts.ops.openCounts(), parts.view.lanesBlocked(), parts.view.countWaitingBehind(), parts.channels.states(), parts.capture.watermarks(), parts.leases.holders(),
      parts.operator.lastManifests(), parts.operator.oddAcknowledgements(), parts.mirror.counts(), parts.alarms.open(), this.readSlow(nowMs), parts.forecast.read(),
    ]);
    const configured = parts.settings.channels.filter((c) => c.enabled);
    const names = [...new Set([...configured.map((c) => c.channel), ...states.map((s) => s.channel)])];
    const carried = await parts.ops.carriedChannels();
    const channels = names.map((channel): ChannelToday => {
      const state = states.find((s) => s.channel === channel);
      const count = (name: string): number => open.find((o) => o.channel === channel && o.state === name)?.count ?? 0;
      const failure = failureText(state?.failureCode, undefined);
      const standing = state?.breaker === 'open';
      const manifest = manifests.find((m) => m.channel === channel);
      const reasons = judgeChannel({
        paused: state?.paused === true ? { reason: state.pausedReason } : undefined, breaker: standing ? { code: failure?.code, remedy: failure?.remedy } : undefined,
        parked: count('parked'), refused: count('refused'), held: count('held'), carried: carried.includes(channel), mirror: mirrored.filter((m) => m.channel === channel).reduce((n, m) => n + m.count, 0),
        odd: odd.filter((o) => o.channel === channel).reduce((n, o) => n + o.count, 0), alarms: alarms.filter((a) => a.channel === channel && a.kind !== 'breaker-open' && a.kind !== 'channel-paused'),
      });
      return {
        channel, title: configured.find((c) => c.channel === channel)?.title ?? channel, configured: configured.some((c) => c.channel === channel), light: judgeLight(reasons), reasons,
        funnel: exchangeStates.map((name) => {
          const standingNow = open.find((o) => o.channel === channel && o.state === name);
          const settled = slow.settled.find((s) => s.channel === channel && s.state === name);
          return { state: name, count: standingNow?.count ?? (settled && ['accepted', 'superseded', 'cancelled'].includes(name) ? settled.count : 0), ...(standingNow ? { oldestMs: Math.max(0, nowMs - Date.parse(standingNow.oldest)) } : {}) };
        }),
        lanesBlocked: blocked.find((b) => b.channel === channel)?.count ?? 0, waitingBehind: behind.find((b) => b.channel === channel)?.count ?? 0,
        ...(state?.paused === true ? { paused: { reason: state.pausedReason } } : {}),
        breaker: { state: state?.breaker ?? 'closed', since: state?.openedAt, probeAt: state?.probeAt, code: standing ? failure?.code : undefined, remedy: standing ? failure?.remedy : undefined },
        lastSuccessAt: state?.lastSuccessAt,
        ...(manifest ? { lastManifest: { seq: manifest.seq, state: manifest.state, preparedAt: manifest.preparedAt, stagedAt: manifest.stagedAt } } : {}),
      };
    });
    const streams = watermarks.map((w): StreamToday => ({
      stream: w.stream, polledAt: w.polledAt, movedAt: w.movedAt, ageMs: w.polledAt === undefined ? undefined : Math.max(0, nowMs - Date.parse(w.polledAt)),
      ...(w.faultCode === undefined ? {} : { fault: { code: w.faultCode, since: w.faultSince, remedy: failureText(w.faultCode, undefined)?.remedy } }),
    }));
    const house: LightReason[] = [
      ...streams.filter((s) => s.fault).map((s) => ({ code: 'stream-fault' as const, light: 'red' as const, text: `stream ${s.stream} cannot be read: ${s.fault!.code}` })),
      ...(leases.length === 0 ? [{ code: 'no-scheduler' as const, light: 'red' as const, text: 'no process with the scheduler role runs' }] : []),
      ...alarms.filter((a) => a.channel === undefined).map((a) => ({ code: 'alarm' as const, light: a.severity === 'critical' ? ('red' as const) : ('yellow' as const), text: a.text, remedy: a.remedy })),
    ];
    const lines = alarms.map((a): AlarmLine => ({ key: a.key, kind: a.kind, severity: a.severity, channel: a.channel, text: a.text, remedy: a.remedy, textZh: a.textZh, remedyZh: a.remedyZh, since: a.since, acknowledgedBy: a.acknowledgedBy }));
    return { at: new Date(nowMs).toISOString(), light: judgeLight([...house, ...channels.filter((c) => c.configured).flatMap((c) => c.reasons)]), channels, streams, alarms: lines, bucketMs, series: slow.series, expected: this.expected(), forecast, reconciliation: parts.reconciliation() };
  }

  /** Once known, it is looked at anew behind the requests: counting all exchanges takes the longer the more there are. */
  private async readSlow(nowMs: number): Promise<SlowFacts> {
    const known = this.slow;
    if (!known) {
      const value = this.gatherSlow(nowMs);
      this.slow = { atMs: nowMs, everyMs: slowEveryMs, value };
      value.catch(() => { this.slow = undefined; });
      return value;
    }
    if (nowMs >= known.atMs && nowMs - known.atMs < known.everyMs) return known.value;
    const started = performance.now();
    this.renewing ??= this.gatherSlow(nowMs)
      .then((facts) => { this.slow = { atMs: nowMs, everyMs: Math.max(slowEveryMs, slowShare * (performance.now() - started)), value: Promise.resolve(facts) }; })
      // What is known stands; the next look tries again.
      .catch(() => undefined)
      .finally(() => { this.renewing = undefined; });
    await soon(this.renewing, waitMs);
    return this.slow?.value ?? known.value;
  }

  private async gatherSlow(nowMs: number): Promise<SlowFacts> {
    const [settled, times] = await Promise.all([this.parts.view.counts(), this.parts.ops.since(new Date(nowMs - bucketMs * buckets).toISOString())]);
    return { settled, series: bucketSeries(times, nowMs, bucketMs, buckets) };
  }

  private expected(): Today['expected'] {
    const { settings } = this.parts;
    return settings.channels.filter((c) => c.enabled).flatMap((c) => {
      const limits = { ...settings.expectations, ...c.expectations };
      return ([['pick-up', limits.pickUpMs], ['acknowledgement', limits.acknowledgementMs], ['return-files', c.returns ? limits.returnFilesMs : 0]] as const).flatMap(([what, withinMs]) => (withinMs > 0 ? [{ channel: c.channel, what, withinMs }] : []));
    });
  }
}
