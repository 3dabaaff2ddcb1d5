import type { Day } from '../domain/reconciliation-records.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { maybeInstant } from './exchange-row.js';

/** A statement that the center is to get, or has got. */
export interface StatementFile {
  readonly id: string;
  readonly channel: ChannelName;
  readonly day: Day;
  readonly fileName: string;
  readonly attempts: number;
  readonly failure: string | undefined;
  readonly writtenAt: Instant | undefined;
}

/** Statements owed to the center; the bytes follow from the closed day. */
export class StatementFileStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** In the transaction that closes the day: from then on the statement is owed. */
  async owe(runner: Runner, day: Day, files: readonly { channel: ChannelName; fileName: string }[]): Promise<void> {
    const { dialect } = this.database;
    await dialect.insertMany(
      runner, 'statement_file', [{ name: 'channel', kind: 'text' }, { name: 'day', kind: 'text' }, { name: 'file_name', kind: 'text' }, { name: 'due_at', kind: 'instant' }],
      files.map((f) => [f.channel, day, f.fileName, this.clock.iso()]), ['channel', 'day'],
    );
  }

  async due(limit: number): Promise<StatementFile[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from statement_file where written_at is null and due_at <= ${this.database.dialect.value('instant', this.clock.iso())} order by id ${raw(top.suffix)}`);
    return rows.map(statementFile);
  }

  async written(id: string, sha256: string): Promise<void> {
    await this.database.run(sql`update statement_file set written_at = ${this.database.dialect.value('instant', this.clock.iso())}, sha256 = ${sha256}, failure = null where id = ${id} and written_at is null`);
  }

  async failed(id: string, failure: string, dueAt: Instant): Promise<void> {
    await this.database.run(sql`update statement_file set attempts = attempts + 1, failure = ${failure.slice(0, 400)}, due_at = ${this.database.dialect.value('instant', dueAt)} where id = ${id} and written_at is null`);
  }

  async ofDay(day: Day): Promise<StatementFile[]> {
    return (await this.database.run(sql`select * from statement_file where day = ${day} order by channel`)).rows.map(statementFile);
  }

  /** Those that failed several times and are not there yet. */
  async overdue(attempts: number): Promise<StatementFile[]> {
    return (await this.database.run(sql`select * from statement_file where written_at is null and attempts >= ${attempts} order by id`)).rows.map(statementFile);
  }
}

function statementFile(r: Record<string, unknown>): StatementFile {
  return {
    id: String(r['id']), channel: String(r['channel']), day: String(r['day']), fileName: String(r['file_name']), attempts: Number(r['attempts']), failure: r['failure'] === null ? undefined : String(r['failure']), writtenAt: maybeInstant(r['written_at']),
  };
}
