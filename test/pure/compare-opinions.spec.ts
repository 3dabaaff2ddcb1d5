import type { CaseFacts } from '../../src/domain/supervision-facts.js';
import { opinionDifferences, opinionReasons, tellReason, type OpinionDifference, type StoredOpinion } from '../../src/domain/supervision-opinion.js';
import type { RuleSet } from '../../src/domain/supervision-rules.js';
import { compareOpinions, type ComparedCase, type OwnCard } from '../../src/supervision/compare-opinions.js';
import { computeClock } from '../../src/supervision/compute-clock.js';
import type { ReportedEvent } from '../../src/supervision/judge-delays.js';
import { makeMeters } from '../../src/supervision/make-meters.js';
import { plainCalendar } from '../../src/supervision/plain-calendar.js';
import { accepted, at, days, guangdong, hunan, limits, meters, special } from '../support/clock-facts.js';

/**
 * September 2026: 14 to 18 are working days, 19 is free, 20 is a make-up Sunday, 25 to 27 are Mid-Autumn. A case accepted on the
 * 14th at the beginning of the day with 7 and 10 days has used 9 days and a bit on the 24th at 9:00, which rounds up to 10.
 */
const began = '2026-09-14 08:30:00';
const judged = '2026-09-24 09:00:00';
const plainMeters = makeMeters(plainCalendar(meters.calendar.table));

const opinion = (more: Partial<StoredOpinion>): StoredOpinion => ({
  id: 'T1', channel: 'supervision', inboxId: '1', receivedAt: at(judged), isCurrent: true, theirNo: 'JC1', caseNo: 'C1', subject: 'case', object: 'case', sequence: '1', result: 'yellow', state: 'issued', judgedAt: at(judged), ...more,
});
const card = (level: OwnCard['level'], crossedAt: string, more: Partial<OwnCard> = {}): OwnCard => ({ id: level, object: 'case', sequence: '1', level, state: 'issued', crossedAt: at(crossedAt), limits: '7 W committed, 10 W statutory', used: 8, ...more });
const sent = (event: string, sequence: string, happened: string, acceptedAt?: string): ReportedEvent => ({ exchangeId: event, channel: 'supervision', event, sequence, version: 1, happenedAt: at(happened), capturedAt: at(happened), stagedAt: at(happened), acceptedAt: acceptedAt && at(acceptedAt) });
/** The cards that we would have given by then. */
function ownCards(facts: CaseFacts, until: string, rules: RuleSet = hunan): OwnCard[] {
  return computeClock(facts, rules, meters, Date.parse(at(until))).objects.flatMap((o) => o.reached.map((c): OwnCard => ({ id: `${o.object}-${c.level}`, object: o.object, sequence: o.sequence, level: c.level, state: 'issued', crossedAt: c.at, limits: o.limits.map((l) => `${l.limit.length} ${l.limit.unit} ${l.name}`).join(', '), used: o.limits[0]!.used })));
}
function compare(facts: CaseFacts | undefined, opinions: readonly StoredOpinion[], more: { reported?: readonly ReportedEvent[]; cards?: readonly OwnCard[]; listedUntil?: string; rules?: RuleSet } = {}): OpinionDifference[] {
  const c: ComparedCase = {
    ours: facts && { facts, rules: more.rules ?? hunan, meters, plainMeters, reported: more.reported ?? [sent('acceptance', '1', began, began)] },
    cards: more.cards ?? (facts ? ownCards(facts, judged) : []), opinions, listedUntil: more.listedUntil && at(more.listedUntil),
  };
  return compareOpinions(c);
}
const brief = (found: readonly OpinionDifference[]): string[] => found.map((d) => `${d.kind} ${d.object}: ${d.reasons.map((r) => r.reason).join(' + ')}`);

const plain = accepted(began);
const stop = special('2026-09-16 08:30:00', '2026-09-21 08:30:00', 5, { sequence: '1' }); // four working days, the make-up Sunday among them
const suspended = accepted(began, { pauses: [stop] });
const acceptance = sent('acceptance', '1', began, began);
const start = (when?: string): ReportedEvent => sent('special-start', '1', '2026-09-16 08:30:00', when);
const end = (when?: string): ReportedEvent => sent('special-end', '1', '2026-09-21 08:30:00', when);

test('the same on both sides is no difference, numbers given or not', () => {
  expect(compare(plain, [opinion({ used: 10, committed: 7, statutory: 10, startsAt: at(began) })])).toEqual([]);
  expect(compare(plain, [opinion({})])).toEqual([]);
  expect(compare(plain, [])).toEqual([]);
  expect(compare(plain, [opinion({ subject: 'complaint', result: 'red' })])).toEqual([]);
  // Their warning of before stands beside the yellow: only the highest counts.
  expect(compare(plain, [opinion({}), opinion({ id: 'T2', theirNo: 'JC2', result: 'warning', judgedAt: at('2026-09-19 01:00:00') })])).toEqual([]);
});

