import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { pino } from 'pino';
import { DeliveryProcessor, manifestLine } from '../../src/delivery/delivery.processor.js';
import { writeManifest } from '../../src/delivery/write-manifest.js';
import { channelSchema, type Settings } from '../../src/domain/settings.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { ManifestStore } from '../../src/ledger/manifest.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import type { StagedFile, StagingMachine } from '../../src/platform/staging/staging-machine.js';
import { StagingRegistry } from '../../src/platform/staging/staging-registry.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { onEveryEngine, waitingSessions } from '../support/engines.js';
import { eventually } from '../support/ops-stand.js';
import { freshDatabase } from '../support/postgres.js';

const clock = new SystemClock();
const log = pino({ level: 'silent' });
const sha256 = (b: Buffer): string => createHash('sha256').update(b).digest('hex');

let ssh: OpenSshServer;
let dir: string;
let db: DatabaseAdapter;
let doorbell: DoorbellAdapter;
let registry: StagingRegistry;
let parts: { exchanges: ExchangeStore; messages: MessageStore; manifests: ManifestStore; channels: ChannelStore; capture: CaptureStore; view: ExchangeViewStore };
let processor: DeliveryProcessor;

function channel(over: { hostKeySha256?: string } = {}) {
  return channelSchema.parse({
    channel: 'center', title: 't', stream: 'case', encoding: 'UTF-8', messages: {},
    staging: { adapter: 'sftp', sftp: { host: ssh.host, port: ssh.port, username: ssh.username, privateKeyFile: ssh.privateKeyFile, hostKeySha256: over.hostKeySha256 ?? ssh.hostKeySha256 } },
    acknowledgement: {},
  });
}

/** `beforePut` runs before files are put, as far as another worker may have come by then. */
function processorFor(c = channel(), beforePut: (files: readonly StagedFile[]) => Promise<void> = () => Promise.resolve()): DeliveryProcessor {
  registry = new StagingRegistry([c]);
  const settings = { channels: [c], deliver: { batch: 10 }, relay: { claimMs: 60_000, sweepEveryMs: 1000 }, retry: { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 } } as unknown as Settings;
  return new DeliveryProcessor({ settings, ...parts, doorbell, clock, log, metrics: new MetricsAdapter({ processMetrics: false }), staging: (n) => putBehind(registry.of(n), beforePut) });
}
const putBehind = (machine: StagingMachine, before: (files: readonly StagedFile[]) => Promise<void>): StagingMachine => new Proxy(machine, {
  get: (_, name: keyof StagingMachine) => (name === 'put' ? async (files: readonly StagedFile[]) => before(files).then(() => machine.put(files)) : typeof machine[name] === 'function' ? machine[name].bind(machine) : machine[name]),
});

/** Cases with an application and an acceptance, rendered to bytes of their own. */
async function rendered(caseNos: readonly string[]): Promise<void> {
  const event = (name: string, phase: number) => ({ channel: 'center', event: name, sequence: '1', at: '2026-11-02 09:00:00.000', phase, urgent: false, digest: name });
  await parts.capture.record('case', caseNos.map((caseNo) => ({ caseNo, body: '{}', digest: caseNo, events: [event('application', 10), event('acceptance', 30)] })));
  const token = randomUUID();
  const rows = await parts.exchanges.claim('center', 'captured', { limit: 1000, token, claimMs: 60_000 });
  await parts.messages.recordRendered(
    rows.map((row) => {
      const content = Buffer.from(`<${row.event}>${row.caseNo} 益阳</${row.event}>`);
      return { row, content, sha256: sha256(content), encoding: 'UTF-8', mappingDigest: 'm', attachments: [] };
    }), [], { actor: 'mapping', claimToken: token });
}
const states = async (): Promise<Record<string, number>> => Object.fromEntries((await parts.view.counts()).map((c) => [c.state, c.count]));
const names = (sub: string): Promise<string[]> => readdir(path.join(dir, sub)).then((n) => n.sort());

