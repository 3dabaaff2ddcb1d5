import type { ChannelDetail, ExpectedTraffic, PollState, StreamLine } from '../../domain/ops-channel-api.js';
import { failureCodes, type FailureCode } from '../../domain/failures.js';
import type { ChannelSettings, Settings } from '../../domain/settings.js';
import { WorkingCalendar } from '../../domain/working-calendar.js';
import type { CaptureStore } from '../../ledger/capture.store.js';
import type { ChannelStore } from '../../ledger/channel.store.js';
import type { HandOverStore } from '../../ledger/hand-over.store.js';
import type { LeaseStore } from '../../ledger/lease.store.js';
import type { LocalDayStore } from '../../ledger/local-day.store.js';
import type { OperatorViewStore } from '../../ledger/operator-view.store.js';
import type { PollRequestStore } from '../../ledger/poll-request.store.js';
import type { StandingStore } from '../../ledger/standing.store.js';
import type { Clock } from '../../platform/clock.js';
import { judgeExpected } from './judge-expected.js';

interface ChannelViewParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly channels: ChannelStore;
  readonly standing: StandingStore;
  readonly operator: OperatorViewStore;
  readonly handOvers: HandOverStore;
  readonly polls: PollRequestStore;
  readonly leases: LeaseStore;
  readonly capture: CaptureStore;
  readonly localDays: LocalDayStore;
}

const shownManifests = 10;
const shownPackages = 5;

/** How a channel or stream is set up and what is expected of it. */
export class ChannelView {
  constructor(private readonly parts: ChannelViewParts) {}

  /** The scheduled jobs that look for what a channel's receiver did. */
  targetsOf(channel: ChannelSettings): string[] {
    const files = channel.acknowledgement.files || channel.returns?.files === true;
    return [...(files ? [`collect-${channel.channel}`] : []), `mirror-${channel.channel}`];
  }

  streamTargets(stream: string): string[] {
    return [`capture-${stream}`, `removals-${stream}`];
  }

  settingsOf(channel: string): ChannelSettings | undefined {
    return this.parts.settings.channels.find((c) => c.channel === channel && c.enabled);
  }

  polls(targets: readonly string[]): Promise<PollState[]> {
    return this.parts.polls.newest(targets).then((found) => found.map(({ id: _id, ...poll }) => poll));
  }

  async detail(c: ChannelSettings): Promise<ChannelDetail> {
    const { parts } = this;
    const { staging, acknowledgement } = c;
    const [state, manifests, packages, polls, leases, expected] = await Promise.all([
      parts.channels.state(c.channel), parts.operator.newestManifests(c.channel, shownManifests), parts.handOvers.list(c.channel), this.polls(this.targetsOf(c)), parts.leases.holders(), this.expectedOf(c),
    ]);
    return {
      channel: c.channel, encoding: c.encoding, laneAdvancesOn: c.laneAdvancesOn,
      directories: ([['outbox', staging.outboxDir], ['manifest', staging.manifestDir], ['acknowledgement', staging.acknowledgementDir], ['return', staging.returnDir], ['receipt', staging.receiptDir], ['archive', staging.archiveDir], ['aside', staging.asideDir]] as const)
        .filter(([use]) => c.returns !== undefined || (use !== 'return' && use !== 'receipt')).map(([use, path]) => ({ use, path })),
      hostKeys: staging.sftp === undefined ? [] : [staging.sftp.hostKeySha256].flat(),
      acknowledgement: { files: acknowledgement.files, http: acknowledgement.http !== undefined, secrets: acknowledgement.http?.secrets.length ?? 0, allow: acknowledgement.http?.allow ?? [] },
      returns: c.returns !== undefined, failures: state.failures, failureDetail: state.failureDetail,
      capabilities: state.capabilities === undefined ? undefined : (JSON.parse(state.capabilities) as ChannelDetail['capabilities']), probedAt: state.probedAt,
      expected, manifests, packages: packages.slice(0, shownPackages).map((p) => ({ id: p.id, state: p.state, createdAt: p.createdAt, createdBy: p.createdBy, closedAt: p.closedAt, manifests: p.manifests.length })),
      polls, ...(this.targetsOf(c).length > 1 ? { collectEveryMs: parts.settings.collection.pollEveryMs } : {}), scheduler: leases.length > 0,
    };
  }

  async streams(): Promise<StreamLine[]> {
    const { parts } = this;
    const nowMs = parts.clock.now().getTime();
    const [watermarks, calendar, leases] = await Promise.all([parts.capture.watermarks(), this.calendar(), parts.leases.holders()]);
    return Promise.all(parts.settings.streamDefinitions.map(async (s): Promise<StreamLine> => {
      const w = watermarks.find((row) => row.stream === s.stream);
      const [lastMs, polls] = await Promise.all([parts.standing.lastChange(s.stream), this.polls(this.streamTargets(s.stream))]);
      const limitMs = parts.settings.expectations.captureMs;
      return {
        stream: s.stream, title: s.title, table: s.table, mode: s.watermark.mode, polledAt: w?.polledAt, movedAt: w?.movedAt, ageMs: w?.polledAt === undefined ? undefined : Math.max(0, nowMs - Date.parse(w.polledAt)),
        ...(w?.faultCode === undefined ? {} : { fault: { code: w.faultCode, since: w.faultSince, detail: w.faultDetail, remedy: remedyOf(w.faultCode) } }),
        heldBack: w?.heldBack ?? false, ceilingSince: w?.ceilingSince, pollEveryMs: parts.settings.capture.pollEveryMs, removalsEveryMs: parts.settings.capture.removalSweepEveryMs,
        expected: judgeExpected('capture', lastMs === undefined ? undefined : { count: 1, sinceMs: lastMs }, limitMs, calendar, nowMs) ?? { what: 'capture', limitMs: 0, waiting: 0, overdue: false },
        polls, scheduler: leases.length > 0,
      };
    }));
  }

  private async expectedOf(c: ChannelSettings): Promise<ExpectedTraffic[]> {
    const { settings, standing, clock } = this.parts;
    const nowMs = clock.now().getTime();
    const limits = { ...settings.expectations, ...c.expectations };
    const [[facts], calendar] = await Promise.all([standing.channels([c.channel], 0), this.calendar()]);
    const waiting = (w: { readonly count: number; readonly oldestMs: number } | undefined) => w && { count: w.count, sinceMs: w.oldestMs };
    const lastReturn = facts?.lastReturnMs === undefined ? undefined : { count: 1, sinceMs: facts.lastReturnMs };
    return [
      judgeExpected('pick-up', waiting(facts?.staged), limits.pickUpMs, calendar, nowMs),
      judgeExpected('acknowledgement', waiting(facts?.unanswered), limits.acknowledgementMs, calendar, nowMs),
      judgeExpected('return-files', lastReturn, c.returns ? limits.returnFilesMs : 0, calendar, nowMs),
    ].filter((e) => e !== undefined);
  }

  private async calendar(): Promise<WorkingCalendar> {
    return new WorkingCalendar(await this.parts.localDays.inForce());
  }
}

function remedyOf(code: string): string | undefined {
  return Object.hasOwn(failureCodes, code) ? failureCodes[code as FailureCode].remedy : undefined;
}
