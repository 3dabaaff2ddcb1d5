import 'reflect-metadata';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import pg from 'pg';
import type { Settings } from '../domain/settings.js';
import { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import { CapturePollers } from '../capture/capture.module.js';
import { bureauTime } from '../domain/bureau-time.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { startGateway, type RunningGateway } from '../start-gateway.js';
import { loadCatalogue } from './bureau/catalogue.adapter.js';
import { SampleBureauAdapter } from './bureau/sample-bureau.adapter.js';
import { benchClock, clockHelp } from './bench-clock.js';
import { benchOps, opsHelp } from './bench-ops.js';
import { benchReconcile, reconcileHelp } from './bench-reconcile.js';
import { configure, openDatabases, type Databases } from './open-stack.adapter.js';
import { feedBureau } from './feed-bureau.adapter.js';
import { readArguments } from './read-arguments.adapter.js';
import { startDelayProxy } from './servers/delay-proxy.adapter.js';
import { startOpenSshServer, type OpenSshServer } from './servers/openssh-server.adapter.js';
import { startRedisServer, type RedisServer } from './servers/redis-server.adapter.js';
import { sftpBatch } from './sftp-batch.adapter.js';
import { tallyCpu, tellCpu } from './tally-cpu.adapter.js';

const help = `npm run bench [-- options]
npm run bench -- reconcile --help    returned records against charges, at a million each
npm run bench -- clock --help        clocks of open cases recomputed at a calendar change
npm run bench -- ops --help          searches of the ops page at a million exchanges, while the gateway works
Cases from bureau rows to verified, renamed files on a real OpenSSH staging machine, against \`sftp -b\` (put and rename) of
the same finished files in the same run.
  --cases N     cases per round (default 2000)
  --rounds N    rounds; medians are reported (default 3)
  --queue Q     redis | postgres | both (default both)
  --far N       files of the part with 20 ms round trip (default 200, 0 leaves it out)
  --idle N      bare cases in the bureau for the idle poll (default 1000000, 0 leaves it out)
  --fsync       flush each file to the staging machine's disk before its rename (sftp -b does not)
  --short       300 cases, 1 round, redis, no far part, 20000 bare cases
  --json        the figures as JSON
`;
const { values, positionals } = readArguments({ allowPositionals: true, options: { rows: { type: 'string' }, rate: { type: 'string' }, items: { type: 'string' }, day: { type: 'string' }, cases: { type: 'string' }, rounds: { type: 'string' }, queue: { type: 'string' }, far: { type: 'string' }, idle: { type: 'string' }, short: { type: 'boolean' }, fsync: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }, help);
const number = (text: string | undefined, otherwise: number): number => {
  const n = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(n) || n < 0) {
    process.stderr.write(`expected a whole number, not '${text}'\n${help}`);
    process.exit(2);
  }
  return n;
};
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const round = (n: number, digits = 2): number => Number(n.toFixed(digits));

interface Round {
  readonly gatewayS: number;
  readonly firstFileS: number;
  readonly latencyP50S: number;
  readonly latencyP95S: number;
  readonly cpuS: number;
  readonly rssMb: number;
  readonly bytes: number;
  readonly stages: string;
  readonly sftpS: number;
}

interface Stand {
  readonly dir: string;
  readonly databases: Databases;
  readonly bureau: SampleBureauAdapter;
  readonly ssh: OpenSshServer;
  readonly settings: Settings;
  readonly gateway: RunningGateway;
  readonly view: ExchangeViewStore;
  close(): Promise<void>;
}

/** Removed at the very end: a file system that has just lost ten thousand files makes new ones slowly, for whoever is measured next. */
const leftBehind: string[] = [];
process.once('exit', () => { for (const dir of leftBehind) rmSync(dir, { recursive: true, force: true }); });

/** A whole gateway of one process on real parts, durable as in production, with one channel and one message per case. */
async function stand(queue: 'redis' | 'postgres', rttMs: number): Promise<Stand> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-bench-'));
  const databases = await openDatabases({ durable: true });
  await mkdir(path.join(dir, 'staging'));
  const ssh = await startOpenSshServer({ dir: path.join(dir, 'staging') });
  const proxy = rttMs > 0 ? await startDelayProxy(ssh, rttMs / 2) : undefined;
  const redis: RedisServer | undefined = queue === 'redis' ? await startRedisServer({ appendonly: true }) : undefined;
  const bureau = new SampleBureauAdapter(databases.bureauUrl);
  await bureau.createSchema();
  await bureau.writeCatalogue(loadCatalogue());
  const { settings, mappings } = configure({
    GATEWAY_PORT: '0', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
    BUREAU_ENGINE: 'postgres', BUREAU_URL: databases.bureauUrl, LEDGER_ENGINE: 'postgres', LEDGER_URL: databases.ledgerUrl,
    QUEUE_BACKEND: queue, QUEUE_URL: redis?.url ?? databases.ledgerUrl,
    CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_PORT: String(proxy?.port ?? ssh.port), CENTER_SFTP_USER: ssh.username, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256,
    CENTER_ACK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    PROVINCIAL_SFTP_HOST: '127.0.0.1', PROVINCIAL_SFTP_KEY: ssh.privateKeyFile, PROVINCIAL_SFTP_HOST_KEY: ssh.hostKeySha256,
  });
  const benched: Settings = {
    ...settings,
    channels: settings.channels.filter((c) => c.channel === 'center').map((c) => ({ ...c, messages: { application: c.messages['application']! }, staging: { ...c.staging, fsync: values.fsync === true } })),
    capture: { ...settings.capture, pollEveryMs: 100 },
  };
  const gateway = await startGateway({ settings: benched, mappings: mappings.filter((m) => m.channel === 'center' && m.event === 'application') });
  const view = gateway.app.get(ExchangeViewStore, { strict: false });
  return {
    dir, databases, bureau, ssh, settings: benched, gateway, view,
    async close() {
      await gateway.stop();
      await bureau.close();
      await proxy?.close();
      await redis?.stop();
      await ssh.stop();
      await databases.postgres.stop();
      leftBehind.push(dir);
    },
  };
}

