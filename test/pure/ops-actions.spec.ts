import { describe, expect, test } from '@jest/globals';
import { exchangeStates, nextState, settledStates, throughStates, unsentStates, waitingForPersonStates } from '../../src/domain/exchange-states.js';
import { isSkipped, skippedFrom } from '../../src/domain/lane-position.js';
import { actionKinds } from '../../src/domain/ops-action-api.js';
import { twoPersonsSchema } from '../../src/domain/ops-settings.js';
import { searchKeys, searchTerm } from '../../src/domain/search-keys.js';
import { searchWays } from '../../src/ledger/ops-search.js';
import { planStandStill, standStillKinds, type StandStillFacts } from '../../src/ledger/plan-stand-still.js';
import { actionNeedsSecond, orderNeedsSecond } from '../../src/ops/actions/needs-second.js';
import { FewAtOnce } from '../../src/ops/few-at-once.js';
import { lockedForMs } from '../../src/domain/locked-for.js';
import { csv } from '../../src/ops/exchanges/export-exchanges.adapter.js';
import { streamSchema } from '../../src/domain/stream.js';

describe('states of what stands still', () => {
  test.each([
    ['captured', 'held'], ['rendered', 'held'], ['staged', undefined], ['picked_up', undefined], ['accepted', undefined],
    ['refused', undefined], ['parked', undefined], ['superseded', undefined], ['cancelled', undefined],
  ] as const)('%s is held or not', (state, hold) => expect(nextState(state, 'hold')).toBe(hold));

  test('held goes back to where it was held, keeps a correction, ends by a cancel, and is told as waiting for a person', () => {
    expect([nextState('held', 'release', 'rendered'), nextState('held', 'release', 'captured'), nextState('held', 'refresh'), nextState('held', 'cancel'), nextState('held', 'recover')]).toEqual(['rendered', 'captured', 'held', 'cancelled', 'staged']);
    expect([unsentStates.includes('held'), waitingForPersonStates.includes('held'), settledStates.includes('held'), throughStates('staged').includes('held')]).toEqual([true, true, false, false]);
    for (const move of ['render', 'stage', 'retry', 'accept', 'refuse', 'park'] as const) expect(nextState('held', move)).toBeUndefined();
  });

  test('a skip changes no state', () => {
    for (const state of exchangeStates) expect([undefined, state]).toContain(nextState(state, 'skip'));
  });

  test('places at the end of a lane are behind every number there will ever be', () => {
    expect([isSkipped('1'), isSkipped('999999999999999999'), isSkipped(String(skippedFrom)), isSkipped(String(skippedFrom + 10n ** 18n))]).toEqual([false, false, true, true]);
    expect(skippedFrom + 999_999_999_999_999_999n).toBeLessThan(2n ** 63n);
  });
});

describe('holding, releasing, parking, skipping', () => {
  const facts = (more: Partial<StandStillFacts>): StandStillFacts => ({ state: 'rendered', claimed: false, skipped: false, laneRule: 'accepted', behind: [], ...more });
  test.each([
    ['hold', { state: 'captured', claimed: true }, 'held'], ['hold', { state: 'rendered' }, 'held'], ['hold', { claimed: true }, /worker has it in hand/], ['hold', { manifest: 'prepared' }, /just being delivered/],
    ['hold', { manifest: 'carried' }, /hand-over package/], ['hold', { state: 'staged' }, /can have it already/], ['hold', { state: 'held' }, /held already/], ['hold', { state: 'parked' }, /stands still already/],
    ['release', { state: 'held', parkedFrom: 'rendered' }, 'rendered'], ['release', { state: 'held', parkedFrom: 'captured' }, 'captured'], ['release', { state: 'parked' }, /nobody holds it: it is parked/],
    ['park', { state: 'captured' }, 'parked'], ['park', { state: 'held' }, /release it first/], ['park', { state: 'refused' }, /waits for a person already/],
    ['skip', { state: 'parked' }, 'parked'], ['skip', { state: 'staged' }, 'staged'], ['skip', { state: 'refused' }, 'refused'], ['skip', { state: 'staged', laneRule: 'staged' }, /goes on once a message is staged/],
    ['skip', { state: 'parked', laneRule: 'staged' }, 'parked'], ['skip', { state: 'captured' }, /waiting to be rendered/], ['skip', { state: 'accepted' }, /nothing waits/], ['skip', { state: 'parked', skipped: true }, /does not wait for it any more/],
  ] as const)('%s of %j', (kind, more, outcome) => {
    const step = planStandStill(kind, facts(more as Partial<StandStillFacts>));
    if (typeof outcome === 'string') expect(step).toMatchObject({ action: 'move', to: outcome });
    else expect(step).toEqual({ action: 'none', why: expect.stringMatching(outcome) });
  });

  test('every kind says in words why not, for every state', () => {
    for (const kind of standStillKinds) {
      expect(actionKinds).toContain(kind);
      for (const state of exchangeStates) {
        const step = planStandStill(kind, facts({ state }));
        if (step.action === 'none') expect(step.why).not.toMatch(/undefined|nothing leads/);
      }
    }
  });

  test('consequences name the first that go on', () => {
    const behind = Array.from({ length: 7 }, (_, i) => ({ id: String(i + 2), event: 'result' }));
    expect(planStandStill('skip', facts({ state: 'parked', behind }))).toMatchObject({ text: expect.stringMatching(/^7 go on .*\(result 2, result 3, result 4, result 5, result 6, \.\.\.\)/) });
    expect(planStandStill('hold', facts({ behind: behind.slice(0, 1) }))).toMatchObject({ text: 'held until it is released; 1 behind it in its lane wait too (result 2)' });
  });
});

