import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { runCli } from '../../src/cli/run-cli.command.js';
import type { ChannelSettings, Settings } from '../../src/domain/settings.js';
import type { Row } from '../../src/domain/snapshot.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { CaseTimelineStore } from '../../src/ledger/case-timeline.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { reportsOf } from '../../src/ledger/ledger.module.js';
import { OpinionStore } from '../../src/ledger/opinion.store.js';
import type { ReportStore } from '../../src/ledger/report.store.js';
import { ReturnFileStore } from '../../src/ledger/return-file.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { judgeReturned } from '../../src/reconciliation/judge-returned.js';
import { loadReturnMappings } from '../../src/reconciliation/load-return-mappings.adapter.js';
import { loadSupervision } from '../../src/supervision/load-supervision.adapter.js';
import { OpinionPoller } from '../../src/supervision/opinion.poller.js';
import { SupervisionPoller } from '../../src/supervision/supervision.poller.js';
import { at, officeHours } from '../support/clock-facts.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  constructor(private ms: number) { super(); }
  now(): Date { return new Date(this.ms); }
  set(text: string): void { this.ms = Date.parse(at(text)); }
  pass(ms: number): void { this.ms += ms; }
}

const channel = { ...(parse(readFileSync('config/channels/supervision.yaml', 'utf8')) as ChannelSettings), enabled: true };
const returns = loadReturnMappings(path.resolve('mappings'), [channel]).mappings.get('supervision')!;
const supervision = { ...loadSupervision({ dir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv' }).supervision!, limits: new Map() };
const rules = new Map([['supervision', 'accepted' as const]]);
const log = createLog({ level: 'silent', instance: 'test' });
const goOn = (): Promise<boolean> => Promise.resolve(true);

let url: string;
let db: DatabaseAdapter;
let clock: HeldClock;
let exchanges: ExchangeStore;
let capture: CaptureStore;
let opinions: OpinionStore;
let reports: ReportStore;
let cards: CardStore;
let files: ReturnFileStore;
let supervising: SupervisionPoller;
let comparing: OpinionPoller;
let snapshots = 0;

const row = (more: Row = {}): Row => ({ item_code: 'DJ05', item_name: '转移登记', section: '地籍', division_code: '430903', accept_org: '市国土资源局', accept_org_uscc: '11430900YY0001012J', accepted_at: '2026-09-14 08:30:00.000', committed_limit: '7', committed_unit: 'W', statutory_limit: '10', statutory_unit: 'W', ...more });
const suspended = { specials: [{ special_no: '1', started_at: '2026-09-16 08:30:00.000', ended_at: '2026-09-21 08:30:00.000', approved_length: '5', approved_unit: 'W', notice_no: 'N1' }] };

/** As the capture records a case: its acceptance, and where it was suspended the suspension and the resumption. */
async function seen(caseNo: string, children: Record<string, readonly Row[]> = {}): Promise<void> {
  const event = (name: string, when: string): Parameters<CaptureStore['record']>[1][number]['events'][number] => ({ channel: 'supervision', event: name, sequence: '1', at: when, phase: 40, urgent: false, digest: name });
  const events = [event('acceptance', '2026-09-14 08:30:00.000'), ...(children['specials'] ? [event('special-start', '2026-09-16 08:30:00.000'), event('special-end', '2026-09-21 08:30:00.000')] : [])];
  await capture.record('case', [{ caseNo, body: JSON.stringify({ case: { ...row(), case_no: caseNo }, children }), digest: String(++snapshots), events }]);
}
async function look(): Promise<void> {
  await capture.noteKnown('case', clock.iso());
  clock.pass(2000);
  await supervising.look(goOn);
}
/** Everything of these events is accepted by the supervising side now. */
async function accept(...events: string[]): Promise<void> {
  const { rows } = await db.run(sql`select id, state, event from exchange where state = 'captured' order by id ${raw('')}`);
  await db.transaction((runner) => exchanges.move(runner, rows.filter((r) => events.includes(String(r['event']))).map((r) => ({ id: String(r['id']), from: 'captured' as const, to: 'accepted' as const, note: 'accepted' })), { actor: 'test' }));
}
interface Said { readonly no: string; readonly caseNo: string; readonly result: number; readonly state?: string; readonly at: string; readonly more?: string }
function cardsFile(day: string, issue: number, said: readonly Said[]): Buffer {
  const compact = (text: string): string => text.replace(/\D/g, '');
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><JC_CARDS><HEAD><FILE_TYPE>cards</FILE_TYPE><FILE_ID>cards-${compact(day)}</FILE_ID><ISSUE>${issue}</ISSUE><DAY>${compact(day)}</DAY><COUNT>${said.length}</COUNT><MADE_TIME>${compact(day)}230000</MADE_TIME></HEAD>${said.map((s) =>
    `<CARD><SUPERVISE_NO>${s.no}</SUPERVISE_NO><INSTANCE_CODE>${s.caseNo}</INSTANCE_CODE><SUPERVISE_TYPE>1011</SUPERVISE_TYPE><RESULT>${s.result}</RESULT><STATE>${s.state ?? 'Y'}</STATE><STATE_TIME>${compact(s.at)}</STATE_TIME>${s.more ?? ''}</CARD>`).join('')}</JC_CARDS>`);
}
/** A file as it comes in, is read and recorded; gives its outcome. */
async function comes(name: string, bytes: Buffer): Promise<string> {
  const [receipt] = await files.inbox.receive([{ channel: 'supervision', kind: 'return', source: 'file', externalId: name, contentType: 'application/xml', content: bytes }]);
  if (!receipt!.isNew) return 'repeated';
  const [entry] = await files.inbox.claimUnread('supervision', 1, 1000, 'return');
  return (await files.record({ ...entry!, size: entry!.content.length }, judgeReturned(bytes, '', name, returns)))!.outcome;
}
const differences = async (): Promise<string[]> => (await opinions.comparisons({}, 100)).flatMap((c) => c.differences.map((d) => `${c.caseNo} ${d.kind}: ${d.reasons.map((r) => r.reason).join(' + ')}`)).sort();

beforeEach(async () => {
  url = await freshDatabase('opinions');
  db = await openPostgres(url, true);
  clock = new HeldClock(0);
  clock.set('2026-09-14 12:00:00');
  exchanges = new ExchangeStore(db, clock, rules, { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 });
  capture = new CaptureStore(db, clock, exchanges, rules);
  await capture.watermark('case');
  await new ChannelStore(db, clock, { failuresToOpen: 1, probeEveryMs: 1 }).ensure(['supervision']);
  opinions = new OpinionStore(db, clock, new Map([['supervision', 'hunan']]));
  reports = reportsOf(db, clock, exchanges, rules, opinions, { channels: [channel], supervision: { stream: 'case' } } as unknown as Settings);
  cards = new CardStore(db, clock, reports);
  files = new ReturnFileStore(db, clock, new InboxStore(db, clock), new ReturnedRecordStore(db, clock), opinions);
  const parts = { store: new ClockStore(db, clock, cards, reports), cards, alarms: new AlarmStore(db, clock), supervision, calendar: { version: 'one', national: nationalYears(), local: [], hours: officeHours }, clock, log };
  supervising = new SupervisionPoller({ ...parts, reports, settings: { bodies: ['hunan'], askAgainMs: 10_000, batch: 100, notify: [], stream: 'case' } });
  comparing = new OpinionPoller({ ...parts, opinions, timeline: new CaseTimelineStore(db), settings: { stream: 'case', batch: 100 } });
});
afterEach(() => db.close());
afterAll(() => stopPostgres());

test('their cards come, are compared with ours, and each difference says why; later facts compare them again', async () => {
  await seen('SAME');
  await seen('LATE', suspended);
  await seen('OURS');
  await look();
  await accept('acceptance');
  clock.set('2026-09-23 09:00:00');
  await look();
  clock.set('2026-09-24 10:00:00');
  const file = cardsFile('2026-09-24', 1, [
    { no: 'JC1', caseNo: 'SAME', result: 2, at: '2026-09-24 01:00:00', more: '<PROMISES_LIMIT>7</PROMISES_LIMIT><TIME_USE>9</TIME_USE>' },
    { no: 'JC2', caseNo: 'LATE', result: 2, at: '2026-09-24 01:00:00', more: '<TIME_USE>9</TIME_USE>' },
    { no: 'JC3', caseNo: 'NOBODY', result: 3, at: '2026-09-24 01:00:00' },
  ]);
  expect(await comes('cards-20260924.1.xml', file)).toBe('accepted');
  expect(await comparing.look(goOn)).toBe(4);
  expect(await differences()).toEqual(['LATE other-level: suspension-not-received', 'NOBODY only-theirs: case-unknown', 'OURS only-ours: unexplained']);
  const [late] = await opinions.comparisons({ caseNo: 'LATE' }, 1);
  expect(late!.differences[0]!.reasons[0]!.details).toMatchObject({ judgedAt: '2026-09-24 01:00:00', event: 'special-start', acceptedAt: '-' });
  expect(await opinions.comparisons({ caseNo: 'SAME' }, 1)).toMatchObject([{ differences: [] }]);
  expect(await comparing.look(goOn)).toBe(0);

  // We revoke ours, they list the one that was missing, and take back the wrong one: everything is judged anew.
  const [ours] = await cards.find({ caseNo: 'SAME', level: 'yellow' }, 1);
  await cards.decide(ours!.id, 'revoke', 'ann', 'wrong');
  expect(await comes('cards-20260925.1.xml', cardsFile('2026-09-25', 1, [{ no: 'JC4', caseNo: 'OURS', result: 2, at: '2026-09-25 01:00:00' }, { no: 'JC2', caseNo: 'LATE', result: 2, state: 'C', at: '2026-09-25 01:00:00' }, { no: 'JC5', caseNo: 'LATE', result: 1, at: '2026-09-25 01:00:00' }]))).toBe('accepted');
  await comparing.look(goOn);
  expect(await differences()).toEqual(['NOBODY only-theirs: case-unknown', 'SAME other-level: revoked-by-us']);
  expect((await opinions.opinions({ caseNo: 'LATE' }, 10)).map((o) => `${o.theirNo} ${o.state}`)).toEqual(['JC5 issued', 'JC2 revoked']);
  expect((await opinions.opinions({ caseNo: 'LATE', past: true }, 10)).map((o) => `${o.state} ${o.isCurrent}`)).toEqual(['issued true', 'revoked true', 'issued false']);
});

test('the command line shows what they say and why it differs, and answers once', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-opinions-'));
  try {
    cpSync('config', folder, { recursive: true });
    for (const name of ['center', 'provincial']) writeFileSync(path.join(folder, 'channels', `${name}.yaml`), readFileSync(path.join(folder, 'channels', `${name}.yaml`), 'utf8').replace('stream: case', 'enabled: false\nstream: case'));
    const env = {
      GATEWAY_CONFIG_DIR: folder, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url,
      SUPERVISION_CHANNEL: 'true', SUPERVISION_SFTP_HOST: 'jc.example', SUPERVISION_SFTP_PASSWORD: 'pass-word', SUPERVISION_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`, SUPERVISION_ACK_SECRET: `whsec_${'c2VjcmV0'.repeat(5)}`,
    };
    const cli = async (...args: string[]): Promise<{ code: number; out: string }> => {
      let out = '';
      const code = await runCli(args, { env, clock, user: 'tester', out: (t) => { out += String(t); }, err: (t) => { out += t; } });
      return { code, out };
    };
    await seen('LATE', suspended);
    await look();
    await accept('acceptance');
    clock.set('2026-09-24 10:00:00');
    await look();
    await comes('cards-20260924.1.xml', cardsFile('2026-09-24', 1, [{ no: 'JC2', caseNo: 'LATE', result: 2, at: '2026-09-24 01:00:00', more: '<TIME_USE>9</TIME_USE>' }]));
    await comes('q1.1.xml', Buffer.from('<JC_QUERIES><HEAD><FILE_TYPE>queries</FILE_TYPE><FILE_ID>q1</FILE_ID><ISSUE>1</ISSUE><DAY>20260924</DAY><COUNT>1</COUNT><MADE_TIME>20260924120000</MADE_TIME></HEAD><QUERY><SUPERVISE_NO>DB1</SUPERVISE_NO><INSTANCE_CODE>LATE</INSTANCE_CODE><CONTENT>why</CONTENT><SEND_TIME>20260924120000</SEND_TIME></QUERY></JC_QUERIES>'));
    await comparing.look(goOn);
    for (const args of [['opinions'], ['cards'], ['clock', 'LATE']]) expect((await cli(...args)).out).toContain('because at 2026-09-24 01:00:00 they had not received the suspension special-start 1');
    expect(await cli('opinions', '--queries')).toMatchObject({ code: 1, out: expect.stringContaining('DB1 about case LATE') });
    expect((await cli('opinions', '--reply', '1', '--text', 'late notice')).out).toContain('Nothing was done: add --yes');
    expect(await cli('opinions', '--reply', '1', '--text', 'late notice', '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('answered DB1') });
    expect((await cli('opinions', '--reply', '1', '--text', 'again', '--yes')).out).toContain('was answered by');
    expect((await cli('opinions', '--reply', 'x', '--text', 'again')).code).toBe(2);
    expect((await db.run(sql`select state from exchange where event = 'query-reply' ${raw('')}`)).rows).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test('an issue replaces the one before, one that comes late stands back, and a bad file changes nothing', async () => {
  const one = (result: number): Said[] => [{ no: 'JC1', caseNo: 'C1', result, at: '2026-09-24 01:00:00' }];
  expect(await comes('cards-20260924.1.xml', cardsFile('2026-09-24', 1, [...one(1), { no: 'JC2', caseNo: 'C2', result: 1, at: '2026-09-24 01:00:00' }]))).toBe('accepted');
  expect(await comes('cards-20260924.3.xml', cardsFile('2026-09-24', 3, one(3)))).toBe('reissued');
  expect(await comes('cards-20260924.2.xml', cardsFile('2026-09-24', 2, one(2)))).toBe('overtaken');
  expect((await opinions.opinions({}, 10)).map((o) => `${o.theirNo} ${o.result}`)).toEqual(['JC1 red']); // JC2 is not listed any more
  expect(await comes('cards-20260924.3.xml', cardsFile('2026-09-24', 3, one(2)))).toBe('changed-content');
  expect(await comes('cards-20260924.4.xml', cardsFile('2026-09-24', 4, one(7)))).toBe('unknown-code');
  expect(await comes('cards-20260924.5.xml', cardsFile('2026-09-24', 4, one(2)))).toBe('file-name');
  expect(await comes('cards-20260924.4.xml', cardsFile('2026-09-24', 4, [...one(2), ...one(1)]))).toBe('repeated-number');
  expect((await opinions.opinions({}, 10)).map((o) => `${o.theirNo} ${o.result}`)).toEqual(['JC1 red']);
  expect(await comes('cards-20260924.3.xml', cardsFile('2026-09-24', 3, one(3)))).toBe('repeated');
});

test('a query is told until it is answered; the answer goes out once, in the lane of the case, and outlives a new issue', async () => {
  await seen('C1');
  await look();
  const query = (issue: number, text: string): Buffer => Buffer.from(`<JC_QUERIES><HEAD><FILE_TYPE>queries</FILE_TYPE><FILE_ID>q1</FILE_ID><ISSUE>${issue}</ISSUE><DAY>20260924</DAY><COUNT>1</COUNT><MADE_TIME>20260924120000</MADE_TIME></HEAD><QUERY><SUPERVISE_NO>DB1</SUPERVISE_NO><INSTANCE_CODE>C1</INSTANCE_CODE><CONTENT>${text}</CONTENT><SEND_TIME>20260924120000</SEND_TIME></QUERY></JC_QUERIES>`);
  expect(await comes('q1.1.xml', query(1, '为何出牌'))).toBe('accepted');
  await comparing.look(goOn);
  expect((await db.run(sql`select kind from alarm where kind = 'query-open' ${raw('')}`)).rows).toHaveLength(1);
  const [asked] = await opinions.queries({ open: true }, 10);
  expect(asked).toMatchObject({ theirNo: 'DB1', text: '为何出牌', caseNo: 'C1' });
  expect(await reports.reply(asked!, { text: '告知书补录', actor: 'ann' })).toBe(true);
  expect(await reports.reply(asked!, { text: '再答', actor: 'bob' })).toBe(false);
  expect(await opinions.queries({ open: true }, 10)).toEqual([]);
  const replies = async (): Promise<string[]> => (await db.run(sql`select sequence, version, state, head from exchange where event = 'query-reply' ${raw('')}`)).rows.map((r) => `${String(r['sequence'])} v${String(r['version'])} ${String(r['state'])} ${String(r['head'])}`);
  expect(await replies()).toEqual(['DB1 v1 captured 0']); // behind the acceptance and the light
  expect(await comes('q1.2.xml', query(2, '为何出牌，请详述'))).toBe('reissued');
  expect((await opinions.queries({}, 10)).map((q) => [q.text, q.reply?.text])).toEqual([['为何出牌，请详述', '告知书补录']]);
  await look();
  expect(await replies()).toEqual(['DB1 v1 captured 0']);
  // A case that is not ours can be asked about, and answered.
  expect(await comes('q2.1.xml', Buffer.from(query(1, '何故').toString().replace('q1<', 'q2<').replace('DB1', 'DB2').replace('>C1<', '>ELSE<')))).toBe('accepted');
  const [other] = await opinions.queries({ open: true }, 10);
  expect(await reports.reply(other!, { text: '非本单位办件', actor: 'ann' })).toBe(true);
  expect(await replies()).toEqual(['DB1 v1 captured 0', 'DB2 v1 captured 1']);
});
