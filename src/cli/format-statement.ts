import type { StatementSheets } from '../reconciliation/tabulate-statement.js';
import { formatTable } from './format-terminal.js';

/** A statement for the terminal. Amounts that are nothing in both count and money are shown as a dot. */
export function formatStatement({ title, notes, sheets }: StatementSheets): string {
  const parts = [[title, ...notes.map((n) => `  ${n}`)].join('\n')];
  for (const sheet of sheets) {
    if (sheet.rows.length === 0) continue;
    // Count and money of one phase stand in one column: seven phases do not fit otherwise.
    const head: string[] = [];
    const cells: ((row: readonly string[]) => string)[] = [];
    sheet.columns.forEach((c, i) => {
      const next = sheet.columns[i + 1];
      if (c.kind === 'money' && sheet.columns[i - 1]?.kind === 'count') return;
      if (c.kind === 'count' && next?.kind === 'money') {
        head.push(c.title.replace(/ \S+$/, ''));
        cells.push((row) => (row[i] === '0' && row[i + 1] === '0.00' ? '·' : `${row[i]}/${row[i + 1]}`));
      } else {
        head.push(c.title);
        cells.push((row) => row[i]!);
      }
    });
    parts.push(`${sheet.title}\n${formatTable(head, sheet.rows.map((row) => cells.map((cell) => cell(row))))}`);
  }
  return `${parts.join('\n\n')}\n`;
}
