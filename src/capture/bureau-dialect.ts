import type { ColumnType } from '../domain/stream.js';
import type { Isolation, Runner } from '../platform/database/dialect.js';
import type { Sql } from '../platform/database/sql.js';

export type WatermarkMode = 'rowversion' | 'timestamp';

/** How the bureau's engine is read: ceilings, changes, casts, catalogue. One small file per engine implements it. */
export interface BureauDialect {
  readonly ceiling: Sql;
  readonly timeCeiling: Sql;
  /** The position before everything. */
  start(mode: WatermarkMode): readonly [string, string];
  changesOf(request: {
    name: string;
    table: string;
    parent: string;
    watermark: string;
    mode: WatermarkMode;
    from: readonly [string, string];
    below: string;
    limit: number;
  }): Sql;
  /** Cases at the most in one statement; more are asked for in several. */
  readonly mostKeys: number;
  select(request: { table: string; parent: string; order: string; columns: Readonly<Record<string, ColumnType>>; caseNos: readonly string[]; keyType: string | undefined }): Sql;
  /** A case number as a parameter of the type that the key column has in the catalogue; absent where a parameter takes the column's type by itself. */
  keyParameter?(caseNo: string, keyType: string | undefined): Sql;
  /** A key column as text. */
  keyText(column: string): string;
  /** The newest mark of a group of rows, in the text form of marks. */
  newestMark(column: string, mode: WatermarkMode): string;
  catalogue(table: string): Sql;
  accepts(expected: ColumnType, catalogueType: string): boolean;
  compareMarks(mode: WatermarkMode, a: string, b: string): number;
  /** A time mark moved back by seconds, in the same text form. */
  earlier(mark: string, seconds: number): string;
  readIsolation(database: Runner, allowTornReads: boolean): Promise<Isolation>;
  /** A row that the database cannot convert, as opposed to a missing column or a lost connection. */
  isDataError(error: unknown): boolean;
  /** Words for such an error without the offending value. */
  dataErrorText(error: unknown): string;
  /** A column or table that the statement names is not there, or the account may not read it. */
  isSchemaError(error: unknown): boolean;
}

/** Position before everything: rowversions are positive; bureau times start after 1900. */
export const startOf = (mode: WatermarkMode): readonly [string, string] => (mode === 'rowversion' ? ['0', ''] : ['1900-01-01 00:00:00.000000', '']);

/** Rowversions compare as bigint, times as text of one fixed form. */
export function compareMarks(mode: WatermarkMode, a: string, b: string): number {
  if (mode === 'rowversion') {
    const [x, y] = [BigInt(a), BigInt(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `YYYY-MM-DD hh:mm:ss.f…` moved back by whole seconds; the fraction is kept digit by digit, no Date sees it. */
export function earlierMark(mark: string, seconds: number): string {
  const [whole, fraction] = mark.split('.');
  const t = Date.parse(`${whole!.replace(' ', 'T')}Z`) - seconds * 1000;
  return `${new Date(t).toISOString().slice(0, 19).replace('T', ' ')}${fraction === undefined ? '' : `.${fraction}`}`;
}
