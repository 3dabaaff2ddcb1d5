import type { CaseFacts } from '../../src/domain/supervision-facts.js';
import type { RuleSet } from '../../src/domain/supervision-rules.js';
import { accepted, at, brief, days, guangdong, hunan, limits, metersWith, officeHours, readCase, readClock, shown, special, supplement } from '../support/clock-facts.js';

describe("Hunan's own example", () => {
  // accepted 2018-10-15 10:00:00, committed 7, statutory 10: 监察规则说明-客户.doc
  const facts = accepted('2018-10-15 10:00:00');
  it.each([
    ['2018-10-15 10:00:00', 'green 0/7 0/10'],
    ['2018-10-19 10:00:00', 'green 4/7 4/10'],
    ['2018-10-19 10:00:01', 'warning 5/7 5/10'],
    ['2018-10-24 10:00:00', 'warning 7/7 7/10'],
    ['2018-10-24 10:00:01', 'yellow 8/7 8/10'],
    ['2018-10-29 10:00:00', 'yellow 10/7 10/10'],
    ['2018-10-29 10:00:01', 'red 11/7 11/10'],
  ])('%s: %s', (now, expected) => {
    expect(brief(facts, hunan, now)).toBe(expected);
  });
  it('knows each crossing beforehand and the last moment in time', () => {
    const o = readCase(facts, hunan, '2018-10-15 10:00:00');
    expect(shown(o.nextAt)).toBe('2018-10-19 10:00:01');
    expect(o.limits.map((l) => shown(l.dueAt))).toEqual(['2018-10-24 10:00:00', '2018-10-29 10:00:00']);
    expect(shown(readCase(facts, hunan, '2018-10-19 10:00:01').nextAt)).toBe('2018-10-24 10:00:01');
    expect(shown(readCase(facts, hunan, '2018-10-24 10:00:01').nextAt)).toBe('2018-10-29 10:00:01');
    expect(readCase(facts, hunan, '2018-10-29 10:00:01').reached).toEqual([
      { level: 'warning', limit: 'committed', at: at('2018-10-19 10:00:01') }, { level: 'yellow', limit: 'committed', at: at('2018-10-24 10:00:01') }, { level: 'red', limit: 'statutory', at: at('2018-10-29 10:00:01') },
    ]);
  });
});

