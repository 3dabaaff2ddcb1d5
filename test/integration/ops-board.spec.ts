import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import type { AuditPage, Me, OpsError, Role, Today } from '../../src/domain/ops-api.js';
import type { Board, BoardCaseDetail, BoardCases, CardDetail, CardsPage, Theirs, Trends } from '../../src/domain/ops-board-api.js';
import type { Settings } from '../../src/domain/settings.js';
import type { Row } from '../../src/domain/snapshot.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { LedgerModule } from '../../src/ledger/ledger.module.js';
import { OpsUserStore } from '../../src/ledger/ops-user.store.js';
import { OpsModule } from '../../src/ops/ops.module.js';
import { hashPassword } from '../../src/ops/password.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { supervisionOf } from '../../src/supervision/supervision.module.js';
import { SupervisionPoller } from '../../src/supervision/supervision.poller.js';
import { at, shown } from '../support/clock-facts.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  ms = 0;
  now(): Date { return new Date(this.ms); }
  set(text: string): void { this.ms = Date.parse(at(text)); }
}

@Module({})
class TestModule {}

const clock = new HeldClock();
const password = 'correct horse battery';
let app: NestExpressApplication;
let db: DatabaseAdapter;
let url = '';
let settings: Settings;
let capture: CaptureStore;
let poller: SupervisionPoller;
let digests = 0;

interface Session { readonly cookie: string; readonly me: Me }
interface Answer<T> { readonly status: number; readonly body: T; readonly text: string; readonly headers: Headers }

async function call<T>(key: string, session?: Session, body?: unknown): Promise<Answer<T>> {
  const [method, path] = key.split(' ') as [string, string];
  const response = await fetch(url + path, { method, body: body === undefined ? null : JSON.stringify(body), headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(session ? { cookie: session.cookie, 'x-csrf-token': session.me.csrf } : {}) } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text) as T };
}
const sessions = new Map<Role, Session>();
const as = (role: Role): Session => sessions.get(role)!;

async function seen(caseNo: string, row: Row, children: Record<string, readonly Row[]> = {}): Promise<void> {
  await capture.record('case', [{ caseNo, body: JSON.stringify({ stream: 'case', caseNo, case: row, children }), digest: String(++digests), events: [] }]);
}
const handling = (accepted: string, more: Row = {}): Row => ({ item_code: 'XX01', item_name: '国有建设用地使用权<script>', section: '地籍', accept_org: '市局窗口', accepted_at: accepted, committed_limit: '7', committed_unit: 'W', statutory_limit: '10', statutory_unit: 'W', ...more });
const special = (from: string, until: string | null, more: Row = {}): Row => ({ special_no: '1', kind_name: '听证', started_at: from, ended_at: until, approved_length: '30', approved_unit: 'W', notice_no: 'N1', ...more });

let exchanges = 0;
/** A reported event with what its timeline says. */
async function reported(caseNo: string, event: string, happened: string, moves: { captured: string; staged?: string; picked_up?: string; accepted?: string }, sequence = '1'): Promise<string> {
  const id = String(++exchanges);
  const state = moves.accepted !== undefined ? 'accepted' : moves.picked_up !== undefined ? 'picked_up' : moves.staged !== undefined ? 'staged' : 'captured';
  const [captured, value] = [at(moves.captured), (t: string) => db.dialect.value('instant', t)];
  await db.run(sql`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at)
    values (${id}, 'center', 'case', ${caseNo}, ${event}, ${sequence}, 1, 'I', ${state}, ${id}, 1, 0, 1, 'd', ${`${happened}.000`}, ${id.padStart(32, '0')}, ${`${id}.xml`}, ${value(captured)}, ${value(captured)}, ${value(captured)})`);
  for (const to of ['staged', 'picked_up', 'accepted'] as const) if (moves[to] !== undefined) await db.run(sql`insert into exchange_log (exchange_id, at, actor, to_state, note) values (${id}, ${value(at(moves[to]))}, 'test', ${to}, 'test')`);
  return id;
}
/** All that the bureau held at this time is recorded, and a little later again; the clocks were kept. */
async function lookAt(text: string): Promise<void> {
  for (const later of [0, 1000, 20_000]) {
    clock.ms = Date.parse(at(text)) + later;
    await capture.noteKnown('case', clock.iso());
    await poller.look(() => Promise.resolve(true));
  }
}
const forgetful = (): void => { clock.ms += 120_000; };

