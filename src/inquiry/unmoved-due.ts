import type { CaseFacts } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import type { Instant } from '../domain/vocabulary.js';
import { GatewayFailure } from '../domain/failures.js';
import { computeClock } from '../supervision/compute-clock.js';
import type { Meters } from '../supervision/make-meters.js';

/** When a case would be due had nothing suspended it; undefined where nothing did, or where the calendar cannot say. */
export function unmovedDue(facts: CaseFacts, rules: RuleSet, meters: Meters, nowMs: number): Instant | undefined {
  if (facts.pauses.length === 0) return undefined;
  try {
    return computeClock({ ...facts, pauses: [] }, rules, meters, nowMs).objects[0]?.limits[0]?.dueAt;
  } catch (error) {
    if (error instanceof GatewayFailure) return undefined;
    throw error;
  }
}
