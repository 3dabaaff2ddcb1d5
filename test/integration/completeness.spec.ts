import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { pino } from 'pino';
import { BureauReader } from '../../src/capture/bureau-reader.adapter.js';
import { CapturePoller } from '../../src/capture/capture.poller.js';
import { CompletenessPoller } from '../../src/capture/completeness.poller.js';
import { streamSchema } from '../../src/domain/stream.js';
import type { Subscription } from '../../src/domain/subscription.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CompletenessStore } from '../../src/ledger/completeness.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const clock = new SystemClock();
const log = pino({ level: 'silent' });
const always = (): Promise<boolean> => Promise.resolve(true);
const quick = { kind: 'quick', causedBy: 'test' } as const;
const full = { kind: 'full', causedBy: 'test' } as const;

let bureau: DatabaseAdapter;
let ledger: DatabaseAdapter;
let poller: CapturePoller;
let completeness: CompletenessStore;
let view: ExchangeViewStore;
let checkWith: (openLimit: number) => CompletenessPoller;
let check: CompletenessPoller;
let rung: string[];

beforeEach(async () => {
  bureau = await openPostgres(await freshDatabase('bureau'));
  await bureau.source.query(await readFile('config/bureau/sample.postgres.sql', 'utf8'));
  ledger = await openPostgres(await freshDatabase('ledger'), true);
  const stream = streamSchema.parse(parse(await readFile('config/streams/case.yaml', 'utf8')));
  const rules = new Map([['center', 'accepted' as const]]);
  const subscriptions: Subscription[] = ['application', 'acceptance', 'result'].map((event) => ({
    channel: 'center', stream: 'case', event, digestInput: (s) => JSON.stringify([s.case['item_name'], (s.children['applicants'] ?? []).map((a) => a['name'])]),
  }));
  const exchanges = new ExchangeStore(ledger, clock, rules, { firstDelayMs: 10, maxDelayMs: 100, maxAttempts: 3, maxCrashes: 3 });
  const store = new CaptureStore(ledger, clock, exchanges, rules);
  completeness = new CompletenessStore(ledger, clock);
  view = new ExchangeViewStore(ledger, clock);
  const reader = new BureauReader(bureau, stream, false);
  rung = [];
  const doorbell = { ring: (bell: string, channel: string): Promise<boolean> => { rung.push(`${bell} ${channel}`); return Promise.resolve(true); } };
  poller = new CapturePoller(reader, stream, subscriptions, store, doorbell, { batchCases: 50, standingAlarmMs: 1000 }, clock, log, new MetricsAdapter({ processMetrics: false }));
  checkWith = (openLimit) => new CompletenessPoller({ stream, subscriptions, reader, capture: poller, store, completeness, settings: { batchCases: 50, openLimit, at: '02:30', fullEveryDays: 7 }, clock, log });
  check = checkWith(1000);
});
afterEach(async () => {
  await bureau.close();
  await ledger.close();
});
afterAll(stopPostgres);

const caseNo = (i: number): string => `YYGT2026110${String(i).padStart(5, '0')}`;
const insert = (no: string) => sql`insert into land_case (case_no, item_code, item_name, section, case_kind, project_name, apply_source, applied_at, accepted_at, division_code, status, handled_offline)
  values (${no}, 'X', '抵押登记', '地产', 'C', '测试', 'W', '2026-11-02 09:00:00', '2026-11-03 09:00:00', '430902', 'ACCEPTED', false)`;

async function cases(n: number): Promise<void> {
  await bureau.transaction(async (r) => {
    for (let i = 0; i < n; i++) await r.run(insert(caseNo(i)));
  });
  await poller.poll(always);
}
const states = async (no: string): Promise<string[]> => (await view.find({ caseNo: no }, 100)).map((e) => `${e.event}/v${e.version}/${e.operation}/${e.state}`);

