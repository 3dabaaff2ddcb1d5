import type { AlarmNoticeStore } from '../ledger/alarm-notice.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { nextTry } from './next-try.js';
import type { Notifiers } from './notifiers.adapter.js';

/** Longer than any way may take to answer. */
const claimMs = 120_000;

/**
 * Sends what waits, each way by itself.
 * Enters as: a queued notice. Leaves as: sent, or given up after a day. Can fail with: an alarm that says so. If run twice: the
 * claim lets one send; after a crash the same notice goes again under the same id.
 */
export class NoticePoller {
  constructor(
    private readonly store: AlarmNoticeStore,
    private readonly notifiers: Notifiers,
    private readonly clock: Clock,
    private readonly log: GatewayLog,
  ) {}

  async send(goOn: () => Promise<boolean>): Promise<void> {
    await Promise.all(this.notifiers.names.map((name) => this.sendOn(name, goOn)));
  }

  private async sendOn(notifier: string, goOn: () => Promise<boolean>): Promise<void> {
    for (let claimed = await this.store.claim(notifier, claimMs); claimed; claimed = await this.store.claim(notifier, claimMs)) {
      try {
        await this.notifiers.send(notifier, claimed.notice);
      } catch (error) {
        const failure = (error as Error).message;
        const delay = nextTry(claimed.attempts, this.clock.now().getTime() - Date.parse(claimed.createdAt));
        this.log.warn({ notifier, notice: claimed.notice.id, attempts: claimed.attempts, failure }, delay === undefined ? 'a notice was given up' : 'a notice could not be sent; it is tried again');
        if (delay === undefined) await this.store.giveUp(claimed.id, failure);
        else await this.store.postpone(claimed.id, this.clock.after(delay), failure);
        return; // what failed now would fail for the next one too
      }
      await this.store.sent(claimed.id);
      if (!(await goOn())) return;
    }
  }
}
