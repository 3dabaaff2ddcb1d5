import type { Stretch } from './judge-pauses.js';
import type { Meter } from './make-meters.js';

/** Counted units from `start` up to x without what is suspended. */
export function countUnits(meter: Meter, start: number, x: number, suspended: readonly Stretch[]): number {
  if (x <= start) return 0;
  let sum = meter.position(x) - meter.position(start);
  for (const s of suspended) {
    const [from, until] = [Math.max(s.from, start), Math.min(s.until, x)];
    if (until > from) sum -= meter.position(until) - meter.position(from);
  }
  return sum;
}

/**
 * The first x at which more than `target` units are counted, if nothing else happens: Infinity while a suspension without end
 * stands before it, undefined where the calendar ends before it.
 */
export function findCrossing(meter: Meter, start: number, suspended: readonly Stretch[], target: number): number | undefined {
  if (target < 0) return start;
  let at = start;
  let left = target;
  for (const s of suspended) {
    if (s.until <= at) continue;
    if (s.from > at) {
      const here = meter.position(s.from) - meter.position(at);
      if (here > left) break;
      left -= here;
    }
    if (s.until === Infinity) return Infinity;
    at = s.until;
    if (at >= meter.end) return undefined;
  }
  return meter.firstOver(meter.position(at) + left);
}
