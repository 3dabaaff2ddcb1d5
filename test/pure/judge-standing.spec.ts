import { judgeLife } from '../../src/alarm/judge-life.js';
import { judgeStanding, type ChannelFacts, type StandingFacts, type StreamFacts } from '../../src/alarm/judge-standing.js';
import { nextTry } from '../../src/alarm/next-try.js';
import { alarmKinds } from '../../src/domain/alarm-kinds.js';
import type { AlarmSettings } from '../../src/domain/alarm-settings.js';
import { WorkingCalendar } from '../../src/domain/working-calendar.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { judgeRedisInfo } from '../../src/platform/queue/judge-redis-info.js';

const hour = 3_600_000;
const minute = 60_000;
const calendar = new WorkingCalendar({ version: 't', national: nationalYears(), local: [], hours: [{ spans: [{ fromMs: 8.5 * hour, untilMs: 12 * hour }, { fromMs: 14.5 * hour, untilMs: 17.5 * hour }] }] });
const at = (text: string): number => Date.parse(`${text.replace(' ', 'T')}+08:00`);
const now = at('2026-10-20 16:00:00'); // a Tuesday in working time, before the calendar asks for 2027
const alarms: AlarmSettings = {
  everyMs: 15_000, settleMs: 0, groupMs: 0, remindEveryMs: hour, oldestDueMs: 15 * minute, blockedLanesMs: 2 * hour, blockedLanes: 50, pausedMs: 2 * hour, pollAgeMs: 2 * minute, oddAcknowledgementsMs: 24 * hour, ledgerMaxMiB: 100,
  disks: { paths: [], minFreePercent: 5, minFreeMiB: 1024 }, webhook: { timeoutMs: 1 }, email: { port: 25, tls: 'none', timeoutMs: 1 }, deadMan: { everyMs: 1, pollAgeMs: 1 },
};
const rules = { alarms, captureMs: 4 * hour, standingMs: 5 * minute };
const stream = (over: Partial<StreamFacts> = {}): StreamFacts => ({ stream: 'case', lastChangeMs: now - minute, polledMs: now - 1000, ...over });
const channel = (over: Partial<ChannelFacts> = {}): ChannelFacts => ({ channel: 'center', silences: { pickUpMs: 2 * hour, acknowledgementMs: 4 * hour, returnFilesMs: 0 }, odd: [], mirror: [], ...over });
const facts = (over: Partial<StandingFacts> = {}): StandingFacts => ({
  watchingMs: at('2026-01-05 00:00:00'), streams: [stream()], channels: [channel()], host: 'box', disks: [], queue: { volatile: [] }, allowVolatile: false, ledgerFaults: [], allowForgetting: false, notifiers: [], completeness: [], ...over,
});
const keysAt = (nowMs: number, over: Partial<StandingFacts> = {}, r = rules): string[] => judgeStanding(facts(over), r, calendar, nowMs).map((c) => c.key);
const keys = (over: Partial<StandingFacts> = {}, r = rules): string[] => keysAt(now, over, r);
const one = (count: number, since: string): { count: number; oldestMs: number } => ({ count, oldestMs: at(since) });

it('says nothing when nothing is wrong', () => {
  expect(keys()).toEqual([]);
  expect(keys({ streams: [], channels: [] })).toEqual([]);
});

