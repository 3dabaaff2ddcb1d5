import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { XMLParser } from 'fast-xml-parser';
import type { CompletedDay, DeskAnswer, DeskHit, InquiryRefusal } from '../../src/domain/inquiry-answer.js';
import { inquirySchema } from '../../src/domain/inquiry-settings.js';
import { roles, type Me, type Role } from '../../src/domain/ops-api.js';
import { opsRoutes } from '../../src/domain/ops-routes.js';
import { runCli } from '../../src/cli/run-cli.command.js';
import { FlightLimit } from '../../src/inquiry/flight-limit.adapter.js';
import { InquiryRefused } from '../../src/inquiry/refuse-inquiry.js';
import { RetentionStore } from '../../src/ledger/retention.store.js';
import { sql } from '../../src/platform/database/sql.js';
import { bureauSettings, principal, startInquiryStand, type CaseWish, type InquiryStand } from '../support/inquiry-stand.js';
import { password } from '../support/ops-stand.js';

let stand: InquiryStand;
const granted = (caseNo: string, more: { day?: string; item?: string; name?: string; certificate?: string | null; result?: string } = {}): CaseWish => ({
  caseNo, row: { item_code: more.item ?? 'DJ05', item_name: `name of ${more.item ?? 'DJ05'}`, status: 'CLOSED', closed_at: `${more.day ?? '2026-11-18'} 16:00:00.000`, result_code: more.result ?? 'PASS' },
  children: { applicants: [{ ...principal, name: more.name ?? '欧阳小明' }], certificates: more.certificate === null ? [] : [{ certificate_no: '1', issued_on: more.certificate ?? '2026-11-19' }] },
});

beforeAll(async () => {
  stand = await startInquiryStand((s) => inquirySchema.parse({ ...bureauSettings(s), completed: { items: { DJ05: 'certificate', DJ08: 'closing', DJ99: 'closing' }, days: 30 } }));
  await stand.record(
    { caseNo: 'YYGT202611000001' }, { caseNo: 'YYGT202611000002', children: { applicants: [{ ...principal, name: '湘潭某某 建材有限公司', kind: 'E', legal_person: '赵六' }, { ...principal, applicant_no: '2', name: '赵_七', phone: null }] } },
    granted('G1'), granted('G2', { name: '李<四>&' }), granted('G3', { item: 'DJ08', certificate: null }), granted('G4', { item: 'DJ08', certificate: null, day: '2026-11-19' }),
    // None of these may be seen: an item that is not published, no certificate yet, refused, dated ahead, too old, gone.
    granted('N1', { item: 'DJ01' }), granted('N2', { certificate: null }), granted('N3', { result: 'DENY' }), granted('N4', { certificate: '2026-12-24' }), granted('N5', { certificate: '2026-10-01', day: '2026-10-01' }), granted('N6'), granted('N7', { item: 'DJ08', certificate: null, result: 'OTHER' }),
  );
  await stand.remove('N6');
}, 60_000);
afterAll(() => stand.close());

