import type { Sql } from './sql.js';

/** What differs between PostgreSQL and SQL Server, and nothing else. One small file per engine implements it. */

export type ColumnKind = 'big' | 'int' | 'text' | 'long' | 'bytes' | 'instant' | 'flag';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
}

export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ' | 'SNAPSHOT';

/** Runs one statement inside whatever transaction the caller is in. */
export interface Runner {
  run(statement: Sql): Promise<{ rows: Record<string, unknown>[]; affected: number }>;
}

export interface ManyUpdate {
  readonly table: string;
  readonly key: Column;
  /** Columns that must still hold the row's value: the compare of compare-and-set. */
  readonly match: readonly Column[];
  readonly set: readonly Column[];
  /** Assignments that are the same for every row, e.g. `crashes = 0`. */
  readonly also?: Sql;
  /** Further condition on the target row, which is called `t`. */
  readonly where?: Sql;
  /** Values in the order key, match…, set…. */
  readonly rows: readonly (readonly unknown[])[];
}

export interface ClaimRequest {
  readonly channel: string;
  readonly state: string;
  readonly now: string;
  readonly until: string;
  readonly token: string;
  readonly limit: number;
  /** Whether the receiver may see something of it from now on; then a correction no longer replaces it in place. */
  readonly marksTried: boolean;
  /** Only of these cases. */
  readonly caseNos?: readonly string[] | undefined;
  /** Only the heads of lanes, and only where no earlier message of the lane is outside these states. */
  readonly lane?: { readonly through: readonly string[] };
}

export interface Dialect {
  readonly engine: 'postgres' | 'mssql';
  placeholder(index: number): string;
  /** Parameters of one statement at the most. */
  readonly maxParameters: number;
  /** What stands in `in (…)` when a list comes as one JSON parameter; absent where no statement needs it. */
  listFromJson?(placeholder: string): string;
  /** Column type for a migration. */
  type(kind: ColumnKind, length?: number): string;
  /** Statement for an auto-numbered bigint primary key column. */
  readonly identity: string;
  /** Statement for an index by which stretches of rows that lie together are found, and which costs next to nothing to keep where the engine has one. */
  coarseIndex(name: string, table: string, column: string): string;
  /** A parameter value in the form that the driver wants. */
  value(kind: ColumnKind, value: unknown): unknown;
  /** Inserts many rows; with `unlessExists`, rows whose key is there already are left out. Returns how many went in. */
  insertMany(runner: Runner, table: string, columns: readonly Column[], rows: readonly (readonly unknown[])[], unlessExists?: readonly string[]): Promise<number>;
  /** Updates many rows, each with its own values. Returns the keys of the rows that really changed. */
  updateMany(runner: Runner, update: ManyUpdate): Promise<string[]>;
  /** Takes due exchanges for one worker; what another worker holds is skipped, not waited for. */
  claim(runner: Runner, request: ClaimRequest): Promise<Record<string, unknown>[]>;
  /** `column` is one of the values; at most `mostListed` of them. */
  among(column: string, kind: ColumnKind, values: readonly string[]): Sql;
  readonly mostListed: number;
  /** Suffix and hint that lock the rows read until the end of the transaction. */
  readonly lockRows: { readonly hint: string; readonly suffix: string };
  /** First n rows: `top (n)` after select on one engine, `limit n` at the end on the other. */
  top(n: number): { readonly prefix: string; readonly suffix: string };
  isUniqueViolation(error: unknown): boolean;
  /** Tells the planner what a table holds now, after much was written at once; a planner that finds out by itself is left alone. */
  refreshStatistics(runner: Runner, table: string): Promise<void>;
  /** Until the end of the transaction: a few rows are looked up among many, which the planner must not take for dear. */
  preferLookups(runner: Runner): Promise<void>;
  /** Connection lost, server restarting, deadlock victim: worth another try. */
  isTransient(error: unknown): boolean;
}

/** Columns of the row source of an update: the key as `k`, compared columns as `m_…`, set columns as `s_…`. */
export function sourceColumns(u: ManyUpdate): Column[] {
  return [
    { name: 'k', kind: u.key.kind },
    ...u.match.map((c) => ({ name: `m_${c.name}`, kind: c.kind })),
    ...u.set.map((c) => ({ name: `s_${c.name}`, kind: c.kind })),
  ];
}
