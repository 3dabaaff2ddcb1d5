import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import iconv from 'iconv-lite';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { AcknowledgementModule } from '../../src/acknowledgement/acknowledgement.module.js';
import { AcknowledgementProcessor } from '../../src/acknowledgement/acknowledgement.processor.js';
import { CollectionModule } from '../../src/collection/collection.module.js';
import { CollectionPoller } from '../../src/collection/collection.poller.js';
import type { ExchangeState } from '../../src/domain/exchange-states.js';
import { channelSchema, type Settings } from '../../src/domain/settings.js';
import { AcknowledgementStore } from '../../src/ledger/acknowledgement.store.js';
import { instantText } from '../../src/ledger/exchange-row.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { RejectionStore } from '../../src/ledger/rejection.store.js';
import { LedgerModule } from '../../src/ledger/ledger.module.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { onEveryEngine, type TestEngine } from '../support/engines.js';
import { freshDatabase } from '../support/postgres.js';

class HeldClock extends Clock {
  at = new Date();
  now(): Date { return this.at; }
}

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const oldSecret = `whsec_${randomBytes(24).toString('base64')}`;
const foreign = `whsec_${randomBytes(32).toString('base64')}`;

@Module({})
class TestModule {}

interface Gateway {
  readonly app: NestExpressApplication;
  readonly url: string;
  readonly db: DatabaseAdapter;
  readonly clock: HeldClock;
  readonly processor: AcknowledgementProcessor;
  readonly collection: CollectionPoller;
  readonly stagingDir: string;
  stop(): Promise<void>;
}

// Whatever config/ holds by now; the addresses are replaced for each gateway.
const { settings: base } = configure({
  BUREAU_URL: 'postgres://u:p@unused:1/bureau', BUREAU_ENGINE: 'postgres', LEDGER_URL: 'postgres://u:p@unused:1/ledger', QUEUE_BACKEND: 'postgres', QUEUE_URL: 'postgres://u:p@unused:1/ledger', CENTER_SFTP_HOST: 'unused', CENTER_SFTP_PASSWORD: 'unused',
  CENTER_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`, CENTER_ACK_SECRET: secret, PROVINCIAL_SFTP_HOST: 'another', PROVINCIAL_SFTP_PASSWORD: 'unused', PROVINCIAL_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`,
});

let engine: TestEngine;
async function start(over: { requestsPerMinute?: number; bodyLimitKiB?: number } = {}): Promise<Gateway> {
  const stagingDir = await mkdtemp(path.join(os.tmpdir(), 'gateway-ack-'));
  const [url, queueUrl] = [await engine.fresh('ack'), await freshDatabase('queue')];
  const staging = { adapter: 'directory', directory: { path: stagingDir } };
  const channel = (name: string, http?: object) => channelSchema.parse({ channel: name, title: name, stream: 'case', encoding: 'UTF-8', messages: {}, staging, acknowledgement: { http, files: name === 'center' } });
  const settings: Settings = {
    ...base,
    instance: 'test', roles: ['api'],
    http: { ...base.http, host: '127.0.0.1', port: 0, bodyLimitKiB: over.bodyLimitKiB ?? 1024, trustProxy: true, requestsPerMinute: over.requestsPerMinute ?? 100_000 },
    bureau: { ...base.bureau, engine: engine.engine, url },
    ledger: { ...base.ledger, engine: engine.engine, url, poolSize: 6, allowVolatile: true, encrypt: engine.engine === 'mssql', trustServerCertificate: true },
    queue: { ...base.queue, backend: 'postgres', url: queueUrl, prefix: 'test' },
    retry: { firstDelayMs: 1000, maxDelayMs: 60_000, maxAttempts: 5, maxCrashes: 3 },
    log: { level: 'silent' },
    channels: [channel('center', { secrets: [secret, oldSecret] }), channel('closed', { secrets: [secret], allow: ['203.0.113.0/24'] }), channel('files-only')],
    streamDefinitions: [],
    calendar: { version: 'test', national: [], local: [], hours: [] },
  };
  const clock = new HeldClock();
  const platform = PlatformModule.register(settings, { log: pino({ level: 'silent' }), clock, processMetrics: false });
  const ledger = LedgerModule.register(settings, platform);
  const app = await NestFactory.create<NestExpressApplication>(
    { module: TestModule, imports: [platform, ledger, CollectionModule.register(platform, ledger), AcknowledgementModule.register(platform, ledger)] },
    { logger: false, bodyParser: false, abortOnError: false },
  );
  app.set('trust proxy', true);
  await app.listen(0, '127.0.0.1');
  const port = (app.getHttpServer().address() as net.AddressInfo).port;
  const db = app.get<DatabaseAdapter>(LEDGER_DATABASE);
  return {
    app, db, clock, stagingDir, url: `http://127.0.0.1:${port}/api/acknowledgements`,
    processor: app.get(AcknowledgementProcessor), collection: app.get(CollectionPoller),
    async stop() {
      await app.get(DoorbellAdapter).close();
      await app.close();
      await db.close();
      await rm(stagingDir, { recursive: true, force: true });
    },
  };
}

