import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { AcknowledgementProcessor } from '../../src/acknowledgement/acknowledgement.processor.js';
import { openAcknowledgementSchema } from '../../src/acknowledgement/acknowledgement-schema.adapter.js';
import { runCli } from '../../src/cli/run-cli.command.js';
import { CollectionPoller } from '../../src/collection/collection.poller.js';
import { DeliveryProcessor } from '../../src/delivery/delivery.processor.js';
import { MirrorPoller } from '../../src/delivery/mirror.poller.js';
import type { ChannelSettings, Settings } from '../../src/domain/settings.js';
import { AcknowledgementStore } from '../../src/ledger/acknowledgement.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { HandOverStore } from '../../src/ledger/hand-over.store.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { ReturnFileStore } from '../../src/ledger/return-file.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import { laneRules } from '../../src/ledger/ledger.module.js';
import { ManifestStore } from '../../src/ledger/manifest.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { MirrorStore } from '../../src/ledger/mirror.store.js';
import { ReplayStore } from '../../src/ledger/replay.store.js';
import { RetryStore } from '../../src/ledger/retry.store.js';
import { Clock } from '../../src/platform/clock.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { StagingRegistry } from '../../src/platform/staging/staging-registry.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { freshDatabase, openPostgres } from './postgres.js';

/** The machine's clock, which a test can put forward. */
export class ForwardClock extends Clock {
  aheadMs = 0;
  now(): Date {
    return new Date(Date.now() + this.aheadMs);
  }
}

export interface CliAnswer { code: number; out: string; err: string; json<T>(): T }

