import { describe, expect, test } from '@jest/globals';
import { XMLParser } from 'fast-xml-parser';
import type { InquiryState } from '../../src/domain/inquiry-answer.js';
import { maskCaseNo, maskParties, maskParty } from '../../src/domain/mask-party.js';
import type { CaseSnapshot, Row } from '../../src/domain/snapshot.js';
import { addressScope } from '../../src/inquiry/address-scope.js';
import { deriveInquiry } from '../../src/inquiry/derive-inquiry.js';
import { limitWords, sayDay, stateWords } from '../../src/inquiry/inquiry-words.js';
import { judgeState } from '../../src/inquiry/judge-state.js';
import { endOfNumber, normalizeText } from '../../src/inquiry/normalize-text.js';
import { digestProof, digestSubject, stampOf } from '../../src/inquiry/prove-right.js';
import { readCaseNo } from '../../src/inquiry/read-question.js';
import { tellPayments } from '../../src/inquiry/tell-payments.js';
import { writeFeed } from '../../src/inquiry/write-feed.js';

const snapshot = (row: Row, children: Record<string, readonly Row[]> = {}): CaseSnapshot => ({ stream: 'case', caseNo: 'C1', case: { case_no: 'C1', ...row }, children });

describe('masking', () => {
  test.each([
    [{ kind: 'P', name: '张三' }, '张＊'], [{ kind: 'P', name: '欧阳小明' }, '欧＊＊＊'], [{ kind: 'P', name: '李' }, '李＊'], [{ kind: 'P', name: '𠅤明' }, '𠅤＊'], [{ kind: null, name: '王小二' }, '王＊＊'], [{ kind: 'O', name: '某某村民组' }, '某＊＊＊＊'],
    [{ kind: 'E', name: '湘潭某某建材有限公司' }, '湘潭某＊＊＊有限公司'], [{ kind: 'G', name: '市自来水厂' }, '市自＊水厂'], [{ kind: 'E', name: '大厂' }, '大＊'], [{ kind: 'P', name: null }, '＊'], [{ kind: 'P', name: '  ' }, '＊'],
  ])('%j', (row, masked) => {
    expect(maskParty(row)).toBe(masked);
  });
  test('a number that was written beside a name', () => expect(maskParty({ kind: 'E', name: '张三 430902199001011234' })).not.toMatch(/\d{4}/));
  test('many in one line', () => {
    const people = ['甲一', '乙二', '丙三', '丁四'].map((name) => ({ kind: 'P', name, role: 'APPLICANT' }));
    expect([maskParties(people), maskParties(people.slice(0, 2)), maskParties([]), maskParties([{ kind: 'P', name: '代理', role: 'AGENT' }])]).toEqual(['甲＊、乙＊、丙＊ 等4户', '甲＊、乙＊', '', '']);
  });
  test.each([['YYGT202611000123', 'YYGT2026＊＊＊＊0123'], ['GT2026000123', 'GT20＊＊＊＊0123'], ['123456789', '1234＊6789'], ['12345678', '＊＊＊＊＊＊78'], ['G1', '＊1'], ['7', '＊']])('case number %s', (caseNo, masked) => expect(maskCaseNo(caseNo)).toBe(masked));
});

describe('what is compared', () => {
  test.each([['yygt 2026', 'YYGT2026'], ['ＹＹＧＴ２０２６', 'YYGT2026'], ['\u200b12\u00a034\ufeff', '1234'], ['９８ｘ', '98X']])('%j is %s', (given, wanted) => expect(normalizeText(given)).toBe(wanted));
  test.each([['43090219900101123x', 6, '01123X'], ['430902 1990 0101 123X', 6, '01123X'], ['430902900101123', 6, '101123'], ['91440300-1922038216', 8, '22038216'], ['E12', 6, undefined], ['', 6, undefined], [null, 6, undefined], ['１２３４５６７８', 6, '345678']])('the end of %j', (number, digits, end) => expect(endOfNumber(number, digits)).toBe(end));
  test.each([['YYGT202611000123', 'YYGT202611000123'], ['益国土〔2026〕7号', '益国土〔2026〕7号'], ['a b/1-2_3.4', 'AB/1-2_3.4'], ["x'y", undefined], ['%', undefined], ['', undefined], ['9'.repeat(51), undefined], ['a\u0000', undefined], ['\ud800', undefined]])('case number %j', (given, read) => expect(readCaseNo(given)).toBe(read));
  test('a proof belongs to its kind, case and key', () => {
    const digests = [digestProof('k', 'password', 'A', '123456'), digestProof('k', 'identity', 'A', '123456'), digestProof('k', 'password', 'A1', '23456'), digestProof('l', 'password', 'A', '123456'), digestSubject('k', 'case', 'A'), digestSubject('k', 'address', 'A')];
    expect(new Set(digests).size).toBe(6);
    for (const d of digests) expect(d).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([stampOf('k', 6), stampOf('k', 7), stampOf('l', 6)]).size).toBe(3);
  });
  test.each([
    ['192.0.2.1', '192.0.2.1'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:DB8::1', '2001:db8:0:0::/64'], ['2001:db8:0001:0002::', '2001:db8:1:2::/64'], ['::1', '0:0:0:0::/64'], ['fe80::1%eth0', 'fe80:0:0:0::/64'], ['', ''],
  ])('address %s counts as %s', (address, scope) => expect(addressScope(address)).toBe(scope));
});

