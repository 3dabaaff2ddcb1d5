import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { bureauTime } from '../../src/domain/bureau-time.js';
import { itemOf } from '../../src/domain/event-item.js';
import type { ManifestLine } from '../../src/domain/receiver-messages.js';
import type { ChannelSettings, Settings } from '../../src/domain/settings.js';
import type { CaseSnapshot, Row } from '../../src/domain/snapshot.js';
import { streamSchema } from '../../src/domain/stream.js';
import { findStream, streamOfEvent, supervisionStream } from '../../src/domain/supervision-stream.js';
import { AcknowledgementStore } from '../../src/ledger/acknowledgement.store.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { deriveReports } from '../../src/ledger/compose-report.js';
import { exchangeRow } from '../../src/ledger/exchange-row.js';
import { reportsOf } from '../../src/ledger/ledger.module.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { OpeningStore } from '../../src/ledger/opening.store.js';
import { OpinionStore } from '../../src/ledger/opinion.store.js';
import { RecoveryStore } from '../../src/ledger/recovery.store.js';
import type { ReportStore } from '../../src/ledger/report.store.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { factsOf } from '../../src/mapping/facts-of.js';
import { produceMessage } from '../../src/mapping/produce-message.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { loadSupervision } from '../../src/supervision/load-supervision.adapter.js';
import { SupervisionPoller } from '../../src/supervision/supervision.poller.js';
import { at, officeHours } from '../support/clock-facts.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  constructor(private ms: number) { super(); }
  now(): Date { return new Date(this.ms); }
  set(text: string): void { this.ms = Date.parse(at(text)); }
  pass(ms: number): void { this.ms += ms; }
}

