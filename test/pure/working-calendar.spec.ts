import fc from 'fast-check';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GatewayFailure } from '../../src/domain/failures.js';
import { shanghaiDay, WorkingCalendar, type CalendarTable } from '../../src/domain/working-calendar.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';

const hour = 3_600_000;
const hours = [{ spans: [{ fromMs: 8.5 * hour, untilMs: 12 * hour }, { fromMs: 14.5 * hour, untilMs: 17.5 * hour }] }];
const dayLong = 6.5 * hour;
const table: CalendarTable = { version: 'test', national: nationalYears(), local: [], hours };
const calendar = new WorkingCalendar(table);
/** A moment in Shanghai. */
const at = (text: string): number => Date.parse(`${text.replace(' ', 'T')}+08:00`);
const text = (ms: number): string => new Date(ms + 8 * hour).toISOString().slice(0, 19).replace('T', ' ');

describe('the national arrangement', () => {
  it.each([
    // National Day week 2026 and Mid-autumn before it, with the make-up Sunday
    ['2026-09-20', true, 'national'], ['2026-09-25', false, 'national'], ['2026-09-27', false, 'national'], ['2026-09-28', true, 'weekday'],
    ['2026-10-01', false, 'national'], ['2026-10-07', false, 'national'], ['2026-10-08', true, 'weekday'], ['2026-10-10', true, 'national'], ['2026-10-11', false, 'weekend'],
    // National Day with Mid-autumn 2025: eight days
    ['2025-09-28', true, 'national'], ['2025-10-08', false, 'national'], ['2025-10-09', true, 'weekday'], ['2025-10-11', true, 'national'],
    // Spring Festival of three years
    ['2024-02-04', true, 'national'], ['2024-02-09', true, 'weekday'], ['2024-02-10', false, 'national'], ['2024-02-17', false, 'national'], ['2024-02-18', true, 'national'],
    ['2025-01-26', true, 'national'], ['2025-01-28', false, 'national'], ['2025-02-04', false, 'national'], ['2025-02-05', true, 'weekday'], ['2025-02-08', true, 'national'],
    ['2026-02-14', true, 'national'], ['2026-02-15', false, 'national'], ['2026-02-23', false, 'national'], ['2026-02-24', true, 'weekday'], ['2026-02-28', true, 'national'],
    ['2026-11-24', true, 'weekday'], ['2026-11-28', false, 'weekend'],
  ])('%s: working %s, because of %s', (day, working, because) => {
    expect(calendar.describeDay(day)).toMatchObject({ day, working, because });
  });

  it('counts the working days of the years whose notices were compared', () => {
    expect(calendar.workingDaysBetween('2025-01-01', '2026-01-01')).toBe(248);
    const months = [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23];
    expect(months.map((_, i) => calendar.workingDaysBetween(`2026-${String(i + 1).padStart(2, '0')}-01`, i === 11 ? '2026-12-31' : `2026-${String(i + 2).padStart(2, '0')}-01`) + (i === 11 ? 1 : 0))).toEqual(months);
  });

  it('refuses a year it does not hold and says which', () => {
    for (const ask of [() => calendar.isWorkingDay('2027-01-04'), () => calendar.workingMsBetween(at('2026-12-31 10:00:00'), at('2027-01-01 00:00:01')), () => calendar.addWorkingMs(at('2026-12-31 17:00:00'), hour), () => calendar.nextWorkingMoment(at('2026-12-31 18:00:00')), () => calendar.isWorkingDay('2003-12-31')]) {
      expect(ask).toThrow(GatewayFailure);
      expect(ask).toThrow(/^calendar-year-missing: the working calendar has no data for 20(27|03)$/);
    }
    // up to the very end of the last year nothing is missing
    expect(calendar.workingMsBetween(at('2026-12-31 17:00:00'), at('2027-01-01 00:00:00'))).toBe(hour / 2);
    expect(text(calendar.addWorkingMs(at('2026-12-31 17:00:00'), hour / 2))).toBe('2026-12-31 17:30:00');
  });

  it('asks for the next year from 1 November in Shanghai', () => {
    expect(calendar.missingYear(at('2026-10-31 23:59:59'))).toBeUndefined();
    expect(calendar.missingYear(at('2026-11-01 00:00:00'))).toBe(2027);
    expect(calendar.missingYear(at('2027-01-01 00:00:00'))).toBe(2027);
    expect(calendar.missingYear(at('2025-12-31 12:00:00'))).toBeUndefined();
  });

  it.each(['2026-02-29', '2026-13-01', '2026-1-1', '', '20260101', '2026-01-01T00:00:00Z'])('takes no «%s» for a day', (day) => {
    expect(() => calendar.isWorkingDay(day)).toThrow(RangeError);
  });
});

