import type { Row } from '../../src/domain/snapshot.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { BreachStore } from '../../src/ledger/breach.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { ChargeStore } from '../../src/ledger/charge.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { instantText } from '../../src/ledger/exchange-row.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import type { CalendarTable } from '../../src/domain/working-calendar.js';
import { ChargePoller } from '../../src/reconciliation/charge.poller.js';
import { loadSupervision, type Supervision } from '../../src/supervision/load-supervision.adapter.js';
import { SupervisionPoller, type SupervisionSettings } from '../../src/supervision/supervision.poller.js';
import { at, officeHours, shown } from '../support/clock-facts.js';
import { standards } from '../support/reconciliation-facts.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  constructor(private ms: number) { super(); }
  now(): Date { return new Date(this.ms); }
  set(text: string): void { this.ms = Date.parse(at(text)); }
}

const supervision = loadSupervision({ dir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv' }).supervision!;
const calendar: CalendarTable = { version: 'one', national: nationalYears(), local: [], hours: officeHours };
const log = createLog({ level: 'silent', instance: 'test' });
const goOn = (): Promise<boolean> => Promise.resolve(true);

let db: DatabaseAdapter;
let clock: HeldClock;
let capture: CaptureStore;
let cards: CardStore;
let store: ClockStore;
let snapshots = 0;

const makePoller = (more: Partial<{ calendar: CalendarTable; settings: Partial<SupervisionSettings>; supervision: Supervision }> = {}): SupervisionPoller =>
  new SupervisionPoller({ store, cards, breaches: new BreachStore(db, clock, cards, undefined), alarms: new AlarmStore(db, clock), supervision: more.supervision ?? supervision, calendar: more.calendar ?? calendar, settings: { bodies: ['hunan'], askAgainMs: 10_000, batch: 100, notify: ['yellow', 'red'], stream: 'case', ...more.settings }, clock, log });

/** A snapshot as the capture records it. */
async function seen(caseNo: string, row: Row, children: Record<string, readonly Row[]> = {}): Promise<void> {
  await capture.record('case', [{ caseNo, body: JSON.stringify({ stream: 'case', caseNo, case: row, children }), digest: String(++snapshots), events: [] }]);
}
const handling = (accepted: string, more: Row = {}): Row => ({ item_code: 'XX01', section: '地籍', accepted_at: accepted, committed_limit: '7', committed_unit: 'W', statutory_limit: '10', statutory_unit: 'W', ...more });
/** All that the bureau held at this time is recorded. */
async function polled(): Promise<void> {
  await capture.noteKnown('case', clock.iso());
  clock.set(shown(new Date(clock.now().getTime() + 1000).toISOString())!);
}
const levels = async (): Promise<string[]> => (await cards.find({}, 100)).map((c) => `${c.caseNo} ${c.object} ${c.level} ${c.state}${c.stands ? '' : ' doubtful'}`).sort();
const states = async (): Promise<Record<string, string>> => Object.fromEntries((await db.run(sql`select case_no, clock_state, used from clock_state ${raw('')}`)).rows.map((r) => [String(r['case_no']), `${String(r['clock_state'])} ${String(r['used'])}`]));

beforeEach(async () => {
  db = await openPostgres(await freshDatabase('supervision'), true);
  clock = new HeldClock(0);
  clock.set('2026-09-14 12:00:00');
  capture = new CaptureStore(db, clock, new ExchangeStore(db, clock, new Map(), { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 }), new Map());
  await capture.watermark('case');
  cards = new CardStore(db, clock, undefined);
  store = new ClockStore(db, clock, cards, undefined);
});
afterEach(() => db.close());
afterAll(() => stopPostgres());

test('a case from its snapshot to a red card: nothing is done between the crossings', async () => {
  const poller = makePoller();
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  expect(await poller.look(goOn)).toEqual({ followed: 1, due: 0, recomputed: 1, cards: 0 });
  expect(await states()).toEqual({ C1: 'green 1' });
  const next = async (): Promise<string | undefined> => shown(instantText((await db.run(sql`select next_crossing_at from clock_state ${raw('')}`)).rows[0]!['next_crossing_at']));
  expect(await next()).toBe('2026-09-18 08:30:01');

  clock.set('2026-09-18 08:30:00');
  await polled();
  clock.set('2026-09-18 08:30:00');
  expect(await poller.look(goOn)).toEqual({ followed: 0, due: 0, recomputed: 0, cards: 0 });
  clock.set('2026-09-18 08:40:00');
  await polled();
  expect(await poller.look(goOn)).toEqual({ followed: 0, due: 1, recomputed: 0, cards: 1 });
  expect(await levels()).toEqual(['C1 case warning issued']);
  expect(await next()).toBe('2026-09-22 08:30:01');

  clock.set('2026-10-20 09:00:00');
  await polled();
  expect((await poller.look(goOn)).cards).toBe(2);
  expect(await levels()).toEqual(['C1 case red issued', 'C1 case warning issued', 'C1 case yellow issued']);
  // Again and with a second poller: each card once.
  expect((await makePoller().look(goOn)).cards).toBe(0);
  const red = (await cards.find({ level: 'red' }, 1))[0]!;
  expect(red).toMatchObject({ limits: '7 W committed, 10 W statutory', used: 23, crossedAt: at('2026-09-28 08:30:01') });
  const history = (await cards.history(red.id))!;
  expect(history.evidence).toMatchObject({ calendarVersion: 'one', ruleVersion: 'hunan-1', facts: { itemCode: 'XX01' }, reading: { state: 'red' } });
  // People were told of yellow and red, once each.
  const { rows } = await db.run(sql`select alarm_key, severity, kind from alarm order by alarm_key ${raw('')}`);
  expect(rows.map((r) => `${String(r['kind'])} ${String(r['severity'])}`).sort()).toEqual(['card-issued critical', 'card-issued warning']);
});

test('a card waits until the capture knows its moment: a suspension on its way forbids it', async () => {
  const poller = makePoller();
  const row = handling('2026-09-14 08:30:00.000');
  await seen('C1', row);
  await poller.look(goOn);
  clock.set('2026-09-25 09:00:00'); // nobody polled since the 14th
  expect((await poller.look(goOn)).cards).toBe(0);
  expect(await states()).toEqual({ C1: 'yellow 10' });
  await seen('C1', row, { specials: [{ special_no: '1', started_at: '2026-09-15 08:30:00.000', ended_at: null, approved_length: '30', approved_unit: 'W', notice_no: 'N1' }] });
  await polled();
  clock.set('2026-09-25 09:10:00');
  await poller.look(goOn);
  expect(await states()).toEqual({ C1: 'suspended 1' });
  expect(await levels()).toEqual([]);
});

test('late facts put a card in doubt, later ones may restore it; people decide', async () => {
  const poller = makePoller();
  const row = handling('2026-09-14 08:30:00.000');
  const special = { special_no: '1', started_at: '2026-09-15 08:30:00.000', ended_at: '2026-09-18 08:30:00.000', approved_length: '30', approved_unit: 'W', notice_no: 'N1' };
  await seen('C1', row);
  await poller.look(goOn);
  clock.set('2026-09-23 09:00:00');
  await polled();
  await poller.look(goOn);
  expect(await levels()).toEqual(['C1 case warning issued', 'C1 case yellow issued']);
  await seen('C1', row, { specials: [special] });
  await poller.look(goOn);
  expect(await levels()).toEqual(['C1 case warning issued', 'C1 case yellow issued doubtful']);
  const yellow = (await cards.find({ doubtful: true }, 10))[0]!;
  expect(yellow.examinedNote).toBe('with what is known today the moment of the card reads: warning, used 6 of 7 W, 6 of 10 W; it would not be issued');
  await seen('C1', row, { specials: [{ ...special, notice_no: null }] });
  await poller.look(goOn);
  expect((await cards.find({ doubtful: true }, 10))).toEqual([]);
  expect(await cards.decide(yellow.id, 'appeal', 'admin li', 'the notice was sent')).toBe(true);
  expect(await cards.decide(yellow.id, 'appeal', 'admin li', 'again')).toBe(false);
  expect(await cards.decide(yellow.id, 'revoke', 'admin zhang', 'the notice was found')).toBe(true);
  expect(await cards.decide(yellow.id, 'confirm', 'admin zhang', 'no')).toBe(false);
  expect((await cards.history(yellow.id))!.log.map((l) => `${l.actor}: ${l.from ?? ''} → ${l.to}`)).toEqual(['supervision: issued → issued', 'supervision: issued → issued', 'admin li: issued → appealed', 'admin zhang: appealed → revoked']);
  // Every version of what was known stays.
  expect((await db.run(sql`select count(*) as n from case_fact ${raw('')}`)).rows[0]!['n']).toBe('3');
});

test('closed, withdrawn and removed cases leave the schedule; what ended before supervision began gets no card', async () => {
  const poller = makePoller();
  await seen('OLD', handling('2026-07-01 08:30:00.000', { closed_at: '2026-08-28 09:00:00.000', result_code: 'PASS' }));
  await seen('DONE', handling('2026-09-14 08:30:00.000', { closed_at: '2026-09-14 09:00:00.000', result_code: 'DENY' }));
  await seen('GONE', handling('2026-09-14 08:30:00.000'));
  await poller.look(goOn);
  await capture.recordRemoved('case', ['GONE'], { event: 'result', channels: [], at: clock.iso() });
  clock.set('2026-10-20 09:00:00');
  await polled();
  await poller.look(goOn);
  expect(await levels()).toEqual([]);
  expect(await states()).toEqual({ OLD: 'closed 43', DONE: 'closed 1', GONE: 'closed 1' });
  // The certificate of OLD is still awaited, nothing else.
  const { rows } = await db.run(sql`select case_no, live from clock_state order by case_no ${raw('')}`);
  expect(rows.map((r) => `${String(r['case_no'])} ${String(r['live'])}`)).toEqual(['DONE 0', 'GONE 0', 'OLD 1']);
});

test('what ended before supervision began gets no card, though its case is open still', async () => {
  clock.set('2026-09-28 09:00:00');
  const poller = makePoller();
  const special = { special_no: '1', started_at: '2026-09-01 08:30:00.000', ended_at: '2026-09-25 08:30:00.000', approved_length: '2', approved_unit: 'W', notice_no: 'N1' };
  await seen('C1', handling('2026-09-25 08:30:00.000'), { specials: [special] });
  await seen('C2', handling('2026-09-25 08:30:00.000'), { specials: [{ ...special, ended_at: '2026-09-28 10:00:00.000' }] });
  await poller.look(goOn);
  clock.set('2026-09-28 11:00:00');
  await polled();
  await poller.look(goOn);
  expect(await levels()).toEqual(['C2 special red issued', 'C2 special yellow issued']);
});

test('a case that is archived after its closing gets no card for a certificate that nobody can enter any more', async () => {
  clock.set('2026-09-16 09:00:00');
  const poller = makePoller();
  await poller.look(goOn);
  clock.set('2026-09-16 09:40:00');
  for (const no of ['GONE', 'THERE']) await seen(no, handling('2026-09-14 08:30:00.000', { closed_at: '2026-09-16 09:30:00.000', result_code: 'PASS' }));
  await poller.look(goOn);
  await capture.recordRemoved('case', ['GONE'], { event: 'result', channels: [], at: clock.iso() });
  clock.set('2026-10-20 09:00:00');
  await polled();
  await poller.look(goOn);
  expect(await levels()).toEqual(['THERE certificate yellow issued']);
});

test('a process that lost its lease while it followed issues nothing: the suspension may be in what it has not followed', async () => {
  const row = handling('2026-09-14 08:30:00.000');
  await seen('C1', row);
  const poller = makePoller({ settings: { batch: 1 } });
  await poller.look(goOn);
  await seen('C0', row);
  await seen('C1', row, { specials: [{ special_no: '1', started_at: '2026-09-15 08:30:00.000', ended_at: null, approved_length: '60', approved_unit: 'W', notice_no: 'N1' }] });
  clock.set('2026-09-25 09:00:00');
  await polled();
  expect(await poller.look(() => Promise.resolve(false))).toMatchObject({ followed: 1, due: 0 });
  expect((await levels()).filter((l) => l.startsWith('C1'))).toEqual([]);
  await poller.look(goOn);
  expect((await levels()).filter((l) => l.startsWith('C1'))).toEqual([]);
  expect((await states())['C1']).toBe('suspended 1');
});

test('a body that is not kept any more does not make what is known of a removed case known again and again', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await makePoller({ settings: { bodies: ['guangdong', 'hunan'] } }).look(goOn);
  const other = makePoller({ settings: { bodies: ['hunan'] } });
  await other.look(goOn);
  await capture.recordRemoved('case', ['C1'], { event: 'result', channels: [], at: clock.iso() });
  for (let i = 0; i < 3; i++) await other.look(goOn);
  expect((await db.run(sql`select count(*) as n from case_fact ${raw('')}`)).rows[0]!['n']).toBe('2');
});

test('a new calendar is walked through once, goes on where it was stopped, and rewrites only what it changes', async () => {
  clock.set('2026-09-14 18:00:00');
  for (let i = 0; i < 25; i++) await seen(`C${i}`, handling(i < 5 ? '2026-09-14 08:30:00.000' : '2026-09-14 14:30:00.000'));
  const poller = makePoller();
  await poller.look(goOn);
  const free: CalendarTable = { ...calendar, version: 'two', local: [{ day: '2026-09-16', working: false, reason: '停电' }] };
  let calls = 0;
  const stopped = makePoller({ calendar: free, settings: { batch: 10 } });
  expect((await stopped.look(() => Promise.resolve(++calls < 1))).recomputed).toBe(10);
  const other = makePoller({ calendar: free, settings: { batch: 10 } });
  expect((await other.look(goOn)).recomputed).toBe(15);
  expect((await other.look(goOn)).recomputed).toBe(0);
  const { rows } = await db.run(sql`select due_at, count(*) as n from clock_state group by due_at order by due_at ${raw('')}`);
  expect(rows.map((r) => [shown(instantText(r['due_at'])), r['n']])).toEqual([['2026-09-22 17:30:00', '5'], ['2026-09-23 12:00:00', '20']]);
});

test('a body that is added later gets its clocks; one that is taken away is left alone', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await makePoller().look(goOn);
  const both = makePoller({ settings: { bodies: ['hunan', 'guangdong'], batch: 1 } });
  await both.look(goOn);
  const kept = async (): Promise<string[]> => (await db.run(sql`select body, clock_state, used from clock_state order by body ${raw('')}`)).rows.map((r) => `${String(r['body'])} ${String(r['clock_state'])} ${String(r['used'])}`);
  expect(await kept()).toEqual(['guangdong green 0', 'hunan green 1']);
  clock.set('2026-09-25 12:00:00');
  const other = makePoller({ settings: { bodies: ['guangdong'], batch: 1 } });
  await polled();
  expect(await other.look(goOn)).toMatchObject({ cards: 2 });
  expect(await kept()).toEqual(['guangdong red 9', 'hunan green 1']);
});