describe('streams', () => {
  it.each<[string, Partial<StreamFacts>, string[]]>([
    ['just within four hours of work', { lastChangeMs: at('2026-10-20 09:30:00') }, []], // 2.5 h + 1.5 h
    ['a second over', { lastChangeMs: at('2026-10-20 09:29:59') }, ['capture-silent:case']],
    ['since Friday evening', { lastChangeMs: at('2026-10-16 17:30:00') }, ['capture-silent:case']],
    ['never changed since the watch began', { lastChangeMs: undefined }, ['capture-silent:case']],
    ['polled two minutes ago', { polledMs: now - 2 * minute }, []],
    ['polled longer ago', { polledMs: now - 2 * minute - 1 }, ['polling-stopped:case']],
    ['never polled', { polledMs: undefined }, ['polling-stopped:case']],
    ['a fault is one alarm: neither silence nor a stopped poll', { fault: { code: 'bureau-unreachable', sinceMs: now - hour, remedy: 'look' }, polledMs: now - hour, lastChangeMs: undefined }, ['stream-fault:case']],
    ['a transaction open for five minutes', { heldBackMs: now - 5 * minute }, []],
    ['a transaction open for longer', { heldBackMs: now - 5 * minute - 1 }, ['watermark-standing:case']],
  ])('%s', (_name, over, expected) => {
    expect(keys({ streams: [stream(over)] })).toEqual(expected);
  });

  it('silence counts working time only, and only since somebody watches', () => {
    const silentSince = (since: string, nowText: string): string[] => keysAt(at(nowText), { streams: [stream({ lastChangeMs: at(since), polledMs: at(nowText) })] });
    expect(silentSince('2026-09-30 17:00:00', '2026-10-07 23:00:00')).toEqual([]); // the whole October week
    expect(silentSince('2026-09-30 17:00:00', '2026-10-08 12:00:00')).toEqual([]); // half an hour and three and a half are just four
    expect(silentSince('2026-09-30 17:00:00', '2026-10-08 14:30:01')).toEqual(['capture-silent:case']);
    expect(silentSince('2026-09-19 17:00:00', '2026-09-20 15:30:01')).toEqual(['capture-silent:case']); // a make-up Sunday
    expect(keys({ watchingMs: now - hour, streams: [stream({ lastChangeMs: undefined })] })).toEqual([]);
    expect(keys({ streams: [stream({ lastChangeMs: undefined })] }, { ...rules, captureMs: 0 })).toEqual([]); // switched off
  });
});

describe('channels', () => {
  it.each<[string, Partial<ChannelFacts>, string[]]>([
    ['open breaker', { breaker: { sinceMs: now - 1, code: 'staging-full' } }, ['breaker-open:center']],
    ['an open breaker tells why work is undone', { breaker: {}, due: one(9, '2026-10-20 08:00:00') }, ['breaker-open:center']],
    ['a pause tells it too', { pausedMs: now - minute, due: one(9, '2026-10-20 08:00:00') }, []],
    ['paused since the morning', { pausedMs: at('2026-10-20 10:00:00') }, ['channel-paused:center']],
    ['paused over the weekend is short', { pausedMs: at('2026-10-20 14:30:00') }, []],
    ['a package on its way tells it too', { carriedMs: now - minute, due: one(9, '2026-10-20 08:00:00') }, []],
    ['a package on its way for long', { carriedMs: at('2026-10-20 09:00:00') }, ['channel-paused:center:package']],
    ['due for a quarter of an hour', { due: { count: 1, oldestMs: now - 15 * minute } }, []],
    ['due for longer', { due: { count: 1, oldestMs: now - 15 * minute - 1 } }, ['oldest-due:center']],
    ['one blocked case, fresh', { blocked: one(1, '2026-10-20 15:00:00') }, []],
    ['one blocked case, old', { blocked: one(1, '2026-10-20 10:00:00') }, ['lanes-blocked:center']],
    ['many blocked cases, fresh', { blocked: one(50, '2026-10-20 15:59:00') }, ['lanes-blocked:center']],
    ['staged since two working hours', { staged: one(3, '2026-10-20 11:30:00') }, []],
    ['staged for longer', { staged: one(3, '2026-10-20 11:29:59') }, ['pick-up-silent:center']],
    ['picked up and not answered', { unanswered: one(3, '2026-10-20 09:29:59') }, ['acknowledgement-silent:center']],
    ['nothing is staged: nothing is expected', { staged: undefined, unanswered: undefined }, []],
    ['crashed exchanges', { killed: one(2, '2026-10-20 15:59:59') }, ['worker-killed:center']],
    ['odd acknowledgements', { odd: [{ class: 'unknown', count: 2 }, { class: 'contradictory', count: 1 }, { class: 'unreadable', count: 0 }] }, ['acknowledgement-odd:center:unknown', 'acknowledgement-odd:center:contradictory']],
    ['mirror findings, except those that need nobody', { mirror: [{ kind: 'foreign', count: 1 }, { kind: 'unlisted', count: 5 }, { kind: 'overdue', count: 1 }] }, ['mirror-findings:center:foreign']],
    ['return files are not expected unless configured', { lastReturnMs: undefined }, []],
    ['return files that stay away', { lastReturnMs: at('2026-10-19 09:00:00'), silences: { pickUpMs: 0, acknowledgementMs: 0, returnFilesMs: 8 * hour } }, ['return-files-silent:center']],
    ['expectations switched off', { staged: one(3, '2026-10-01 11:29:59'), unanswered: one(3, '2026-10-01 11:29:59'), silences: { pickUpMs: 0, acknowledgementMs: 0, returnFilesMs: 0 } }, []],
  ])('%s', (_name, over, expected) => {
    expect(keys({ channels: [channel(over)] })).toEqual(expected);
  });

  it('has a remedy and the channel, and text without anything personal', () => {
    const [found] = judgeStanding(facts({ channels: [channel({ staged: one(3, '2026-10-20 09:00:00') })] }), rules, calendar, now);
    expect(found).toEqual({
      key: 'pick-up-silent:center', kind: 'pick-up-silent', severity: 'warning', channel: 'center', remedy: alarmKinds['pick-up-silent'].remedy,
      text: 'channel center: 3 messages not picked up, the oldest for 4 h 30 min of working time, expected within 2 h',
      textZh: '通道 center：3 份报文未被取走，最久的已等 4 小时 30 分工作时间，预期 2 小时内', remedyZh: alarmKinds['pick-up-silent'].remedyZh,
    });
  });
});

