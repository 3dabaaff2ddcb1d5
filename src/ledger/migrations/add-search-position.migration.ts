import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** How far the search keys were made anew from the snapshots. */
export class AddSearchPosition1764002400000 implements MigrationInterface {
  readonly name = 'AddSearchPosition1764002400000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    await runner.query(`create table search_position (name ${d.type('text', 20)} not null primary key, position ${d.type('big')} not null, stamp ${d.type('text', 64)} not null)`);
    await runner.query(`insert into search_position (name, position, stamp) values ('keys', 0, '')`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
