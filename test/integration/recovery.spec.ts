import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { DeliveryProcessor } from '../../src/delivery/delivery.processor.js';
import { RecoveryProcessor } from '../../src/delivery/recovery.processor.js';
import { channelSchema, type Settings } from '../../src/domain/settings.js';
import { AcknowledgementStore } from '../../src/ledger/acknowledgement.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { ManifestStore } from '../../src/ledger/manifest.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { OpeningStore } from '../../src/ledger/opening.store.js';
import { RecordingStore } from '../../src/ledger/recording.store.js';
import { RecoveredBytesStore } from '../../src/ledger/recovered-bytes.store.js';
import { RecoveryStore } from '../../src/ledger/recovery.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { StagingRegistry } from '../../src/platform/staging/staging-registry.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { waitingSessions } from '../support/engines.js';
import { eventually } from '../support/ops-stand.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';
import { stateCounts } from '../support/state-counts.js';

const clock = new SystemClock();
const log = pino({ level: 'silent' });
const rules = new Map([['center', 'accepted' as const]]);
const sha256 = (b: Buffer): string => createHash('sha256').update(b).digest('hex');

/** A ledger with everything that stands on it. */
interface Side {
  readonly url: string;
  readonly db: DatabaseAdapter;
  readonly exchanges: ExchangeStore;
  readonly capture: CaptureStore;
  readonly messages: MessageStore;
  readonly channels: ChannelStore;
  readonly view: ExchangeViewStore;
  readonly recovery: RecoveryStore;
  readonly delivery: DeliveryProcessor;
  processor(brought?: ReadonlyMap<string, Buffer>): RecoveryProcessor;
}

let dir: string;
let registry: StagingRegistry;
let open: Side[];
const channel = () => channelSchema.parse({ channel: 'center', title: 't', stream: 'case', encoding: 'UTF-8', messages: {}, staging: { adapter: 'directory', directory: { path: dir }, fsync: false }, acknowledgement: {} });

async function side(url: string): Promise<Side> {
  const db = await openPostgres(url, true);
  const exchanges = new ExchangeStore(db, clock, rules, { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 });
  const [manifests, messages, channels, capture] = [new ManifestStore(db, clock, exchanges), new MessageStore(db, clock, exchanges), new ChannelStore(db, clock, { failuresToOpen: 2, probeEveryMs: 10 }), new CaptureStore(db, clock, exchanges, rules)];
  const recovery = new RecoveryStore(db, clock, exchanges, new OpeningStore(db, exchanges, rules), new AcknowledgementStore(db, clock, exchanges), rules);
  const settings = { channels: [channel()], deliver: { batch: 3 }, relay: { claimMs: 60_000, sweepEveryMs: 1000 }, retry: { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 } } as unknown as Settings;
  const doorbell = { ring: () => Promise.resolve(true) };
  await channels.ensure(['center']);
  const made: Side = {
    url, db, exchanges, capture, messages, channels, recovery, view: new ExchangeViewStore(db, clock),
    delivery: new DeliveryProcessor({ settings, exchanges, messages, manifests, channels, doorbell: doorbell as never, clock, log, metrics: new MetricsAdapter({ processMetrics: false }), staging: (c) => registry.of(c) }),
    processor: (brought = new Map<string, Buffer>()) => new RecoveryProcessor({ channel: channel(), staging: registry.of('center'), manifests, recovery, bytes: new RecoveredBytesStore(db, clock), capture, urgent: () => false, brought }),
  };
  open.push(made);
  return made;
}

async function copyOf(from: Side): Promise<Side> {
  const copy = await freshDatabase('restored');
  const admin = new URL(copy);
  admin.pathname = '/postgres';
  const db = await openPostgres(admin.href);
  await from.db.close();
  open.splice(open.indexOf(from), 1);
  await db.run(raw(`drop database ${new URL(copy).pathname.slice(1)}`));
  await db.run(raw(`create database ${new URL(copy).pathname.slice(1)} template ${new URL(from.url).pathname.slice(1)}`));
  await db.close();
  return side(copy);
}

beforeEach(async () => {
  open = [];
  dir = await mkdtemp(path.join(os.tmpdir(), 'gw-recovery-'));
  registry = new StagingRegistry([channel()]);
});
afterEach(async () => {
  await registry.closeAll();
  for (const s of open) {
    const { told, counted } = await stateCounts(s.db);
    await s.db.close();
    expect(told).toEqual(counted);
  }
  await rm(dir, { recursive: true, force: true });
});
afterAll(stopPostgres);

