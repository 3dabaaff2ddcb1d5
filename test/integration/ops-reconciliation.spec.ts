import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import exceljs from 'exceljs';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Me, OpsError, Role, Today } from '../../src/domain/ops-api.js';
import type { Candidate, ClearanceView, CloseAnswer, DayList, DecisionLine, DifferenceDetail, DifferencePage, ReconciliationOverview, ResolveAnswer, StatementView } from '../../src/domain/ops-reconciliation-api.js';
import { OpsUserStore } from '../../src/ledger/ops-user.store.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { hashPassword } from '../../src/ops/password.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';
import { factsOf, type Facts } from '../support/reconciliation-stand.js';

class HeldClock extends Clock {
  at = '2026-11-20T10:00:00.000Z';
  now(): Date { return new Date(this.at); }
}
const clock = new HeldClock();
const password = 'correct horse battery';
let [folder, db]: [string, DatabaseAdapter | undefined] = ['', undefined];
let ledger: DatabaseAdapter;
let facts: Facts;
let gateway: RunningGateway;
const sessions = new Map<string, { cookie: string; csrf: string }>();

interface Answer<T> { readonly status: number; readonly body: T; readonly bytes: Buffer; readonly headers: Headers }
async function call<T>(user: string, key: string, body?: unknown): Promise<Answer<T>> {
  const [method, where] = key.split(' ') as [string, string];
  const s = sessions.get(user)!;
  const response = await fetch(`${gateway.url}/api/ops/${where}`, { method, body: body === undefined ? null : JSON.stringify(body), headers: { cookie: s.cookie, 'x-csrf-token': s.csrf, ...(body === undefined ? {} : { 'content-type': 'application/json' }) } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, body: (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(bytes.toString('utf8')) : undefined) as T };
}
async function signOn(name: string): Promise<void> {
  const answer = await fetch(`${gateway.url}/api/ops/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password }) });
  sessions.set(name, { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, csrf: ((await answer.json()) as Me).csrf });
}
const differences = async (query = ''): Promise<DifferencePage['lines']> => (await call<DifferencePage>('viewer', `GET reconciliation/differences${query}`)).body.lines;
const audited = async (like: string): Promise<string[]> => (await ledger.run(sql`select act, subject, outcome, actor from audit_line where act like ${like} order by seq`)).rows.map((r) => [r['act'], r['subject'], r['outcome'], r['actor']].map(String).join(' '));

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-ops-reconciliation-'));
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  for (const name of ['default.yaml', 'calendar.yaml', 'streams']) cpSync(`config/${name}`, path.join(config, name), { recursive: true });
  writeFileSync(path.join(config, 'channels', 'center.yaml'), `channel: center\ntitle: c\nstream: case\nencoding: UTF-8\nmessages: { application: center/application }\nstaging: { adapter: directory, directory: { path: ${folder} } }\nacknowledgement: { files: true }\nreturns: { messages: [center/return/fee-record, center/return/tax-record, center/return/control], files: true }\n`);
  const url = await freshDatabase('ops_reconciliation');
  db = ledger = await openPostgres(url, true);
  const { settings, faults } = loadSettings({ configDir: config, env: { GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url } });
  if (!settings) throw new Error(JSON.stringify(faults));
  const { mappings } = loadMappings({ dir: settings.mappingsDir, streams: settings.streamDefinitions, channels: settings.channels });
  gateway = await startGateway({ settings: { ...settings, roles: ['api'], http: { ...settings.http, host: '127.0.0.1', port: 0 }, ops: { ...settings.ops, loginsPerMinute: 1000 } }, mappings, clock, processMetrics: false, log: pino({ level: 'silent' }) });
  facts = factsOf(ledger, clock);
  const users = gateway.app.get(OpsUserStore, { strict: false });
  const passwordHash = await hashPassword(password);
  for (const [name, role] of [['viewer', 'viewer'], ['operator', 'operator'], ['finance', 'finance'], ['wang', 'finance'], ['administrator', 'administrator']] as [string, Role][]) {
    await users.create({ name, role, passwordHash }, { actor: 'admin test', origin: 'cli', address: '' });
    await ledger.run(sql`update ops_user set must_change = 0 where name = ${name}`);
    await signOn(name);
  }
  await facts.charge('YY1', [{ code: 'K1', yuan: '80.00' }]);
  await facts.charge('YY2', [{ code: 'K2', yuan: '550.00', item: 'GT0102' }]);
  await facts.charge('YY3', [{ code: 'K3', yuan: '80.00', taxes: '契税' }]);
  await facts.pay('S1', { yuan: 80, code: 'K1' });
  await facts.pay('S2', { yuan: 500, code: 'K2', item: 'GT0102' });
  await facts.pay('S3', { yuan: 80, code: 'K3', payer: '别人代缴' });
  await facts.pay('S4', { yuan: 80, caseNo: 'YY9' });
  await facts.match();
}, 60_000);
afterAll(async () => {
  await gateway?.stop();
  await db?.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

describe('the day', () => {
  it('shows the statement with every obstacle named, and closes nothing before it ties out', async () => {
    const days = (await call<DayList>('viewer', 'GET reconciliation/days')).body;
    expect([days.today, days.next, days.days.length, days.days[0]]).toEqual(['2026-11-20', '2026-11-20', 31, { day: '2026-11-20' }]);
    const shown = (await call<StatementView>('viewer', 'GET reconciliation/statements/2026-11-20')).body;
    expect(shown.lines.map((l) => `${l.side} ${l.kind} ${l.item} ${l.unit} ${l.new.count}/${l.new.fen} ${l.matched.count} ${l.closing.count}`)).toEqual([
      'expected fee GT0101  2/16000 1 1', 'expected fee GT0102  1/55000 0 1', 'expected tax 契税  1/0 0 1', 'returned fee GT0101 430900001 3/24000 1 2', 'returned fee GT0102 430900001 1/50000 0 1',
    ]);
    expect(shown.lines[0]!.title).toBe('不动产登记费(住宅)');
    expect([shown.tiesOut, shown.obstacles.map((o) => o.code), shown.onlyControlMissing, shown.uncontrolled]).toEqual([true, ['control-missing'], true, ['center']]);
    expect(shown.open).toMatchObject({ count: 6 });
    await facts.control('2026-11-20', 1, { count: 1, fen: 8_000n });
    const wrong = await call<CloseAnswer>('finance', 'POST reconciliation/statements/2026-11-20/close', {});
    expect(wrong.body).toMatchObject({ closed: false, obstacles: [{ code: 'control-differs', en: 'center fees: ours 4/740.00, the control file says 5/820.00' }] });
    expect((await call<CloseAnswer>('finance', 'POST reconciliation/statements/2026-11-19/close', {})).body.closed).toBe(false);
    expect(await audited('statement-close')).toEqual(['statement-close 2026-11-20 refused ops finance', 'statement-close 2026-11-19 refused ops finance']);
    for (const role of ['viewer', 'operator']) expect((await call<OpsError>(role, 'POST reconciliation/statements/2026-11-20/close', {})).body.code).toBe('forbidden');
    for (const bad of ['2026-11-31', '20-11-2026', '2026-02-30', 'x']) expect((await call<OpsError>('viewer', `GET reconciliation/statements/${bad}`)).status).toBe(400);
  }, 60_000);

  it('exports what is shown, each time with a line in the audit log', async () => {
    const xlsx = await call('viewer', 'POST reconciliation/statements/2026-11-20/export', { format: 'xlsx', language: 'zh' });
    expect(xlsx.headers.get('content-disposition')).toBe('attachment; filename="statement-2026-11-20.xlsx"');
    const book = new exceljs.Workbook();
    await book.xlsx.load(xlsx.bytes as unknown as ArrayBuffer);
    expect(book.worksheets.map((s) => s.name)).toEqual(['余额表', '控制文件核对', '差异明细', '报文核对']);
    const csv = await call('viewer', 'POST reconciliation/statements/2026-11-20/export', { format: 'csv', language: 'en' });
    expect(csv.bytes.toString('utf8')).toContain('side,kind,item,unit,channel');
    expect((await call<OpsError>('viewer', 'POST reconciliation/statements/2026-11-20/export', { format: 'xml', language: 'zh' })).body).toMatchObject({ code: 'not-possible', text: expect.stringContaining('is not closed') });
    expect((await call<OpsError>('viewer', 'POST reconciliation/statements/2026-11-20/export', { format: 'pdf', language: 'zh' })).status).toBe(400);
    expect(await audited('statement.export')).toHaveLength(2);
    expect(xlsx.bytes.toString('utf8') + csv.bytes.toString('utf8')).not.toMatch(/欧阳小明|别人代缴/);
  }, 60_000);
});

describe('differences', () => {
  it('pages by key, filters, and refuses what it does not know', async () => {
    const all = await differences();
    expect(all.map((d) => `${d.en}: ${d.reason}`).sort()).toEqual([
      'charge 1 of YY2: amount-short', 'charge 1 of YY3: wrong-payer', 'payment S2: amount-short', 'payment S3: wrong-payer', 'payment S4: cut-off-timing', 'tax 契税 of the transferee of YY3: awaiting-payment',
    ].sort());
    const seen: string[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: DifferencePage = (await call<DifferencePage>('viewer', `GET reconciliation/differences?limit=2${next === '' ? '' : `&after=${next}`}`)).body;
      seen.push(...page.lines.map((l) => l.id));
      next = page.next;
    }
    expect(seen).toEqual(all.map((d) => d.id));
    expect((await differences('?reason=amount-short')).length).toBe(2);
    expect((await differences('?severity=normal')).map((d) => d.reason).sort()).toEqual(['awaiting-payment', 'cut-off-timing']);
    expect((await differences('?severity=normal&reason=amount-short')).length).toBe(0);
    expect((await differences('?kind=charge&case=YY2')).map((d) => d.en)).toEqual(['charge 1 of YY2']);
    expect((await differences('?olderDays=1')).length).toBe(0);
    expect((await differences('?state=closed')).length).toBe(0);
    for (const bad of ['reason=nonsense', 'state=x', 'limit=0', 'limit=999', 'after=1', 'kind=x', 'olderDays=-1', 'unknown=1', 'case=%00', 'refersTo=2026-13-01']) expect((await call<OpsError>('viewer', `GET reconciliation/differences?${bad}`)).status).toBe(400);
  }, 60_000);

  it('explains one with both sides, hides payers, and shows them to who says why', async () => {
    const payer = (await differences('?reason=wrong-payer&kind=fee-record'))[0]!;
    const one = (await call<DifferenceDetail>('viewer', `GET reconciliation/differences/${payer.id}`)).body;
    expect(one.comparison.find((c) => c.key === 'payer')).toEqual({ key: 'payer', expected: '欧＊＊＊', returned: '别＊＊＊', same: false, failed: true });
    expect(one.comparison.find((c) => c.key === 'amount')).toMatchObject({ same: true, failed: false });
    expect(one).toMatchObject({ masked: true, rule: { name: 'payment-code', title: { zh: '缴款码一致' } }, criterion: { name: 'payer' }, item: { side: 'returned', en: 'payment S3' }, other: { side: 'expected', en: 'charge 1 of YY3' }, may: { accept: true, link: true, reopen: false } });
    expect(one.candidates).toEqual([expect.objectContaining({ en: 'charge 1 of YY3', nearest: true })]);
    expect(JSON.stringify(one)).not.toMatch(/欧阳|别人/);
    expect((await call<OpsError>('viewer', `POST reconciliation/differences/${payer.id}/unmask`, { reason: 'curious' })).body.code).toBe('forbidden');
    expect((await call<OpsError>('finance', `POST reconciliation/differences/${payer.id}/unmask`, { reason: '' })).status).toBe(400);
    const open = (await call<DifferenceDetail>('finance', `POST reconciliation/differences/${payer.id}/unmask`, { reason: 'asked by the payer' })).body;
    expect(open.comparison.find((c) => c.key === 'payer')).toMatchObject({ expected: '欧阳小明', returned: '别人代缴' });
    expect(await audited('personal.view')).toEqual([`personal.view difference ${payer.id} done ops finance`]);
    for (const id of ['0', 'x', '999999', '1e9', '-1']) expect((await call<OpsError>('viewer', `GET reconciliation/differences/${id}`)).status).toBe(404);
  }, 60_000);

  it('is decided: linked, taken apart again, assigned; refusals say what was expected', async () => {
    const payer = (await differences('?reason=wrong-payer&kind=fee-record'))[0]!;
    const charge = (await differences('?reason=wrong-payer&kind=charge'))[0]!;
    const short = (await differences('?reason=amount-short&kind=fee-record'))[0]!;
    const refused = await call<OpsError>('finance', 'POST reconciliation/resolve', { act: 'link', expected: [charge.itemId], returned: [short.itemId], note: 'they belong together' });
    expect([refused.status, refused.body.code, refused.body.text]).toEqual([409, 'not-possible', expect.stringContaining('equal sums')]);
    expect((await call<OpsError>('viewer', 'POST reconciliation/resolve', { act: 'accept', expected: [], returned: [short.itemId], note: 'fine by me' })).body.code).toBe('forbidden');
    expect((await call<OpsError>('finance', 'POST reconciliation/resolve', { act: 'accept', expected: [], returned: [short.itemId], note: '  ' })).status).toBe(400);
    expect((await call<OpsError>('finance', 'POST reconciliation/resolve', { act: 'assign', expected: [], returned: [short.itemId], note: 'please look', target: 'nobody' })).status).toBe(400);
    expect((await call<ResolveAnswer>('finance', 'POST reconciliation/resolve', { act: 'assign', expected: [], returned: [short.itemId], note: 'please look', target: 'wang' })).body.awaitsSecond).toBe(false);
    expect((await differences('?assigned=wang')).map((d) => d.id)).toEqual([short.id]);
    const done = await call<ResolveAnswer>('finance', 'POST reconciliation/resolve', { act: 'link', expected: [charge.itemId], returned: [payer.itemId], note: 'paid on behalf of the owner' });
    expect(done.body.awaitsSecond).toBe(false);
    expect((await call<OpsError>('finance', 'POST reconciliation/resolve', { act: 'link', expected: [charge.itemId], returned: [payer.itemId], note: 'once more' })).status).toBe(409);
    const settled = (await call<DifferenceDetail>('viewer', `GET reconciliation/differences/${payer.id}`)).body;
    expect(settled).toMatchObject({ difference: { open: false, closedHow: 'link', closedBy: 'ops finance' }, settlements: [{ rule: 'linked', live: true, day: '2026-11-20' }], decisions: [{ act: 'link', note: 'paid on behalf of the owner', actor: 'ops finance' }], may: { reopen: true, accept: false } });
    expect((await call('finance', 'POST reconciliation/resolve', { act: 'reopen', expected: [], returned: [payer.itemId], note: 'the wrong one' })).status).toBe(200);
    expect((await differences('?case=YY3')).map((d) => d.reason).sort()).toEqual(['awaiting-payment', 'wrong-payer']);
    expect((await audited('difference-%')).map((l) => l.replace(/items [\d ]+ /, ''))).toEqual(['difference-link refused ops finance', 'difference-assign done ops finance', 'difference-link done ops finance', 'difference-link refused ops finance', 'difference-reopen done ops finance']);
  }, 60_000);

  it('takes two persons above the amount, wherever each of them sits', async () => {
    await facts.charge('YY5', [{ code: 'K5', yuan: '55000.00', item: 'GT0201' }]);
    await facts.pay('S5', { yuan: 55_000, code: 'KX', item: 'GT0201' });
    await facts.match();
    const found = (await call<(Candidate & { open: boolean })[]>('finance', 'GET reconciliation/items?q=S5')).body;
    expect(found).toEqual([expect.objectContaining({ en: 'payment S5', side: 'returned', fen: '5500000', open: true })]);
    const [expected] = (await call<(Candidate & { open: boolean })[]>('finance', `GET reconciliation/items?q=${encodeURIComponent('YY5/1')}`)).body;
    const wish = { act: 'link', expected: [expected!.id], returned: [found[0]!.id], note: 'the code was mistyped' };
    const first = (await call<ResolveAnswer>('finance', 'POST reconciliation/resolve', wish)).body;
    expect(first.awaitsSecond).toBe(true);
    const list = async (user: string): Promise<DecisionLine[]> => (await call<DecisionLine[]>(user, 'GET reconciliation/decisions')).body;
    expect((await list('finance')).map((d) => [d.id, d.mayConfirm])).toEqual([[first.decision, false]]);
    expect((await call<ReconciliationOverview>('viewer', 'GET reconciliation')).body).toMatchObject({ proposed: 1, people: ['administrator', 'finance', 'wang'], twoPersonsAboveFen: '100000' });
    expect((await call<OpsError>('finance', `POST reconciliation/decisions/${first.decision}/confirm`)).body.text).toContain('another person');
    // The same person at the terminal is the same person.
    await ledger.run(sql`update resolution set actor = 'admin finance' where id = ${first.decision}`);
    expect((await call<OpsError>('finance', `POST reconciliation/decisions/${first.decision}/confirm`)).status).toBe(409);
    expect((await call<OpsError>('viewer', `POST reconciliation/decisions/${first.decision}/confirm`)).body.code).toBe('forbidden');
    expect((await call('wang', `POST reconciliation/decisions/${first.decision}/decline`, { reason: 'ask the bank first' })).status).toBe(204);
    expect(await list('wang')).toEqual([]);
    expect((await differences('?case=YY5')).length).toBe(1);
    const second = (await call<ResolveAnswer>('finance', 'POST reconciliation/resolve', wish)).body;
    expect((await list('wang'))[0]).toMatchObject({ mayConfirm: true, act: 'link', fen: '5500000', actor: 'ops finance' });
    const both = await Promise.all([call('wang', `POST reconciliation/decisions/${second.decision}/confirm`), call('administrator', `POST reconciliation/decisions/${second.decision}/confirm`)]);
    expect(both.map((b) => b.status).sort()).toEqual([200, 409]);
    expect((await differences('?case=YY5')).length).toBe(0);
    expect((await call<DecisionLine[]>('viewer', 'GET reconciliation/decisions?state=all')).body.map((d) => d.state)).toEqual(expect.arrayContaining(['done', 'declined', 'undone']));
    expect((await ledger.run(raw('select count(*) as n from resolution'))).rows[0]!['n']).toBe('5');
  }, 60_000);
});

describe('afterwards', () => {
  it('closes the day, tells Today, and shows a case with what it lacks', async () => {
    await facts.control('2026-11-20', 2);
    const both = await Promise.all(['finance', 'administrator'].map((u) => call<CloseAnswer>(u, 'POST reconciliation/statements/2026-11-20/close', {})));
    expect(both.map((b) => b.body.closed).sort()).toEqual([false, true]);
    const closed = (await call<StatementView>('viewer', 'GET reconciliation/statements/2026-11-20')).body;
    expect(closed).toMatchObject({ closed: { intact: true }, obstacles: [], delivery: [{ channel: 'center', fileName: 'statement-20261120.xml' }] });
    const xml = await call('viewer', 'POST reconciliation/statements/2026-11-20/export', { format: 'xml', language: 'zh' });
    expect(xml.bytes.toString('utf8')).toContain('<KJRQ>20261120</KJRQ>');
    clock.at = '2026-11-21T10:00:00.000Z';
    for (const name of ['viewer', 'finance']) await signOn(name);
    await facts.pay('S6', { yuan: 10, code: 'K2', day: '2026-11-20', item: 'GT0102' });
    await facts.match();
    expect((await call<StatementView>('viewer', 'GET reconciliation/statements/2026-11-20')).body.later).toEqual([expect.objectContaining({ en: 'payment S6', countsIn: '2026-11-21' })]);
    expect((await call<CloseAnswer>('finance', 'POST reconciliation/statements/2026-11-21/close', { withoutControl: 'x' })).status).toBe(400);
    let today: Today['reconciliation'];
    for (let i = 0; i < 200 && today?.state !== 'closed'; i++) {
      today = (await call<Today>('viewer', 'GET today')).body.reconciliation;
      clock.at = new Date(Date.parse(clock.at) + 3_000).toISOString();
    }
    expect(today).toMatchObject({ day: '2026-11-20', state: 'closed', obstacles: 0, closedUpTo: '2026-11-20' });
    const open = (await call<ClearanceView>('viewer', 'GET reconciliation/cases/YY3')).body;
    expect(open).toMatchObject({ state: 'not-cleared', cleared: false, fees: { count: 1, settled: 0 }, taxes: { count: 1, settled: 0 }, missing: [{ what: 'fee', reason: 'wrong-payer', yuan: '80.00' }, { what: 'tax', reason: 'awaiting-payment' }], writeBack: false });
    expect(open.missing.every((m) => m.difference !== undefined)).toBe(true);
    expect((await call<ClearanceView>('viewer', 'GET reconciliation/cases/YY1')).body).toMatchObject({ state: 'cleared', cleared: true, missing: [] });
    expect(JSON.stringify(open)).not.toMatch(/欧阳|别人/);
    // A refund names its payment and no case: the line leads to its difference all the same.
    await facts.pay('R1', { yuan: 80, code: 'K1', day: '2026-11-21', status: 'refunded', originalSerial: 'S1' });
    const unlooked = (await call<ClearanceView>('viewer', 'GET reconciliation/cases/YY1')).body.contradictions;
    expect(unlooked).toMatchObject([{ en: 'refund R1', reason: 'not-examined' }]);
    expect(unlooked[0]!.difference).toBeUndefined();
    await facts.match();
    const taken = (await call<ClearanceView>('viewer', 'GET reconciliation/cases/YY1')).body;
    expect(taken).toMatchObject({ state: 'contradicted', contradictions: [{ en: 'refund R1', reason: 'refunded' }] });
    const explained = (await call<DifferenceDetail>('viewer', `GET reconciliation/differences/${taken.contradictions[0]!.difference!}`)).body;
    expect(explained).toMatchObject({ difference: { reason: 'refunded', open: true }, item: { en: 'refund R1' } });
    expect(explained.difference.caseNo).toBeUndefined();
    expect((await call<OpsError>('viewer', 'GET reconciliation/cases/nobody')).status).toBe(404);
    expect((await call<OpsError>('viewer', `GET reconciliation/cases/${'9'.repeat(200)}`)).status).toBe(404);
  }, 60_000);
});
