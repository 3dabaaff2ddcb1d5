/**
 * Time as the checker counts it, so that the gateway's clock has a second opinion: day by day over the calendar file, to the
 * second. Seconds are since 1970 (UTC); days are those of Asia/Shanghai.
 */

/** Office time of each day from `first` on (days since 1970), as seconds of the day; none on a free one. */
export interface OfficeDays {
  readonly first: number;
  readonly spans: readonly (readonly (readonly [from: number, until: number])[])[];
}

/** Whole parts of time passed since some beginning; `size` of them are one day (one hour for H). Stands still where the calendar ends. */
export interface Count {
  readonly size: number;
  at(second: number): number;
}

/** A half-open stretch of seconds; `until` may be Infinity. */
export type Stretch = readonly [from: number, until: number];

/** W working days, N calendar days, H working hours. */
export type Counts = Readonly<Record<'W' | 'N' | 'H', Count>>;

const daySeconds = 86_400;
const zone = 8 * 3_600;
/** How far ahead is looked for the end of a limit: no limit here is longer. */
const horizon = 500 * daySeconds;

/** Day of a second in Asia/Shanghai, since 1970; its first second is `day * 86400 - 8 h`. */
export const dayOf = (second: number): number => Math.floor((second + zone) / daySeconds);
export const beginOf = (day: number): number => day * daySeconds - zone;

/** A bureau time (Asia/Shanghai, without zone) as a second; undefined where there is none. */
export function secondOf(text: string | null | undefined): number | undefined {
  const ms = text === null || text === undefined || text.length < 19 ? NaN : Date.parse(`${text.slice(0, 10)}T${text.slice(11, 23)}+08:00`);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** A second as bureaus write it. */
export const bureauText = (second: number): string => `${new Date((second + zone) * 1000).toISOString().slice(0, 19).replace('T', ' ')}.000`;

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Counts over a calendar. A working day is one day whatever its hours, so each is cut into the same number of parts. */
export function makeCounts(office: OfficeDays): Counts {
  const lengths = office.spans.map((spans) => spans.reduce((sum, [from, until]) => sum + until - from, 0));
  const size = [...new Set(lengths)].filter((n) => n > 0).reduce((a, b) => (a / divisor(a, b)) * b, 1);
  const days = [0];
  const seconds = [0];
  for (const [i, length] of lengths.entries()) {
    days.push(days[i]! + (length > 0 ? size : 0));
    seconds.push(seconds[i]! + length);
  }
  const place = (second: number): { i: number; worked: number } => {
    const i = Math.min(Math.max(0, dayOf(second) - office.first), lengths.length);
    const ofDay = second - beginOf(office.first + i);
    return { i, worked: (office.spans[i] ?? []).reduce((sum, [from, until]) => sum + Math.max(0, Math.min(ofDay, until) - from), 0) };
  };
  return {
    W: { size, at: (second) => { const { i, worked } = place(second); return days[i]! + (worked === 0 ? 0 : (worked * size) / lengths[i]!); } },
    H: { size: 3_600, at: (second) => { const { i, worked } = place(second); return seconds[i]! + worked; } },
    N: { size: daySeconds, at: (second) => second },
  };
}

/** Stretches in order without overlap, so that no second is taken off twice. */
export function joinStretches(stretches: readonly Stretch[]): Stretch[] {
  const joined: [number, number][] = [];
  for (const [from, until] of [...stretches].filter(([a, b]) => b > a).sort((x, y) => x[0] - y[0])) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], until);
    else joined.push([from, until]);
  }
  return joined;
}

/** Parts between two seconds, without what stood still. */
export function passed(count: Count, from: number, until: number, still: readonly Stretch[]): number {
  if (until <= from) return 0;
  let sum = count.at(until) - count.at(from);
  for (const [a, b] of still) {
    const [x, y] = [Math.max(a, from), Math.min(b, until)];
    if (y > x) sum -= count.at(y) - count.at(x);
  }
  return sum;
}

/** The first second at which more than `parts` have passed; Infinity where that is never. */
export function firstOver(count: Count, from: number, still: readonly Stretch[], parts: number): number {
  if (parts < 0) return from;
  let [low, high] = [from, from + horizon];
  if (passed(count, from, high, still) <= parts) return Infinity;
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    if (passed(count, from, middle, still) > parts) high = middle;
    else low = middle;
  }
  return high;
}

/** The latest beginning from which more than `parts` have passed at `target`, so that a limit is crossed about then. */
export function beginFor(count: Count, target: number, parts: number): number {
  let [low, high] = [target - horizon, target];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    if (passed(count, middle, target, []) > parts) low = middle;
    else high = middle;
  }
  return low;
}