interface Session { readonly cookie: string; readonly csrf: string }
async function signOn(name: string): Promise<Session> {
  const response = await fetch(`${stand.url}/api/ops/login`, { method: 'POST', body: JSON.stringify({ name, password }), headers: { 'content-type': 'application/json' } });
  return { cookie: response.headers.get('set-cookie')!.split(';')[0]!, csrf: ((await response.json()) as Me).csrf };
}
async function desk<T>(path: string, body: unknown, session?: Session, headers: Record<string, string> = {}): Promise<{ status: number; body: T; text: string; headers: Headers }> {
  const response = await fetch(`${stand.url}/api/inquiry/desk/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...(session ? { cookie: session.cookie, 'x-csrf-token': session.csrf } : {}), ...headers } });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as T, text, headers: response.headers };
}
const audited = async (): Promise<string[]> => (await stand.db.run(sql`select actor, act, subject, outcome, detail from audit_line where act like 'inquiry%' order by seq`)).rows.map((r) => [r['actor'], r['act'], r['subject'], r['outcome'], r['detail']].map(String).join(' '));

describe('the desk', () => {
  test.each<[Role | 'nobody', number]>([['nobody', 401], ['viewer', 403], ['clerk', 200], ['operator', 200], ['finance', 200], ['administrator', 200]])('%s: %i', async (role, status) => {
    const session = role === 'nobody' ? undefined : await signOn(role);
    for (const [path, body] of [['search', { words: '欧阳' }], ['case', { case: 'YYGT202611000001' }], ['verify', { case: 'YYGT202611000001', digits: '01123X' }]] as const) {
      const answer = await desk<InquiryRefusal>(path, body, session);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, 'no-store']);
      if (status !== 200) expect(answer.body).toEqual({ error: status === 401 ? 'not-signed-on' : 'forbidden', zh: expect.any(String), en: expect.any(String) });
    }
  });
  test('a clerk sees nothing else', async () => {
    const { cookie, csrf } = await signOn('clerk');
    expect(roles).toContain('clerk');
    for (const [key, route] of Object.entries(opsRoutes)) {
      if (typeof route.roles === 'string' || key === 'GET stream') continue;
      const [method, path] = key.split(' ') as [string, string];
      expect([key, (await fetch(`${stand.url}/api/ops/${path.replaceAll(/:\w+/g, '1')}`, { method, headers: { cookie, 'x-csrf-token': csrf } })).status]).toEqual([key, 403]);
    }
  });
  test('another site, a missing token and a session that ended are turned away', async () => {
    const session = await signOn('clerk');
    const wish = { case: 'YYGT202611000001' };
    expect((await desk('case', wish, session, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await desk('case', wish, { ...session, csrf: 'x' })).status).toBe(403);
    await fetch(`${stand.url}/api/ops/logout`, { method: 'POST', headers: { cookie: session.cookie, 'x-csrf-token': session.csrf } });
    expect((await desk('case', wish, session)).status).toBe(401);
  });
  test('finds by the beginning of a name or number, masked; nothing that was typed means anything else', async () => {
    const session = await signOn('clerk');
    const found = async (words: string): Promise<string[]> => (await desk<DeskHit[]>('search', { words }, session)).body.map((h) => `${h.caseNo} ${h.applicants}`);
    expect(await found('YYGT20261100000')).toEqual(['YYGT202611000002 湘潭某＊＊＊＊有限公司、赵＊＊', 'YYGT202611000001 欧＊＊＊']);
    expect(await found('yygt 202611000001')).toEqual(['YYGT202611000001 欧＊＊＊']);
    expect(await found('湘潭某某建材')).toEqual(['YYGT202611000002 湘潭某＊＊＊＊有限公司、赵＊＊']);
    expect(await found('赵六')).toHaveLength(1);
    expect(await found('赵_七')).toHaveLength(1);
    for (const words of ['__', '%%', '赵__', "' or 1=1", '小明', '[a-z]G', '\\\\']) expect([words, await found(words)]).toEqual([words, []]);
    for (const words of ['', ' 欧 ', 'x'.repeat(51), 1, ['a', 'b'], null, 'a\u0000b', undefined]) expect((await desk('search', { words }, session)).status).toBe(400);
    expect((await desk('search', 'x'.repeat(5000), session)).status).toBe(400);
  });
  test('shows who the applicants are, and neither their numbers nor the password; each view is in the audit log before', async () => {
    const session = await signOn('clerk');
    const before = (await audited()).length;
    const { body, text } = await desk<DeskAnswer>('case', { case: 'YYGT202611000001' }, session);
    expect(body).toMatchObject({ state: { code: 'handling' }, people: [{ name: '欧阳小明', role: { zh: '申请人', en: 'applicant' }, phone: '138＊＊＊＊＊＊01' }] });
    expect(text).not.toMatch(/839142|01123X|13807310001|赫山/);
    expect((await desk('case', { case: 'YYGT209999999999' }, session)).status).toBe(404);
    expect((await desk<{ fits: boolean }>('verify', { case: 'YYGT202611000001', password: '839142' }, session)).body).toEqual({ fits: true });
    expect((await desk<{ fits: boolean }>('verify', { case: 'YYGT202611000001', digits: '111111' }, session)).body).toEqual({ fits: false });
    expect((await audited()).slice(before)).toEqual([
      'ops clerk inquiry.view YYGT202611000001 done {}', 'ops clerk inquiry.view YYGT209999999999 failed {"why":"not found"}', 'ops clerk inquiry.verify YYGT202611000001 done {"by":"password"}', 'ops clerk inquiry.verify YYGT202611000001 failed {"by":"identity"}',
    ]);
    expect((await audited()).join()).not.toMatch(/839142|01123|111111|欧阳|赵/);
  });
});

describe('completed cases', () => {
  const list = async (query = ''): Promise<{ status: number; headers: Headers; body: CompletedDay; text: string }> => {
    const response = await fetch(`${stand.url}/api/inquiry/completed${query}`);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as CompletedDay };
  };
  test('the newest day first, each item by what makes it issued, masked, to be kept by anybody for a while', async () => {
    const newest = await list();
    expect([newest.status, newest.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
    expect(newest.body).toEqual({
      day: '2026-11-19', earlier: '2026-11-18', items: [{ code: 'DJ05', name: 'name of DJ05' }, { code: 'DJ08', name: 'name of DJ08' }],
      lines: [{ applicants: '欧＊＊＊', caseNo: '＊1' }, { applicants: '李＊＊＊＊', caseNo: '＊2' }, { applicants: '欧＊＊＊', caseNo: '＊4' }].map((l, i) => ({ ...l, day: '2026-11-19', item: i === 2 ? { code: 'DJ08', name: 'name of DJ08' } : { code: 'DJ05', name: 'name of DJ05' } })),
    });
    expect((await list('?day=2026-11-18')).body).toMatchObject({ lines: [{ item: { code: 'DJ08' } }], later: '2026-11-19' });
    expect((await list('?item=DJ08')).body.lines).toHaveLength(1);
    expect((await list('?item=DJ01')).body.lines).toEqual([]);
    for (const day of ['2026-12-24', '2026-10-01', '2026-11-20', '0001-01-01', '9999-12-31']) expect((await list(`?day=${day}`)).body.lines).toEqual([]);
    expect((await stand.another((s) => s).then((g) => fetch(`${g.url!}/api/inquiry/completed`)).then((r) => r.json() as Promise<CompletedDay>)).lines).toEqual([]);
  });
  test('many of one day come page by page', async () => {
    await stand.record(...Array.from({ length: 230 }, (_, i) => granted(`P${String(i).padStart(4, '0')}`, { certificate: '2026-11-10' })));
    const pages = [];
    for (let page: string | undefined = '1'; page !== undefined;) {
      const { body }: { body: CompletedDay } = await list(`?day=2026-11-10&page=${page}`);
      pages.push(body.lines.length);
      page = body.next;
    }
    expect(pages).toEqual([100, 100, 30]);
  });
  test.each(['?day=2026-02-30', '?day=today', '?day=2026-11-19&day=2026-11-18', '?page=0', '?page=1001', '?page=-1', '?page=1e3', '?page[]=1', '?item=a&item=b', `?item=${'x'.repeat(61)}`, '?item=%00', '?sort=name', '?__proto__=1', "?day=2026-11-19'--"])('%s is answered clearly', async (query) => {
    const answer = await list(query);
    expect([answer.status, (answer.body as unknown as InquiryRefusal).error]).toEqual([400, 'bad-request']);
    expect(answer.text).not.toMatch(/2026-|xxx|sort|--/);
  });
  test('as a feed', async () => {
    const response = await fetch(`${stand.url}/api/inquiry/completed.atom`);
    expect([response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual(['application/atom+xml; charset=utf-8', 'public, max-age=300']);
    const text = await response.text();
    const { feed } = new XMLParser({ ignoreAttributes: false }).parse(text) as { feed: { entry: { title: string }[] } };
    expect(feed.entry).toHaveLength(50);
    expect(feed.entry[1]!.title).toBe('name of DJ05：李＊＊＊＊');
    expect(text).not.toMatch(/小明|四|G1|P00/);
  });
});

test('what retention takes out of a case that is gone names nobody any more and opens nothing', async () => {
  await stand.record({ caseNo: 'OLD1' });
  await runCli(['reconcile'], { env: stand.env, clock: stand.clock, user: 'li', out: () => undefined, err: () => undefined });
  await stand.remove('OLD1');
  const left = async (): Promise<number> => Number((await stand.db.run(sql`select (select count(*) from inquiry_name where case_no = 'OLD1') + (select count(*) from inquiry_proof where case_no = 'OLD1') as n`)).rows[0]!['n']);
  expect(await left()).toBe(3);
  await new RetentionStore(stand.db, stand.clock).prune([{ stream: 'case', caseNo: 'OLD1', removed: true }], '2026-12-31T00:00:00.000Z');
  expect(await left()).toBe(0);
});

test('more questions than can be worked on wait in turn, and too many are sent away', async () => {
  const limit = new FlightLimit(2, 3);
  const ends: (() => void)[] = [];
  let working = 0;
  const work = (): Promise<number> => limit.run(async () => {
    working += 1;
    await new Promise<void>((resolve) => void ends.push(resolve));
    return (working -= 1);
  });
  const asked = Array.from({ length: 5 }, work);
  await expect(work()).rejects.toBeInstanceOf(InquiryRefused);
  for (let i = 0; i < 5; i++) {
    expect(working).toBe(Math.min(2, 5 - i));
    ends.shift()!();
    await asked[i];
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect(limit.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await limit.run(() => Promise.resolve(7))).toBe(7);
});