beforeAll(async () => {
  const [ledgerUrl, queueUrl] = [await freshDatabase('board'), await freshDatabase('queue')];
  clock.set('2026-09-14 08:00:00');
  const loaded = loadSettings({ configDir: 'config', env: { BUREAU_ENGINE: 'postgres', BUREAU_URL: ledgerUrl, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl, QUEUE_BACKEND: 'postgres', QUEUE_URL: queueUrl, CENTER_SFTP_HOST: 'x', CENTER_SFTP_USER: 'x', CENTER_SFTP_PASSWORD: 'x', CENTER_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`, CENTER_ACK_SECRET: `whsec_${'A'.repeat(44)}`, PROVINCIAL_SFTP_HOST: 'y', PROVINCIAL_SFTP_USER: 'x', PROVINCIAL_SFTP_PASSWORD: 'x', PROVINCIAL_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}` } });
  if (!loaded.settings) throw new Error(JSON.stringify(loaded.faults));
  settings = { ...loaded.settings, supervision: { ...loaded.settings.supervision, bodies: ['hunan', 'guangdong'] }, ops: { ...loaded.settings.ops, sessions: { idleMs: 90 * 86_400_000, absoluteMs: 90 * 86_400_000 } }, log: { level: 'silent' } };
  const log = pino({ level: 'silent' });
  const platform = PlatformModule.register(settings, { log, clock, processMetrics: false });
  const ledger = LedgerModule.register(settings, platform);
  app = await NestFactory.create<NestExpressApplication>({ module: TestModule, imports: [platform, ledger, OpsModule.register(platform, ledger)] }, { logger: false, bodyParser: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/ops/`;
  db = app.get<DatabaseAdapter>(LEDGER_DATABASE);
  await app.get(ChannelStore).ensure(['center']);
  capture = app.get(CaptureStore);
  await capture.watermark('case');
  const cards = new CardStore(db, clock, undefined);
  poller = new SupervisionPoller({ store: new ClockStore(db, clock, cards, undefined), cards, alarms: app.get(AlarmStore), supervision: supervisionOf(settings), calendar: settings.calendar, settings: settings.supervision, clock, log });
  await poller.look(() => Promise.resolve(true));

  await seen('RED1', handling('2026-09-14 08:30:00.000'));
  await seen('SUSP', handling('2026-09-14 08:30:00.000', { section: '交易', item_code: 'XX02' }), { specials: [special('2026-09-15 08:30:00.000', null)] });
  await seen('FRESH', handling('2026-09-22 08:30:00.000', { section: '地产', accept_org: '赫山分局窗口' }));
  await seen('WARN', handling('2026-09-17 08:30:00.000'));
  await seen('OPEN-END', handling('2026-09-14 08:30:00.000', { section: '交易' }), { specials: [special('2026-09-15 08:30:00.000', null, { approved_length: null })] });
  await seen('DONE', handling('2026-09-14 08:30:00.000', { closed_at: '2026-09-16 08:30:00.000', result_code: 'DENY' }));
  await lookAt('2026-09-23 09:00:00');
  const users = app.get(OpsUserStore);
  const passwordHash = await hashPassword(password);
  for (const role of ['viewer', 'operator', 'finance', 'administrator'] as const) {
    await users.create({ name: role, role, passwordHash }, { actor: 'admin test', origin: 'cli', address: 'here' });
    await db.run(sql`update ops_user set must_change = 0 where name = ${role}`);
    const answer = await call<Me>('POST login', undefined, { name: role, password });
    sessions.set(role, { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, me: answer.body });
  }
}, 120_000);
afterAll(async () => {
  await app.get(DoorbellAdapter).close();
  await app.close();
  await db.close();
  await stopPostgres();
}, 60_000);

describe('lights', () => {
  test('counts by section, item and window; a choice narrows the others, not itself', async () => {
    const { body } = await call<Board>('GET board', as('viewer'));
    expect(body).toMatchObject({ body: 'hunan', bodies: [{ body: 'hunan' }, { body: 'guangdong' }], lights: { green: 1, yellow: 1, red: 1, grey: 2 }, untold: 0 });
    expect(body.sections).toEqual([{ key: '地籍', green: 0, yellow: 1, red: 1, grey: 0 }, { key: '交易', green: 0, yellow: 0, red: 0, grey: 2 }, { key: '地产', green: 1, yellow: 0, red: 0, grey: 0 }]);
    expect(body.items.find((i) => i.key === 'XX01')).toMatchObject({ title: '国有建设用地使用权<script>', red: 1, grey: 1 });
    const narrowed = (await call<Board>(`GET board?section=${encodeURIComponent('交易')}`, as('viewer'))).body;
    expect([narrowed.lights, narrowed.sections.length, narrowed.items.map((i) => i.key).sort(), narrowed.offices.map((o) => o.key)]).toEqual([{ green: 0, yellow: 0, red: 0, grey: 2 }, 3, ['XX01', 'XX02'], ['市局窗口']]);
    // The other body counts otherwise: whole days from the day after, no second limit.
    expect((await call<Board>('GET board?body=guangdong', as('viewer'))).body.lights).toEqual({ green: 2, yellow: 0, red: 1, grey: 2 });
  });

  test('the soonest due first, page by page, those without a due moment last', async () => {
    const all: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await call<BoardCases>(`GET board/cases?limit=2${after}`, as('viewer'));
      all.push(...body.cases.map((c) => `${c.caseNo} ${c.light} ${c.used ?? ''}/${c.limit ?? ''} ${shown(c.dueAt) ?? 'open'}`));
      if (body.next === undefined) break;
      after = `&after=${encodeURIComponent(body.next)}`;
    }
    expect(all).toEqual(['RED1 red 9/7 2026-09-22 08:30:00', 'WARN yellow 6/7 2026-09-24 17:30:00', 'FRESH green 2/7 2026-10-10 17:30:00', 'SUSP grey 1/7 2026-11-12 17:30:00', 'OPEN-END grey 1/7 open'].map((l) => expect.stringContaining(l.split(' ').slice(0, 2).join(' ')) as unknown));
    const of = async (query: string): Promise<string[]> => (await call<BoardCases>(`GET board/cases?${query}`, as('viewer'))).body.cases.map((c) => c.caseNo);
    expect(await of('light=grey')).toEqual(['SUSP', 'OPEN-END']);
    expect(await of(`section=${encodeURIComponent('交易')}&item=XX02`)).toEqual(['SUSP']);
    expect(await of('case=RE')).toEqual(['RED1']);
    expect(await of('case=%25')).toEqual([]);
  });

  test.each([
    ['GET board?body=hubei', 404, /expected one of hunan, guangdong/], ['GET board?body=Hunan', 400, /body/], ['GET board/cases?after=2026-99-99T00:00:00Z_1', 400, /after/], ['GET board/cases?after=1', 400, /after/],
    ['GET board/cases?light=blue', 400, /light/], ['GET board/cases?limit=0', 400, /limit/], ['GET board/cases/NONE', 404, /no clock is kept/], ['GET board/cases/RED1?at=soon', 400, /at/], ['GET board/cases/%00', 404, /number/],
    ['GET board/cases/RED1?at=2031-01-01T00:00:00Z', 404, /nationalYears/], ['GET board/cards/0', 404, /no card/], ['GET board/cards/999999', 404, /no card/], ["GET board/cards?level=red'%20or", 400, /level/], ['GET board/cards?after=x', 400, /after/], ['GET board/trends?months=1000', 400, /months/],
    ['GET board?section=%00', 400, /section/], ['GET board?unknown=1', 400, /not known: unknown/],
  ])('%s: %i', async (key, status, text) => {
    const answer = await call<OpsError>(key, as('viewer'));
    expect([answer.status, answer.body.text]).toEqual([status, expect.stringMatching(text)]);
  });
});

describe('one case', () => {
  test('its arithmetic line by line, as codes and as text, now and as of another moment, by either body', async () => {
    const { body } = await call<BoardCaseDetail>('GET board/cases/RED1', as('viewer'));
    expect(body).toMatchObject({ caseNo: 'RED1', body: 'hunan', itemName: '国有建设用地使用权<script>', facts: { section: '地籍' }, reading: { objects: [{ state: 'yellow', light: 'red', level: 'yellow' }] } });
    const lines = body.explanation[0]!.lines;
    expect(lines.find((l) => l.kind === 'result')).toMatchObject({ text: 'committed limit 7 working days: used 8 d 0:30:20, rounded up 9, 2 over', saying: { code: 'result', rounded: 9, remaining: -2 } });
    expect(lines.filter((l) => l.kind === 'interval').every((l) => l.saying !== undefined && l.sum !== undefined)).toBe(true);
    expect(body.cards.map((c) => `${c.body} ${c.level}`).sort()).toEqual(['guangdong red', 'guangdong warning', 'hunan warning', 'hunan yellow']);
    const before = (await call<BoardCaseDetail>(`GET board/cases/RED1?at=${at('2026-09-16 12:00:00')}`, as('viewer'))).body;
    expect(before.reading.objects[0]).toMatchObject({ state: 'green', limits: [{ used: 3 }, { used: 3 }] });
    expect((await call<BoardCaseDetail>('GET board/cases/RED1?body=guangdong', as('viewer'))).body.reading.objects[0]).toMatchObject({ state: 'red' });
  });

  test('whose time it was: a closing that the center accepted too late, and the level that this caused', async () => {
    await seen('LATE', handling('2026-09-14 08:30:00.000', { closed_at: '2026-09-21 16:00:00.000', result_code: 'DENY' }));
    await lookAt('2026-09-23 10:00:00');
    await reported('LATE', 'acceptance', '2026-09-14 08:30:00', { captured: '2026-09-14 08:30:05', staged: '2026-09-14 08:31:05', picked_up: '2026-09-14 08:40:05', accepted: '2026-09-14 08:41:05' });
    const id = await reported('LATE', 'result', '2026-09-21 16:00:00', { captured: '2026-09-21 16:00:30' });
    const { body } = await call<BoardCaseDetail>('GET board/cases/LATE', as('viewer'));
    expect(body.events.map((e) => ({ event: e.event, bureauMs: e.bureauMs, gatewayMs: e.gatewayMs, stagingMs: e.stagingMs, centerMs: e.centerMs, waitsAt: e.waitsAt }))[0]).toEqual({ event: 'acceptance', bureauMs: 5000, gatewayMs: 60_000, stagingMs: 540_000, centerMs: 60_000, waitsAt: undefined });
    expect(body.caused).toMatchObject([{ channel: 'center', level: 'yellow', at: at('2026-09-22 08:30:01'), late: [{ exchangeId: id, waitsAt: 'gateway' }] }]);
  });
});

describe('the forecast on the first page', () => {
  test('a suspension that is stuck is told before the card comes; the same look serves everybody for a minute', async () => {
    await seen('STUCK', handling('2026-09-17 14:30:00.000', { section: '地产' }), { specials: [special('2026-09-18 08:30:00.000', null)] });
    await lookAt('2026-09-23 11:00:00');
    await reported('STUCK', 'acceptance', '2026-09-17 14:30:00', { captured: '2026-09-17 14:30:05', staged: '2026-09-17 14:31:05', picked_up: '2026-09-17 14:40:05', accepted: '2026-09-17 14:41:05' });
    const id = await reported('STUCK', 'special-start', '2026-09-18 08:30:00', { captured: '2026-09-18 08:30:30', staged: '2026-09-18 08:31:30' });
    forgetful();
    const { forecast } = (await call<Today>('GET today', as('viewer'))).body;
    expect(forecast).toMatchObject({ reached: 2, coming: 0, more: false });
    expect(forecast!.lines).toContainEqual(expect.objectContaining({ caseNo: 'STUCK', body: 'hunan', section: '地产', channel: 'center', level: 'warning', exchangeId: id, event: 'special-start', waitsAt: 'staging machine' }));
    expect(forecast!.lines.map((l) => l.caseNo)).toEqual(expect.arrayContaining(['LATE', 'STUCK']));
  });
});

describe('cards', () => {
  const find = async (query: string): Promise<CardsPage> => (await call<CardsPage>(`GET board/cards?${query}`, as('viewer'))).body;
  test('are listed by what they have in common, page by page', async () => {
    expect((await find('body=hunan&level=yellow,red')).cards.map((c) => `${c.caseNo} ${c.level} ${c.state} ${c.stands} ${c.caused}`)).toEqual(['RED1 yellow issued true false']);
    const first = await find('limit=1');
    expect((await find(`limit=1&after=${first.next!}`)).cards[0]!.id).not.toBe(first.cards[0]!.id);
    expect((await find('state=revoked')).cards).toEqual([]);
    expect((await call<Board>('GET board', as('viewer'))).body.cards).toMatchObject({ open: 1, appealed: 0, doubtful: 0, valid: [{ object: 'case', level: 'yellow', count: 1 }, { object: 'case', level: 'warning', count: 1 }] });
  });

  test('an appeal, late facts that put it in doubt, a decision: each with its reason, in the audit log, once', async () => {
    const { id } = (await find('body=hunan&level=yellow')).cards[0]!;
    expect((await call(`POST board/cards/${id}/revoke`, as('finance'), { reason: 'no role for it' })).status).toBe(403);
    expect((await call<OpsError>(`POST board/cards/${id}/appeal`, as('operator'), { reason: '' })).status).toBe(400);
    const appealed = (await call<CardDetail>(`POST board/cards/${id}/appeal`, as('operator'), { reason: '特别程序告知书当日已送达， 联系人 13807310001' })).body;
    expect([appealed.card.state, appealed.moves]).toEqual(['appealed', ['revoke', 'confirm']]);
    // A number of a person that somebody wrote into a reason is not shown.
    expect(appealed.log.at(-1)).toMatchObject({ actor: 'ops operator', from: 'issued', to: 'appealed', reason: expect.not.stringContaining('13807310001') as unknown });
    await seen('RED1', handling('2026-09-14 08:30:00.000'), { specials: [special('2026-09-15 08:30:00.000', '2026-09-18 08:30:00.000')] });
    await lookAt('2026-09-23 12:00:00');
    const doubtful = (await call<CardDetail>(`GET board/cards/${id}`, as('viewer'))).body;
    expect([doubtful.card.stands, doubtful.examinedNote]).toEqual([false, expect.stringMatching(/it would not be issued$/)]);
    // The evidence stays that of its moment.
    expect(doubtful.evidence.lines.at(-1)!.text).toMatch(/^red/);
    expect(doubtful.evidence.facts.pauses).toEqual([]);
    const tries = await Promise.all([1, 2, 3].map((n) => call<OpsError>(`POST board/cards/${id}/revoke`, as('administrator'), { reason: `the notice was entered late ${n}` })));
    expect(tries.map((t) => t.status).sort()).toEqual([200, 409, 409]);
    expect(tries.find((t) => t.status === 409)!.body).toMatchObject({ code: 'gone', text: expect.stringMatching(/cannot be revoked; look at it anew/) as unknown });
    const audit = (await call<AuditPage>('GET audit?limit=200', as('administrator'))).body.lines.filter((l) => l.action.startsWith('card.')).map((l) => `${l.actor} ${l.action} ${l.object} ${l.outcome}`);
    expect(audit).toEqual([`ops administrator card.revoke card ${id} done`, `ops operator card.appeal card ${id} done`]);
    forgetful();
    expect((await call<Board>('GET board', as('viewer'))).body.cards).toMatchObject({ open: 0, appealed: 0 });
  });

  test('where a card takes two: one appeals, somebody else decides, and nothing is revoked without an appeal', async () => {
    const { id } = (await find('body=guangdong&level=red')).cards[0]!;
    settings.ops.twoPersons.for.push('card');
    try {
      const direct = await call<OpsError>(`POST board/cards/${id}/revoke`, as('administrator'), { reason: 'at once' });
      expect([direct.status, direct.body.code]).toEqual([409, 'second-person']);
      expect((await call(`POST board/cards/${id}/appeal`, as('operator'), { reason: 'it was suspended' })).status).toBe(200);
      expect((await call<OpsError>(`POST board/cards/${id}/revoke`, as('operator'), { reason: 'I say so' })).body.code).toBe('second-person');
      expect((await call<CardDetail>(`POST board/cards/${id}/revoke`, as('administrator'), { reason: 'looked at' })).body.card.state).toBe('revoked');
    } finally {
      settings.ops.twoPersons.for.pop();
    }
  });

  test('what the supervising side says stands beside ours, with why it differs; a query is answered once, and its numbers are masked', async () => {
    const value = (t: string): unknown => db.dialect.value('instant', at(t));
    await db.run(sql`insert into supervision_opinion (channel, inbox_id, file_id, issue, received_at, is_current, their_no, case_no, subject, clock_object, sequence, result, state, judged_at, used, committed, statutory, opinion_text)
      values ('supervision', 1, 'f', 1, ${value('2026-09-23 08:00:00')}, 1, 'JC1', 'RED1', 'case', 'case', '1', 'red', 'issued', ${value('2026-09-23 08:00:00')}, 12, 7, 10, '联系人电话 13807310001')`);
    await db.run(sql`insert into supervision_query (channel, inbox_id, file_id, issue, received_at, is_current, their_no, case_no, query_text, asked_at) values ('supervision', 1, 'g', 1, ${value('2026-09-23 08:00:00')}, 1, 'DB1', 'RED1', '请说明 430102199001011234 一案为何超期', ${value('2026-09-23 08:00:00')})`);
    const { theirs } = (await call<BoardCaseDetail>('GET board/cases/RED1', as('viewer'))).body;
    expect(theirs.opinions).toMatchObject([{ theirNo: 'JC1', result: 'red', used: 12 }]);
    expect(JSON.stringify(theirs)).not.toMatch(/13807310001|430102199001011234/);
    const open = (await call<Theirs>('GET board/theirs', as('viewer'))).body;
    expect(open.queries.map((q) => q.theirNo)).toEqual(['DB1']);
    const id = open.queries[0]!.id;
    expect((await call(`POST board/queries/${id}/reply`, as('viewer'), { text: 'no role for it' })).status).toBe(403);
    const tries = await Promise.all([1, 2].map((n) => call<Theirs>(`POST board/queries/${id}/reply`, as('operator'), { text: `特别程序期间不计时 ${n}` })));
    expect(tries.map((a) => a.status).sort()).toEqual([200, 409]);
    expect((await call<Theirs>('GET board/theirs', as('viewer'))).body.queries).toEqual([]);
    expect((await call<BoardCaseDetail>('GET board/cases/RED1', as('viewer'))).body.theirs.queries[0]!.reply).toMatchObject({ by: 'ops operator' });
    expect((await call(`POST board/queries/0/reply`, as('operator'), { text: 'nobody asked' })).status).toBe(404);
  });

  test('the proof stands by itself: hashes that anybody can compute again, nothing that runs', async () => {
    const { id } = (await find('body=hunan&level=yellow')).cards[0]!;
    expect((await call(`POST board/cards/${id}/proof`, as('viewer'), { format: 'json' })).status).toBe(403);
    const json = await call<CardDetail & { form: string; auditLog: { hash: string } }>(`POST board/cards/${id}/proof`, as('operator'), { format: 'json' });
    expect(json.headers.get('x-sha256')).toBe(createHash('sha256').update(json.text).digest('hex'));
    const { rows } = await db.run(sql`select evidence from card where id = ${id}`);
    expect(json.body).toMatchObject({ form: 'card-proof-1', evidenceSha256: createHash('sha256').update(String(rows[0]!['evidence'])).digest('hex'), card: { id, state: 'revoked' }, auditLog: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown } });
    const html = await call<string>(`POST board/cards/${id}/proof`, as('operator'), { format: 'html' });
    expect(html.headers.get('content-disposition')).toBe(`attachment; filename="card-${id}.html"`);
    expect(html.text).toContain('承诺时限 7 个工作日：已用 8 天 0:30:00，进位为 9，超出 2');
    expect(html.text).toContain('按现在已知的情况，发牌当时应为：预警，已用 6/7 个工作日、6/10 个工作日；不会发出');
    expect(html.text).not.toMatch(/<script|<img|https?:\/\/|13807310001/);
  });

  test('a reason full of markup is text wherever it is shown', async () => {
    const { id } = (await find('body=guangdong&state=issued')).cards[0]!;
    const hostile = `"><script>alert(1)</script>'; drop table card; --`;
    expect((await call<CardDetail>(`POST board/cards/${id}/confirm`, as('operator'), { reason: hostile })).body.log.at(-1)!.reason).toBe(hostile);
    const html = (await call<string>(`POST board/cards/${id}/proof`, as('operator'), { format: 'html' })).text;
    expect(html).not.toContain('<script');
    expect(html).toContain('&#60;script&#62;');
  });
});

