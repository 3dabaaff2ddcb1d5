import { amountInChinese, examinedInChinese, limitsInChinese, reasonInChinese, sayInChinese, sayInEnglish } from '../../src/domain/clock-sayings.js';
import { explainClock } from '../../src/supervision/explain-clock.js';
import { accepted, at, days, guangdong, hunan, limits, meters, special, supplement } from '../support/clock-facts.js';

/** Every saying that the arithmetic can have, from cases that bring it about. */
const cases = [
  accepted('2026-09-14 08:30:00', { limits: { committed: days(7), statutory: days(10), source: '益审改办函〔2012〕18号, in force from 2012-08-09', note: "the bureau's row says otherwise: 15 W committed, none statutory" }, pauses: [
    special('2026-09-15 08:30:00', '2026-09-16 08:30:00', 5, { sequence: '1' }), special('2026-09-15 10:00:00', undefined, 1, { sequence: '2' }), special('2026-09-17 10:00:00', '2026-09-16 08:30:00', 1, { sequence: '3' }),
    special('2026-09-17 10:00:00', '2026-09-17 11:00:00', 3, { sequence: '4', noticeNo: undefined }), special('2026-09-18 10:00:00', '2026-09-18 11:00:00', undefined, { sequence: '5' }), supplement('2026-09-21 10:00:00', '2026-09-21 11:00:00', { sequence: '6' }), supplement('2026-09-11 10:00:00', '2026-09-11 11:00:00', { sequence: '7' }),
  ] }),
  accepted('2026-09-14 08:30:00', { limits: limits(days(20, 'N'), days(20, 'H')), withdrawnAt: at('2026-09-20 18:30:00') }),
  accepted('2026-09-14 08:30:00', { limits: limits(undefined) }),
  accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', undefined, undefined, { sequence: '1' })] }),
];

test('each line reads in both languages, without a word of the other', () => {
  const lines = cases.flatMap((facts) => [hunan, guangdong].flatMap((rules) => ['2026-09-14 09:00:00', '2026-10-09 12:00:00'].flatMap((now) => explainClock(facts, rules, meters, Date.parse(at(now))).flatMap((e) => e.lines))));
  const codes = new Set(lines.map((l) => l.saying!.code));
  expect([...codes].sort()).toEqual(['account', 'calendar-time', 'crossing', 'ended', 'free', 'limits', 'limits-note', 'not-monitored', 'outside-hours', 'pause', 'result', 'rules', 'start', 'suspended', 'working']);
  const whys = new Set(lines.flatMap((l) => (l.saying!.code === 'pause' ? [l.saying!.why] : [])));
  expect([...whys].sort()).toEqual(['approved', 'before-acceptance', 'capped', 'ends-before-it-begins', 'no-notice', 'supplement', 'supplements-never', 'until-it-ends']);
  for (const l of lines) {
    expect(l.text).toBe(sayInEnglish(l.saying!));
    const chinese = sayInChinese(l.saying!);
    // Names of rule versions, of calendars and of files are what they are.
    const own = ['rules', 'limits'].includes(l.saying!.code) ? chinese.replace(/hunan-\d|guangdong-\d+|dzjc|\.doc|before October|yellow at|of the committed time|since October|remaining days|remaining 0 is not overdue|red at|and|arts?\.|test/g, '') : chinese;
    expect([l.text, /[a-z]{3,}/.exec(own)?.[0]]).toEqual([l.text, undefined]);
    expect(chinese).toMatch(/[\u4e00-\u9fff]/);
  }
});

test.each([
  [{ code: 'result', limit: 'committed', length: 7, unit: 'W', used: '8 d 0:30:10', rounded: 9, remaining: -2 }, '承诺时限 7 个工作日：已用 8 天 0:30:10，进位为 9，超出 2'],
  [{ code: 'working', days: 3 }, '3 个工作日'],
  [{ code: 'working', days: 1, spans: ['08:30:00-12:00:00', '14:30:00-15:00:00'], reason: '国庆节调休上班' }, '工作时间 08:30:00-12:00:00、14:30:00-15:00:00（国庆节调休上班）'],
  [{ code: 'crossing', level: 'yellow', limit: 'committed', how: 'will', at: at('2026-09-28 08:30:01') }, '黄牌（按承诺时限）：如无变化将于 2026-09-28 08:30:01 触发'],
  [{ code: 'pause', kind: 'special', sequence: '1', title: '听证', from: at('2026-09-15 08:30:00'), suspends: true, why: 'capped', approved: { length: 5, unit: 'W' } }, '特别程序 1 听证，2026-09-15 08:30:00 至 现在：停表——特别程序，核准 5 个工作日，用完后继续计时'],
  [{ code: 'limits', source: "the bureau's row of the case" }, '时限依据：业务系统中该办件所记'],
  [{ code: 'ended', at: at('2026-09-15 08:30:00'), outcome: 'withdrawn' }, '结束 2026-09-15 08:30:00：申请人撤回'],
  [{ code: 'breach', charge: '1', feeItem: 'GT0101 登记费', amount: '160.00', expected: '80.00', detail: '发改价格规〔2016〕2559号: 80.00' }, '收费 1，GT0101 登记费：160.00 元，核准标准为 80.00 元（发改价格规〔2016〕2559号: 80.00）'],
] as const)('%j in Chinese', (saying, expected) => {
  expect(sayInChinese(saying)).toBe(expected);
});

test('what a card keeps as text reads in Chinese too', () => {
  expect(limitsInChinese('7 W committed, 10 W statutory')).toBe('承诺 7 个工作日，法定 10 个工作日');
  expect(['160.00 yuan, tariff 80.00 yuan', '20.00 yuan, no tariff'].map(limitsInChinese)).toEqual(['收费 160.00 元，核准 80.00 元', '收费 20.00 元，无核准标准']);
  expect(amountInChinese('4 d 1:30:00')).toBe('4 天 1:30:00');
  expect(['refused before it was accepted', 'it has no limit', 'something else'].map(reasonInChinese)).toEqual(['受理之前已不予受理', '没有办理时限', 'something else']);
});

test.each([
  ['with what is known today the moment of the card reads: closed, used 5 of 7 W (closed); it would not be issued', '按现在已知的情况，发牌当时应为：已结束，已用 5/7 个工作日（办结）；不会发出'],
  ['with what is known today the moment of the card reads: not-monitored (it has no limit); it would not be issued', '按现在已知的情况，发牌当时应为：不监察（没有办理时限）；不会发出'],
  ['with what is known today the moment of the card reads: what it was issued for is not there any more; it would not be issued', '按现在已知的情况，发牌当时应为：发牌的对象已不存在；不会发出'],
  ['with what is known today the moment of the card reads: yellow, used 8 of 7 W, 8 of 10 W; it would be issued', '按现在已知的情况，发牌当时应为：黄牌，已用 8/7 个工作日、8/10 个工作日；仍会发出'],
  ['cannot be examined: the calendar lacks the year', '工作日历缺少该年度，无法复核'],
])('%s in Chinese', (note, expected) => {
  expect(examinedInChinese(note)).toBe(expected);
});
