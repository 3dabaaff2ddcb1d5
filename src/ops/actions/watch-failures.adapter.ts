import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { FailureGroupStore } from '../../ledger/failure-group.store.js';
import type { GatewayLog } from '../../platform/log.adapter.js';

const everyMs = 60_000;

/** Looks at the causes of failures now and then, so that they close and open again also while nobody looks. */
export class FailureWatch implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly groups: FailureGroupStore,
    private readonly log: GatewayLog,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => { this.last = this.look(); }, everyMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.last;
  }

  private async look(): Promise<void> {
    try {
      await this.groups.look();
    } catch (error) {
      this.log.warn({ err: error }, 'causes of failures were not looked at');
    }
  }
}
