import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** How many child rows a case had when it was recorded, so that a deleted one is noticed. Absent until a case is recorded again. */
export class AddChildCounts1764000950000 implements MigrationInterface {
  readonly name = 'AddChildCounts1764000950000';

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    await runner.query(`alter table case_head add child_counts ${dialect.type('text', 400)}`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
