/** What the supervising side has been told of a case; instants in epoch milliseconds, limits in working days. */
export interface SupervisedCase {
  readonly caseNo: string;
  readonly acceptedMs: number;
  readonly closedMs?: number | undefined;
  readonly committed: number;
  readonly statutory: number;
  readonly pauses: readonly { readonly fromMs: number; readonly untilMs?: number | undefined; readonly days: number }[];
}

/** Which days are worked; the gateway's calendar is not asked. */
export type WorkingDays = (day: string) => boolean;

const hourMs = 3_600_000;
const zoneMs = 8 * hourMs;
/** Office hours of every working day, from midnight in Shanghai. */
const spans = [[8.5 * hourMs, 12 * hourMs], [14.5 * hourMs, 17.5 * hourMs]] as const;
export const dayLengthMs = spans.reduce((sum, [from, until]) => sum + until - from, 0);

/** Working time between two moments, day by day. */
function worked(fromMs: number, untilMs: number, isWorking: WorkingDays): number {
  let sum = 0;
  for (let midnight = Math.floor((fromMs + zoneMs) / 86_400_000) * 86_400_000 - zoneMs; midnight < untilMs; midnight += 86_400_000) {
    if (!isWorking(new Date(midnight + zoneMs).toISOString().slice(0, 10))) continue;
    for (const [from, until] of spans) sum += Math.max(0, Math.min(untilMs, midnight + until) - Math.max(fromMs, midnight + from));
  }
  return sum;
}

/**
 * The clock as this side counts it: working time since the acceptance less suspensions, each up to its approved length, rounded
 * up to days. 0 normal, 1 within two days of the committed limit, 2 over it, 3 over the statutory one.
 */
export function judgeClock(c: SupervisedCase, nowMs: number, isWorking: WorkingDays): { used: number; result: 0 | 1 | 2 | 3 } {
  const endMs = Math.min(nowMs, c.closedMs ?? nowMs);
  const paused = c.pauses.reduce((sum, p) => {
    const [from, until] = [Math.max(p.fromMs, c.acceptedMs), Math.min(p.untilMs ?? endMs, endMs)];
    return sum + (until > from ? Math.min(worked(from, until, isWorking), p.days * dayLengthMs) : 0);
  }, 0);
  const used = Math.ceil(Math.max(0, worked(c.acceptedMs, endMs, isWorking) - paused) / dayLengthMs);
  if (c.statutory > 0 && used > c.statutory) return { used, result: 3 };
  if (c.committed > 0 && used > c.committed) return { used, result: 2 };
  return { used, result: c.committed > 0 && used >= c.committed - 2 && c.closedMs === undefined ? 1 : 0 };
}
