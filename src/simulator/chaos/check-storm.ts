import { checkApplied } from './check-applied.js';
import { checkArrival } from './check-arrival.js';
import { checkClaims } from './check-claims.js';
import { checkLights } from './check-lights.js';
import { gatherEvidence, listParked } from './gather-evidence.js';
import type { Parked, StormInput, StormVerdict, SupervisionTally, Violation } from './witness.js';

/** Compares the three witnesses after a storm; trusts none of them. */
export function checkStorm(input: StormInput): StormVerdict {
  const violations: Violation[] = [];
  const parked: Parked[] = input.ledger.unreadable.map((u) => ({ channel: '', caseNo: u.caseNo, event: '', sequence: '', state: 'unreadable', code: u.code, detail: u.detail, behind: 0 }));
  const checked = { cases: input.bureau.cases.size, expected: 0, exchanges: input.ledger.exchanges.length, applied: 0, files: 0 };
  let supervised: SupervisionTally | undefined;
  for (const watched of input.channels) {
    const evidence = gatherEvidence(input, watched);
    const arrival = checkArrival(evidence);
    violations.push(...arrival.violations, ...checkApplied(evidence), ...checkClaims(evidence));
    parked.push(...listParked(evidence));
    checked.expected += arrival.expected;
    checked.applied += evidence.applied.length;
    checked.files += evidence.center.files.size;
    if (input.supervision === undefined || evidence.told.size === 0) continue;
    const lights = checkLights(evidence, input.supervision);
    violations.push(...lights.violations);
    supervised = lights.tally;
  }
  for (const h of input.ledger.halted) violations.push({ kind: 'unsettled', channel: h.channel, caseNo: '', text: `the channel stands still: ${h.code ?? 'no reason shown'}` });
  return { checked, violations, attempts: spread(input.ledger.exchanges.filter((e) => e.tried > 0).map((e) => e.tried)), parked, supervised };
}

function spread(values: number[]): StormVerdict['attempts'] {
  const sorted = values.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}