/** What autovacuum does in the first minute of a database's life; without it plans are made for empty tables. */
async function gatherStatistics({ databases }: Stand): Promise<void> {
  for (const connectionString of [databases.bureauUrl, databases.ledgerUrl]) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query('analyze');
    await client.end();
  }
}

/** Exchanges that this gateway staged since it started. */
async function stagedSoFar(s: Stand): Promise<number> {
  const { values: found } = await s.gateway.app.get(MetricsAdapter, { strict: false }).moves.get();
  return found.filter((v) => v.labels['state'] === 'staged').reduce((sum, v) => sum + v.value, 0);
}

/** One round: cases committed in the bureau at once, until every file is staged; then `sftp -b` of the same files. */
async function oneRound(s: Stand, first: number, cases: number): Promise<Round> {
  const client = new pg.Client({ connectionString: s.databases.ledgerUrl });
  await client.connect();
  const before = await stagedSoFar(s);
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 250);
  const floor = String((await client.query<{ id: string }>('select coalesce(max(id), 0) as id from exchange')).rows[0]!.id);
  // An open transaction holds the watermark back while the rows go in; its end is the moment at which all of them count.
  const holder = new pg.Client({ connectionString: s.databases.bureauUrl });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select pg_current_xact_id()');
  // Applied for today, as a burst is: cases that are weeks old would bring warnings and cards, which are no part of the way to the center.
  await feedBureau({ bureauUrl: s.databases.bureauUrl, first, cases, appliedAt: bureauTime(new Date()), targetBytes: 6_000 });
  const [cpu, servers] = [process.cpuUsage(), tallyCpu()];
  await holder.query('commit');
  const committed = Date.now();
  await holder.end();
  // Progress is read from the gateway's own counter: asking the ledger costs both sides time. What counts is read from it afterwards.
  for (let known = 0, since = committed; known < cases; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = (await stagedSoFar(s)) - before;
    if (now !== known) since = Date.now();
    known = now;
    if (Date.now() - since > 30_000) throw new Error(`nothing was staged for 30 s, ${known} of ${cases} are; see the states: ${JSON.stringify(await s.view.counts())}`);
  }
  clearInterval(watch);
  const used = process.cpuUsage(cpu);
  const serversS = tellCpu(servers);
  const ids = `e.id > ${floor}`;
  const times = await client.query<{ first: Date; last: Date; p50: string; p95: string }>(
    `select min(m.staged_at) as first, max(m.staged_at) as last,
      percentile_cont(0.5) within group (order by extract(epoch from m.staged_at)) as p50, percentile_cont(0.95) within group (order by extract(epoch from m.staged_at)) as p95
      from exchange e join manifest m on m.channel = e.channel and m.seq = e.manifest_seq where ${ids}`,
  );
  const stage = await client.query<{ captured: Date; rendered: Date; files: string; bytes: string }>(
    `select max(e.captured_at) as captured, max(g.rendered_at) as rendered, count(*) as files, sum(g.size) as bytes from exchange e join message g on g.exchange_id = e.id where ${ids}`,
  );
  const t = times.rows[0]!;
  const g = stage.rows[0]!;
  if (Number(g.files) !== cases) throw new Error(`${g.files} of ${cases} messages stand in the ledger`);
  const seconds = (at: Date | number): number => (Number(at) - committed) / 1000;
  const bytes = Number(g.bytes);
  const files = await client.query<{ file_name: string; content: Buffer }>(`select e.file_name, g.content from exchange e join message g on g.exchange_id = e.id where ${ids} order by e.id`);
  await client.end();
  const sftpS = await sftpBatch(s.dir, s.ssh, files.rows, s.settings.channels[0]!.staging.sftp!.port);
  return {
    gatewayS: seconds(t.last), firstFileS: seconds(t.first), latencyP50S: round(Number(t.p50) - committed / 1000), latencyP95S: round(Number(t.p95) - committed / 1000),
    cpuS: (used.user + used.system) / 1e6, rssMb: peak / 1048576, bytes,
    stages: `captured ${round(seconds(g.captured))} s, rendered ${round(seconds(g.rendered))} s, staged ${round(seconds(t.last))} s; CPU s: gateway ${round((used.user + used.system) / 1e6)}, ${serversS}`, sftpS,
  };
}

