import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { LeaseStore } from '../ledger/lease.store.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { InquiryPoller } from './inquiry.poller.js';

const lease = 'inquiry';
const forgetEveryMs = 3_600_000;

/** Follows the snapshots again and again, in one process at a time. It ends before the gateway lets go of its ledger. */
export class InquirySchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;
  private forgottenAt = 0;

  constructor(
    private readonly poller: InquiryPoller,
    private readonly leases: LeaseStore,
    private readonly everyMs: number,
    private readonly log: GatewayLog,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running ??= this.run().finally(() => { this.running = undefined; });
    }, this.everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    const goOn = async (): Promise<boolean> => !this.stopping && (await this.leases.hold(lease));
    try {
      if (!(await goOn())) return;
      await this.poller.poll(goOn);
      if (performance.now() - this.forgottenAt < forgetEveryMs && this.forgottenAt > 0) return;
      await this.poller.forget();
      this.forgottenAt = performance.now();
    } catch (error) {
      this.log.error({ err: error }, 'the inquiry could not follow the snapshots; it tries again at its next time');
    }
  }
}
