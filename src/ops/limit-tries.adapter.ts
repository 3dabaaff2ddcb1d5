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
