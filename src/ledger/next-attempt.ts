/** How often and how soon a transient failure is tried again. Milliseconds. */
export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxAttempts: number;
  readonly maxCrashes: number;
}

/** Instant of the next attempt: exponential with full jitter, at least half the step so that a storm spreads but none waits zero. */
export function nextAttempt(attempts: number, policy: RetryPolicy, now: Date, random: number): string {
  const step = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.max(0, attempts - 1));
  return new Date(now.getTime() + Math.round(step / 2 + (random * step) / 2)).toISOString();
}
