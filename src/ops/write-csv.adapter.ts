import { stringify } from 'csv-stringify/sync';

/** UTF-8 with byte order mark and CRLF, as Excel and WPS open it; what would be taken for a formula begins with an apostrophe. */
export function writeCsv(rows: readonly (readonly string[])[], first = true): Buffer {
  const safe = (cell: string): string => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
  return Buffer.from(stringify(rows.map((row) => row.map(safe)), { bom: first, record_delimiter: '\r\n', quoted_match: /[\t']/ }), 'utf8');
}