test.each<[string, OpinionDifference[], string[]]>([
  ['a suspension that they had not received', compare(suspended, [opinion({ used: 10 })], { reported: [acceptance, start('2026-09-24 11:00:00'), end('2026-09-24 11:00:00')] }), ['other-level case: suspension-not-received']],
  ['a suspension that never left', compare(suspended, [opinion({ used: 10 })], { reported: [acceptance, start(), end()] }), ['other-level case: suspension-not-received']],
  ['a suspension that they received and do not take off', compare(suspended, [opinion({ used: 10 })], { reported: [acceptance, start('2026-09-16 09:00:00'), end('2026-09-21 09:00:00')] }), ['other-level case: suspension-ignored']],
  // Suspended there up to its approved five days instead of four: one day less than we count.
  ['a resumption that they had not received', compare(suspended, [opinion({ result: 'warning', used: 5 })], { reported: [acceptance, start('2026-09-16 09:00:00'), end('2026-09-24 11:00:00')] }), ['other-used case: resumption-not-received']],
  ['a closing that they had not received', compare({ ...plain, closedAt: at('2026-09-18 10:00:00'), result: 'PASS' }, [opinion({ used: 10 })], { reported: [acceptance, sent('result', '1', '2026-09-18 10:00:00', '2026-09-24 12:00:00')] }), ['only-theirs case: closing-not-received']],
  // The acceptance lay on their machine when they judged and was answered a moment later; the closing came after that.
  ['they judged by what we had not heard of yet', compare({ ...plain, closedAt: at('2026-09-18 10:00:00'), result: 'PASS' }, [opinion({ used: 10 })], { reported: [{ ...sent('acceptance', '1', began, '2026-09-24 09:00:01'), stagedAt: at('2026-09-24 09:00:00.900') }, { ...sent('result', '1', '2026-09-18 10:00:00', '2026-09-24 12:00:00'), stagedAt: at('2026-09-24 11:00:00') }] }), ['only-theirs case: closing-not-received']],
  ['the same, and another calendar', compare({ ...plain, closedAt: at('2026-09-18 10:00:00'), result: 'PASS' }, [opinion({ used: 9 })], { reported: [sent('acceptance', '1', began, '2026-09-24 09:00:01'), { ...sent('result', '1', '2026-09-18 10:00:00', '2026-09-24 12:00:00'), stagedAt: at('2026-09-24 11:00:00') }] }), ['only-theirs case: closing-not-received + other-calendar']],
  // What reached them after that second explains nothing: without an acceptance there is no clock to judge.
  ['they judged before anything had left', compare({ ...plain, closedAt: at('2026-09-18 10:00:00'), result: 'PASS' }, [opinion({ used: 10 })], { reported: [{ ...sent('acceptance', '1', began, '2026-09-24 09:30:00'), stagedAt: at('2026-09-24 09:00:01') }, { ...sent('result', '1', '2026-09-18 10:00:00', '2026-09-24 12:00:00'), stagedAt: at('2026-09-24 11:00:00') }] }), ['only-theirs case: unexplained']],
  ['our working days are not theirs', compare(plain, [opinion({ used: 9 })]), ['other-used case: other-calendar']],
  ['rounded down', compare(accepted('2026-09-21 08:30:00', { limits: limits(2, 10) }), [opinion({ result: 'yellow', used: 3 })], { cards: [card('yellow', '2026-09-23 08:30:01', { limits: '2 W committed, 10 W statutory' })] }), ['other-used case: rounding']],
  ['counted from another moment, which they say', compare(plain, [opinion({ result: 'yellow', used: 9, startsAt: at('2026-09-15 08:30:00') })]), ['other-used case: counting-start']],
  ['a number that several things give is told by the first of them', compare(accepted('2026-09-21 08:30:00', { limits: limits(3, 10) }), [opinion({ result: 'warning', used: 3 })], { cards: [card('yellow', '2026-09-24 08:30:01', { limits: '3 W committed, 10 W statutory' })] }), ['other-level case: rounding']],
  ['older limits', compare(plain, [opinion({ result: 'red', used: 10, committed: 5, statutory: 8 })]), ['other-level case: limit-version']],
  ['other limits, the same card', compare(plain, [opinion({ committed: 9, statutory: 10 })]), ['other-limits case: limit-version']],
  ['older limits and a suspension that they had not received', compare(suspended, [opinion({ result: 'red', used: 10, committed: 5, statutory: 8 })], { reported: [acceptance, start('2026-09-24 11:00:00'), end()] }), ['other-level case: limit-version + suspension-not-received']],
  ['a suspension that they had not received, and another calendar', compare(suspended, [opinion({ used: 9 })], { reported: [acceptance, start('2026-09-24 11:00:00'), end()] }), ['other-level case: suspension-not-received + other-calendar']],
  ['nothing explains it', compare(plain, [opinion({ result: 'red', used: 40 })]), ['other-level case: unexplained']],
  ['a case that is not ours', compare(undefined, [opinion({})]), ['only-theirs case: case-unknown']],
  ['what our rules do not watch', compare(accepted(began, { limits: undefined }), [opinion({})], { cards: [] }), ['only-theirs case: not-monitored']],
  ['our clock says the same, and our card waits', compare(plain, [opinion({ used: 10 })], { cards: [] }), ['only-theirs case: other-moment']],
  ['we revoked ours', compare(plain, [opinion({})], { cards: [card('yellow', '2026-09-23 08:30:01', { state: 'revoked', revokedAt: at('2026-09-24 08:00:00') })] }), ['only-theirs case: revoked-by-us']],
  ['they revoked theirs', compare(plain, [opinion({ state: 'revoked' })], { listedUntil: judged }), ['only-ours case: revoked-by-them']],
  ['they cancelled theirs', compare(plain, [opinion({ state: 'cancelled' })], { listedUntil: judged }), ['only-ours case: revoked-by-them']],
  ['they never had the case', compare(plain, [], { listedUntil: judged, reported: [sent('acceptance', '1', began)] }), ['only-ours case: acceptance-not-received']],
  ['they say that all is normal: the suspension goes on with them', compare(accepted(began, { pauses: [special('2026-09-15 08:30:00', '2026-09-15 09:30:00', 30, { sequence: '1' })] }), [opinion({ result: 'normal', state: 'issued' })], { reported: [acceptance, sent('special-start', '1', '2026-09-15 08:30:00', '2026-09-15 09:00:00'), sent('special-end', '1', '2026-09-15 09:30:00')] }), ['only-ours case: resumption-not-received']],
  ['a special procedure on its own', compare(accepted(began, { limits: limits(30, 40), pauses: [special('2026-09-14 09:00:00', undefined, 3, { sequence: '7' })] }), [opinion({ object: 'special', sequence: '7', result: 'red', committed: 2 })], { cards: [card('yellow', '2026-09-18 09:00:00', { object: 'special', sequence: '7', limits: '3 W committed' })] }), ['other-level special: limit-version']],
])('%s', (_, found, expected) => expect(brief(found)).toEqual(expected));

