import type { CaseFacts, ClockLevel, ObjectReading } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import type { Instant } from '../domain/vocabulary.js';
import { computeClock } from './compute-clock.js';
import { caseOf, knownTo, weightOf, type ReportedEvent } from './judge-delays.js';
import type { Meters } from './make-meters.js';

/** Events whose absence makes a receiver's clock run although ours stands. */
export const restrainingEvents: readonly string[] = ['special-start', 'supplement-notice', 'result'];

/** A level that a receiver has or will have only because an event has not reached it. */
export interface ForecastDelay {
  readonly channel: string;
  readonly level: ClockLevel;
  readonly at: Instant;
  readonly reached: boolean;
  /** The oldest of the events that would have kept it away. */
  readonly event: ReportedEvent;
}

/** Boundaries looked at beyond the present one: a suspension that ends, a warning, a card. */
const mostHops = 6;

/** For each receiver: the level it has now and would not have, or the next it will have within the horizon. */
export function forecastDelays(facts: CaseFacts, rules: RuleSet, meters: Meters, nowMs: number, horizonMs: number, reported: readonly ReportedEvent[]): ForecastDelay[] {
  const read = (of: CaseFacts, ms: number): ObjectReading => caseOf(computeClock(of, rules, meters, ms))!;
  const now = new Date(nowMs).toISOString();
  return [...new Set(reported.map((r) => r.channel))].flatMap((channel): ForecastDelay[] => {
    const own = reported.filter((r) => r.channel === channel);
    const event = own.filter((r) => restrainingEvents.includes(r.event) && r.acceptedAt === undefined && !own.some((o) => o.event === r.event && o.sequence === r.sequence && o.acceptedAt !== undefined)).sort((a, b) => (a.capturedAt < b.capturedAt ? -1 : 1))[0];
    if (!event) return [];
    const theirs = knownTo(facts, own, now);
    const present = read(theirs, nowMs);
    if (weightOf(present.level) > weightOf(read(facts, nowMs).level)) return [{ channel, level: present.level!, at: present.reached.find((c) => c.level === present.level)!.at, reached: true, event }];
    let next = present.nextAt;
    for (let hop = 0; hop < mostHops && next !== undefined && Date.parse(next) <= nowMs + horizonMs; hop++) {
      const later = read(theirs, Date.parse(next));
      // Ours may reach it by then as well: then it is no fault of the exchange.
      if (weightOf(later.level) > weightOf(read(facts, Date.parse(next)).level)) return [{ channel, level: later.level!, at: next, reached: false, event }];
      next = later.nextAt;
    }
    return [];
  });
}
