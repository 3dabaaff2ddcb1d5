import { GatewayFailure } from './failures.js';
import type { Day } from './reconciliation-records.js';

/**
 * Working time of a Chinese authority: national arrangement with make-up working days, local days, hours of the day. Instants
 * are epoch milliseconds (UTC); days and hours are those of Asia/Shanghai, which is UTC+8 without summer time since 1992.
 * Intervals are half-open: a span ends the moment before its end, so 12:00:00 belongs to no morning.
 */

/** A day that is not what its weekday says. */
export interface CalendarDay {
  readonly day: Day;
  readonly working: boolean;
  readonly reason: string;
}

/** The arrangement of one year as the State Council's notice has it. */
export interface NationalYear {
  readonly year: number;
  /** Where it was taken from. */
  readonly source: string;
  readonly days: readonly CalendarDay[];
}

/** Milliseconds since midnight, half-open. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Hours of a working day, in force from a day on; the first have no beginning. */
export interface DayHours {
  readonly from?: Day | undefined;
  readonly spans: readonly Span[];
}

/** All that a calendar is made of; plain data. */
export interface CalendarTable {
  /** Changes whenever any of the data changes. */
  readonly version: string;
  readonly national: readonly NationalYear[];
  readonly local: readonly CalendarDay[];
  readonly hours: readonly DayHours[];
}

/** What a day is and why. */
export interface DescribedDay {
  readonly day: Day;
  readonly working: boolean;
  readonly because: 'weekday' | 'weekend' | 'national' | 'local';
  readonly reason?: string | undefined;
}

interface YearTable {
  /** Days since 1970-01-01 of 1 January and of the next 1 January. */
  readonly first: number;
  readonly end: number;
  readonly spans: readonly (readonly Span[])[];
  /** Working milliseconds from the year's beginning to the beginning of each day; one more than there are days. */
  readonly sums: readonly number[];
}

const dayMs = 86_400_000;
const shanghaiMs = 8 * 3_600_000;
const none: readonly Span[] = [];

/** Days since 1970-01-01 of a day in the form YYYY-MM-DD; throws a RangeError where there is no such day. */
function numberOf(day: Day): number {
  const ms = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(ms) || dayText(ms / dayMs) !== day) throw new RangeError(`${day} is no day: expected YYYY-MM-DD`);
  return ms / dayMs;
}
const dayText = (number: number): Day => new Date(number * dayMs).toISOString().slice(0, 10);
const yearOf = (number: number): number => new Date(number * dayMs).getUTCFullYear();
const isWeekend = (number: number): boolean => [0, 6].includes(new Date(number * dayMs).getUTCDay());

/** Day in Asia/Shanghai of an instant. */
export const shanghaiDay = (ms: number): Day => dayText(Math.floor((ms + shanghaiMs) / dayMs));

/**
 * Working days and working time. Every answer about a year without data is refused with `calendar-year-missing`: guessing
 * Monday to Friday would call holidays working days.
 */
export class WorkingCalendar {
  private readonly years = new Map<number, YearTable>();
  private readonly national: ReadonlyMap<number, NationalYear>;
  private readonly exceptions: ReadonlyMap<Day, CalendarDay & { because: 'national' | 'local' }>;

  constructor(readonly table: CalendarTable) {
    this.national = new Map(table.national.map((y) => [y.year, y]));
    const exceptions = new Map<Day, CalendarDay & { because: 'national' | 'local' }>();
    for (const d of table.national.flatMap((y) => y.days)) exceptions.set(d.day, { ...d, because: 'national' });
    for (const d of table.local) exceptions.set(d.day, { ...d, because: 'local' });
    this.exceptions = exceptions;
  }

  get version(): string {
    return this.table.version;
  }

  hasYear(year: number): boolean {
    return this.national.has(year);
  }

  /** Where the arrangement of a year comes from; undefined where there is none. */
  sourceOf(year: number): string | undefined {
    return this.national.get(year)?.source;
  }

  /** Years with data, ascending. */
  knownYears(): number[] {
    return [...this.national.keys()].sort((a, b) => a - b);
  }

  /** The year whose arrangement has to be brought now: the present one, or from 1 November on the next; undefined when all is there. */
  missingYear(nowMs: number): number | undefined {
    const day = shanghaiDay(nowMs);
    const year = Number(day.slice(0, 4));
    if (!this.hasYear(year)) return year;
    return day.slice(5) >= '11-01' && !this.hasYear(year + 1) ? year + 1 : undefined;
  }

  isWorkingDay(day: Day): boolean {
    return this.describeDay(day).working;
  }

  describeDay(day: Day): DescribedDay {
    const number = numberOf(day);
    this.tableOf(yearOf(number));
    return this.describe(number);
  }

  /** Working days from one day up to, without, another; negative when the second is earlier. */
  workingDaysBetween(from: Day, until: Day): number {
    const [a, b] = [numberOf(from), numberOf(until)];
    let count = 0;
    for (let d = Math.min(a, b); d < Math.max(a, b); d++) if (this.isWorkingDay(dayText(d))) count++;
    return b < a ? -count : count;
  }

  /** Hours of a day: none on a free one. */
  spansOf(day: Day): readonly Span[] {
    const number = numberOf(day);
    const table = this.tableOf(yearOf(number));
    return table.spans[number - table.first]!;
  }

