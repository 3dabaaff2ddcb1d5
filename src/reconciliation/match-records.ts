import type { Outcome, WorkingSet } from '../domain/reconciliation-outcomes.js';
import type { MatchContext } from './match-context.js';
import { settleFees } from './settle-fees.js';
import { settleTaxes } from './settle-taxes.js';

/**
 * Settles what belongs together and says of everything else why it is open. Deterministic: the order of the input and the ids play
 * no part. Every item that is not fixed comes back in exactly one settlement or one difference of aspect `settlement`.
 */
export function matchRecords(set: WorkingSet, context: MatchContext): Outcome {
  const fees = settleFees(set, context);
  const taxes = settleTaxes({ ...set, knownCases: new Set([...set.charges, ...set.expectations].map((x) => x.caseNo)) }, context);
  return { settlements: [...fees.settlements, ...taxes.settlements], differences: [...fees.differences, ...taxes.differences] };
}
