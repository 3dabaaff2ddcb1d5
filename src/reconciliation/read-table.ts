import type { ConfigFault } from '../domain/settings.js';

export interface TableRow {
  readonly line: number;
  cell(column: string): string;
}

/** A small CSV table: a header, one row a line, no quotes, `#` comments. Faults name the line. */
export function readTable(file: string, text: string, header: readonly string[]): { rows: TableRow[]; faults: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const rows: TableRow[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const first = lines.findIndex((l) => l.trim() !== '' && !l.startsWith('#'));
  if (first < 0 || lines[first] !== header.join(',')) return { rows, faults: [{ file, key: 'header', line: Math.max(0, first) + 1, expected: header.join(',') }] };
  lines.forEach((text, i) => {
    if (i <= first || text.trim() === '' || text.startsWith('#')) return;
    const cells = text.split(',').map((c) => c.trim());
    if (cells.length !== header.length) faults.push({ file, key: '', line: i + 1, expected: `${header.length} columns (${header.join(', ')}); commas inside a value are written as ,` });
    else rows.push({ line: i + 1, cell: (column) => cells[header.indexOf(column)] ?? '' });
  });
  return { rows, faults };
}

export const openFrom = '0000-00-00';
export const openTo = '9999-99-99';

/** The days for which a row holds, both inclusive; empty cells are open. */
export function readValidity(file: string, row: TableRow, faults: ConfigFault[]): { validFrom: string; validTo: string } {
  const read = (column: string, open: string): string => {
    const text = row.cell(column);
    if (text === '') return open;
    if (!/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(text)) faults.push({ file, key: column, line: row.line, expected: 'a day such as 2026-01-01, or nothing' });
    return text;
  };
  const validFrom = read('valid_from', openFrom);
  const validTo = read('valid_to', openTo);
  if (validFrom > validTo) faults.push({ file, key: 'valid_to', line: row.line, expected: 'a day not before valid_from' });
  return { validFrom, validTo };
}

/** Whether a dated row holds on a day. */
export function holdsOn(row: { readonly validFrom: string; readonly validTo: string }, day: string): boolean {
  return row.validFrom <= day && day <= row.validTo;
}
