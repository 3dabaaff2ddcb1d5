import type { words } from './words.js';

type Words = (typeof words)['zh'];

/** The unit of a limit in words. */
export function unitOf(w: Words, unit: string | undefined): string {
  if (unit === 'W' || unit === 'N' || unit === 'H') return w[unit];
  return unit === 'I' ? w.I : (unit ?? '');
}
