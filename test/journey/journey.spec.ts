import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import type { Settings } from '../../src/domain/settings.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { OpinionStore } from '../../src/ledger/opinion.store.js';
import { ReportStore } from '../../src/ledger/report.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import type { SampleBureau } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { journeyCase, refusedJourneyCase } from '../../src/simulator/bureau/stage-journeys.js';
import { startSimulatedCenter, type SimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { freePort } from '../../src/platform/free-port.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { startRedisServer, type RedisServer } from '../../src/simulator/servers/redis-server.adapter.js';
import { onEveryEngine, type TestEngine } from '../support/engines.js';
import { freshDatabase } from '../support/postgres.js';
import { stateCounts } from '../support/state-counts.js';

const catalogue = loadCatalogue();

interface Stand {
  bureau: SampleBureau;
  center: SimulatedCenter;
  provincial: SimulatedCenter;
  supervision: SimulatedCenter;
  gateway: RunningGateway;
  view: ExchangeViewStore;
  secret: string;
  settings: Settings;
  restart(): Promise<void>;
  redis: RedisServer | undefined;
  close(): Promise<void>;
}

/** The whole gateway with its three channels on real parts; center and e-supervision answer over HTTP, the province by file. */
async function stand(engine: TestEngine, queue: 'redis' | 'postgres'): Promise<Stand> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gw-journey-'));
  const [bureauUrl, ledgerUrl] = [await engine.fresh('bureau'), await engine.fresh('ledger')];
  const redis = queue === 'redis' ? await startRedisServer({ appendonly: true }) : undefined;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const port = await freePort();
  const servers: OpenSshServer[] = [];
  const centers: SimulatedCenter[] = [];
  for (const channel of ['center', 'provincial', 'supervision']) {
    const stagingDir = path.join(dir, channel, 'staging');
    await mkdir(stagingDir, { recursive: true });
    servers.push(await startOpenSshServer({ dir: stagingDir }));
    centers.push(
      await startSimulatedCenter({
        channel, dir: path.join(dir, channel, 'own'), stagingDir, pollMs: 50, xsdDir: path.resolve('mappings'),
        ack: channel !== 'provincial' ? { http: { url: `http://127.0.0.1:${port}/api/acknowledgements`, secret } } : { files: true }, ...(channel === 'supervision' ? { supervising: {} } : {}),
      }),
    );
  }
  const [ssh, far, watch] = servers as [OpenSshServer, OpenSshServer, OpenSshServer];
  const { settings, mappings } = configure({
    GATEWAY_PORT: String(port), LOG_LEVEL: 'silent', BUREAU_ENGINE: engine.engine, BUREAU_URL: bureauUrl, LEDGER_ENGINE: engine.engine, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl,
    QUEUE_BACKEND: queue, QUEUE_URL: redis?.url ?? (engine.engine === 'postgres' ? ledgerUrl : await freshDatabase('queue')), QUEUE_PREFIX: `j${process.pid}${engine.engine}${queue}`,
    CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_PORT: String(ssh.port), CENTER_SFTP_USER: ssh.username, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256, CENTER_ACK_SECRET: secret,
    PROVINCIAL_SFTP_HOST: far.host, PROVINCIAL_SFTP_PORT: String(far.port), PROVINCIAL_SFTP_USER: far.username, PROVINCIAL_SFTP_KEY: far.privateKeyFile, PROVINCIAL_SFTP_HOST_KEY: far.hostKeySha256,
    SUPERVISION_CHANNEL: 'true', SUPERVISION_SFTP_HOST: watch.host, SUPERVISION_SFTP_PORT: String(watch.port), SUPERVISION_SFTP_USER: watch.username, SUPERVISION_SFTP_KEY: watch.privateKeyFile, SUPERVISION_SFTP_HOST_KEY: watch.hostKeySha256, SUPERVISION_ACK_SECRET: secret,
  });
  const quick: Settings = { ...settings, bureau: { ...settings.bureau, trustServerCertificate: true }, ledger: { ...settings.ledger, trustServerCertificate: true }, capture: { ...settings.capture, pollEveryMs: 100, removalSweepEveryMs: 500 }, relay: { ...settings.relay, sweepEveryMs: 200 }, collection: { pollEveryMs: 200 }, supervision: { ...settings.supervision, everyMs: 200 } };
  const bureau = await engine.sampleBureau(bureauUrl);
  await bureau.createSchema();
  await bureau.writeCatalogue(catalogue);
  const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });
  const start = (): Promise<RunningGateway> => startGateway({ settings: quick, mappings, log, processMetrics: false });
  const gateway = await start();
  const s: Stand = {
    bureau, center: centers[0]!, provincial: centers[1]!, supervision: centers[2]!, secret, gateway, settings: quick, redis,
    view: gateway.app.get(ExchangeViewStore, { strict: false }),
    async restart() {
      await s.gateway.stop();
      s.gateway = await start();
      s.view = s.gateway.app.get(ExchangeViewStore, { strict: false });
    },
    async close() {
      await s.gateway.stop();
      await bureau.close();
      for (const c of centers) await c.stop();
      for (const x of servers) await x.stop();
      await redis?.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return s;
}

async function eventually<T>(read: () => Promise<T>, good: (value: T) => boolean, what: string, timeoutMs = 40_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > until) throw new Error(`${what} did not come; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const statesOf = async (s: Stand, channel: string, caseNo: string): Promise<string[]> =>
  (await s.view.find({ channel, caseNo }, 200)).map((e) => `${e.event}/${e.sequence}/v${e.version}/${e.operation}/${e.state}`);
const allAccepted = (states: readonly string[]): boolean => states.length > 0 && states.every((t) => t.endsWith('/accepted'));

onEveryEngine((engine) => {
  describe.each(['redis', 'postgres'] as const)('a case on its journey, queue on %s', (queue) => {
    let s: Stand;
    beforeAll(async () => {
      s = await stand(engine, queue);
    });
    afterAll(() => s.close());

    it('reaches the center with all its messages, each once and in order, stage by stage', async () => {
      const journey = journeyCase({ catalogue });
      await s.bureau.insertCases([journey.applied]);
      await eventually(() => statesOf(s, 'center', journey.applied.caseNo), allAccepted, 'the application');
      for (const stage of journey.stages) await s.bureau.applyChanges(journey.applied.caseNo, stage.changes);
      const refused = refusedJourneyCase({ catalogue });
      await s.bureau.insertCases([refused.applied]);
      for (const stage of refused.stages) await s.bureau.applyChanges(refused.applied.caseNo, stage.changes);
      await eventually(() => statesOf(s, 'center', journey.applied.caseNo), (t) => allAccepted(t) && t.some((x) => x.startsWith('pickup')), 'the pickup');
      await eventually(() => statesOf(s, 'center', refused.applied.caseNo), (t) => allAccepted(t) && t.some((x) => x.startsWith('refusal')), 'the refusal');
      await eventually(() => statesOf(s, 'provincial', journey.applied.caseNo), (t) => allAccepted(t) && t.length >= 2, 'the province');

      const applied = s.center.import.applied();
      const mine = applied.filter((a) => a.caseNo === journey.applied.caseNo).map((a) => a.message);
      expect(new Set([...mine, ...applied.map((a) => a.message)])).toEqual(
        new Set(['application', 'supplement-notice', 'supplement-received', 'acceptance', 'refusal', 'process-step', 'special-start', 'special-end', 'result', 'pickup']),
      );
      // the order in which the center applied them is the order of the lane
      const lane = (await s.view.find({ channel: 'center', caseNo: journey.applied.caseNo }, 200)).sort((a, b) => (BigInt(a.lanePosition) < BigInt(b.lanePosition) ? -1 : 1)).map((e) => e.event);
      expect(mine).toEqual(lane);
      expect(s.center.import.counts()).toMatchObject({ duplicates: 0, conflicts: 0, anomalies: 0, refused: 0 });
      expect(s.provincial.import.counts()).toMatchObject({ duplicates: 0, conflicts: 0, anomalies: 0, refused: 0 });
      expect(applied.length).toBe((await s.view.find({ channel: 'center' }, 500)).length);
      // nothing half-written stays behind
      expect((await readdir(path.join(s.center.stagingDir, 'in'))).filter((n) => n.startsWith('.'))).toEqual([]);
    });

    it('tells e-supervision of the case and of its light, and takes its cards back', async () => {
      const day = (back: number): string => `${new Date(Date.now() + 8 * 3_600_000 - back * 86_400_000).toISOString().slice(0, 10)} 09:00:00.000`;
      const caseNo = 'YYGT202611950001';
      await s.bureau.insertCases([journeyCase({ catalogue, caseNo, seed: 5 }).applied]);
      // Accepted forty days ago and not closed: over its committed limit on every calendar.
      await s.bureau.applyChanges(caseNo, [{ operation: 'update', table: 'case', key: null, values: { status: 'HANDLING', applied_at: day(41), accept_org: '市国土资源局', accept_org_uscc: '11430900YY0001012J', accepted_at: day(40), accepted_by: '受理员', accept_doc_no: '受1', committed_limit: '3', committed_unit: 'W', statutory_limit: '200', statutory_unit: 'W' } }]);
      await eventually(() => statesOf(s, 'supervision', caseNo), (t) => t.some((x) => x.startsWith('acceptance/')) && t.some((x) => x.startsWith('light/hunan')) && allAccepted(t), 'the light');
      await s.supervision.supervising!.returnNow();
      const receipts = await eventually(() => s.supervision.supervising!.receipts(), (r) => s.supervision.supervising!.names().every((n) => r.has(n)), 'the receipts');
      expect([...receipts.values()].every((code) => code === 'accepted')).toBe(true);
      const opinions = s.gateway.app.get(OpinionStore, { strict: false });
      const [given] = await opinions.opinions({ caseNo }, 5);
      expect(given).toMatchObject({ subject: 'case', object: 'case', state: 'issued' });
      expect(await eventually(() => opinions.comparisons({ caseNo }, 1), (c) => c.length > 0, 'the comparison')).toMatchObject([{ channel: 'supervision', body: 'hunan' }]);
      // A query comes over HTTP, signed; the answer goes out in the lane of the case.
      const body = `<JC_QUERIES><HEAD><FILE_TYPE>queries</FILE_TYPE><FILE_ID>q1</FILE_ID><ISSUE>1</ISSUE><DAY>20261120</DAY><COUNT>1</COUNT><MADE_TIME>20261120120000</MADE_TIME></HEAD><QUERY><SUPERVISE_NO>DB1</SUPERVISE_NO><INSTANCE_CODE>${caseNo}</INSTANCE_CODE><CONTENT>为何超期</CONTENT><SEND_TIME>20261120120000</SEND_TIME></QUERY></JC_QUERIES>`;
      const now = new Date();
      const push = (signature: string): Promise<Response> => fetch(`${s.gateway.url}/api/returns`, { method: 'POST', body, headers: { 'content-type': 'application/xml', 'x-channel': 'supervision', 'webhook-id': 'q1', 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)), 'webhook-signature': signature } });
      expect((await push(new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`).sign('q1', now, body))).status).toBe(401);
      expect((await push(new Webhook(s.secret).sign('q1', now, body))).status).toBe(202);
      const [query] = await eventually(() => opinions.queries({ caseNo, open: true }, 5), (q) => q.some((x) => x.theirNo === 'DB1'), 'the query').then((q) => q.filter((x) => x.theirNo === 'DB1'));
      expect(await s.gateway.app.get(ReportStore, { strict: false }).reply(query!, { text: '正在补录', actor: 'ann' })).toBe(true);
      await eventually(() => statesOf(s, 'supervision', caseNo), (t) => t.some((x) => x === 'query-reply/DB1/v1/I/accepted'), 'the answer');
      expect(s.supervision.import.counts()).toMatchObject({ duplicates: 0, conflicts: 0, anomalies: 0, refused: 0 });
    });

    it('re-reports a correction as version 2 and a deleted case once', async () => {
      const journey = journeyCase({ catalogue, caseNo: 'YYGT202611900001', seed: 3 });
      await s.bureau.insertCases([journey.applied]);
      await eventually(() => statesOf(s, 'center', 'YYGT202611900001'), allAccepted, 'the application');
      await s.bureau.applyChanges('YYGT202611900001', [{ operation: 'update', table: 'case', key: null, values: { project_name: '更正后的摘要' } }]);
      await eventually(() => statesOf(s, 'center', 'YYGT202611900001'), (t) => t.includes('application/1/v2/U/accepted'), 'the correction');
      await s.bureau.deleteCase('YYGT202611900001');
      await eventually(() => statesOf(s, 'center', 'YYGT202611900001'), (t) => t.some((x) => x.startsWith('result/1/v1/D/')), 'the removal');
    });

    it('goes on after a stop in the middle and loses nothing', async () => {
      const cases = Array.from({ length: 30 }, (_, i) => journeyCase({ catalogue, caseNo: `YYGT2026118${String(i).padStart(5, '0')}`, seed: 100 + i }).applied);
      await s.bureau.insertCases(cases);
      await s.restart();
      await eventually(async () => (await s.view.find({ channel: 'center', event: 'application' }, 500)).filter((e) => e.caseNo.startsWith('YYGT2026118')).map((e) => e.state), (t) => t.length === 30 && t.every((x) => x === 'accepted'), 'all of them');
      expect(s.center.import.counts()).toMatchObject({ duplicates: 0, conflicts: 0, anomalies: 0 });
    });

    it('delivers although the queue lost everything', async () => {
      if (s.redis) await s.redis.flushAll();
      const one = journeyCase({ catalogue, caseNo: 'YYGT202611700001', seed: 9 }).applied;
      await s.bureau.insertCases([one]);
      if (s.redis) await s.redis.flushAll();
      await eventually(() => statesOf(s, 'center', one.caseNo), allAccepted, 'the application');
    });

    it('tells how many exchanges are in each state as a count of all of them does', async () => {
      const ledger = s.gateway.app.get<DatabaseAdapter>(LEDGER_DATABASE, { strict: false });
      await eventually(() => stateCounts(ledger), ({ told, counted }) => told.length > 2 && JSON.stringify(told) === JSON.stringify(counted), 'equal counts');
    });

    it('serves health, metrics, the API document and the examples', async () => {
      const get = async (p: string): Promise<{ status: number; text: string }> => {
        const r = await fetch(`${s.gateway.url}${p}`);
        return { status: r.status, text: await r.text() };
      };
      expect(await get('/health/live')).toEqual({ status: 200, text: '{"status":"ok"}' });
      expect((await get('/health/ready')).status).toBe(200);
      const metrics = (await get('/metrics')).text;
      expect(metrics).toMatch(/gateway_exchanges\{channel="center",state="accepted"\} \d+/);
      expect(metrics).toContain('gateway_lanes_blocked');
      expect(JSON.parse((await get('/api/openapi.json')).text)).toMatchObject({ paths: { '/api/acknowledgements': expect.anything() as unknown } });
      expect((await get('/api/acknowledgements/examples')).text).toContain('curl');
    });
  });
});