it('reads everything once, and afterwards only buckets in which something moved', async () => {
  await cases(450);
  const first = await check.check(quick, always);
  expect(first).toMatchObject({ outcome: 'complete', figures: { bureauCases: 450, ledgerCases: 450, read: 450, buckets: 5, bucketsRead: 5, captured: 0, due: 0, findings: { missing: 0, differs: 0, gone: 0, 'exchange-missing': 0, unreadable: 0 } } });
  expect((await check.check(quick, always)).figures).toMatchObject({ read: 0, bucketsRead: 0 });
  await bureau.run(sql`update land_case set item_name = '变更登记' where case_no = ${caseNo(7)}`);
  await poller.poll(always);
  expect((await check.check(quick, always)).figures).toMatchObject({ read: 100, bucketsRead: 1, captured: 0 });
  expect((await check.check(full, always)).figures).toMatchObject({ read: 450, captured: 0 });
  expect((await check.check(quick, always)).figures).toMatchObject({ read: 0 });
});

it('captures what the ledger lost, opens lost exchanges, and says why', async () => {
  await cases(220);
  await check.check(quick, always);
  // a case that was never recorded, although polls are past it
  for (const table of ['case_head', 'case_snapshot', 'exchange']) await ledger.run(raw(`delete from ${table} where case_no = '${caseNo(1)}'`));
  // one whose record is an older one
  await ledger.run(raw(`update case_head set digest = 'older' where case_no = '${caseNo(2)}'`));
  await ledger.run(raw(`update exchange set event_digest = 'older', state = 'accepted' where case_no = '${caseNo(2)}'`));
  // one that lost an exchange; one held as gone although it stands
  await ledger.run(raw(`delete from exchange where case_no = '${caseNo(3)}' and event = 'acceptance'`));
  await ledger.run(raw(`update case_head set removed_at = now() where case_no = '${caseNo(104)}'`));
  rung = [];
  const run = await check.check(quick, always);
  expect(run.figures).toMatchObject({ bucketsRead: 2, captured: 4, opened: 5 + 2, findings: { missing: 2, differs: 1, gone: 0, 'exchange-missing': 1, unreadable: 0 } });
  expect((await completeness.findings(run.id, 10)).map((f) => `${f.caseNo} ${f.reason} ${f.detail ?? ''}`.trim())).toEqual([
    `${caseNo(1)} missing`, `${caseNo(2)} differs`, `${caseNo(3)} exchange-missing acceptance 1`, `${caseNo(104)} missing the ledger holds it as gone from the bureau`,
  ]);
  expect(await states(caseNo(1))).toEqual(['application/v1/I/captured', 'acceptance/v1/I/captured']);
  expect(await states(caseNo(2))).toEqual(['application/v1/I/accepted', 'acceptance/v1/I/accepted', 'application/v2/U/captured', 'acceptance/v2/U/captured']);
  expect((await states(caseNo(3))).sort()).toEqual(['acceptance/v1/I/captured', 'application/v1/I/captured']);
  expect(new Set(rung)).toEqual(new Set(['render center']));
  expect((await check.check(quick, always)).figures).toMatchObject({ captured: 0, opened: 0, findings: { missing: 0, differs: 0, gone: 0, 'exchange-missing': 0 } });
  expect((await check.check(quick, always)).figures).toMatchObject({ read: 0 });
});

it('finds a case that is gone from the bureau, also where no poll saw it go', async () => {
  await cases(30);
  await ledger.run(raw(`update exchange set state = 'accepted'`));
  await bureau.run(sql`delete from land_case where case_no = ${caseNo(5)}`);
  expect((await check.check(quick, always)).figures).toMatchObject({ removed: 1, findings: { gone: 1 } });
  expect(await states(caseNo(5))).toEqual(['application/v1/I/accepted', 'acceptance/v1/I/accepted', 'result/v1/D/captured']);
  expect((await check.check(quick, always)).figures).toMatchObject({ removed: 0, findings: { gone: 0 } });
});

