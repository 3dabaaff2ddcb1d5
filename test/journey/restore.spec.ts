import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { runCli } from '../../src/cli/run-cli.command.js';
import type { Settings } from '../../src/domain/settings.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { SampleBureauAdapter } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { journeyCase } from '../../src/simulator/bureau/stage-journeys.js';
import { startSimulatedCenter, type SimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { freePort } from '../../src/platform/free-port.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';
import { stateCounts } from '../support/state-counts.js';

const catalogue = loadCatalogue();
const channels = ['center', 'provincial'] as const;
type Exchange = { channel: string; case_no: string; event: string; sequence: string; version: number; operation: string; state: string; message_id: string; file_name: string; sha256: string };

let dir: string;
let bureau: SampleBureauAdapter;
let servers: OpenSshServer[];
let centers: Record<(typeof channels)[number], SimulatedCenter>;
let gateway: RunningGateway | undefined;
let env: Record<string, string>;
const ledgers: DatabaseAdapter[] = [];

const caseNo = (n: number): string => `YYGT2026115${String(n).padStart(5, '0')}`;
const journey = (n: number) => journeyCase({ catalogue, caseNo: caseNo(n), seed: 500 + n });

async function start(ledgerUrl: string): Promise<void> {
  env = { ...env, LEDGER_URL: ledgerUrl };
  const { settings, mappings } = configure(env);
  const quick: Settings = { ...settings, capture: { ...settings.capture, pollEveryMs: 100, removalSweepEveryMs: 300 }, relay: { ...settings.relay, sweepEveryMs: 100 }, collection: { pollEveryMs: 200 }, breaker: { failuresToOpen: 2, probeEveryMs: 300 } };
  gateway = await startGateway({ settings: quick, mappings, log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }), processMetrics: false });
}
async function stop(): Promise<void> {
  await gateway?.stop();
  gateway = undefined;
}
async function open(url: string): Promise<DatabaseAdapter> {
  const ledger = await openPostgres(url);
  ledgers.push(ledger);
  return ledger;
}
/** As an administrator of PostgreSQL copies a database that nobody uses. */
async function copyOf(url: string): Promise<string> {
  const copy = await freshDatabase('restored');
  const [from, to] = [new URL(url).pathname.slice(1), new URL(copy).pathname.slice(1)];
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const db = await openPostgres(admin.href);
  await db.run(raw(`drop database ${to}`));
  await db.run(raw(`create database ${to} template ${from}`));
  await db.close();
  return copy;
}
async function cli(...args: string[]): Promise<{ code: number; out: string; err: string; json<T>(): T }> {
  let out = '';
  let err = '';
  const code = await runCli(args, { env, clock: new SystemClock(), user: 'tester', out: (t) => { out += String(t); }, err: (t) => { err += t; } });
  return { code, out, err, json: <T>() => JSON.parse(out) as T };
}
const exchangesOf = async (ledger: DatabaseAdapter): Promise<Exchange[]> =>
  (await ledger.run(raw(`select channel, case_no, event, sequence, version, operation, state, message_id, file_name, sha256 from exchange order by channel, case_no, event, sequence, version`))).rows as unknown as Exchange[];
const keyOf = (e: Exchange): string => `${e.channel} ${e.case_no} ${e.event} ${e.sequence} v${e.version} ${e.operation}`;
const newest = (all: readonly Exchange[]): Exchange[] => all.filter((e) => !all.some((o) => o.channel === e.channel && o.case_no === e.case_no && o.event === e.event && o.sequence === e.sequence && o.version > e.version));