describe('how a case stands', () => {
  const accepted = { accepted_at: '2026-11-03 10:00:00.000' };
  const closed = (result: string | null): Row => ({ ...accepted, closed_at: '2026-11-09 10:00:00.000', result_code: result });
  const open = { notified_at: '2026-11-04 09:00:00.000', received_at: null };
  test.each<[string, InquiryState, Row, Record<string, readonly Row[]>?]>([
    ['applied', 'applied', { applied_at: 'x', status: 'APPLIED' }], ['documents are missing before acceptance', 'supplement', {}, { supplements: [open] }], ['and after it', 'supplement', accepted, { supplements: [{ ...open, received_at: '2026-11-05 09:00:00.000' }, open] }],
    ['all documents came', 'handling', accepted, { supplements: [{ ...open, received_at: '2026-11-05 09:00:00.000' }] }], ['handled', 'handling', accepted], ['special procedure', 'suspended', accepted, { specials: [{ started_at: 'x', ended_at: null }] }], ['ended one', 'handling', accepted, { specials: [{ started_at: 'x', ended_at: 'y' }] }],
    ['special procedure before acceptance', 'applied', {}, { specials: [{ started_at: 'x', ended_at: null }] }], ['refused', 'refused', { refused_at: 'x', status: 'REFUSED' }], ['accepted after a refusal', 'handling', { ...accepted, refused_at: 'x' }],
    ['granted', 'granted', closed('PASS')], ['granted with an open supplement left', 'granted', closed('PASS'), { supplements: [open] }], ['collected', 'collected', closed('PASS'), { pickups: [{ picked_at: 'x' }] }], ['pickup without a time', 'granted', closed('PASS'), { pickups: [{ picked_at: null }] }],
    ['denied', 'denied', closed('DENY')], ['returned', 'returned', closed('RETURN')], ['void', 'void', closed('VOID')], ['void without closing', 'void', { status: 'VOID' }], ['other', 'ended', closed('OTHER')], ['a code nobody knows', 'ended', closed('NEW')], ['no code', 'ended', closed(null)],
    ['withdrawn', 'withdrawn', { ...accepted, withdrawn_at: 'x' }], ['withdrawn and closed', 'withdrawn', { ...closed('PASS'), withdrawn_at: 'x' }], ['withdrawn by its state', 'withdrawn', { status: 'WITHDRAWN' }],
  ])('%s: %s', (_name, state, row, children = {}) => expect(judgeState(snapshot(row, children))).toBe(state));
  test('every state has words in both languages', () => {
    for (const words of Object.values(stateWords)) expect(words).toEqual({ zh: expect.stringMatching(/^[\p{Script=Han}，]+$/u), en: expect.stringMatching(/^[A-Z][a-z:; ]+$/) });
  });
  test.each([['10', 'W', '10个工作日', '10 working days'], ['1', 'W', '1个工作日', '1 working day'], ['3', 'N', '3日', '3 days'], ['1', 'I', '即时办结', 'at once'], ['8', 'H', '8小时', '8 hours']])('limit %s %s', (length, unit, zh, en) => expect(limitWords(length, unit)).toEqual({ zh, en }));
  test('what is no limit has no words', () => expect([limitWords(undefined, 'W'), limitWords('1', undefined)]).toEqual([undefined, undefined]));
  test('days as they are said', () => expect([sayDay('2026-01-02'), sayDay('2026-12-31')]).toEqual([{ zh: '2026年1月2日', en: '2 January 2026' }, { zh: '2026年12月31日', en: '31 December 2026' }]));
});

