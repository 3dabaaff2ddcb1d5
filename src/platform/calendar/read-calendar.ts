import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isCalendarDate } from '../../domain/format-datetime.js';
import type { ConfigFault } from '../../domain/settings.js';
import type { CalendarDay, CalendarTable, DayHours, NationalYear, Span } from '../../domain/working-calendar.js';
import type { Located } from '../config/check-settings.js';

const dayMs = 86_400_000;
const dayForm = /^\d{4}-\d\d-\d\d$/;
const isDay = (text: string): boolean => dayForm.test(text) && isCalendarDate(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8)));
const isRange = (text: string): boolean => {
  const [first, last, ...more] = text.split('..');
  return more.length === 0 && isDay(first!) && (last === undefined || (isDay(last) && first! <= last && daysOf(text).length <= 366));
};
const days = z.string().refine(isRange, 'expected a day that exists as YYYY-MM-DD, or two as YYYY-MM-DD..YYYY-MM-DD');
const hours = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'expected "HH:MM-HH:MM" in quotes');
const localDay = z.strictObject({ day: days, reason: z.string().min(1) });

/** The shape of config/calendar.yaml. */
export const calendarSchema = z.strictObject({
  timeZone: z.literal('Asia/Shanghai'),
  hours: z.array(z.strictObject({ from: z.string().refine(isDay, 'expected a day that exists as YYYY-MM-DD').optional(), morning: hours.optional(), afternoon: hours.optional() })).min(1),
  freeDays: z.array(localDay),
  workingDays: z.array(localDay),
  nationalYears: z.record(z.string().regex(/^20\d\d$/, 'expected a year'), z.strictObject({ notice: z.string().min(1), freeDays: z.array(days).min(1), workingDays: z.array(days) })),
});
type CalendarFile = z.output<typeof calendarSchema>;

/** The calendar of a checked file over the national arrangement `published`; its version is a digest of all of it. */
export function readCalendar(file: Located<CalendarFile>, published: readonly NationalYear[]): { table: CalendarTable; faults: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const own = readYears(file, faults);
  const national = [...published.filter((y) => !own.some((o) => o.year === y.year)), ...own].sort((a, b) => a.year - b.year);
  const local = readLocal(file, faults);
  const dayHours = readHours(file, faults);
  const version = createHash('sha256').update(JSON.stringify([national, local, dayHours])).digest('hex').slice(0, 12);
  return { table: { version, national, local, hours: dayHours }, faults };
}

function readYears({ value, at }: Located<CalendarFile>, faults: ConfigFault[]): NationalYear[] {
  return Object.entries(value.nationalYears).map(([year, { notice, freeDays, workingDays }]) => {
    const seen = new Map<string, boolean>();
    const collect = (key: 'freeDays' | 'workingDays', entries: readonly string[]): CalendarDay[] =>
      entries.flatMap((entry, index) => {
        const place = at('nationalYears', year, key, index);
        return daysOf(entry).map((day): CalendarDay => {
          if (!day.startsWith(year)) faults.push({ ...place, expected: `days of ${year} only` });
          if (seen.has(day)) faults.push({ ...place, expected: `each day once; ${day} is named twice` });
          seen.set(day, true);
          return { day, working: key === 'workingDays', reason: key === 'workingDays' ? '调休上班' : '法定节假日' };
        });
      });
    return { year: Number(year), source: notice, days: [...collect('freeDays', freeDays), ...collect('workingDays', workingDays)].sort((a, b) => (a.day < b.day ? -1 : 1)) };
  });
}

function readLocal({ value, at }: Located<CalendarFile>, faults: ConfigFault[]): CalendarDay[] {
  const seen = new Set<string>();
  const local = (['freeDays', 'workingDays'] as const).flatMap((key) =>
    value[key].flatMap(({ day: entry, reason }, index) =>
      daysOf(entry).map((day): CalendarDay => {
        if (seen.has(day)) faults.push({ ...at(key, index, 'day'), expected: `each day once in freeDays and workingDays together; ${day} is named twice` });
        seen.add(day);
        return { day, working: key === 'workingDays', reason };
      })));
  return local.sort((a, b) => (a.day < b.day ? -1 : 1));
}

function readHours({ value, at }: Located<CalendarFile>, faults: ConfigFault[]): DayHours[] {
  return value.hours.map(({ from, morning, afternoon }, index): DayHours => {
    const before = value.hours[index - 1]?.from ?? '';
    if (index === 0 && from !== undefined) faults.push({ ...at('hours', 0, 'from'), expected: 'no from in the first entry: it holds for all days before the second' });
    if (index > 0 && (from === undefined || from <= before)) faults.push({ ...at('hours', index, 'from'), expected: 'a day later than that of the entry before' });
    const spans = [morning, afternoon].flatMap((text) => (text === undefined ? [] : [spanOf(text)]));
    const inOrder = spans.length > 0 && spans.every((s, i) => s.fromMs < s.untilMs && s.fromMs >= (spans[i - 1]?.untilMs ?? 0));
    if (!inOrder) faults.push({ ...at('hours', index), expected: 'morning, afternoon or both, each beginning before it ends, the afternoon after the morning' });
    return { ...(from === undefined ? {} : { from }), spans };
  });
}

function spanOf(text: string): Span {
  const [fromMs, untilMs] = text.split('-').map((t) => (Number(t.slice(0, 2)) * 60 + Number(t.slice(3))) * 60_000);
  return { fromMs: fromMs!, untilMs: untilMs! };
}

function daysOf(entry: string): string[] {
  const [first, last] = entry.split('..');
  const out: string[] = [];
  const end = Date.parse(`${last ?? first!}T00:00:00Z`);
  for (let at = Date.parse(`${first!}T00:00:00Z`); at <= end && out.length <= 366; at += dayMs) out.push(new Date(at).toISOString().slice(0, 10));
  return out;
}
