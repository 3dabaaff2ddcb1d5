import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';
import { ledgerStatements } from './ledger-schema.js';

/** The ledger's first tables. Raw statements, so that they read the same on both engines. */
export class CreateLedger1763856000000 implements MigrationInterface {
  readonly name = 'CreateLedger1763856000000';

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    for (const statement of ledgerStatements(dialect)) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its first migration is not taken back'));
  }
}
