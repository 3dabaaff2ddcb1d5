import { Module, type DynamicModule } from '@nestjs/common';
import os from 'node:os';
import type { Settings } from '../domain/settings.js';
import { AlarmNoticeStore } from '../ledger/alarm-notice.store.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { CaptureStore } from '../ledger/capture.store.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { LocalDayStore } from '../ledger/local-day.store.js';
import { StandingStore } from '../ledger/standing.store.js';
import { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { LOG } from '../platform/tokens.js';
import { DeadManPoller } from './dead-man.poller.js';
import { NoticePoller } from './notice.poller.js';
import { Notifiers } from './notifiers.adapter.js';
import { WatchPoller } from './watch.poller.js';

/** How often waiting notices are looked for. */
const sendEveryMs = 2_000;

/** What the scheduler runs. */
export class AlarmJobs {
  private lookedMs: number | undefined;

  constructor(
    readonly watch: WatchPoller,
    readonly notices: NoticePoller,
    readonly deadMan: DeadManPoller,
    private readonly settings: Pick<Settings, 'alarms' | 'lease'>,
    private readonly clock: Clock,
  ) {}

  list(): { name: string; everyMs: number; run: (goOn: () => Promise<boolean>) => Promise<void> }[] {
    const { everyMs, deadMan } = this.settings.alarms;
    return [
      // Asked for more often than it looks, so that the lease stays with one process: each sees its own disks only.
      { name: 'watch', everyMs: Math.min(everyMs, this.settings.lease.lengthMs / 2), run: () => this.look(everyMs) },
      { name: 'alarm-notices', everyMs: sendEveryMs, run: (goOn) => this.notices.send(goOn) },
      // A lease for each machine: each has a file of its own.
      ...(this.deadMan.configured ? [{ name: `dead-man-${os.hostname()}`.slice(0, 80), everyMs: deadMan.everyMs, run: async () => void (await this.deadMan.live()) }] : []),
    ];
  }

  private async look(everyMs: number): Promise<void> {
    const nowMs = this.clock.now().getTime();
    if (this.lookedMs !== undefined && nowMs >= this.lookedMs && nowMs - this.lookedMs < everyMs) return;
    await this.watch.look();
    this.lookedMs = nowMs;
  }
}

/**
 * Enters as: how everything stands, and what stages raise (AlarmStore.raise and clear). Leaves as: notices in log, webhook and
 * mail, and a sign of life. Can fail with: notifier-failed, dead-man-failed. If run twice: the ledger tells each thing once.
 */
@Module({})
export class AlarmModule {
  static register(settings: Settings, platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: AlarmModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: AlarmJobs,
          inject: [AlarmStore, AlarmNoticeStore, StandingStore, ChannelStore, CaptureStore, LocalDayStore, DoorbellAdapter, Clock, LOG],
          useFactory: (alarms: AlarmStore, notices: AlarmNoticeStore, standing: StandingStore, channels: ChannelStore, capture: CaptureStore, localDays: LocalDayStore, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog) => {
            const notifiers = new Notifiers(settings.alarms, settings.instance, clock, log);
            const watch = new WatchPoller({ settings, notifiers: notifiers.names, alarms, notices, standing, channels, capture, inForce: () => localDays.inForce(), doorbell, clock });
            return new AlarmJobs(watch, new NoticePoller(notices, notifiers, clock, log), new DeadManPoller({ settings, alarms, capture, clock, log }), settings, clock);
          },
        },
      ],
      exports: [AlarmJobs],
    };
  }
}
