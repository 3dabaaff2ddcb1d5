import type { Settings } from '../domain/settings.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { ledgerMigrations } from './migrations/ledger.migration.js';

/** Number under which processes agree who migrates; any constant does. */
const migrationLock = 774_411;

/** sp_getapplock says by its result, not by an error, that it waited in vain. */
const takeMssqlLock = `declare @result int;
exec @result = sp_getapplock @Resource = N'gateway-migration', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 60000;
if @result < 0 throw 51000, N'another process has been bringing the ledger up to date for a minute; start again when it is done', 1;`;

/** What makes statements read as of one moment on SQL Server; every other engine does by itself. */
export const rowVersionsRemedy = 'ALTER DATABASE <name> SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE';

/** Whether a statement reads as of one moment. Without it one that counts sees rows before and after they move: once twice, once not at all. */
export async function readsOneMoment(database: DatabaseAdapter): Promise<boolean> {
  if (database.dialect.engine === 'postgres') return true;
  const { rows } = await database.run(sql`select is_read_committed_snapshot_on as switched_on from sys.databases where name = db_name()`);
  return Number(rows[0]?.['switched_on'] ?? 0) === 1;
}

/** Connects to the ledger for the gateway itself: its counts must be right, and its tables are brought up to date. Several processes may start at once. */
export async function startLedger(settings: Pick<Settings, 'ledger'>): Promise<DatabaseAdapter> {
  const database = await openLedger(settings);
  if (await readsOneMoment(database)) return database;
  await database.close();
  throw new Error(`its statements do not read as of one moment, so balances and counts can be wrong; run once: ${rowVersionsRemedy}`);
}

/** Connects to the ledger and, where that is set, brings its tables up to date. */
export async function openLedger(settings: Pick<Settings, 'ledger'>): Promise<DatabaseAdapter> {
  const l = settings.ledger;
  const database = await DatabaseAdapter.open(
    { engine: l.engine, url: l.url, poolSize: l.poolSize, encrypt: l.encrypt, trustServerCertificate: l.trustServerCertificate, statementTimeoutMs: l.statementTimeoutMs, applicationName: 'exchange-gateway ledger' },
    { migrations: ledgerMigrations },
  );
  if (!l.migrate) return database;
  const lock = database.source.createQueryRunner();
  try {
    // In a transaction: on SQL Server a query outside of one takes any connection of the pool, and a session's lock would stay
    // with a connection that nobody finds again.
    await lock.startTransaction();
    await lock.query(l.engine === 'postgres' ? `select pg_advisory_xact_lock(${migrationLock})` : takeMssqlLock);
    await database.source.runMigrations({ transaction: 'each' });
    await lock.commitTransaction();
  } catch (error) {
    // What broke the lock's connection is the error that is thrown.
    if (lock.isTransactionActive) await lock.rollbackTransaction().catch(() => undefined);
    await lock.release().catch(() => undefined);
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
