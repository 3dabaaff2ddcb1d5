import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.adapter.js';
import { canEnterFolder, canUseFolder, chooseRunAs, findPostgresBinaries, type RunAs } from './postgres-binaries.adapter.js';

export interface EmbeddedPostgresOptions {
  /** Folder of the cluster, its password and its log; kept between runs. Without it: a temporary one, removed when it ends. */
  readonly dataDir?: string | undefined;
  /** Without it any free loopback port. */
  readonly port?: number | undefined;
  /** False: does not flush to disk. For tests only, a power cut ruins the cluster. */
  readonly durable?: boolean | undefined;
  /** Gets the few lines that a person should read (a copy was made, another folder was taken); silent by default. */
  readonly log?: ((line: string) => void) | undefined;
}

/** A PostgreSQL of our own on 127.0.0.1; it ends with `stop()` and also when this process dies, however it dies. */
export interface EmbeddedPostgres {
  readonly port: number;
  /** Where the data really is, which is another place than asked for when the server's user cannot reach that. */
  readonly dataDir: string;
  /** Connection address of a database, with the password in it: never log it. */
  url(database: string): string;
  /** Makes the database unless it is there. */
  createDatabase(name: string): Promise<void>;
  /** Fast shutdown: open transactions are rolled back, connections closed, data flushed. Twice is harmless. */
  stop(): Promise<void>;
}

const user = 'gateway';
const startLimitMs = 120_000;
const stopLimitMs = 30_000;

// The shell outlives us just long enough: it holds the reading end of a pipe whose writing end only we have. When we end it or
// die, even of SIGKILL, the read returns and the server gets a fast shutdown. The shell has a session of its own, so that
// Ctrl-C reaches the gateway alone, which then stops the database last.
const guardScript = `
exec 3<&0 </dev/null
"$@" 3<&- >"$GUARD_LOG" 2>&1 &
server=$!
( read -r _ <&3; kill -INT "$server" ) 2>/dev/null &
watch=$!
exec 3<&-
trap 'kill -INT "$server" 2>/dev/null' INT TERM HUP
wait "$server"; code=$?
while kill -0 "$server" 2>/dev/null; do wait "$server"; code=$?; done
kill "$watch" 2>/dev/null
[ "$code" != 0 ] || [ -z "$GUARD_REMOVE" ] || rm -rf -- "$GUARD_REMOVE"
exit "$code"
`;

