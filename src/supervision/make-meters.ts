import { GatewayFailure } from '../domain/failures.js';
import type { WorkingCalendar } from '../domain/working-calendar.js';

/**
 * Counts time along an axis: seconds since 1970 (UTC), or days since 1970 in Asia/Shanghai. Everything is a whole number, so
 * that a limit is met exactly and not almost.
 */
export interface Meter {
  readonly axis: 'seconds' | 'days';
  /** Units in one day (or hour) of a limit. */
  readonly size: number;
  /** What was counted before x, from some beginning on; never falls. Throws calendar-year-missing beyond `end`. */
  position(x: number): number;
  /** The first x before which more than `target` is counted; undefined where the calendar ends before. */
  firstOver(target: number): number | undefined;
  /** Where the calendar ends on this axis. */
  readonly end: number;
}

/** All that a calendar gives to count with. */
export interface Meters {
  readonly calendar: WorkingCalendar;
  /** First second that the calendar does not hold. */
  readonly endsAt: number;
  of(measure: 'seconds' | 'days', unit: 'W' | 'N' | 'H'): Meter;
}

const daySeconds = 86_400;
const shanghaiSeconds = 8 * 3_600;

/** Day in Asia/Shanghai, since 1970, of a second. */
export const dayOfSecond = (second: number): number => Math.floor((second + shanghaiSeconds) / daySeconds);
/** First second of a day. */
export const secondOfDay = (day: number): number => day * daySeconds - shanghaiSeconds;
/** A day as YYYY-MM-DD. */
export const dayText = (day: number): string => new Date(day * daySeconds * 1000).toISOString().slice(0, 10);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Counts every known day once and keeps the sums, so that each later question costs a look-up. Hours are whole minutes. Where
 * the hours of a working day change (summer hours) each working day is still one day: all are counted in the same small part.
 */
export function makeMeters(calendar: WorkingCalendar): Meters {
  const years = calendar.knownYears();
  const first = years[0] ?? 1970;
  let last = first;
  while (years.includes(last + 1)) last++;
  const start = Date.UTC(first, 0, 1) / 1000 / daySeconds;
  const end = Date.UTC(last + 1, 0, 1) / 1000 / daySeconds;
  const days = end - start;
  /** Working days, and working seconds, before each day. */
  const before = new Int32Array(days + 1);
  const worked = new Float64Array(days + 1);
  const workdays: number[] = [];
  const spans: (readonly (readonly [from: number, until: number])[])[] = [];
  const lengths = new Set<number>();
  for (let i = 0; i < days; i++) {
    const ofDay = calendar.spansOf(dayText(start + i)).map((s): [number, number] => [s.fromMs / 1000, s.untilMs / 1000]);
    const length = ofDay.reduce((sum, [a, b]) => sum + b - a, 0);
    spans.push(ofDay);
    if (length > 0) {
      workdays.push(start + i);
      lengths.add(length);
    }
    before[i + 1] = before[i]! + (length > 0 ? 1 : 0);
    worked[i + 1] = worked[i]! + length;
  }
  const size = [...lengths].reduce((a, b) => (a * b) / gcd(a, b), 1);

  const indexOf = (day: number): number => {
    if (day >= start && day < end) return day - start;
    throw new GatewayFailure('calendar-year-missing', `the working calendar has no data for ${dayText(day).slice(0, 4)}`);
  };
  const workedInDay = (index: number, ofDay: number): number => {
    let sum = 0;
    for (const [a, b] of spans[index]!) sum += Math.max(0, Math.min(ofDay, b) - a);
    return sum;
  };
  /** Second of the day at which so much was worked. */
  const secondOfWork = (index: number, wanted: number): number => {
    let left = wanted;
    for (const [a, b] of spans[index]!) {
      if (left <= b - a) return a + left;
      left -= b - a;
    }
    throw new RangeError('a working day has fewer seconds than were counted');
  };
  const endsAt = secondOfDay(end);

  const workingSeconds: Meter = {
    axis: 'seconds', size, end: endsAt,
    position(second) {
      const day = dayOfSecond(second);
      if (second === endsAt) return before[days]! * size;
      const i = indexOf(day);
      const length = worked[i + 1]! - worked[i]!;
      return before[i]! * size + (length === 0 ? 0 : (workedInDay(i, second - secondOfDay(day)) * size) / length);
    },
    firstOver(target) {
      const whole = Math.floor(target / size);
      const day = workdays[whole];
      if (day === undefined) return undefined;
      const i = day - start;
      const length = worked[i + 1]! - worked[i]!;
      return secondOfDay(day) + secondOfWork(i, Math.floor(((target - whole * size) * length) / size) + 1);
    },
  };
  const workingHours: Meter = {
    axis: 'seconds', size: 3_600, end: endsAt,
    position(second) {
      if (second === endsAt) return worked[days]!;
      const i = indexOf(dayOfSecond(second));
      return worked[i]! + workedInDay(i, second - secondOfDay(start + i));
    },
    firstOver(target) {
      if (target >= worked[days]!) return undefined;
      let [low, high] = [0, days - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (worked[middle + 1]! > target) high = middle;
        else low = middle + 1;
      }
      return secondOfDay(start + low) + secondOfWork(low, target - worked[low]! + 1);
    },
  };
  const workingDays: Meter = {
    axis: 'days', size: 1, end,
    position: (day) => (day === end ? before[days]! : before[indexOf(day)]!),
    firstOver(target) {
      const day = workdays[target];
      return day === undefined ? undefined : day + 1;
    },
  };
  const calendarSeconds: Meter = { axis: 'seconds', size: daySeconds, end: Infinity, position: (second) => second, firstOver: (target) => target + 1 };
  const calendarDays: Meter = { axis: 'days', size: 1, end: Infinity, position: (day) => day, firstOver: (target) => target + 1 };

  return {
    calendar, endsAt,
    of(measure, unit) {
      if (unit === 'H') return workingHours;
      if (unit === 'N') return measure === 'seconds' ? calendarSeconds : calendarDays;
      return measure === 'seconds' ? workingSeconds : workingDays;
    },
  };
}
