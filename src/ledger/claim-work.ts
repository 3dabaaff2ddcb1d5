import type { ExchangeRow } from './exchange-row.js';

export interface SplitClaim {
  readonly work: ExchangeRow[];
  readonly giveBack: ExchangeRow[];
  readonly park: ExchangeRow[];
  /** What follows is worked on alone: one is claimed at a time, when nothing else of this stage and channel is under way in the process. */
  readonly alone: boolean;
}

/** Deaths in company after which an exchange is worked on alone. */
const deathsInCompany = 2;

/**
 * Splits claimed work after a crash: an exchange whose worker died twice before (a third claim counts three crashes) is tried
 * alone, so that the one that kills its worker is found and its neighbours are not blamed; those nothing is known of go
 * before it. Above `maxCrashes` it is parked; the last death before that is always one alone.
 */
export function splitClaim(rows: readonly ExchangeRow[], maxCrashes: number): SplitClaim {
  const park = rows.filter((r) => r.crashes > maxCrashes);
  const rest = rows.filter((r) => r.crashes <= maxCrashes);
  const isSuspect = (r: ExchangeRow): boolean => r.crashes > Math.min(deathsInCompany, maxCrashes - 1);
  const suspects = rest.filter(isSuspect);
  if (suspects.length === 0) return { work: rest, giveBack: [], park, alone: false };
  const others = rest.filter((r) => !isSuspect(r));
  if (others.length > 0) return { work: others, giveBack: suspects, park, alone: true };
  return { work: [suspects[0]!], giveBack: suspects.slice(1), park, alone: true };
}