/** Delivery, mirror and command line on a real PostgreSQL and a real OpenSSH, without queue workers: a test calls each step. */
export interface StagingStand {
  readonly folder: string;
  /** What the staging account sees. */
  readonly dir: string;
  readonly ssh: OpenSshServer;
  readonly db: DatabaseAdapter;
  readonly clock: ForwardClock;
  readonly channel: ChannelSettings;
  readonly settings: Settings;
  readonly exchanges: ExchangeStore;
  readonly capture: CaptureStore;
  readonly messages: MessageStore;
  readonly channels: ChannelStore;
  readonly view: ExchangeViewStore;
  readonly mirrorStore: MirrorStore;
  readonly replay: ReplayStore;
  readonly handOvers: HandOverStore;
  readonly registry: StagingRegistry;
  readonly metrics: MetricsAdapter;
  mirror(channel?: ChannelSettings): MirrorPoller;
  delivery(): DeliveryProcessor;
  deliver(): Promise<void>;
  /** Takes in acknowledgement files and reads them. */
  acknowledge(): Promise<void>;
  /** Cases with an application and an acceptance each, rendered. */
  render(caseNos: readonly string[], attachment?: Buffer): Promise<void>;
  cli(...args: string[]): Promise<CliAnswer>;
  states(): Promise<Record<string, number>>;
  names(sub: string): Promise<string[]>;
  bytes(sub: string, name: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Asks again and again until it holds; throws with what was seen last. */
export async function eventually<T>(read: () => Promise<T>, good: (value: T) => boolean, timeoutMs = 30_000): Promise<T> {
  for (const until = Date.now() + timeoutMs; ; ) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > until) throw new Error(`did not come; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const sha256 = (b: Buffer): string => createHash('sha256').update(b).digest('hex');

export async function openStagingStand(over: { laneAdvancesOn?: 'accepted' | 'staged'; batch?: number } = {}): Promise<StagingStand> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gw-staging-'));
  const dir = path.join(folder, 'staging');
  const ssh = await startOpenSshServer({ dir });
  const url = await freshDatabase('staging');
  const db = await openPostgres(url, true);
  const config = path.join(folder, 'config');
  await mkdir(path.join(config, 'channels'), { recursive: true });
  await mkdir(path.join(config, 'streams'));
  for (const file of ['default.yaml', 'calendar.yaml', 'channels/center.yaml', 'streams/case.yaml']) {
    const text = await readFile(path.join('config', file), 'utf8');
    await writeFile(path.join(config, file), text.replace('laneAdvancesOn: accepted', `laneAdvancesOn: ${over.laneAdvancesOn ?? 'accepted'}`).replace(/(deliver:\n {2}batch:) \d+/, `$1 ${over.batch ?? 10}`).replace('probeEveryMs: 15000', 'probeEveryMs: 1'));
  }
  const env = {
    GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url,
    CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_PORT: String(ssh.port), CENTER_SFTP_USER: ssh.username, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256,
    CENTER_ACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  };
  const loaded = loadSettings({ configDir: config, env });
  if (!loaded.settings) throw new Error(JSON.stringify(loaded.faults));
  const { settings } = loaded;
  const channel = settings.channels[0]!;
  const clock = new ForwardClock();
  const log = pino({ level: 'silent' });
  const doorbell = await DoorbellAdapter.open(settings.queue, log);
  const rules = laneRules(settings);
  const exchanges = new ExchangeStore(db, clock, rules, settings.retry);
  const messages = new MessageStore(db, clock, exchanges);
  const manifests = new ManifestStore(db, clock, exchanges);
  const channels = new ChannelStore(db, clock, settings.breaker);
  const view = new ExchangeViewStore(db, clock);
  const inbox = new InboxStore(db, clock);
  const capture = new CaptureStore(db, clock, exchanges, rules);
  const registry = new StagingRegistry([channel]);
  const metrics = new MetricsAdapter({ processMetrics: false });
  const mirrorStore = new MirrorStore(db, clock);
  const staging = (c: string) => registry.of(c);
  await channels.ensure(['center']);
  const delivery = (): DeliveryProcessor => new DeliveryProcessor({ settings, exchanges, messages, manifests, channels, doorbell, clock, log, metrics, staging });
  const collection = new CollectionPoller({ channels: [channel], inbox, returns: new ReturnFileStore(db, clock, inbox, new ReturnedRecordStore(db, clock)), doorbell, clock, log, metrics, staging });
  const reading = new AcknowledgementProcessor({
    inbox, acknowledgements: new AcknowledgementStore(db, clock, exchanges, inbox), schema: await openAcknowledgementSchema(path.resolve('mappings')),
    doorbell, clock, log, metrics, retry: settings.retry, claimMs: 60_000,
  });
  return {
    folder, dir, ssh, db, clock, channel, settings, exchanges, capture, messages, channels, view, mirrorStore, registry, metrics, delivery,
    replay: new ReplayStore(db, clock, exchanges, new RetryStore(db, clock, exchanges, rules)),
    handOvers: new HandOverStore(db, clock, exchanges),
    mirror: (c = channel) => new MirrorPoller({ channels: [c], settings: settings.mirror, store: mirrorStore, clock, log, metrics, staging }),
    deliver: () => delivery().handle('center'),
    async acknowledge() {
      await collection.collect('center');
      await reading.handle('center');
    },
    async render(caseNos, attachment) {
      const event = (name: string, phase: number) => ({ channel: 'center', event: name, sequence: '1', at: '2026-11-02 09:00:00.000', phase, urgent: false, digest: name });
      await capture.record('case', caseNos.map((caseNo) => ({ caseNo, body: '{}', digest: caseNo, events: [event('application', 10), event('acceptance', 30)] })));
      const token = randomUUID();
      const rows = await exchanges.claim('center', 'captured', { limit: 10_000, token, claimMs: 60_000 });
      const signature = attachment === undefined ? '' : sha256(attachment);
      if (attachment) await db.dialect.insertMany(db, 'attachment', [{ name: 'signature', kind: 'text' }, { name: 'size', kind: 'int' }, { name: 'sha256', kind: 'text' }, { name: 'content', kind: 'bytes' }, { name: 'stored_at', kind: 'instant' }], [[signature, attachment.length, signature, attachment, clock.iso()]], ['signature', 'size']);
      await messages.recordRendered(
        rows.map((row) => {
          const content = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<M><HEAD><MSGID>${row.messageId}</MSGID><CHANNEL>center</CHANNEL><MSGTYPE>${row.event}</MSGTYPE><VERSION>${row.version}</VERSION><OPERATION>${row.operation}</OPERATION><SBLSH>${row.caseNo}</SBLSH><XH>${row.sequence}</XH></HEAD><BODY>益阳 ${row.caseNo}</BODY></M>`);
          const attachments = attachment && row.event === 'application' ? [{ signature, size: attachment.length, fileName: row.fileName.replace('.xml', '.a01.pdf'), sha256: signature }] : [];
          return { row, content, sha256: sha256(content), encoding: 'UTF-8', mappingDigest: 'm', attachments };
        }), [], { actor: 'mapping', claimToken: token });
    },
    async cli(...args) {
      const out: Buffer[] = [];
      let err = '';
      const code = await runCli(args, { env, clock, user: 'tester', out: (t) => out.push(Buffer.from(t)), err: (t) => { err += t; } });
      const text = Buffer.concat(out).toString('utf8');
      return { code, out: text, err, json: <T>() => JSON.parse(text) as T };
    },
    states: async () => Object.fromEntries((await view.counts()).map((c) => [c.state, c.count])),
    names: (sub) => readdir(path.join(dir, sub)).then((n) => n.sort()),
    bytes: (sub, name) => readFile(path.join(dir, sub, name)),
    async close() {
      await registry.closeAll();
      await doorbell.close();
      await db.close();
      await ssh.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
