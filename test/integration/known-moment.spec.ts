import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { BureauReader } from '../../src/capture/bureau-reader.adapter.js';
import { CapturePoller } from '../../src/capture/capture.poller.js';
import { streamSchema } from '../../src/domain/stream.js';
import type { CalendarTable } from '../../src/domain/working-calendar.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { loadSupervision } from '../../src/supervision/load-supervision.adapter.js';
import { SupervisionPoller } from '../../src/supervision/supervision.poller.js';
import { at, officeHours } from '../support/clock-facts.js';
import { onEveryEngine, sampleTables } from '../support/engines.js';

class HeldClock extends Clock {
  private ms = 0;
  now(): Date { return new Date(this.ms); }
  set(text: string): void { this.ms = Date.parse(at(text)); }
}

const log = createLog({ level: 'silent', instance: 'test' });
const always = (): Promise<boolean> => Promise.resolve(true);
const supervision = loadSupervision({ dir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv' }).supervision!;
const calendar: CalendarTable = { version: 'one', national: nationalYears(), local: [], hours: officeHours };

/** Accepted on the 14th with 7 working days: the warning comes on the 18th, the yellow card on the 22nd at 08:30:01. */
const accepted = (no: string) =>
  sql`insert into land_case (case_no, item_code, item_name, section, case_kind, project_name, apply_source, applied_at, division_code, status, handled_offline, accepted_at, committed_limit, committed_unit, statutory_limit, statutory_unit)
      values (${no}, 'XX01', '抵押登记', '地籍', 'C', '测试', 'W', '2026-09-14 08:00:00', '430902', 'HANDLING', '0', '2026-09-14 08:30:00', 7, 'W', 10, 'W')`;
const suspended = (no: string) => sql`insert into land_special (case_no, special_no, kind_name, started_at, approved_length, approved_unit, notice_no) values (${no}, 1, '听证', '2026-09-15 08:30:00', 30, 'W', 'N1')`;

onEveryEngine((engine) => {
  let bureau: DatabaseAdapter;
  let ledger: DatabaseAdapter;
  const clock = new HeldClock();
  let capture: CaptureStore;
  let cards: CardStore;
  let clocks: ClockStore;
  let poller: CapturePoller;
  const makePoller = async (batchCases: number): Promise<CapturePoller> =>
    new CapturePoller(new BureauReader(bureau, streamSchema.parse(parse(await readFile('config/streams/case.yaml', 'utf8'))), false), streamSchema.parse(parse(await readFile('config/streams/case.yaml', 'utf8'))), [], capture, { ring: () => Promise.resolve(true) }, { batchCases, standingAlarmMs: 1000 }, clock, log, new MetricsAdapter({ processMetrics: false }));
  const supervise = (batch: number): SupervisionPoller =>
    new SupervisionPoller({ store: clocks, cards, alarms: new AlarmStore(ledger, clock), supervision, calendar, settings: { bodies: ['hunan'], askAgainMs: 1000, batch, notify: [], stream: 'case' }, clock, log });
  const levels = async (): Promise<string[]> => (await cards.find({}, 100)).map((c) => `${c.caseNo} ${c.level}`).sort();
  const known = (): Promise<string | undefined> => clocks.knownUntil('case');

  beforeEach(async () => {
    bureau = await sampleTables(engine);
    ledger = await engine.open(await engine.fresh('ledger'), true);
    clock.set('2026-09-14 09:00:00');
    const exchanges = new ExchangeStore(ledger, clock, new Map(), { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 });
    capture = new CaptureStore(ledger, clock, exchanges, new Map());
    cards = new CardStore(ledger, clock, undefined);
    clocks = new ClockStore(ledger, clock, cards, undefined);
    poller = await makePoller(50);
    await clocks.position();
  });
  afterEach(async () => {
    await bureau.close();
    await ledger.close();
  });

  it('a poll that recorded nothing of what it saw makes no moment known: the suspension that it saw forbids the card', async () => {
    const supervising = supervise(100);
    await bureau.run(accepted('C1'));
    await poller.poll(always);
    await supervising.look(always);
    clock.set('2026-09-16 09:00:00');
    await bureau.run(suspended('C1'));
    clock.set('2026-09-23 09:00:00');
    await ledger.run(raw(`alter table case_snapshot add constraint shut check (case_no = '' or id <= 1)`));
    for (const time of ['2026-09-23 09:00:00', '2026-09-23 09:00:10', '2026-09-23 09:00:20']) {
      clock.set(time);
      expect((await poller.poll(always)).failure).toBeDefined();
      await supervising.look(always);
    }
    expect(await known()).toBe(at('2026-09-14 09:00:00'));
    expect(await levels()).toEqual([]);
    await ledger.run(raw('alter table case_snapshot drop constraint shut'));
    clock.set('2026-09-23 09:01:00');
    expect(await poller.poll(always)).toMatchObject({ changed: 1 });
    await supervising.look(always);
    expect(await known()).toBe(at('2026-09-23 09:01:00'));
    expect(await levels()).toEqual([]);
  });

  it('a poll that was left before its last page makes none known; the last page of one that went on does', async () => {
    poller = await makePoller(1);
    for (const no of ['C1', 'C2', 'C3']) await bureau.run(accepted(no));
    await poller.poll(() => Promise.resolve(false));
    expect(await known()).toBeUndefined();
    clock.set('2026-09-14 09:00:05');
    await poller.poll(always);
    expect(await known()).toBe(at('2026-09-14 09:00:05'));
    // Another process that saw less does not take it back.
    await capture.noteKnown('case', at('2026-09-14 09:00:01'));
    expect(await known()).toBe(at('2026-09-14 09:00:05'));
  });

  it('behind a transaction that stays open others commit unseen: no card for what came after it', async () => {
    const supervising = supervise(100);
    await bureau.run(accepted('C1'));
    await poller.poll(always);
    await supervising.look(always);
    const open = bureau.source.createQueryRunner();
    await open.startTransaction();
    await open.query(`update land_case set remark = 'open' where case_no = 'C1'`);
    await bureau.run(accepted('C2'));
    await bureau.run(suspended('C2'));
    for (const time of ['2026-09-23 09:00:00', '2026-09-23 09:00:10', '2026-09-23 09:00:20']) {
      clock.set(time);
      await poller.poll(always);
      await supervising.look(always);
    }
    expect(await known()).toBe(at('2026-09-14 09:00:00'));
    expect(await levels()).toEqual([]);
    await open.commitTransaction();
    await open.release();
    clock.set('2026-09-23 09:00:30');
    await poller.poll(always);
    await supervising.look(always);
    expect(await known()).toBe(at('2026-09-23 09:00:30'));
    expect(await levels()).toEqual(['C1 warning', 'C1 yellow']);
  });

  it('of a case that was recorded several times the last word counts, however small the steps in which it is followed', async () => {
    await bureau.run(accepted('C1'));
    await bureau.run(accepted('C2'));
    await poller.poll(always);
    clock.set('2026-09-16 09:00:00');
    await bureau.run(suspended('C1'));
    clock.set('2026-09-23 09:00:00');
    await poller.poll(always);
    await supervise(1).look(always);
    expect(await levels()).toEqual(['C2 warning', 'C2 yellow']);
  });
});
