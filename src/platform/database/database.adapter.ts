import pg from 'pg';
import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import type { Dialect, Isolation, Runner } from './dialect.js';
import { hideValues } from './hide-values.js';
import { mssqlDialect } from './mssql-dialect.adapter.js';
import { postgresDialect } from './postgres-dialect.adapter.js';
import { readInstant } from './read-instant.adapter.js';
import { renderSql, type Sql } from './sql.js';

export interface DatabaseOptions {
  readonly engine: 'postgres' | 'mssql';
  readonly url: string;
  readonly poolSize: number;
  readonly encrypt?: boolean;
  readonly trustServerCertificate?: boolean;
  readonly applicationName: string;
  /** A statement without an answer for this long: its connection counts as lost. Default: as long as it takes. */
  readonly statementTimeoutMs?: number;
}

/** A database of either engine: statements, transactions, and the dialect that goes with it. */
export class DatabaseAdapter implements Runner {
  readonly dialect: Dialect;
  private readonly thrown = new WeakSet();
  private constructor(
    readonly source: DataSource,
    engine: 'postgres' | 'mssql',
    private readonly statementTimeoutMs: number | undefined,
  ) {
    this.dialect = engine === 'postgres' ? postgresDialect : mssqlDialect;
  }

  /** Connects; throws the driver's error when the server does not answer or refuses the account. */
  static async open(options: DatabaseOptions, more: Pick<DataSourceOptions, 'migrations'> = {}): Promise<DatabaseAdapter> {
    const source = new DataSource({ ...dataSourceOptions(options), ...more, migrationsTableName: 'gateway_migration' } as DataSourceOptions);
    await source.initialize();
    return new DatabaseAdapter(source, options.engine, options.engine === 'postgres' ? options.statementTimeoutMs : undefined);
  }

  async run(statement: Sql): Promise<{ rows: Record<string, unknown>[]; affected: number }> {
    const runner = this.queryRunner();
    try {
      return await this.inTime(runner, () => runStatement(runner, statement, this.dialect));
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  /** Runs `work` in one transaction; a thrown error rolls it back and is passed on. */
  async transaction<T>(work: (runner: Runner) => Promise<T>, isolation: Isolation = 'READ COMMITTED'): Promise<T> {
    const runner = this.queryRunner();
    try {
      await this.inTime(runner, () => runner.startTransaction(isolation as 'READ COMMITTED'));
      const result = await work({ run: (statement) => this.inTime(runner, () => runStatement(runner, statement, this.dialect)) });
      await this.inTime(runner, () => runner.commitTransaction());
      return result;
    } catch (error) {
      // The rollback may fail when the connection is what broke; the first error is the one that says why.
      await this.inTime(runner, () => runner.rollbackTransaction()).catch(() => undefined);
      throw error;
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  /** Whether an error came out of this database: where two are worked with, a person is to be sent to the right one. */
  raised(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.thrown.has(error);
  }

  /**
   * A line that went silent (a router that forgot, a host that froze) tells nobody: without a limit the statement, and whoever
   * waits for it, would wait for ever. The connection is destroyed, the pool makes another. SQL Server's driver does this itself.
   */
  private async inTime<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
    try {
      return await (this.statementTimeoutMs === undefined ? work() : this.limited(runner, this.statementTimeoutMs, work));
    } catch (error) {
      if (error instanceof Error) this.thrown.add(error);
      throw error;
    }
  }

  private async limited<T>(runner: QueryRunner, limit: number, work: () => Promise<T>): Promise<T> {
    const client = (await runner.connect()) as { connection?: { stream?: { destroy(error: Error): void } } };
    const timer = setTimeout(() => {
      client.connection?.stream?.destroy(Object.assign(new Error(`the database did not answer within ${limit} ms`), { code: 'ETIMEDOUT' }));
    }, limit);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  /** One that is asked for after the end would wait for ever on SQL Server: TypeORM loses the error. */
  private queryRunner(): QueryRunner {
    if (!this.source.isInitialized) {
      const error = Object.assign(new Error('Connection terminated: the database was closed'), { code: 'ENOTOPEN' });
      this.thrown.add(error);
      throw error;
    }
    return this.source.createQueryRunner();
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

async function runStatement(runner: QueryRunner, statement: Sql, dialect: Dialect): Promise<{ rows: Record<string, unknown>[]; affected: number }> {
  const placeholder = (index: number): string => dialect.placeholder(index);
  const plain = renderSql(statement, placeholder);
  const { text, params } = plain.params.length > dialect.maxParameters && dialect.listFromJson ? renderSql(statement, placeholder, (p) => dialect.listFromJson!(p)) : plain;
  const result = await runner.query(text, params, true).catch((error: unknown) => {
    throw dialect.engine === 'mssql' && error instanceof Error ? withoutValues(error) : error;
  });
  const rows = (result.records ?? []) as Record<string, unknown>[];
  return { rows, affected: result.affected ?? rows.length };
}

/** The stack begins with the message. */
function withoutValues(error: Error): Error {
  const { message, stack } = error;
  error.message = hideValues(message);
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return error;
}

const timestamptz = 1184;
/** The driver makes a Date of an instant, out of which everybody makes this text again. */
const typeParser = (oid: number, format?: 'text' | 'binary'): unknown => (oid === timestamptz && format !== 'binary' ? readInstant : pg.types.getTypeParser(oid, format as 'text'));

function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  if (options.engine === 'postgres') {
    return {
      type: 'postgres',
      url: options.url,
      applicationName: options.applicationName,
      poolErrorHandler: () => undefined, // an idle connection that breaks is replaced; the next statement reports what matters
      extra: { types: { getTypeParser: typeParser }, max: options.poolSize, connectionTimeoutMillis: Math.min(10_000, options.statementTimeoutMs ?? 10_000), keepAlive: true },
    };
  }
  const url = new URL(options.url);
  return {
    type: 'mssql',
    host: url.hostname,
    port: url.port === '' ? 1433 : Number(url.port),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    pool: { max: options.poolSize, min: 0 },
    options: {
      encrypt: options.encrypt ?? true,
      trustServerCertificate: options.trustServerCertificate ?? false,
      appName: options.applicationName,
      useUTC: true,
      // How long the driver waits for the server to say that it has ended a statement that took too long.
      cancelTimeout: Math.min(5_000, options.statementTimeoutMs ?? 5_000),
    },
    connectionTimeout: Math.min(10_000, options.statementTimeoutMs ?? 10_000),
    requestTimeout: options.statementTimeoutMs ?? 120_000,
  } as DataSourceOptions;
}