const yaml = (file: string): unknown => parse(readFileSync(file, 'utf8'));
const stream = streamSchema.parse(yaml('config/streams/case.yaml'));
const channel = { ...(yaml('config/channels/supervision.yaml') as ChannelSettings), enabled: true };
const { mappings, faults } = loadMappings({ dir: 'mappings', streams: [stream], channels: [channel] });
// Without a catalogue the limits of the bureau's row hold.
const supervision = { ...loadSupervision({ dir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv' }).supervision!, limits: new Map() };
const rules = new Map([['supervision', 'accepted' as const]]);
const goOn = (): Promise<boolean> => Promise.resolve(true);

let db: DatabaseAdapter;
let clock: HeldClock;
let exchanges: ExchangeStore;
let capture: CaptureStore;
let opinions: OpinionStore;
let reports: ReportStore;
let cards: CardStore;
let poller: SupervisionPoller;
let snapshots = 0;

function open(told: readonly ChannelSettings[] = [channel]): void {
  const settings = { channels: told, supervision: { stream: 'case' } } as unknown as Settings;
  opinions = new OpinionStore(db, clock, new Map(told.map((c) => [c.channel, c.supervision!.body])));
  reports = reportsOf(db, clock, exchanges, rules, opinions, settings);
  cards = new CardStore(db, clock, reports);
  poller = new SupervisionPoller({
    store: new ClockStore(db, clock, cards, reports), cards, reports, alarms: new AlarmStore(db, clock), supervision, calendar: { version: 'one', national: nationalYears(), local: [], hours: officeHours },
    settings: { bodies: ['hunan'], askAgainMs: 10_000, batch: 100, notify: [], stream: 'case' }, clock, log: createLog({ level: 'silent', instance: 'test' }),
  });
}

const handling = (accepted: string, more: Row = {}): Row => ({
  case_no: null, item_code: 'DJ05', item_name: '国有建设用地使用权转移登记', section: '地籍', division_code: '430903', accept_org: '市国土资源局', accept_org_uscc: '11430900YY0001012J', accepted_at: accepted,
  committed_limit: '7', committed_unit: 'W', statutory_limit: '10', statutory_unit: 'W', ...more,
});
/** A snapshot as the capture records it, with the acceptance that it reports. */
async function seen(caseNo: string, row: Row, children: Record<string, readonly Row[]> = {}, urgent: readonly string[] = []): Promise<void> {
  const event = (name: string, phase: number): Parameters<CaptureStore['record']>[1][number]['events'][number] => ({ channel: 'supervision', event: name, sequence: '1', at: row['accepted_at']!, phase, urgent: urgent.includes(name), digest: name });
  await capture.record('case', [{ caseNo, body: JSON.stringify({ case: { ...row, case_no: caseNo }, children }), digest: String(++snapshots), events: [event('acceptance', 30), ...urgent.map((u) => event(u, 40))] }]);
}
/** Looks once everything up to now is known. */
async function look(): Promise<void> {
  await capture.noteKnown('case', clock.iso());
  clock.pass(2000);
  await poller.look(goOn);
}
const all = async (): Promise<string[]> =>
  (await db.run(sql`select event, sequence, version, operation, state, head from exchange where event <> 'acceptance' order by id ${raw('')}`)).rows
    .map((r) => `${String(r['event'])} ${String(r['sequence'])} v${String(r['version'])} ${String(r['operation'])} ${String(r['state'])}${Number(r['head']) === 1 ? ' head' : ''}`);
/** As delivery and acknowledgement leave them: what is in front of each lane is accepted. */
async function accept(): Promise<void> {
  const { rows } = await db.run(sql`select id, state from exchange where state in ('captured', 'rendered') order by id ${raw('')}`);
  await db.run(raw(`update exchange set tried = 1 where state in ('captured', 'rendered')`));
  await db.transaction((runner) => exchanges.move(runner, rows.map((r) => ({ id: String(r['id']), from: String(r['state']) as 'captured', to: 'accepted' as const, note: 'accepted' })), { actor: 'test' }));
}
/** Renders what waits; findings are none and the XSD takes it. */
async function rendered(): Promise<string[]> {
  const rows = (await db.run(sql`select * from exchange where stream = ${supervisionStream.stream} and state = 'captured' order by id ${raw('')}`)).rows.map(exchangeRow);
  const found = await new MessageStore(db, clock, exchanges).snapshots(rows);
  return rows.map((row) => {
    const mapping = mappings.find((m) => m.event === row.event)!;
    const snapshot = found.get(row.id)!;
    const { text, findings } = produceMessage(mapping, snapshot, itemOf(findStream([], row.stream)!, row.event, row.sequence, snapshot), factsOf(row), channel);
    expect(findings).toEqual([]);
    return text;
  });
}
const element = (xml: string, name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(xml)?.[1] ?? '';

beforeEach(async () => {
  db = await openPostgres(await freshDatabase('report'), true);
  clock = new HeldClock(0);
  clock.set('2026-09-14 12:00:00');
  exchanges = new ExchangeStore(db, clock, rules, { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 });
  capture = new CaptureStore(db, clock, exchanges, rules);
  await capture.watermark('case');
  open();
});
afterEach(() => db.close());
afterAll(() => stopPostgres());

test('the mappings of the channel compile', () => expect(faults).toEqual([]));

test('lights: only real changes, in the lane of the case, and none that was overtaken before it left', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  expect(await all()).toEqual(['light hunan v1 I captured']); // behind the acceptance, which is not through
  expect((await rendered()).map((x) => [element(x, 'LIGHT'), element(x, 'TIME_USE'), element(x, 'AREA_CODE'), element(x, 'FSSJ')])).toEqual([['1', '1', '4309030000', '20260914120002']]);
  // Days go by while the channel stands still: the newest colour takes the place of the one that never left.
  clock.set('2026-09-18 09:00:00');
  await look();
  expect((await all())[0]).toBe('light hunan v1 I captured');
  expect((await rendered()).map((x) => [element(x, 'LIGHT'), element(x, 'CLOCK_STATE'), element(x, 'MSGTYPE')])).toEqual([['2', '2', 'light'], ['', '', 'card']]);
  await accept();
  // Nothing changes: nothing is sent, however often it is looked.
  clock.set('2026-09-19 10:00:00');
  await look();
  await look();
  expect(await all()).toEqual(['light hunan v1 I accepted', 'card hunan.case.1.warning v1 I accepted']);
  // Suspended, and resumed before the grey light left: the receiver holds yellow, so nothing is to be said.
  const special = { special_no: '1', started_at: '2026-09-19 11:00:00.000', ended_at: null, approved_length: '5', approved_unit: 'W', notice_no: 'N1' };
  clock.set('2026-09-21 09:00:00');
  await seen('C1', handling('2026-09-14 08:30:00.000'), { specials: [special] });
  await look();
  expect((await all()).at(-1)).toBe('light hunan v2 U captured head');
  expect((await rendered()).map((x) => [element(x, 'LIGHT'), element(x, 'CLOCK_STATE')])).toEqual([['4', '5']]);
  await seen('C1', handling('2026-09-14 08:30:00.000'), { specials: [{ ...special, ended_at: '2026-09-21 08:40:00.000' }] });
  await look();
  expect((await all()).at(-1)).toBe('light hunan v2 U cancelled head');
  // Suspended once more: that is news again.
  await seen('C1', handling('2026-09-14 08:30:00.000'), { specials: [{ ...special, ended_at: '2026-09-21 08:40:00.000' }, { ...special, special_no: '2', started_at: '2026-09-21 08:50:00.000' }] });
  await look();
  expect((await all()).at(-1)).toBe('light hunan v3 U captured head');
  await accept();
  // Closed: the light goes out, once.
  await seen('C1', handling('2026-09-14 08:30:00.000', { closed_at: '2026-09-21 08:55:00.000', result_code: 'PASS' }), { specials: [special] });
  await look();
  await look();
  expect((await rendered()).map((x) => [element(x, 'LIGHT'), element(x, 'CLOCK_STATE')])).toEqual([['0', '6']]);
});

test('a light that never was on does not go out, and what never left of a case that closes is dropped', async () => {
  await seen('C1', handling('2026-09-01 08:30:00.000', { closed_at: '2026-09-02 09:00:00.000', result_code: 'PASS' }));
  await seen('C2', handling('2026-09-14 08:30:00.000'));
  await look();
  expect(await all()).toEqual(['light hunan v1 I captured']);
  await seen('C2', handling('2026-09-14 08:30:00.000', { closed_at: '2026-09-14 11:59:00.000', result_code: 'PASS' }));
  await look();
  expect(await all()).toEqual(['light hunan v1 I cancelled']);
});

test('cards: what people decide is the next version; late facts that put one in doubt too', async () => {
  const row = handling('2026-09-14 08:30:00.000');
  await seen('C1', row);
  await look();
  clock.set('2026-09-24 09:00:00');
  await look();
  await accept();
  const [yellow] = await cards.find({ level: 'yellow' }, 1);
  expect(await cards.decide(yellow!.id, 'appeal', 'ann', '当事人申诉')).toBe(true);
  expect((await all()).at(-1)).toBe('card hunan.case.1.yellow v2 U captured head');
  expect(await cards.decide(yellow!.id, 'revoke', 'ann', '告知书补录 <2>')).toBe(true);
  expect((await all()).at(-1)).toBe('card hunan.case.1.yellow v2 U captured head'); // the appeal never left: its version takes the newest word
  expect((await rendered()).map((x) => [element(x, 'RESULT'), element(x, 'STATE'), element(x, 'STATE_EXPLAIN'), element(x, 'REVIEW'), element(x, 'PROMISES_LIMIT'), element(x, 'TIME_LIMIT')])).toEqual([['2', 'C', '告知书补录 &lt;2&gt;', '1', '7', '10']]);
  expect(await cards.decide(yellow!.id, 'revoke', 'ann', 'again')).toBe(false);
  await accept();
  await seen('C1', row, { specials: [{ special_no: '1', started_at: '2026-09-15 08:30:00.000', ended_at: '2026-09-23 08:30:00.000', approved_length: '30', approved_unit: 'W', notice_no: 'N1' }] });
  await look();
  expect((await rendered()).map((x) => [element(x, 'MSGTYPE'), element(x, 'LIGHT'), element(x, 'REVIEW')])).toEqual([['light', '1', ''], ['card', '', '0'], ['card', '', '0']]);
});

test('a case that is gone takes back what never left; one that is back is told anew', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  await accept();
  clock.set('2026-09-18 09:00:00');
  await look();
  expect((await all()).slice(1)).toEqual(['light hunan v2 U captured head', 'card hunan.case.1.warning v1 I captured']);
  await capture.recordRemoved('case', ['C1'], { event: 'result', channels: [], at: bureauTime(clock.now()) });
  await look();
  expect((await all()).slice(1).map((x) => x.replace(' head', ''))).toEqual(['light hunan v2 U cancelled', 'card hunan.case.1.warning v1 I cancelled']);
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  expect((await all()).slice(3).map((x) => x.replace(' head', ''))).toEqual(['light hunan v3 U captured', 'card hunan.case.1.warning v2 I captured']);
});

test('what no message says is no reason to say one again: found by a storm in which cards were sent word for word', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  clock.set('2026-09-18 09:00:00');
  await look();
  await accept();
  const before = await all();
  await seen('C1', handling('2026-09-14 08:30:00.000', { section: '地产', remark: '更正' }));
  await look();
  expect(await all()).toEqual(before);
  const snapshot = (caseRow: Row): CaseSnapshot => ({ stream: 'supervision', caseNo: 'C1', case: caseRow, children: { lights: [], cards: [], replies: [{ their_no: '7', channel: 'supervision', reply: 'x', replied_by: 'ann', replied_at: '2026-09-18 09:00:00.000' }] } });
  const digest = (caseRow: Row): string => deriveReports(snapshot(caseRow), [{ channel: 'supervision', body: 'hunan', events: ['query-reply'] }])[0]!.digest;
  expect(digest({ case_no: 'C1', item_name: 'a' })).toBe(digest({ case_no: 'C1', item_name: 'b' })); // its message names the case by its number alone
});

test('nothing is said behind the removal of a case, although its clock has not followed yet', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  clock.set('2026-09-24 09:00:00');
  await look();
  await accept();
  const [yellow] = await cards.find({ level: 'yellow' }, 1);
  await capture.recordRemoved('case', ['C1'], { event: 'result', channels: ['supervision'], at: bureauTime(clock.now()) });
  const before = await all();
  expect(before.at(-1)).toBe('result 1 v1 D captured head');
  await cards.decide(yellow!.id, 'appeal', 'ann', '当事人申诉');
  expect(await all()).toEqual(before);
});

