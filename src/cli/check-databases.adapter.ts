import { BureauReader } from '../capture/bureau-reader.adapter.js';
import { asFailure, GatewayFailure } from '../domain/failures.js';
import { ledgerFaults } from '../domain/ledger-faults.js';
import type { Settings } from '../domain/settings.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { openBureau } from '../capture/capture.module.js';
import { exitCodes, type CliContext } from './cli-context.js';
import { failureLine, fault, good, skewLine, warning, type CheckLine } from './check-line.js';
import { describeAddress, describeError } from '../platform/describe-error.js';
import { findLedgerFaults } from '../ledger/open-ledger.adapter.js';
import { connectLedger, pendingMigrations, storesOf } from './open-parts.adapter.js';

/** The ledger: whether it answers, whether its tables are up to date, what time it has. */
export async function checkLedger(context: CliContext, settings: Settings): Promise<CheckLine[]> {
  const area = 'ledger';
  const address = describeAddress(settings.ledger.url);
  let database: DatabaseAdapter;
  try {
    database = await connectLedger(settings);
  } catch (error) {
    return [fault(area, `${address} cannot be reached: ${describeError(error)}`, 'check ledger.url (LEDGER_URL), the network and the account; nothing runs without the ledger', exitCodes.unavailable)];
  }
  try {
    const lines = [good(area, `${address} answers`)];
    const pending = pendingMigrations(database, await storesOf(database, settings, context).operator.migrationsRun());
    if (pending.length === 0) lines.push(good(area, 'its tables are up to date'));
    else if (settings.ledger.migrate) lines.push(warning(area, `its tables are not up to date: ${pending.join(', ')}`, 'nothing to do: the gateway brings them up to date when it starts (ledger.migrate)'));
    else lines.push(fault(area, `its tables are not up to date: ${pending.join(', ')}`, 'start the gateway once with ledger.migrate: true and an account that may create tables'));
    const faults = (await findLedgerFaults(database)).map((f) => ledgerFaults[f]);
    if (faults.length === 0) lines.push(good(area, 'it keeps what it commits, and a statement reads as of one moment'));
    lines.push(...faults.map((f) => (f.forgets && settings.ledger.allowVolatile ? warning(area, `${f.text} (ledger.allowVolatile)`, f.remedy) : fault(area, `${f.text}; the gateway does not start on it`, f.remedy))));
    lines.push(skewLine(area, await skewMs(database, context)));
    return lines;
  } catch (error) {
    return [fault(area, `${address}: ${describeError(error)}`, 'check the rights of the account in the ledger')];
  } finally {
    await database.close();
  }
}

/** The bureau: whether it answers, and for every stream its columns, its snapshot isolation and its indexes. */
export async function checkBureau(context: CliContext, settings: Settings): Promise<CheckLine[]> {
  const area = 'bureau';
  const address = describeAddress(settings.bureau.url);
  let bureau: DatabaseAdapter;
  try {
    bureau = await openBureau({ bureau: { ...settings.bureau, poolSize: 2 } });
  } catch (error) {
    return [fault(area, `${address} cannot be reached: ${describeError(error)}`, 'check bureau.url (BUREAU_URL), the network and the account; it needs SELECT only', exitCodes.unavailable)];
  }
  try {
    const lines = [good(area, `${address} answers`)];
    for (const stream of settings.streamDefinitions) lines.push(...(await checkStream(bureau, stream, settings.bureau.allowTornReads)));
    lines.push(skewLine(area, await skewMs(bureau, context)));
    return lines;
  } catch (error) {
    return [failureLine(area, bureau.dialect.isTransient(error) ? asFailure(error, 'bureau-unreachable') : asFailure(error, 'bureau-not-readable'))];
  } finally {
    await bureau.close();
  }
}