describe('a second person', () => {
  const rules = twoPersonsSchema.parse({ for: ['bulk', 'cancel', 'hand-over'], bulkAbove: 10 });
  test.each([
    ['cancel', 1, 'kind'], ['cancel', 0, undefined], ['skip', 1, undefined], ['skip', 11, 'bulk'], ['retry', 10, undefined], ['retry', 11, 'bulk'], ['release', 11, 'bulk'],
  ] as const)('%s of %i', (kind, will, why) => expect(actionNeedsSecond(rules, kind, will)).toBe(why));
  test('is wanted where it is configured only', () => {
    expect([orderNeedsSecond(rules, 'hand-over-export'), orderNeedsSecond(rules, 'hand-over-confirm'), orderNeedsSecond(rules, 'user-delete')]).toEqual([true, true, false]);
    expect(actionKinds.map((kind) => actionNeedsSecond(twoPersonsSchema.parse({}), kind, 1_000_000))).toEqual(actionKinds.map(() => undefined));
  });
});

describe('what cases are found by', () => {
  test.each([
    ['欧阳 小明', '欧阳小明'], ['ＡＢＣ公司（湖南）', 'ABC公司(湖南)'], ['430102-19900101-1234', '430102199001011234'], ['买买提·艾力', '买买提艾力'], ['李', undefined], ['  ', undefined], [null, undefined], ['𠮷田', '𠮷田'],
  ])('%s', (value, term) => expect(searchTerm(value)).toBe(term));

  test('keys come from the columns that the stream names, each once', () => {
    const snapshot = { case: { item_code: 'X1', holder: '甲 公司' }, children: { applicants: [{ name: '甲公司', phone: null }, { name: '乙', phone: '13807310001' }] } };
    expect(searchKeys({ item: 'item_code', persons: ['holder', 'applicants.name', 'applicants.phone', 'agents.name'] }, snapshot)).toEqual({ item: 'X1', terms: ['甲公司', '13807310001'] });
    expect(searchKeys(undefined, snapshot)).toEqual({ terms: [] });
    expect(searchKeys({ item: 'none', persons: [] }, snapshot)).toEqual({ item: undefined, terms: [] });
  });

  test('a stream that names a column it does not have is refused', () => {
    const stream = { stream: 's', title: 's', table: 't', key: 'k', watermark: { mode: 'rowversion', column: 'v' }, columns: { k: 'text' }, children: { c: { table: 'c', parent: 'k', key: 'n', columns: { n: 'integer', name: 'text' } } }, events: {}, removalEvent: 'r' };
    expect(streamSchema.safeParse({ ...stream, search: { item: 'k', persons: ['c.name'] } }).success).toBe(true);
    for (const search of [{ item: 'nope' }, { persons: ['c.nope'] }, { persons: ['d.name'] }, { persons: ['toString.name'] }]) expect(streamSchema.safeParse({ ...stream, search }).error!.issues[0]!.message).toMatch(/there is no/);
  });

  test.each([
    [{ id: '1' }, ['id', 'all']], [{ person: 'X', states: ['parked'] }, ['person', 'standing-states']], [{ casePrefix: 'A', items: ['B'] }, ['case', 'item']], [{ states: ['staged', 'captured'] }, ['open-states', 'all']],
    [{ states: ['staged', 'accepted'] }, ['all']], [{ states: ['parked', 'refused'], items: ['B'] }, ['standing-states']], [{ codes: ['x'], states: ['parked'] }, ['code']], [{ events: ['e'] }, ['all']], [{ states: ['held'] }, ['open-states', 'all']],
  ] as const)('%j goes along %j', (search, ways) => expect(searchWays(search as never).map((w) => w.by)).toEqual(ways));
});

test('costly requests run a few at a time; one more is refused, and there is room again when one ended or failed', async () => {
  const few = new FewAtOnce(2);
  const full = (): Error => new Error('full');
  let end = (): void => undefined;
  const first = few.run(() => new Promise<void>((resolve) => { end = resolve; }), full);
  const failing = few.run(() => Promise.reject(new Error('broken')), full);
  await expect(few.run(() => Promise.resolve(), full)).rejects.toThrow('full');
  await expect(failing).rejects.toThrow('broken');
  await expect(few.run(() => Promise.resolve(7), full)).resolves.toBe(7);
  end();
  await first;
});

test('wrong passwords lock from the fifth on, twice as long each time, eight hours at the most', () => {
  expect([1, 4, 5, 6, 7, 13, 14, 100].map(lockedForMs)).toEqual([undefined, undefined, 60_000, 120_000, 240_000, 15_360_000, 28_800_000, 28_800_000]);
});

test('cells that a program would take for something else than text', () => {
  expect(csv([['=1+1', '+1', '-1', '@x', '\tx', '＝1', '007', '123456789012', '12', 'a"b', 'a\u0000b']], true)).toBe(`\uFEFF'=1+1,'+1,'-1,'@x,"'\tx",'＝1,"007\t","123456789012\t",12,"a""b",ab\r\n`.replaceAll(/'[=+\-@＝][^,]*/g, (m) => `"${m}"`));
});
