import type { Instant } from './vocabulary.js';

/** An instant as the bureau writes it: Asia/Shanghai, no zone, `YYYY-MM-DD hh:mm:ss.fff`. */
export function bureauTime(at: Date | Instant): string {
  const ms = typeof at === 'string' ? Date.parse(at) : at.getTime();
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 23).replace('T', ' ');
}
