import { planExchanges, planRemoval, type DerivedEvent, type LatestExchange } from '../../src/ledger/plan-exchanges.js';

const derived = (event: string, digest = 'a', phase = 10): DerivedEvent => ({ channel: 'center', event, sequence: '1', at: '2026-11-02 09:00:00.000', phase, urgent: false, digest });
const latest = (event: string, over: Partial<LatestExchange> = {}): LatestExchange => ({
  id: `${event}-${over.version ?? 1}`, channel: 'center', event, sequence: '1', version: 1, operation: 'I', state: 'accepted', digest: 'a', at: '2026-11-02 09:00:00.000', lanePosition: '1', snapshotId: '1', tried: true, urgent: false, ...over,
});
const unsent = { state: 'rendered', tried: false } as const;
const sent = { operation: 'I', digest: 'a', at: '2026-11-02 09:00:00.000', snapshotId: '7' } as const;
const plan = (events: DerivedEvent[], known: LatestExchange[]): ReturnType<typeof planExchanges> => planExchanges(events, known, { reappeared: false, reportVanished: true });
const removal = { event: 'result', at: '2026-11-03 09:00:00.000', channels: ['center'] };

describe('what a changed case means for its messages', () => {
  it.each([
    ['new', [], { open: [{ version: 1, operation: 'I' }], refresh: [], cancel: [] }],
    ['the same', [latest('application', { digest: 'b' })], { open: [], refresh: [], cancel: [] }],
    ['corrected after it was sent', [latest('application')], { open: [{ version: 2, operation: 'U' }], refresh: [], cancel: [] }],
    ['corrected before it left', [latest('application', unsent)], { open: [], refresh: [{ id: 'application-1' }], cancel: [] }],
    ['reported as taken back and there again', [latest('application', { version: 2, operation: 'D' })], { open: [{ version: 3, operation: 'U' }], refresh: [], cancel: [] }],
  ])('%s', (_, known, expected) => expect(plan([derived('application', 'b')], known)).toMatchObject(expected));
});

describe('an event that no longer stands', () => {
  it('is taken back where the receiver has it', () => expect(plan([], [latest('result')])).toMatchObject({ open: [{ version: 2, operation: 'D', snapshotId: '1' }], cancel: [] }));
  it('is cancelled where it never left', () => expect(plan([], [latest('result', unsent)])).toMatchObject({ open: [], cancel: [{ id: 'result-1' }] }));
  it('is taken back as it was sent where only its correction never left', () => {
    const correction = latest('result', { ...unsent, version: 2, operation: 'U', digest: 'b', at: '2026-11-05 09:00:00.000', snapshotId: '9', sent });
    expect(plan([], [correction])).toMatchObject({ cancel: [{ id: 'result-2' }], open: [{ version: 3, operation: 'D', digest: 'a', at: sent.at, snapshotId: '7' }] });
  });
  it('is taken back where an administrator cancelled its correction', () =>
    expect(plan([], [latest('result', { state: 'cancelled', tried: false, version: 2, operation: 'U', sent })])).toMatchObject({ cancel: [], open: [{ version: 3, operation: 'D' }] }));
  it('is not taken back twice', () => {
    expect(plan([], [latest('result', { version: 2, operation: 'D', ...unsent })])).toEqual({ open: [], refresh: [], cancel: [] });
    const again = latest('result', { ...unsent, version: 3, operation: 'U', sent: { ...sent, operation: 'D' } });
    expect(plan([], [again])).toMatchObject({ open: [], cancel: [{ id: 'result-3' }] });
  });
  it('is left alone where it was cancelled before anybody saw it', () => expect(plan([], [latest('result', { state: 'cancelled', tried: false })])).toEqual({ open: [], refresh: [], cancel: [] }));
});

