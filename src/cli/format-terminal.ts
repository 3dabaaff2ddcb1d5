import Table from 'cli-table3';

const plain = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
};

/** Aligned columns without lines, for a terminal, a log and `grep`; wide characters count double. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const table = new Table({ head: [...head], chars: plain, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split('\n').map((line) => line.trimEnd()).join('\n');
}

export function indent(text: string, by = '  '): string {
  return text.split('\n').map((line) => (line === '' ? line : by + line)).join('\n');
}

export { formatDuration } from '../domain/format-duration.js';

/** An instant in the bureau's and the center's time, which is what people compare it with. */
export function formatInstant(iso: string): string {
  return `${new Date(Date.parse(iso) + 8 * 3_600_000).toISOString().slice(0, 23).replace('T', ' ')}+08`;
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
