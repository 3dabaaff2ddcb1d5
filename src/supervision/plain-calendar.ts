import { WorkingCalendar, type CalendarTable } from '../domain/working-calendar.js';

/** The same years and hours with Monday to Friday as working days, as a body counts that has no table of holidays. */
export function plainCalendar(table: CalendarTable): WorkingCalendar {
  return new WorkingCalendar({ ...table, version: `${table.version} without holidays`, national: table.national.map((y) => ({ ...y, days: [] })), local: [] });
}