let g: Gateway;
let counter = 0;
const messageId = (): string => createHash('md5').update(String(++counter)).digest('hex');
const ours = 'a'.repeat(64);
let nextExchange = 1;

/** Puts exchanges into the ledger in a state, each in a lane of its own; returns their message ids. */
async function exchanges(n: number, state: ExchangeState, more: { caseNo?: string; version?: number; event?: string } = {}, on = g): Promise<string[]> {
  const ids = Array.from({ length: n }, () => messageId());
  const now = on.clock.iso();
  const first = nextExchange;
  nextExchange += n;
  await on.db.dialect.insertMany(on.db, 'exchange', [
    { name: 'id', kind: 'big' }, ...['channel', 'stream', 'case_no', 'event', 'sequence', 'operation', 'state', 'event_digest', 'event_at', 'message_id', 'file_name', 'sha256'].map((name) => ({ name, kind: 'text' as const })),
    { name: 'version', kind: 'int' }, { name: 'lane_position', kind: 'big' }, { name: 'head', kind: 'flag' }, { name: 'urgent', kind: 'flag' }, { name: 'snapshot_id', kind: 'big' },
    { name: 'captured_at', kind: 'instant' }, { name: 'state_since', kind: 'instant' }, { name: 'due_at', kind: 'instant' },
  ], ids.map((id, i) => [first + i, 'center', 'case', more.caseNo ?? `C${first + i}`, more.event ?? 'acceptance', '1', 'I', state, 'd', '2026-11-02 09:00:00.000', id, `${id}.xml`, ours, more.version ?? 1, first + i, 0, 0, 1, now, now, now]));
  return ids;
}
async function stateOf(id: string, on = g): Promise<Record<string, unknown>> {
  const { rows } = await on.db.run(sql`select state, failure_code, failure_detail from exchange where message_id = ${id}`);
  return rows[0]!;
}
const classesOf = async (id: string, on = g): Promise<string[]> => (await on.db.run(sql`select level, class from acknowledgement where message_id = ${id} order by id`)).rows.map((r) => `${String(r['level'])} ${String(r['class'])}`);
const timelineOf = async (id: string): Promise<string[]> => (await g.db.run(sql`select l.note, l.to_state from exchange_log l join exchange e on e.id = l.exchange_id where e.message_id = ${id} order by l.id`)).rows.map((r) => `${String(r['note'])}${r['to_state'] === null ? '' : ` > ${String(r['to_state'])}`}`);
const inboxRow = async (id: string, on = g): Promise<Record<string, unknown>> => (await on.db.run(sql`select channel, source, external_id, state, class, detail, size, content, attempts, due_at from inbox where id = ${id}`)).rows[0]!;
const inboxCount = async (): Promise<number> => Number((await g.db.run(sql`select count(*) as n from inbox`)).rows[0]!['n']);

const xml = (...acks: { id: string; level: string; sha256?: string; code?: string; reason?: string }[]): string =>
  `<ACKNOWLEDGEMENTS CHANNEL="center">${acks.map((a) => `<ACK><ID>${a.id}</ID><LEVEL>${a.level}</LEVEL>${a.sha256 ? `<SHA256>${a.sha256}</SHA256>` : ''}${a.code ? `<CODE>${a.code}</CODE>` : ''}${a.reason ? `<REASON>${a.reason}</REASON>` : ''}</ACK>`).join('')}</ACKNOWLEDGEMENTS>`;

