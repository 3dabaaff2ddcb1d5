import type { ConfigFault } from '../../domain/settings.js';

/** The faults as an aligned list for a terminal, one a line, in the order of files and lines. */
export function formatFaults(faults: readonly ConfigFault[]): string {
  const rows = [...faults]
    .sort((a, b) => a.file.localeCompare(b.file, 'en') || (a.line ?? 0) - (b.line ?? 0))
    .map((fault) => [fault.line === undefined ? fault.file : `${fault.file}:${fault.line}`, fault.key, `expected ${fault.expected}`] as const);
  const width = (column: 0 | 1): number => Math.max(0, ...rows.map((row) => row[column].length));
  const heading = faults.length === 1 ? 'The configuration has 1 fault:' : `The configuration has ${faults.length} faults:`;
  return [heading, ...rows.map(([place, key, expected]) => `  ${place.padEnd(width(0))}  ${key.padEnd(width(1))}  ${expected}`)].join('\n');
}
