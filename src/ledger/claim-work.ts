import type { ExchangeRow } from './exchange-row.js';

/**
 * Splits claimed work after a crash: an exchange whose worker died twice before (crashes above two after this claim) is tried
 * alone, so that the one that kills its worker is found and its neighbours are not blamed; above the limit it is parked.
 */
export function splitClaim(rows: readonly ExchangeRow[], maxCrashes: number): { work: ExchangeRow[]; giveBack: ExchangeRow[]; park: ExchangeRow[] } {
  const park = rows.filter((r) => r.crashes > maxCrashes);
  const rest = rows.filter((r) => r.crashes <= maxCrashes);
  const suspects = rest.filter((r) => r.crashes > 2);
  if (suspects.length === 0) return { work: rest, giveBack: [], park };
  return { work: [suspects[0]!], giveBack: rest.filter((r) => r !== suspects[0]), park };
}