test('who holds but a card of a case is told that it is gone', async () => {
  const online: Row = { ...handling('2026-09-14 08:30:00.000'), accepted_at: null, applied_at: '2026-09-14 08:30:00.000', apply_source: 'N' };
  await capture.record('case', [{ caseNo: 'C1', body: JSON.stringify({ case: { ...online, case_no: 'C1' }, children: {} }), digest: 'online', events: [] }]);
  clock.set('2026-09-17 09:00:00');
  await look();
  expect(await all()).toEqual(['card hunan.pre-acceptance.1.warning v1 I captured head']);
  await accept();
  await capture.recordRemoved('case', ['C1'], { event: 'result', channels: ['supervision'], at: bureauTime(clock.now()) });
  expect((await all()).at(-1)).toBe('result 1 v1 D captured head');
});

test('a channel that is new is told everything once, a page at a time; a restored ledger the same, and nothing twice', async () => {
  open([]);
  for (let i = 0; i < 7; i += 1) await seen(`C${i}`, handling('2026-09-14 08:30:00.000'));
  await seen('C9', handling('2026-09-01 08:30:00.000', { closed_at: '2026-09-02 09:00:00.000' }));
  await look();
  expect(await all()).toEqual([]);
  open();
  await look();
  expect(await all()).toEqual(Array.from({ length: 7 }, () => 'light hunan v1 I captured'));
  await accept();
  // As recovery leaves it: the heads are unknown, the walk is ordered.
  await db.run(raw(`update case_head set digest = 'unknown' where stream = 'supervision'`));
  await db.run(raw(`update supervision_position set stamp = null where name = 'reports'`));
  await look();
  expect(await all()).toEqual(Array.from({ length: 7 }, () => 'light hunan v1 I accepted'));
  expect(await reports.sweep(3)).toEqual({ left: false, seen: 0 });
  await db.run(raw(`update supervision_position set stamp = null where name = 'reports'`));
  expect([await reports.sweep(3), await reports.sweep(3), await reports.sweep(3), await reports.sweep(3)].map((s) => s.seen)).toEqual([3, 3, 1, 0]);
});

