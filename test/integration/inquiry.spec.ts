import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from '../../src/cli/run-cli.command.js';
import type { InquiryAnswer, InquiryRefusal } from '../../src/domain/inquiry-answer.js';
import { inquirySchema } from '../../src/domain/inquiry-settings.js';
import { InquiryPoller } from '../../src/inquiry/inquiry.poller.js';
import { InquiryStore } from '../../src/ledger/inquiry.store.js';
import { InquiryTryStore } from '../../src/ledger/inquiry-try.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { eventually } from '../support/ops-stand.js';
import { bureauSettings, principal, startInquiryStand, type InquiryStand } from '../support/inquiry-stand.js';

let stand: InquiryStand;
let nextAddress = 0;
/** Everybody asks from an address of their own, unless a test says otherwise. */
const from = (): string => `198.51.${Math.floor(++nextAddress / 250)}.${nextAddress % 250}`;

interface Got<T> { readonly status: number; readonly headers: Headers; readonly body: T; readonly text: string }
async function got<T>(response: Response): Promise<Got<T>> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: (text === '' ? undefined : JSON.parse(text)) as T };
}
const get = async <T = InquiryAnswer>(query: string, address = from(), url = stand.url): Promise<Got<T>> => got<T>(await fetch(`${url}/api/inquiry${query}`, { headers: { 'x-forwarded-for': address } }));
const ask = async <T = InquiryAnswer>(fields: Record<string, string>, address = from(), url = stand.url): Promise<Got<T>> =>
  got<T>(await fetch(`${url}/api/inquiry`, { method: 'POST', body: new URLSearchParams(fields), headers: { 'x-forwarded-for': address } }));
const refused = (fields: Record<string, string>, address?: string, url?: string): Promise<Got<InquiryRefusal>> => ask<InquiryRefusal>(fields, address, url);

beforeAll(async () => {
  stand = await startInquiryStand(bureauSettings, { trustProxy: true });
}, 60_000);
afterAll(() => stand.close());

