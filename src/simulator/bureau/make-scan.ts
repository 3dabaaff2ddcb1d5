import { createHash } from 'node:crypto';
import type { MaterialFile } from './case-record.js';

/** MD5 of a scanned file as 32 lower-case hexadecimal digits, the bureau's signature of it (not a protection). */
export function signScan(content: Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}

/** A one-page PDF that shows an ASCII line; the same text and size give the same bytes. `size` is the least size in bytes. */
export function makeScan(materialNo: string, text: string, size: number): MaterialFile {
  const shown = text.replace(/[^ -~]|[()\\]/g, '-');
  const stream = `BT /F1 14 Tf 60 780 Td (${shown}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let body = '%PDF-1.4\n';
  const offsets: number[] = [];
  objects.forEach((object, i) => {
    offsets.push(body.length);
    body += `${i + 1} 0 obj\n${object}\nendobj\n`;
  });
  const padding = Math.max(0, size - body.length - 260);
  body += `%${'scan '.repeat(Math.ceil(padding / 5)).slice(0, padding)}\n`;
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const tail = `xref\n0 6\n0000000000 65535 f \n${table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  const content = Buffer.from(body + tail, 'latin1');
  return { materialNo, content, md5: signScan(content) };
}
