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