const event = (name: string, phase: number, digest: string) => ({ channel: 'center', event: name, sequence: '1', at: '2026-11-02 09:00:00.000', phase, urgent: false, digest });
/** Captures cases with an application (and an acceptance) whose bytes are made of `text`. */
async function captured(s: Side, caseNos: readonly string[], text: string, accepted = false): Promise<void> {
  await s.capture.record('case', caseNos.map((caseNo) => ({ caseNo, body: '{}', digest: `${caseNo}${text}${accepted}`, events: [event('application', 10, text), ...(accepted ? [event('acceptance', 30, text)] : [])] })));
  const token = randomUUID();
  const rows = await s.exchanges.claim('center', 'captured', { limit: 1000, token, claimMs: 60_000 });
  await s.messages.recordRendered(rows.map((row) => {
    const content = Buffer.from(`<${row.event}>${row.caseNo} ${text} v${row.version}</${row.event}>`);
    return { row, content, sha256: sha256(content), encoding: 'UTF-8', mappingDigest: 'm', attachments: [] };
  }), [], { actor: 'mapping', claimToken: token });
}
const accept = async (s: Side): Promise<void> => {
  const staged = await s.view.find({ states: ['staged'] }, 1000);
  await s.db.transaction((r) => s.exchanges.move(r, staged.map((e) => ({ id: e.id, from: 'staged' as const, to: 'accepted' as const, note: 'accepted' })), { actor: 'receiver' }));
};
const facts = async (s: Side): Promise<string[]> => (await s.view.find({}, 1000)).map((e) => `${e.caseNo} ${e.event} v${e.version} ${e.operation} ${e.state} ${e.fileName} ${e.sha256?.slice(0, 8) ?? ''}`).sort();
const archive = async (names: readonly string[]): Promise<void> => {
  await mkdir(path.join(dir, 'archive', 'manifest'), { recursive: true });
  for (const name of names) await rename(path.join(dir, 'manifest', name), path.join(dir, 'archive', 'manifest', name));
};
const manifests = (): Promise<string[]> => readdir(path.join(dir, 'manifest')).then((n) => n.sort());

