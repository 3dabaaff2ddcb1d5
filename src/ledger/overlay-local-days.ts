import { createHash } from 'node:crypto';
import type { CalendarTable } from '../domain/working-calendar.js';

/** What a day was decided to be: off, at work, or as the file and the country have it. */
export type LocalDayKind = 'free' | 'working' | 'none';
export interface LocalDay {
  readonly day: string;
  readonly kind: LocalDayKind;
  readonly reason: string;
}

/** The calendar of the file with what was decided on the page over it. Its version changes with what is in force, and is the file's where nothing is. */
export function overlayLocalDays(file: CalendarTable, decided: readonly LocalDay[]): CalendarTable {
  const days = decided.filter((d) => d.kind !== 'none');
  if (days.length === 0) return file;
  const over = new Set(days.map((d) => d.day));
  const local = [...file.local.filter((d) => !over.has(d.day)), ...days.map((d) => ({ day: d.day, working: d.kind === 'working', reason: d.reason }))].sort((a, b) => (a.day < b.day ? -1 : 1));
  const version = createHash('sha256').update(JSON.stringify([file.version, local])).digest('hex').slice(0, 12);
  return { ...file, version, local };
}