describe('the house', () => {
  const giB = 1024 ** 3;
  it.each<[string, Partial<StandingFacts>, string[]]>([
    ['enough room', { disks: [{ path: '/', freeBytes: 10 * giB, totalBytes: 100 * giB }] }, []],
    ['too few percent', { disks: [{ path: '/', freeBytes: 10 * giB, totalBytes: 300 * giB }] }, ['disk-low:box:/']],
    ['too few MiB', { disks: [{ path: '/', freeBytes: giB - 1, totalBytes: 2 * giB }] }, ['disk-low:box:/']],
    ['a path that is not there', { disks: [{ path: '/gone', problem: 'ENOENT' }] }, ['disk-low:box:/gone']],
    ['a file system without size', { disks: [{ path: '/proc', freeBytes: 0, totalBytes: 0 }] }, []],
    ['no queue', { queue: { problem: 'ECONNREFUSED', volatile: ['appendonly is off'] } }, ['queue-unreachable']],
    ['a forgetful queue', { queue: { volatile: ['appendonly is off'] } }, ['queue-volatile']],
    ['a forgetful queue on purpose', { queue: { volatile: ['appendonly is off'] }, allowVolatile: true }, []],
    ['ledger within', { ledgerBytes: 100 * 1024 ** 2 }, []],
    ['ledger beyond', { ledgerBytes: 100 * 1024 ** 2 + 1 }, ['ledger-large']],
    ['a ledger that forgets', { ledgerFaults: ['commits-not-awaited'] }, ['ledger-unfit']],
    ['a ledger that forgets on purpose', { ledgerFaults: ['fsync-off', 'commits-not-awaited'], allowForgetting: true }, []],
    ['nobody miscounts on purpose', { ledgerFaults: ['reads-many-moments'], allowForgetting: true }, ['ledger-unfit']],
    ['a mail server that refuses', { notifiers: [{ notifier: 'email', waiting: 2, sinceMs: now - hour, failure: '550' }] }, ['notifier-failed:email']],
    ['a clean comparison', { completeness: [{ stream: 'case', endedMs: now, outcome: 'complete', findings: 0, heldBack: 0 }] }, []],
    ['findings', { completeness: [{ stream: 'case', endedMs: now, outcome: 'complete', findings: 3, heldBack: 1 }] }, ['completeness-findings:case', 'completeness-held:case']],
    ['a comparison that failed', { completeness: [{ stream: 'case', endedMs: now, outcome: 'failed', findings: 0, heldBack: 0 }] }, ['completeness-findings:case:failed']],
  ])('%s', (_name, over, expected) => {
    expect(keys(over)).toEqual(expected);
  });
});

