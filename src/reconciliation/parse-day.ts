import { parseDate } from '../domain/format-datetime.js';
import type { Day } from '../domain/reconciliation-records.js';

/** `YYYYMMDD` or `YYYY-MM-DD` as a day; undefined for anything else, also for a day that no calendar has. */
export function parseDay(text: string): Day | undefined {
  const found = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text);
  if (!found) return undefined;
  const day = `${found[1]}-${found[2]}-${found[3]}`;
  return parseDate(day) ? day : undefined;
}
