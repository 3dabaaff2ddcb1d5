import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { writeManifest } from '../../src/delivery/write-manifest.js';
import type { ActionPreview, ActionResult } from '../../src/domain/ops-action-api.js';
import type { AuditPage, Me, OpsError, Role, SessionLine, Today, UserAnswer } from '../../src/domain/ops-api.js';
import type { ExchangeDetail, ExchangePage, Failures } from '../../src/domain/ops-exchange-api.js';
import { opsRoutes, type OpsRoutePath } from '../../src/domain/ops-routes.js';
import { channelSchema, gatewaySchema, type Settings } from '../../src/domain/settings.js';
import { AuditStore } from '../../src/ledger/audit.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { LedgerModule } from '../../src/ledger/ledger.module.js';
import { OpsUserStore } from '../../src/ledger/ops-user.store.js';
import { OpsModule } from '../../src/ops/ops.module.js';
import { hashPassword } from '../../src/ops/password.adapter.js';
import { readManifest } from '../../src/simulator/center/read-manifest.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  at = new Date('2026-11-24T02:00:00.000Z');
  now(): Date { return this.at; }
  forward(ms: number): void { this.at = new Date(this.at.getTime() + ms); }
}

@Module({})
class TestModule {}

const clock = new HeldClock();
let [ledgerUrl, queueUrl] = ['', ''];
const stops: (() => Promise<void>)[] = [];

