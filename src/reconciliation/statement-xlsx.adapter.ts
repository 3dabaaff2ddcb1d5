import exceljs from 'exceljs';
import type { Sheet, StatementSheets } from './tabulate-statement.js';

/** Excel keeps 15 digits of a number; money beyond stays text rather than become another amount. */
const mostFen = 10n ** 15n;

function moneyCell(yuan: string): number | string {
  const fen = BigInt(yuan.replace('.', ''));
  return fen < mostFen && fen > -mostFen ? Number(yuan) : yuan;
}

function addSheet(book: exceljs.Workbook, sheet: Sheet, notes: readonly string[]): void {
  const page = book.addWorksheet(sheet.title, { views: [{ state: 'frozen', ySplit: notes.length + 1 }], pageSetup: { paperSize: 9, orientation: 'landscape', fitToPage: true, fitToWidth: 1, fitToHeight: 0, printTitlesRow: `${notes.length + 1}:${notes.length + 1}` } });
  for (const note of notes) page.addRow([note]);
  const head = page.addRow(sheet.columns.map((c) => c.title));
  head.eachCell((cell) => {
    cell.font = { bold: true };
    cell.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: 'FFEEEEEE' } };
  });
  for (const [n, row] of sheet.rows.entries()) {
    const added = page.addRow(row.map((cell, i) => (cell === '' ? null : sheet.columns[i]!.kind === 'count' ? Number(cell) : sheet.columns[i]!.kind === 'money' ? moneyCell(cell) : cell)));
    if (n >= sheet.rows.length - sheet.sums) added.font = { bold: true };
  }
  sheet.columns.forEach((c, i) => {
    const column = page.getColumn(i + 1);
    // Codes are text cells in text format, so that editing one does not turn it into a number.
    column.numFmt = c.kind === 'money' ? '#,##0.00' : c.kind === 'count' ? '0' : '@';
    const wide = (text: string): number => [...text].reduce((w, ch) => w + (ch > '\u2e80' ? 2 : 1), 0);
    column.width = Math.min(48, Math.max(8, wide(c.title) + 2, ...sheet.rows.map((r) => wide(r[i]!) + 2)));
  });
}

/** A workbook with one sheet for each table, the notes above the first. `at` is the time that it says it was made. */
export async function writeStatementXlsx({ title, notes, sheets }: StatementSheets, at: Date): Promise<Buffer> {
  const book = new exceljs.Workbook();
  book.created = at;
  book.modified = at;
  sheets.forEach((sheet, i) => addSheet(book, sheet, i === 0 ? [title, ...notes] : []));
  return Buffer.from(await book.xlsx.writeBuffer());
}
