/** What one address has left: tokens flow in evenly, at most a minute's worth stands ready. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Takes one token at `nowMs`; `waitSeconds` (whole, at least 1) is given when there is none. */
export function takeToken(bucket: Bucket | undefined, nowMs: number, perMinute: number): { readonly bucket: Bucket; readonly waitSeconds?: number } {
  const perMs = perMinute / 60_000;
  // A clock that was set back gives nothing and takes nothing.
  const passedMs = bucket === undefined ? 0 : Math.max(0, nowMs - bucket.atMs);
  const tokens = bucket === undefined ? perMinute : Math.min(perMinute, bucket.tokens + passedMs * perMs);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: nowMs } };
  return { bucket: { tokens, atMs: nowMs }, waitSeconds: Math.max(1, Math.ceil((1 - tokens) / perMs / 1000)) };
}