async function eventually<T>(read: () => Promise<T>, good: (value: T) => boolean, what: string, timeoutMs = 60_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > until) throw new Error(`${what} did not come; last seen: ${JSON.stringify(value).slice(0, 3000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const unsettled = async (ledger: DatabaseAdapter): Promise<string[]> => (await exchangesOf(ledger)).filter((e) => !['accepted', 'superseded', 'cancelled'].includes(e.state)).map((e) => `${keyOf(e)} ${e.state}`);
const allSettled = (ledger: DatabaseAdapter, what: string): Promise<string[]> => eventually(() => unsettled(ledger), (u) => u.length === 0, what);
const arrives = (ledger: DatabaseAdapter, n: number, what: string, states: readonly string[] = ['accepted']): Promise<unknown> =>
  eventually(async () => (await exchangesOf(ledger)).filter((e) => e.channel === 'center' && e.case_no === caseNo(n)).map((e) => `${e.event} ${e.sequence} v${e.version} ${e.operation} ${e.state}`), (all) => states.some((s) => all.includes(`${what} ${s}`)), `${what} of case ${n}`);
/** Both pollers have come to what stands in the bureau. */
const captured = (ledger: DatabaseAdapter, cases: number): Promise<unknown> => eventually(async () => Number((await ledger.run(raw(`select count(*) as n from case_head where removed_at is null`))).rows[0]!['n']), (n) => n === cases, `${cases} cases`);

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'gw-restore-'));
  const bureauUrl = await freshDatabase('bureau');
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const port = await freePort();
  servers = [];
  const made: SimulatedCenter[] = [];
  for (const channel of channels) {
    const stagingDir = path.join(dir, channel, 'staging');
    await mkdir(stagingDir, { recursive: true });
    servers.push(await startOpenSshServer({ dir: stagingDir }));
    made.push(await startSimulatedCenter({
      channel, dir: path.join(dir, channel, 'own'), stagingDir, pollMs: 30, xsdDir: path.resolve('mappings'),
      ack: channel === 'center' ? { http: { url: `http://127.0.0.1:${port}/api/acknowledgements`, secret } } : { files: true },
    }));
  }
  centers = { center: made[0]!, provincial: made[1]! };
  const [ssh, far] = servers as [OpenSshServer, OpenSshServer];
  env = {
    GATEWAY_PORT: String(port), LOG_LEVEL: 'silent', BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ENGINE: 'postgres', LEDGER_ALLOW_VOLATILE: 'true', QUEUE_BACKEND: 'postgres', QUEUE_URL: await freshDatabase('queue'), QUEUE_PREFIX: 'restore',
    CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_PORT: String(ssh.port), CENTER_SFTP_USER: ssh.username, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256, CENTER_ACK_SECRET: secret,
    PROVINCIAL_SFTP_HOST: far.host, PROVINCIAL_SFTP_PORT: String(far.port), PROVINCIAL_SFTP_USER: far.username, PROVINCIAL_SFTP_KEY: far.privateKeyFile, PROVINCIAL_SFTP_HOST_KEY: far.hostKeySha256,
  };
  bureau = new SampleBureauAdapter(bureauUrl);
  await bureau.createSchema();
  await bureau.writeCatalogue(catalogue);
});
afterEach(async () => {
  await stop();
  await bureau.close();
  for (const ledger of ledgers.splice(0)) {
    const { told, counted } = await stateCounts(ledger);
    await ledger.close();
    expect(told).toEqual(counted);
  }
  for (const c of Object.values(centers)) await c.stop();
  for (const s of servers) await s.stop();
  await rm(dir, { recursive: true, force: true });
});
afterAll(stopPostgres);

/** A day of which the backup knows nothing: new cases, stages, corrections, a refusal and its correction, a deletion. */
async function theLostDay(ledger: DatabaseAdapter): Promise<void> {
  await bureau.insertCases([4, 5, 6, 7].map((n) => journey(n).applied));
  for (const stage of journey(0).stages) await bureau.applyChanges(caseNo(0), stage.changes);
  for (const stage of journey(4).stages.slice(0, 5)) await bureau.applyChanges(caseNo(4), stage.changes);
  for (const n of [4, 5, 6, 7]) await arrives(ledger, n, 'application 1 v1 I');
  await arrives(ledger, 0, 'pickup 1 v1 I');
  await arrives(ledger, 4, 'process-step 1 v1 I');
  const rename = (n: number, text: string): Promise<void> => bureau.applyChanges(caseNo(n), [{ operation: 'update', table: 'case', key: null, values: { project_name: text } }]);
  await rename(1, '更正一');
  await rename(5, '更正一');
  await arrives(ledger, 1, 'application 1 v2 U');
  await arrives(ledger, 5, 'application 1 v2 U');
  await rename(5, '更正二');
  centers.center.faults.import.refusals.push({ code: '777', reason: '资料不全', times: 1, when: (m) => m.caseNo === caseNo(6) });
  await rename(6, '要退回的');
  await arrives(ledger, 6, 'application 1 v2 U', ['refused']);
  await rename(6, '改好的');
  await bureau.deleteCase(caseNo(2));
  await arrives(ledger, 6, 'application 1 v3 U');
  await arrives(ledger, 5, 'application 1 v3 U');
  await arrives(ledger, 2, 'result 1 v1 D', ['accepted', 'refused']);
}

