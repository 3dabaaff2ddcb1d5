import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What people order and decide on the ops page: polls, local days, what becomes of odd answers; and since when which mapping is in force. */
export class AddDesk1764002000000 implements MigrationInterface {
  readonly name = 'AddDesk1764002000000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const instant = d.type('instant');
    const statements = [
      // The row stays: the name is never given to somebody else, so that each line of the log means one person.
      `alter table ops_user add deleted_at ${instant}`,
      ...['acknowledgement', 'inbox'].flatMap((table) => [`alter table ${table} add aside_at ${instant}`, `alter table ${table} add aside_by ${text(80)}`, `alter table ${table} add aside_reason ${text(500)}`]),
      `alter table acknowledgement add linked_by ${text(80)}`,
      `create index inbox_class on inbox (class, id) where class in ('unreadable', 'same-id-other-content', 'return-refused')`,
      `create table poll_request (
         id ${d.identity}, target ${text(100)} not null, state ${text(10)} not null, asked_at ${instant} not null, asked_by ${text(80)} not null, done_at ${instant}, result ${text(1000)})`,
      `create index poll_request_open on poll_request (state, id) where state = 'open'`,
      `create index poll_request_target on poll_request (target, id)`,
      // Never changed: the newest line of a day is what counts.
      `create table local_day_change (id ${d.identity}, day_text ${text(10)} not null, kind ${text(10)} not null, reason ${text(500)} not null, at ${instant} not null, by_actor ${text(80)} not null)`,
      `create table mapping_version (
         id ${d.identity}, channel ${text(20)} not null, event ${text(40)} not null, mapping ${text(200)} not null, digest ${text(64)} not null, since_at ${instant} not null)`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: what people decided is not taken back'));
  }
}
