import { GatewayFailure } from '../domain/failures.js';
import type { ColumnType } from '../domain/stream.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { compareMarks, earlierMark, startOf, type BureauDialect } from './bureau-dialect.js';

const cast: Record<ColumnType, (column: string) => string> = {
  text: (c) => `convert(nvarchar(max), ${c})`,
  integer: (c) => `convert(nvarchar(40), ${c})`,
  // Style 2 keeps the four decimals of money, which would be rounded to two without a word; other types ignore it.
  decimal: (c) => `convert(nvarchar(60), ${c}, 2)`,
  date: (c) => `convert(nvarchar(10), ${c}, 23)`,
  datetime: (c) => `convert(nvarchar(23), convert(datetime2(3), ${c}), 121)`,
  boolean: (c) => `convert(nvarchar(1), ${c})`,
};

const accepted: Record<ColumnType, RegExp> = {
  text: /^(n?varchar|n?char|n?text|uniqueidentifier|sysname)$/,
  integer: /^(tinyint|smallint|int|bigint|numeric|decimal)$/,
  decimal: /^(numeric|decimal|money|smallmoney|int|bigint)$/,
  date: /^date$/,
  datetime: /^(datetime|datetime2|smalldatetime)$/,
  boolean: /^bit$/,
};

/** A key of fixed length comes padded with blanks, which SQL Server does not see when it compares and JavaScript does. */
const keyText = (column: string): string => `rtrim(convert(nvarchar(60), ${column}))`;
/** Sorted as JavaScript sorts: the reader goes on behind the last key that it consumed. */
const keyOrder = (column: string): string => `${keyText(column)} collate Latin1_General_BIN2`;

/** Against a Unicode parameter a column of narrow text is converted row by row, and compared by other rules than it is sorted by. */
const keyParameter = (caseNo: string, keyType: string | undefined): Sql => (/^(var)?char$/.test(keyType ?? '') ? sql`convert(varchar(8000), ${caseNo})` : sql`${caseNo}`);

/**
 * SQL Server: rowversion is given when a row is written but seen when its transaction commits, so reading stops below
 * MIN_ACTIVE_ROWVERSION(). Rowversions travel as bigint text, never as a JS number.
 */
export const mssqlBureau: BureauDialect = {
  ceiling: sql`select convert(nvarchar(30), convert(bigint, min_active_rowversion())) as mark, convert(nvarchar(30), convert(bigint, @@dbts) + 1) as newest`,
  // Bureau times are China's, which has no summer time, whatever zone the server's clock shows.
  timeCeiling: sql`select convert(nvarchar(27), dateadd(hour, 8, sysutcdatetime()), 121) as mark, convert(nvarchar(27), dateadd(hour, 8, sysutcdatetime()), 121) as newest`,
  start: startOf,
  changesOf: (r) => {
    const w = r.mode === 'rowversion' ? `convert(bigint, ${r.watermark})` : r.watermark;
    const mark = r.mode === 'rowversion' ? `convert(nvarchar(30), ${w})` : `convert(nvarchar(27), convert(datetime2(7), ${r.watermark}), 121)`;
    // The comparison is made on the bare column, so that its index serves; only the parameter is converted.
    const at = (value: string) => (r.mode === 'rowversion' ? sql`convert(binary(8), convert(bigint, ${value}))` : sql`convert(datetime2(7), ${value}, 121)`);
    const c = raw(r.watermark);
    return sql`select * from (select top (${raw(String(r.limit))}) ${r.name} as source, ${raw(keyText(r.parent))} as case_no, ${raw(mark)} as mark
      from ${raw(r.table)} where ${c} >= ${at(r.from[0])} and ${c} ${raw(r.mode === 'rowversion' ? '<' : '<=')} ${at(r.below)}
        and (${c} > ${at(r.from[0])} or ${raw(keyOrder(r.parent))} > ${r.from[1]})
      order by ${c}, ${raw(keyOrder(r.parent))}) ${raw(`q_${r.name.replace(/\W/g, '_')}`)}`;
  },
  // Below the number of parameters above which a list would come as JSON, which a database of an old compatibility level cannot read.
  mostKeys: 900,
  keyParameter,
  select: (r) =>
    sql`select ${raw(keyText(r.parent))} as parent_key, ${raw(Object.entries(r.columns).map(([c, t]) => `${cast[t](c)} as [${c}]`).join(', '))}
      from ${raw(r.table)} where ${raw(r.parent)} in (${list(r.caseNos.map((c) => keyParameter(c, r.keyType)))}) order by ${raw([...new Set([r.parent, r.order])].map((c) => `${r.table}.${c}`).join(', '))}`, // a column twice is an error there
  keyText,
  newestMark: (c, mode) => (mode === 'rowversion' ? `convert(nvarchar(30), max(convert(bigint, ${c})))` : `convert(nvarchar(27), convert(datetime2(7), max(${c})), 121)`),
  catalogue: (table) => {
    const [schema, name] = table.includes('.') ? table.split('.') : ['dbo', table];
    return sql`select COLUMN_NAME as column_name, DATA_TYPE as data_type from INFORMATION_SCHEMA.COLUMNS where TABLE_NAME = ${name} and TABLE_SCHEMA = ${schema}`;
  },
  accepts: (expected, type) => accepted[expected].test(type),
  compareMarks,
  earlier: earlierMark,
  async readIsolation(database, allowTornReads) {
    if (allowTornReads) return 'READ COMMITTED';
    const { rows } = await database.run(sql`select snapshot_isolation_state as state from sys.databases where name = db_name()`);
    if (Number(rows[0]?.['state'] ?? 0) !== 1) throw new GatewayFailure('bureau-no-snapshot-isolation', 'a case could be read half changed');
    return 'SNAPSHOT';
  },
  // 241, 242, 245, 248, 295, 8114, 8115, 8134, 8152, 2628: conversions, overflows, division by zero in a view, truncation
  isDataError: (error) => [241, 242, 245, 248, 295, 8114, 8115, 8134, 8152, 2628].includes(number(error)),
  dataErrorText: (error) => `the database cannot convert the row (error ${number(error)})`,
  isSchemaError: (error) => [207, 208, 229, 230, 4413, 4502].includes(number(error)),
};

function number(error: unknown): number {
  const e = error as { number?: unknown; driverError?: { number?: unknown } } | undefined;
  return Number(e?.driverError?.number ?? e?.number ?? 0);
}
