import type { ExpectedTraffic } from '../../domain/ops-channel-api.js';
import type { WorkingCalendar } from '../../domain/working-calendar.js';

interface Waiting { readonly count: number; readonly sinceMs: number }

/** By when something has to come before its silence is an alarm: the limit is working time, so the calendar says the moment. Undefined where the limit is off. */
export function judgeExpected(what: ExpectedTraffic['what'], waiting: Waiting | undefined, limitMs: number, calendar: WorkingCalendar, nowMs: number): ExpectedTraffic | undefined {
  if (limitMs === 0) return undefined;
  if (!waiting) return { what, limitMs, waiting: 0, overdue: false };
  const since = new Date(waiting.sinceMs).toISOString();
  const byMs = momentOf(waiting.sinceMs, limitMs, calendar);
  return { what, limitMs, waiting: waiting.count, since, ...(byMs === undefined ? {} : { by: new Date(byMs).toISOString() }), overdue: byMs !== undefined && byMs < nowMs };
}

/** Undefined where the calendar lacks a year, which is an alarm of its own. */
function momentOf(sinceMs: number, limitMs: number, calendar: WorkingCalendar): number | undefined {
  try {
    return calendar.addWorkingMs(sinceMs, limitMs);
  } catch {
    return undefined;
  }
}