onEveryEngine((engine) => {
  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'gw-delivery-'));
    ssh = await startOpenSshServer({ dir });
    db = await engine.open(await engine.fresh('delivery'), true);
    doorbell = await DoorbellAdapter.open({ backend: 'postgres', url: await freshDatabase('queue'), prefix: 't', allowVolatile: false, lockMs: 5000, stalledCheckMs: 5000 }, log);
    const rules = new Map([['center', 'accepted' as const]]);
    const exchanges = new ExchangeStore(db, clock, rules, { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 });
    parts = {
      exchanges, messages: new MessageStore(db, clock, exchanges), manifests: new ManifestStore(db, clock, exchanges),
      channels: new ChannelStore(db, clock, { failuresToOpen: 2, probeEveryMs: 50 }), capture: new CaptureStore(db, clock, exchanges, rules), view: new ExchangeViewStore(db, clock),
    };
    await parts.channels.ensure(['center']);
    processor = processorFor();
  });
  afterEach(async () => {
    await registry.closeAll();
    await doorbell.close();
    await db.close();
    await ssh.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('stages the head of every lane, whole and listed in a chained manifest; the next follows when the receiver accepted', async () => {
    await rendered(Array.from({ length: 25 }, (_, i) => `C${i}`));
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 25, staged: 25 });
    const manifests = await names('manifest');
    expect(manifests).toEqual(['M0000000001.xml', 'M0000000002.xml', 'M0000000003.xml']);
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', isArray: (n) => n === 'FILE' });
    let previous = '0'.repeat(64);
    const listed: string[] = [];
    for (const name of manifests) {
      const bytes = await readFile(path.join(dir, 'manifest', name));
      const m = (parser.parse(bytes) as { MANIFEST: { PREVIOUS: string; COUNT: string; FILE: { NAME: string; SHA256: string; SIZE: string }[] } }).MANIFEST;
      expect(m.PREVIOUS).toBe(previous);
      previous = sha256(bytes);
      expect(m.COUNT).toBe(String(m.FILE.length));
      for (const f of m.FILE) {
        const file = await readFile(path.join(dir, 'in', f.NAME));
        expect([sha256(file), String(file.length)]).toEqual([f.SHA256, f.SIZE]);
        listed.push(f.NAME);
      }
    }
    expect(listed.sort()).toEqual(await names('in'));
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 25, staged: 25 });
    const [first] = await parts.view.find({ caseNo: 'C0', event: 'application' }, 1);
    await db.transaction((r) => parts.exchanges.move(r, [{ id: first!.id, from: 'staged', to: 'accepted', note: 'accepted' }], { actor: 'test' }));
    await processor.handle('center');
    expect(await states()).toEqual({ accepted: 1, rendered: 24, staged: 25 });
    expect((await parts.view.find({ caseNo: 'C0', event: 'acceptance' }, 1))[0]!.state).toBe('staged');
  });

  it('finishes after a crash between the rename and the record: same names, same bytes, nothing twice', async () => {
    await rendered(['C1', 'C2']);
    // a worker that put the files and prepared the manifest, and died
    const token = randomUUID();
    const rows = await parts.exchanges.claim('center', 'rendered', { limit: 10, token, claimMs: 1 });
    const stored = await parts.messages.messages(rows);
    await registry.of('center').ensureDirectories(['in', 'manifest', 'ack']);
    await registry.of('center').put(rows.map((r) => ({ directory: 'in', finalName: r.fileName, bytes: stored.get(r.id)!.content, sha256: stored.get(r.id)!.sha256, lookFirst: false })));
    const before = await names('in');
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 2, staged: 2 });
    expect(await names('in')).toEqual(before);

    await db.run(raw(`update exchange set state = 'rendered' where state = 'staged'`));
    await db.run(raw(`update manifest set state = 'prepared'`));
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 2, staged: 2 });
    expect(await names('manifest')).toEqual(['M0000000001.xml']);
  });

  it('never overwrites a foreign file of the same name and parks only that exchange', async () => {
    await rendered(['C1', 'C2']);
    const [one] = await parts.view.find({ caseNo: 'C1', event: 'application' }, 1);
    await registry.of('center').ensureDirectories(['in', 'manifest', 'ack']);
    await writeFile(path.join(dir, 'in', one!.fileName), 'foreign');
    await processor.handle('center');
    expect(await readFile(path.join(dir, 'in', one!.fileName), 'utf8')).toBe('foreign');
    expect((await parts.view.find({ caseNo: 'C1', event: 'application' }, 1))[0]).toMatchObject({ state: 'parked', failureCode: 'name-taken' });
    expect((await parts.view.find({ caseNo: 'C2', event: 'application' }, 1))[0]!.state).toBe('staged');
  });

  it('burns no attempt on a staging machine that is not the one pinned, and recovers by a single probe', async () => {
    await rendered(['C1']);
    await registry.closeAll();
    const wrong = processorFor(channel({ hostKeySha256: `SHA256:${'A'.repeat(43)}` }));
    await wrong.handle('center');
    await wrong.handle('center');
    expect(await parts.channels.state('center')).toMatchObject({ breaker: 'open', failureCode: 'staging-host-key' });
    expect((await parts.view.find({ event: 'application' }, 1))[0]).toMatchObject({ state: 'rendered', attempts: 0, crashes: 0 });
    await registry.closeAll();
    const right = processorFor();
    // the probe's time comes; two workers ring, one probes
    const until = Date.now() + 5_000;
    while ((await states())['staged'] !== 1 && Date.now() < until) await Promise.all([right.handle('center'), right.handle('center')]);
    expect(await states()).toEqual({ rendered: 1, staged: 1 });
    expect(await parts.channels.state('center')).toMatchObject({ breaker: 'closed', failures: 0 });
  });

  it('keeps two workers apart', async () => {
    await rendered(Array.from({ length: 60 }, (_, i) => `C${i}`));
    const other = processorFor();
    await Promise.all([processor.handle('center'), other.handle('center'), processor.handle('center')]);
    // whoever found a manifest prepared by the other gave its claims back: the next ring ends it
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 60, staged: 60 });
    expect((await names('in')).length).toBe(60);
    const listed = await db.run(raw(`select manifest_seq, count(*) as n from exchange where state = 'staged' group by manifest_seq order by manifest_seq`));
    expect(listed.rows.reduce((sum, r) => sum + Number(r['n']), 0)).toBe(60);
  });

  it('does not go round beside a manifest that another worker left open, and finishes it', async () => {
    await rendered(Array.from({ length: 35 }, (_, i) => `L${i}`));
    const token = randomUUID();
    const [row] = await parts.exchanges.claim('center', 'rendered', { limit: 1, token, claimMs: 60_000 });
    const message = (await parts.messages.messages([row!])).get(row!.id)!;
    let puts = 0;
    processor = processorFor(channel(), async () => {
      puts += 1;
      if (puts > 30) throw new Error('the same messages are put again and again');
      if (puts > 1) return;
      // The other worker's files lie there and its manifest is fixed; then it dies.
      await writeFile(path.join(dir, 'in', row!.fileName), message.content);
      await new ManifestStore(db, clock, parts.exchanges).prepare('center', [{ row: row!, line: manifestLine({ row: row!, message }) }], token, writeManifest);
    });
    for (let bells = 1; (await states())['staged'] !== 35; bells += 1) {
      expect(bells).toBeLessThan(6); // the ledger has the bell rung again as long as something is due
      await processor.handle('center');
    }
    expect(await states()).toEqual({ rendered: 35, staged: 35 });
    expect((await names('in')).length).toBe(35);
    expect(await readFile(path.join(dir, 'manifest', 'M0000000001.xml'), 'utf8')).toContain(' COUNT="1"');
  });

  it('finds the one that ends its worker, parks it and blames no neighbour, and claims no batch to work on one', async () => {
    await rendered(Array.from({ length: 12 }, (_, i) => `C${String(i).padStart(2, '0')}`));
    const [poison] = await parts.view.find({ caseNo: 'C04', event: 'application' }, 1);
    // A worker that dies holds its claims until they lapse, and hears nothing any more.
    const livesThrough = async (): Promise<boolean> => {
      let died = (): void => undefined;
      const death = new Promise<boolean>((resolve) => (died = () => resolve(false)));
      const worker = processorFor(channel(), (files) => (files.some((f) => f.finalName === poison!.fileName) ? (died(), new Promise(() => undefined)) : Promise.resolve()));
      return Promise.race([worker.handle('center').then(() => true), death]);
    };
    let deaths = 0;
    for (; deaths < 5 && !(await livesThrough()); deaths++) {
      await registry.closeAll();
      await db.run(sql`update exchange set claimed_until = ${db.dialect.value('instant', clock.after(-1))} where claimed_until is not null`);
    }
    expect(deaths).toBe(3);
    expect(await states()).toEqual({ rendered: 12, staged: 11, parked: 1 });
    expect((await parts.view.find({ ids: [poison!.id] }, 1))[0]).toMatchObject({ state: 'parked', failureCode: 'worker-killed' });
    const { rows } = await db.run(sql`select tried, crashes from exchange where state = 'staged'`);
    expect(rows.filter((r) => Number(r['crashes']) > 0 || Number(r['tried']) > 5)).toEqual([]);
  });

  it('stands still while a person has paused the channel', async () => {
    await rendered(['C1']);
    await parts.channels.pause('center', 'maintenance', 'admin');
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 2 });
    await parts.channels.resume('center');
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 1, staged: 1 });
  });

  it('writes a manifest whose bytes depend on its facts only', () => {
    const facts = { channel: 'center', seq: '7', previous: '0'.repeat(64), createdAt: new Date('2026-11-23T02:00:00Z'), lines: [{ messageId: 'a'.repeat(32), message: 'application', caseNo: 'C<1>', version: 1, recovery: { sequence: '1', operation: 'I' as const, at: '2026-11-02 09:00:00.000', digest: 'd'.repeat(64) }, fileName: 'f.xml', size: 3, sha256: 'b'.repeat(64), attachments: [{ fileName: 'f.a01.pdf', size: 1, sha256: 'c'.repeat(64) }] }] };
    const text = writeManifest(facts).toString('utf8');
    expect(text).toContain('CREATED="2026-11-23T10:00:00+08:00"');
    expect(text).toContain('CASE="C&lt;1&gt;"');
    expect(writeManifest(facts).equals(writeManifest(facts))).toBe(true);
  });

  it('does not lay to the staging machine what the ledger failed at: no channel stands still for it', async () => {
    await rendered(['A']);
    const rename = (from: string, to: string): Promise<unknown> => db.run(raw(engine.engine === 'postgres' ? `alter table channel_state rename column ${from} to ${to}` : `exec sp_rename 'channel_state.${from}', '${to}', 'COLUMN'`));
    await rename('capabilities', 'elsewhere');
    await expect(processor.handle('center')).rejects.toThrow('capabilities');
    expect(await parts.channels.state('center')).toMatchObject({ breaker: 'closed', failures: 0 });
    await rename('elsewhere', 'capabilities');
    await processor.handle('center');
    expect(await states()).toEqual({ rendered: 1, staged: 1 });
  });

  it('records what is staged in the order of ids: who holds the first of them does not wait for another', async () => {
    await rendered(['A', 'B', 'C']);
    const token = randomUUID();
    const rows = await parts.exchanges.claim('center', 'rendered', { limit: 10, token, claimMs: 60_000 });
    const messages = await parts.messages.messages(rows);
    const manifest = await parts.manifests.prepare('center', rows.map((row) => ({ row, line: manifestLine({ row, message: messages.get(row.id)! }) })), token, writeManifest);
    const ids = rows.map((r) => BigInt(r.id)).sort((a, b) => (a < b ? -1 : 1)).map(String);
    // Lies behind the others from now on: a statement that takes rows as it finds them comes to it last.
    await db.run(sql`update exchange set due_at = ${db.dialect.value('instant', clock.iso())} where id = ${ids[0]!}`);
    const { hint, suffix } = db.dialect.lockRows;
    let recorded: Promise<unknown[]> | undefined;
    await db.transaction(async (runner) => {
      for (const id of [ids[0]!, ids.at(-1)!]) {
        await runner.run(sql`select id from exchange ${raw(hint)} where id = ${id} ${raw(suffix)}`);
        recorded ??= parts.manifests.recordStaged(manifest!, 'test');
        await eventually(() => waitingSessions(db), (w) => w.length > 0, 'the record that waits');
      }
    });
    expect(await recorded).toHaveLength(3);
  });
});
