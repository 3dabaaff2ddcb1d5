import type { PauseWhy } from '../domain/clock-sayings.js';
import type { Pause } from '../domain/supervision-facts.js';
import type { RuleVersion } from '../domain/supervision-rules.js';
import { dayOfSecond, type Meter, type Meters } from './make-meters.js';

/** A half-open interval on an axis; `until` may be Infinity. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** What a supplement or special procedure does to the clock. */
export interface JudgedPause extends Stretch {
  readonly pause: Pause;
  readonly suspends: boolean;
  readonly why: PauseWhy;
  /** Where its approved length ends, when that is what ends it. */
  readonly cappedAt?: number | undefined;
}

export const secondOf = (instant: string): number => Math.floor(Date.parse(instant) / 1000);

/** Judges every pause of a case on an axis; those known at the moment only, with ends after it taken off already. */
export function judgePauses(pauses: readonly Pause[], acceptedAt: number, rules: RuleVersion, axis: Meter['axis'], meters: Meters): JudgedPause[] {
  return pauses.map((pause) => {
    const from = secondOf(pause.from);
    const until = pause.until === undefined ? Infinity : secondOf(pause.until);
    const place = placed(from, until, rules, axis);
    const no = (why: PauseWhy): JudgedPause => ({ ...place, pause, suspends: false, why });
    if (until < from) return no('ends-before-it-begins');
    if (pause.kind === 'supplement') {
      if (rules.suspensions.supplement === 'never') return no('supplements-never');
      if (from < acceptedAt) return no('before-acceptance');
      return { ...place, pause, suspends: true, why: 'supplement' };
    }
    const { cap, withoutLength, noticeRequired } = rules.suspensions.special;
    if (noticeRequired && pause.noticeNo === undefined) return no('no-notice');
    const approved = pause.approved && pause.approved.length > 0 && pause.approved.unit !== 'I' ? pause.approved : undefined;
    if (!approved) {
      if (withoutLength === 'ignored') return no('no-length');
      return { ...place, pause, suspends: true, why: 'until-it-ends' };
    }
    if (cap === 'none') return { ...place, pause, suspends: true, why: 'special' };
    const cappedAt = addLength(place.from, approved.length, meters.of(axis, approved.unit === 'H' ? 'H' : approved.unit === 'N' ? 'N' : 'W'), axis);
    if (cappedAt >= place.until) return { ...place, pause, suspends: true, why: 'approved' };
    return { from: place.from, until: cappedAt, pause, suspends: true, why: 'capped', cappedAt };
  });
}

/** With whole days: from its first day up to, without, its last; one that ends on its first day may still take that day. */
function placed(from: number, until: number, rules: RuleVersion, axis: Meter['axis']): Stretch {
  if (axis === 'seconds') return { from, until };
  const first = dayOfSecond(from);
  if (until === Infinity) return { from: first, until };
  return { from: first, until: Math.max(dayOfSecond(until), rules.suspensions.sameDay === 'one-day' ? first + 1 : first) };
}

/** The moment when `length` has passed; Infinity where the calendar ends before. */
function addLength(from: number, length: number, meter: Meter, axis: Meter['axis']): number {
  if (meter.axis !== axis) return from + 1; // hours within whole days: the day they began on
  if (from >= meter.end) return Infinity;
  return meter.firstOver(meter.position(from) + length * meter.size - 1) ?? Infinity;
}

/** The union, in order, without overlap or touching neighbours. */
export function uniteStretches(stretches: readonly Stretch[]): Stretch[] {
  const out: { from: number; until: number }[] = [];
  for (const s of stretches.filter((x) => x.until > x.from).sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && s.from <= last.until) last.until = Math.max(last.until, s.until);
    else out.push({ from: s.from, until: s.until });
  }
  return out;
}
