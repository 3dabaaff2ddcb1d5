import type { Streak } from '../../domain/ops-board-api.js';
import { shanghaiDay } from '../../domain/working-calendar.js';
import type { Instant } from '../../domain/vocabulary.js';

/** Days without a case overdue, from the day after the last one to today; none while one is overdue. */
export function countStreak(overdueNow: number, last: { readonly caseNo: string; readonly endedAt: Instant } | undefined, beganAt: Instant | undefined, nowMs: number): Streak {
  const since = last?.endedAt ?? beganAt;
  if (overdueNow > 0 || since === undefined) return { overdueNow, days: 0, months: 0, restDays: 0, ...(last ? { lastCaseNo: last.caseNo } : {}) };
  const [from, until] = [parts(shanghaiDay(Date.parse(since))), parts(shanghaiDay(nowMs))];
  let months = (until.year - from.year) * 12 + until.month - from.month;
  if (dayNumber(addMonths(from, months)) > dayNumber(until)) months--;
  return { overdueNow, since, days: Math.max(0, dayNumber(until) - dayNumber(from)), months: Math.max(0, months), restDays: Math.max(0, dayNumber(until) - dayNumber(addMonths(from, Math.max(0, months)))), ...(last ? { lastCaseNo: last.caseNo } : {}) };
}

interface Parts { readonly year: number; readonly month: number; readonly day: number }
const parts = (day: string): Parts => ({ year: Number(day.slice(0, 4)), month: Number(day.slice(5, 7)), day: Number(day.slice(8, 10)) });
const dayNumber = (p: Parts): number => Date.UTC(p.year, p.month - 1, p.day) / 86_400_000;

/** The same day so many months on; the last of the month where it is shorter. */
function addMonths(p: Parts, months: number): Parts {
  const index = p.year * 12 + p.month - 1 + months;
  const [year, month] = [Math.floor(index / 12), (index % 12) + 1];
  return { year, month, day: Math.min(p.day, new Date(Date.UTC(year, month, 0)).getUTCDate()) };
}

/** The last months of Asia/Shanghai up to the present one, each with its beginning and the next one's. */
export function monthsUpTo(nowMs: number, count: number): { month: string; from: Instant; until: Instant }[] {
  const today = parts(shanghaiDay(nowMs));
  const start = (offset: number): Instant => {
    const p = addMonths({ ...today, day: 1 }, offset);
    return new Date(dayNumber(p) * 86_400_000 - 8 * 3_600_000).toISOString();
  };
  return Array.from({ length: count }, (_, i) => i + 1 - count).map((offset) => {
    const p = addMonths({ ...today, day: 1 }, offset);
    return { month: `${p.year}-${String(p.month).padStart(2, '0')}`, from: start(offset), until: start(offset + 1) };
  });
}