describe('a case deleted in the bureau', () => {
  it('is not reported where the receiver knows nothing of it', () => expect(planRemoval([latest('application', unsent)], removal)).toMatchObject({ open: [], cancel: [{ id: 'application-1' }] }));
  it('is reported where the receiver knows an event of it', () => expect(planRemoval([latest('application'), latest('acceptance', unsent)], removal)).toMatchObject({ open: [{ event: 'result', version: 1, operation: 'D' }], cancel: [{ id: 'acceptance-1' }] }));
  it('is reported where the newest version of the only event it knows never left', () =>
    expect(planRemoval([latest('application', { ...unsent, version: 2, operation: 'U', sent })], removal)).toMatchObject({ open: [{ event: 'result', version: 1, operation: 'D' }], cancel: [{ id: 'application-2' }] }));
  it('is reported although its result had been taken back, and although that never left', () => {
    expect(planRemoval([latest('application'), latest('result', { version: 2, operation: 'D' })], removal)).toMatchObject({ open: [{ event: 'result', version: 3, operation: 'D' }], cancel: [] });
    expect(planRemoval([latest('application'), latest('result', { version: 2, operation: 'D', ...unsent, sent })], removal)).toMatchObject({ open: [{ event: 'result', version: 3, operation: 'D' }], cancel: [{ id: 'result-2' }] });
  });
});

describe('a light: only what differs from what the receiver holds is worth a message', () => {
  const light = (digest: string, over: Partial<DerivedEvent> = {}): DerivedEvent => ({ ...derived('light', digest), latestOnly: true, ...over });
  const off = light('off', { onlyAfter: true });
  const held = (over: Partial<LatestExchange> = {}): LatestExchange => latest('light', { ...unsent, version: 2, operation: 'U', digest: 'yellow', sent: { ...sent, digest: 'green' }, ...over });
  const nothing = { open: [], refresh: [], cancel: [] };
  it.each<[string, DerivedEvent, LatestExchange[], object]>([
    ['the first', light('green'), [], { open: [{ version: 1, operation: 'I' }] }],
    ['overtaken before the first ever left', light('yellow'), [latest('light', { ...unsent, digest: 'green' })], { open: [], refresh: [{ id: 'light-1', digest: 'yellow' }], cancel: [] }],
    ['another than the receiver holds', light('yellow'), [latest('light', { digest: 'green' })], { open: [{ version: 2, operation: 'U' }] }],
    ['overtaken by a third colour', light('red'), [held()], { open: [], refresh: [{ id: 'light-2', digest: 'red' }], cancel: [] }],
    ['back at what the receiver holds', light('green'), [held()], { open: [], refresh: [], cancel: [{ id: 'light-2' }] }],
    ['back, and looked at again', light('green'), [held({ state: 'cancelled' })], nothing],
    ['away once more after it was dropped', light('yellow'), [held({ state: 'cancelled' })], { open: [{ version: 3, operation: 'U' }], refresh: [], cancel: [] }],
    ['refused, and another now', light('red'), [latest('light', { state: 'refused', digest: 'yellow' })], { open: [{ version: 2, operation: 'U', supersedes: { id: 'light-1' } }] }],
    ['begun to be delivered, and another now: both go', light('red'), [held({ tried: true })], { open: [{ version: 3, operation: 'U' }], refresh: [], cancel: [] }],
    ['out, never having been on', off, [], nothing],
    ['out, and the one that was on never left', off, [latest('light', { ...unsent, digest: 'green' })], { open: [], refresh: [], cancel: [{ id: 'light-1' }] }],
    ['out after it was on', off, [latest('light', { digest: 'green' })], { open: [{ version: 2, operation: 'U' }] }],
    ['out already', off, [latest('light', { version: 3, operation: 'U', digest: 'off' })], nothing],
    ['out, having been taken back', off, [latest('light', { version: 3, operation: 'D', digest: 'green' })], nothing],
  ])('%s', (_, event, known, expected) => expect(plan([event], known)).toMatchObject(expected));
});