/** 2026-09-14 is a Monday; 20 September a make-up Sunday; 25-27 September and 1-7 October free; 10 October a make-up Saturday. */
type Row = [what: string, facts: CaseFacts, now: string, hunan: string, guangdong: string];
const rows: Row[] = [
  ['a fresh case', accepted('2026-09-14 10:00:00'), '2026-09-14 10:00:00', 'green 0/7 0/10', 'green 0/7 0/10'],
  ['the day of acceptance counts for Hunan from its moment on, for Guangdong not at all', accepted('2026-09-14 10:00:00'), '2026-09-14 23:59:59', 'green 1/7 1/10', 'green 0/7 0/10'],
  ['accepted on a free day: the clock stands until it is over', accepted('2026-09-26 10:00:00'), '2026-09-28 08:30:00', 'green 0/7 0/10', 'green 1/7 1/10'],
  ["accepted on a free day, closed 2026-09-29 10:00: 2 days, where the province's formula says 1", accepted('2026-09-26 10:00:00', { closedAt: at('2026-09-29 10:00:00'), result: 'PASS' }), '2026-09-29 12:00:00', 'closed none 2/7 2/10', 'closed none 2/7 2/10'],
  ['closed on a free day: the day adds nothing', accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-26 16:00:00'), result: 'PASS', limits: limits(10, 20) }), '2026-09-30 12:00:00', 'closed none 10/10 10/20', 'closed none 9/10 9/20'],
  ['accepted on a make-up Sunday: a day like any other', accepted('2026-09-20 08:30:00'), '2026-09-21 08:30:00', 'green 1/7 1/10', 'green 1/7 1/10'],
  ['accepted on a make-up Sunday, a second more', accepted('2026-09-20 08:30:00'), '2026-09-21 08:30:01', 'green 2/7 2/10', 'green 1/7 1/10'],
  ['across the October week: 28-30 September, then 8, 9, 10 (make-up Saturday) and 12 October', accepted('2026-09-28 08:30:00'), '2026-10-12 17:30:00', 'warning 7/7 7/10', 'warning 6/7 6/10'],
  ['within the October week nothing moves', accepted('2026-09-28 08:30:00'), '2026-10-07 23:59:59', 'green 3/7 3/10', 'green 2/7 2/10'],
  ['a suspension over the October week takes working time only', accepted('2026-09-28 08:30:00', { pauses: [special('2026-09-30 08:30:00', '2026-10-09 08:30:00', 20)] }), '2026-10-10 08:30:00', 'green 3/7 3/10', 'green 3/7 3/10'],
  ['a supplement before the acceptance does not suspend', accepted('2026-09-14 08:30:00', { pauses: [supplement('2026-09-11 09:00:00', '2026-09-16 08:30:00')] }), '2026-09-16 08:30:00', 'green 2/7 2/10', 'green 2/7 2/10'],
  ['a supplement after it suspends in Guangdong, not in Hunan', accepted('2026-09-14 08:30:00', { pauses: [supplement('2026-09-15 08:30:00', '2026-09-17 08:30:00')] }), '2026-09-17 17:30:00', 'green 4/7 4/10', 'green 1/7 1/10'],
  ['supplement and special procedure that overlap count once', accepted('2026-09-14 08:30:00', { pauses: [supplement('2026-09-15 08:30:00', '2026-09-17 08:30:00'), special('2026-09-16 08:30:00', '2026-09-18 08:30:00', 5)] }), '2026-09-18 17:30:00', 'green 3/7 3/10', 'green 1/7 1/10'],
  ['two special procedures that overlap count once', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', '2026-09-17 08:30:00', 5), special('2026-09-16 08:30:00', '2026-09-18 08:30:00', 5)] }), '2026-09-18 17:30:00', 'green 2/7 2/10', 'green 1/7 1/10'],
  ['one inside the other counts once', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', '2026-09-18 08:30:00', 5), special('2026-09-16 08:30:00', '2026-09-17 08:30:00', 5)] }), '2026-09-18 17:30:00', 'green 2/7 2/10', 'green 1/7 1/10'],
  ['a special procedure that began before the acceptance counts from the acceptance on', accepted('2026-09-15 08:30:00', { pauses: [special('2026-09-14 08:30:00', '2026-09-17 08:30:00', 5)] }), '2026-09-17 17:30:00', 'green 1/7 1/10', 'green 1/7 1/10'],
  ['its approved length runs from its own beginning', accepted('2026-09-15 08:30:00', { pauses: [special('2026-09-14 08:30:00', undefined, 2)] }), '2026-09-17 17:30:00', 'green 2/7 2/10', 'green 2/7 2/10'],
  ['one that never ends suspends up to its approved length', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-14 08:30:00', undefined, 5)] }), '2026-09-18 17:29:59', 'suspended 0/7 0/10', 'suspended 0/7 0/10'],
  ['and then the clock runs again', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-14 08:30:00', undefined, 5)] }), '2026-09-20 08:30:01', 'green 1/7 1/10', 'green 1/7 1/10'],
  ['without an approved length it suspends until it ends', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', undefined, undefined)] }), '2026-11-20 12:00:00', 'suspended 1/7 1/10', 'suspended 0/7 0/10'],
  ['without a written notice it does not suspend', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', '2026-09-17 08:30:00', 5, { noticeNo: undefined })] }), '2026-09-17 17:30:00', 'green 4/7 4/10', 'green 3/7 3/10'],
  ['an end before its beginning: it does not suspend', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-17 08:30:00', '2026-09-15 08:30:00', 5)] }), '2026-09-17 17:30:00', 'green 4/7 4/10', 'green 3/7 3/10'],
  ['approved in calendar days', accepted('2026-09-28 08:30:00', { pauses: [special('2026-09-30 08:30:00', undefined, days(10, 'N'))] }), '2026-10-10 08:30:01', 'green 3/7 3/10', 'green 2/7 2/10'],
  ['begun and ended on one day: seconds in Hunan, a whole day in Guangdong', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 09:30:00', '2026-09-15 10:30:00', 5)] }), '2026-09-15 17:30:00', 'green 2/7 2/10', 'green 0/7 0/10'],
  ['closed while it is suspended: the suspension counts to the closing', accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-18 16:00:00'), result: 'PASS', pauses: [special('2026-09-15 08:30:00', undefined, 10)] }), '2026-11-20 12:00:00', 'closed none 1/7 1/10', 'closed none 0/7 0/10'],
  ['closed late stays late', accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-24 16:00:00'), result: 'PASS' }), '2026-11-20 12:00:00', 'closed yellow 10/7 10/10', 'closed red 9/7 9/10'],
  ['closed on the last day: a closed case is not warned of', accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-21 17:30:00'), result: 'PASS' }), '2026-11-20 12:00:00', 'closed none 7/7 7/10', 'closed none 6/7 6/10'],
  ['closed before it was accepted (entered wrongly): nothing is used', accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-11 16:00:00'), result: 'PASS' }), '2026-11-20 12:00:00', 'closed none 0/7 0/10', 'closed none 0/7 0/10'],
  ['withdrawn: it counts no further and is not carded', accepted('2026-09-14 08:30:00', { withdrawnAt: at('2026-10-20 16:00:00') }), '2026-11-20 12:00:00', 'closed none 23/7 23/10', 'closed none 22/7 22/10'],
  ['withdrawn and written down as closed', accepted('2026-09-14 08:30:00', { withdrawnAt: at('2026-09-15 16:00:00'), closedAt: at('2026-09-15 16:00:00'), result: 'RETURN' }), '2026-11-20 12:00:00', 'closed none 2/7 2/10', 'closed none 1/7 1/10'],
  ['voided', accepted('2026-09-14 08:30:00', { closedAt: at('2026-10-20 16:00:00'), result: 'VOID' }), '2026-11-20 12:00:00', 'closed none 23/7 23/10', 'closed none 22/7 22/10'],
  ['refused', { acceptedAt: undefined, refusedAt: at('2026-09-14 09:00:00'), limits: limits(7, 10), pauses: [], steps: [] }, '2026-11-20 12:00:00', 'not-monitored', 'not-monitored'],
  ['gone from the bureau', accepted('2026-09-14 08:30:00', { removedAt: at('2026-10-20 16:00:00') }), '2026-11-20 12:00:00', 'closed none 23/7 23/10', 'closed none 22/7 22/10'],
  ['not accepted yet', { pauses: [], steps: [], appliedAt: at('2026-09-14 08:30:00') }, '2026-11-20 12:00:00', 'not-monitored', 'not-monitored'],
  ['accepted later than the moment asked about', accepted('2026-09-14 08:30:00'), '2026-09-11 12:00:00', 'not-monitored', 'not-monitored'],
  ['no limit', accepted('2026-09-14 08:30:00', { limits: limits(undefined) }), '2026-11-20 12:00:00', 'not-monitored', 'not-monitored'],
  ['a limit of 0', accepted('2026-09-14 08:30:00', { limits: limits(0, 0) }), '2026-11-20 12:00:00', 'not-monitored', 'not-monitored'],
  ['an immediate case, the same day', accepted('2026-09-14 09:00:00', { limits: limits(days(1, 'I'), 1) }), '2026-09-14 17:30:00', 'warning 1/1 1/1', 'warning 0/1 0/1'],
  ['an immediate case, the next day, in time', accepted('2026-09-14 09:00:00', { limits: limits(days(1, 'I'), 1) }), '2026-09-15 09:00:00', 'warning 1/1 1/1', 'warning 1/1 1/1'],
  ['an immediate case, a second late', accepted('2026-09-14 09:00:00', { limits: limits(days(1, 'I'), 1) }), '2026-09-15 09:00:01', 'red 2/1 2/1', 'warning 1/1 1/1'],
  ['calendar days run through the October week', accepted('2026-09-28 08:30:00', { limits: limits(days(10, 'N'), days(20, 'N')) }), '2026-10-08 08:30:00', 'warning 10/10 10/20', 'warning 10/10 10/20'],
  ['calendar days, a second late', accepted('2026-09-28 08:30:00', { limits: limits(days(10, 'N'), days(20, 'N')) }), '2026-10-08 08:30:01', 'yellow 11/10 11/20', 'warning 10/10 10/20'],
  ['hours are working hours; the two limits count apart', accepted('2026-09-14 16:30:00', { limits: limits(days(4, 'H'), 1) }), '2026-09-15 11:30:00', 'warning 4/4 1/1', 'warning 4/4 1/1'],
  ['hours, a second late', accepted('2026-09-14 16:30:00', { limits: limits(days(4, 'H'), 1) }), '2026-09-15 11:30:01', 'yellow 5/4 1/1', 'red 5/4 1/1'],
  ['the last day itself is not overdue', accepted('2026-09-14 08:30:00'), '2026-09-22 23:59:59', 'yellow 8/7 8/10', 'warning 7/7 7/10'],
  ['midnight in Shanghai, not in Greenwich', accepted('2026-09-14 08:30:00'), '2026-09-23 00:00:00', 'yellow 8/7 8/10', 'red 8/7 8/10'],
  ['accepted a second before midnight', accepted('2026-09-13 23:59:59'), '2026-09-14 17:30:00', 'green 1/7 1/10', 'green 1/7 1/10'],
  ['accepted at midnight', accepted('2026-09-14 00:00:00'), '2026-09-14 17:30:00', 'green 1/7 1/10', 'green 0/7 0/10'],
  ['late and suspended: it stays late', accepted('2026-09-01 08:30:00', { pauses: [special('2026-10-15 08:30:00', undefined, 20)] }), '2026-10-16 12:00:00', 'red 28/7 28/10', 'red 27/7 27/10'],
  ['parts of a second are left off', accepted('2026-09-14 08:30:00', { acceptedAt: new Date(Date.parse(at('2026-09-14 10:00:00')) + 999).toISOString() }), '2026-09-15 10:00:00', 'green 1/7 1/10', 'green 1/7 1/10'],
];

describe.each([['hunan', hunan, 3], ['guangdong', guangdong, 4]] as [string, RuleSet, 3 | 4][])('%s', (_name, rules, column) => {
  it.each(rows.map((r): [string, Row] => [r[0], r]))('%s', (_what, row) => {
    expect(brief(row[1], rules, row[2])).toBe(row[column]);
  });
});

describe('more of the clock', () => {
  it('takes the limits in force at acceptance: what the catalogue says later changes nothing', () => {
    // The facts carry the limits of the day of acceptance; a reading has no other source for them.
    expect(readCase(accepted('2012-08-08 09:00:00', { limits: limits(15, 20) }), hunan, '2012-08-20 09:00:00').limits[0]!.limit.length).toBe(15);
  });
  it('a back-dated suspension takes back what was reached, for the same moment', () => {
    const before = accepted('2026-09-14 08:30:00');
    expect(brief(before, hunan, '2026-09-23 12:00:00')).toBe('yellow 9/7 9/10');
    expect(brief({ ...before, pauses: [special('2026-09-16 08:30:00', '2026-09-21 08:30:00', 5)] }, hunan, '2026-09-23 12:00:00')).toBe('warning 5/7 5/10');
  });
  it('a closing entered afterwards ends it on its own day', () => {
    expect(brief(accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-18 12:00:00'), result: 'PASS' }), hunan, '2026-10-30 12:00:00')).toBe('closed none 5/7 5/10');
  });
  it('leaves the promised date open while a suspension without length lasts', () => {
    const o = readCase(accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', undefined, undefined)] }), guangdong, '2026-09-16 12:00:00');
    expect(o).toMatchObject({ state: 'suspended', light: 'grey', nextAt: undefined });
    expect(o.limits[0]!.dueAt).toBeUndefined();
  });
  it('Guangdong: promised until the end of the last day; red from midnight of the next', () => {
    const o = readCase(accepted('2026-09-14 08:30:00'), guangdong, '2026-09-22 12:00:00');
    expect(shown(o.limits[0]!.dueAt)).toBe('2026-09-22 23:59:59');
    expect(shown(o.nextAt)).toBe('2026-09-23 00:00:00');
  });
  it('a suspended light changes when the approved length is over', () => {
    const facts = accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-14 08:30:00', undefined, 5)] });
    expect(shown(readCase(facts, hunan, '2026-09-15 12:00:00').nextAt)).toBe('2026-09-18 17:30:00');
    expect(shown(readCase(facts, guangdong, '2026-09-15 12:00:00').nextAt)).toBe('2026-09-19 00:00:00');
  });
  it('Guangdong before October 2014: parts of the committed time', () => {
    const facts = accepted('2014-09-01 09:00:00', { limits: limits(8, 20) });
    expect([['2014-09-04 12:00:00'], ['2014-09-05 12:00:00'], ['2014-09-10 12:00:00']].map(([now]) => brief(facts, guangdong, now!))).toEqual(['green 3/8 3/20', 'yellow 4/8 4/20', 'red 6/8 6/20']);
    expect(readCase(facts, guangdong, '2014-09-05 12:00:00').light).toBe('yellow');
    expect(readClock(facts, guangdong, '2014-09-05 12:00:00').ruleVersion).toBe('guangdong-2007');
    expect(readClock(accepted('2014-10-08 09:00:00'), guangdong, '2014-10-09 12:00:00').ruleVersion).toBe('guangdong-2014');
    expect(readClock(accepted('2007-03-31 09:00:00'), guangdong, '2007-04-09 12:00:00').objects[0]!.state).toBe('not-monitored');
  });
  it('a weekday listed as a make-up day counts once', () => {
    const local = metersWith([{ day: '2026-09-16', working: true, reason: '市里安排' }]);
    expect(brief(accepted('2026-09-14 08:30:00'), guangdong, '2026-09-17 12:00:00', local)).toBe('green 3/7 3/10');
  });
  it('a local free day moves everything behind it', () => {
    const local = metersWith([{ day: '2026-09-16', working: false, reason: '停电' }]);
    expect(brief(accepted('2026-09-14 08:30:00'), hunan, '2026-09-17 08:30:00', local)).toBe('green 2/7 2/10');
  });
  it('a working day is one day whatever its hours', () => {
    const hour = 3_600_000;
    const summer = metersWith([], [...officeHours, { from: '2026-09-16', spans: [{ fromMs: 8 * hour, untilMs: 12 * hour }, { fromMs: 15 * hour, untilMs: 18 * hour }] }]);
    const facts = accepted('2026-09-14 08:30:00');
    expect(brief(facts, hunan, '2026-09-17 08:00:00', summer)).toBe('green 3/7 3/10');
    expect(brief(facts, hunan, '2026-09-17 08:00:01', summer)).toBe('green 4/7 4/10');
    // from the middle of a day of 6.5 hours to the middle of one of 7
    const half = accepted('2026-09-15 11:45:00');
    expect(brief(half, hunan, '2026-09-16 11:30:00', summer)).toBe('green 1/7 1/10');
    expect(brief(half, hunan, '2026-09-16 11:30:01', summer)).toBe('green 2/7 2/10');
  });
  it('looks no further than the calendar: asks to be looked at again where it ends', () => {
    const reading = readClock(accepted('2026-12-28 09:00:00', { limits: limits(20, 30) }), hunan, '2026-12-30 12:00:00');
    expect(reading.objects[0]).toMatchObject({ state: 'green', nextAt: undefined });
    expect(reading.objects[0]!.limits[0]!.dueAt).toBeUndefined();
    expect([shown(reading.nextAt), shown(reading.calendarEndsAt)]).toEqual(['2027-01-01 00:00:00', '2027-01-01 00:00:00']);
    expect(() => readClock(accepted('2026-12-28 09:00:00'), hunan, '2027-01-04 12:00:00')).toThrow(/^calendar-year-missing: the working calendar has no data for 2027$/);
  });
});

describe('what else is measured in Hunan', () => {
  const object = (facts: CaseFacts, now: string, name: string): string | undefined => {
    const o = readClock(facts, hunan, now).objects.find((x) => x.object === name);
    return o && `${o.state} ${o.level ?? ''} ${o.limits.map((l) => `${l.used}/${l.limit.length}`).join(' ')}`.replace(/ +/g, ' ').trim();
  };
  it('a special procedure against its approved length: warning 2 days before, yellow over it, red a day later', () => {
    const facts = accepted('2026-09-14 08:30:00', { limits: limits(30, 40), pauses: [special('2026-09-14 08:30:00', undefined, 5)] });
    expect(['2026-09-16 08:30:00', '2026-09-16 08:30:01', '2026-09-18 17:30:00', '2026-09-20 08:30:01', '2026-09-20 17:30:00', '2026-09-21 08:30:01'].map((now) => object(facts, now, 'special'))).toEqual([
      'green 2/5', 'warning warning 3/5', 'warning warning 5/5', 'yellow yellow 6/5', 'yellow yellow 6/5', 'red red 7/5',
    ]);
  });
  it('one that was never ended runs on when the case closed normally, not when it was voided', () => {
    const facts = accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-14 08:30:00', undefined, 5)], closedAt: at('2026-09-16 08:30:00') });
    expect(object({ ...facts, result: 'PASS' }, '2026-10-30 12:00:00', 'special')).toBe('red red 31/5');
    expect(object({ ...facts, result: 'VOID' }, '2026-10-30 12:00:00', 'special')).toBe('closed 2/5');
    expect(object({ ...facts, result: 'RETURN' }, '2026-10-30 12:00:00', 'special')).toBe('closed 2/5');
    // Archived: nobody can enter its end any more.
    expect(object({ ...facts, result: 'PASS', removedAt: at('2026-09-18 08:30:00') }, '2026-10-30 12:00:00', 'special')).toBe('closed 4/5');
  });
  it('the certificate: 3 days after a closing in favour', () => {
    const facts = accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-16 08:30:00'), result: 'PASS' });
    expect(object(facts, '2026-09-18 17:30:00', 'certificate')).toBe('green 3/3');
    expect(object(facts, '2026-09-20 08:30:01', 'certificate')).toBe('yellow yellow 4/3');
    expect(object({ ...facts, certificateOn: '2026-09-18' }, '2026-09-30 08:30:01', 'certificate')).toBe('closed 2/3');
    expect(object({ ...facts, result: 'DENY' }, '2026-09-30 08:30:01', 'certificate')).toBeUndefined();
    // Closed and then gone from the bureau: its certificate cannot be entered any more, and is not late.
    expect(object({ ...facts, removedAt: at('2026-09-18 08:30:00') }, '2026-09-30 08:30:01', 'certificate')).toBe('closed 2/3');
  });
  it('an application over the network until it is accepted', () => {
    const facts: CaseFacts = { appliedAt: at('2026-09-14 08:30:00'), source: 'N', pauses: [], steps: [] };
    expect(['2026-09-15 17:30:00', '2026-09-16 08:30:01', '2026-09-20 08:30:01', '2026-09-22 08:30:01'].map((now) => object(facts, now, 'pre-acceptance'))).toEqual(['green 2/2', 'warning warning 3/2', 'yellow yellow 6/2', 'red red 8/2']);
    expect(object({ ...facts, pauses: [supplement('2026-09-15 08:30:00', undefined)] }, '2026-09-22 08:30:01', 'pre-acceptance')).toBe('closed 1/2');
    expect(object({ ...facts, source: 'W' }, '2026-09-22 08:30:01', 'pre-acceptance')).toBeUndefined();
  });
  it('steps, where a limit is set for their stage; suspensions count for them too', () => {
    const stepped: RuleSet = { ...hunan, versions: [{ ...hunan.versions[0]!, steps: { limits: [{ stage: 'SH', length: 2, unit: 'W' }], yellow: { limit: 'committed', overBy: 0 } } }] };
    const facts = accepted('2026-09-14 08:30:00', { steps: [{ sequence: '1', stage: 'CB', from: at('2026-09-14 08:30:00') }, { sequence: '2', stage: 'SH', from: at('2026-09-15 08:30:00') }], pauses: [special('2026-09-15 08:30:00', '2026-09-16 08:30:00', 3)] });
    expect(readClock(facts, stepped, '2026-09-18 08:30:01').objects.filter((o) => o.object === 'step').map((o) => [o.sequence, o.state])).toEqual([['2', 'yellow']]);
    expect(readClock(facts, stepped, '2026-09-17 17:30:00').objects.filter((o) => o.object === 'step').map((o) => [o.sequence, o.state])).toEqual([['2', 'green']]);
  });
});
