import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { Settings } from '../../src/domain/settings.js';
import { startSimulatedCenter, type SimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { checkStorm } from '../../src/simulator/chaos/check-storm.js';
import { countUnsettled } from '../../src/simulator/chaos/count-unsettled.adapter.js';
import { readBureauWitness } from '../../src/simulator/chaos/read-bureau-witness.adapter.js';
import { readCenterWitness } from '../../src/simulator/chaos/read-center-witness.adapter.js';
import { readLedgerWitness } from '../../src/simulator/chaos/read-ledger-witness.adapter.js';
import { startStormLoad } from '../../src/simulator/chaos/storm-load.adapter.js';
import type { StormInput, WatchedChannel } from '../../src/simulator/chaos/witness.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { freePort } from '../../src/platform/free-port.adapter.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';

afterAll(stopPostgres);

async function eventually(condition: () => boolean | Promise<boolean>, what: () => string, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`waited in vain: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Ends every connection of the load, as a restart of the bureau's database does. */
async function cutConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'storm load' and datname = current_database()`);
  await client.end();
}

interface Stand {
  readonly bureauUrl: string;
  readonly ledgerUrl: string;
  readonly channels: WatchedChannel[];
  readonly centers: Record<string, { dir: string }>;
  /** What became of the receivers' acknowledgements. */
  answers(): unknown;
  start(): Promise<RunningGateway>;
  stop(): Promise<void>;
}

/** The gateway in this process with both receivers, as a storm finds it. */
async function stand(dir: string): Promise<Stand> {
  const [bureauUrl, ledgerUrl] = [await freshDatabase('bureau'), await freshDatabase('ledger')];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const password = randomBytes(12).toString('hex');
  const port = await freePort();
  const centers: SimulatedCenter[] = [];
  for (const channel of ['center', 'provincial']) {
    centers.push(await startSimulatedCenter({
      channel, dir: path.join(dir, channel), sftp: { username: 'bureau', password }, pollMs: 50, xsdDir: path.resolve('mappings'),
      ack: channel === 'center' ? { http: { url: `http://127.0.0.1:${port}/api/acknowledgements`, secret } } : { files: true },
    }));
  }
  const [center, provincial] = centers as [SimulatedCenter, SimulatedCenter];
  const { settings, mappings } = configure({
    GATEWAY_PORT: String(port), LOG_LEVEL: 'silent', BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ENGINE: 'postgres', LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl,
    QUEUE_BACKEND: 'postgres', QUEUE_URL: ledgerUrl, CENTER_ACK_SECRET: secret,
    CENTER_SFTP_HOST: center.sftp!.host, CENTER_SFTP_PORT: String(center.sftp!.port), CENTER_SFTP_PASSWORD: password, CENTER_SFTP_HOST_KEY: center.sftp!.hostKeySha256,
    PROVINCIAL_SFTP_HOST: provincial.sftp!.host, PROVINCIAL_SFTP_PORT: String(provincial.sftp!.port), PROVINCIAL_SFTP_PASSWORD: password, PROVINCIAL_SFTP_HOST_KEY: provincial.sftp!.hostKeySha256,
  });
  const quick: Settings = {
    ...settings, http: { ...settings.http, requestsPerMinute: 100_000 }, capture: { ...settings.capture, pollEveryMs: 150, removalSweepEveryMs: 500 }, relay: { ...settings.relay, sweepEveryMs: 200 }, collection: { ...settings.collection, pollEveryMs: 200 },
  };
  return {
    bureauUrl, ledgerUrl,
    channels: quick.channels.map((c) => ({ channel: c.channel, events: Object.keys(c.messages) })),
    centers: { center: { dir: path.join(dir, 'center') }, provincial: { dir: path.join(dir, 'provincial') } },
    answers: () => centers.map((c) => [c.acks.counts(), String(c.acks.failure ?? '')]),
    start: () => startGateway({ settings: quick, mappings, log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }), processMetrics: false }),
    stop: async () => { for (const c of centers) await c.stop(); },
  };
}

async function look(s: Stand): Promise<StormInput> {
  return {
    channels: s.channels, bureau: await readBureauWitness(s.bureauUrl), ledger: await readLedgerWitness(s.ledgerUrl), disturbances: [],
    centers: { center: await readCenterWitness(s.centers['center']!.dir, 'center'), provincial: await readCenterWitness(s.centers['provincial']!.dir, 'provincial') },
  };
}

/** The violations, and of the first cases what the bureau and the ledger have. */
function describeTrouble(input: StormInput): string {
  const { violations } = checkStorm(input);
  const cases = [...new Set(violations.map((v) => v.caseNo))].slice(0, 3).map((caseNo) => ({
    caseNo, bureau: input.bureau.cases.get(caseNo)?.case, ledger: input.ledger.exchanges.filter((e) => e.caseNo === caseNo).map((e) => `${e.channel} ${e.event} ${e.sequence} v${e.version} ${e.operation} ${e.state} tried ${e.tried} lane ${e.lanePosition} ${e.notes.join(',')}`),
  }));
  return JSON.stringify({ violations: violations.slice(0, 10), cases }, null, 1);
}

it('the load has everything in it, survives cut connections, and a gateway without faults carries all of it: no violation', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gw-load-'));
  const s = await stand(dir);
  const load = await startStormLoad({ bureauUrl: s.bureauUrl, seed: 20261124, casesPerSecond: 10, maxCases: 90, from: '2026-09-01' });
  const gateway = await s.start();
  let settled = '';
  let stopped: Promise<void> | undefined;
  try {
    load.start();
    await eventually(() => load.counts().cases >= 20, () => JSON.stringify(load.counts()), 60_000);
    await cutConnections(s.bureauUrl);
    const held = load.holdTransaction(1_500);
    const wanted = ['cases', 'changes', 'corrections', 'childOnly', 'lateCommits', 'wide', 'withdrawals', 'deletions'] as const;
    await eventually(() => { const c = load.counts(); return c.cases >= 80 && c.changes >= 450 && wanted.every((name) => c[name] > 0); }, () => JSON.stringify(load.counts()), 120_000);
    await held;
    await (stopped = load.stop());
    await eventually(async () => { const u = await countUnsettled(s); settled = JSON.stringify({ ...u, answers: s.answers() }); return u.total === 0; }, () => settled, 90_000);
  } catch (error) {
    // What the checker says of it tells more than that the time is over.
    throw new Error(describeTrouble(await look(s)), { cause: error });
  } finally {
    await (stopped ?? load.stop());
    await gateway.stop();
    await s.stop();
  }
  const input = await look(s);
  const verdict = checkStorm(input);
  if (verdict.violations.length > 0) throw new Error(describeTrouble(input));
  expect(verdict.parked.every((p) => p.code === 'message-invalid')).toBe(true);
  expect(verdict.checked.cases).toBe(load.counts().cases - load.counts().deletions);
  expect(verdict.checked.applied).toBeGreaterThan(verdict.checked.expected / 2);
  expect(new Set(input.centers['center']!.journal.flatMap((e) => (e.event === 'applied' ? [e.message] : [])))).toEqual(
    new Set(['application', 'supplement-notice', 'supplement-received', 'acceptance', 'refusal', 'process-step', 'special-start', 'special-end', 'result', 'pickup']),
  );
  expect(input.centers['center']!.journal.some((e) => e.event === 'applied' && e.operation === 'D')).toBe(true);
  await rm(dir, { recursive: true, force: true });
}, 300_000);
