import { stringify } from 'csv-stringify/sync';
import exceljs from 'exceljs';
import type { Response } from 'express';
import { exportLimit, type ExportRequest } from '../../domain/ops-exchange-api.js';
import { vocabulary } from '../../domain/vocabulary.js';
import type { CasePersonStore } from '../../ledger/case-person.store.js';
import type { ExchangeRow } from '../../ledger/exchange-row.js';
import type { ExchangeSearchStore } from '../../ledger/exchange-search.store.js';
import type { OpsSearch } from '../../ledger/ops-search.js';
import type { Clock } from '../../platform/clock.js';
import type { ReasonMask } from './mask-reasons.adapter.js';

interface ExportParts {
  readonly search: ExchangeSearchStore;
  readonly persons: CasePersonStore;
  readonly mask: ReasonMask;
  readonly clock: Clock;
}

const pageSize = 1_000;
const inShanghai = (at: string): string => new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

interface About { readonly persons: ReadonlyMap<string, readonly string[]>; readonly mask: (row: ExchangeRow) => (text: string) => string }
interface ExportColumn { readonly zh: string; readonly en: string; readonly width: number; readonly of: (row: ExchangeRow, about: About) => string }
const columns: readonly ExportColumn[] = [
  { zh: '交换编号', en: 'exchange', width: 12, of: (r) => r.id },
  { zh: '通道', en: 'channel', width: 12, of: (r) => r.channel },
  { zh: '办件编号', en: 'case', width: 20, of: (r) => r.caseNo },
  { zh: '事项编码', en: 'item', width: 14, of: (r) => r.item ?? '' },
  { zh: '报文', en: 'event', width: 18, of: (r) => r.event },
  { zh: '序号', en: 'sequence', width: 8, of: (r) => r.sequence },
  { zh: '版本', en: 'version', width: 6, of: (r) => String(r.version) },
  { zh: '操作', en: 'operation', width: 6, of: (r) => r.operation },
  { zh: '状态', en: 'state', width: 12, of: (r) => r.state },
  { zh: '状态时间', en: 'state since', width: 20, of: (r) => inShanghai(r.stateSince) },
  { zh: '采集时间', en: 'captured at', width: 20, of: (r) => inShanghai(r.capturedAt) },
  { zh: '尝试次数', en: 'attempts', width: 8, of: (r) => String(r.attempts) },
  { zh: '错误代码', en: 'failure code', width: 20, of: (r) => r.failureCode ?? '' },
  { zh: '错误说明', en: 'failure detail', width: 40, of: (r, { mask }) => mask(r)(r.failureDetail ?? '') },
  { zh: '报文标识', en: 'message id', width: 36, of: (r) => r.messageId },
  { zh: '文件名', en: 'file name', width: 40, of: (r) => r.fileName },
];
const applicants: ExportColumn = { zh: '申请人', en: 'applicants', width: 40, of: (r, { persons }) => (persons.get(`${r.stream}\u0000${r.caseNo}`) ?? []).join('; ') };

/** Writes what a search finds as a file, page by page, as fast as the reader takes it. Names stay hidden unless they are asked for. */
export class ExchangeExport {
  constructor(private readonly parts: ExportParts) {}

  /** Whether there is more than an export takes; asked first, because it is said before the first byte. */
  async truncated(search: OpsSearch): Promise<boolean> {
    return (await this.parts.search.ids(search, exportLimit + 1)).length > exportLimit;
  }

  async write(request: Pick<ExportRequest, 'format' | 'language'> & { readonly search: OpsSearch; readonly named: boolean }, response: Response): Promise<void> {
    const shown = request.named ? [...columns, applicants] : columns;
    const titles = shown.map((c) => (request.language === 'en' ? c.en : c.zh));
    const state = (cell: string): string => (request.language === 'en' || !Object.hasOwn(vocabulary, cell) ? cell : vocabulary[cell as keyof typeof vocabulary]);
    const cells = (row: ExchangeRow, about: About): string[] => shown.map((c) => (c.en === 'state' ? state(c.of(row, about)) : c.of(row, about)));
    const name = `exchanges-${inShanghai(this.parts.clock.iso()).replaceAll(/\D/g, '')}.${request.format}`;
    const type = request.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
    response.status(200).set({ 'content-type': type, 'content-disposition': `attachment; filename="${name}"`, 'x-content-type-options': 'nosniff' });
    if (request.format === 'csv') {
      response.write(csv([titles], true));
      for await (const { rows, ...about } of this.pages(request, response)) {
        // A reader that is slower than the ledger decides the pace.
        if (!response.write(csv(rows.map((r) => cells(r, about)), false))) await drained(response);
      }
      response.end();
      return;
    }
    const book = new exceljs.stream.xlsx.WorkbookWriter({ stream: response, useStyles: true, useSharedStrings: false });
    const sheet = book.addWorksheet(request.language === 'en' ? 'exchanges' : '交换', { views: [{ state: 'frozen', ySplit: 1 }] });
    // Text format: nothing becomes a number, a date or a formula when somebody edits it.
    sheet.columns = shown.map((c, i) => ({ header: titles[i]!, width: c.width, style: { numFmt: '@' } }));
    sheet.getRow(1).font = { bold: true };
    for await (const { rows, ...about } of this.pages(request, response)) {
      for (const row of rows) sheet.addRow(cells(row, about)).commit();
      if (response.writableNeedDrain) await drained(response);
    }
    sheet.commit();
    await book.commit();
  }

  private async *pages({ search, named }: { readonly search: OpsSearch; readonly named: boolean }, response: Response): AsyncGenerator<About & { rows: readonly ExchangeRow[] }> {
    let [after, left] = [undefined as string | undefined, exportLimit];
    while (left > 0 && !response.destroyed) {
      const page = await this.parts.search.page(search, after, Math.min(pageSize, left), 10_000);
      left -= page.rows.length;
      yield { rows: page.rows, persons: named ? await this.parts.persons.of(page.rows) : new Map(), mask: await this.parts.mask.of(page.rows) };
      if (page.next === undefined) return;
      after = page.next;
    }
  }
}

/** What would be taken for a formula begins with an apostrophe; codes that look like numbers end in a tab, which keeps zeros and long numbers. */
export function csv(rows: readonly (readonly string[])[], first: boolean): string {
  const safe = (cell: string): string => (/^[=+\-@\t\r＝＋－＠]/.test(cell) ? `'${cell}` : /^(0\d+|\d{12,})$/.test(cell) ? `${cell}\t` : cell);
  return stringify(rows.map((row) => row.map((cell) => safe(cell.replaceAll('\u0000', '')))), { bom: first, record_delimiter: '\r\n', quoted_match: /[\t']/ });
}

async function drained(response: Response): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}
