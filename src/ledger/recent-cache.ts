/**
 * What this process recorded a moment ago, so that the next stage need not read it back. Bounded by weight (characters or
 * bytes), oldest out first. Only for what never changes under its key; a miss is answered by the ledger.
 */
export class RecentCache<V> {
  private readonly entries = new Map<string, { readonly value: V; readonly weight: number }>();
  private total = 0;

  constructor(private readonly limit: number) {}

  put(key: string, value: V, weight: number): void {
    this.drop(key);
    if (weight > this.limit) return;
    this.entries.set(key, { value, weight });
    this.total += weight;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.limit) break;
      this.drop(oldest);
    }
  }

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  /** Takes it out: nobody needs it twice. */
  drop(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.total -= entry.weight;
  }
}
