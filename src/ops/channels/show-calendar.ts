import type { CalendarDayLine, CalendarYear } from '../../domain/ops-channel-api.js';
import { shanghaiDay, WorkingCalendar, type CalendarTable, type Span } from '../../domain/working-calendar.js';

/** A year of the calendar in force as the page shows it. `file` is the calendar without what was decided on the page. */
export function showCalendar(inForce: CalendarTable, file: CalendarTable, year: number, nowMs: number, decisions: CalendarYear['decisions']): CalendarYear {
  const calendar = new WorkingCalendar(inForce);
  const known = calendar.hasYear(year);
  const next = inForce.hours.map((h, i) => ({ ...h, until: inForce.hours[i + 1]?.from ?? '9999' }));
  return {
    year, today: shanghaiDay(nowMs), knownYears: calendar.knownYears(), missingYear: calendar.missingYear(nowMs), version: calendar.version, source: calendar.sourceOf(year),
    days: known ? daysOf(year).map((day) => describe(calendar, file, day)) : [],
    hours: next.filter((h) => (h.from ?? '') <= `${year}-12-31` && h.until > `${year}-01-01`).map((h) => ({ from: h.from, spans: h.spans.map(spanText) })),
    decisions,
  };
}

function describe(calendar: WorkingCalendar, file: CalendarTable, day: string): CalendarDayLine {
  const { working, because, reason } = calendar.describeDay(day);
  const ofFile = file.local.find((d) => d.day === day);
  return { day, working, because, reason, ...(because === 'local' ? { by: ofFile?.reason === reason && ofFile?.working === working ? 'file' : 'page' } : {}) };
}

/** Every day from the first to the last, both included. */
export function daysBetween(from: string, to: string): string[] {
  const out: string[] = [];
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= Date.parse(`${to}T00:00:00Z`) && out.length <= 400; at += 86_400_000) out.push(new Date(at).toISOString().slice(0, 10));
  return out;
}

const daysOf = (year: number): string[] => daysBetween(`${year}-01-01`, `${year}-12-31`);

function spanText({ fromMs, untilMs }: Span): string {
  const time = (ms: number): string => `${String(Math.floor(ms / 3_600_000)).padStart(2, '0')}:${String((ms / 60_000) % 60).padStart(2, '0')}`;
  return `${time(fromMs)}–${time(untilMs)}`;
}