describe('the calendar', () => {
  it('is asked for from 1 November, and critical once its year has come', () => {
    const silent = { streams: [stream({ lastChangeMs: at('2026-12-30 09:00:00'), polledMs: at('2027-01-04 10:00:00') })] };
    expect(keysAt(at('2026-11-01 00:00:00'), { streams: [] })).toEqual(['calendar-year-missing:2027']);
    const [found] = judgeStanding(facts(silent), rules, calendar, at('2027-01-04 10:00:00'));
    // silence is not guessed at without a calendar, and that is said
    expect(found).toMatchObject({ key: 'calendar-year-missing:2027', severity: 'critical' });
    expect(found!.text).toContain('silence is not watched');
  });
});

it('every kind is told in both languages, with remedies', () => {
  for (const row of Object.values(alarmKinds)) {
    expect([row.text, row.remedy].every((t) => /^[\x20-\x7e]+$/.test(t))).toBe(true);
    expect([row.zh, row.remedyZh].every((t) => /[\u4e00-\u9fff]/.test(t))).toBe(true);
  }
});

it('what Redis says of itself', () => {
  const info = (over: Record<string, string> = {}): string => Object.entries({ aof_enabled: '1', aof_last_write_status: 'ok', aof_last_bgrewrite_status: 'ok', rdb_last_bgsave_status: 'ok', maxmemory_policy: 'noeviction', evicted_keys: '0', ...over }).map(([k, v]) => `${k}:${v}`).join('\r\n');
  expect(judgeRedisInfo(info())).toEqual({ configuration: [], condition: [] });
  expect(judgeRedisInfo('')).toEqual({ configuration: [], condition: [] });
  expect(judgeRedisInfo(info({ aof_enabled: '0', aof_last_write_status: 'err' }))).toEqual({ configuration: ['appendonly is off, expected appendonly yes'], condition: [] });
  expect(judgeRedisInfo(info({ aof_last_write_status: 'err', aof_last_bgrewrite_status: 'err', rdb_last_bgsave_status: 'err', evicted_keys: '7' })).condition).toHaveLength(4);
  expect(judgeRedisInfo(info({ maxmemory_policy: 'allkeys-lru' })).configuration).toEqual(['maxmemory-policy is allkeys-lru, expected noeviction']);
});

it('the sign of life needs fresh polls and judged alarms', () => {
  const limits = { pollAgeMs: 1000, lookAgeMs: 1000 };
  expect(judgeLife({ streams: [{ stream: 'case', polledMs: now - 1000 }], lookedMs: now }, limits, now)).toEqual([]);
  expect(judgeLife({ streams: [{ stream: 'case', polledMs: now - 1001 }], lookedMs: now }, limits, now)).toEqual(['stream case was last polled 1 s ago']);
  expect(judgeLife({ streams: [{ stream: 'case' }] }, limits, now)).toEqual(['stream case was last polled never', 'alarms were last judged never']);
  expect(judgeLife({ streams: [{ stream: 'case', polledMs: 0, fault: 'bureau-unreachable' }], lookedMs: now }, limits, now)).toEqual([]);
});

it('a notice is tried for a day, ever less often', () => {
  expect([1, 2, 3, 10, 1000].map((n) => nextTry(n, 0))).toEqual([5_000, 10_000, 20_000, 600_000, 600_000]);
  expect(nextTry(3, 24 * hour + 1)).toBeUndefined();
});
