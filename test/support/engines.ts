import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ledgerMigrations } from '../../src/ledger/migrations/ledger.migration.js';
import { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { SampleBureauAdapter, type SampleBureau } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { SampleBureauMssqlAdapter } from '../../src/simulator/bureau/sample-bureau-mssql.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from './postgres.js';

/**
 * The engines on which database tests run: embedded PostgreSQL always, and a SQL Server where TEST_MSSQL_URL names one
 * (`mssql://user:password@host:1433/master`, an account that may create databases). Each call makes a database of its own, and
 * all of them are dropped at the end, so that two runs may share a server.
 */
export interface TestEngine {
  readonly engine: 'postgres' | 'mssql';
  readonly title: string;
  /** A database of its own. */
  fresh(name: string): Promise<string>;
  open(url: string, withLedger?: boolean): Promise<DatabaseAdapter>;
  /** The writing side of a sample bureau in a database. */
  sampleBureau(url: string): Promise<SampleBureau>;
  /** Ends what this test file started. */
  stop(): Promise<void>;
}

const serverUrl = process.env['TEST_MSSQL_URL'] ?? '';

const postgres: TestEngine = {
  engine: 'postgres', title: 'PostgreSQL', fresh: freshDatabase, open: openPostgres, stop: stopPostgres,
  sampleBureau: (url) => Promise.resolve(new SampleBureauAdapter(url)),
};

function sqlServer(): TestEngine {
  const made: string[] = [];
  let admin: Promise<DatabaseAdapter> | undefined;
  const open = async (url: string, withLedger = false): Promise<DatabaseAdapter> => {
    const db = await DatabaseAdapter.open({ engine: 'mssql', url, poolSize: 8, trustServerCertificate: true, applicationName: 'gateway test' }, withLedger ? { migrations: ledgerMigrations } : {});
    if (withLedger) await db.source.runMigrations({ transaction: 'each' });
    return db;
  };
  return {
    engine: 'mssql', title: 'SQL Server', open,
    async fresh(name) {
      admin ??= open(serverUrl);
      const database = `gateway_${name}_${process.pid}_${randomBytes(6).toString('hex')}`;
      const server = await admin;
      // As a Chinese bureau has it; the ledger says its own order in its columns.
      await server.run(raw(`create database ${database} collate Chinese_PRC_CI_AS`));
      made.push(database);
      await server.run(raw(`alter database ${database} set allow_snapshot_isolation on`));
      await server.run(raw(`alter database ${database} set read_committed_snapshot on`));
      const url = new URL(serverUrl);
      url.pathname = `/${database}`;
      return url.href;
    },
    sampleBureau: (url) => SampleBureauMssqlAdapter.connect(url, true),
    async stop() {
      if (!admin) return;
      const server = await admin;
      for (const database of made.splice(0)) {
        await server.run(raw(`alter database ${database} set single_user with rollback immediate`));
        await server.run(raw(`drop database ${database}`));
      }
      admin = undefined;
      await server.close();
    },
  };
}

/** Runs tests on every engine there is; where there is no SQL Server, one skipped test says so. */
export function onEveryEngine(tests: (engine: TestEngine) => void): void {
  const engines = serverUrl === '' ? [postgres] : [postgres, sqlServer()];
  for (const engine of engines) {
    describe(`on ${engine.title}`, () => {
      tests(engine);
      afterAll(() => engine.stop());
    });
  }
  // PostgreSQL also holds the queues of tests whose ledger is elsewhere.
  if (serverUrl !== '') afterAll(stopPostgres);
  else test.skip('on SQL Server: not run, TEST_MSSQL_URL names no server', () => undefined);
}

/** A bureau with the sample's tables, and nothing in them; in this database, or one of its own. */
export async function sampleTables(engine: TestEngine, where?: string): Promise<DatabaseAdapter> {
  const url = where ?? (await engine.fresh('bureau'));
  const db = await engine.open(url);
  const batches = (await readFile(`config/bureau/sample.${engine.engine}.sql`, 'utf8')).split(engine.engine === 'mssql' ? /^GO\s*$/m : /(?!)/);
  for (const batch of batches) if (batch.trim() !== '') await db.source.query(batch);
  return db;
}

/** Sessions of a database that wait for a lock. */
export async function waitingSessions(database: DatabaseAdapter): Promise<string[]> {
  const { rows } = await database.run(raw(database.dialect.engine === 'postgres'
    ? `select pid as id from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    : 'select session_id as id from sys.dm_exec_requests where database_id = db_id() and blocking_session_id <> 0'));
  return rows.map((r) => String(r['id']));
}
