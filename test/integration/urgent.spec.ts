import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { DeliveryProcessor } from '../../src/delivery/delivery.processor.js';
import { channelSchema, type Settings } from '../../src/domain/settings.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ManifestStore } from '../../src/ledger/manifest.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { StagingRegistry } from '../../src/platform/staging/staging-registry.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { onEveryEngine } from '../support/engines.js';

const clock = new SystemClock();
const retry = { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 };
const rules = new Map([['supervision', 'accepted' as const]]);

onEveryEngine((engine) => {
  let ssh: OpenSshServer;
  let dir: string;
  let db: DatabaseAdapter;
  let exchanges: ExchangeStore;
  let messages: MessageStore;
  let capture: CaptureStore;
  let registry: StagingRegistry;
  let processor: DeliveryProcessor;

  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'gw-urgent-'));
    ssh = await startOpenSshServer({ dir });
    db = await engine.open(await engine.fresh('urgent'), true);
    exchanges = new ExchangeStore(db, clock, rules, retry);
    messages = new MessageStore(db, clock, exchanges);
    capture = new CaptureStore(db, clock, exchanges, rules);
    const channels = new ChannelStore(db, clock, { failuresToOpen: 2, probeEveryMs: 50 });
    await channels.ensure(['supervision']);
    const channel = channelSchema.parse({
      channel: 'supervision', title: 't', stream: 'case', encoding: 'UTF-8', messages: {}, acknowledgement: {},
      staging: { adapter: 'sftp', sftp: { host: ssh.host, port: ssh.port, username: ssh.username, privateKeyFile: ssh.privateKeyFile, hostKeySha256: ssh.hostKeySha256 } },
    });
    registry = new StagingRegistry([channel]);
    const silent: Pick<DoorbellAdapter, 'ring'> = { ring: () => Promise.resolve(true) };
    processor = new DeliveryProcessor({
      settings: { channels: [channel], deliver: { batch: 100 }, relay: { claimMs: 60_000, sweepEveryMs: 1000 }, retry } as unknown as Settings, exchanges, messages, manifests: new ManifestStore(db, clock, exchanges), channels,
      doorbell: silent as DoorbellAdapter, clock, log: pino({ level: 'silent' }), metrics: new MetricsAdapter({ processMetrics: false }), staging: (name) => registry.of(name),
    });
  });
  afterEach(async () => {
    await registry.closeAll();
    await db.close();
    await ssh.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const event = (name: string, urgent = false, digest = name): Parameters<CaptureStore['record']>[1][number]['events'][number] => ({ channel: 'supervision', event: name, sequence: '1', at: '2026-11-02 09:00:00.000', phase: name === 'acceptance' ? 30 : 40, urgent, digest });
  const seen = (caseNos: readonly string[], events: readonly ReturnType<typeof event>[], more = ''): Promise<unknown> => capture.record('case', caseNos.map((caseNo) => ({ caseNo, body: '{}', digest: `${caseNo}${more}`, events })));
  async function render(): Promise<void> {
    for (;;) {
      const token = randomUUID();
      const rows = await exchanges.claim('supervision', 'captured', { limit: 500, token, claimMs: 60_000 });
      if (rows.length === 0) return;
      await messages.recordRendered(rows.map((row) => {
        const content = Buffer.from(`<${row.event}>${row.caseNo}</${row.event}>`);
        return { row, content, sha256: createHash('sha256').update(content).digest('hex'), encoding: 'UTF-8', mappingDigest: 'm', attachments: [] };
      }), [], { actor: 'mapping', claimToken: token });
    }
  }
  /** What each manifest lists, in their order. */
  async function listed(): Promise<string[][]> {
    const names = (await readdir(path.join(dir, 'manifest'))).filter((n) => n.startsWith('M')).sort();
    return Promise.all(names.map(async (n) => [...(await readFile(path.join(dir, 'manifest', n), 'utf8')).matchAll(/MESSAGE="([^"]+)"[^>]*CASE="([^"]+)"/g)].map((m) => `${m[1]!} ${m[2]!}`)));
  }
  async function acceptAll(): Promise<void> {
    const { rows } = await db.run(raw(`select id from exchange where state = 'staged' order by id`));
    await db.transaction((r) => exchanges.move(r, rows.map((row) => ({ id: String(row['id']), from: 'staged' as const, to: 'accepted' as const, note: 'accepted' })), { actor: 'test' }));
  }

  it('a suspension goes before a backlog of 1,000 messages of other lanes, and never before its own lane', async () => {
    const backlog = Array.from({ length: 1000 }, (_, i) => `B${String(i).padStart(4, '0')}`);
    await seen(backlog, [event('acceptance')]);
    await seen(['S1'], [event('acceptance')]);
    await seen(['S1'], [event('acceptance'), event('special-start', true)], 'suspended');
    await seen(['S2'], [event('acceptance'), event('process-step'), event('special-start', true)]);
    await render();
    await processor.handle('supervision');
    // Both lanes go first although they came last: what stands before the suspension carries its urgency.
    const [first] = await listed();
    expect(first).toEqual(expect.arrayContaining(['acceptance S1', 'acceptance S2']));
    expect(first).toHaveLength(100);
    expect((await listed()).flat().some((m) => m.startsWith('special-start'))).toBe(false);
    await acceptAll();
    await seen(['L1', 'L2', 'L3'], [event('acceptance')]);
    await render();
    const before = (await listed()).length;
    await processor.handle('supervision');
    expect((await listed()).slice(before)[0]).toEqual(expect.arrayContaining(['process-step S2', 'special-start S1']));
    await acceptAll();
    await processor.handle('supervision');
    expect((await listed()).flat().filter((m) => m.endsWith(' S2'))).toEqual(['acceptance S2', 'process-step S2', 'special-start S2']);
    expect((await listed()).flat()).toHaveLength(1000 + 2 + 3 + 3);
  });
});
