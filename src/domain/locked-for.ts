/** Wrong passwords in a row that are free; each one after them doubles the delay. */
const freeFailures = 5;
const firstDelayMs = 60_000;
const longestDelayMs = 8 * 3_600_000;

/** For how many milliseconds a name is locked after so many failures; undefined while it is not. */
export function lockedForMs(failures: number): number | undefined {
  return failures < freeFailures ? undefined : Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - freeFailures));
}
