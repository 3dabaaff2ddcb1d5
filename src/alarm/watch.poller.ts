import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import { failureCodes, type FailureCode } from '../domain/failures.js';
import type { Settings } from '../domain/settings.js';
import { WorkingCalendar, type CalendarTable } from '../domain/working-calendar.js';
import type { AlarmNoticeStore } from '../ledger/alarm-notice.store.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { CaptureStore } from '../ledger/capture.store.js';
import type { ChannelStore } from '../ledger/channel.store.js';
import type { Alarm } from '../ledger/plan-alarms.js';
import type { StandingStore } from '../ledger/standing.store.js';
import type { Clock } from '../platform/clock.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { judgeStanding, type ChannelFacts, type StandingFacts, type StreamFacts } from './judge-standing.js';

export interface WatchParts {
  readonly settings: Pick<Settings, 'instance' | 'alarms' | 'expectations' | 'channels' | 'capture' | 'queue' | 'ledger' | 'calendar' | 'bureau'>;
  readonly notifiers: readonly string[];
  readonly alarms: AlarmStore;
  readonly notices: AlarmNoticeStore;
  readonly standing: StandingStore;
  readonly channels: ChannelStore;
  readonly capture: CaptureStore;
  readonly doorbell: Pick<DoorbellAdapter, 'standing'>;
  /** The calendar at this moment, where local days may be decided while it runs; that of the settings otherwise. */
  readonly inForce?: (() => Promise<CalendarTable>) | undefined;
  readonly clock: Clock;
}

/** A notice that failed once may be bad luck. */
const failedAttempts = 2;

/**
 * Looks at everything that can stand still.
 * Enters as: how ledger, queue and disks stand. Leaves as: alarms, and a notice queued for each way. Can fail with: a ledger that
 * does not answer, which the sign of life tells. If run twice: the ledger lets one look after the other write; a thing is told once.
 */
export class WatchPoller {
  private calendar: WorkingCalendar;

  constructor(private readonly parts: WatchParts) {
    this.calendar = new WorkingCalendar(parts.settings.calendar);
  }

  /** Gives the alarms that stand. */
  async look(): Promise<Alarm[]> {
    const { settings, clock, alarms, notifiers } = this.parts;
    const facts = await this.facts();
    const table = await this.parts.inForce?.();
    if (table && table.version !== this.calendar.version) this.calendar = new WorkingCalendar(table);
    const rules = { alarms: settings.alarms, captureMs: settings.expectations.captureMs, standingMs: settings.capture.standingAlarmMs };
    const conditions = judgeStanding(facts, rules, this.calendar, clock.now().getTime());
    const { settleMs, groupMs, remindEveryMs } = settings.alarms;
    return alarms.note(conditions, { instance: settings.instance, settleMs, groupMs, remindEveryMs, notifiers }, `alarm-${randomUUID()}`);
  }

  private async facts(): Promise<StandingFacts> {
    const { settings, alarms, standing, notices } = this.parts;
    const [watching, streams, channels, queue, disks, failing, completeness, faults, ledgerBytes] = await Promise.all([
      alarms.sinceWhen('watching', ['all']), this.streams(), this.channels(), this.parts.doorbell.standing(), this.disks(), notices.failing(failedAttempts), standing.completeness(), standing.faults(),
      settings.alarms.ledgerMaxMiB === 0 ? undefined : standing.size(),
    ]);
    return {
      watchingMs: watching.get('all')!, streams, channels, host: os.hostname(), disks, queue, allowVolatile: settings.queue.allowVolatile, ledgerBytes, ledgerFaults: faults, allowForgetting: settings.ledger.allowVolatile, completeness,
      notifiers: failing.map((f) => ({ notifier: f.notifier, waiting: f.waiting, sinceMs: Date.parse(f.since), failure: f.failure })),
    };
  }

  private async streams(): Promise<StreamFacts[]> {
    const { capture, standing, settings } = this.parts;
    const watermarks = await capture.watermarks();
    return Promise.all(settings.bureau.streams.map(async (stream): Promise<StreamFacts> => {
      const w = watermarks.find((row) => row.stream === stream);
      return {
        stream, lastChangeMs: await standing.lastChange(stream), polledMs: ms(w?.polledAt), heldBackMs: w?.heldBack === true ? ms(w.ceilingSince) : undefined,
        fault: w?.faultCode === undefined ? undefined : { code: w.faultCode, sinceMs: ms(w.faultSince) ?? this.parts.clock.now().getTime(), remedy: remedyOf(w.faultCode) ?? 'gateway status shows the detail' },
      };
    }));
  }

  private async channels(): Promise<ChannelFacts[]> {
    const { settings, channels, standing, alarms } = this.parts;
    const enabled = settings.channels.filter((c) => c.enabled);
    const [states, standings] = await Promise.all([channels.states(), standing.channels(enabled.map((c) => c.channel), settings.alarms.oddAcknowledgementsMs)]);
    const paused = await alarms.sinceWhen('paused', states.filter((s) => s.paused).map((s) => s.channel));
    const { captureMs: _captureMs, ...general } = settings.expectations;
    return standings.map((s) => {
      const state = states.find((row) => row.channel === s.channel);
      return {
        ...s, silences: { ...general, ...enabled.find((c) => c.channel === s.channel)?.expectations },
        pausedMs: paused.get(s.channel),
        breaker: state?.breaker === 'open' ? { sinceMs: ms(state.openedAt), code: state.failureCode, remedy: remedyOf(state.failureCode) } : undefined,
      };
    });
  }

  private async disks(): Promise<StandingFacts['disks']> {
    return Promise.all(this.parts.settings.alarms.disks.paths.map(async (path) => {
      try {
        const s = await statfs(path);
        return { path, freeBytes: s.bavail * s.bsize, totalBytes: s.blocks * s.bsize };
      } catch (error) {
        return { path, problem: (error as NodeJS.ErrnoException).code ?? 'unreadable' };
      }
    }));
  }
}

const ms = (instant: string | undefined): number | undefined => (instant === undefined ? undefined : Date.parse(instant));

function remedyOf(code: string | undefined): string | undefined {
  return code !== undefined && code in failureCodes ? failureCodes[code as FailureCode].remedy : undefined;
}
