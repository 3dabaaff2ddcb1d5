import fc from 'fast-check';
import type { CaseFacts, ClockReading, ObjectReading, Pause } from '../../src/domain/supervision-facts.js';
import type { RuleSet } from '../../src/domain/supervision-rules.js';
import { computeClock } from '../../src/supervision/compute-clock.js';
import { explainClock } from '../../src/supervision/explain-clock.js';
import type { Meters } from '../../src/supervision/make-meters.js';
import { uniteStretches } from '../../src/supervision/judge-pauses.js';
import { guangdong, hunan, limits, meters, metersWith, officeHours } from '../support/clock-facts.js';

const hour = 3_600_000;
const summer = metersWith([], [...officeHours, { from: '2026-06-15', spans: [{ fromMs: 8 * hour, untilMs: 12 * hour }, { fromMs: 15 * hour, untilMs: 18 * hour }] }, { from: '2026-09-16', spans: officeHours[0]!.spans }]);
const from = Date.parse('2026-05-01T00:00:00+08:00') / 1000;
const second = fc.integer({ min: 0, max: 150 * 86_400 }).map((n) => from + n);
const iso = (s: number): string => new Date(s * 1000).toISOString();
const unit = fc.constantFrom('W' as const, 'N' as const, 'H' as const, 'I' as const);
const limit = fc.record({ length: fc.integer({ min: 1, max: 45 }), unit });
const pause: fc.Arbitrary<Pause> = fc.record({
  kind: fc.constantFrom('special' as const, 'supplement' as const), sequence: fc.string({ minLength: 1, maxLength: 3 }), title: fc.constant('x'), from: second.map(iso),
  until: fc.option(second.map(iso), { nil: undefined }), approved: fc.option(fc.record({ length: fc.integer({ min: 1, max: 20 }), unit: fc.constantFrom('W' as const, 'N' as const) }), { nil: undefined }),
  noticeNo: fc.option(fc.constant('1'), { nil: undefined }),
});
const facts: fc.Arbitrary<CaseFacts> = fc.record({
  acceptedAt: second.map(iso), limits: fc.tuple(limit, limit).map(([a, b]) => limits(a, b)), pauses: fc.array(pause, { maxLength: 4 }), steps: fc.constant([]),
  closedAt: fc.option(second.map(iso), { nil: undefined }), withdrawnAt: fc.option(second.map(iso), { nil: undefined, freq: 8 }), result: fc.constantFrom('PASS', 'DENY', 'VOID', 'RETURN', undefined),
});
// Named, so that a counterexample can be read.
const rules = fc.constantFrom('hunan', 'guangdong');
const by = fc.constantFrom('winter', 'summer');
const read = (f: CaseFacts, r: string, m: string, second: number): ClockReading => computeClock(f, rulesOf(r), metersOf(m), second * 1000);
const rulesOf = (r: string): RuleSet => (r === 'hunan' ? hunan : guangdong);
const metersOf = (m: string): Meters => (m === 'summer' ? summer : meters);
const runs = { numRuns: 400 };
const first = (r: ClockReading): ObjectReading => r.objects[0]!;
const weight = (o: ObjectReading): number => ['warning', 'yellow', 'red'].indexOf(o.level ?? '');

test('more suspension never uses more time and never reaches a level that less would not', () => {
  fc.assert(fc.property(facts, pause, rules, by, second, (f, p, r, m, now) => {
    const less = first(read(f, r, m, now));
    const more = first(read({ ...f, pauses: [...f.pauses, p] }, r, m, now));
    more.limits.forEach((l, i) => expect(l.used).toBeLessThanOrEqual(less.limits[i]!.used));
    expect(weight(more)).toBeLessThanOrEqual(weight(less));
  }), runs);
});