it('leaves to the polls what they have not come to, and what an open transaction holds back', async () => {
  await cases(10);
  await bureau.run(insert(caseNo(50)));
  await bureau.run(sql`update land_case set item_name = '变更登记' where case_no = ${caseNo(3)}`);
  expect((await check.check(full, always)).figures).toMatchObject({ due: 2, captured: 0, findings: { missing: 0, differs: 0 } });
  const late = bureau.source.createQueryRunner();
  await late.startTransaction();
  await late.query(`update land_case set item_name = '更正' where case_no = '${caseNo(4)}'`);
  await poller.poll(always);
  await bureau.run(insert(caseNo(51)));
  await late.commitTransaction();
  await late.release();
  expect((await check.check(full, always)).figures).toMatchObject({ captured: 0, findings: { missing: 0, differs: 0 } });
  await poller.poll(always);
  expect((await check.check(full, always)).figures).toMatchObject({ due: 0, bureauCases: 12, ledgerCases: 12, findings: { missing: 0, differs: 0 } });
});

it('only reports missing exchanges beyond the limit, and opens them when told to', async () => {
  await cases(20);
  await ledger.run(raw(`delete from exchange where event = 'acceptance'`));
  expect((await checkWith(5).check(full, always)).figures).toMatchObject({ heldBack: 15, opened: 5, findings: { 'exchange-missing': 20 } });
  expect((await checkWith(5).check({ ...quick, openAll: true }, always)).figures).toMatchObject({ heldBack: 0, opened: 15, findings: { 'exchange-missing': 15 } });
  expect((await check.check(full, always)).figures).toMatchObject({ opened: 0, findings: { 'exchange-missing': 0 } });
});

it('takes turns with polls: what it read is never written over something newer', async () => {
  await cases(60);
  await ledger.run(raw(`update case_head set digest = 'older'`));
  const work = Promise.all([check.check(full, always), (async () => {
    for (let i = 0; i < 15; i++) {
      await bureau.run(sql`update land_case set item_name = ${`登记${i}`} where case_no = ${caseNo(i % 60)}`);
      await poller.poll(always);
    }
  })()]);
  await work;
  await poller.poll(always);
  expect((await check.check(full, always)).figures).toMatchObject({ captured: 0, findings: { missing: 0, differs: 0, gone: 0 } });
  const { rows } = await ledger.run(raw(`select count(*) as n from exchange group by channel, case_no, event, sequence, version having count(*) > 1`));
  expect(rows).toEqual([]);
});

it('stops when another process takes over, and remembers nothing half done', async () => {
  await cases(60);
  const run = await check.check(full, () => Promise.resolve(false));
  expect(run.outcome).toBe('stopped');
  expect((await check.check(quick, always)).figures).toMatchObject({ read: 60 });
});

it('runs at its hour once, a full one first and after the days named', async () => {
  const times = { now: new Date('2026-11-23T10:00:00Z') }; // 18:00 in Shanghai
  const held = { now: () => times.now, iso: () => times.now.toISOString(), after: (ms: number) => new Date(times.now.getTime() + ms).toISOString() };
  const { parts } = check as unknown as { parts: ConstructorParameters<typeof CompletenessPoller>[0] };
  const night = new CompletenessPoller({ ...parts, clock: held, completeness: new CompletenessStore(ledger, held) });
  expect(await night.nightly(always)).toBeUndefined();
  const kinds: string[] = [];
  for (let day = 24; day <= 31; day++) {
    times.now = new Date(Date.UTC(2026, 10, day - 1, 18, 29)); // 02:29
    expect(await night.nightly(always)).toBeUndefined();
    times.now = new Date(Date.UTC(2026, 10, day - 1, 18, 30));
    kinds.push((await night.nightly(always))?.kind ?? 'none');
    expect(await night.nightly(always)).toBeUndefined();
  }
  expect(kinds).toEqual(['full', 'quick', 'quick', 'quick', 'quick', 'quick', 'quick', 'full']);
});
