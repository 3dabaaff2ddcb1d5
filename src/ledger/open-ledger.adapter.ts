import type { Settings } from '../domain/settings.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { ledgerMigrations } from './migrations/ledger.migration.js';

/** Number under which processes agree who migrates; any constant does. */
const migrationLock = 774_411;

/** Connects to the ledger and brings its tables up to date; several processes may start at once. */
export async function openLedger(settings: Pick<Settings, 'ledger'>): Promise<DatabaseAdapter> {
  const l = settings.ledger;
  const database = await DatabaseAdapter.open(
    { engine: l.engine, url: l.url, poolSize: l.poolSize, encrypt: l.encrypt, trustServerCertificate: l.trustServerCertificate, statementTimeoutMs: l.statementTimeoutMs, applicationName: 'exchange-gateway ledger' },
    { migrations: ledgerMigrations },
  );
  if (!l.migrate) return database;
  const lock = database.source.createQueryRunner();
  try {
    await lock.connect();
    await lock.query(l.engine === 'postgres' ? `select pg_advisory_lock(${migrationLock})` : `exec sp_getapplock @Resource = 'gateway-migration', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 60000`);
    await database.source.runMigrations({ transaction: 'each' });
    await lock.query(l.engine === 'postgres' ? `select pg_advisory_unlock(${migrationLock})` : `exec sp_releaseapplock @Resource = 'gateway-migration', @LockOwner = 'Session'`);
  } catch (error) {
    await lock.release();
    await database.close();
    throw error;
  }
  await lock.release();
  return database;
}

/** Whether the ledger answers. */
export async function pingLedger(database: DatabaseAdapter): Promise<boolean> {
  try {
    await database.run(sql`select ${raw('1')} as one`);
    return true;
  } catch {
    return false;
  }
}