/** A process with the ops API, on the ledger that all of this file share. */
async function start(proxy = false): Promise<{ url: string; db: DatabaseAdapter; app: NestExpressApplication }> {
  const settings: Settings = {
    ...gatewaySchema.parse({
      instance: 'test', roles: ['api'], http: { host: '127.0.0.1', port: 0, bodyLimitKiB: 1024, trustProxy: false, requestsPerMinute: 1000 },
      bureau: { engine: 'postgres', url: ledgerUrl, poolSize: 1, streams: ['case'], allowTornReads: false, encrypt: false, trustServerCertificate: false, statementTimeoutMs: 30_000 },
      ledger: { engine: 'postgres', url: ledgerUrl, poolSize: 6, migrate: true, allowVolatile: true, encrypt: false, trustServerCertificate: true, statementTimeoutMs: 30_000 },
      queue: { backend: 'postgres', url: queueUrl, prefix: 'test', allowVolatile: false, lockMs: 5000, stalledCheckMs: 5000 },
      capture: { pollEveryMs: 1, batchCases: 1, standingAlarmMs: 1, removalSweepEveryMs: 1 }, reconciliation: { dir: 'config/reconciliation', pollEveryMs: 2000, batchItems: 1000, twoPersonsAboveFen: 100_000 }, relay: { sweepEveryMs: 1000, claimMs: 60_000 }, render: { batch: 1 }, deliver: { batch: 1 },
      retry: { firstDelayMs: 1000, maxDelayMs: 60_000, maxAttempts: 5, maxCrashes: 3 }, breaker: { failuresToOpen: 3, probeEveryMs: 1000 }, lease: { lengthMs: 10_000 }, collection: { pollEveryMs: 1000 }, completeness: { at: '02:30', fullEveryDays: 7, openLimit: 1000 }, retention: { scheduled: false, keepDays: 1095, batch: 200 }, mirror: { everyMs: 600_000, overdueMs: 1000, hashFilesPerLook: 10 },
      supervision: { bodies: [], rulesDir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv', stream: 'case', everyMs: 5000, askAgainMs: 10_000, batch: 500, notify: ['red'] },
      expectations: { captureMs: 0, pickUpMs: 60_000, acknowledgementMs: 0, returnFilesMs: 0 },
      alarms: {
        everyMs: 1000, settleMs: 0, groupMs: 0, remindEveryMs: 1000, oldestDueMs: 0, blockedLanesMs: 0, blockedLanes: 0, pausedMs: 0, pollAgeMs: 1000, oddAcknowledgementsMs: 0, ledgerMaxMiB: 0,
        disks: { paths: [], minFreePercent: 0, minFreeMiB: 0 }, webhook: { timeoutMs: 1000 }, email: { port: 25, tls: 'none', timeoutMs: 1000 }, deadMan: { everyMs: 1000, pollAgeMs: 1000 },
      },
      ops: { loginsPerMinute: 1000, ...(proxy ? { proxy: { header: 'x-remote-user', addresses: ['127.0.0.0/8'] } } : {}) },
      log: { level: 'silent' }, mappingsDir: 'mappings',
    }),
    channels: [channelSchema.parse({ channel: 'center', title: 'center', stream: 'case', encoding: 'UTF-8', messages: { acceptance: 'center/acceptance' }, staging: { adapter: 'directory', directory: { path: '/nonexistent' } }, acknowledgement: { files: false } })],
    streamDefinitions: [], calendar: { version: 'test', national: [], local: [], hours: [] },
  };
  const platform = PlatformModule.register(settings, { log: pino({ level: 'silent' }), clock, processMetrics: false });
  const ledger = LedgerModule.register(settings, platform);
  const app = await NestFactory.create<NestExpressApplication>({ module: TestModule, imports: [platform, ledger, OpsModule.register(platform, ledger)] }, { logger: false, bodyParser: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const db = app.get<DatabaseAdapter>(LEDGER_DATABASE);
  stops.push(async () => {
    await app.get(DoorbellAdapter).close();
    await app.close();
    await db.close();
  });
  return { app, db, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/ops/` };
}

let a: Awaited<ReturnType<typeof start>>;
let b: Awaited<ReturnType<typeof start>>;
const password = 'correct horse battery';
let passwordHash = '';

interface Session { readonly cookie: string; readonly me: Me }
interface Answer<T> { readonly status: number; readonly body: T; readonly headers: Headers }

async function call<T>(key: string, session?: Session, body?: unknown, more: { url?: string; headers?: Record<string, string> } = {}): Promise<Answer<T>> {
  const [method, path] = key.split(' ') as [string, string];
  const response = await fetch((more.url ?? a.url) + path, {
    method, body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(session ? { cookie: session.cookie, 'x-csrf-token': session.me.csrf } : {}), ...more.headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text) as T };
}

async function makeUser(name: string, role: Role, mustChange = false): Promise<void> {
  await a.app.get(OpsUserStore).create({ name, role, passwordHash }, { actor: 'admin test', origin: 'cli', address: 'here' });
  if (!mustChange) await a.db.run(sql`update ops_user set must_change = 0 where name = ${name}`);
}
async function login(name: string, word = password, url = a.url): Promise<Session> {
  const answer = await call<Me>('POST login', undefined, { name, password: word }, { url });
  expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ name })]);
  return { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, me: answer.body };
}

let nextId = 0;
/** An exchange with its snapshot and message. */
async function exchange(more: { state?: string; parkedFrom?: string; code?: string; caseNo?: string; name?: string; event?: string; version?: number; finding?: string; at?: string } = {}): Promise<string> {
  const id = ++nextId;
  const name = more.name ?? '欧阳小明';
  const [caseNo, at, state] = [more.caseNo ?? `YYGT2026${String(id).padStart(6, '0')}`, more.at ?? clock.iso(), more.state ?? 'parked'];
  const snapshot = { stream: 'case', caseNo, case: { case_no: caseNo, project_name: `${name}的宅基地`, query_password: 'geheim99' }, children: { applicants: [{ name, cert_no: '430102199001011234', phone: '13807310001' }] } };
  const xml = `<?xml version="1.0" encoding="UTF-8"?><A><N>${name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</N><C>430102199001011234</C><T>13807310001</T><Q>geheim99</Q><V>${more.version ?? 1}</V></A>`;
  await a.db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${id}, 'case', ${caseNo}, 'd', ${JSON.stringify(snapshot)}, ${at})`);
  await a.db.run(sql`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, parked_from, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at, failure_code, failure_detail)
    values (${id}, 'center', 'case', ${caseNo}, ${more.event ?? 'acceptance'}, '1', ${more.version ?? 1}, 'I', ${state}, ${more.parkedFrom ?? (state === 'parked' ? 'captured' : null)}, ${id}, 1, 0, ${id}, 'd', '2026-11-24 09:00:00.000', ${String(id).padStart(32, '0')}, ${`${id}.xml`}, ${at}, ${at}, ${at}, ${more.code ?? (state === 'parked' ? 'message-invalid' : null)}, null)`);
  await a.db.run(sql`insert into message (exchange_id, content, sha256, size, encoding, mapping_digest, attachments, rendered_at) values (${id}, ${Buffer.from(xml)}, 'ab', ${xml.length}, 'UTF-8', 'd', '[]', ${at})`);
  if (more.finding !== undefined) await a.db.run(sql`insert into finding (exchange_id, ordinal, element, source, rule_name, finding_text, remedy) values (${id}, 0, ${more.finding}, 'land_applicant.phone', 'length', ${`${name} is too long`}, 'correct it')`);
  await a.db.run(sql`update counter set value = ${id} where name in ('exchange', 'snapshot')`);
  return String(id);
}
const stateOf = async (id: string): Promise<string> => String((await a.db.run(sql`select state from exchange where id = ${id}`)).rows[0]!['state']);
const timelineLength = async (id: string): Promise<number> => Number((await a.db.run(sql`select count(*) as n from exchange_log where exchange_id = ${id}`)).rows[0]!['n']);

beforeAll(async () => {
  [ledgerUrl, queueUrl] = [await freshDatabase('ops'), await freshDatabase('queue')];
  passwordHash = await hashPassword(password);
  a = await start();
  b = await start(true);
  await a.app.get(ChannelStore).ensure(['center']);
  for (const role of ['viewer', 'operator', 'finance', 'administrator'] as const) await makeUser(role, role);
}, 120_000);
afterAll(async () => {
  for (const stop of stops) await stop();
  await stopPostgres();
}, 60_000);

describe('signing on', () => {
  test('a one-time password has to be changed before anything else; the cookie is out of reach of scripts', async () => {
    await makeUser('li.na', 'operator', true);
    const answer = await call<Me>('POST login', undefined, { name: 'li.na', password });
    expect(answer.headers.get('set-cookie')).toMatch(/^gateway=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const session: Session = { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, me: answer.body };
    expect((await call<OpsError>('GET today', session)).body.code).toBe('password-change-needed');
    for (const [next, why] of [['short', /12 characters/], [password, /old one/], ['li.na li.na li.na', /name of its user/], ['aaaaaaaaaaaaa', /different/], ['password123456', /tried first/]] as const) {
      const refused = await call<OpsError>('POST password', session, { current: password, next });
      expect([refused.status, refused.body.text]).toEqual([422, expect.stringMatching(why)]);
    }
    expect((await call<OpsError>('POST password', session, { current: 'wrong', next: 'a quite new sentence' })).status).toBe(401);
    const other = await login('li.na');
    expect((await call<Me>('POST password', session, { current: password, next: 'a quite new sentence' })).body.mustChangePassword).toBe(false);
    expect((await call('GET today', session)).status).toBe(200);
    // A new password ends the other sessions.
    expect((await call('GET me', other)).status).toBe(401);
    expect((await call('POST login', undefined, { name: 'li.na', password })).status).toBe(401);
    expect((await call('POST logout', session)).status).toBe(204);
    expect((await call('GET me', session)).status).toBe(401);
  });

  test('wrong passwords lock, with a delay that doubles; tries at two processes at once all count', async () => {
    await makeUser('zhang', 'viewer');
    const tries = await Promise.all(Array.from({ length: 8 }, (_, i) => call<OpsError>('POST login', undefined, { name: 'zhang', password: `wrong ${i}` }, { url: i % 2 ? a.url : b.url })));
    expect(tries.map((t) => t.status).sort()).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const locked = await call<OpsError>('POST login', undefined, { name: 'zhang', password });
    expect([locked.status, locked.body.code, locked.headers.get('retry-after')]).toEqual([429, 'locked', '60']);
    clock.forward(61_000);
    expect((await call('POST login', undefined, { name: 'zhang', password: 'wrong' })).status).toBe(401);
    expect((await call('POST login', undefined, { name: 'zhang', password })).headers.get('retry-after')).toBe('120');
    clock.forward(121_000);
    await login('zhang');
    expect((await a.app.get(OpsUserStore).find('zhang'))!.failures).toBe(0);
  });

  test('an unknown name is told as a wrong password is', async () => {
    const [unknown, wrong] = await Promise.all(['nobody', 'viewer'].map((name) => call<OpsError>('POST login', undefined, { name, password: 'wrong' })));
    expect(unknown!.body).toEqual(wrong!.body);
    await login('viewer');
  });

  test('a name that does not exist is locked as one that does, so that a lock tells nothing', async () => {
    await makeUser('exists', 'viewer');
    const tries = async (name: string): Promise<unknown[]> => {
      const answers: unknown[] = [];
      for (let i = 0; i < 7; i += 1) {
        const answer = await call<OpsError>('POST login', undefined, { name, password: `wrong ${i}` });
        answers.push([answer.status, answer.body, answer.headers.get('retry-after')]);
      }
      return answers;
    };
    expect(await tries('no.such.user')).toEqual(await tries('exists'));
    clock.forward(61_000);
    expect((await call<OpsError>('POST login', undefined, { name: 'no.such.user', password: 'wrong' })).status).toBe(401);
    expect((await call<OpsError>('POST login', undefined, { name: 'no.such.user', password: 'wrong' })).headers.get('retry-after')).toBe('120');
  });

  test('a session ends when it is idle, after its longest time, when it is revoked, and when its user is disabled', async () => {
    const admin = await login('administrator');
    const idle = await login('viewer');
    clock.forward(31 * 60_000);
    expect((await call('GET me', idle)).status).toBe(401);
    const long = await login('operator');
    for (let i = 0; i < 25; i += 1) {
      clock.forward(29 * 60_000);
      if (i === 0) expect((await call('GET me', long)).status).toBe(200);
      else await call('GET me', long);
    }
    expect((await call('GET me', long)).status).toBe(401);
    expect((await call('GET me', admin)).status).toBe(401);
    const boss = await login('administrator');
    const viewer = await login('viewer');
    const sessions = (await call<SessionLine[]>('GET sessions', boss)).body;
    const theirs = sessions.find((s) => s.user === 'viewer' && !s.current)!;
    // A viewer sees and ends only what is its own.
    expect((await call<SessionLine[]>('GET sessions', viewer)).body.map((s) => s.user)).toEqual(['viewer']);
    expect((await call(`POST sessions/${sessions.find((s) => s.current)!.id}/revoke`, viewer)).status).toBe(404);
    expect((await call(`POST sessions/${theirs.id}/revoke`, boss)).status).toBe(204);
    expect((await call('GET me', viewer)).status).toBe(401);
    const finance = await login('finance');
    expect((await call('POST users/finance', boss, { disabled: true })).status).toBe(200);
    expect((await call('GET me', finance)).status).toBe(401);
    expect((await call('POST users/finance', boss, { disabled: false })).status).toBe(200);
    const last = await call<OpsError>('POST users/administrator', boss, { role: 'viewer' });
    expect([last.status, last.body.text]).toEqual([400, expect.stringMatching(/last administrator/)]);
  });

  test('a user made on the page gets a password that nobody else has', async () => {
    const admin = await login('administrator');
    const made = (await call<UserAnswer>('POST users', admin, { name: 'new.one', role: 'viewer' })).body;
    expect(made).toEqual({ user: expect.objectContaining({ name: 'new.one', mustChangePassword: true }), oneTimePassword: expect.stringMatching(/^\w{20}$/) });
    expect(JSON.stringify((await call('GET users', admin)).body)).not.toMatch(/argon2|hash/i);
    expect((await login('new.one', made.oneTimePassword)).me.mustChangePassword).toBe(true);
  });

  test('the proxy signs on by its header, only where it is configured, and only while it says the name', async () => {
    const headers = { 'x-remote-user': 'operator' };
    expect((await call('POST login', undefined, { name: '' }, { headers })).status).toBe(401);
    const answer = await call<Me>('POST login', undefined, { name: '' }, { url: b.url, headers });
    expect([answer.status, answer.body.name, answer.body.signOn]).toEqual([200, 'operator', 'proxy']);
    const session: Session = { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, me: answer.body };
    expect((await call('GET me', session, undefined, { url: b.url, headers })).status).toBe(200);
    expect((await call('GET me', session, undefined, { url: b.url, headers: { 'x-remote-user': 'administrator' } })).status).toBe(401);
    expect((await call('GET me', session)).status).toBe(401);
  });
});

describe('who may what', () => {
  const roles = ['viewer', 'operator', 'finance', 'administrator'] as const;
  test('every endpoint by every role, called directly', async () => {
    const id = await exchange();
    const sessions = new Map<string, Session>();
    for (const role of roles) sessions.set(role, await login(role));
    for (const key of Object.keys(opsRoutes) as OpsRoutePath[]) {
      if (['POST login', 'POST logout', 'GET stream'].includes(key)) continue;
      const path = key.replace(':id', key.includes('sessions') ? 'none' : id).replace(':token', 'none').replace(':channel', 'none').replace(':name', 'none');
      expect([key, (await call(path, undefined, key.startsWith('POST') ? {} : undefined)).status]).toEqual([key, 401]);
      const allowed = opsRoutes[key].roles;
      for (const role of roles) {
        const answer = await call<OpsError>(path, sessions.get(role), key.startsWith('POST') ? {} : undefined);
        const may = typeof allowed === 'string' || (allowed as readonly string[]).includes(role);
        expect([key, role, answer.status === 403 && answer.body.code === 'forbidden']).toEqual([key, role, !may]);
        expect([key, role, answer.status < 500]).toEqual([key, role, true]);
      }
    }
    // What is refused is in the audit log, with who and what.
    const admin = sessions.get('administrator')!;
    const refused = (await call<AuditPage>('GET audit?outcome=refused&actor=ops%20viewer&limit=200', admin)).body.lines.map((l) => l.action);
    for (const key of ['POST users', 'POST exchanges/:id/unmask', 'POST actions/:token/perform', 'POST channels/:channel/pause']) expect(refused).toContain(key);
  });

  test('without the token of the session nothing is changed; from another site neither', async () => {
    const s = await login('operator');
    for (const headers of [{ 'x-csrf-token': '' }, { 'x-csrf-token': 'x'.repeat(43) }, { 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) {
      const answer = await call<OpsError>('POST channels/center/pause', s, { reason: 'a test' }, { headers });
      expect([answer.status, answer.body.code]).toEqual([403, 'csrf']);
    }
    expect((await call<OpsError>('POST login', undefined, { name: 'operator', password }, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await call<OpsError>('POST login', undefined, JSON.stringify({ name: 'operator', password }), { headers: { 'content-type': 'text/plain' } })).status).toBe(400);
    expect((await a.app.get(ChannelStore).state('center')).paused).toBe(false);
  });

  test('hostile input is refused or harmless', async () => {
    const s = await login('operator');
    for (const query of ["case=' or 1=1 --", 'id=1;drop', 'state=parked,none', 'after=-1', 'limit=100000', 'what=1', 'message=../../etc', 'from=yesterday', 'case[a]=1', 'case=1&case=2', 'case=%00']) {
      expect([query, [200, 400].includes((await call(`GET exchanges?${encodeURI(query)}`, s)).status)]).toEqual([query, true]);
    }
    expect((await call<ExchangePage>('GET exchanges?case=%25', s)).body.exchanges).toEqual([]);
    for (const path of ['exchanges/0', 'exchanges/1e9', 'exchanges/99999999999999999999', 'exchanges/__proto__', 'constructor', 'toString']) expect([path, (await call(`GET ${path}`, s)).status]).toEqual([path, 404]);
    for (const body of ['{', '[]', 'null', '"x"', '{"__proto__":{"kind":"retry"}}', '{"kind":"retry","ids":["1"],"query":{"case":"1"}}', '{"kind":"cancel","ids":["1"]}', '{"kind":"retry","query":{}}']) expect([body, (await call('POST actions', s, body)).status]).toEqual([body, 400]);
    expect((await call('POST actions', s, `{"group":"${'x'.repeat(300_000)}"}`)).status).toBe(413);
    expect((await call('GET me', { ...s, cookie: `${s.cookie}; ${s.cookie}` })).status).toBe(401);
    expect((await call('GET me', { ...s, cookie: 'gateway=<script>' })).status).toBe(401);
    // Control characters and half characters reach the audit log cleaned.
    await call('POST login', undefined, { name: 'a\u0000b\ud800', password: 'x' }, { headers: { 'user-agent': 'x'.repeat(5000) } });
    expect((await a.app.get(AuditStore).verify()).faults).toEqual([]);
  });
});

describe('exchanges', () => {
  test('are searched by each key and paged by number', async () => {
    const s = await login('viewer');
    const ids = [];
    for (let i = 0; i < 5; i += 1) ids.push(await exchange({ caseNo: `SEARCH-${i}`, event: i % 2 ? 'result' : 'acceptance', state: i === 4 ? 'accepted' : 'parked', at: new Date(clock.at.getTime() + i * 3_600_000).toISOString() }));
    const found = async (query: string): Promise<string[]> => (await call<ExchangePage>(`GET exchanges?${query}`, s)).body.exchanges.map((e) => e.id);
    expect(await found('case=SEARCH-')).toEqual([...ids].reverse());
    expect(await found('case=SEARCH-&event=result')).toEqual([ids[3], ids[1]]);
    expect(await found('case=SEARCH-&state=accepted,refused')).toEqual([ids[4]]);
    expect(await found('case=SEARCH-&code=message-invalid&channel=center')).toHaveLength(4);
    expect(await found(`message=${ids[2]!.padStart(32, '0')}`)).toEqual([ids[2]]);
    expect(await found(`id=${ids[2]}`)).toEqual([ids[2]]);
    const at = (hours: number): string => encodeURIComponent(new Date(clock.at.getTime() + hours * 3_600_000).toISOString());
    expect(await found(`case=SEARCH-&from=${at(1)}&to=${at(3)}`)).toEqual([ids[2], ids[1]]);
    const first = (await call<ExchangePage>('GET exchanges?case=SEARCH-&limit=2', s)).body;
    const second = (await call<ExchangePage>(`GET exchanges?case=SEARCH-&limit=2&after=${first.next}`, s)).body;
    const third = (await call<ExchangePage>(`GET exchanges?case=SEARCH-&limit=2&after=${second.next}`, s)).body;
    expect([...first.exchanges, ...second.exchanges, ...third.exchanges].map((e) => e.id)).toEqual([...ids].reverse());
    expect(third.next).toBeUndefined();
  });

  test('are shown without names, identity numbers and telephones; unmasking is recorded with its reason', async () => {
    const before = await exchange({ caseNo: 'MASK-1', state: 'accepted', name: '欧阳<b>&小明' });
    const id = await exchange({ caseNo: 'MASK-1', version: 2, name: '司马<b>&相如', finding: 'A/T' });
    const viewer = await login('viewer');
    const detail = (await call<ExchangeDetail>(`GET exchanges/${id}`, viewer)).body;
    expect(JSON.stringify(detail)).not.toMatch(/相如|小明|430102199001011234|13807310001|geheim/);
    expect(detail).toMatchObject({ masked: true, failure: { code: 'message-invalid', kind: 'case' }, findings: [{ element: 'A/T', source: 'land_applicant.phone' }] });
    expect(detail.lane.map((l) => l.id)).toEqual([before, id]);
    expect(detail.difference).toMatchObject({ from: before, leaves: [{ path: '/A/N' }, { path: '/A/V', before: '1', after: '2' }] });
    const operator = await login('operator');
    expect((await call(`POST exchanges/${id}/unmask`, operator, {})).status).toBe(400);
    const open = (await call<ExchangeDetail>(`POST exchanges/${id}/unmask`, operator, { reason: 'the clerk asks which person' })).body;
    expect(open.masked).toBe(false);
    expect(open.snapshot!.children['applicants']![0]!['name']).toBe('司马<b>&相如');
    expect(JSON.stringify(open)).not.toContain('geheim99');
    const bytes = await call<string>(`POST exchanges/${id}/bytes`, operator, { reason: 'for the center' });
    expect([bytes.headers.get('content-type'), bytes.headers.get('content-disposition')]).toEqual(['application/octet-stream', `attachment; filename="exchange-${id}.xml"`]);
    expect(bytes.body).toContain('司马');
    const lines = (await call<AuditPage>(`GET audit?object=${encodeURIComponent(`exchange ${id}`)}`, await login('administrator'))).body.lines;
    expect(lines.map((l) => [l.actor, l.action, l.outcome])).toEqual([['ops operator', 'personal.download', 'done'], ['ops operator', 'personal.view', 'done']]);
    expect(lines[1]!.detail).toContain('the clerk asks');
  });

  test('that fail are grouped by cause; a group is retried as a whole, and closes', async () => {
    const ids = [await exchange({ code: 'attempts-exhausted', parkedFrom: 'rendered' }), await exchange({ code: 'attempts-exhausted', parkedFrom: 'rendered' })];
    await exchange({ finding: 'BODY/PHONE' });
    const s = await login('operator');
    const groups = (await call<Failures>('GET failures', s)).body.groups;
    const group = groups.find((g) => g.failure.code === 'attempts-exhausted')!;
    expect(group).toMatchObject({ stage: 'delivery', count: 2, last24h: 2, before24h: 0, example: ids[1], failure: { kind: 'setup', remedy: expect.stringMatching(/retry/) } });
    expect(groups.find((g) => g.field === 'BODY/PHONE')).toMatchObject({ stage: 'mapping', rule: 'length', source: 'land_applicant.phone', count: 1 });
    const preview = (await call<ActionPreview>('POST actions', s, { kind: 'retry', group: group.key })).body;
    expect(preview).toMatchObject({ total: 2, will: 2, states: { parked: 2 }, lanes: 2, accepted: 0 });
    expect(await stateOf(ids[0]!)).toBe('parked');
    // A double click, and the same click at the other process.
    const results = await Promise.all([a.url, b.url, a.url].map((url) => call<ActionResult>(`POST actions/${preview.token}/perform`, s, undefined, { url })));
    expect(results.every((r) => r.status === 200)).toBe(true);
    expect((await call<ActionResult>(`GET actions/${preview.token}`, s)).body).toMatchObject({ state: 'done', done: 2, notDone: 0 });
    expect(await Promise.all(ids.map(stateOf))).toEqual(['rendered', 'rendered']);
    expect(await Promise.all(ids.map(timelineLength))).toEqual([1, 1]);
    expect((await call<OpsError>('POST actions', s, { kind: 'retry', group: group.key })).status).toBe(404);
    const audit = (await call<AuditPage>(`GET audit?object=${encodeURIComponent(`action ${preview.token}`)}`, await login('administrator'))).body.lines;
    expect(audit.map((l) => l.outcome)).toEqual(['done', 'ordered']);
  });

  test('are acted on as previewed: what moved meanwhile is left alone and named; a preview runs out and belongs to its user', async () => {
    const s = await login('operator');
    const [stays, moves] = [await exchange(), await exchange()];
    const wish = { kind: 'cancel', ids: [stays, moves, '999999'], reason: 'test data' };
    const preview = (await call<ActionPreview>('POST actions', s, wish)).body;
    expect([preview.will, preview.missing]).toEqual([2, ['999999']]);
    await a.db.run(sql`update exchange set state = 'captured', parked_from = null where id = ${moves}`);
    expect((await call(`POST actions/${preview.token}/perform`, await login('administrator'))).status).toBe(404);
    const result = (await call<ActionResult>(`POST actions/${preview.token}/perform`, s)).body;
    expect(result).toMatchObject({ done: 1, notDone: 1, lines: [{ id: moves, done: false, text: expect.stringMatching(/captured/) }, { id: stays, done: true }] });
    expect(await Promise.all([stays, moves].map(stateOf))).toEqual(['cancelled', 'captured']);
    const late = (await call<ActionPreview>('POST actions', s, { kind: 'cancel', ids: [moves], reason: 'test data' })).body;
    clock.forward(16 * 60_000);
    expect((await call<OpsError>(`POST actions/${late.token}/perform`, s)).body.code).toBe('gone');
    expect(await stateOf(moves)).toBe('captured');
  });

  test('are acted on to the end when the process that did it died; while it lives nobody does it again', async () => {
    const s = await login('operator');
    const ids = [await exchange(), await exchange()];
    const preview = (await call<ActionPreview>('POST actions', s, { kind: 'retry', ids })).body;
    const claimed = (ms: number): Promise<unknown> => a.db.run(sql`update ops_action set state = 'performing', claimed_until = ${new Date(clock.at.getTime() + ms).toISOString()} where token = ${preview.token}`);
    await claimed(60_000);
    expect((await call<ActionResult>(`POST actions/${preview.token}/perform`, s)).body).toMatchObject({ state: 'performing', done: 0 });
    expect(await Promise.all(ids.map(stateOf))).toEqual(['parked', 'parked']);
    // It had come as far as the first one.
    await a.db.run(sql`update exchange set state = 'captured', parked_from = null where id = ${ids[0]!}`);
    await claimed(-1);
    expect((await call<ActionResult>(`POST actions/${preview.token}/perform`, s, undefined, { url: b.url })).body).toMatchObject({ state: 'done', done: 1, notDone: 1 });
    expect(await Promise.all(ids.map(stateOf))).toEqual(['captured', 'captured']);
  });

  test('that the receiver refused are opened as the next version; what it accepted is never sent again; a viewer does neither', async () => {
    const s = await login('operator');
    const [refused, accepted, staged] = [await exchange({ state: 'refused' }), await exchange({ state: 'accepted' }), await exchange({ state: 'staged' })];
    const retry = (await call<ActionPreview>('POST actions', s, { kind: 'retry', ids: [refused, accepted] })).body;
    expect(retry.lines.map((l) => [l.id, l.will])).toEqual([[refused, true], [accepted, false]]);
    const done = (await call<ActionResult>(`POST actions/${retry.token}/perform`, s)).body;
    const opened = done.lines.find((l) => l.id === refused)!.newId!;
    nextId = Number(opened);
    expect([await stateOf(refused), await stateOf(opened), await stateOf(accepted)]).toEqual(['superseded', 'captured', 'accepted']);
    const resend = (await call<ActionPreview>('POST actions', s, { kind: 'resend', ids: [accepted, staged] })).body;
    expect(resend).toMatchObject({ will: 1, accepted: 1 });
    expect((await call<ActionResult>(`POST actions/${resend.token}/perform`, s)).body).toMatchObject({ done: 1, notDone: 1 });
    expect([await stateOf(accepted), await stateOf(staged)]).toEqual(['accepted', 'rendered']);
  });

  test('today tells how each channel stands, and why', async () => {
    const s = await login('operator');
    expect((await call('POST channels/center/pause', s, { reason: 'the center moves' })).status).toBe(204);
    const today = (await call<Today>('GET today', s)).body;
    expect(today.light).toBe('red');
    expect(today.channels[0]).toMatchObject({ channel: 'center', light: 'red', paused: { reason: 'the center moves' }, breaker: { state: 'closed' } });
    expect(today.channels[0]!.reasons.map((r) => r.code)).toEqual(['paused', 'parked']);
    expect(today.channels[0]!.funnel.find((f) => f.state === 'parked')!.count).toBeGreaterThan(0);
    expect(today.series).toHaveLength(96);
    expect(today.expected).toEqual([{ channel: 'center', what: 'pick-up', withinMs: 60_000 }]);
    expect((await call('POST channels/center/resume', s)).status).toBe(204);
    const stream = await fetch(`${a.url}stream`, { headers: { cookie: s.cookie } });
    const reader = stream.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^event: today\ndata: \{/);
    await reader.cancel();
  });
});

describe('the audit chain', () => {
  const store = (): AuditStore => a.app.get(AuditStore);
  const who = { actor: 'ops tester', origin: 'page', address: 'here' } as const;
  /** Runs `harm` on the log, looks, and puts the log back. */
  async function harmed(harm: () => Promise<unknown>): Promise<string[]> {
    await a.db.run(sql`create table kept as select * from audit_line`);
    await a.db.run(sql`create table kept_head as select * from audit_head`);
    try {
      await harm();
      return (await store().verify()).faults.map((f) => `${f.kind} ${f.seq}`);
    } finally {
      for (const [table, kept] of [['audit_line', 'kept'], ['audit_head', 'kept_head']] as const) {
        await a.db.run(sql`delete from ${raw(table)}`);
        await a.db.run(sql`insert into ${raw(table)} select * from ${raw(kept)}`);
        await a.db.run(sql`drop table ${raw(kept)}`);
      }
    }
  }

  test('is one chain, however many write it at once', async () => {
    const before = (await store().head()).seq;
    await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? store() : b.app.get(AuditStore)).record(who, { action: 'test', outcome: 'done', detail: { i } })));
    expect((await store().head()).seq).toBe(before + 40);
    expect((await store().verify()).faults).toEqual([]);
  });

  test('names what was altered, removed, inserted', async () => {
    const last = (await store().head()).seq;
    expect(await harmed(() => a.db.run(sql`update audit_line set actor = 'ops somebody' where seq = 5`))).toEqual(['altered 5']);
    expect(await harmed(() => a.db.run(sql`delete from audit_line where seq = 7`))).toEqual(['removed 7']);
    expect(await harmed(() => a.db.run(sql`delete from audit_line where seq = 1`))).toEqual(['removed 1']);
    expect(await harmed(() => a.db.run(sql`delete from audit_line where seq > ${last - 2}`))).toEqual([`removed ${last - 1}`]);
    expect(await harmed(() => a.db.run(sql`insert into audit_line select seq + 1, at, actor, origin, address, act, subject, outcome, detail, line_hash, previous_hash from audit_line where seq = ${last}`))).toContain(`inserted ${last + 1}`);
    // With the numbers after it moved up, so that no gap shows.
    expect(await harmed(async () => {
      await a.db.run(sql`update audit_line set seq = -seq - 1 where seq >= 10`);
      await a.db.run(sql`update audit_line set seq = -seq where seq < 0`);
      await a.db.run(sql`insert into audit_line select 10, at, 'ops forged', origin, address, act, subject, outcome, detail, line_hash, previous_hash from audit_line where seq = 9`);
      await a.db.run(sql`update audit_head set seq = seq + 1`);
    })).toContain('inserted 10');
    expect(await harmed(async () => {
      await a.db.run(sql`delete from audit_line where seq = 10`);
      await a.db.run(sql`update audit_line set seq = -seq + 1 where seq > 10`);
      await a.db.run(sql`update audit_line set seq = -seq where seq < 0`);
      await a.db.run(sql`update audit_head set seq = seq - 1`);
    })).toContain('removed 10');
    expect((await store().verify()).faults).toEqual([]);
  });

  test('is anchored in the manifests: a chain written anew as a whole does not fit them', async () => {
    const head = await store().head();
    const manifest = writeManifest({ channel: 'center', seq: '1', previous: '0'.repeat(64), audit: `${head.seq}:${head.hash}`, createdAt: clock.at, lines: [] });
    expect(readManifest(manifest).audit).toBe(`${head.seq}:${head.hash}`);
    expect(readManifest(writeManifest({ channel: 'center', seq: '1', previous: '0'.repeat(64), createdAt: clock.at, lines: [] })).audit).toBeUndefined();
    await a.db.run(sql`insert into manifest (channel, seq, file_name, content, sha256, state, prepared_at) values ('center', 1, 'M1.xml', ${manifest}, 'x', 'staged', ${clock.iso()})`);
    expect(await store().verify()).toMatchObject({ faults: [], anchors: 1 });
    const wrong = writeManifest({ channel: 'center', seq: '2', previous: '0'.repeat(64), audit: `3:${'b'.repeat(64)}`, createdAt: clock.at, lines: [] });
    await a.db.run(sql`insert into manifest (channel, seq, file_name, content, sha256, state, prepared_at) values ('center', 2, 'M2.xml', ${wrong}, 'x', 'staged', ${clock.iso()})`);
    expect((await store().verify()).faults).toEqual([expect.objectContaining({ kind: 'anchor', seq: 3 })]);
  });
});