/** Two cases before the backup; after it seven more, a correction and an acceptance, in several manifests. */
async function lostAndRestored(): Promise<{ truth: Side; restored: Side }> {
  const first = await side(await freshDatabase('ledger'));
  await captured(first, ['A1', 'A2'], 'one');
  await first.delivery.handle('center');
  const url = first.url;
  const restored = await copyOf(first);
  const truth = await side(url);
  await accept(truth);
  await captured(truth, ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'], 'one');
  await truth.delivery.handle('center');
  await accept(truth);
  await captured(truth, ['A1', 'B1'], 'two', true);
  await truth.delivery.handle('center');
  await accept(truth);
  await truth.delivery.handle('center');
  return { truth, restored };
}

it('gives nothing out while the ledger is behind, and writes back what the manifests prove, in pieces too', async () => {
  const { truth, restored } = await lostAndRestored();
  await archive((await manifests()).slice(0, 3));
  // Capture went on before anybody recovered: the same numbers for other cases, other contents under the same ids.
  await captured(restored, ['C1', 'B1', 'B2'], 'three', true);
  await restored.delivery.handle('center');
  expect(await restored.channels.state('center')).toMatchObject({ failureCode: 'ledger-behind' });
  const staged = await facts(restored);
  expect(staged.filter((f) => f.includes(' staged ')).length).toBe(2);

  const plan = await restored.processor().plan();
  expect(plan).toMatchObject({ ledgerLast: '1', manifests: 5, lines: { lost: 8, unsent: 3, known: 0, conflicting: 0 } });
  expect(await facts(restored)).toEqual(staged);
  // One that dies on the way: what it recorded stands.
  const { recovery } = restored;
  const record = recovery.record.bind(recovery);
  let left = 2;
  recovery.record = (...args) => (left-- > 0 ? record(...args) : Promise.reject(new Error('killed')));
  await expect(restored.processor().recover()).rejects.toThrow('killed');
  recovery.record = record;
  await restored.delivery.handle('center');
  expect((await restored.channels.state('center')).failureCode).toBe('ledger-behind');
  expect(await restored.processor().recover()).toMatchObject({ ledgerLast: '3', manifests: 3, fault: undefined });
  expect(await restored.processor().recover()).toMatchObject({ manifests: 0, fault: undefined });

  const sent = (all: readonly string[]): string[] => all.map((f) => f.replace(/ (staged|accepted) /, ' sent ')).filter((f) => f.includes(' sent '));
  expect(sent(await facts(restored))).toEqual(sent(await facts(truth)));
  // Numbers in file names are never given out again; what was never sent waits behind what was, in its lane.
  expect(await restored.recovery.exchangeCounter()).toBeGreaterThanOrEqual(await truth.recovery.exchangeCounter());
  const b1 = (await restored.view.find({ caseNo: 'B1' }, 10)).sort((x, y) => (BigInt(x.lanePosition) < BigInt(y.lanePosition) ? -1 : 1));
  expect(b1.map((e) => `${e.event} v${e.version} ${e.state}`)).toEqual(['application v1 staged', 'application v2 staged', 'acceptance v1 staged']);
  const b2 = (await restored.view.find({ caseNo: 'B2' }, 10)).sort((x, y) => (BigInt(x.lanePosition) < BigInt(y.lanePosition) ? -1 : 1));
  expect(b2.map((e) => `${e.event} v${e.version} ${e.state}`)).toEqual(['application v1 staged', 'acceptance v1 rendered']);
  expect((await restored.db.run(raw(`select case_no from exchange where head = 1 and state = 'rendered'`))).rows.map((r) => r['case_no'])).toEqual(['C1']);

  // Reading the cases again: equal content gives no version, other content gives the next one.
  expect(await restored.capture.forgottenCases('case', '', 100)).toEqual(['A1', 'B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7']);
  await captured(restored, ['A1'], 'two', true);
  await captured(restored, ['B3'], 'one');
  await captured(restored, ['B1', 'B2'], 'three', true);
  const versions = async (no: string): Promise<string[]> => (await restored.view.find({ caseNo: no }, 10)).map((e) => `${e.event} v${e.version}`).sort();
  expect(await versions('A1')).toEqual(['acceptance v1', 'application v1', 'application v2']);
  expect(await versions('B3')).toEqual(['application v1']);
  expect(await versions('B1')).toEqual(['acceptance v1', 'acceptance v2', 'application v1', 'application v2', 'application v3']);
  expect(await versions('B2')).toEqual(['acceptance v1', 'application v1', 'application v2']);

  expect(await restored.processor().fetchBytes()).toEqual({ found: 11, missing: 0 });
  await rm(path.join(dir, 'in'), { recursive: true });
  await restored.delivery.handle('center');
  expect((await manifests()).at(-1)).toBe('M0000000007.xml');
  expect((await restored.view.find({ caseNo: 'C1', event: 'application' }, 1))[0]).toMatchObject({ state: 'staged', manifestSeq: '7' });
});

it('takes back that something was cancelled, where a manifest proves that it was sent', async () => {
  const { restored } = await lostAndRestored();
  await captured(restored, ['B1', 'B2'], 'three');
  const unsent = (await restored.view.find({}, 100)).filter((e) => e.caseNo.startsWith('B'));
  await restored.db.transaction((r) => restored.exchanges.move(r, unsent.map((e) => ({ id: e.id, from: e.state, to: 'cancelled' as const, note: 'cancelled' })), { actor: 'ann' }));
  const counts = async (): Promise<Record<string, number>> => Object.fromEntries((await restored.view.counts()).map((c) => [c.state, c.count]));
  expect(await counts()).toMatchObject({ cancelled: 2 });
  await restored.processor().recover();
  expect(Object.keys(await counts())).not.toContain('cancelled');
});

it('stops at a manifest that nobody can read, says so, and goes on when somebody brings it', async () => {
  const { restored } = await lostAndRestored();
  const bytes = await readFile(path.join(dir, 'manifest', 'M0000000003.xml'));
  await rm(path.join(dir, 'manifest', 'M0000000003.xml'));
  expect(await restored.processor().plan()).toMatchObject({ manifests: 1, fault: { kind: 'gap', text: expect.stringContaining('manifest 3') as string, remedy: expect.stringContaining('--from') as string } });
  expect(await restored.processor().recover()).toMatchObject({ manifests: 1, fault: { kind: 'gap' } });
  await captured(restored, ['C1'], 'three');
  await restored.delivery.handle('center');
  expect((await restored.channels.state('center')).failureCode).toBe('ledger-behind');
  expect(await restored.processor(new Map([['M0000000003.xml', Buffer.from('<MANIFEST/>')]])).recover()).toMatchObject({ fault: { kind: 'unreadable' } });
  expect(await restored.processor(new Map([['M0000000003.xml', Buffer.from(bytes.toString('utf8').replace(/PREVIOUS="[0-9a-f]{8}/, 'PREVIOUS="00000000'))]])).recover()).toMatchObject({ fault: { kind: 'chain-broken' } });
  expect(await restored.processor(new Map([['M0000000003.xml', bytes]])).recover()).toMatchObject({ ledgerLast: '2', manifests: 4, fault: undefined });
});

it('does not touch a ledger whose numbers were given out twice', async () => {
  const { restored } = await lostAndRestored();
  const name = path.join(dir, 'manifest', 'M0000000001.xml');
  for (const n of (await manifests()).slice(1)) await rm(path.join(dir, 'manifest', n));
  await writeFile(name, (await readFile(name, 'utf8')).replace('A1', 'A9'));
  await captured(restored, ['C1'], 'three');
  await restored.delivery.handle('center');
  expect(await restored.channels.state('center')).toMatchObject({ failureCode: 'ledger-behind', failureDetail: expect.stringContaining('is not the manifest of that number') as string });
  expect(await restored.processor().recover()).toMatchObject({ manifests: 0, fault: { kind: 'forked' } });
});

it('renames what waits where a file that no manifest lists has its name', async () => {
  const { restored } = await lostAndRestored();
  await captured(restored, ['C1'], 'three');
  const [c1] = await restored.view.find({ caseNo: 'C1' }, 1);
  await writeFile(path.join(dir, 'in', c1!.fileName), 'put by the lost day, never listed');
  await writeFile(path.join(dir, 'in', '000000000777-application-X1-v1.xml'), 'so was this');
  await restored.processor().recover();
  const [renamed] = await restored.view.find({ caseNo: 'C1' }, 1);
  expect(renamed).toMatchObject({ state: 'captured', fileName: expect.stringMatching(/^0000000007(7[89]|8\d)-application-C1-v1\.xml$/) as string });
  expect(await restored.recovery.exchangeCounter()).toBeGreaterThanOrEqual(778n);
});

it('notices an older ledger that was put under a running process', async () => {
  const truth = await side(await freshDatabase('ledger'));
  await captured(truth, ['A1', 'A2'], 'one');
  await truth.delivery.handle('center');
  await captured(truth, ['A3'], 'one');
  await truth.delivery.handle('center');
  await archive(await manifests());
  // As if the rows of yesterday came back beneath it.
  await truth.db.run(raw(`delete from manifest where seq = 2`));
  await truth.db.run(raw(`update exchange set state = 'rendered', manifest_seq = null where case_no = 'A3'`));
  await captured(truth, ['A4'], 'one');
  await truth.delivery.handle('center');
  expect(await truth.channels.state('center')).toMatchObject({ failureCode: 'ledger-behind' });
  expect(await manifests()).toEqual([]);
});

it('waits for a capture that is opening the same just now, and knows it then', async () => {
  const { truth, restored } = await lostAndRestored();
  const recording = new RecordingStore(restored.db, clock, restored.exchanges, rules);
  await restored.recovery.raiseCounter(1_000n); // the gateway has gone on for long: no number has to be raised
  let recovered: ReturnType<RecoveryProcessor['recover']> | undefined;
  await restored.db.transaction(async (runner) => {
    await recording.record(runner, 'case', [{ caseNo: 'B1', body: '{}', digest: 'B1one', events: [event('application', 10, 'one')] }]);
    recovered = restored.processor().recover();
    recovered.catch(() => undefined); // awaited below
    await eventually(() => waitingSessions(restored.db), (w) => w.length > 0, 'the recovery that waits');
  });
  expect(await recovered).toMatchObject({ fault: undefined });
  const of = async (s: Side): Promise<string[]> => (await s.view.find({ caseNo: 'B1' }, 10)).map((e) => `${e.event} v${e.version} ${e.sha256?.slice(0, 8) ?? ''}`).sort();
  expect(await of(restored)).toEqual(await of(truth));
});
