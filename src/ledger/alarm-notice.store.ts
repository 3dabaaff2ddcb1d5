import type { Notice } from '../domain/alarm-notice.js';
import type { Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** A notice on its way, claimed by this process. */
export interface ClaimedNotice {
  readonly id: string;
  readonly notice: Notice;
  /** This time included. */
  readonly attempts: number;
  readonly createdAt: Instant;
}

/** A way on which notices wait. */
export interface FailingNotifier {
  readonly notifier: string;
  readonly waiting: number;
  readonly since: Instant;
  readonly failure: string;
}

/** Alone writes how far each notice got. States: `queued`, `sent`, `given-up`. */
export class AlarmNoticeStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Takes the oldest notice that is due on this way; whoever took it first has it, and another once `claimMs` ran out. */
  async claim(notifier: string, claimMs: number): Promise<ClaimedNotice | undefined> {
    const { dialect } = this.database;
    const top = dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from alarm_notice where state = 'queued' and notifier = ${notifier} and due_at <= ${this.value(this.clock.iso())} order by id ${raw(top.suffix)}`);
    const row = rows[0];
    if (!row) return undefined;
    const attempts = Number(row['attempts']) + 1;
    const { affected } = await this.database.run(sql`update alarm_notice set attempts = ${attempts}, due_at = ${this.value(this.clock.after(claimMs))} where id = ${row['id']} and state = 'queued' and attempts = ${attempts - 1}`);
    if (affected === 0) return undefined;
    return { id: String(row['id']), notice: JSON.parse(String(row['payload'])) as Notice, attempts, createdAt: instantText(row['created_at']) };
  }

  async sent(id: string): Promise<void> {
    await this.database.run(sql`update alarm_notice set state = 'sent', sent_at = ${this.value(this.clock.iso())}, failure = null where id = ${id}`);
  }

  /** Tries again at `dueAt`. */
  async postpone(id: string, dueAt: Instant, failure: string): Promise<void> {
    await this.database.run(sql`update alarm_notice set due_at = ${this.value(dueAt)}, failure = ${failure.slice(0, 1000)} where id = ${id}`);
  }

  async giveUp(id: string, failure: string): Promise<void> {
    await this.database.run(sql`update alarm_notice set state = 'given-up', failure = ${failure.slice(0, 1000)} where id = ${id}`);
  }

  /** Ways on which a notice was tried in vain at least `attempts` times and still waits. */
  async failing(attempts: number): Promise<FailingNotifier[]> {
    const { rows } = await this.database.run(sql`select notifier, count(*) as n, min(created_at) as since, max(failure) as failure from alarm_notice
      where state = 'queued' and attempts >= ${attempts} and failure is not null group by notifier order by notifier`);
    return rows.map((r) => ({ notifier: String(r['notifier']), waiting: Number(r['n']), since: instantText(r['since']), failure: String(r['failure']) }));
  }

  private value(instant: Instant): unknown {
    return this.database.dialect.value('instant', instant);
  }
}
