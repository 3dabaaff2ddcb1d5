import { stringify } from 'csv-stringify/sync';
import type { StatementSheets } from './tabulate-statement.js';

/**
 * All tables below each other, UTF-8 with byte order mark and CRLF, as Excel and WPS open it. Codes that look like numbers end in a
 * tab, which keeps leading zeros and long numbers; what would be taken for a formula begins with an apostrophe.
 */
export function writeStatementCsv({ title, notes, sheets }: StatementSheets): Buffer {
  const text = (cell: string): string => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
  const code = (cell: string): string => (/^[\d.,\-/eE]+$/.test(cell) ? `${cell}\t` : text(cell));
  const rows: string[][] = [[text(title)], ...notes.map((n) => [text(n.replace(/^- /, '· '))])];
  for (const sheet of sheets) {
    rows.push([], [text(sheet.title)], sheet.columns.map((c) => c.title));
    for (const row of sheet.rows) rows.push(row.map((cell, i) => (sheet.columns[i]!.kind === 'code' ? code(cell) : sheet.columns[i]!.kind === 'text' ? text(cell) : cell)));
  }
  return Buffer.from(stringify(rows, { bom: true, record_delimiter: '\r\n', quoted_match: /[\t']/ }), 'utf8');
}
