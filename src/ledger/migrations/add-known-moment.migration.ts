import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** Up to when all that a stream held is recorded. Absent until a poll has recorded all that it found. */
export class AddKnownMoment1764002600000 implements MigrationInterface {
  readonly name = 'AddKnownMoment1764002600000';

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    await runner.query(`alter table watermark add known_until ${dialect.type('instant')}`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
