import type { Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Somebody wants a scheduled job to run now. `target` is the job's name. */
export interface PollRequest {
  readonly id: string;
  readonly target: string;
  readonly state: 'open' | 'done' | 'failed';
  readonly askedAt: Instant;
  readonly askedBy: string;
  readonly doneAt?: Instant | undefined;
  /** JSON of what it came to, or why it failed. */
  readonly result?: string | undefined;
}

/** Orders to the scheduler, whichever process that is. */
export class PollRequestStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Asks for these jobs; where one is asked for already, that stands. */
  async ask(runner: Runner, targets: readonly string[], by: string): Promise<void> {
    const { rows } = await runner.run(sql`select distinct target from poll_request where state = 'open'`);
    const open = rows.map((r) => String(r['target']));
    await this.database.dialect.insertMany(
      runner, 'poll_request', [{ name: 'target', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'asked_at', kind: 'instant' }, { name: 'asked_by', kind: 'text' }],
      targets.filter((t) => !open.includes(t)).map((t) => [t, 'open', this.clock.iso(), by.slice(0, 80)]),
    );
  }

  /** The newest open request of each job that is asked for. */
  async open(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.database.run(sql`select target, max(id) as id from poll_request where state = 'open' group by target`);
    return new Map(rows.map((r) => [String(r['target']), String(r['id'])]));
  }

  /** The job has run from beginning to end since this and those before it were asked. */
  async close(target: string, upTo: string, state: 'done' | 'failed', result: string): Promise<void> {
    await this.database.run(sql`update poll_request set state = ${state}, done_at = ${this.now()}, result = ${result.slice(0, 1000)} where target = ${target} and id <= ${upTo} and state = 'open'`);
  }

  /** The newest of each of these jobs. */
  async newest(targets: readonly string[]): Promise<PollRequest[]> {
    const { rows } = await this.database.run(sql`select * from poll_request p where target in (${list(targets)}) and id = (select max(q.id) from poll_request q where q.target = p.target) order by id desc`);
    return rows.map((r) => ({
      id: String(r['id']), target: String(r['target']), state: String(r['state']) as PollRequest['state'], askedAt: instantText(r['asked_at']), askedBy: String(r['asked_by']),
      doneAt: r['done_at'] === null ? undefined : instantText(r['done_at']), result: r['result'] === null ? undefined : String(r['result']),
    }));
  }

  private now(): unknown {
    return this.database.dialect.value('instant', this.clock.iso());
  }
}