test('a moment that lies ahead (clocks differ) is looked at when it comes', async () => {
  const poller = makePoller();
  await seen('C1', handling('2026-09-14 12:00:30.000'));
  await poller.look(goOn);
  expect(await states()).toEqual({ C1: 'not-monitored null' });
  clock.set('2026-09-14 12:01:00');
  expect((await poller.look(goOn)).due).toBe(1);
  expect(await states()).toEqual({ C1: 'green 0' });
});

test('a year that is missing gives no card and no light; when it is brought everything is computed', async () => {
  const poller = makePoller();
  clock.set('2026-12-28 10:00:00');
  await seen('C1', handling('2026-12-28 08:30:00.000'));
  await poller.look(goOn);
  clock.set('2027-01-20 10:00:00');
  await polled();
  await poller.look(goOn);
  expect((await db.run(sql`select clock_state, light, fault_code, live from clock_state ${raw('')}`)).rows).toEqual([{ clock_state: 'not-monitored', light: 'none', fault_code: 'calendar-year-missing', live: 1 }]);
  const brought: CalendarTable = { ...calendar, version: 'with 2027', national: [...nationalYears(), { year: 2027, source: 'test', days: [{ day: '2027-01-01', working: false, reason: '元旦' }] }] };
  const next = makePoller({ calendar: brought });
  await polled();
  expect((await next.look(goOn)).cards).toBe(3);
});

