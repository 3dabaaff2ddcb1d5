import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { Me, OpsCalls, OpsError, Role } from '../../src/domain/ops-api.js';
import type { OpsRoutePath } from '../../src/domain/ops-routes.js';
import type { CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { SupervisionJobs } from '../../src/supervision/supervision.module.js';
import { journeyCase } from '../../src/simulator/bureau/stage-journeys.js';
import { LocalDayStore } from '../../src/ledger/local-day.store.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { eventually, password, startOpsStand, type OpsStand } from '../support/ops-stand.js';

let stand: OpsStand;
const sessions = new Map<string, { cookie: string; me: Me }>();
const wrongKey = `SHA256:${'A'.repeat(43)}`;

interface Answer<T> { readonly status: number; readonly body: T; readonly headers: Headers; readonly bytes: Buffer }

async function signedOn(role: string): Promise<{ cookie: string; me: Me }> {
  const known = sessions.get(role);
  if (known) return known;
  const response = await fetch(`${stand.url}/api/ops/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: role, password }) });
  expect(response.status).toBe(200);
  const session = { cookie: response.headers.get('set-cookie')!.split(';')[0]!, me: (await response.json()) as Me };
  sessions.set(role, session);
  return session;
}

async function ask<T>(role: Role, key: string, body?: unknown): Promise<Answer<T>> {
  const { cookie, me } = await signedOn(role);
  const [method, path] = key.split(' ') as [string, string];
  const response = await fetch(`${stand.url}/api/ops/${path}`, { method, headers: { cookie, 'x-csrf-token': me.csrf, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, body: (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(bytes.toString('utf8')) : undefined) as T };
}
type AnswerOf<P extends OpsRoutePath> = OpsCalls[P]['answer'];
const audited = async (action: string): Promise<Record<string, unknown>[]> => (await stand.ledger.run(sql`select actor, subject, outcome, detail from audit_line where act = ${action} order by seq`)).rows;

/** What the center says over HTTP, signed. */
async function push(acknowledgements: readonly Record<string, string>[]): Promise<void> {
  const secret = stand.settings.channels.find((c) => c.channel === 'center')!.acknowledgement.http!.secrets[0]!;
  const [id, at, body] = [`test-${Math.floor(Math.random() * 1e12)}`, new Date(), JSON.stringify({ acknowledgements })];
  const response = await fetch(`${stand.url}/api/acknowledgements`, { method: 'POST', headers: { 'x-channel': 'center', 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)), 'webhook-signature': new Webhook(secret).sign(id, at, body) }, body });
  expect(response.status).toBeLessThan(300);
}
/** An exchange of center as it lies in the ledger; the pollers have nothing to do with it. */
async function exchange(id: string, state: string): Promise<void> {
  await stand.ledger.run(sql`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at)
    values (${id}, 'center', 'case', ${`BY-HAND-${id}`}, 'acceptance', '1', 1, 'I', ${state}, ${id}, 1, 0, 1, 'd', '2026-11-24 09:00:00.000', ${id.padStart(32, '0')}, ${`${id}.xml`}, now(), now(), now())`);
}
const stateOf = async (id: string): Promise<string> => String((await stand.ledger.run(sql`select state from exchange where id = ${id}`)).rows[0]!['state']);

let applied: CaseRecord;
beforeAll(async () => {
  // The provincial side shows another key than the pinned one.
  stand = await startOpsStand((s) => ({ ...s, channels: s.channels.map((c) => (c.channel === 'provincial' ? { ...c, staging: { ...c.staging, sftp: { ...c.staging.sftp!, hostKeySha256: wrongKey } } } : c)) }));
  applied = journeyCase({ catalogue: stand.catalogue, caseNo: 'DESK-1' }).applied;
  await stand.bureau.insertCases([applied]);
  await eventually(() => stand.view.find({ caseNo: 'DESK-1', channel: 'center' }, 10), (found) => found.length > 0 && found.every((e) => e.state === 'accepted'), 'the case at the center');
}, 120_000);
afterAll(() => stand.close(), 60_000);

describe('channels', () => {
  test('are shown with keys, directories, what their machine can, manifests and what is expected; secrets are not', async () => {
    const { body, bytes } = await ask<AnswerOf<'GET channels/:channel'>>('viewer', 'GET channels/center');
    expect(body).toMatchObject({ channel: 'center', encoding: 'UTF-8', scheduler: true, acknowledgement: { files: true, http: true, secrets: 1 }, capabilities: { renameRefusesExisting: true } });
    expect(body.hostKeys[0]).toMatch(/^SHA256:/);
    expect(body.manifests[0]!.messages).toBeGreaterThan(0);
    expect(body.expected.map((e) => e.what)).toEqual(['pick-up', 'acknowledgement']);
    expect(bytes.toString('utf8')).not.toMatch(/whsec_|PRIVATE KEY|password/i);
    expect((await ask('viewer', 'GET channels/nowhere')).status).toBe(404);
  });

  test('are polled when somebody asks, once for two clicks, and it is said what came of it', async () => {
    expect((await ask<OpsError>('viewer', 'POST channels/center/poll')).status).toBe(403);
    const asked = await Promise.all([1, 2].map(() => ask<AnswerOf<'POST channels/:channel/poll'>>('operator', 'POST channels/center/poll')));
    expect(asked[0]!.body.map((p) => p.target).sort()).toEqual(['collect-center', 'mirror-center']);
    const done = await eventually(async () => (await ask<AnswerOf<'GET channels/:channel'>>('viewer', 'GET channels/center')).body.polls, (polls) => polls.every((p) => p.state === 'done'), 'the poll');
    expect(JSON.parse(done.find((p) => p.target === 'collect-center')!.result!)).toEqual({ taken: expect.any(Number) });
    const broken = await ask<AnswerOf<'POST streams/:stream/poll'>>('operator', 'POST streams/case/poll');
    expect(broken.status).toBe(200);
    await eventually(async () => (await ask<AnswerOf<'GET streams'>>('viewer', 'GET streams')).body[0]!.polls, (polls) => polls.length === 2 && polls.every((p) => p.state === 'done' && p.askedBy === 'ops operator'), 'the poll of the stream');
    expect(await audited('channel.poll')).toHaveLength(2);
    expect((await ask('operator', 'POST streams/nothing/poll')).status).toBe(404);
  });

  test('are tried step by step; a foreign host key ends it before anybody signs on', async () => {
    const good = (await ask<AnswerOf<'POST channels/:channel/test'>>('operator', 'POST channels/center/test')).body;
    expect(good.steps.map((s) => [s.step, s.status])).toEqual([['address', 'ok'], ['host-key', 'ok'], ['login', 'ok'], ['directories', 'ok'], ['write', 'ok']]);
    expect(good.seenHostKey).toMatchObject({ pinned: true, fingerprint: expect.stringMatching(/^SHA256:/) });
    const bad = (await ask<AnswerOf<'POST channels/:channel/test'>>('operator', 'POST channels/provincial/test')).body;
    expect(bad.steps.map((s) => [s.step, s.status])).toEqual([['address', 'ok'], ['host-key', 'failed'], ['login', 'skipped'], ['directories', 'skipped'], ['write', 'skipped']]);
    expect(bad.seenHostKey!.pinned).toBe(false);
    expect(bad.steps[1]!.remedy).toMatch(/whether the machine was changed/);
    expect((await audited('channel.test')).map((l) => l['outcome'])).toEqual(['ordered', 'done', 'ordered', 'failed']);
  });

  test('say which mapping is in force since when, and which columns leave the house', async () => {
    const lines = (await ask<AnswerOf<'GET mappings'>>('viewer', 'GET mappings')).body;
    const application = lines.find((l) => l.channel === 'center' && l.event === 'application')!;
    expect(application).toMatchObject({ mapping: 'center/application', digest: expect.stringMatching(/^[0-9a-f]{64}$/), versions: 1 });
    expect(Date.parse(application.since!)).toBeLessThanOrEqual(Date.now());
    expect(application.fields).toContainEqual(expect.objectContaining({ kind: 'column', source: 'land_applicant.cert_no', personal: true }));
    const csv = await ask('viewer', 'GET mappings/whitelist');
    expect(csv.headers.get('content-disposition')).toMatch(/^attachment; filename="export-whitelist-\d{4}-\d\d-\d\d\.csv"$/);
    expect(csv.bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(csv.bytes.toString('utf8')).toContain('land_applicant.cert_no');
    // What should not leave is seen here: the province gets the query code of a case.
    expect(csv.bytes.toString('utf8')).toMatch(/provincial,acceptance,.*land_case\.query_password,,是 yes/);
  });
});

describe('the calendar', () => {
  test('takes local days at once in every process and computes the clocks anew; each decision is recorded', async () => {
    const before = (await ask<AnswerOf<'GET calendar'>>('viewer', 'GET calendar?year=2026')).body;
    expect(before.days).toHaveLength(365);
    expect(before.days.find((d) => d.day === '2026-10-01')).toMatchObject({ working: false, because: 'national' });
    expect((await ask('operator', 'POST calendar/days', { from: '2026-12-07', to: '2026-12-08', kind: 'free', reason: '停电检修' })).status).toBe(403);
    const stamp = async (): Promise<string> => String((await stand.ledger.run(sql`select stamp from supervision_position where name = 'recompute'`)).rows[0]!['stamp']);
    await eventually(stamp, (s) => s.endsWith(' done'), 'the clocks');
    const old = await stamp();
    const after = (await ask<AnswerOf<'POST calendar/days'>>('administrator', 'POST calendar/days', { from: '2026-12-07', to: '2026-12-08', kind: 'free', reason: '停电检修' })).body;
    expect(after.version).not.toBe(before.version);
    expect(after.days.filter((d) => d.by === 'page').map((d) => d.day)).toEqual(['2026-12-07', '2026-12-08']);
    // Another process, and the supervision of this one.
    expect((await new LocalDayStore(stand.ledger, new SystemClock(), stand.settings.calendar).inForce()).version).toBe(after.version);
    for (const job of stand.gateway.app.get(SupervisionJobs, { strict: false }).list()) await job.run(() => Promise.resolve(true));
    expect([await stamp() === old, (await stamp()).endsWith(' done')]).toEqual([false, true]);
    const back = (await ask<AnswerOf<'POST calendar/days'>>('administrator', 'POST calendar/days', { from: '2026-12-07', to: '2026-12-08', kind: 'none', reason: '检修改期' })).body;
    expect(back.version).toBe(before.version);
    expect(back.decisions.map((d) => d.kind)).toEqual(['none', 'none', 'free', 'free']);
    expect(await audited('calendar.decide')).toHaveLength(2);
    for (const wrong of [{ from: '2026-02-30', to: '2026-03-01' }, { from: '2026-03-02', to: '2026-03-01' }, { from: '2026-01-01', to: '2026-12-31' }]) expect((await ask('administrator', 'POST calendar/days', { ...wrong, kind: 'free', reason: 'wrong' })).status).toBe(400);
  });
});

describe('a dry run', () => {
  const counts = async (): Promise<unknown> => (await stand.ledger.run(sql`select (select count(*) from exchange) as e, (select count(*) from exchange_log) as l, (select count(*) from case_snapshot) as s, (select count(*) from message) as m`)).rows[0];
  type Run = AnswerOf<'POST dry-runs'>;

  test('shows a case as it would be sent, masked, beside what was sent; changes nothing', async () => {
    const before = await counts();
    const name = applied.children.applicants[0]!['name']!;
    expect((await ask('viewer', 'POST dry-runs', { caseNo: 'DESK-1' })).status).toBe(403);
    const { body, bytes } = await ask<Run>('operator', 'POST dry-runs', { caseNo: 'DESK-1', channel: 'center' });
    expect(body).toMatchObject({ readFrom: 'bureau', masked: true, messages: [{ event: 'application', findings: [], standing: expect.stringContaining('nothing new') }] });
    expect(bytes.toString('utf8')).not.toContain(name);
    expect(body.messages[0]!.sent!.leaves).toEqual([]);
    expect((await ask('operator', 'POST dry-runs/unmask', { caseNo: 'DESK-1' })).status).toBe(400);
    const open = await ask<Run>('operator', 'POST dry-runs/unmask', { caseNo: 'DESK-1', channel: 'center', reason: 'the clerk asks' });
    expect(open.body.messages[0]!.xml).toContain(name);
    expect(open.bytes.toString('utf8')).not.toContain(applied.case['query_password'] ?? 'no password');
    expect(await audited('personal.view')).toEqual([expect.objectContaining({ subject: 'dry run DESK-1', actor: 'ops operator' })]);
    expect((await ask<OpsError>('operator', 'POST dry-runs', { caseNo: 'NO-SUCH-CASE' })).status).toBe(404);
    expect(await counts()).toEqual(before);
  });

  test('takes a pasted snapshot, says what is wrong at which column, and tries the mapping files as they stand', async () => {
    const snapshot = { caseNo: 'DESK-1', case: applied.case, children: { ...applied.children, materials: [], applicants: applied.children.applicants.map((a) => ({ ...a, phone: '0737-123-4567-89012345678901234567890' })) } };
    const text = JSON.parse(JSON.stringify(snapshot)) as typeof snapshot;
    for (const mapping of ['in-force', 'files']) {
      const run = await ask<Run>('operator', 'POST dry-runs', { snapshot: text, event: 'application', channel: 'center', mapping });
      expect(run.body.messages[0]!.findings[0]).toMatchObject({ source: expect.stringContaining('land_applicant.phone'), element: expect.any(String) });
      expect(run.body.messages[0]!.sent!.leaves.length).toBeGreaterThan(0);
    }
    for (const wrong of [{}, { caseNo: 'A', snapshot: text }, { snapshot: { caseNo: 'A', case: 7 } }, { caseNo: 'A', stream: 'nothing' }]) expect((await ask('operator', 'POST dry-runs', wrong)).status).toBeGreaterThanOrEqual(400);
    expect((await ask('operator', 'POST dry-runs', { snapshot: { caseNo: 'A', case: { case_no: '<script>' }, children: {} } })).status).toBe(200);
  });

  test('over many cases counts causes, can be looked at and cancelled by its user', async () => {
    const range = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString(), channel: 'center' };
    const started = (await ask<AnswerOf<'POST dry-runs/range'>>('operator', 'POST dry-runs/range', range)).body;
    const done = await eventually(async () => (await ask<AnswerOf<'GET dry-runs/range/:id'>>('operator', `GET dry-runs/range/${started.id}`)).body, (r) => r.state !== 'running', 'the dry run');
    expect(done).toMatchObject({ state: 'done', total: 1, done: 1, messages: 1, good: 1, bad: 0, groups: [], more: false });
    expect((await ask('administrator', `GET dry-runs/range/${started.id}`)).status).toBe(404);
    expect((await ask<AnswerOf<'GET dry-runs/range/:id'>>('operator', `POST dry-runs/range/${started.id}/cancel`)).body.state).toBe('done');
    expect((await ask('operator', 'POST dry-runs/range', { from: range.to, to: range.from })).status).toBe(400);
  });
});

describe('the inbox', () => {
  type Odd = AnswerOf<'GET acknowledgements'>;
  const odd = async (): Promise<Odd['acknowledgements']> => (await ask<Odd>('viewer', 'GET acknowledgements?open=yes')).body.acknowledgements;

  test('an unknown answer is linked and followed; one that contradicts a final state stays a contradiction; one without use is set aside', async () => {
    await exchange('900001', 'staged');
    await exchange('900002', 'accepted');
    await push([{ id: 'a'.repeat(32), level: 'accepted' }, { id: 'b'.repeat(32), level: 'refused', code: '130', reason: '电话 13807310001 无效' }, { id: 'c'.repeat(32), level: 'refused', code: '1' }]);
    const [third, second, first] = await eventually(odd, (found) => found.length === 3, 'the unknown answers');
    expect(second!.reason).not.toContain('13807310001');
    expect((await ask('viewer', `POST acknowledgements/${first!.id}/link`, { exchange: '900001', reason: 'same case' })).status).toBe(403);
    expect((await ask<OpsError>('operator', `POST acknowledgements/${first!.id}/link`, { exchange: '999999', reason: 'no such exchange' })).status).toBe(409);
    expect((await ask('operator', `POST acknowledgements/${first!.id}/link`, { exchange: '900001', reason: 'same case' })).body).toEqual({ class: 'applied', to: 'accepted' });
    expect(await stateOf('900001')).toBe('accepted');
    // Applied is applied: nobody links it again.
    expect((await ask('operator', `POST acknowledgements/${first!.id}/link`, { exchange: '900002', reason: 'again' })).status).toBe(409);
    expect((await ask('operator', `POST acknowledgements/${second!.id}/link`, { exchange: '900002', reason: 'same case' })).body).toEqual({ class: 'contradictory' });
    expect(await stateOf('900002')).toBe('accepted');
    expect((await stand.view.timeline('900002')).map((t) => t.note)).toEqual(['acknowledgement-linked', 'contradictory-acknowledgement']);
    expect((await ask('operator', `POST acknowledgements/${third!.id}/aside`, { reason: 'a test of the center' })).status).toBe(204);
    expect((await odd()).map((a) => [a.id, a.class, a.exchange?.id])).toEqual([[second!.id, 'contradictory', '900002']]);
    expect((await ask('operator', `POST acknowledgements/${third!.id}/aside`, { reason: 'twice' })).status).toBe(409);
    expect((await audited('acknowledgement.link')).map((l) => [l['actor'], l['outcome']])).toEqual([['ops operator', 'done'], ['ops operator', 'done']]);
  });

  test('an answer linked to what is not sent yet is followed once it is sent', async () => {
    await exchange('900003', 'rendered');
    await stand.ledger.run(sql`update exchange set head = 0, due_at = '2036-01-01' where id = 900003`);
    await push([{ id: 'd'.repeat(32), level: 'accepted' }]);
    const [early] = await eventually(odd, (found) => found.some((a) => a.messageId.startsWith('d')), 'the unknown answer');
    expect((await ask('operator', `POST acknowledgements/${early!.id}/link`, { exchange: '900003', reason: 'same case' })).body).toEqual({ class: 'early' });
    await stand.ledger.run(sql`update exchange set state = 'staged' where id = 900003`);
    await eventually(() => stateOf('900003'), (state) => state === 'accepted', 'the early answer');
  });

  test('shows what came in masked, page by page; the bytes are a download of no kind; what cannot be read is set aside or read again', async () => {
    const page = (await ask<AnswerOf<'GET inbox'>>('viewer', 'GET inbox?limit=1')).body;
    expect(page.entries).toHaveLength(1);
    const next = (await ask<AnswerOf<'GET inbox'>>('viewer', `GET inbox?limit=1&after=${page.next}`)).body;
    expect(BigInt(next.entries[0]!.id)).toBeLessThan(BigInt(page.entries[0]!.id));
    const hostile = Buffer.from('<script>alert(1)</script>张三丰 13807310001');
    await stand.ledger.run(sql`insert into inbox (channel, source, external_id, content_type, content, sha256, size, received_at, state, class, detail, due_at, kind) values ('center', 'file', 'hostile.xml', 'text/html', ${hostile}, 'x', ${hostile.length}, now(), 'read', 'unreadable', 'not well-formed', now(), 'acknowledgement')`);
    const [entry] = (await ask<AnswerOf<'GET inbox'>>('viewer', 'GET inbox?open=yes&name=hostile.xml')).body.entries;
    const detail = (await ask<AnswerOf<'GET inbox/:id'>>('viewer', `GET inbox/${entry!.id}`)).body;
    expect(detail).toMatchObject({ masked: true, class: 'unreadable', text: expect.stringMatching(/^<script>alert\(1\)<\/script>张＊＊ 138/) });
    expect((await ask('viewer', `POST inbox/${entry!.id}/unmask`, { reason: 'let me see' })).status).toBe(403);
    expect((await ask<AnswerOf<'GET inbox/:id'>>('finance', `POST inbox/${entry!.id}/unmask`, { reason: 'let me see' })).body.text).toContain('张三丰');
    const bytes = await ask('finance', `POST inbox/${entry!.id}/bytes`, { reason: 'for the center' });
    expect([bytes.headers.get('content-type'), bytes.headers.get('content-disposition'), bytes.headers.get('x-content-type-options'), bytes.bytes.equals(hostile)]).toEqual(['application/octet-stream', `attachment; filename="inbox-${entry!.id}.bin"`, 'nosniff', true]);
    expect((await ask('operator', `POST inbox/${entry!.id}/aside`, { reason: 'somebody tried something' })).status).toBe(204);
    expect((await ask<AnswerOf<'GET inbox'>>('viewer', 'GET inbox?open=yes&name=hostile.xml')).body.entries).toEqual([]);
    expect((await ask('operator', `POST inbox/${entry!.id}/read-again`)).status).toBe(204);
    await eventually(async () => (await ask<AnswerOf<'GET inbox/:id'>>('viewer', `GET inbox/${entry!.id}`)).body, (d) => d.state === 'read' && d.class === 'unreadable' && d.aside === undefined, 'reading again');
    for (const wrong of ['GET inbox?limit=0', 'GET inbox?class=odd', 'GET inbox?after=x', 'GET acknowledgements?class=none', 'GET rejections?after=1', 'GET rejections?after=2026-99-99T00:00:00Z%20aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa']) expect([wrong, (await ask('viewer', wrong)).status]).toEqual([wrong, 400]);
    expect((await ask('viewer', 'GET inbox/999999')).status).toBe(404);
  });

  test('requests that were turned away are there without their content', async () => {
    for (let i = 0; i < 3; i += 1) await fetch(`${stand.url}/api/acknowledgements`, { method: 'POST', headers: { 'x-channel': 'center', 'content-type': 'application/json', 'webhook-id': `x${i}`, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': 'v1,AAAA' }, body: '{}' });
    const first = (await ask<AnswerOf<'GET rejections'>>('viewer', 'GET rejections?limit=2')).body;
    expect(first.rejections.map((r) => [r.channel, r.reason])).toEqual([['center', 'signature'], ['center', 'signature']]);
    const rest = (await ask<AnswerOf<'GET rejections'>>('viewer', `GET rejections?limit=2&after=${encodeURIComponent(first.next!)}`)).body;
    expect(rest.rejections).toHaveLength(1);
  });
});

describe('people', () => {
  test('a deleted user is gone, its session ends, its name stays in the log and is given to nobody', async () => {
    await stand.makeUser('leaver', 'operator');
    const { cookie } = await signedOn('leaver');
    expect((await ask('operator', 'POST users/leaver/delete', { reason: 'left' })).status).toBe(403);
    expect((await ask('administrator', 'POST users/leaver/delete', { reason: 'left the bureau' })).status).toBe(200);
    expect((await fetch(`${stand.url}/api/ops/me`, { headers: { cookie } })).status).toBe(401);
    expect((await fetch(`${stand.url}/api/ops/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'leaver', password }) })).status).toBe(401);
    expect((await ask<AnswerOf<'GET users'>>('administrator', 'GET users')).body.map((u) => u.name)).not.toContain('leaver');
    expect((await ask<OpsError>('administrator', 'POST users', { name: 'leaver', role: 'viewer' })).status).toBe(400);
    expect((await audited('user.delete')).at(-1)).toMatchObject({ subject: 'leaver', outcome: 'done' });
    expect((await ask('administrator', 'POST users/leaver/delete', { reason: 'twice' })).status).toBe(404);
    expect((await ask<OpsError>('administrator', 'POST users/administrator/delete', { reason: 'me' })).status).toBe(400);
  });

  test('the log is exported whole, which stands in it, and the chain says how far it was looked through', async () => {
    const csv = (await ask('administrator', 'GET audit/export?action=user.delete')).bytes.toString('utf8');
    expect(csv.split('\r\n')[1]).toMatch(/,ops administrator,page,.*,user\.delete,leaver,done,/);
    expect(await audited('audit.export')).toHaveLength(1);
    const chain = await eventually(async () => (await ask<AnswerOf<'GET audit/chain'>>('administrator', 'GET audit/chain?again=yes')).body, (c) => c.verified !== undefined, 'the look through the chain');
    expect(chain.verified).toMatchObject({ faults: [], anchors: expect.any(Number) });
    await stand.ledger.run(sql`update audit_line set actor = 'ops somebody' where seq = 2`);
    const broken = await eventually(async () => (await ask<AnswerOf<'GET audit/chain'>>('administrator', 'GET audit/chain?again=yes')).body, (c) => (c.verified?.faults.length ?? 0) > 0, 'the fault');
    expect(broken.verified!.faults[0]).toMatchObject({ kind: 'altered', seq: '2' });
    expect((await ask('finance', 'GET audit/chain')).status).toBe(403);
  });
});