test('a ledger restored from before learns from the manifests what was sent of the own stream, and says nothing twice', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  const { rows } = await db.run(sql`select * from exchange order by id ${raw('')}`);
  const lines = rows.map(exchangeRow).map((e): ManifestLine => ({
    messageId: e.messageId, message: e.event, caseNo: e.caseNo, version: e.version, recovery: { sequence: e.sequence, operation: e.operation, at: e.eventAt, digest: e.eventDigest }, fileName: e.fileName, size: 1, sha256: 'b'.repeat(64), attachments: [],
  }));
  // What was opened and sent after the backup is not in it.
  for (const table of ['exchange_log', 'exchange', 'case_head', 'case_snapshot']) await db.run(raw(`delete from ${table}${table === 'exchange_log' || table === 'exchange' ? '' : ` where stream = 'supervision'`}`));
  const acknowledgements = new AcknowledgementStore(db, clock, exchanges, new InboxStore(db, clock));
  const recovery = new RecoveryStore(db, clock, exchanges, new OpeningStore(db, exchanges, rules), acknowledgements, rules);
  await new ChannelStore(db, clock, { failuresToOpen: 1, probeEveryMs: 1 }).ensure(['supervision']);
  await recovery.record({ channel: 'supervision', seq: '1', fileName: 'M0000000001.xml', content: Buffer.from('x'), sha256: 'c'.repeat(64), createdAt: clock.iso(), lines }, { stream: (event) => streamOfEvent(channel, event), urgent: () => false }, () => undefined);
  expect((await db.run(sql`select stream, event, state from exchange order by event ${raw('')}`)).rows.map((r) => `${String(r['stream'])} ${String(r['event'])} ${String(r['state'])}`)).toEqual(['case acceptance staged', 'supervision light staged']);
  await look();
  expect(await all()).toEqual(['light hunan v1 I staged']);
  clock.set('2026-09-18 09:00:00');
  await look();
  expect((await all()).slice(1)).toEqual(['light hunan v2 U captured', 'card hunan.case.1.warning v1 I captured']);
});

