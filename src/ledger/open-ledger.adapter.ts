import { ledgerFaults, type LedgerFault } from '../domain/ledger-faults.js';
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

/**
 * What makes the database unfit. A ledger must keep what it has committed, since receivers were answered and messages sent on its
 * word; and a statement must read as of one moment, since one that counts would see a row that moves twice or not at all.
 */
export async function findLedgerFaults(database: DatabaseAdapter): Promise<LedgerFault[]> {
  if (database.dialect.engine === 'postgres') {
    const { rows } = await database.run(sql`select current_setting('fsync') as writes, current_setting('synchronous_commit') as commits`);
    return [...(rows[0]?.['writes'] === 'off' ? ['fsync-off' as const] : []), ...(rows[0]?.['commits'] === 'off' ? ['commits-not-awaited' as const] : [])];
  }
  const { rows } = await database.run(sql`select is_read_committed_snapshot_on as one_moment, delayed_durability_desc as delayed from sys.databases where name = db_name()`);
  return [...(String(rows[0]?.['delayed']) === 'FORCED' ? ['commits-delayed' as const] : []), ...(Number(rows[0]?.['one_moment'] ?? 0) === 1 ? [] : ['reads-many-moments' as const])];
}

/** Connects to the ledger for the gateway itself; throws what makes the database unfit. Several processes may start at once. */
export async function startLedger(settings: Pick<Settings, 'ledger'>): Promise<DatabaseAdapter> {
  const database = await openLedger(settings);
  try {
    const faults = (await findLedgerFaults(database)).map((f) => ledgerFaults[f]).filter((f) => !f.forgets || !settings.ledger.allowVolatile);
    if (faults.length > 0) throw new Error(faults.map((f) => `${f.text}; run once: ${f.remedy}`).join('. Also: '));
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
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
