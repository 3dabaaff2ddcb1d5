import { formatDuration } from '../domain/format-duration.js';

export interface LifeFacts {
  readonly streams: readonly { readonly stream: string; readonly polledMs?: number | undefined; /** A fault that the ledger records is told by an alarm: the poller lives. */ readonly fault?: string | undefined }[];
  /** When alarms were last judged. */
  readonly lookedMs?: number | undefined;
}

/** Why no sign of life may be given; empty when the main things work. Epoch milliseconds. */
export function judgeLife(facts: LifeFacts, limits: { pollAgeMs: number; lookAgeMs: number }, nowMs: number): string[] {
  const ago = (at: number | undefined): string => (at === undefined ? 'never' : `${formatDuration(nowMs - at)} ago`);
  const old = (at: number | undefined, limitMs: number): boolean => at === undefined || nowMs - at > limitMs;
  return [
    ...facts.streams.filter((s) => s.fault === undefined && old(s.polledMs, limits.pollAgeMs)).map((s) => `stream ${s.stream} was last polled ${ago(s.polledMs)}`),
    ...(old(facts.lookedMs, limits.lookAgeMs) ? [`alarms were last judged ${ago(facts.lookedMs)}`] : []),
  ];
}