test('what names the case is corrected: a parked light goes again by itself', async () => {
  await seen('C1', handling('2026-09-14 08:30:00.000', { division_code: '430904' }));
  await look();
  await db.run(raw(`update exchange set state = 'parked', parked_from = 'captured' where event = 'light'`));
  await look();
  expect(await all()).toEqual(['light hunan v1 I parked']);
  await seen('C1', handling('2026-09-14 08:30:00.000'));
  await look();
  expect(await all()).toEqual(['light hunan v1 I captured']);
  expect((await rendered()).map((x) => element(x, 'AREA_CODE'))).toEqual(['4309030000']);
});

test('a decision and a look at the same moment do not undo each other', async () => {
  for (let i = 0; i < 10; i += 1) await seen(`C${i}`, handling('2026-09-14 08:30:00.000'));
  await look();
  clock.set('2026-09-24 09:00:00');
  await look();
  await accept();
  const found = await cards.find({ level: 'yellow' }, 10);
  for (let i = 0; i < 10; i += 1) await seen(`C${i}`, handling('2026-09-14 08:30:00.000'), { specials: [{ special_no: '1', started_at: '2026-09-15 08:30:00.000', ended_at: '2026-09-23 08:30:00.000', approved_length: '30', approved_unit: 'W', notice_no: 'N1' }] });
  await Promise.all([look(), ...found.map((c) => cards.decide(c.id, 'revoke', 'ann', 'late notice'))]);
  await look();
  const told = (await rendered()).filter((x) => element(x, 'RESULT') === '2').map((x) => `${element(x, 'STATE')}${element(x, 'REVIEW')}`);
  expect(told).toEqual(Array.from({ length: 10 }, () => 'C0'));
});