describe('working time, to the second', () => {
  it.each([
    ['2026-11-24 08:30:00', '2026-11-24 17:30:00', dayLong],
    ['2026-11-24 08:29:59', '2026-11-24 08:30:00', 0],
    ['2026-11-24 11:59:59', '2026-11-24 12:00:00', 1000],
    ['2026-11-24 12:00:00', '2026-11-24 14:30:00', 0],
    ['2026-11-24 12:00:00', '2026-11-24 14:30:01', 1000],
    ['2026-11-24 00:00:00', '2026-11-25 00:00:00', dayLong],
    ['2026-11-27 17:29:59', '2026-11-30 08:30:01', 2000], // a weekend between
    ['2026-09-19 12:00:00', '2026-09-20 12:00:00', 3.5 * hour], // Saturday, make-up Sunday
    ['2026-09-30 17:00:00', '2026-10-08 09:00:00', hour], // the October week
    ['2026-02-13 17:30:00', '2026-02-24 08:30:00', dayLong], // 14 February worked for the holiday
    ['2025-12-31 17:00:00', '2026-01-04 09:00:00', hour], // over the year's end, Sunday 4 January worked
    ['2026-11-24 10:00:00', '2026-11-24 10:00:00', 0],
  ])('%s to %s', (from, until, ms) => {
    expect(calendar.workingMsBetween(at(from), at(until))).toBe(ms);
    expect(calendar.workingMsBetween(at(until), at(from))).toBe(0 - ms);
  });

  it.each([
    ['2026-11-24 10:00:00', 0, '2026-11-24 10:00:00'],
    ['2026-11-24 10:00:00', 2 * hour, '2026-11-24 12:00:00'], // the end of the morning, not the afternoon
    ['2026-11-24 10:00:00', 2 * hour + 1000, '2026-11-24 14:30:01'],
    ['2026-11-28 10:00:00', 1000, '2026-11-30 08:30:01'],
    ['2026-09-30 10:00:00', dayLong, '2026-10-08 10:00:00'],
    ['2025-12-31 17:00:00', hour, '2026-01-04 09:00:00'],
    ['2026-11-24 14:30:00', -1000, '2026-11-24 11:59:59'],
    ['2026-11-24 14:31:00', -60_000, '2026-11-24 14:30:00'], // going back: the latest moment
    ['2026-11-24 08:30:00', -dayLong, '2026-11-23 08:30:00'],
    ['2026-01-01 00:00:00', -1000, '2025-12-31 17:29:59'],
    ['2018-10-15 10:00:00', 7 * dayLong, '2018-10-24 10:00:00'], // the customer's example: committed 7 days, statutory 10
    ['2018-10-15 10:00:00', 10 * dayLong, '2018-10-29 10:00:00'],
    ['2018-10-24 10:00:00', -3 * dayLong, '2018-10-19 10:00:00'],
  ])('%s and %d ms of it', (from, ms, until) => {
    expect(text(calendar.addWorkingMs(at(from), ms))).toBe(until);
  });

  it.each([
    ['2026-11-24 10:00:00', '2026-11-24 10:00:00'], ['2026-11-24 08:29:59', '2026-11-24 08:30:00'], ['2026-11-24 12:00:00', '2026-11-24 14:30:00'], ['2026-11-24 17:30:00', '2026-11-25 08:30:00'],
    ['2026-09-30 17:30:00', '2026-10-08 08:30:00'], ['2026-09-19 09:00:00', '2026-09-20 08:30:00'], ['2025-12-31 18:00:00', '2026-01-04 08:30:00'],
  ])('after %s work goes on at %s', (from, next) => {
    expect(text(calendar.nextWorkingMoment(at(from)))).toBe(next);
    expect(calendar.isWorkingMoment(at(next))).toBe(true);
    expect(calendar.isWorkingMoment(at(from))).toBe(from === next);
  });

  it('knows the day in Shanghai whatever the zone of the process', () => {
    expect(shanghaiDay(Date.parse('2026-09-30T15:59:59Z'))).toBe('2026-09-30');
    expect(shanghaiDay(Date.parse('2026-09-30T16:00:00Z'))).toBe('2026-10-01');
  });
});

