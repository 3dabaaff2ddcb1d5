import type { DocumentFault } from './check-acknowledgement.js';

/** Faults as one line of text for the inbox: the first ones, and how many more. */
export function describeFaults(faults: readonly DocumentFault[]): string {
  const shown = faults.slice(0, 8).map((f) => `${f.path}${f.line === undefined ? '' : ` line ${f.line}`}${f.column === undefined ? '' : ` column ${f.column}`}: expected ${f.expected}`);
  const more = faults.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