interface Push {
  id?: string;
  type?: string;
  channel?: string;
  secret?: string;
  /** Seconds added to the present. */
  offset?: number;
  headers?: Record<string, string | undefined>;
}
const signed = (body: Buffer, p: Push, on: Gateway): Record<string, string> => {
  const id = p.id ?? `msg-${++counter}`;
  const seconds = Math.floor(on.clock.now().getTime() / 1000) + (p.offset ?? 0);
  // The published library signs text only; bytes of other encodings are signed by the same rule here.
  const key = Buffer.from((p.secret ?? secret).slice(6), 'base64');
  const text = body.toString('utf8');
  const signature = Buffer.from(text).equals(body) ? new Webhook(p.secret ?? secret).sign(id, new Date(seconds * 1000), text)
    : `v1,${spawnSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`, '-binary'], { input: Buffer.concat([Buffer.from(`${id}.${seconds}.`), body]) }).stdout.toString('base64')}`;
  const headers = { 'content-type': p.type ?? 'application/xml', 'x-channel': p.channel ?? 'center', 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signature, ...p.headers };
  return Object.fromEntries(Object.entries(headers).filter((h): h is [string, string] => h[1] !== undefined));
};
interface Got {
  readonly status: number;
  readonly body: { receipt?: string; error?: string; expected?: string; faults?: { path: string; expected: string }[] };
  readonly headers: Headers;
}
async function push(body: string | Buffer, p: Push = {}, on = g): Promise<Got> {
  const bytes = Buffer.from(body);
  const response = await fetch(on.url, { method: 'POST', body: bytes, headers: signed(bytes, p, on) });
  return { status: response.status, body: (await response.json()) as Got['body'], headers: response.headers };
}

onEveryEngine((engineHere) => {
  beforeAll(async () => {
    engine = engineHere;
    g = await start();
  });
  afterAll(() => g.stop());

  describe('letting in', () => {
    const unauthorized = { error: 'unauthorized', expected: expect.any(String) };
    test.each<[string, Push, number]>([
      ['a signature of the present secret', {}, 202],
      ['a signature of the secret that is being rotated out', { secret: oldSecret }, 202],
      ['two signatures, one of a secret that we do not have yet', { headers: {} }, 202],
      ['the outermost past', { offset: -300 }, 202],
      ['the outermost future', { offset: 300 }, 202],
      ['a timestamp too old', { offset: -301 }, 401],
      ['a timestamp too far ahead', { offset: 301 }, 401],
      ['a foreign secret', { secret: foreign }, 401],
      ['no signature', { headers: { 'webhook-signature': undefined } }, 401],
      ['an empty signature', { headers: { 'webhook-signature': 'v1,' } }, 401],
      ['a signature of another version', { headers: { 'webhook-signature': `v1a,${randomBytes(32).toString('base64')}` } }, 401],
      ['no id', { headers: { 'webhook-id': undefined } }, 401],
      ['an id too long', { id: 'x'.repeat(201) }, 401],
      ['an id with dots, which would blur what is signed', { id: 'a.1' }, 401],
      ['another id than the signed one', { headers: { 'webhook-id': 'other' } }, 401],
      ['no timestamp', { headers: { 'webhook-timestamp': undefined } }, 401],
      ['a timestamp that is none', { headers: { 'webhook-timestamp': '1e9' } }, 401],
      ['no channel', { headers: { 'x-channel': undefined } }, 401],
      ['a channel that does not exist', { channel: 'nowhere' }, 401],
      ['a channel named like a property', { channel: '__proto__' }, 401],
      ['a channel without HTTP', { channel: 'files-only' }, 401],
      ['an address that is not allowed', { channel: 'closed' }, 401],
    ])('%s: %#', async (what, p, status) => {
      const before = await inboxCount();
      const body = xml({ id: messageId(), level: 'accepted' });
      const extra = what.startsWith('two') ? { ...p, headers: { 'webhook-signature': `v1,${randomBytes(32).toString('base64')} ${signed(Buffer.from(body), { id: 'two' }, g)['webhook-signature']!}` }, id: 'two' } : p;
      const got = await push(body, extra);
      expect(got.status).toBe(status);
      if (status === 401) expect(got.body).toEqual(unauthorized);
      else expect(got.body).toEqual({ receipt: expect.stringMatching(/^\d+$/) });
      expect(await inboxCount()).toBe(before + (status === 202 ? 1 : 0));
    });

    test('an allowed address is let in; the document must be for that channel', async () => {
      const body = JSON.stringify({ channel: 'closed', id: messageId(), level: 'accepted' });
      const from = { channel: 'closed', type: 'application/json', headers: { 'x-forwarded-for': '203.0.113.7' } };
      expect((await push(body, from)).status).toBe(202);
      expect(await push(body.replace('closed', 'center'), from)).toMatchObject({ status: 400, body: { faults: [{ path: 'channel' }] } });
    });

    test('a body that was changed after signing is refused', async () => {
      const body = xml({ id: messageId(), level: 'accepted' });
      const headers = signed(Buffer.from(body), {}, g);
      expect((await fetch(g.url, { method: 'POST', headers, body: body.replace('accepted', 'refused') })).status).toBe(401);
    });

    test('refusals before the signature tell nothing about channels', async () => {
      const body = xml({ id: messageId(), level: 'accepted' });
      const answers = await Promise.all([push(body, { channel: 'nowhere' }), push(body, { channel: 'closed' }), push(body, { secret: foreign }), push(body, { channel: 'files-only', secret: foreign })]);
      expect(new Set(answers.map((a) => JSON.stringify([a.status, a.body]))).size).toBe(1);
    });
  });

  describe('the same again', () => {
    test('same id, same bytes: the same receipt, one entry, read once', async () => {
      const [id] = await exchanges(1, 'staged');
      const body = xml({ id: id!, level: 'accepted' });
      const answers = await Promise.all(Array.from({ length: 8 }, () => push(body, { id: 'replay-1' })));
      expect(new Set(answers.map((a) => `${a.status} ${a.body.receipt}`)).size).toBe(1);
      await g.processor.handle('center');
      expect(await push(body, { id: 'replay-1', offset: 20 })).toMatchObject({ status: 202, body: answers[0]!.body });
      await g.processor.handle('center');
      expect(await classesOf(id!)).toEqual(['accepted applied']);
    });

    test('same id, other bytes: another entry, marked, and read', async () => {
      const [id] = await exchanges(1, 'staged');
      const first = await push(xml({ id: id!, level: 'accepted' }), { id: 'reused' });
      const second = await push(xml({ id: id!, level: 'refused' }), { id: 'reused' });
      expect(second.body.receipt).not.toBe(first.body.receipt);
      await g.processor.handle('center');
      expect([(await inboxRow(first.body.receipt!))['class'], (await inboxRow(second.body.receipt!))['class']]).toEqual(['acknowledgements', 'same-id-other-content']);
      expect(await classesOf(id!)).toEqual(['accepted applied', 'refused contradictory']);
      expect((await stateOf(id!))['state']).toBe('accepted');
    });
  });

  describe('bodies that harm', () => {
    const id = 'f'.repeat(32);
    const good = xml({ id, level: 'accepted' });
    test.each<[string, string | Buffer, string | undefined, number]>([
      ['nothing', '', undefined, 400],
      ['a huge body', Buffer.alloc(1024 * 1024 + 1, 'a'), undefined, 413],
      ['the largest body', good.padEnd(1024 * 1024, ' '), undefined, 202],
      ['deep XML', '<a>'.repeat(50_000), undefined, 400],
      ['a DOCTYPE', `<!DOCTYPE x SYSTEM "file:///etc/passwd">${good}`, undefined, 400],
      ['billion laughs', `<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'b'.repeat(i + 1)} "${`&${'b'.repeat(i) || 'a'};`.repeat(10)}">`).join('')}]><l>&bbbbbbbbb;</l>`, undefined, 400],
      ['truncated XML', good.slice(0, -9), undefined, 400],
      ['NUL bytes', good.replace('accepted', 'acc\0epted'), undefined, 400],
      ['invalid UTF-8', Buffer.concat([Buffer.from(good), Buffer.from([0xc3, 0x28])]), undefined, 400],
      ['UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le'), undefined, 400],
      ['GB18030', iconv.encode(`<?xml version="1.0" encoding="GB18030"?>${xml({ id, level: 'refused', reason: '镕𠀀' })}`, 'gb18030'), undefined, 202],
      ['JSON garbage', '{]', 'application/json', 400],
      ['deep JSON', '['.repeat(500_000), 'application/json', 400],
      ['JSON that escapes a NUL', JSON.stringify({ id, level: 'refused', reason: 'a\0' }), 'application/json', 400],
      ['a prototype', `{"__proto__":{"polluted":true},"id":"${id}","level":"accepted"}`, 'application/json', 400],
      ['a constructor', `{"constructor":{"prototype":{"polluted":true}},"id":"${id}","level":"accepted"}`, 'application/json', 400],
      ['10 000 acknowledgements', JSON.stringify({ acknowledgements: Array.from({ length: 10_000 }, () => ({ id, level: 'accepted' })) }), 'application/json', 400],
      ['XML that says it is JSON', good, 'application/json', 400],
      ['JSON that says it is XML', JSON.stringify({ id, level: 'accepted' }), 'application/xml', 400],
      ['text', good, 'text/plain', 415],
      ['a form', 'a=b', 'application/x-www-form-urlencoded', 415],
      ['no content type', good, '', 415],
      ['a content type with line noise', good, 'application/xml;charset=*;;=', 202],
      ['a charset nobody knows', good, 'application/xml; charset=klingon', 400],
    ])('%s', async (_what, body, type, status) => {
      const got = await push(body, type === undefined ? {} : { type });
      expect(got.status).toBe(status);
      if (status === 400) {
        expect(got.body.faults!.length).toBeGreaterThan(0);
        const { content, ...row } = await inboxRow(got.body.receipt!);
        expect(row).toMatchObject({ state: 'read', class: 'unreadable', detail: expect.stringContaining('expected') });
        expect(Buffer.from(body).equals(content as Buffer)).toBe(true);
      } else expect(got.body.faults).toBeUndefined();
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    test('faults name places and never what stood there', async () => {
      const got = await push(xml({ id: '430903199001011234', level: 'approved-by-Zhang' }));
      expect(got.body.faults!.map((f) => f.path)).toEqual(['/ACKNOWLEDGEMENTS/ACK/ID', '/ACKNOWLEDGEMENTS/ACK/LEVEL']);
      expect(JSON.stringify([got.body, (await inboxRow(got.body.receipt!))['detail']])).not.toMatch(/430903|Zhang/);
    });

    test('a compressed body is not unpacked', async () => {
      expect((await push(good, { headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
    });

    test('a body without length that does not end at the limit is refused, and the answer arrives', async () => {
      const status = await new Promise<number>((resolve, reject) => {
        const request = httpRequest(g.url, { method: 'POST', headers: { ...signed(Buffer.from(''), {}, g), 'transfer-encoding': 'chunked' } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.on('error', reject);
        for (let i = 0; i < 24; i++) request.write(Buffer.alloc(64 * 1024, 'a'));
        request.end();
      });
      expect(status).toBe(413);
    });

    test('a sender that hangs up in the middle harms nobody', async () => {
      const { port } = new URL(g.url);
      await new Promise<void>((resolve, reject) => {
        const socket = net.connect(Number(port), '127.0.0.1', () => {
          socket.write('POST /api/acknowledgements HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\ncontent-length: 100\r\n\r\n<ACK', () => socket.destroy());
        });
        socket.on('close', () => resolve());
        socket.on('error', reject);
      });
      expect((await push(good)).status).toBe(202);
    });
  });

  describe('what they do to exchanges', () => {
    test('picked up, accepted, refused, unknown and contradictory, in one document and in the timeline', async () => {
      const [a, b, c, d, e] = await exchanges(5, 'staged');
      const unknown = messageId();
      const got = await push(xml(
        { id: a!, level: 'picked-up' }, { id: a!, level: 'accepted', sha256: ours }, { id: a!, level: 'picked-up' },
        { id: b!.toUpperCase(), level: 'refused', code: 'E102', reason: '缺少受理单位代码' }, { id: b!, level: 'accepted' },
        { id: c!, level: 'accepted', sha256: 'b'.repeat(64) }, { id: d!, level: 'picked-up' }, { id: unknown, level: 'accepted' }, { id: e!, level: 'accepted' },
      ));
      expect(await g.app.get(InboxStore).channelsDue()).toContain('center');
      await g.processor.handle('center');
      expect([await stateOf(a!), await stateOf(b!), await stateOf(c!), await stateOf(d!), await stateOf(e!)].map((s) => s['state'])).toEqual(['accepted', 'refused', 'staged', 'picked_up', 'accepted']);
      expect(await stateOf(b!)).toMatchObject({ failure_code: 'refused-by-receiver', failure_detail: 'E102: 缺少受理单位代码' });
      expect(await classesOf(a!)).toEqual(['picked-up applied', 'accepted applied', 'picked-up duplicate']);
      expect(await classesOf(b!)).toEqual(['refused applied', 'accepted contradictory']);
      expect(await classesOf(c!)).toEqual(['accepted contradictory']);
      expect(await classesOf(unknown)).toEqual(['accepted unknown']);
      expect(await timelineOf(a!)).toEqual(['picked-up > picked_up', 'accepted > accepted', 'duplicate-acknowledgement']);
      expect(await inboxRow(got.body.receipt!)).toMatchObject({ state: 'read', class: 'acknowledgements' });
    });

    test('early ones wait for our own record, then count', async () => {
      const [a, b, c] = await exchanges(3, 'rendered');
      await push(xml({ id: a!, level: 'picked-up' }, { id: a!, level: 'accepted' }, { id: b!, level: 'accepted' }, { id: b!, level: 'refused' }, { id: c!, level: 'accepted', sha256: 'c'.repeat(64) }));
      await g.processor.handle('center');
      expect(await classesOf(a!)).toEqual(['picked-up early', 'accepted early']);
      expect((await stateOf(a!))['state']).toBe('rendered');
      expect(await g.app.get(AcknowledgementStore).channelsWithEarly()).toEqual([]);
      await g.db.run(sql`update exchange set state = 'staged' where message_id in (${a}, ${b}, ${c})`);
      expect(await g.app.get(AcknowledgementStore).channelsWithEarly()).toEqual(['center']);
      await Promise.all([g.processor.handle('center'), g.processor.handle('center')]);
      expect(await classesOf(a!)).toEqual(['picked-up applied', 'accepted applied']);
      expect(await classesOf(b!)).toEqual(['accepted applied', 'refused contradictory']);
      expect(await classesOf(c!)).toEqual(['accepted contradictory']);
      expect([await stateOf(a!), await stateOf(b!), await stateOf(c!)].map((s) => s['state'])).toEqual(['accepted', 'accepted', 'staged']);
      expect(await g.app.get(AcknowledgementStore).channelsWithEarly()).toEqual([]);
    });

    test('a refusal of a message that was corrected meanwhile gives its place to the correction', async () => {
      const [old] = await exchanges(1, 'staged', { caseNo: 'K1' });
      await exchanges(1, 'rendered', { caseNo: 'K1', version: 2 });
      await push(xml({ id: old!, level: 'refused', code: 'E1' }));
      await g.processor.handle('center');
      expect((await stateOf(old!))['state']).toBe('superseded');
      await push(xml({ id: old!, level: 'accepted' }));
      await g.processor.handle('center');
      expect(await classesOf(old!)).toEqual(['refused applied', 'accepted late']);
    });

    test('5000 in one document, several workers at once: each exchange moves once', async () => {
      const first = nextExchange;
      const ids = await exchanges(5000, 'staged');
      const body = (level: string): string => JSON.stringify({ acknowledgements: ids.map((id) => ({ id, level })) });
      await Promise.all([push(body('accepted'), { type: 'application/json' }), push(body('picked-up'), { type: 'application/json' }), push(body('accepted'), { type: 'application/json' })]);
      await Promise.all([1, 2, 3].map(() => g.processor.handle('center')));
      const classes = await g.db.run(sql`select class, count(*) as n from acknowledgement where exchange_id >= ${first} group by class`);
      const count = Object.fromEntries(classes.rows.map((r) => [String(r['class']), Number(r['n'])]));
      expect(Object.values(count).reduce((a, b) => a + b, 0)).toBe(15_000);
      expect(count['duplicate']).toBe(5000);
      const states = await g.db.run(sql`select state, count(*) as n from exchange where id >= ${first} group by state`);
      expect(states.rows).toEqual([{ state: 'accepted', n: '5000' }]);
      const moves = await g.db.run(sql`select count(*) as n from exchange_log where exchange_id >= ${first} and to_state = 'accepted'`);
      expect(moves.rows).toEqual([{ n: '5000' }]);
    });

    // The failure is made by a trigger in PostgreSQL's own words.
    (engineHere.engine === 'postgres' ? test : test.skip)('a passing failure of the ledger puts the entry off; a lasting one makes it unreadable; an administrator has it read again', async () => {
      const [id] = await exchanges(1, 'staged');
      const got = await push(xml({ id: id!, level: 'accepted' }));
      const breakBy = async (code: string): Promise<void> => {
        await g.db.run(sql`create or replace function fail() returns trigger language plpgsql as 'begin raise exception ''trouble'' using errcode = TG_ARGV[0]; end'`);
        await g.db.source.query(`create or replace trigger fail before insert on acknowledgement for each statement execute function fail('${code}')`);
      };
      await breakBy('40001');
      await g.processor.handle('center');
      expect(await inboxRow(got.body.receipt!)).toMatchObject({ state: 'unread', attempts: 1, class: null });
      expect(instantText((await inboxRow(got.body.receipt!))['due_at']) > g.clock.iso()).toBe(true);
      expect(await stateOf(id!)).toMatchObject({ state: 'staged' });
      g.clock.at = new Date(g.clock.at.getTime() + 120_000);
      await breakBy('22000');
      await g.processor.handle('center');
      expect(await inboxRow(got.body.receipt!)).toMatchObject({ state: 'read', class: 'unreadable', detail: expect.stringMatching(/^unexpected: /) });
      await g.db.source.query('drop trigger fail on acknowledgement');
      expect(await g.app.get(InboxStore).readAgain(got.body.receipt!)).toBe(true);
      await g.processor.handle('center');
      expect(await stateOf(id!)).toMatchObject({ state: 'accepted' });
    });
  });

  describe('files', () => {
    const put = async (name: string, content: string | Buffer): Promise<void> => {
      await mkdir(path.join(g.stagingDir, 'ack'), { recursive: true });
      await writeFile(path.join(g.stagingDir, 'ack', name), content);
    };
    const lying = async (sub: string): Promise<string[]> => (await readdir(path.join(g.stagingDir, 'ack', sub), { withFileTypes: true })).filter((e) => e.isFile()).map((e) => e.name).sort();
    const fileRows = async (prefix: string): Promise<Record<string, unknown>[]> => (await g.db.run(sql`select external_id, state, class, size from inbox where source = 'file' and external_id like ${`${prefix}%`} order by id`)).rows;

    test('are taken in once, moved away, and read; temporary names are left', async () => {
      const [id] = await exchanges(1, 'staged');
      await put('f1.xml', xml({ id: id!, level: 'picked-up' }));
      await put('f2.json', JSON.stringify({ channel: 'center', id, level: 'accepted' }));
      await put('.f3.xml', xml({ id: id!, level: 'refused' }));
      expect(await g.collection.collect('center')).toBe(2);
      expect(await g.collection.collect('center')).toBe(0);
      expect([await lying(''), await lying('done')]).toEqual([['.f3.xml'], ['f1.xml', 'f2.json']]);
      await g.processor.handle('center');
      expect(await stateOf(id!)).toMatchObject({ state: 'accepted' });
    });

    test('a crash between storing and moving stores nothing twice; a name used again is kept beside the first', async () => {
      const [id, other] = await exchanges(2, 'staged');
      await put('g1.xml', xml({ id: id!, level: 'accepted' }));
      await g.collection.collect('center');
      await put('g1.xml', xml({ id: id!, level: 'accepted' }));
      expect(await g.collection.collect('center')).toBe(0);
      await put('g1.xml', xml({ id: other!, level: 'accepted' }));
      expect(await g.collection.collect('center')).toBe(1);
      await g.processor.handle('center');
      expect((await fileRows('g1')).map((r) => r['class'])).toEqual(['acknowledgements', 'same-id-other-content']);
      expect(await lying('')).toEqual(['.f3.xml']);
      expect((await lying('done')).filter((n) => n.startsWith('g1')).length).toBeGreaterThanOrEqual(2);
      expect(await classesOf(other!)).toEqual(['accepted applied']);
    });

    test('what cannot be taken is recorded once and laid aside', async () => {
      await put('h-large.xml', Buffer.alloc(4 * 1024 * 1024 + 1, ' '));
      await put('h-scan.pdf', 'not for us');
      await put('h-broken.xml', '<ACKNOWLEDGEMENTS>');
      expect(await g.collection.collect('center')).toBe(3);
      expect(await g.collection.collect('center')).toBe(0);
      await g.processor.handle('center');
      expect(await lying('refused')).toEqual(['h-large.xml', 'h-scan.pdf']);
      expect(await fileRows('h-')).toEqual([
        { external_id: 'h-broken.xml', state: 'read', class: 'unreadable', size: 18 },
        { external_id: 'h-scan.pdf', state: 'read', class: 'unreadable', size: 10 },
        { external_id: 'h-large.xml (4194305 bytes)', state: 'read', class: 'unreadable', size: 0 },
      ]);
    });

    test('one that is still being written is waited for, but not for ever', async () => {
      const [id] = await exchanges(1, 'staged');
      const whole = xml({ id: id!, level: 'accepted' });
      await put('i1.xml', whole.slice(0, -5));
      expect(await g.collection.collect('center')).toBe(0);
      await put('i1.xml', whole);
      expect(await g.collection.collect('center')).toBe(1);
      await put('i2.xml', whole.slice(0, -5));
      expect(await g.collection.collect('center')).toBe(0);
      g.clock.at = new Date(g.clock.at.getTime() + 30_000);
      expect(await g.collection.collect('center')).toBe(1);
    });

    test('300 files in one go', async () => {
      const ids = await exchanges(300, 'staged');
      for (const [i, id] of ids.entries()) await put(`j${i}.xml`, xml({ id, level: 'accepted' }));
      expect(await g.collection.collect('center')).toBe(300);
      await g.processor.handle('center');
      expect(await Promise.all([ids[0]!, ids[299]!].map((id) => stateOf(id)))).toMatchObject([{ state: 'accepted' }, { state: 'accepted' }]);
    });

    test('a staging machine that is gone is told, not thrown; what lay there is taken when it is back', async () => {
      await put('k1.xml', xml({ id: messageId(), level: 'accepted' }));
      const away = `${g.stagingDir}-away`;
      await rename(g.stagingDir, away);
      await writeFile(g.stagingDir, 'in the way');
      expect(await g.collection.collect('center')).toBe(0);
      await rm(g.stagingDir);
      await rename(away, g.stagingDir);
      expect(await g.collection.collect('center')).toBe(1);
    });
  });

  test('who is turned away leaves a trace, bounded however often he comes', async () => {
    const own = await start({ bodyLimitKiB: 4 });
    try {
      const rejections = own.app.get(RejectionStore);
      const knock = async (remote: string, headers: Record<string, string>, body = '{}'): Promise<number> =>
        (await fetch(own.url, { method: 'POST', headers: { 'content-type': 'application/json', 'x-forwarded-for': remote, ...headers }, body })).status;
      const traces = async (n: number): Promise<Awaited<ReturnType<RejectionStore['since']>>> => {
        for (const end = Date.now() + 10_000; ; await new Promise((resolve) => { setTimeout(resolve, 20); })) {
          const found = await rejections.since('2000-01-01T00:00:00.000Z');
          if (found.reduce((sum, r) => sum + r.count, 0) >= n || Date.now() > end) return found;
        }
      };
      expect(await knock('192.0.2.1', { 'x-channel': 'center' }, '{"a":1}')).toBe(401);
      expect(await knock('192.0.2.2', { 'x-channel': 'nowhere' })).toBe(401);
      expect(await knock('192.0.2.3', { 'x-channel': 'center', 'content-type': 'text/plain' })).toBe(415);
      expect(await knock('192.0.2.4', { 'x-channel': 'center' }, 'x'.repeat(5_000))).toBe(413);
      expect((await traces(4)).map((r) => `${r.channel ?? '-'} ${r.remote} ${r.reason} ${r.count}`).sort()).toEqual([
        '- 192.0.2.2 unknown-channel 1', 'center 192.0.2.1 signature 1', 'center 192.0.2.3 media-type 1', 'center 192.0.2.4 too-large 1',
      ]);
      const kept = await own.db.run(sql`select size, sha256 from rejection where remote = ${'192.0.2.1'}`);
      expect([Number(kept.rows[0]!['size']), kept.rows[0]!['sha256']]).toEqual([7, createHash('sha256').update('{"a":1}').digest('hex')]);

      for (let i = 0; i < 36; i++) await knock('192.0.2.9', { 'x-channel': 'center' });
      await traces(4 + 36);
      expect(Number((await own.db.run(sql`select count(*) as n from rejection where remote = ${'192.0.2.9'}`)).rows[0]!['n'])).toBe(20);
      for (let i = 0; i < 80; i++) await rejections.note({ remote: `198.51.100.${i}`, reason: 'signature' });
      const remotes = await own.db.run(sql`select count(distinct remote) as n, count(*) as written from rejection`);
      expect(Number(remotes.rows[0]!['n'])).toBe(51);
      // the next hour begins anew
      own.clock.at = new Date(own.clock.at.getTime() + 3_600_000);
      await rejections.note({ remote: '192.0.2.9', reason: 'signature' });
      expect(Number((await own.db.run(sql`select count(*) as n from rejection where remote = ${'192.0.2.9'}`)).rows[0]!['n'])).toBe(21);
    } finally {
      await own.stop();
    }
  });

  test('too many requests are told when to come back, per address', async () => {
    const small = await start({ requestsPerMinute: 3 });
    try {
      const from = (address: string): Promise<Got> => push(xml({ id: messageId(), level: 'accepted' }), { headers: { 'x-forwarded-for': address } }, small);
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++) statuses.push((await from('198.51.100.1')).status);
      expect(statuses).toEqual([202, 202, 202, 429]);
      expect((await from('198.51.100.1')).headers.get('retry-after')).toBe('20');
      expect((await from('198.51.100.2')).status).toBe(202);
      small.clock.at = new Date(small.clock.at.getTime() + 20_000);
      expect((await from('198.51.100.1')).status).toBe(202);
    } finally {
      await small.stop();
    }
  });

  test('a ledger that does not answer: the sender is asked to repeat, and it never sees a 500; a queue that is gone costs nothing', async () => {
    const broken = await start();
    try {
      const body = xml({ id: messageId(), level: 'accepted' });
      await broken.app.get(DoorbellAdapter).close();
      expect((await push(body, {}, broken)).status).toBe(202);
      await broken.db.run(engineHere.engine === 'postgres' ? sql`alter table inbox rename to inbox_away` : sql`exec sp_rename 'inbox', 'inbox_away'`);
      const refused = await push(body, { id: 'again' }, broken);
      expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([503, '10', { error: 'not stored', expected: 'the same request again later' }]);
      await broken.db.run(engineHere.engine === 'postgres' ? sql`alter table inbox_away rename to inbox` : sql`exec sp_rename 'inbox_away', 'inbox'`);
      expect((await push(body, { id: 'again' }, broken)).status).toBe(202);
      await broken.db.close();
      expect((await push(body, { id: 'once-more' }, broken)).status).toBe(503);
    } finally {
      await broken.stop();
    }
  });

  test('the examples on the page work as they stand', async () => {
    const response = await fetch(`${g.url}/examples`);
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page).not.toMatch(/<script/i);
    const blocks = [...page.matchAll(/<pre><code>([\s\S]*?)<\/code><\/pre>/g)].map((m) => m[1]!.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&'));
    const [xmlBody, jsonBody, gbBody, send] = blocks as [string, string, string, string];
    const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-curl-'));
    // curl may be missing; what it is called with is what is looked at, and sent.
    const curl = 'curl() { printf "%s\\n" "$@"; }';
    const seconds = Math.floor(Date.now() / 1000);
    g.clock.at = new Date(seconds * 1000);
    try {
      for (const [i, body] of [xmlBody, jsonBody, `${xmlBody}\n${gbBody}`].entries()) {
        const script = `${curl}\n${body}\n${send.replace('whsec_...', secret)}`;
        const ran = spawnSync('bash', ['-e', '-c', script], { cwd: dir, encoding: 'utf8' });
        expect([ran.status, ran.stderr]).toEqual([0, '']);
        const args = ran.stdout.trim().split('\n');
        const headers = Object.fromEntries(args.filter((_, k) => args[k - 1] === '-H').map((h) => [h.slice(0, h.indexOf(':')), h.slice(h.indexOf(':') + 2)]));
        const file = args.find((a) => a.startsWith('@'))!.slice(1);
        const sent = await fetch(g.url, { method: 'POST', headers, body: await readFile(path.join(dir, file)) });
        expect([i, sent.status]).toEqual([i, 202]);
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test('OpenAPI names the headers and every answer', () => {
    const document = SwaggerModule.createDocument(g.app, new DocumentBuilder().build());
    const post = document.paths['/api/acknowledgements']!.post!;
    expect(Object.keys(post.responses).sort()).toEqual(['202', '400', '401', '413', '415', '429', '503']);
    expect((post.parameters ?? []).map((p) => ('name' in p ? p.name : '')).sort()).toEqual(['webhook-id', 'webhook-signature', 'webhook-timestamp', 'x-channel']);
  });
});
