import { advanceCase } from '../../src/simulator/bureau/advance-case.js';
import type { CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { makeRandom } from '../../src/simulator/bureau/make-random.js';
import { checkStorm } from '../../src/simulator/chaos/check-storm.js';
import { dateAcceptance } from '../../src/simulator/chaos/date-acceptance.js';
import { secondOf } from '../../src/simulator/chaos/reckon-time.js';
import type { StormInput, StormVerdict } from '../../src/simulator/chaos/witness.js';
import { counts, entriesOf, healthyStorm, now, StormWorld } from '../support/storm-world.js';

const catalogue = loadCatalogue();
const random = makeRandom(3);
const said = (text: RegExp): unknown => expect.objectContaining({ text: expect.stringMatching(text) as unknown });
const applications = (count: number): CaseRecord[] => generateCases({ catalogue, seed: 17, count, from: '2026-11-02', reach: 'applied', scans: false });

/** A case on its way to its result until it fits. */
function until(fits: (record: CaseRecord) => boolean): CaseRecord {
  for (const first of applications(40)) {
    let record: CaseRecord | undefined = first;
    for (let stage = 0; record !== undefined && stage < 30; stage += 1) {
      if (fits(record)) return record;
      record = advanceCase(record, catalogue, random, { inclination: 'through' })?.record;
    }
  }
  throw new Error('no case came that far');
}

describe('two versions in a row that say the same', () => {
  const again = (input: { denying: boolean; answered: string; by: string }): StormVerdict => {
    const world = healthyStorm(11).input(input.denying ? ['acknowledgements-wrong'] : []);
    const applied = entriesOf(world, 'center', 'applied');
    const second = applied.find((e) => e.version === 2 && e.operation === 'U')!;
    const first = applied.find((e) => e.caseNo === second.caseNo && e.message === second.message && e.sequence === second.sequence && e.version === 1)!;
    const { contents } = world.centers['center']!;
    contents.set(first.messageId, { ...contents.get(second.messageId)!, 'HEAD/MSGID': [first.messageId], 'HEAD/VERSION': ['1'], 'HEAD/OPERATION': ['I'] });
    for (const e of world.ledger.exchanges) {
      if (e.messageId === first.messageId) e.notes = ['captured', 'rendered', 'staged', input.answered];
      if (e.messageId === second.messageId) e.notes = [input.by, 'rendered', 'staged', 'accepted'];
    }
    return checkStorm(world as StormInput);
  };

  it('are right where a receiver denied on purpose what it had applied and somebody had it sent once more', () => {
    expect(again({ denying: true, answered: 'refused', by: 'opened-by-retry' }).violations).toEqual([]);
  });

  it.each([
    ['nobody lied', { denying: false, answered: 'refused', by: 'opened-by-retry' }],
    ['the first was not denied', { denying: true, answered: 'accepted', by: 'opened-by-retry' }],
    ['nobody had it sent', { denying: true, answered: 'refused', by: 'captured' }],
  ])('are one too many where %s', (_, input) => {
    expect(again(input).violations).toContainEqual(said(/says the same as the version before it/));
  });
});

describe('a case that was closed with a step undone', () => {
  const goOn = (reopened: boolean): StormVerdict => {
    const world = new StormWorld(true);
    const closed = until((r) => r.case['status'] === 'CLOSED' && r.children.steps.length > 1);
    const undone: CaseRecord = { ...closed, children: { ...closed.children, steps: closed.children.steps.map((row, i, all) => (i === all.length - 1 ? { ...row, step_status: 'TODO' } : row)) } };
    const open = (r: CaseRecord): CaseRecord => ({ ...r, case: { ...r.case, status: 'HANDLING', closed_at: null } });
    for (const record of reopened ? [undone, open(undone), open(closed), closed] : [undone, closed]) world.report(record);
    return checkStorm({ ...world.input(), supervision: undefined } as StormInput);
  };

  it('does it once its result was taken back, and is closed once more', () => {
    expect(goOn(true).violations).toEqual([]);
  });

  it('does not while its result stands', () => {
    const { violations } = goOn(false);
    for (const channel of ['center', 'supervision']) expect(violations).toContainEqual(expect.objectContaining({ channel, kind: 'disorder', text: expect.stringMatching(/^result 1 version 1 was applied before process-step/) as unknown }));
  });
});

it('an acceptance that a limit wants is not dated back before a supplement that was reported', () => {
  const notified = until((r) => r.case['status'] === 'APPLIED' && r.children.supplements.length > 0);
  const withNotice = (at: string): CaseRecord => ({ ...notified, children: { ...notified.children, supplements: notified.children.supplements.map((row) => ({ ...row, notified_at: at, received_at: at })) } });
  const dates = (record: CaseRecord): string[] => Array.from({ length: 20 }, () => dateAcceptance(record, catalogue, counts, now, random)?.record.case['accepted_at'] ?? '').filter((at) => at !== '');
  const plain = dates({ ...notified, case: { ...notified.case, applied_at: '2026-08-03 08:30:00' }, children: { ...notified.children, supplements: [] } });
  expect(plain.length).toBe(20);
  const latest = plain.toSorted().at(-1)!;
  const early = dates({ ...withNotice(latest), case: { ...notified.case, applied_at: '2026-08-03 08:30:00' } });
  expect(early.filter((at) => secondOf(at)! <= secondOf(latest)!)).toEqual([]);
});
