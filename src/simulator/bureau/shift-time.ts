import chineseDays from 'chinese-days';
import type { Random } from './make-random.js';

/**
 * Bureau times as text `YYYY-MM-DD hh:mm:ss.fff` without zone, moved along the office's hours. Counted as if they were UTC:
 * China has no summer time, so differences come out right. Years without a published calendar have plain weeks.
 */

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Office hours in minutes of the day: 08:30-12:00 and 14:30-17:30. */
const hours = [
  [510, 720],
  [870, 1050],
] as const;

/** Milliseconds of a bureau time or date; only differences mean anything. */
export function readLocal(text: string): number {
  const ms = Date.parse(`${text.length === 10 ? `${text} 00:00:00.000` : text}Z`.replace(' ', 'T'));
  if (Number.isNaN(ms)) throw new Error('expected YYYY-MM-DD or YYYY-MM-DD hh:mm:ss.fff');
  return ms;
}

/** The bureau time as text with milliseconds. */
export function writeLocal(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
}

/** The date part, moved by whole years. */
export function shiftYears(date: string, years: number): string {
  const year = Number(date.slice(0, 4)) + years;
  const day = date.slice(5, 10) === '02-29' ? '02-28' : date.slice(5, 10);
  return `${year}-${day}`;
}

/** The same moment if the office is open, else some minutes after it next opens. */
export function toOfficeHours(ms: number, random: Random): number {
  let day = Math.floor(ms / dayMs);
  let minute = (ms - day * dayMs) / minuteMs;
  for (;;) {
    if (chineseDays.isWorkday(new Date(day * dayMs).toISOString().slice(0, 10))) {
      for (const [open, close] of hours) {
        if (minute >= open && minute < close) return day * dayMs + Math.round(minute * minuteMs);
        if (minute < open) return day * dayMs + (open + random.int(0, 45)) * minuteMs + random.int(0, 59) * 1000;
      }
    }
    day += 1;
    minute = 0;
  }
}

/** A moment in office hours that lies min..max minutes of wall time later, with seconds and now and then milliseconds. */
export function laterInOffice(local: string, random: Random, minMinutes: number, maxMinutes: number): string {
  const millis = random.chance(0.2) ? random.int(0, 99) * 10 : 0;
  const wall = readLocal(local) + random.int(minMinutes, maxMinutes) * minuteMs + random.int(0, 59) * 1000;
  return writeLocal(Math.floor(toOfficeHours(wall, random) / 1000) * 1000 + millis);
}

/** The n-th working day from a date on (0 is the date itself or the next working day). */
export function workingDayFrom(date: string, count: number): string {
  let day = Math.floor(readLocal(date) / dayMs);
  let left = count;
  for (;;) {
    const text = new Date(day * dayMs).toISOString().slice(0, 10);
    if (chineseDays.isWorkday(text)) {
      if (left === 0) return text;
      left -= 1;
    }
    day += 1;
  }
}