test('what is followed holds no number and no password, and publishes only what was granted', () => {
  const row = { item_code: 'DJ05', item_name: 'x', query_password: '839142', applied_at: '2026-11-02 09:00:00.000', accepted_at: '2026-11-03 10:00:00.000', closed_at: '2026-11-09 10:00:00.000', result_code: 'PASS' };
  const applicants: Row[] = [{ name: '欧阳小明', kind: 'P', cert_no: '43090219900101123X', legal_person: null }, { name: '某某 公司', kind: 'E', cert_no: '914403001922038216', legal_person: '赵六' }, { name: '欧阳小明', kind: 'P', cert_no: '43090219900101123X' }];
  const by = { key: 'k', identityDigits: 6, snapshotId: '7' };
  const found = deriveInquiry(snapshot(row, { applicants, certificates: [{ issued_on: '2026-11-12' }, { issued_on: '2026-11-11' }] }), by);
  expect(found).toMatchObject({ caseNo: 'C1', snapshotId: '7', state: 'granted', grantedOn: '2026-11-09', certificateOn: '2026-11-11', applicants: '欧＊＊＊、某某＊公司、欧＊＊＊', names: ['欧阳小明', '某某公司', '赵六'] });
  expect(found.proofs.map((p) => p.kind)).toEqual(['password', 'identity', 'identity']);
  expect(JSON.stringify(found)).not.toMatch(/839142|01123|038216/);
  expect(deriveInquiry(snapshot({ ...row, result_code: 'DENY' }, { certificates: [{ issued_on: '2026-11-12' }] }), by)).toMatchObject({ grantedOn: undefined, certificateOn: undefined });
  expect(deriveInquiry(snapshot({ query_password: '  ' }), by).proofs).toEqual([]);
});

test('a sum is told only of what is known to the fen; what was not compared is never called paid', () => {
  const due = [{ id: '1', kind: 'fee', name: 'A', fen: 8000n, exempt: false }, { id: '2', kind: 'fee', name: 'B', fen: 1001n, exempt: false }, { id: '3', kind: 'tax', name: '契税', party: 'transferee', exempt: false }, { id: '4', kind: 'fee', name: 'C', fen: 500n, exempt: true }] as const;
  const item = (id: string, settled: boolean, reason?: string): unknown => ({ id, zh: '', en: '', fen: undefined, settled, reason });
  const facts = (charges: unknown[], taxes: unknown[], unread = false): never => ({ caseNo: 'C', charges, taxes, unread, against: [], besides: [] }) as never;
  const told = (settlement: never): unknown => {
    const p = tellPayments(due, settlement);
    return [p.state, p.dueYuan, p.lines.map((l) => l.state).join()];
  };
  expect(told(undefined as never)).toEqual(['checking', undefined, 'checking,checking,checking,exempt']);
  expect(told(facts([item('1', false, 'awaiting-payment'), item('2', false, 'missing-there')], [item('3', false, 'awaiting-payment')]))).toEqual(['open', '90.01', 'open,open,open,exempt']);
  expect(told(facts([item('1', true), item('2', false, 'amount-short')], [item('3', true)]))).toEqual(['open', undefined, 'settled,short,settled,exempt']);
  expect(told(facts([item('1', true), item('2', true)], [item('3', true)]))).toEqual(['settled', undefined, 'settled,settled,settled,exempt']);
  expect(told(facts([item('1', true), item('2', true)], [item('3', true)], true))).toEqual(['checking', undefined, 'settled,settled,settled,exempt']);
  expect(tellPayments([], facts([], [])).state).toBe('none');
});

test('the feed is Atom, whatever stands in a name', () => {
  const line = { day: '2026-11-20', item: { code: 'DJ05', name: '转移<登记> & "抵押"\u0000' }, applicants: '张＊', caseNo: 'YYGT2026＊＊＊＊0123' };
  const text = writeFeed([line, line, { ...line, day: '2026-11-19' }], { bureau: { zh: '窗口', en: 'w' }, at: '2026-11-25T00:00:00.000Z' });
  const { feed } = new XMLParser({ ignoreAttributes: false }).parse(text) as { feed: { updated: string; entry: { id: string; title: string }[] } };
  expect([feed.updated, feed.entry.length, new Set(feed.entry.map((e) => e.id)).size, feed.entry[0]!.title]).toEqual(['2026-11-20T00:00:00+08:00', 3, 3, '转移<登记> & "抵押"：张＊']);
  for (const e of feed.entry) expect(e.id).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(writeFeed([], { bureau: { zh: '窗口', en: 'w' }, at: '2026-11-25T00:00:00.000Z' })).toContain('<updated>2026-11-25T00:00:00Z</updated>');
});
