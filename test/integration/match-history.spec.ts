import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MatchStore } from '../../src/ledger/match.store.js';
import { ledgerMigrations } from '../../src/ledger/migrations/ledger.migration.js';
import { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { loadStandards } from '../../src/reconciliation/load-standards.adapter.js';
import { matchRecords } from '../../src/reconciliation/match-records.js';
import { fill } from '../../src/simulator/bench-reconcile.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';

const { rules } = loadStandards(path.resolve('config/reconciliation')).standards!;
let db: DatabaseAdapter;

beforeAll(async () => {
  // One connection: the server counts pages by connection, and nobody else's are among them.
  db = await DatabaseAdapter.open({ engine: 'postgres', url: await freshDatabase('history'), poolSize: 1, applicationName: 'test' }, { migrations: ledgerMigrations });
  await db.source.runMigrations();
});
afterAll(async () => {
  await db.close();
  await stopPostgres();
});

/** Pages that this connection has looked at so far. */
async function pages(): Promise<number> {
  await db.run(raw('select pg_stat_force_next_flush()'));
  return Number((await db.run(raw('select sum(coalesce(hits, 0) + coalesce(reads, 0)) as n from pg_stat_get_backend_io(pg_backend_pid())'))).rows[0]!['n']);
}

it('looks at as many pages for a day after a long history as after a short one', async () => {
  const day = 400;
  let filled = 0;
  const add = async (n: number, statementDay: string): Promise<number> => {
    await fill(db, filled + 1, n, statementDay);
    filled += n;
    const before = await pages();
    const figures = await new MatchStore(db, new SystemClock()).run({ rules, settle: matchRecords, batchItems: 1_000_000 });
    expect(figures).toMatchObject({ arrived: 2 * n, exact: (n / 100) * 98, opened: (n / 100) * 3, more: false });
    return (await pages()) - before;
  };
  await add(20_000, '2026-11-01');
  const short = await add(day, '2026-11-02');
  await add(100_000, '2026-11-03');
  const long = await add(day, '2026-11-04');
  expect(short).toBeGreaterThan(day);
  // A tree of six times as many leaves is at most one level higher: of four or five pages of a look-up one more.
  expect(long / short).toBeLessThan(1.4);
}, 120_000);