test('a charge outside the tariff is a supervision event where the rules say so: one card, in doubt once it is corrected', async () => {
  const hunan = supervision.rules.get('hunan')!;
  const charging: Supervision = { ...supervision, digest: 'with charges', rules: new Map([['hunan', { ...hunan, versions: hunan.versions.map((v) => ({ ...v, charges: { level: 'yellow' as const, exceptFeeItems: ['GT0103'] } })) }]]) };
  const poller = makePoller({ supervision: charging });
  const reconcile = (): Promise<number> => new ChargePoller(new ChargeStore(db, clock), standards, log).poll(goOn);
  await poller.look(goOn);
  const charge = (no: string, code: string, yuan: string): Row => ({ charge_no: no, fee_item_code: code, fee_item_name: '不动产登记费', amount: yuan, exempt: '0', payer: null, payment_code: null, tax_kinds: null });
  const [low, odd, fine, except] = [charge('1', 'GT0101', '160.00'), charge('2', 'GT9999', '20.00'), charge('3', 'GT0101', '80.00'), charge('4', 'GT0103', '77.00')];
  await seen('C1', handling('2026-09-14 08:30:00.000'), { charges: [low!, odd!, fine!, except!], parcels: [{ land_use: '城镇住宅用地' }], certificates: [] });
  await reconcile();
  // Rules that do not supervise charges ask for nothing.
  expect((await makePoller().look(goOn)).cards).toBe(0);
  expect((await poller.look(goOn)).cards).toBe(2);
  expect((await poller.look(goOn)).cards).toBe(0);
  const found = await cards.find({}, 10);
  expect(found.map((c) => `${c.object} ${c.sequence} ${c.level} ${c.limits}`).sort()).toEqual(['charge 1 yellow 160.00 yuan, tariff 80.00 yuan', 'charge 2 yellow 20.00 yuan, no tariff']);
  expect((await cards.history(found.find((c) => c.sequence === '1')!.id))!.evidence).toMatchObject({ reading: { object: 'charge', level: 'yellow' }, lines: [{}, { saying: { code: 'breach', amount: '160.00', expected: '80.00' } }] });
  // Facts that change nothing about the charge leave its card alone; the corrected charge puts it in doubt.
  await seen('C1', handling('2026-09-14 08:30:00.000', { section: '交易' }), { charges: [low!, odd!, fine!], parcels: [{ land_use: '城镇住宅用地' }], certificates: [] });
  await reconcile();
  await poller.look(goOn);
  expect(await levels()).toEqual(['C1 charge yellow issued', 'C1 charge yellow issued']);
  await seen('C1', handling('2026-09-14 08:30:00.000'), { charges: [charge('1', 'GT0101', '80.00'), odd!], parcels: [{ land_use: '城镇住宅用地' }], certificates: [] });
  await reconcile();
  await poller.look(goOn);
  expect(await levels()).toEqual(['C1 charge yellow issued', 'C1 charge yellow issued doubtful']);
  await seen('C1', handling('2026-09-14 08:30:00.000'), { charges: [low!, odd!], parcels: [{ land_use: '城镇住宅用地' }], certificates: [] });
  await reconcile();
  expect((await poller.look(goOn)).cards).toBe(0);
  expect(await levels()).toEqual(['C1 charge yellow issued', 'C1 charge yellow issued']);
});

test('two pollers at once: every fact and every card once', async () => {
  for (let i = 0; i < 40; i++) await seen(`C${i}`, handling('2026-09-01 08:30:00.000'));
  clock.set('2026-10-20 09:00:00');
  const pollers = [makePoller({ settings: { batch: 7 } }), makePoller({ settings: { batch: 7 } })];
  await polled();
  for (let round = 0; round < 3; round++) await Promise.all(pollers.map((p) => p.look(goOn)));
  expect((await db.run(sql`select count(*) as n from case_fact ${raw('')}`)).rows[0]!['n']).toBe('40');
  expect((await db.run(sql`select count(*) as n from card ${raw('')}`)).rows[0]!['n']).toBe('120');
  expect((await db.run(sql`select count(*) as n from clock_state ${raw('')}`)).rows[0]!['n']).toBe('40');
});
