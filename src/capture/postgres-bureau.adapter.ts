import type { ColumnType } from '../domain/stream.js';
import { raw, sql } from '../platform/database/sql.js';
import { compareMarks, earlierMark, startOf, type BureauDialect } from './bureau-dialect.js';

const cast: Record<ColumnType, (column: string) => string> = {
  text: (c) => `${c}::text`,
  integer: (c) => `${c}::text`,
  decimal: (c) => `${c}::text`,
  date: (c) => `to_char(${c}, 'YYYY-MM-DD')`,
  datetime: (c) => `to_char(${c}, 'YYYY-MM-DD HH24:MI:SS.MS')`,
  boolean: (c) => `${c}::int::text`,
};

const accepted: Record<ColumnType, RegExp> = {
  text: /^(text|character varying|character|uuid|name|"char")$/,
  integer: /^(smallint|integer|bigint|numeric)$/,
  decimal: /^(numeric|money|integer|bigint)$/,
  date: /^date$/,
  datetime: /^timestamp/,
  boolean: /^boolean$/,
};

/**
 * PostgreSQL: the watermark column holds the writing transaction's id (a trigger sets it), the ceiling is the oldest
 * transaction still running. All ids below it are committed or gone, so a late commit is never skipped.
 */
export const postgresBureau: BureauDialect = {
  ceiling: sql`select pg_snapshot_xmin(s)::text as mark, pg_snapshot_xmax(s)::text as newest from pg_current_snapshot() s`,
  timeCeiling: sql`select to_char(now() at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS.US') as mark, to_char(now() at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS.US') as newest`,
  start: startOf,
  changesOf: (r) => {
    const type = r.mode === 'rowversion' ? 'bigint' : 'timestamp';
    const mark = r.mode === 'rowversion' ? `${r.watermark}::text` : `to_char(${r.watermark}, 'YYYY-MM-DD HH24:MI:SS.US')`;
    const w = raw(r.watermark);
    return sql`(select ${r.name}::text as source, ${raw(r.parent)}::text as case_no, ${raw(mark)} as mark from ${raw(r.table)}
      where ${w} >= ${r.from[0]}::${raw(type)} and ${w} ${raw(r.mode === 'rowversion' ? '<' : '<=')} ${r.below}::${raw(type)}
        and (${w} > ${r.from[0]}::${raw(type)} or ${raw(r.parent)}::text collate "C" > ${r.from[1]}::text)
      group by ${w}, ${raw(r.parent)} order by ${w}, ${raw(r.parent)}::text collate "C" limit ${raw(String(r.limit))})`;
  },
  mostKeys: 5000,
  select: (r) =>
    sql`select ${raw(r.parent)}::text as parent_key, ${raw(Object.entries(r.columns).map(([c, t]) => `${cast[t](c)} as "${c}"`).join(', '))}
      from ${raw(r.table)} where ${raw(r.parent)} = any(${r.caseNos}::text[]) order by ${raw(`${r.table}.${r.parent}, ${r.table}.${r.order}`)}`,
  keyText: (c) => `${c}::text`,
  newestMark: (c, mode) => (mode === 'rowversion' ? `max(${c})::text` : `to_char(max(${c}), 'YYYY-MM-DD HH24:MI:SS.US')`),
  catalogue: (table) => {
    const [schema, name] = table.includes('.') ? table.split('.') : [undefined, table];
    return schema
      ? sql`select column_name::text, data_type::text from information_schema.columns where table_name = ${name!.toLowerCase()} and table_schema = ${schema.toLowerCase()}`
      : sql`select column_name::text, data_type::text from information_schema.columns where table_name = ${name!.toLowerCase()} and table_schema = any(current_schemas(false))`;
  },
  accepts: (expected, type) => accepted[expected].test(type),
  compareMarks,
  earlier: earlierMark,
  readIsolation: () => Promise.resolve('REPEATABLE READ'),
  isDataError: (error) => /^22/.test(code(error)),
  dataErrorText: (error) => `the database cannot convert the row (SQLSTATE ${code(error)})`,
  isSchemaError: (error) => ['42703', '42P01', '42501', '42883', '42804', '3F000'].includes(code(error)),
};

function code(error: unknown): string {
  const e = error as { code?: unknown; driverError?: { code?: unknown } } | undefined;
  return String(e?.driverError?.code ?? e?.code ?? '');
}
