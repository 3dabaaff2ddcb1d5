import { randomBytes } from 'node:crypto';
import { appendFile, chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { parseDocument, type Document } from 'yaml';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../platform/embedded-postgres.adapter.js';
import { startSimulatedCenter, type SimulatedCenter } from '../center/simulated-center.adapter.js';
import { freePort } from '../../platform/free-port.adapter.js';
import { startRedisServer, type RedisServer } from '../servers/redis-server.adapter.js';
import { GatewayProcess } from './gateway-process.adapter.js';
import { readDeadlocks, type Deadlock } from './read-deadlocks.js';
import { askAgainMs, openOffice, stepLimits } from './storm-supervision.js';
import { WireProxy } from './wire-proxy.adapter.js';

/** A line of which a process has one; to the supervising side only where that takes part. */
export type Line = 'bureau' | 'ledger' | 'queue' | 'center' | 'provincial' | 'supervision';
type Lines = Readonly<Record<Exclude<Line, 'supervision'>, WireProxy>> & { readonly supervision?: WireProxy };

/** One process of the gateway with the lines on which it reaches everything else. */
export interface StormProcess {
  readonly role: 'scheduler' | 'worker' | 'api';
  readonly process: GatewayProcess;
  readonly lines: Lines;
}

export interface StormStackOptions {
  /** Everything is kept here. */
  readonly dir: string;
  readonly queue: 'redis' | 'postgres';
  /** Whether the supervising side is there as a third receiver. */
  readonly supervision: boolean;
  /** Of the lease; the default makes takeovers quick. */
  readonly leaseMs?: number | undefined;
  readonly say: (line: string) => void;
}

/** Values of config/default.yaml that let a storm settle in seconds instead of minutes; what they are in production is its own matter. */
const quickValues = (leaseMs: number): readonly (readonly [path: readonly string[], value: number | string])[] => [
  // Five processes share one server's connections, and a line that hangs must be noticed within the storm.
  [['ledger', 'poolSize'], 5],
  [['ledger', 'statementTimeoutMs'], 4_000],
  [['bureau', 'statementTimeoutMs'], 4_000],
  [['capture', 'pollEveryMs'], 300],
  [['capture', 'batchCases'], 50],
  [['capture', 'removalSweepEveryMs'], 2_500],
  [['relay', 'sweepEveryMs'], 300],
  [['relay', 'claimMs'], 5_000],
  [['render', 'batch'], 50],
  [['deliver', 'batch'], 50],
  [['retry', 'firstDelayMs'], 200],
  [['retry', 'maxDelayMs'], 2_000],
  [['retry', 'maxAttempts'], 1_000],
  // Kills strike blindly here: a message may be the innocent witness of many of them.
  [['retry', 'maxCrashes'], 1_000],
  [['breaker', 'probeEveryMs'], 1_000],
  [['lease', 'lengthMs'], leaseMs],
  [['collection', 'pollEveryMs'], 500],
  [['queue', 'lockMs'], 3_000],
  [['queue', 'stalledCheckMs'], 1_000],
  [['http', 'requestsPerMinute'], 100_000],
  [['supervision', 'everyMs'], 300],
  [['supervision', 'askAgainMs'], askAgainMs],
];

/** The gateway as it runs in production, process by process, with everybody it talks to. */
export class StormStack {
  readonly processes: StormProcess[] = [];
  /** For an administrator's commands: beside all lines that faults strike. */
  commandEnv: Readonly<Record<string, string>> = {};
  readonly centers: { readonly center: SimulatedCenter; readonly provincial: SimulatedCenter; readonly supervision?: SimulatedCenter };
  private constructor(
    readonly options: StormStackOptions,
    readonly bureauServer: { server: EmbeddedPostgres; readonly dataDir: string; readonly port: number },
    readonly ledgerServer: { server: EmbeddedPostgres; readonly dataDir: string; readonly port: number },
    readonly redis: RedisServer | undefined,
    center: SimulatedCenter,
    provincial: SimulatedCenter,
    supervision: SimulatedCenter | undefined,
    /** Between the center and the api. */
    readonly apiLine: WireProxy,
    /** How far the center's clock is off, milliseconds. */
    readonly skew: { ms: number },
    private readonly impostors: readonly SimulatedCenter[],
  ) {
    this.centers = { center, provincial, ...(supervision === undefined ? {} : { supervision }) };
  }

  static async start(options: StormStackOptions): Promise<StormStack> {
    const { dir, say } = options;
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o711); // PostgreSQL runs as a user of its own and must pass through
    say('starting two PostgreSQL servers, the queue, the receivers with their staging machines ...');
    const [bureauServer, ledgerServer] = [await startServer(path.join(dir, 'pg-bureau'), 'bureau'), await startServer(path.join(dir, 'pg-ledger'), 'ledger')];
    const redis = options.queue === 'redis' ? await startRedisServer({ appendonly: true }) : undefined;
    const apiPort = await freePort();
    const apiLine = await WireProxy.start({ host: '127.0.0.1', port: apiPort });
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const password = randomBytes(12).toString('hex');
    const skew = { ms: 0 };
    const receiver = (channel: string, own: string, stagingDir?: string): Promise<SimulatedCenter> =>
      startSimulatedCenter({
        channel, dir: path.join(dir, own), stagingDir, sftp: { username: 'bureau', password }, pollMs: 200, xsdDir: path.resolve('mappings'),
        ack: channel !== 'provincial' ? { http: { url: `http://127.0.0.1:${apiLine.port}/api/acknowledgements`, secret } } : { files: true },
        now: () => new Date(Date.now() + skew.ms),
      });
    const center = await receiver('center', 'center');
    const provincial = await receiver('provincial', 'provincial');
    const supervision = options.supervision ? await receiver('supervision', 'supervision') : undefined;
    // The same address with another host key: a machine that was exchanged, or somebody in the middle. It serves an empty directory.
    const impostor = await startSimulatedCenter({ channel: 'center', dir: path.join(dir, 'impostor'), sftp: { username: 'bureau', password }, pollMs: 60_000, ack: {} });
    const stack = new StormStack(options, bureauServer, ledgerServer, redis, center, provincial, supervision, apiLine, skew, [impostor]);
    const configDir = await quickConfig(dir, options.leaseMs ?? 4_000);
    const supervised: Record<string, string> = supervision === undefined ? {} : { SUPERVISION_CHANNEL: 'true', SUPERVISION_SFTP_HOST: '127.0.0.1', SUPERVISION_SFTP_PASSWORD: password, SUPERVISION_SFTP_HOST_KEY: supervision.sftp!.hostKeySha256, SUPERVISION_ACK_SECRET: secret };
    const supervisionPort = (port: number | undefined): Record<string, string> => (port === undefined ? {} : { SUPERVISION_SFTP_PORT: String(port) });
    const base = {
      GATEWAY_CONFIG_DIR: configDir, LOG_LEVEL: 'info', TZ: 'Asia/Shanghai',
      BUREAU_ENGINE: 'postgres', LEDGER_ENGINE: 'postgres', QUEUE_BACKEND: options.queue,
      CENTER_SFTP_HOST: '127.0.0.1', CENTER_SFTP_PASSWORD: password, CENTER_SFTP_HOST_KEY: center.sftp!.hostKeySha256, CENTER_ACK_SECRET: secret,
      PROVINCIAL_SFTP_HOST: '127.0.0.1', PROVINCIAL_SFTP_PASSWORD: password, PROVINCIAL_SFTP_HOST_KEY: provincial.sftp!.hostKeySha256, ...supervised,
    };
    const direct = { BUREAU_URL: stack.bureauUrl, LEDGER_URL: stack.ledgerUrl, QUEUE_URL: redis?.url ?? stack.ledgerUrl, CENTER_SFTP_PORT: String(center.sftp!.port), PROVINCIAL_SFTP_PORT: String(provincial.sftp!.port), ...supervisionPort(supervision?.sftp!.port) };
    stack.commandEnv = { ...base, ...direct, GATEWAY_INSTANCE: 'command-line' };
    const names = [['scheduler', 'scheduler-1'], ['scheduler', 'scheduler-2'], ['worker', 'worker-1'], ['worker', 'worker-2'], ['api', 'api']] as const;
    for (const [role, name] of names) {
      const own = await stack.lay();
      const env = {
        ...base, GATEWAY_INSTANCE: name, GATEWAY_ROLES: `[${role}]`, GATEWAY_PORT: role === 'api' ? String(apiPort) : '0',
        BUREAU_URL: through(bureauServer.server.url('bureau'), own.bureau.port), LEDGER_URL: through(ledgerServer.server.url('ledger'), own.ledger.port),
        QUEUE_URL: redis ? `redis://127.0.0.1:${own.queue.port}` : through(ledgerServer.server.url('ledger'), own.queue.port),
        CENTER_SFTP_PORT: String(own.center.port), PROVINCIAL_SFTP_PORT: String(own.provincial.port), ...supervisionPort(own.supervision?.port),
      };
      const logFile = path.join(dir, `${name}.log`);
      stack.processes.push({ role, process: new GatewayProcess({ name, env, logFile, restartMs: 300 }), lines: own });
    }
    return stack;
  }

  get bureauUrl(): string {
    return this.bureauServer.server.url('bureau');
  }

  get ledgerUrl(): string {
    return this.ledgerServer.server.url('ledger');
  }

  get impostor(): SimulatedCenter {
    return this.impostors[0]!;
  }

  of(role: StormProcess['role']): StormProcess[] {
    return this.processes.filter((p) => p.role === role);
  }

  /** Starts the gateway's processes and waits until each says that it runs. */
  async startGateway(): Promise<void> {
    this.options.say(`starting ${this.processes.length} gateway processes: ${this.processes.map((p) => p.process.name).join(', ')} ...`);
    for (const { process } of this.processes) await process.start();
    await until(async () => (await Promise.all(this.processes.map((p) => p.process.isUp()))).every(Boolean), 60_000, 'the gateway processes came up');
  }

  /** A server dies without a word (SIGQUIT to PostgreSQL is its immediate shutdown) and comes back after `downMs`. */
  async crashPostgres(which: 'bureau' | 'ledger', downMs: number): Promise<void> {
    const place = which === 'bureau' ? this.bureauServer : this.ledgerServer;
    const pid = Number((await readFile(path.join(place.server.dataDir, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    await until(() => !isAlive(pid), 20_000, `PostgreSQL of the ${which} ended`);
    await new Promise((resolve) => setTimeout(resolve, downMs));
    await appendFile(logBefore(place), await readFile(path.join(place.server.dataDir, 'server.log'))); // each start begins a new one
    place.server = await startEmbeddedPostgres({ dataDir: place.dataDir, port: place.port });
  }

  /** Transactions of the gateway that the ledger's server broke off because they waited for each other. */
  async deadlocks(): Promise<Deadlock[]> {
    const logs = await Promise.all([logBefore(this.ledgerServer), path.join(this.ledgerServer.server.dataDir, 'server.log')].map((file) => readFile(file, 'utf8').catch(() => '')));
    return readDeadlocks(logs.join(''));
  }

  /** Runs statements, which must bear being run twice, on the ledger server itself, beside all lines; while another fault has it down, it waits. */
  async onLedger(...statements: string[]): Promise<void> {
    let last: unknown;
    await until(async () => {
      const client = new pg.Client({ connectionString: this.ledgerUrl });
      client.on('error', () => undefined); // the statement that is under way fails with it
      try {
        await client.connect();
        for (const statement of statements) await client.query(statement);
        return true;
      } catch (error) {
        last = error;
        return false;
      } finally {
        await client.end().catch(() => undefined);
      }
    }, 60_000, 'the ledger took a statement of the storm').catch((error: unknown) => { throw new Error(String(error), { cause: last }); });
  }

  /** Everything ends; the folder stays. Returns what the processes' exit codes were. */
  async stop(): Promise<Record<string, number | null>> {
    const codes: Record<string, number | null> = {};
    await Promise.all(this.processes.map(async ({ process }) => { codes[process.name] = await process.stop(); }));
    for (const p of this.processes) for (const line of Object.values(p.lines)) await line.close();
    await this.apiLine.close();
    for (const c of [...Object.values(this.centers), ...this.impostors]) await c.stop();
    await this.redis?.stop();
    await this.bureauServer.server.stop();
    await this.ledgerServer.server.stop();
    return codes;
  }

  private async lay(): Promise<Lines> {
    const { bureauServer, ledgerServer, redis, centers } = this;
    const local = (port: number): { host: string; port: number } => ({ host: '127.0.0.1', port });
    return {
      bureau: await WireProxy.start(local(bureauServer.port)),
      ledger: await WireProxy.start(local(ledgerServer.port)),
      queue: await WireProxy.start(local(redis?.port ?? ledgerServer.port)),
      center: await WireProxy.start(local(centers.center.sftp!.port)),
      provincial: await WireProxy.start(local(centers.provincial.sftp!.port)),
      ...(centers.supervision === undefined ? {} : { supervision: await WireProxy.start(local(centers.supervision.sftp!.port)) }),
    };
  }
}

async function startServer(dataDir: string, database: string): Promise<{ server: EmbeddedPostgres; readonly dataDir: string; readonly port: number }> {
  const server = await startEmbeddedPostgres({ dataDir });
  await server.createDatabase(database);
  // The rows here are invented: the server may say which statements waited for each other.
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  await client.query(`alter database ${database} set log_error_verbosity = 'default'`);
  await client.end();
  return { server, dataDir, port: server.port };
}

const logBefore = (place: { readonly server: EmbeddedPostgres }): string => path.join(path.dirname(place.server.dataDir), `${path.basename(place.server.dataDir)}-before.log`);

/** config/ with quick values, in the run's own folder. */
async function quickConfig(dir: string, leaseMs: number): Promise<string> {
  const target = path.join(dir, 'config');
  await cp(path.resolve('config'), target, { recursive: true });
  await edit(path.join(target, 'default.yaml'), (settings) => {
    settings.setIn(['supervision', 'rulesDir'], path.join(target, 'supervision'));
    for (const [place, value] of quickValues(leaseMs)) {
      if (settings.getIn(place) === undefined) throw new Error(`config/default.yaml has no ${place.join('.')} any more`);
      settings.setIn(place, value);
    }
  });
  for (const channel of ['center', 'provincial', 'supervision']) await edit(path.join(target, 'channels', `${channel}.yaml`), (settings) => settings.setIn(['staging', 'sftp', 'operationTimeoutMs'], 5_000));
  await edit(path.join(target, 'calendar.yaml'), (calendar) => {
    const { hours, workingDays } = openOffice(Date.now());
    calendar.addIn(['hours'], hours);
    calendar.addIn(['workingDays'], workingDays);
  });
  await edit(path.join(target, 'supervision', 'hunan.yaml'), (rules) => rules.setIn(['versions', 0, 'steps'], { limits: stepLimits, yellow: { overBy: 0 } }));
  return target;
}

async function edit(file: string, change: (document: Document) => void): Promise<void> {
  const document = parseDocument(await readFile(file, 'utf8'));
  change(document);
  await writeFile(file, document.toString());
}

function through(url: string, port: number): string {
  const parsed = new URL(url);
  parsed.port = String(port);
  return parsed.toString();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // gone
  }
}

/** Waits for a condition; throws with `what` when it does not come. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs: number, what: string): Promise<number> {
  const started = Date.now();
  while (!(await condition())) {
    if (Date.now() - started > limitMs) throw new Error(`waited ${Math.round(limitMs / 1000)} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return Date.now() - started;
}