describe('always', () => {
  const moment = fc.integer({ min: at('2023-06-01 00:00:00') / 1000, max: at('2026-11-30 00:00:00') / 1000 }).map((s) => s * 1000);
  const amount = fc.integer({ min: 0, max: 60 * 24 * 3600 }).map((s) => (s * 1000) / 24);

  it('time adds up, never runs back and never exceeds the span', () => {
    fc.assert(fc.property(moment, moment, moment, (x, y, z) => {
      const [a, b, c] = [x, y, z].sort((p, q) => p - q) as [number, number, number];
      const [ab, bc, ac] = [calendar.workingMsBetween(a, b), calendar.workingMsBetween(b, c), calendar.workingMsBetween(a, c)];
      expect(ab + bc).toBe(ac);
      expect(ab).toBeGreaterThanOrEqual(0);
      expect(ac).toBeLessThanOrEqual(c - a);
    }));
  });

  it('adding is the inverse of measuring, and gives the earliest moment', () => {
    fc.assert(fc.property(moment, amount, (from, ms) => {
      fc.pre(from < at('2026-06-01 00:00:00'));
      const until = calendar.addWorkingMs(from, Math.round(ms));
      expect(calendar.workingMsBetween(from, until)).toBe(Math.round(ms));
      if (ms >= 1) expect(calendar.workingMsBetween(from, until - 1)).toBe(Math.round(ms) - 1);
      const back = calendar.addWorkingMs(until, -Math.round(ms));
      expect(calendar.workingMsBetween(back, until)).toBe(Math.round(ms));
      expect(back).toBeGreaterThanOrEqual(from);
    }));
  });

  it('no working time lies between a moment and the next working one, which is working time', () => {
    fc.assert(fc.property(moment, (ms) => {
      const next = calendar.nextWorkingMoment(ms);
      expect(calendar.workingMsBetween(ms, next)).toBe(0);
      expect(calendar.isWorkingMoment(next)).toBe(true);
      expect(calendar.isWorkingMoment(ms)).toBe(next === ms);
    }));
  });

  it('equals a count second by second', () => {
    fc.assert(fc.property(moment, fc.integer({ min: 1, max: 3000 }), (from, minutes) => {
      let counted = 0;
      for (let i = 0; i < minutes; i++) if (calendar.isWorkingMoment(from - (from % 60_000) + i * 60_000)) counted += 60_000;
      expect(calendar.workingMsBetween(from - (from % 60_000), from - (from % 60_000) + minutes * 60_000)).toBe(counted);
    }), { numRuns: 30 });
  });
});

