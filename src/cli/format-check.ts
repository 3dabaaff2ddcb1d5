import type { CheckLine } from './check-line.js';
import { plural } from './format-terminal.js';

/** A line for each thing looked at, the remedy below it where there is one, and the sum at the end. */
export function formatCheck(lines: readonly CheckLine[]): string {
  const width = Math.max(...lines.map((l) => l.area.length));
  const count = (status: CheckLine['status']): number => lines.filter((l) => l.status === status).length;
  const body = lines.flatMap((l) => [`${l.status.padEnd(4)}  ${l.area.padEnd(width)}  ${l.text}`, ...(l.remedy === undefined ? [] : [`      ${' '.repeat(width)}  → ${l.remedy}`])]);
  const failed = count('FAIL');
  const end = failed > 0 ? `${plural(failed, 'thing')} must be mended` : 'The gateway can run';
  return [...body, '', `${end} (${count('ok')} ok, ${plural(count('warn'), 'warning')}, ${failed} failed).`, ''].join('\n');
}