test('what is not listed yet is not missing', () => {
  expect(compare(plain, [], { listedUntil: '2026-09-22 00:00:00' }).filter((d) => d.ours?.level === 'yellow')).toEqual([]);
  expect(brief(compare(plain, [opinion({ result: 'warning', judgedAt: at('2026-09-19 01:00:00') })], { listedUntil: '2026-09-22 00:00:00' }))).toEqual([]);
  // By the 24th they would have it.
  expect(brief(compare(plain, [opinion({ result: 'warning', judgedAt: at('2026-09-19 01:00:00') })], { listedUntil: '2026-09-24 00:00:00' }))).toEqual(['other-level case: unexplained']);
});

test('a reason says in both languages when we had what and when they got it', () => {
  const [found] = compare(suspended, [opinion({ used: 10 })], { reported: [acceptance, start('2026-09-24 11:00:00'), end()] });
  expect(tellReason(found!.reasons[0]!, 'en')).toBe('at 2026-09-24 09:00:00 they had not received the suspension special-start 1: captured 2026-09-16 08:30:00, on the staging machine 2026-09-16 08:30:00, accepted 2026-09-24 11:00:00');
  expect(tellReason(found!.reasons[0]!, 'zh')).toContain('对方判定时（2026-09-24 09:00:00）尚未收到中止');
  const words = [...Object.values(opinionReasons), ...Object.values(opinionDifferences)];
  for (const { zh, en } of words) expect([...zh.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()).toEqual([...en.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort());
});

test('by the rules of another body the same words come to other differences', () => {
  const facts = accepted(began, { limits: limits(days(7), days(10)) });
  const used = computeClock(facts, guangdong, meters, Date.parse(at(judged))).objects[0]!;
  const theirs = opinion({ result: used.level!, used: used.limits[0]!.used });
  expect(brief(compare(facts, [theirs], { rules: guangdong, cards: ownCards(facts, judged, guangdong) }))).toEqual([]);
  expect(brief(compare(facts, [{ ...theirs, used: theirs.used! + 1 }], { rules: guangdong, cards: ownCards(facts, judged, guangdong) }))).toEqual(['other-used case: unexplained']);
});
