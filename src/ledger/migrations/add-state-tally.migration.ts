import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** How many exchanges are through, so that asking for it costs nothing of the history. */
export class AddStateTally1764002100000 implements MigrationInterface {
  readonly name = 'AddStateTally1764002100000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    // Differences that are added and now and then summed up: who moves exchanges never waits for another one's row.
    await runner.query(`create table exchange_tally (id ${d.identity}, channel ${d.type('text', 20)} not null, state ${d.type('text', 12)} not null, delta ${d.type('big')} not null)`);
    await runner.query(`insert into exchange_tally (channel, state, delta) select channel, state, count(*) from exchange where state in ('accepted', 'superseded', 'cancelled') group by channel, state`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