describe('config/calendar.yaml', () => {
  let folder: string;
  let copies = 0;
  beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-calendar-')); });
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
  const env = {
    BUREAU_URL: 'mssql://r:p@db.example:1433/land', LEDGER_URL: 'postgres://g:p@db.example:5432/ledger', CENTER_SFTP_HOST: 'c.example', CENTER_SFTP_PASSWORD: 'x', CENTER_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`,
    CENTER_ACK_SECRET: `whsec_${'c2VjcmV0'.repeat(5)}`, PROVINCIAL_SFTP_HOST: 'p.example', PROVINCIAL_SFTP_KEY: '/k', PROVINCIAL_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`,
  };
  const original = readFileSync('config/calendar.yaml', 'utf8');
  function load(...changes: [string, string][]) {
    const dir = path.join(folder, String(copies++));
    cpSync('config', dir, { recursive: true });
    let yaml = original;
    for (const [from, to] of changes) {
      expect(yaml).toContain(from);
      yaml = yaml.replace(from, to);
    }
    writeFileSync(path.join(dir, 'calendar.yaml'), yaml);
    return loadSettings({ configDir: dir, env });
  }
  const line = (start: string): number => original.split('\n').findIndex((l) => l.startsWith(start)) + 1;

  it('is the national arrangement as delivered', () => {
    const { settings } = load();
    const loaded = new WorkingCalendar(settings!.calendar);
    expect(loaded.knownYears()).toEqual(Array.from({ length: 23 }, (_, i) => 2004 + i));
    expect(loaded.workingMsOfDay('2026-11-24')).toBe(dayLong);
    expect(loaded.version).toMatch(/^[0-9a-f]{12}$/);
    expect(loaded.sourceOf(2026)).toBe('chinese-days');
  });

  it('takes a year from a notice, local days over it, and hours that change; each changes the version', () => {
    const { settings, faults } = load(
      ['nationalYears: {}', 'nationalYears:\n  2027:\n    notice: 国办发明电〔2026〕9号\n    freeDays: [2027-01-01..2027-01-03, 2027-02-05..2027-02-12]\n    workingDays: [2027-02-14]\n'],
      ['freeDays: []', 'freeDays: [{ day: 2027-02-14..2027-02-15, reason: 机房搬迁 }]'], ['workingDays: []', 'workingDays: [{ day: 2027-01-02, reason: 集中办理 }]'],
      ['"14:30-17:30" }', '"14:30-17:30" }\n  - { from: 2027-07-01, morning: "08:00-12:00", afternoon: "15:00-18:00" }'],
    );
    expect(faults).toEqual([]);
    const loaded = new WorkingCalendar(settings!.calendar);
    expect(loaded.missingYear(at('2026-12-01 00:00:00'))).toBeUndefined();
    expect(loaded.sourceOf(2027)).toBe('国办发明电〔2026〕9号');
    expect(['2027-01-01', '2027-01-02', '2027-02-05', '2027-02-13', '2027-02-14', '2027-02-15', '2027-02-16'].map((d) => loaded.isWorkingDay(d))).toEqual([false, true, false, false, false, false, true]);
    expect(loaded.describeDay('2027-02-15')).toEqual({ day: '2027-02-15', working: false, because: 'local', reason: '机房搬迁' });
    expect(loaded.workingMsOfDay('2027-06-30')).toBe(dayLong);
    expect(loaded.workingMsOfDay('2027-07-01')).toBe(7 * hour);
    expect(loaded.version).not.toBe(load().settings!.calendar.version);
  });

  it.each<[string, string, number, string, string]>([
    ['timeZone: Asia/Shanghai', 'timeZone: UTC', line('timeZone'), 'timeZone', 'Asia/Shanghai'],
    ['freeDays: []', 'freeDays: [{ day: 2026-02-30, reason: x }]', line('freeDays'), 'freeDays[0].day', 'a day that exists as YYYY-MM-DD, or two as YYYY-MM-DD..YYYY-MM-DD'],
    ['freeDays: []', 'freeDays: [{ day: 2026-03-02..2026-03-01, reason: x }]', line('freeDays'), 'freeDays[0].day', 'a day that exists'],
    ['freeDays: []', 'freeDays: [{ day: 2026-03-02 }]', line('freeDays'), 'freeDays[0].reason', 'a text; the key is missing'],
    ['workingDays: []', 'workingDays: [{ day: 2026-03-01, reason: x }, { day: 2026-03-01..2026-03-02, reason: y }]', line('workingDays'), 'workingDays[1].day', 'each day once in freeDays and workingDays together; 2026-03-01 is named twice'],
    ['"14:30-17:30"', '"11:30-17:30"', line('  - { morning'), 'hours[0]', 'morning, afternoon or both'],
    ['{ morning: "08:30-12:00"', '{ from: 2026-01-01, morning: "08:30-12:00"', line('  - { morning'), 'hours[0].from', 'no from in the first entry'],
    ['"08:30-12:00"', '08:30', line('  - { morning'), 'hours[0].morning', '"HH:MM-HH:MM" in quotes'],
    ['nationalYears: {}', 'nationalYears: { 2027: { notice: x, freeDays: [2026-12-31..2027-01-01], workingDays: [] } }', line('nationalYears'), 'nationalYears.2027.freeDays[0]', 'days of 2027 only'],
    ['nationalYears: {}', 'nationalYears: { 2027: { notice: x, freeDays: [], workingDays: [] } }', line('nationalYears'), 'nationalYears.2027.freeDays', 'at least 1 entries'],
  ])('%s → %s is a fault with its line', (from, to, where, key, expected) => {
    const { faults } = load([from, to]);
    expect(faults[0]).toMatchObject({ file: 'calendar.yaml', line: where, key });
    expect(faults[0]!.expected).toContain(expected);
  });
});