/** Works, is backed up, works on, and falls silent with messages unanswered. */
async function untilTheCrash(): Promise<{ day: DatabaseAdapter; backupUrl: string; before: Exchange[] }> {
  const firstUrl = await freshDatabase('ledger');
  await start(firstUrl);
  const lost = await open(firstUrl);
  await bureau.insertCases([0, 1, 2, 3].map((n) => journey(n).applied));
  for (const stage of journey(3).stages.slice(0, 4)) await bureau.applyChanges(caseNo(3), stage.changes);
  await captured(lost, 4);
  await allSettled(lost, 'what the backup knows');
  await stop();
  await lost.close();
  ledgers.length = 0;
  const backupUrl = await copyOf(firstUrl);

  const day = await open(firstUrl);
  await start(firstUrl);
  await theLostDay(day);
  // At the end some are unanswered, some lie there untouched.
  centers.center.faults.acks.paused = true;
  for (const stage of journey(5).stages.slice(0, 2)) await bureau.applyChanges(caseNo(5), stage.changes);
  await eventually(async () => (await exchangesOf(day)).filter((e) => e.case_no === caseNo(5) && e.state === 'staged'), (e) => e.length === 1, 'an unanswered message');
  await centers.center.waitUntil((c) => c.acks.counts().pending >= 2, 10_000);
  centers.center.faults.import.paused = true;
  await bureau.insertCases([8].map((n) => journey(n).applied));
  await eventually(async () => (await exchangesOf(day)).filter((e) => e.case_no === caseNo(8) && e.state === 'staged'), (e) => e.length === 1, 'a message that waits on the staging machine');
  await stop();
  const before = await exchangesOf(day);
  return { day, backupUrl, before };
}

it('a ledger restored from an older backup stops, is recovered, and nothing is lost or applied twice', async () => {
  const { backupUrl, before } = await untilTheCrash();
  const counts = { ...centers.center.import.counts() };

  // While the gateway is down the bureau goes on: a correction of what was sent, a new case, one that changes back.
  await bureau.applyChanges(caseNo(7), [{ operation: 'update', table: 'case', key: null, values: { project_name: '停机时更正' } }]);
  await bureau.insertCases([journey(9).applied]);
  const restored = await open(backupUrl);
  centers.center.faults.acks.paused = false;
  await start(backupUrl);
  for (const channel of channels) {
    await eventually(async () => (await restored.run(raw(`select failure_code from channel_state where channel = '${channel}'`))).rows[0]?.['failure_code'], (code) => code === 'ledger-behind', `${channel} to stop`);
  }
  // Capture goes on meanwhile and opens what it takes for news.
  await captured(restored, 9);
  await eventually(async () => Number((await restored.run(raw(`select count(*) as n from acknowledgement where class = 'unknown'`))).rows[0]!['n']), (n) => n > 0, 'an answer to a message that the ledger does not know');
  expect(centers.center.import.counts()).toEqual(counts);
  expect((await cli('status')).out).toContain('gateway recover');

  const waiting = await readdir(path.join(centers.center.stagingDir, 'manifest'));
  const plan = await cli('recover', '--channel', 'center', '--json');
  expect(plan.code).toBe(0);
  expect(plan.json<{ plan: unknown }>().plan).toMatchObject({ lines: { conflicting: 0 } });
  expect(plan.json<{ plan: { lines: { lost: number; unsent: number } } }>().plan.lines).toMatchObject({ lost: expect.any(Number) as number });
  expect(await readdir(path.join(centers.center.stagingDir, 'manifest'))).toEqual(waiting);
  for (const channel of channels) {
    const done = await cli('recover', '--channel', channel, '--yes');
    expect(`${done.code} ${done.err}${done.out}`).toMatch(/^0 /);
  }
  centers.center.faults.import.paused = false;
  await allSettled(restored, 'everything after the recovery');
  const full = await cli('completeness', '--run', '--full', '--json');
  expect(full.json<{ figures: unknown }[]>()[0]!.figures).toMatchObject({ bureauCases: 9, ledgerCases: 9, findings: { missing: 0, differs: 0, gone: 0, 'exchange-missing': 0, unreadable: 0 } });

  // What was sent on the lost day stands in the ledger again under the same ids, versions, names and hashes.
  const after = await exchangesOf(restored);
  const byKey = new Map(after.map((e) => [keyOf(e), e]));
  const sent = before.filter((e) => e.state !== 'cancelled' && e.state !== 'rendered' && e.state !== 'captured');
  expect(sent.map((e) => ({ key: keyOf(e), id: e.message_id, name: e.file_name, sha256: e.sha256 }))).toEqual(sent.map((e) => {
    const now = byKey.get(keyOf(e));
    return { key: keyOf(e), id: now?.message_id, name: now?.file_name, sha256: now?.sha256 };
  }));
  expect(newest(sent).filter((e) => byKey.get(keyOf(e))!.state !== 'accepted').map((e) => `${keyOf(e)} ${byKey.get(keyOf(e))!.state}`)
    .filter((t) => !t.includes(`${caseNo(7)} `))).toEqual([]);
  // Beyond that only what the bureau said while the gateway was down, and what was waiting in its lane.
  const more = after.filter((e) => !sent.some((b) => keyOf(b) === keyOf(e)) && e.state === 'accepted').map(keyOf);
  expect(more.filter((k) => !/YYGT202611500009 |YYGT202611500005 supplement|YYGT202611500005 application 1 v|YYGT202611500007 application 1 v2 U/.test(k))).toEqual([]);
  expect(more).toContain(`center ${caseNo(7)} application 1 v2 U`);

  // The centers' own record: each message applied once, none in conflict, in the order of its lane.
  for (const channel of channels) {
    const { import: imported } = centers[channel];
    const applied = imported.applied();
    expect(new Set(applied.map((a) => a.messageId)).size).toBe(applied.length);
    expect(imported.anomalies()).toEqual([]);
    expect(imported.counts()).toMatchObject({ conflicts: 0 });
    const accepted = after.filter((e) => e.channel === channel && e.state === 'accepted').map((e) => e.message_id);
    expect(new Set(applied.map((a) => a.messageId))).toEqual(new Set([...accepted, ...after.filter((e) => e.channel === channel && e.state === 'superseded' && applied.some((a) => a.messageId === e.message_id)).map((e) => e.message_id)]));
  }
  expect((await cli('recover', '--channel', 'center', '--yes')).out).toContain('No manifest is missing');
  expect(await unsettled(restored)).toEqual([]);

  expect((await cli('completeness')).out).toContain('all equal');
  expect((await cli('prune', '--before', '2099-01-01')).code).toBe(2);
  expect(await cli('prune', '--before', '2020-01-01')).toMatchObject({ code: 0, out: expect.stringContaining('Nothing that was settled') as string });
}, 240_000);