async function checkStream(bureau: DatabaseAdapter, stream: StreamDefinition, allowTornReads: boolean): Promise<CheckLine[]> {
  const area = `stream ${stream.stream}`;
  const reader = new BureauReader(bureau, stream, allowTornReads);
  const lines: CheckLine[] = [];
  const faults = await reader.columnFaults();
  const tables = [stream.table, ...Object.values(stream.children).map((c) => c.table)];
  if (faults.length === 0) lines.push(good(area, `all columns of ${tables.length} tables are there with their types`));
  lines.push(...faults.map((f) => failureLine(area, f)));
  try {
    await reader.ceiling();
    const isolation = await reader.dialect.readIsolation(bureau, allowTornReads);
    if (isolation === 'READ COMMITTED') lines.push(warning(area, 'a case may be read half changed (bureau.allowTornReads)', 'ALTER DATABASE <name> SET ALLOW_SNAPSHOT_ISOLATION ON, then take bureau.allowTornReads away'));
    else lines.push(good(area, `a case is read as of one moment (${isolation.toLowerCase()})`));
  } catch (error) {
    lines.push(failureLine(area, error instanceof GatewayFailure ? error : asFailure(error, 'bureau-not-readable')));
  }
  const broken = new Set(faults.filter((f) => f.code !== 'bureau-column-retyped').map((f) => f.detail));
  const marked = [{ table: stream.table, column: stream.watermark.column }, ...Object.values(stream.children).flatMap((c) => (c.watermark === undefined ? [] : [{ table: c.table, column: c.watermark }]))];
  for (const { table, column } of marked) {
    if (broken.has(`${table}.${column}`) || [...broken].some((b) => b.includes(` ${table} `))) continue;
    lines.push(await checkIndex(bureau, area, table, column));
  }
  return lines;
}

/** Polls ask for what lies above the watermark: without an index that leads with it each poll reads the whole table. */
async function checkIndex(bureau: DatabaseAdapter, area: string, table: string, column: string): Promise<CheckLine> {
  const { rows } = await bureau.run(bureau.dialect.engine === 'postgres' ? postgresIndexes(table, column) : mssqlIndexes(table, column));
  const kind = String(rows[0]?.['kind'] ?? '').trim().toLowerCase();
  if (kind.startsWith('v')) return warning(area, `${table} is a view: whether ${column} is found by an index cannot be seen here`, `make sure that the table below it has an index that leads with ${column}`);
  if (Number(rows[0]?.['leading'] ?? 0) > 0) return good(area, `${table}.${column} leads an index`);
  const name = `ix_${table.replace(/\W/g, '_')}_${column}`;
  return warning(area, `no index of ${table} leads with ${column}: each poll reads the whole table`, `CREATE INDEX ${name} ON ${table} (${column})`);
}

const postgresIndexes = (table: string, column: string) => sql`select c.relkind::text as kind,
    (select count(*) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = c.oid and i.indisvalid and i.indpred is null and a.attname = ${column.toLowerCase()}) as leading
  from pg_class c where c.oid = to_regclass(${table})`;

const mssqlIndexes = (table: string, column: string) => sql`select o.type as kind,
    (select count(*) from sys.index_columns ic join sys.columns c on c.object_id = ic.object_id and c.column_id = ic.column_id
      join sys.indexes i on i.object_id = ic.object_id and i.index_id = ic.index_id
      where ic.object_id = o.object_id and ic.key_ordinal = 1 and c.name = ${column} and i.is_disabled = 0 and i.has_filter = 0) as leading
  from sys.objects o where o.object_id = object_id(${table})`;

/** The server's clock minus ours, the way there and back shared equally. */
async function skewMs(database: DatabaseAdapter, context: CliContext): Promise<number> {
  const expression = database.dialect.engine === 'postgres' ? `(extract(epoch from clock_timestamp()) * 1000)::bigint` : `datediff_big(millisecond, '1970-01-01', sysutcdatetime())`;
  const before = context.clock.now().getTime();
  const { rows } = await database.run(sql`select ${raw(expression)} as ms`);
  const after = context.clock.now().getTime();
  return Number(rows[0]!['ms']) - (before + after) / 2;
}
