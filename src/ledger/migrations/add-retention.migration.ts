import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** When contents were pruned; their rows, hashes and sizes stay. */
export class AddRetention1764000210000 implements MigrationInterface {
  readonly name = 'AddRetention1764000210000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [long, instant] = [d.type('long'), d.type('instant')];
    for (const table of ['case_head', 'case_snapshot', 'message', 'inbox', 'attachment']) await runner.query(`alter table ${table} add pruned_at ${instant}`);
    await runner.query(`create index case_snapshot_case on case_snapshot (stream, case_no)`);
    await runner.query(`create table retention_run (
      id ${text(40)} not null primary key, caused_by ${text(80)} not null, before_at ${instant} not null, started_at ${instant} not null, ended_at ${instant},
      outcome ${text(20)}, figures ${long})`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('what was pruned does not come back'));
  }
}