it('recovers without the messages in the archive: what the snapshot still renders to the same hash goes again, what does not is replaced', async () => {
  const { backupUrl } = await untilTheCrash();
  await bureau.applyChanges(caseNo(7), [{ operation: 'update', table: 'case', key: null, values: { project_name: '停机时更正' } }]);
  const archive = path.join(centers.center.stagingDir, 'archive');
  for (const dir of await readdir(archive)) if (dir !== 'manifest') await rm(path.join(archive, dir), { recursive: true });
  const restored = await open(backupUrl);
  centers.center.faults.acks.paused = false;
  centers.center.faults.import.paused = false;
  await start(backupUrl);
  for (const channel of channels) {
    await eventually(async () => (await restored.run(raw(`select failure_code from channel_state where channel = '${channel}'`))).rows[0]?.['failure_code'], (code) => code === 'ledger-behind', `${channel} to stop`);
    expect((await cli('recover', '--channel', channel, '--yes')).err).toBe('');
  }
  // Whatever was captured only now takes the place of what is lost for good when the command is given again.
  await eventually(async () => {
    await cli('recover', '--channel', 'center', '--yes');
    return unsettled(restored);
  }, (u) => u.length === 0, 'everything after the recovery');
  for (const channel of channels) {
    const { import: imported } = centers[channel];
    expect(new Set(imported.applied().map((x) => x.messageId)).size).toBe(imported.applied().length);
    expect(imported.anomalies()).toEqual([]);
    expect(imported.counts()).toMatchObject({ conflicts: 0 });
  }
  const versions = (await exchangesOf(restored)).filter((e) => e.channel === 'center' && e.case_no === caseNo(7)).map((e) => `v${e.version} ${e.state}`);
  expect(versions).toEqual(['v1 superseded', 'v2 accepted']);
  expect((await cli('completeness', '--run', '--full')).code).toBe(0);
}, 240_000);
