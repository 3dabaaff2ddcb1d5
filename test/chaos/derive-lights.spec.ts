import fc from 'fast-check';
import type { RuleSet } from '../../src/domain/supervision-rules.js';
import { deriveFacts } from '../../src/supervision/derive-facts.js';
import { computeClock } from '../../src/supervision/compute-clock.js';
import type { Meters } from '../../src/supervision/make-meters.js';
import { superviseCase, type SupervisedCase } from '../../src/simulator/chaos/derive-lights.js';
import { readOfficeDays } from '../../src/simulator/chaos/read-office-days.adapter.js';
import { beginFor, bureauText, firstOver, makeCounts, secondOf, type Counts } from '../../src/simulator/chaos/reckon-time.js';
import type { BureauCase, StepLimit } from '../../src/simulator/chaos/witness.js';
import { hunan, metersWith } from '../support/clock-facts.js';

const stepLimits: readonly StepLimit[] = [{ stage: 'PZ', length: 3, unit: 'W' }];
const [version] = hunan.versions;
const rules: RuleSet = { ...hunan, versions: [{ ...version!, steps: { limits: [{ stage: 'PZ', length: 3, unit: 'W' }], yellow: { limit: 'committed', overBy: 0 } } }] };
const codes = { none: '0', green: '1', yellow: '2', red: '3', grey: '4' } as const;
const at = (text: string): number => secondOf(text)!;

let counts: Counts;
let meters: Meters;
beforeAll(async () => {
  counts = makeCounts(await readOfficeDays('config/calendar.yaml'));
  meters = metersWith();
});

const plainCase = (root: BureauCase['case'], children: BureauCase['children'] = {}): BureauCase => ({ caseNo: 'YYGT1', case: { case_no: 'YYGT1', ...root }, children });
const example = plainCase({ accepted_at: '2018-10-15 10:00:00.000', committed_limit: '7', committed_unit: 'W', statutory_limit: '10', statutory_unit: 'W' });

it.each([
  ['2018-10-15 10:00:00', '1'], ['2018-10-19 10:00:00', '1'], ['2018-10-19 10:00:01', '2'], ['2018-10-24 10:00:00', '2'], ['2018-10-24 10:00:01', '3'], ['2018-10-29 10:00:01', '3'],
])("the customer's example is reckoned to the second: at %s the light is %s", (now, light) => {
  expect(superviseCase(example, at(now), counts, []).light).toBe(light);
  expect(superviseCase(example, at('2018-10-15 10:00:00'), counts, []).objects[0]!.crossings).toEqual({ warning: at('2018-10-19 10:00:01'), yellow: at('2018-10-24 10:00:01'), red: at('2018-10-29 10:00:01') });
});

it.each([
  ['a notice stops it', { notice_no: '1' }, '4'],
  ['without a written notice nothing stops', { notice_no: null }, '3'],
  ['one that ended counts for what it took', { notice_no: '1', ended_at: '2018-10-18 10:00:00.000' }, '3'],
  ['at most for what was approved', { notice_no: '1', approved_length: '2' }, '3'],
])('special procedures: %s', (_, more, light) => {
  const special = { special_no: '1', started_at: '2018-10-17 10:00:00.000', ended_at: null, approved_length: '20', approved_unit: 'W', ...more };
  expect(superviseCase({ ...example, children: { specials: [special] } }, at('2018-10-30 10:00:00'), counts, []).light).toBe(light);
});

it('a beginning is found from which a limit ends at a given moment, give or take what a second of a shorter day is', () => {
  fc.assert(fc.property(fc.integer({ min: at('2026-03-01 00:00:00'), max: at('2026-12-30 00:00:00') }), fc.integer({ min: 1, max: 20 }), (target, length) => {
    const parts = length * counts.W.size;
    expect(firstOver(counts.W, beginFor(counts.W, target, parts), [], parts)).toBeLessThanOrEqual(target);
    expect(firstOver(counts.W, beginFor(counts.W, target, parts) + 1, [], parts)).toBeGreaterThan(target);
  }));
});

describe('the checker and the gateway, which share no line, count alike', () => {
  const from = at('2026-08-20 00:00:00');
  const second = fc.integer({ min: 0, max: 100 * 86_400 }).map((n) => from + n);
  const time = second.map(bureauText);
  const maybe = <T>(a: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | null> => fc.option(a, { nil: null, freq });
  const unit = fc.constantFrom('W', 'N', 'H');
  const root = fc.record({
    item_code: fc.constantFrom('DJ01', 'JY12'), apply_source: fc.constantFrom('N', 'W'), applied_at: time, accepted_at: maybe(time, 8), refused_at: maybe(time), withdrawn_at: maybe(time, 1), closed_at: maybe(time, 3),
    result_code: fc.constantFrom('PASS', 'DENY', 'RETURN', 'VOID', null), committed_limit: fc.constantFrom('0', '1', '3', '7', '20', null), committed_unit: fc.constantFrom('W', 'N', 'H', 'I'), statutory_limit: fc.constantFrom('5', '10', '30', null), statutory_unit: unit,
  });
  const children = fc.record({
    specials: fc.array(fc.record({ started_at: maybe(time, 9), ended_at: maybe(time), approved_length: fc.constantFrom('1', '5', '15', null), approved_unit: fc.constantFrom('W', 'N'), notice_no: fc.constantFrom('1', '1', null) }), { maxLength: 3 }).map((rows) => rows.map((r, i) => ({ ...r, special_no: String(i + 1) }))),
    steps: fc.array(fc.record({ stage: fc.constantFrom('PZ', 'CB'), started_at: time, ended_at: maybe(time) }), { maxLength: 2 }).map((rows) => rows.map((r, i) => ({ ...r, step_no: String(i + 1) }))),
    supplements: fc.array(fc.record({ notified_at: time, received_at: maybe(time) }), { maxLength: 1 }).map((rows) => rows.map((r, i) => ({ ...r, supplement_no: String(i + 1), notice_no: '1' }))),
    certificates: fc.array(fc.record({ issued_on: time.map((t) => t.slice(0, 10)) }), { maxLength: 1 }),
  });

  function byGateway(c: BureauCase, now: number): unknown {
    const facts = deriveFacts({ stream: 'case', caseNo: c.caseNo, case: c.case, children: c.children }, new Map());
    const reading = computeClock(facts, rules, meters, now * 1000);
    return { light: codes[reading.objects[0]!.light], reached: reading.objects.flatMap((o) => o.reached.map((r) => [o.object, o.sequence, r.level, Date.parse(r.at) / 1000])) };
  }
  const byChecker = ({ light, objects }: SupervisedCase): unknown => ({ light, reached: objects.flatMap((o) => o.reached.map((level) => [o.object, o.sequence, level, o.crossings[level]])) });

  it('lights, levels and the moments of their crossing', () => {
    fc.assert(fc.property(root, children, second, (r, rows, now) => {
      const c = plainCase(r, rows);
      expect(byChecker(superviseCase(c, now, counts, stepLimits))).toEqual(byGateway(c, now));
    }), { numRuns: 1_500 });
  });
});
