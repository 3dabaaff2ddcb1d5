import type { InquirySettings } from '../domain/inquiry-settings.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Who asks for what, as digests. */
export interface AskedBy {
  readonly address: string;
  readonly caseNo: string;
  /** One of the addresses from which many people ask. */
  readonly shared: boolean;
}

const hourMs = 3_600_000;
/** Wrong tries for a case are forgotten after a day without any. */
const forgetMs = 24 * hourMs;

/** Counts tries of the inquiry over all processes: by address, by case number whether it exists or not, and wrong ones of everybody. */
export class InquiryTryStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly limits: InquirySettings['limits'],
  ) {}

  /** Takes one try before anything is looked at: tries at the same moment all count. Gives the milliseconds to wait where there is none left. */
  async take(by: AskedBy): Promise<{ readonly waitMs: number; readonly because: 'all' | 'address' | 'case' } | undefined> {
    const now = this.clock.now().getTime();
    return this.database.transaction(async (runner) => {
      if (!by.shared && (await this.failures(runner, now)) >= this.limits.failuresPerHour) return { waitMs: hourMs - (now % hourMs), because: 'all' };
      // Always in this order, so that two of them cannot wait for each other.
      const address = await this.hold(runner, 'address', by.address);
      const over = now - address.began >= hourMs;
      const [began, asked] = over ? [now, 1] : [address.began, address.tries + 1];
      await this.put(runner, 'address', by.address, asked, began);
      if (asked > (by.shared ? this.limits.perSharedAddressPerHour : this.limits.perAddressPerHour)) return { waitMs: began + hourMs - now, because: 'address' };
      const standing = await this.hold(runner, 'case', by.caseNo);
      if (standing.blockedUntil > now) return { waitMs: standing.blockedUntil - now, because: 'case' };
      const failures = (now - standing.began >= forgetMs ? 0 : standing.tries) + 1;
      const { freeFailures, firstWaitMs, longestWaitMs } = this.limits;
      const until = failures < freeFailures ? undefined : now + Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(30, failures - freeFailures));
      await this.put(runner, 'case', by.caseNo, failures, now, until);
      return undefined;
    });
  }

  /** The try was right: those before it for this case are forgotten. */
  async right(by: AskedBy): Promise<void> {
    await this.database.run(sql`update inquiry_try set tries = 0, blocked_until = null where scope = ${'case'} and subject = ${by.caseNo}`);
  }

  /** The try was wrong; the same work as for a right one. */
  async wrong(): Promise<void> {
    const subject = this.hour(this.clock.now().getTime());
    await this.database.transaction(async (runner) => {
      await this.ensure(runner, 'all', subject);
      await runner.run(sql`update inquiry_try set tries = tries + 1 where scope = ${'all'} and subject = ${subject}`);
    });
  }

  async forget(olderThanMs: number): Promise<void> {
    await this.database.run(sql`delete from inquiry_try where began_at < ${this.value(this.clock.after(-olderThanMs))} and (blocked_until is null or blocked_until < ${this.value(this.clock.iso())})`);
  }

  private async failures(runner: Runner, now: number): Promise<number> {
    const { rows } = await runner.run(sql`select tries from inquiry_try where scope = ${'all'} and subject = ${this.hour(now)}`);
    return Number(rows[0]?.['tries'] ?? 0);
  }

  private async hold(runner: Runner, scope: 'address' | 'case', subject: string): Promise<{ tries: number; began: number; blockedUntil: number }> {
    await this.ensure(runner, scope, subject);
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select tries, began_at, blocked_until from inquiry_try ${raw(hint)} where scope = ${scope} and subject = ${subject} ${raw(suffix)}`);
    const r = rows[0];
    // Gone in this moment, with other old ones: the next one counts again.
    if (!r) return { tries: 0, began: this.clock.now().getTime(), blockedUntil: 0 };
    return { tries: Number(r['tries']), began: Date.parse(instantText(r['began_at'])), blockedUntil: r['blocked_until'] === null ? 0 : Date.parse(instantText(r['blocked_until'])) };
  }

  private ensure(runner: Runner, scope: string, subject: string): Promise<number> {
    return this.database.dialect.insertMany(
      runner, 'inquiry_try', [{ name: 'scope', kind: 'text' }, { name: 'subject', kind: 'text' }, { name: 'tries', kind: 'int' }, { name: 'began_at', kind: 'instant' }],
      [[scope, subject, 0, this.clock.iso()]], ['scope', 'subject'],
    );
  }

  private async put(runner: Runner, scope: string, subject: string, tries: number, began: number, until?: number): Promise<void> {
    const [at, blocked] = [this.value(new Date(began).toISOString()), until === undefined ? null : this.value(new Date(until).toISOString())];
    await runner.run(sql`update inquiry_try set tries = ${tries}, began_at = ${at}, blocked_until = ${blocked} where scope = ${scope} and subject = ${subject}`);
  }

  private hour(now: number): string {
    return new Date(now - (now % hourMs)).toISOString();
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}