/** Starts (and the first time creates) the cluster; throws with the server's own words when it does not come up. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const started = await startOnPort(port, options);
    if (typeof started !== 'string') return started;
    const portTaken = /Address already in use|could not bind/.test(started);
    // A free port may be taken between our look and the server's start.
    if (portTaken && options.port === undefined && attempt < 5) continue;
    throw new Error(portTaken ? `port ${port} of 127.0.0.1 is taken by another program` : `the embedded PostgreSQL did not start: ${started}`);
  }
}

/** The server, or why it did not come up. */
async function startOnPort(port: number, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres | string> {
  if (os.platform() === 'win32') throw new Error('the embedded PostgreSQL runs on Linux and macOS; on Windows use WSL, Docker, or a PostgreSQL or SQL Server address');
  const log = options.log ?? (() => undefined);
  const chosen = chooseRunAs();
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir === undefined ? await makeTemporaryFolder(chosen) : await reachableFolder(path.resolve(options.dataDir), chosen, log);
  const present = await readdir(dataDir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  if (present.length > 0 && !present.includes('cluster')) throw new Error(`${dataDir} holds other things than a database of ours: choose a folder of its own`);
  // The owner of the data is who must run it, also when an OS user named postgres came or went since.
  const runAs = temporary ? chosen : ((await ownerOf(dataDir, chosen)) ?? chosen);
  const native = await findPostgresBinaries(runAs, log);
  const clusterDir = path.join(dataDir, 'cluster');
  if (!present.includes('cluster')) await createCluster(native, dataDir, temporary, runAs, options.durable ?? true);
  const leftBehind = await waitForFreeCluster(clusterDir);
  const password = (await readFile(path.join(dataDir, 'password'), 'utf8')).trim();

  const logFile = path.join(dataDir, 'server.log');
  const guard = spawn('/bin/sh', ['-c', guardScript, 'sh', path.join(native, 'bin', 'postgres'), '-D', clusterDir, '-p', String(port), ...serverFlags(options.durable ?? true)], {
    cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', GUARD_LOG: logFile, GUARD_REMOVE: temporary ? dataDir : '' }, ...runAs,
  });
  guard.stdin?.on('error', () => undefined); // the pipe breaks when the server ended by itself; 'exit' tells that
  const problem = await waitUntilReady(guard, clusterDir, logFile, leftBehind);
  if (problem !== undefined && temporary) await rm(dataDir, { recursive: true, force: true });
  return problem ?? runningServer(guard, { port, password, dataDir, clusterDir });
}

function runningServer(guard: ChildProcess, at: { port: number; password: string; dataDir: string; clusterDir: string }): EmbeddedPostgres {
  // A forgotten stop() must not keep this process alive: when it ends, the guard ends the server.
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  let stopping: Promise<void> | undefined;
  const url = (database: string): string => `postgres://${user}:${at.password}@127.0.0.1:${at.port}/${database}`;
  return {
    port: at.port,
    dataDir: at.dataDir,
    url,
    async createDatabase(name) {
      if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a database name: ${name}`);
      const client = new pg.Client({ connectionString: url('postgres') });
      await client.connect();
      try {
        const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
        if (found.rowCount === 0) await client.query(`CREATE DATABASE "${name}"`);
      } catch (error) {
        // 42P04 and 23505: another process made it between the two statements.
        if (!['42P04', '23505'].includes(String((error as { code?: unknown }).code))) throw error;
      } finally {
        await client.end();
      }
    },
    stop() {
      stopping ??= stopServer(guard, at.clusterDir);
      return stopping;
    },
  };
}

async function stopServer(guard: ChildProcess, clusterDir: string): Promise<void> {
  if (guard.exitCode !== null || guard.signalCode !== null) return;
  guard.ref();
  const ended = new Promise<void>((resolve) => guard.once('exit', () => { resolve(); }));
  guard.stdin?.end();
  const limit = new AbortController();
  const force = pause(stopLimitMs, 'late' as const, { signal: limit.signal }).catch(() => 'ended' as const);
  if ((await Promise.race([ended, force])) === 'late') {
    const lock = await readLock(clusterDir);
    if (lock !== undefined) process.kill(lock.pid, 'SIGQUIT');
    await ended;
  }
  limit.abort();
}

function serverFlags(durable: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', timezone: 'UTC', log_timezone: 'UTC',
    // Terse and without the statement: a unique violation's detail would write personal data to the log.
    log_checkpoints: 'off', log_error_verbosity: 'terse', log_min_error_statement: 'panic', log_min_messages: 'warning',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Made beside its place and moved there whole, so that an interrupted first start leaves nothing half made. */
async function createCluster(native: string, dataDir: string, temporary: boolean, runAs: RunAs | undefined, durable: boolean): Promise<void> {
  const fresh = temporary ? dataDir : `${dataDir}.new-${process.pid}`;
  if (!temporary) {
    await removeAbandoned(dataDir);
    await mkdir(fresh, { mode: 0o700 });
    if (runAs) await chown(fresh, runAs.uid, runAs.gid);
  }
  const passwordFile = path.join(fresh, 'password');
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (runAs) await chown(passwordFile, runAs.uid, runAs.gid);
  const initdb = spawnSync(
    path.join(native, 'bin', 'initdb'),
    ['-D', path.join(fresh, 'cluster'), `--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync'])],
    { encoding: 'utf8', cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...runAs },
  );
  if (initdb.status !== 0) {
    await rm(fresh, { recursive: true, force: true });
    throw new Error(`the embedded PostgreSQL could not create its data: ${initdb.error?.message ?? (initdb.stderr.trim() || initdb.stdout.trim())}`);
  }
  if (temporary) return;
  await rename(fresh, dataDir).catch(async (error: NodeJS.ErrnoException) => {
    await rm(fresh, { recursive: true, force: true });
    // Another process was faster; whether it still runs is found out next.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

async function removeAbandoned(dataDir: string): Promise<void> {
  const prefix = `${path.basename(dataDir)}.new-`;
  for (const name of await readdir(path.dirname(dataDir))) {
    if (!name.startsWith(prefix) || isAlive(Number(name.slice(prefix.length)))) continue;
    await rm(path.join(path.dirname(dataDir), name), { recursive: true, force: true });
  }
}

async function makeTemporaryFolder(runAs: RunAs | undefined): Promise<string> {
  const parent = canUseFolder(os.tmpdir(), runAs) ? os.tmpdir() : '/var/tmp';
  const folder = await mkdtemp(path.join(parent, 'gateway-pg-'));
  if (runAs) await chown(folder, runAs.uid, runAs.gid);
  return folder;
}

/** The folder asked for, or one under /var/tmp when the server's user cannot pass through its parents (a clone in /root). */
async function reachableFolder(wanted: string, runAs: RunAs | undefined, log: (line: string) => void): Promise<string> {
  const parent = path.dirname(wanted);
  await mkdir(parent, { recursive: true });
  if (runAs === undefined || canEnterFolder(parent, runAs)) return wanted;
  const key = createHash('sha256').update(await realpath(parent)).update('\0').update(path.basename(wanted)).digest('hex').slice(0, 12);
  const folder = path.join(canUseFolder('/var/tmp', runAs) ? '/var/tmp' : os.tmpdir(), `gateway-postgres-data-${key}`);
  const found = await lstat(folder).catch(() => undefined);
  // Anybody may make folders there: data that somebody else laid out is not ours.
  if (found !== undefined && (!found.isDirectory() || found.uid !== runAs.uid)) throw new Error(`${folder} belongs to another user; remove it`);
  log(`the database's data is in ${folder}, because its user cannot reach ${wanted}`);
  return folder;
}

async function ownerOf(dataDir: string, runAs: RunAs | undefined): Promise<RunAs | undefined> {
  if (runAs === undefined) return undefined;
  const found = await lstat(dataDir).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.uid === 0) {
    // An empty folder that the caller made beforehand.
    await chown(dataDir, runAs.uid, runAs.gid);
    return runAs;
  }
  return { uid: found.uid, gid: found.gid };
}

interface Lock {
  readonly pid: number;
  /** Pid and start time: tells one run of the server from another. */
  readonly run: string;
  readonly state: string;
}

/** What PostgreSQL writes in postmaster.pid: pid in line 1, start time in 3, state in 8. */
async function readLock(clusterDir: string): Promise<Lock | undefined> {
  const text = await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), run: `${lines[0] ?? ''} ${lines[2] ?? ''}`, state: lines[7]?.trim() ?? '' };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Passes when nobody runs the cluster; waits for one that is just stopping. Returns the lock that a killed one left. */
async function waitForFreeCluster(clusterDir: string): Promise<Lock | undefined> {
  const until = Date.now() + stopLimitMs;
  for (;;) {
    const lock = await readLock(clusterDir);
    if (lock === undefined || !isAlive(lock.pid)) return lock; // PostgreSQL clears a dead one's lock itself
    // PostgreSQL only asks whether the pid is there and would refuse for ever when it went to another program since, or is
    // one that nobody collected in a container (its command line is empty). Where there is no /proc we believe the pid.
    const commandLine = await readFile(`/proc/${lock.pid}/cmdline`, 'utf8').catch(() => undefined);
    if (commandLine !== undefined && path.basename(commandLine.split('\0')[0] ?? '') !== 'postgres') {
      await rm(path.join(clusterDir, 'postmaster.pid'), { force: true });
      return undefined;
    }
    if (lock.state !== 'stopping' || Date.now() > until) throw new Error(`${path.dirname(clusterDir)} is in use by a running PostgreSQL (process ${lock.pid}): stop the other gateway or demo first`);
    await pause(20);
  }
}

/** Undefined when it accepts connections, else why not. */
async function waitUntilReady(guard: ChildProcess, clusterDir: string, logFile: string, leftBehind: Lock | undefined): Promise<string | undefined> {
  let ended: string | undefined;
  guard.once('error', (error) => { ended = error.message; });
  guard.once('exit', (code, signal) => { ended = `ended with ${code ?? signal}`; });
  const until = Date.now() + startLimitMs;
  for (;;) {
    if (ended !== undefined) return `${ended}; ${(await readFile(logFile, 'utf8').catch(() => '')).split('\n').slice(-8).join(' ').trim()}`;
    const lock = await readLock(clusterDir);
    if (lock?.state === 'ready' && lock.run !== leftBehind?.run) return undefined;
    if (Date.now() > until) {
      guard.stdin?.end();
      return `not ready after ${startLimitMs / 1000} s`;
    }
    await pause(10);
  }
}
