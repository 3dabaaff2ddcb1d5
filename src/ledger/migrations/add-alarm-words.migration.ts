import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What an alarm says and what to do about it, in Chinese too. */
export class AddAlarmWords1764002500000 implements MigrationInterface {
  readonly name = 'AddAlarmWords1764002500000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    for (const column of ['text_zh', 'remedy_zh']) await runner.query(`alter table alarm add ${column} ${d.type('text', 1000)}`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its alarms are not taken back'));
  }
}
