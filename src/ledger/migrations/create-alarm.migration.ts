import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** Alarms, the notices that tell of them, and what the watch remembers. */
export class CreateAlarm1764000300000 implements MigrationInterface {
  readonly name = 'CreateAlarm1764000300000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [int, long, instant] = [d.type('int'), d.type('long'), d.type('instant')];
    await runner.query(`create table alarm (
      alarm_key ${text(160)} not null primary key, kind ${text(40)} not null, severity ${text(10)} not null, channel ${text(20)},
      alarm_text ${text(1000)} not null, remedy ${text(1000)} not null, origin ${text(10)} not null,
      since ${instant} not null, last_seen ${instant} not null, absent_since ${instant}, raised_at ${instant}, times ${int} not null,
      notified_at ${instant}, ended_at ${instant}, end_notified_at ${instant}, until_at ${instant}, acknowledged_by ${text(80)}, acknowledged_at ${instant})`);
    // One row for each way on which a notice goes, so that one that fails never holds up another.
    await runner.query(`create table alarm_notice (
      id ${d.identity}, notice_id ${text(60)} not null, notifier ${text(20)} not null, payload ${long} not null, state ${text(10)} not null,
      created_at ${instant} not null, due_at ${instant} not null, attempts ${int} not null default 0, sent_at ${instant}, failure ${text(1000)},
      constraint alarm_notice_once unique (notice_id, notifier))`);
    await runner.query(`create index alarm_notice_due on alarm_notice (state, notifier, due_at)`);
    // Named instants; the row `watch` is also the lock under which alarms are written.
    await runner.query(`create table alarm_memory (name ${text(160)} not null primary key, at ${instant} not null)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its alarms are not taken back'));
  }
}
