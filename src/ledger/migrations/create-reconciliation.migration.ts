import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';
import { reconciliationStatements } from './reconciliation-schema.js';

/** The tables of reconciliation: charges, returned records, matches, differences, resolutions, closed days. */
export class CreateReconciliation1764000400000 implements MigrationInterface {
  readonly name = 'CreateReconciliation1764000400000';

  async up(runner: QueryRunner): Promise<void> {
    const dialect = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    for (const statement of reconciliationStatements(dialect)) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its tables of reconciliation are not taken back'));
  }
}