describe('months', () => {
  test('closed, overdue, share of the limit; the streak ends with a case that is overdue and begins with its end', async () => {
    expect((await call<Board>('GET board?body=hunan', as('viewer'))).body.streak).toMatchObject({ overdueNow: 0, days: 9 });
    await seen('OVER', handling('2026-09-14 08:30:00.000'));
    await lookAt('2026-09-28 09:00:00');
    forgetful();
    expect((await call<Board>('GET board', as('viewer'))).body.streak).toMatchObject({ days: 0, months: 0 });
    for (const no of ['OVER', 'WARN', 'RED1']) await seen(no, handling(no === 'WARN' ? '2026-09-17 08:30:00.000' : '2026-09-14 08:30:00.000', { closed_at: '2026-09-28 10:00:00.000', result_code: 'DENY' }), no === 'RED1' ? { specials: [special('2026-09-15 08:30:00.000', '2026-09-25 08:30:00.000')] } : {});
    await lookAt('2026-09-29 09:00:00');
    clock.set('2026-10-30 09:00:00');
    // 28 September to 30 October: a month and two days.
    const { streak } = (await call<Board>('GET board', as('viewer'))).body;
    expect(streak).toMatchObject({ since: at('2026-09-28 10:00:00'), days: 32, months: 1, restDays: 2 });
    const { months } = (await call<Trends>('GET board/trends?months=3', as('viewer'))).body;
    expect(months.map((m) => [m.month, m.closed, m.overdue])).toEqual([['2026-08', 0, 0], ['2026-09', 5, 2], ['2026-10', 0, 0]]);
    expect(months[1]!.usedShare).toBeGreaterThan(0.5);
  });
});
