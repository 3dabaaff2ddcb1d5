/**
 * A message that an administrator skipped keeps its state and goes to the end of its lane, behind all that will ever be captured:
 * nothing waits for it, and it goes once nothing else of its lane is under way. Exchange numbers stay far below.
 */
export const skippedFrom = 4_000_000_000_000_000_000n;

export const isSkipped = (lanePosition: string): boolean => BigInt(lanePosition) >= skippedFrom;
