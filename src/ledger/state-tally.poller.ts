import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { StateTallyStore } from './state-tally.store.js';

/** A count of everything is cheap once a day, and would be dear at every look. */
const compareEveryMs = 86_400_000;

/**
 * Keeps the tally of final states.
 * Enters as: rows that moves appended. Leaves as: one row for each channel and state. Can fail with: what the ledger throws. If run
 * twice: nothing changes.
 */
export class StateTallyPoller {
  private comparedMs: number | undefined;

  constructor(
    private readonly store: StateTallyStore,
    private readonly clock: Clock,
    private readonly log: GatewayLog,
  ) {}

  /** Sums up; when this process first does it and then daily, the tally is compared with the exchanges. */
  async look(): Promise<void> {
    const nowMs = this.clock.now().getTime();
    if (this.comparedMs === undefined || nowMs < this.comparedMs || nowMs - this.comparedMs >= compareEveryMs) {
      // Also where it fails: a ledger on which counting takes too long is not asked again every minute.
      this.comparedMs = nowMs;
      const wrong = await this.store.mend();
      if (wrong > 0) this.log.warn({ wrong }, 'exchanges had been changed past the gateway: their counts by state are right again');
    }
    await this.store.fold();
  }
}
