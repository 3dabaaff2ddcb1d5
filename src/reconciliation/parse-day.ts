import { parseDate, parseDateTime } from '../domain/format-datetime.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { Instant } from '../domain/vocabulary.js';

/** `YYYYMMDD` or `YYYY-MM-DD` as a day; undefined for anything else, also for a day that no calendar has. */
export function parseDay(text: string): Day | undefined {
  const found = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text);
  if (!found) return undefined;
  const day = `${found[1]}-${found[2]}-${found[3]}`;
  return parseDate(day) ? day : undefined;
}

/** A datetime of Asia/Shanghai in any of the accepted forms as an instant; undefined for anything else. */
export function parseMoment(text: string): Instant | undefined {
  const t = parseDateTime(text);
  return t && new Date(Date.parse(`${t.year}-${t.month}-${t.day}T${t.hour}:${t.minute}:${t.second}+08:00`)).toISOString();
}