test('a longer suspension never uses more time', () => {
  fc.assert(fc.property(facts, pause, second, rules, second, (f, p, later, r, now) => {
    const until = p.until ?? iso(now);
    const longer = iso(Math.max(later, Date.parse(until) / 1000));
    const used = (end: string): number[] => first(read({ ...f, pauses: [...f.pauses, { ...p, until: end }] }, r, 'winter', now)).limits.map((l) => l.used);
    // One that ends before it begins suspends nothing.
    if (until < p.from) return;
    used(longer).forEach((u, i) => expect(u).toBeLessThanOrEqual(used(until)[i]!));
  }), runs);
});

test('the union never exceeds the span it lies in, nor the sum of its parts, and covers each part', () => {
  const stretch = fc.tuple(fc.nat(1000), fc.nat(300)).map(([a, n]) => ({ from: a, until: a + n }));
  fc.assert(fc.property(fc.array(stretch, { maxLength: 8 }), (list) => {
    const union = uniteStretches(list);
    const total = union.reduce((n, s) => n + s.until - s.from, 0);
    const real = list.filter((s) => s.until > s.from);
    expect(total).toBeLessThanOrEqual(Math.max(0, ...real.map((s) => s.until)) - Math.min(1e9, ...real.map((s) => s.from), ...(real.length === 0 ? [0] : [])));
    expect(total).toBeLessThanOrEqual(real.reduce((n, s) => n + s.until - s.from, 0));
    for (const s of real) expect(union.some((u) => u.from <= s.from && s.until <= u.until)).toBe(true);
    union.forEach((u, i) => expect(i === 0 || u.from > union[i - 1]!.until).toBe(true));
  }), runs);
});

test('with time alone a level never falls, and nothing at all changes before the announced moment', () => {
  fc.assert(fc.property(facts, rules, by, second, fc.integer({ min: 0, max: 40 * 86_400 }), (f, r, m, now, more) => {
    const before = read(f, r, m, now);
    const event = [f.acceptedAt, f.closedAt, f.withdrawnAt, ...f.pauses.flatMap((p) => [p.from, p.until])].some((x) => x !== undefined && Date.parse(x) / 1000 > now && Date.parse(x) / 1000 <= now + more);
    if (event) return;
    const after = read(f, r, m, (now + more));
    expect(weight(first(after))).toBeGreaterThanOrEqual(weight(first(before)));
    if (before.nextAt !== undefined && Date.parse(before.nextAt) / 1000 <= now + more) return;
    expect([first(after).state, first(after).level]).toEqual([first(before).state, first(before).level]);
  }), runs);
});

test('at the announced moment it changes, a second before it does not', () => {
  fc.assert(fc.property(facts, rules, by, second, (f, r, m, now) => {
    const reading = read(f, r, m, now);
    const next = first(reading).nextAt;
    if (next === undefined) return;
    const at = Date.parse(next) / 1000;
    const event = [f.closedAt, f.withdrawnAt, ...f.pauses.flatMap((p) => [p.from, p.until])].some((x) => x !== undefined && Date.parse(x) / 1000 > now && Date.parse(x) / 1000 <= at);
    if (event) return;
    const told = (o: ObjectReading): unknown => [o.state, o.level, o.reached.length];
    expect(told(first(read(f, r, m, (at - 1))))).toEqual(told(first(reading)));
    expect(told(first(read(f, r, m, at)))).not.toEqual(told(first(reading)));
  }), runs);
});

test('the explanation, which counts day by day, comes to the same sum', () => {
  fc.assert(fc.property(facts, rules, by, second, (f, r, m, now) => {
    const reading = first(read(f, r, m, now));
    const { lines } = explainClock(f, rulesOf(r), metersOf(m), now * 1000)[0]!;
    if (reading.state === 'not-monitored') return void expect(lines).toHaveLength(1);
    for (const l of reading.limits) {
      const line = lines.find((x) => x.kind === 'result' && x.text.startsWith(`${l.name} limit`))!;
      const left = l.remaining >= 0 ? `${l.remaining} left` : `${-l.remaining} over`;
      expect(line.text.endsWith(left)).toBe(true);
    }
    const intervals = lines.filter((x) => x.kind === 'interval');
    expect(intervals.every((x) => x.from! < x.until!)).toBe(true);
  }), runs);
});