  workingMsOfDay(day: Day): number {
    return this.spansOf(day).reduce((sum, s) => sum + s.untilMs - s.fromMs, 0);
  }

  isWorkingMoment(ms: number): boolean {
    const { number, ofDay } = split(ms);
    const table = this.tableOf(yearOf(number));
    return table.spans[number - table.first]!.some((s) => s.fromMs <= ofDay && ofDay < s.untilMs);
  }

  /** Working milliseconds of [from, until); negative when `until` is earlier. */
  workingMsBetween(fromMs: number, untilMs: number): number {
    if (untilMs < fromMs) return 0 - this.workingMsBetween(untilMs, fromMs);
    let sum = 0;
    for (let at = fromMs; at < untilMs; ) {
      const table = this.tableOf(yearOf(split(at).number));
      const yearEnd = table.end * dayMs - shanghaiMs;
      sum += sumUpTo(table, Math.min(untilMs, yearEnd)) - sumUpTo(table, at);
      at = yearEnd;
    }
    return sum;
  }

  /**
   * The moment at which `ms` of working time have passed since `fromMs`: the earliest one going forward (the end of a morning,
   * not the beginning of the afternoon), the latest one going back with a negative `ms`.
   */
  addWorkingMs(fromMs: number, ms: number): number {
    if (!Number.isFinite(ms)) throw new RangeError('expected a finite number of milliseconds');
    let left = Math.abs(ms);
    for (let at = fromMs; left > 0; ) {
      // Going back from midnight of 1 January belongs to the year before.
      const table = this.tableOf(yearOf(split(ms > 0 ? at : at - 1).number));
      const here = sumUpTo(table, at);
      const room = ms > 0 ? table.sums.at(-1)! - here : here;
      if (left <= room) return ms > 0 ? earliest(table, here + left) : latest(table, here - left);
      left -= room;
      at = (ms > 0 ? table.end : table.first) * dayMs - shanghaiMs;
    }
    return fromMs;
  }

  /** The instant itself when it is working time, else the beginning of the next working span. */
  nextWorkingMoment(ms: number): number {
    for (let { number, ofDay } = split(ms); ; number++, ofDay = 0) {
      const table = this.tableOf(yearOf(number));
      const span = table.spans[number - table.first]!.find((s) => ofDay < s.untilMs);
      if (span) return number * dayMs - shanghaiMs + Math.max(ofDay, span.fromMs);
    }
  }

  private describe(number: number): DescribedDay {
    const day = dayText(number);
    const exception = this.exceptions.get(day);
    if (exception) return { day, working: exception.working, because: exception.because, reason: exception.reason };
    return isWeekend(number) ? { day, working: false, because: 'weekend' } : { day, working: true, because: 'weekday' };
  }

  private tableOf(year: number): YearTable {
    const known = this.years.get(year);
    if (known) return known;
    if (!this.hasYear(year)) throw new GatewayFailure('calendar-year-missing', `the working calendar has no data for ${year}`);
    const first = numberOf(`${String(year).padStart(4, '0')}-01-01`);
    const spans: (readonly Span[])[] = [];
    const sums = [0];
    for (let number = first; yearOf(number) === year; number++) {
      const ofDay = this.describe(number).working ? this.hoursOf(dayText(number)) : none;
      spans.push(ofDay);
      sums.push(sums.at(-1)! + ofDay.reduce((sum, s) => sum + s.untilMs - s.fromMs, 0));
    }
    const table = { first, end: first + spans.length, spans, sums };
    this.years.set(year, table);
    return table;
  }

  private hoursOf(day: Day): readonly Span[] {
    return this.table.hours.findLast((h) => h.from === undefined || h.from <= day)?.spans ?? none;
  }
}

function split(ms: number): { number: number; ofDay: number } {
  const local = ms + shanghaiMs;
  const number = Math.floor(local / dayMs);
  return { number, ofDay: local - number * dayMs };
}

/** Working milliseconds from the year's beginning to an instant of it (its end included). */
function sumUpTo(table: YearTable, ms: number): number {
  const { number, ofDay } = split(ms);
  const index = number - table.first;
  return (table.spans[index] ?? none).reduce((sum, s) => sum + Math.max(0, Math.min(ofDay, s.untilMs) - s.fromMs), table.sums[index]!);
}

/** The first moment up to which the year has `wanted` working milliseconds; wanted is above 0. */
function earliest(table: YearTable, wanted: number): number {
  return momentOf(table, firstIndex(table.sums, (sum) => sum >= wanted) - 1, wanted, (reached) => reached >= wanted);
}

/** The last moment up to which the year has `wanted` working milliseconds; wanted is below the year's whole. */
function latest(table: YearTable, wanted: number): number {
  return momentOf(table, firstIndex(table.sums, (sum) => sum > wanted) - 1, wanted, (reached) => reached > wanted);
}

function momentOf(table: YearTable, index: number, wanted: number, isReached: (sum: number) => boolean): number {
  let sum = table.sums[index]!;
  const span = table.spans[index]!.find((s) => {
    if (isReached(sum + s.untilMs - s.fromMs)) return true;
    sum += s.untilMs - s.fromMs;
    return false;
  })!;
  return (table.first + index) * dayMs - shanghaiMs + span.fromMs + wanted - sum;
}

/** Index of the first element that fits; the elements ascend and one fits. */
function firstIndex(sums: readonly number[], fits: (sum: number) => boolean): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(sums[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