describe('who may know', () => {
  test('by query password, or by the end of the identity number of any applicant; as GET, form and JSON', async () => {
    await stand.record({
      caseNo: 'YYGT202611000123',
      children: { applicants: [principal, { ...principal, applicant_no: '2', name: '湘潭某某建材有限公司', kind: 'E', cert_no: '914403001922038216', phone: null }, { ...principal, applicant_no: '3', name: '李四', cert_no: null }] },
    });
    const whole = await get('?case=YYGT202611000123&password=839142');
    expect([whole.status, whole.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(whole.body).toMatchObject({
      caseNo: 'YYGT202611000123', item: { code: 'DJ05', name: '国有建设用地使用权转移登记' }, applicants: ['欧＊＊＊', '湘潭某＊＊＊有限公司', '李＊'], state: { code: 'handling', zh: '正在办理' }, appliedOn: '2026-11-02', acceptedOn: '2026-11-03',
    });
    for (const secret of ['阳小明', '839142', '1123X', '43090', '91440', '138073', '赫山区', '李四']) expect(whole.text).not.toContain(secret);
    const same = { ...whole.body };
    for (const fields of [{ case: 'yygt202611000123', password: ' 839142 ' }, { case: 'YYGT202611000123', digits: '01123X' }, { case: 'YYGT 2026 1100 0123', digits: '01123x' }, { case: 'YYGT202611000123', digits: '038216' }] as Record<string, string>[]) {
      expect((await ask(fields)).body).toEqual(same);
      expect((await get(`?${new URLSearchParams(fields)}`)).body).toEqual(same);
    }
    const json = await got<InquiryAnswer>(await fetch(`${stand.url}/api/inquiry`, { method: 'POST', body: JSON.stringify({ case: 'YYGT202611000123', digits: '01123X' }), headers: { 'content-type': 'application/json', 'x-forwarded-for': from() } }));
    expect(json.body).toEqual(same);
  });

  test('what is refused is refused in one way, whatever is wrong, by the same statements', async () => {
    await stand.record({ caseNo: 'A1' }, { caseNo: 'A2', row: { query_password: 'other-1' } }, { caseNo: 'A3', row: { query_password: null }, children: { applicants: [] } });
    const db = stand.gateway.app.get<DatabaseAdapter>(LEDGER_DATABASE, { strict: false });
    const make = db.source.createQueryRunner.bind(db.source);
    let seen: string[] = [];
    db.source.createQueryRunner = (...given) => {
      const runner = make(...given);
      const query = runner.query.bind(runner) as (text: string, ...rest: unknown[]) => Promise<unknown>;
      runner.query = ((text: string, ...rest: unknown[]) => { seen.push(text); return query(text, ...rest); }) as typeof runner.query;
      return runner;
    };
    try {
      const answers: unknown[] = [];
      for (const fields of [
        { case: 'NOBODY', password: '839142' }, { case: 'A1', password: '839143' }, { case: 'A1', password: 'other-1' }, { case: 'A2', password: '839142' }, { case: 'A1', digits: '000000' }, { case: 'NOBODY', digits: '01123X' }, { case: 'A3', password: '01123X' }, { case: 'A3', digits: '839142' },
      ] as Record<string, string>[]) {
        seen = [];
        const answer = await refused(fields);
        answers.push({ status: answer.status, text: answer.text, headers: [...answer.headers].filter(([name]) => name !== 'date').sort(), statements: seen });
      }
      expect(new Set(answers.map((a) => JSON.stringify(a))).size).toBe(1);
      expect(answers[0]).toMatchObject({ status: 404, text: expect.stringContaining('no-match') });
      expect((answers[0] as { statements: string[] }).statements.length).toBeGreaterThan(8);
    } finally {
      db.source.createQueryRunner = make;
    }
  });

  test('a correction takes the old proof away, a removed case says so to who could prove it', async () => {
    await stand.record({ caseNo: 'B1' });
    expect((await ask({ case: 'B1', digits: '01123X' })).status).toBe(200);
    await stand.record({ caseNo: 'B1', row: { query_password: 'new-word' }, children: { applicants: [{ ...principal, cert_no: '430902199001015555' }] } });
    expect((await ask({ case: 'B1', digits: '01123X' })).status).toBe(404);
    expect((await ask({ case: 'B1', password: '839142' })).status).toBe(404);
    expect((await ask({ case: 'B1', password: 'NEW-word' })).status).toBe(200);
    await stand.remove('B1');
    expect((await ask({ case: 'B1', digits: '015555' })).body).toMatchObject({ state: { code: 'removed' }, payments: { state: 'none' } });
  });

  test('another key makes all proofs anew; nothing readable stands in the tables', async () => {
    await stand.record({ caseNo: 'K1' });
    const rows = async (): Promise<string> => JSON.stringify((await stand.db.run(sql`select digest from inquiry_proof where case_no = 'K1' order by digest`)).rows);
    const before = await rows();
    expect(before).not.toMatch(/839142|01123X/);
    const tries = new InquiryTryStore(stand.db, stand.clock, inquirySchema.parse({}).limits);
    await new InquiryPoller(new InquiryStore(stand.db), tries, { stream: 'case', identityDigits: 8, batch: 2 }, 'k'.repeat(32)).poll(async () => true);
    expect(await rows()).not.toBe(before);
    expect((await ask({ case: 'K1', password: '839142' })).status).toBe(404);
    await stand.record();
    expect(await rows()).toBe(before);
    expect((await ask({ case: 'K1', password: '839142' })).status).toBe(200);
    for (const { subject } of (await stand.db.run(sql`select subject from inquiry_try where scope in ('address', 'case')`)).rows) expect(subject).toMatch(/^[0-9a-f]{64}$/);
  });

  test('the scheduler follows by itself', async () => {
    const scheduler = await stand.another((s) => ({ ...s, everyMs: 50 }), ['scheduler']);
    await stand.capture({ caseNo: 'J1' });
    await eventually(() => ask({ case: 'J1', password: '839142' }), (a) => a.status === 200, 'the case can be asked for');
    await scheduler.stop();
  });

  test('two processes that follow the snapshots at once disturb nobody', async () => {
    const other = await stand.another();
    const poll = (gateway: typeof other): Promise<number> => gateway.app.get(InquiryPoller, { strict: false }).poll(async () => true);
    const all = async (): Promise<void> => { for (let i = 0; i < 20; i++) await stand.record({ caseNo: `P${i}` }); };
    const besides = async (): Promise<void> => { for (let i = 0; i < 20; i++) await poll(other); };
    await Promise.all([all(), besides(), besides()]);
    await stand.record();
    expect(Number((await stand.db.run(sql`select count(*) as n from inquiry_proof where case_no like 'P%'`)).rows[0]!['n'])).toBe(40);
  });
});

describe('what is told', () => {
  test('missing documents, with names in free text masked', async () => {
    await stand.record({ caseNo: 'S1', row: { status: 'APPLIED', accepted_at: null }, children: { supplements: [
      { supplement_no: '1', notice_no: '益国土补字〔2026〕1号', notified_at: '2026-11-04 09:00:00.000', reason: '欧阳小明的身份证明不清晰，请致电13807310001', material_list: '申请人身份证明(重新提交);宗地图' },
      { supplement_no: '2', notice_no: 'n2', notified_at: '2026-11-03 09:00:00.000', received_at: '2026-11-03 10:00:00.000', material_list: '别的' },
    ] } });
    const { body } = await ask({ case: 'S1', digits: '01123X' });
    expect(body).toMatchObject({ state: { code: 'supplement' }, missing: [{ notifiedOn: '2026-11-04', materials: ['申请人身份证明(重新提交)', '宗地图'], reason: '欧＊＊＊的身份证明不清晰，请致电138＊＊＊＊＊＊01' }] });
    expect(body.summary.zh).toContain('2026年11月4日已告知您补交：申请人身份证明(重新提交)、宗地图。');
  });

  test('light and promised date from the clock, moved by a suspension, in plain words', async () => {
    const facts = { itemCode: 'DJ05', acceptedAt: '2026-11-03T02:00:00.000Z', limits: { committed: { length: 10, unit: 'W' }, statutory: { length: 20, unit: 'W' }, source: 'test' }, steps: [], pauses: [{ kind: 'special', sequence: '1', title: '听证', from: '2026-11-05T01:00:00.000Z', approved: { length: 20, unit: 'W' }, noticeNo: 'n' }] };
    const special = { special_no: '1', kind: 'TZ', kind_name: '听证', started_at: '2026-11-05 09:00:00.000', approved_length: '20', approved_unit: 'W', notice_no: 'n' };
    await stand.record({ caseNo: 'C1', children: { specials: [special], steps: [{ step_no: '1', stage: 'SH', step_name: '科室负责人审核', handler: '王五', started_at: '2026-11-04 09:00:00.000', step_status: 'TODO' }] } });
    const clock = (light: string, due: string | null): Promise<unknown> => stand.db.run(sql`insert into clock_state (stream, case_no, body, facts, digest, clock_state, light, due_at, live, computed_at) values ('case', 'C1', 'hunan', ${JSON.stringify(facts)}, 'd', 'x', ${light}, ${due}, 1, ${stand.clock.at})`);
    await clock('grey', '2026-12-15T02:00:00.000Z');
    const { body, text } = await ask({ case: 'C1', password: '839142' });
    expect(body).toMatchObject({ state: { code: 'suspended' }, step: { zh: '科室负责人审核', en: 'review', done: false }, light: { code: 'grey', zh: '时限暂停计算' }, promised: { day: '2026-12-15', movedFrom: '2026-11-17' } });
    expect(body.promised!.zh).toBe('因听证，时限暂停计算，承诺日期目前顺延到2026年12月15日（原为2026年11月17日）');
    expect(body.promised!.en).toBe('The clock is paused for a hearing; the promised date has moved to 15 December 2026 so far (it was 17 November 2026)');
    expect(text).not.toContain('王五');
    await stand.db.run(sql`delete from clock_state where case_no = 'C1'`);
    await clock('grey', null);
    expect((await ask({ case: 'C1', password: '839142' })).body.promised).toEqual({ movedFrom: '2026-11-17', zh: '因听证，时限暂停计算，结束后承诺日期相应顺延（原为2026年11月17日）', en: expect.stringContaining('moves back') });
    await stand.db.run(sql`delete from clock_state where case_no = 'C1'`);
    await clock('red', '2026-11-17T02:00:00.000Z');
    expect((await ask({ case: 'C1', password: '839142' })).body).toMatchObject({ light: { code: 'red', zh: '已超过承诺时限' }, promised: { zh: '承诺日期为2026年11月17日，现已超过', day: '2026-11-17' } });
  });

  test('fees and taxes: checked, open, paid, waived; where to collect', async () => {
    const charge = { fee_item_code: 'GT0101', fee_item_name: '不动产登记费(住宅)', amount: '80.00', exempt: '0', payer: '欧阳小明', payment_code: '43090026110000000017', tax_kinds: '契税' };
    await stand.record({ caseNo: 'F1', row: { item_code: 'JY11', status: 'CLOSED', closed_at: '2026-11-18 16:00:00.000', result_code: 'PASS' }, children: { parcels: [{ land_use: '城镇住宅用地' }], charges: [{ ...charge, charge_no: '1' }, { ...charge, charge_no: '2', amount: '0.00', exempt: '1', exempt_reason: '小微企业', fee_item_name: '证书工本费', fee_item_code: 'GT0103', payment_code: null, tax_kinds: null }] } });
    const look = async (): Promise<InquiryAnswer> => (await ask({ case: 'F1', password: '839142' })).body;
    expect((await look()).payments).toMatchObject({ state: 'checking', lines: [] });
    const reconcile = (): Promise<number> => runCli(['reconcile'], { env: stand.env, clock: stand.clock, user: 'li', out: () => undefined, err: () => undefined });
    await reconcile();
    const open = await look();
    expect(open.payments).toMatchObject({ state: 'open', dueYuan: '80.00', lines: [{ what: 'fee', zh: '不动产登记费(住宅)', amountYuan: '80.00', state: 'open', paymentCode: '43090026110000000017' }, { zh: '证书工本费', state: 'exempt' }, { what: 'tax', zh: '契税(承受方)', en: 'deed tax of the transferee', state: 'open' }] });
    expect(open.collect?.zh).toContain('缴清税费后，请携带身份证件到市政务中心一楼国土窗口');
    const store = new ReturnedRecordStore(stand.db, stand.clock);
    const day = stand.clock.at.slice(0, 10);
    await stand.db.transaction(async (r) => {
      await store.record(r, { channel: 'center', inboxId: '1', fileId: 'fee-1', issue: 1, fees: [{ serial: '1', paymentCode: charge.payment_code, caseNo: 'F1', unitCode: '1', lines: [{ feeItemCode: 'GT0101', feeItemName: undefined, amountFen: 8000n }], amountFen: 8000n, day, paidAt: `${day.replaceAll('-', '')}100000`, payer: undefined, method: '1', status: 'paid', originalSerial: undefined }] });
      await store.record(r, { channel: 'center', inboxId: '2', fileId: 'tax-1', issue: 1, taxes: [{ ticketNo: 'T1', authorityCode: '1', taxpayerNo: 'N', taxpayerName: undefined, caseNo: 'F1', contractNo: undefined, taxKind: '契税', party: 'transferee', taxableFen: 1_000_000n, dueFen: 30_000n, paidFen: 30_000n, day, paidAt: `${day.replaceAll('-', '')}110000`, status: 'paid', originalTicketNo: undefined }] });
    });
    await reconcile();
    const paid = await look();
    expect(paid.payments).toMatchObject({ state: 'settled', zh: '税费已缴清' });
    expect(paid.payments.lines.map((l) => l.state)).toEqual(['settled', 'exempt', 'settled']);
    expect(JSON.stringify(paid)).not.toContain(charge.payment_code);
    expect(paid.summary.zh).toBe('您的“国有建设用地使用权转移登记”办件已办结，准予办理，办结日期2026年11月18日。税费已缴清。请携带身份证件到市政务中心一楼国土窗口(工作日9:00–12:00,13:30–17:00)领取。');
    await stand.record({ caseNo: 'F1', row: { status: 'CLOSED', closed_at: '2026-11-18 16:00:00.000', result_code: 'PASS' }, children: { pickups: [{ pickup_no: '1', picked_by: '欧阳小明', cert_no: principal['cert_no'] ?? null, method: 'Y', picked_at: '2026-11-19 10:00:00.000', express_no: 'EMS123456789' }] } });
    expect(await look()).toMatchObject({ state: { code: 'collected' }, collect: { code: 'posted', zh: '已于2026年11月19日邮寄，快递单号尾号6789' } });
  });

  test('a case whose contents retention took still answers', async () => {
    await stand.record({ caseNo: 'R1', row: { status: 'CLOSED', closed_at: '2020-01-02 10:00:00.000', result_code: 'PASS' } });
    await stand.db.run(sql`update case_snapshot set body = '' where case_no = 'R1'`);
    expect((await ask({ case: 'R1', password: '839142' })).body).toMatchObject({ state: { code: 'archived' }, closedOn: '2020-01-02', applicants: ['欧＊＊＊'] });
  });
});

describe('tries', () => {
  test('wrong ones lock a number for a while, whether it exists or not, in every process, and each further one for longer', async () => {
    await stand.record({ caseNo: 'L1' });
    const other = (await stand.another()).url!;
    for (const caseNo of ['L1', 'L-NONE']) {
      const wrong = (url = stand.url): Promise<Got<InquiryRefusal>> => refused({ case: caseNo, password: 'wrong' }, from(), url);
      for (let i = 0; i < 5; i++) expect((await wrong(i % 2 === 0 ? stand.url : other)).status).toBe(404);
      for (const fields of [{ case: caseNo, password: 'wrong' }, { case: caseNo, password: '839142' }, { case: caseNo, digits: '01123X' }] as Record<string, string>[]) {
        const locked = await refused(fields, from(), other);
        expect([locked.status, locked.headers.get('retry-after'), locked.body]).toEqual([429, '60', { error: 'too-many-requests', zh: expect.any(String), en: expect.any(String), retryAfterSeconds: 60 }]);
      }
    }
    stand.clock.forward(60_000);
    expect((await refused({ case: 'L1', password: 'wrong' })).status).toBe(404);
    expect((await refused({ case: 'L1', password: '839142' })).headers.get('retry-after')).toBe('120');
    stand.clock.forward(119_001);
    expect((await refused({ case: 'L1', password: '839142' })).headers.get('retry-after')).toBe('1');
    stand.clock.forward(999);
    expect((await ask({ case: 'L1', password: '839142' })).status).toBe(200);
    // A right one forgets the wrong ones before it.
    for (let i = 0; i < 5; i++) expect((await refused({ case: 'L1', password: 'wrong' })).status).toBe(404);
    expect((await refused({ case: 'L1', password: 'wrong' })).status).toBe(429);
  });

  test('at the same moment from many addresses no more of them get through than one after another', async () => {
    await stand.record({ caseNo: 'M1' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => refused({ case: 'M1', password: 'guess' })));
    const counted = (status: number): number => answers.filter((a) => a.status === status).length;
    expect([counted(404), counted(404) + counted(429)]).toEqual([5, 40]);
  });

  test('an address has so many an hour, an IPv6 network as many together, a shared address more', async () => {
    const few = (await stand.another((s) => ({ ...bureauSettings(s), limits: { ...s.limits, perAddressPerHour: 3 }, sharedAddresses: ['203.0.113.0/24', '2001:db8:9::1'] }))).url!;
    const statuses = async (address: (i: number) => string, n = 5): Promise<number[]> => {
      const out = [];
      for (let i = 0; i < n; i++) out.push((await refused({ case: `N${i}${address(0)}`.replaceAll(/[.:]/g, ''), password: 'x' }, address(i), few)).status);
      return out;
    };
    expect(await statuses(() => '192.0.2.1')).toEqual([404, 404, 404, 429, 429]);
    expect(await statuses((i) => `2001:db8:1:2:${i}::${i}`)).toEqual([404, 404, 404, 429, 429]);
    expect(await statuses(() => '2001:db8:1:3::1', 1)).toEqual([404]);
    expect(await statuses(() => '203.0.113.7')).toEqual([404, 404, 404, 404, 404]);
    expect(await statuses(() => '2001:db8:9::1')).toEqual([404, 404, 404, 404, 404]);
    const locked = await refused({ case: 'N9', password: 'x' }, '192.0.2.1', few);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(3000);
    stand.clock.forward(3_600_000);
    expect(await statuses(() => '192.0.2.1', 1)).toEqual([404]);
  });

  test('when everybody together is wrong too often, only the machines in the hall are answered until the hour is over', async () => {
    stand.clock.at = '2026-11-21T02:59:00.000Z';
    const few = (await stand.another((s) => ({ ...s, limits: { ...s.limits, failuresPerHour: 4 }, sharedAddresses: ['203.0.113.9'] }))).url!;
    for (let i = 0; i < 4; i++) expect((await refused({ case: `G${i}`, password: 'x' }, from(), few)).status).toBe(404);
    const stopped = await refused({ case: 'G9', password: 'x' }, from(), few);
    expect([stopped.status, stopped.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await stand.db.run(sql`select times, alarm_text from alarm where alarm_key = 'inquiry-guessed'`)).rows).toEqual([{ times: 0, alarm_text: 'more than 4 wrong tries within an hour' }]);
    expect((await refused({ case: 'G9', password: 'x' }, '203.0.113.9', few)).status).toBe(404);
    stand.clock.forward(60_000);
    expect((await refused({ case: 'G9', password: 'x' }, from(), few)).status).toBe(404);
  });

  test('old ones are forgotten', async () => {
    stand.clock.forward(3 * 24 * 3_600_000);
    await stand.gateway.app.get(InquiryPoller, { strict: false }).forget();
    expect((await stand.db.run(sql`select * from inquiry_try`)).rows).toEqual([]);
  });
});

describe('hostile input', () => {
  const hostile = `'; drop table inquiry_case; --`;
  test.each<[string, string]>([
    ['nothing', ''], ['no proof', '?case=YY1'], ['no case', '?password=1'], ['both proofs', '?case=YY1&password=1&digits=123456'], ['a list', '?case=YY1&case=YY2&password=1'], ['a list of proofs', '?case=YY1&password=1&password=2'], ['brackets', '?case[]=YY1&password=1'],
    ['a nested key', '?case[a]=YY1&password=1'], ['a prototype', '?__proto__=1&case=YY1&password=1'], ['constructor', '?constructor=1&case=A&password=1'], ['an unknown key', '?case=YY1&password=1&debug=true'], ['a long number', `?case=${'9'.repeat(51)}&password=1`],
    ['a very long number', `?case=${'9'.repeat(5000)}&password=1`], ['a long password', `?case=YY1&password=${'x'.repeat(500)}`], ['NUL', '?case=YY%001&password=1'], ['NUL in the proof', '?case=YY1&password=a%00b'], ['control signs', '?case=YY%1b[31m&password=1'], ['SQL', `?case=${encodeURIComponent(hostile)}&password=1`],
    ['LIKE', '?case=%25&password=1'], ['markup', '?case=%3Cscript%3E&password=1'], ['broken UTF-8', '?case=%ff%fe&password=1'], ['few digits', '?case=YY1&digits=12345'], ['many digits', '?case=YY1&digits=1234567'], ['signs for digits', '?case=YY1&digits=12345%27'], ['blank', '?case=%20&password=%20'], ['an emoji', '?case=%F0%9F%98%80&password=1'],
  ])('%s is answered clearly and not said back', async (_name, query) => {
    const answer = await get<InquiryRefusal>(query);
    expect([answer.status, answer.body]).toEqual([400, { error: 'bad-request', zh: expect.stringMatching(/\p{Script=Han}/u), en: expect.stringMatching(/^[a-z]/) }]);
    for (const echo of ['YY', 'drop', 'script', 'debug', '999', 'xxx', '12345']) expect(answer.text).not.toContain(echo);
  });
  test.each<[string, string, string | Buffer]>([
    ['no JSON', 'application/json', '{"case":'], ['a JSON list', 'application/json', '[1,2]'], ['null', 'application/json', 'null'], ['a number', 'application/json', '{"case":1,"password":"x"}'], ['a list', 'application/json', '{"case":["a"],"password":"x"}'], ['an object', 'application/json', '{"case":{"$ne":""},"password":"x"}'],
    ['a lone surrogate', 'application/json', '{"case":"A\\ud800","password":"x"}'], ['NUL', 'application/json', '{"case":"A1","password":"x\\u0000"}'], ['a prototype', 'application/json', '{"__proto__":{"case":"A"},"password":"x"}'], ['nothing', 'application/json', ''], ['XML', 'application/xml', '<a/>'], ['text', 'text/plain', 'case=A1&password=x'],
    ['a form twice', 'application/x-www-form-urlencoded', 'case=A1&password=x&password=y'], ['much', 'application/x-www-form-urlencoded', `case=A1&password=${'x'.repeat(100_000)}`], ['bytes', 'application/x-www-form-urlencoded', Buffer.from([0xff, 0xfe, 0x00, 0x3d, 0x41])],
  ])('posted: %s', async (_name, type, body) => {
    const answer = await got<InquiryRefusal>(await fetch(`${stand.url}/api/inquiry`, { method: 'POST', body, headers: { 'content-type': type, 'x-forwarded-for': from() } }));
    expect([answer.status, answer.body.error]).toEqual([400, 'bad-request']);
  });
  test('names of another alphabet, full-width signs and quotes are questions like others', async () => {
    for (const fields of [{ case: '益国土〔2026〕7号', password: `' or '1'='1` }, { case: 'YYGT1', password: '%_[a-z]' }, { case: 'А1', digits: 'ABCDEF' }, { case: 'YY/1', password: '😀' }, { case: 'X', password: 'é'.repeat(50) }] as Record<string, string>[]) expect((await refused(fields)).status).toBe(404);
    await stand.record({ caseNo: 'W1' });
    expect((await ask({ case: 'W1', digits: '01123X' })).status).toBe(200);
  });
  test('other methods and addresses are no faults of ours', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) expect((await fetch(`${stand.url}/api/inquiry`, { method })).status).toBe(404);
    expect((await fetch(`${stand.url}/api/inquiry/none`)).status).toBe(404);
  });
  test('without a ledger the person is asked to come again, and nothing of the question is told', async () => {
    const db = stand.gateway.app.get<DatabaseAdapter>(LEDGER_DATABASE, { strict: false });
    await db.run(sql`alter table inquiry_proof rename to ${raw('inquiry_proof_gone')}`);
    try {
      const answer = await refused({ case: 'W1', password: '839142' });
      expect([answer.status, answer.headers.get('retry-after'), answer.body.error]).toEqual([503, '10', 'busy']);
    } finally {
      await db.run(sql`alter table inquiry_proof_gone rename to ${raw('inquiry_proof')}`);
    }
  });
});

test('the interface is documented', async () => {
  const document = (await (await fetch(`${stand.url}/api/openapi.json`)).json()) as { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> };
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/api/inquiry', '/api/inquiry/settings', '/api/inquiry/completed', '/api/inquiry/completed.atom', '/api/inquiry/desk/search', '/api/inquiry/desk/case', '/api/inquiry/desk/verify']));
  expect(Object.keys(document.paths['/api/inquiry']!['get']!.responses)).toEqual(['200', '400', '404', '429', '503']);
  expect(await (await fetch(`${stand.url}/api/inquiry/settings`)).json()).toEqual({ bureau: { zh: '益阳市国土资源局政务窗口', en: 'Land Bureau, service window' }, phone: '0737-0000000', identityDigits: 6, idleMs: 60_000, completed: false });
});
