import { lockedForMs } from '../domain/locked-for.js';
import type { Clock } from '../platform/clock.js';

const most = 10_000;

/** How often an address may try to sign on: an even flow, with a minute's worth at once. One process counts for itself; users are locked in the ledger. */
export class LoginLimit {
  private readonly left = new Map<string, { tokens: number; atMs: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly perMinute: number,
  ) {}

  /** Seconds to wait; undefined when this try is free. */
  take(address: string): number | undefined {
    const nowMs = this.clock.now().getTime();
    const before = this.left.get(address) ?? { tokens: this.perMinute, atMs: nowMs };
    const tokens = Math.min(this.perMinute, before.tokens + (Math.max(0, nowMs - before.atMs) * this.perMinute) / 60_000);
    this.left.delete(address);
    // The oldest goes: an attacker with many addresses must not fill the memory.
    if (this.left.size >= most) this.left.delete(this.left.keys().next().value!);
    this.left.set(address, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    return tokens >= 1 ? undefined : Math.max(1, Math.ceil(((1 - tokens) * 60) / this.perMinute));
  }
}

/**
 * Locks names that do not exist as those that do are locked, so that a lock tells nobody which names there are. Of one process only:
 * who tries at two finds a name that does not exist locked later than one that does, and at an address is stopped before.
 */
export class StrangerLocks {
  private readonly tried = new Map<string, { failures: number; untilMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** Takes one try; gives until when the name is locked instead, in epoch milliseconds. */
  take(name: string): number | undefined {
    const nowMs = this.clock.now().getTime();
    const before = this.tried.get(name) ?? { failures: 0, untilMs: 0 };
    if (before.untilMs > nowMs) return before.untilMs;
    const failures = before.failures + 1;
    this.tried.delete(name);
    if (this.tried.size >= most) this.tried.delete(this.tried.keys().next().value!);
    this.tried.set(name, { failures, untilMs: nowMs + (lockedForMs(failures) ?? 0) });
    return undefined;
  }
}