/** Milliseconds of a poll that finds nothing, median of 30. */
async function idlePoll(s: Stand): Promise<number> {
  const poller = s.gateway.app.get(CapturePollers, { strict: false }).byStream.get('case')!;
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    const started = process.hrtime.bigint();
    await poller.poll(() => Promise.resolve(true));
    times.push(Number(process.hrtime.bigint() - started) / 1e6);
  }
  return median(times);
}

async function main(): Promise<void> {
  const cases = number(values.cases, values.short ? 300 : 2000);
  const rounds = number(values.rounds, values.short ? 1 : 3);
  const far = number(values.far, values.short ? 0 : 200);
  const idle = number(values.idle, values.short ? 20_000 : 1_000_000);
  const queue = values.queue ?? (values.short ? 'redis' : 'both');
  const figures: Record<string, unknown> = { node: process.version, cpus: os.cpus().length, cases, rounds, fsync: values.fsync === true };
  const table = new Table({ head: ['', 'cases/s', 'gateway s', 'sftp -b s', 'times sftp -b', 'first file s', 'commit→staged p50/p95 s', 'CPU s', 'peak MB'], style: { head: [], border: [] } });
  const describe = (label: string, list: readonly Round[]): void => {
    const m = (f: (r: Round) => number): number => median(list.map(f));
    const ratio = median(list.map((r) => r.sftpS / r.gatewayS));
    const row = { casesPerS: round(cases / m((r) => r.gatewayS), 0), gatewayS: round(m((r) => r.gatewayS)), sftpS: round(m((r) => r.sftpS)), ratio: round(ratio), firstFileS: round(m((r) => r.firstFileS)), p50: m((r) => r.latencyP50S), p95: m((r) => r.latencyP95S), cpuS: round(m((r) => r.cpuS)), rssMb: round(m((r) => r.rssMb), 0), averageBytes: round(m((r) => r.bytes) / cases, 0), stages: list.map((r) => `${r.stages}; sftp -b ${round(r.sftpS)} s: ${round(r.sftpS / r.gatewayS)} times`) };
    figures[label] = row;
    table.push([label, row.casesPerS, row.gatewayS, row.sftpS, row.ratio, row.firstFileS, `${row.p50} / ${row.p95}`, row.cpuS, row.rssMb]);
  };

  for (const q of queue === 'both' ? (['redis', 'postgres'] as const) : [queue as 'redis' | 'postgres']) {
    const warmUps = values.short ? 1 : 2;
    say(`${cases} cases through ${q}, ${rounds} rounds after ${warmUps} to warm up ...`);
    const s = await stand(q, 0);
    try {
      for (let i = 0; i < warmUps; i++) await oneRound(s, 1 + cases * i, cases);
      await gatherStatistics(s);
      const list: Round[] = [];
      for (let i = 0; i < rounds; i++) list.push(await oneRound(s, 1 + cases * (warmUps + i), cases));
      describe(q, list);
    } finally {
      await s.close();
    }
  }
  if (far > 0) {
    say(`${far} cases through a link with 20 ms round trip ...`);
    const s = await stand('redis', 20);
    try {
      await oneRound(s, 1, Math.min(far, 100)); // enough for the rendering thread to be there
      const r = await oneRound(s, 10_000, far);
      figures['far'] = { files: far, gatewayS: round(r.gatewayS), sftpS: round(r.sftpS), ratio: round(r.sftpS / r.gatewayS, 1) };
      table.push([`20 ms, ${far} files`, round(far / r.gatewayS, 0), round(r.gatewayS), round(r.sftpS), round(r.sftpS / r.gatewayS, 1), round(r.firstFileS), `${r.latencyP50S} / ${r.latencyP95S}`, round(r.cpuS), round(r.rssMb, 0)]);
    } finally {
      await s.close();
    }
  }
  if (idle > 0) {
    say(`idle poll at 1,000 and at ${idle} cases ...`);
    const s = await stand('postgres', 0);
    try {
      // As after the first taking in: the watermark stands at the end of what the bureau has.
      const settle = async (): Promise<void> => {
        await s.gateway.app.get(CapturePollers, { strict: false }).byStream.get('case')!.poll(() => Promise.resolve(false));
        const bureau = new pg.Client({ connectionString: s.databases.bureauUrl });
        const ledger = new pg.Client({ connectionString: s.databases.ledgerUrl });
        await bureau.connect();
        await ledger.connect();
        const { rows } = await bureau.query<{ mark: string }>('select pg_snapshot_xmin(pg_current_snapshot())::text as mark');
        const stream = s.settings.streamDefinitions[0]!;
        const position = Object.fromEntries([stream.table, ...Object.keys(stream.children)].map((name) => [name, [rows[0]!.mark, '']]));
        await ledger.query('update watermark set position = $1, position_version = position_version + 1', [JSON.stringify(position)]);
        await bureau.query('analyze land_case');
        await bureau.end();
        await ledger.end();
      };
      await s.bureau.fillBareCases(1_000);
      await settle();
      const small = await idlePoll(s);
      await s.bureau.fillBareCases(idle - 1_000);
      await settle();
      const large = await idlePoll(s);
      figures['idlePollMs'] = { at1000: round(small), [`at${idle}`]: round(large), ratio: round(large / small) };
      say(`  ${round(small)} ms and ${round(large)} ms`);
    } finally {
      await s.close();
    }
  }
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : `${table.toString()}\n${JSON.stringify({ stages: Object.entries(figures).flatMap(([k, v]) => ((v as { stages?: string[] }).stages ?? []).map((t) => `${k}: ${t}`)), idlePollMs: figures['idlePollMs'] }, null, 2)}\n`);
}

const reconcile = positionals[0] === 'reconcile';
const clocks = positionals[0] === 'clock';
const ops = positionals[0] === 'ops';
if (values.help) process.stdout.write(reconcile ? reconcileHelp : clocks ? clockHelp : ops ? opsHelp : help);
else
  (ops
    ? benchOps({ rows: number(values.rows, values.short ? 20_000 : 1_000_000), rounds: number(values.rounds, values.short ? 8 : 60), rate: number(values.rate, 20), json: values.json === true })
    : clocks
    ? benchClock({ cases: number(values.cases, values.short ? 5_000 : 100_000), rounds: number(values.rounds, values.short ? 1 : 3), json: values.json === true })
    : reconcile
    ? benchReconcile({ items: number(values.items, values.short ? 20_000 : 1_000_000), day: number(values.day, values.short ? 1_000 : 10_000), rounds: number(values.rounds, values.short ? 1 : 3), json: values.json === true })
    : main()
  ).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`The bench stopped: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
