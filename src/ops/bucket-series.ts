import type { SeriesPoint } from '../domain/ops-api.js';

interface Times {
  readonly capturedAt: string;
  readonly answeredAt?: string | undefined;
  readonly state: string;
}

/** Buckets of `bucketMs` up to `nowMs`, oldest first, none left out. A latency stands in the bucket of its answer. */
export function bucketSeries(times: readonly Times[], nowMs: number, bucketMs: number, buckets: number): SeriesPoint[] {
  const first = Math.floor(nowMs / bucketMs) * bucketMs - (buckets - 1) * bucketMs;
  const slots = Array.from({ length: buckets }, () => ({ captured: 0, accepted: 0, refused: 0, latencies: [] as number[] }));
  const slotAt = (at: number) => slots[Math.floor((at - first) / bucketMs)];
  for (const t of times) {
    const captured = Date.parse(t.capturedAt);
    const capturedSlot = slotAt(captured);
    if (capturedSlot) capturedSlot.captured += 1;
    const answered = t.answeredAt === undefined ? undefined : Date.parse(t.answeredAt);
    const slot = answered === undefined ? undefined : slotAt(answered);
    if (!slot || answered === undefined) continue;
    if (t.state === 'refused') slot.refused += 1;
    else slot.accepted += 1;
    slot.latencies.push(answered - captured);
  }
  return slots.map(({ latencies, ...counts }, i) => {
    const sorted = latencies.sort((a, b) => a - b);
    const at = (share: number): number | undefined => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { at: new Date(first + i * bucketMs).toISOString(), ...counts, ...(sorted.length > 0 ? { latencyP50Ms: at(0.5), latencyP95Ms: at(0.95) } : {}) };
  });
}
