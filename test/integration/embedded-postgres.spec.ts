import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/embedded-postgres.adapter.js';

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const refused = async (url: string): Promise<boolean> => ask(url, 'SELECT 1').then(() => false, (error: Error) => /ECONNREFUSED/.test(String(error)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'gateway-test-'));
  await chmod(folder, 0o755); // as root the server runs as another user, who must be able to pass
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('a temporary server', () => {
  let server: EmbeddedPostgres;
  beforeAll(async () => { server = await startEmbeddedPostgres({ durable: false }); });
  afterAll(async () => server.stop());

  test('is UTF-8 with plain byte order, asks for the password, listens on loopback only', async () => {
    const [row] = await ask(server.url('postgres'), `SELECT current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses,
      current_setting('unix_socket_directories') AS sockets, current_setting('fsync') AS fsync, 'B' < 'a' AS bytewise,
      (SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules) AS scram`);
    expect(row).toEqual({ encoding: 'UTF8', addresses: '127.0.0.1', sockets: '', fsync: 'off', bytewise: true, scram: true });
    const wrong = server.url('postgres').replace(/:[^:@]+@/, ':wrong@');
    await expect(ask(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  test('listens where no outgoing connection can take its port while it is down', () => {
    expect(server.port).toBeGreaterThanOrEqual(12_000);
    expect(server.port).toBeLessThan(32_768);
  });

  test('makes a database once, also when asked at the same time', async () => {
    await Promise.all([server.createDatabase('ledger'), server.createDatabase('ledger'), server.createDatabase('ledger')]);
    await server.createDatabase('ledger');
    expect(await ask(server.url('ledger'), 'SELECT current_database() AS name')).toEqual([{ name: 'ledger' }]);
    await expect(server.createDatabase('x"; DROP DATABASE ledger; --')).rejects.toThrow(/not a database name/);
  });

  test('keeps what a row says out of its log', async () => {
    await ask(server.url('postgres'), 'CREATE TABLE secret (name text PRIMARY KEY)');
    await ask(server.url('postgres'), "INSERT INTO secret VALUES ('not-for-the-log')");
    await expect(ask(server.url('postgres'), "INSERT INTO secret VALUES ('not-for-the-log')")).rejects.toThrow(/duplicate key/);
    const log = await readFile(path.join(server.dataDir, 'server.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('not-for-the-log');
  });

  test('leaves nothing behind', async () => {
    const other = await startEmbeddedPostgres({ durable: false });
    await other.stop();
    await other.stop();
    await expect(stat(other.dataDir)).rejects.toThrow(/ENOENT/);
    expect(await refused(other.url('postgres'))).toBe(true);
  });
});

describe('a server with a folder', () => {
  test('goes on where it stopped; only its user reads the password; a second one on the folder is refused', async () => {
    const dataDir = path.join(folder, 'kept');
    const first = await startEmbeddedPostgres({ dataDir, durable: false });
    await first.createDatabase('ledger');
    await ask(first.url('ledger'), 'CREATE TABLE kept AS SELECT 42 AS answer');
    await expect(startEmbeddedPostgres({ dataDir, durable: false })).rejects.toThrow(/is in use by a running PostgreSQL/);
    expect((await stat(path.join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
    await first.stop();
    const second = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await ask(second.url('ledger'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('ends when its starter is killed, and starts again on what was left', async () => {
    const dataDir = path.join(folder, 'orphan');
    const first = await startEmbeddedPostgres({ dataDir, durable: false });
    await first.stop();
    // The starter must be another process; the built-in loader cannot read TypeScript, so it runs what swc makes of it.
    const starter = await compileStarter(dataDir);
    const child = spawn(process.execPath, [starter], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (line: Buffer) => { resolve(line.toString().trim()); });
      child.once('exit', (code) => { reject(new Error(`ended with ${code}`)); });
    });
    expect(await ask(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
    await until(() => refused(url), 'the server ends');
    const again = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await ask(again.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await again.stop();
  });

  test('clears the lock of a server that was killed, also when its pid is another program now', async () => {
    const dataDir = path.join(folder, 'stale');
    await (await startEmbeddedPostgres({ dataDir, durable: false })).stop();
    await writeFile(path.join(dataDir, 'cluster', 'postmaster.pid'), `${process.pid}\n/elsewhere\n1\n5432\n\n127.0.0.1\n\nready\n`);
    const again = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(await ask(again.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await again.stop();
  });

  test('says when the port is taken and when the folder holds other things', async () => {
    const first = await startEmbeddedPostgres({ durable: false });
    await expect(startEmbeddedPostgres({ durable: false, port: first.port })).rejects.toThrow(`port ${first.port} of 127.0.0.1 is taken by another program`);
    await first.stop();
    const filled = path.join(folder, 'filled');
    await mkdir(filled);
    await writeFile(path.join(filled, 'letter.txt'), '');
    await expect(startEmbeddedPostgres({ dataDir: filled })).rejects.toThrow(/holds other things/);
  });
});

async function compileStarter(dataDir: string): Promise<string> {
  const { transformFile } = await import('@swc/core');
  const out = await mkdtemp(path.resolve('.cache', 'starter-')); // below the repository, so that node_modules is found
  starters.push(out);
  for (const name of ['embedded-postgres.adapter', 'free-port.adapter', 'postgres-binaries.adapter']) {
    const { code } = await transformFile(path.resolve('src/platform', `${name}.ts`), { swcrc: true });
    await writeFile(path.join(out, `${name}.js`), code);
  }
  const main = path.join(out, 'main.js');
  await writeFile(main, `import { startEmbeddedPostgres } from './embedded-postgres.adapter.js';
const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
console.log(server.url('postgres'));
setInterval(() => undefined, 1000);\n`);
  return main;
}

const starters: string[] = [];
afterAll(async () => { for (const starter of starters) await rm(starter, { recursive: true, force: true }); });
