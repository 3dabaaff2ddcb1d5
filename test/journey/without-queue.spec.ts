import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Settings } from '../../src/domain/settings.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { SampleBureauAdapter } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { startSimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { startRedisServer } from '../../src/simulator/servers/redis-server.adapter.js';
import { startGateway } from '../../src/start-gateway.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';
import { eventually } from '../support/staging-stand.js';

afterAll(() => stopPostgres());

it('cases get through while the queue is gone for good, and as before once it is back', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gw-quiet-'));
  const redis = await startRedisServer({ appendonly: true });
  const [bureauUrl, ledgerUrl] = [await freshDatabase('bureau'), await freshDatabase('ledger')];
  const center = await startSimulatedCenter({ channel: 'center', dir: path.join(dir, 'own'), stagingDir: path.join(dir, 'staging'), pollMs: 50, xsdDir: path.resolve('mappings'), ack: { files: true } });
  const { settings, mappings } = configure({
    GATEWAY_PORT: '0', LOG_LEVEL: 'silent', BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ENGINE: 'postgres', LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl, QUEUE_URL: redis.url,
    CENTER_SFTP_HOST: '127.0.0.1', CENTER_SFTP_KEY: path.resolve('package.json'), CENTER_SFTP_HOST_KEY: `SHA256:${'a'.repeat(43)}`, CENTER_ACK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    PROVINCIAL_SFTP_HOST: '127.0.0.2', PROVINCIAL_SFTP_KEY: path.resolve('package.json'), PROVINCIAL_SFTP_HOST_KEY: `SHA256:${'a'.repeat(43)}`,
  });
  const quick: Settings = {
    ...settings, relay: { ...settings.relay, sweepEveryMs: 200, quietMs: 600 }, capture: { ...settings.capture, pollEveryMs: 100 }, collection: { pollEveryMs: 200 },
    channels: settings.channels.filter((c) => c.channel === 'center').map(({ staging: { sftp: _sftp, ...staging }, ...c }) => ({ ...c, acknowledgement: { ...c.acknowledgement, files: true }, staging: { ...staging, adapter: 'directory' as const, directory: { path: path.join(dir, 'staging') } } })),
  };
  const bureau = new SampleBureauAdapter(bureauUrl);
  await bureau.createSchema();
  await bureau.writeCatalogue(loadCatalogue());
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const gateway = await startGateway({ settings: quick, mappings: mappings.filter((m) => m.channel === 'center'), log, processMetrics: false });
  const view = gateway.app.get(ExchangeViewStore, { strict: false });
  const cases = generateCases({ catalogue: loadCatalogue(), seed: 3, count: 9, from: '2026-09-01', awkward: false });
  // One statement: a count that is older than the look whether anything moves would let the next part end before it began.
  const settled = (n: number): Promise<unknown> => eventually(() => view.find({}, 1_000), (all) => new Set(all.map((e) => e.caseNo)).size === n && all.every((e) => !['captured', 'rendered', 'staged', 'picked_up'].includes(e.state)), 60_000);
  try {
    await bureau.insertCases(cases.slice(0, 3));
    await settled(3);
    expect(lines.filter((l) => l.includes('brings no bells'))).toEqual([]);
    await redis.kill();
    await bureau.insertCases(cases.slice(3, 6));
    await settled(6);
    expect(lines.filter((l) => l.includes('brings no bells')).length).toBeGreaterThan(0);
    await redis.restart();
    await bureau.insertCases(cases.slice(6));
    await settled(9);
    // Told as soon as a bell is heard; only then do the queue's clients close at once.
    await eventually(() => Promise.resolve(lines.some((l) => l.includes('brings bells again'))), Boolean, 60_000);
  } finally {
    await gateway.stop();
    await center.stop();
    await bureau.close();
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  }
}, 180_000);
