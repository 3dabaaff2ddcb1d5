import { CaptureStore } from '../../src/ledger/capture.store.js';
import type { CapturedCase } from '../../src/ledger/captured-case.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

afterAll(stopPostgres);

const clock = new SystemClock();
const rules = new Map([['center', 'accepted' as const]]);
const seen = (digest: string, ...events: string[]): CapturedCase => ({
  caseNo: 'A1', body: `{"digest":"${digest}"}`, digest,
  events: events.map((event) => ({ channel: 'center', event, sequence: '1', at: '2026-11-02 09:00:00.000', phase: event === 'result' ? 50 : 10, urgent: false, digest })),
});

/** A ledger whose receiver has taken application and result of one case, and a correction of both that has not left yet. */
async function correctedCase(): Promise<{ ledger: DatabaseAdapter; store: CaptureStore; states(): Promise<string[]>; snapshotOf(version: number): Promise<unknown> }> {
  const ledger = await openPostgres(await freshDatabase('taken'), true);
  const exchanges = new ExchangeStore(ledger, clock, rules, { firstDelayMs: 10, maxDelayMs: 100, maxAttempts: 3, maxCrashes: 3 });
  const store = new CaptureStore(ledger, clock, exchanges, rules);
  await store.record('case', [seen('one', 'application', 'result')]);
  await ledger.run(sql`update exchange set state = 'accepted', tried = 1, head = 0`);
  await store.record('case', [seen('two', 'application', 'result')]);
  const view = new ExchangeViewStore(ledger, clock);
  return {
    ledger, store,
    states: async () => (await view.find({ caseNo: 'A1' }, 100)).map((e) => `${e.event}/v${e.version}/${e.operation}/${e.state}`).sort(),
    snapshotOf: async (version) => (await ledger.run(sql`select snapshot_id from exchange where event = 'result' and version = ${version}`)).rows[0]!['snapshot_id'],
  };
}

it('takes back what the receiver holds although its correction never left, as it was sent, and once', async () => {
  const { ledger, store, states, snapshotOf } = await correctedCase();
  expect(await states()).toEqual(['application/v1/I/accepted', 'application/v2/U/captured', 'result/v1/I/accepted', 'result/v2/U/captured']);
  await store.record('case', [seen('three', 'application')]);
  const after = ['application/v1/I/accepted', 'application/v2/U/captured', 'result/v1/I/accepted', 'result/v2/U/cancelled', 'result/v3/D/captured'];
  expect(await states()).toEqual(after);
  expect(await snapshotOf(3)).toEqual(await snapshotOf(1));
  await store.record('case', [seen('four', 'application')]);
  expect(await states()).toEqual(after);
  // and it is there again as it was before
  await store.record('case', [seen('two', 'application', 'result')]);
  expect(await states()).toContain('result/v4/U/captured');
  await ledger.close();
});

it('reports the deletion of a case of which only older versions have left', async () => {
  const { ledger, store, states } = await correctedCase();
  await store.recordRemoved('case', ['A1'], { event: 'result', channels: ['center'], at: '2026-11-03 09:00:00.000' });
  expect(await states()).toEqual(['application/v1/I/accepted', 'application/v2/U/cancelled', 'result/v1/I/accepted', 'result/v2/U/cancelled', 'result/v3/D/captured']);
  await store.recordRemoved('case', ['A1'], { event: 'result', channels: ['center'], at: '2026-11-03 10:00:00.000' });
  expect(await states()).toHaveLength(5);
  await ledger.close();
});
