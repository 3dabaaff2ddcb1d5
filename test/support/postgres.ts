import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/embedded-postgres.adapter.js';
import { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { ledgerMigrations } from '../../src/ledger/migrations/ledger.migration.js';

let started: Promise<EmbeddedPostgres> | undefined;
let counter = 0;

/** One PostgreSQL per test file, one database per call. */
export async function freshDatabase(name = 'test'): Promise<string> {
  started ??= startEmbeddedPostgres({ durable: false });
  const postgres = await started;
  const database = `${name}_${process.pid}_${++counter}`;
  await postgres.createDatabase(database);
  return postgres.url(database);
}

export async function stopPostgres(): Promise<void> {
  if (started) await (await started).stop();
  started = undefined;
}

/** The running server itself, for tests that break it. */
export function postgresServer(): Promise<EmbeddedPostgres> {
  started ??= startEmbeddedPostgres({ durable: false });
  return started;
}

export function openPostgres(url: string, withLedger = false): Promise<DatabaseAdapter> {
  return DatabaseAdapter.open({ engine: 'postgres', url, poolSize: 8, applicationName: 'gateway test' }, withLedger ? { migrations: ledgerMigrations } : {}).then(async (db) => {
    if (withLedger) await db.source.runMigrations();
    return db;
  });
}
