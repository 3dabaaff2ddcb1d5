/**
 * Dates and times of GB/T 39046-2020 and of the bureau, read strictly and written in a named form. No time zone is touched:
 * what the bureau wrote (Asia/Shanghai) is what is sent.
 */

export interface DateParts {
  readonly year: string;
  readonly month: string;
  readonly day: string;
}
export interface DateTimeParts extends DateParts {
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

/** The forms a date is written in. */
export const dateForms = ['YYYYMMDD', 'YYYY-MM-DD'] as const;
export type DateForm = (typeof dateForms)[number];

/** The forms a datetime is written in; the first three all stand in GB/T 39046-2020, which contradicts itself. */
export const dateTimeForms = ['YYYYMMDDhhmmss', 'YYYYMMDDThhmmss', 'YYYYMMDDhh:mm:ss', 'YYYY-MM-DD hh:mm:ss'] as const;
export type DateTimeForm = (typeof dateTimeForms)[number];

/** The forms a time of day is written in. */
export const timeForms = ['hhmmss', 'hh:mm:ss'] as const;
export type TimeForm = (typeof timeForms)[number];

const dashedDate = /^(\d{4})-(\d\d)-(\d\d)$/;
const plainDate = /^(\d{4})(\d\d)(\d\d)$/;
const dashedDateTime = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,7})?$/;
const plainDateTime = /^(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)$/;
const colonDateTime = /^(\d{4})(\d\d)(\d\d)(\d\d):(\d\d):(\d\d)$/;

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the day exists in the Gregorian calendar; years 1 to 9999. */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (month === 2 && leap ? 29 : monthDays[month - 1]!);
}

function dateOf(m: RegExpExecArray | null): DateParts | undefined {
  if (!m || !isCalendarDate(Number(m[1]), Number(m[2]), Number(m[3]))) return undefined;
  return { year: m[1]!, month: m[2]!, day: m[3]! };
}

/** Reads `YYYYMMDD`, `YYYY-MM-DD` or the date of any datetime form; undefined where it is none or the day does not exist. */
export function parseDate(text: string): DateParts | undefined {
  return dateOf(dashedDate.exec(text) ?? plainDate.exec(text)) ?? parseDateTime(text);
}

/** Reads the three datetime forms of GB/T 39046-2020 and the bureau's; undefined where it is none or does not exist. */
export function parseDateTime(text: string): DateTimeParts | undefined {
  const m = dashedDateTime.exec(text) ?? plainDateTime.exec(text) ?? colonDateTime.exec(text);
  const date = dateOf(m);
  if (!m || !date || Number(m[4]) > 23 || Number(m[5]) > 59 || Number(m[6]) > 59) return undefined;
  return { year: date.year, month: date.month, day: date.day, hour: m[4]!, minute: m[5]!, second: m[6]! };
}

/** Writes a date in one of `dateForms`. */
export function formatDate(d: DateParts, form: DateForm): string {
  return form === 'YYYYMMDD' ? d.year + d.month + d.day : `${d.year}-${d.month}-${d.day}`;
}

/** Writes a time of day in one of `timeForms`. */
export function formatTime(t: DateTimeParts, form: TimeForm): string {
  return form === 'hhmmss' ? t.hour + t.minute + t.second : `${t.hour}:${t.minute}:${t.second}`;
}

/** Writes a datetime in one of `dateTimeForms`; parts of a second are left off, never rounded up. */
export function formatDateTime(t: DateTimeParts, form: DateTimeForm): string {
  switch (form) {
    case 'YYYYMMDDhhmmss':
      return t.year + t.month + t.day + t.hour + t.minute + t.second;
    case 'YYYYMMDDThhmmss':
      return `${t.year}${t.month}${t.day}T${t.hour}${t.minute}${t.second}`;
    case 'YYYYMMDDhh:mm:ss':
      return `${t.year}${t.month}${t.day}${t.hour}:${t.minute}:${t.second}`;
    case 'YYYY-MM-DD hh:mm:ss':
      return `${t.year}-${t.month}-${t.day} ${t.hour}:${t.minute}:${t.second}`;
  }
}
