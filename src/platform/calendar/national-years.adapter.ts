import { createRequire } from 'node:module';
import type { CalendarDay, NationalYear } from '../../domain/working-calendar.js';

/** The package's published table: `"2026-10-01": "National Day,国庆节,3"`. */
interface PublishedTable {
  readonly holidays: Readonly<Record<string, string>>;
  readonly workdays: Readonly<Record<string, string>>;
}

let known: readonly NationalYear[] | undefined;

/**
 * Every year that the package chinese-days really holds, read once. Its table is read and not its functions: beyond the last
 * year they call each Monday to Friday a working day without saying so.
 */
export function nationalYears(): readonly NationalYear[] {
  if (known) return known;
  const { holidays, workdays } = createRequire(import.meta.url)('chinese-days/dist/chinese-days.json') as PublishedTable;
  const entries = (table: Readonly<Record<string, string>>, working: boolean): CalendarDay[] =>
    Object.entries(table).map(([day, name]) => ({ day, working, reason: `${name.split(',')[1] ?? name}${working ? '调休上班' : ''}` }));
  const days = [...entries(holidays, false), ...entries(workdays, true)].sort((a, b) => (a.day < b.day ? -1 : 1));
  // Only a year with free days is a year with an arrangement: a make-up day may stand in the table of the year before.
  const years = [...new Set(days.filter((d) => !d.working).map((d) => Number(d.day.slice(0, 4))))];
  known = years.map((year) => ({ year, source: 'chinese-days', days: days.filter((d) => d.day.startsWith(String(year))) }));
  return known;
}
