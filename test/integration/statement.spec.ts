import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import exceljs from 'exceljs';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runCli } from '../../src/cli/run-cli.command.js';
import type { FeeRecord } from '../../src/domain/reconciliation-records.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  at = '2026-11-20T10:00:00.000Z';
  now(): Date { return new Date(this.at); }
}
const clock = new HeldClock();
let folder: string;
let env: Record<string, string>;
let db: DatabaseAdapter;
let snapshots = 0;

async function cli(args: readonly string[], user = 'li'): Promise<{ code: number; out: string; err: string; json<T>(): T }> {
  let [out, err] = ['', ''];
  const code = await runCli(args, { env, clock, user, out: (t) => { out += String(t); }, err: (t) => { err += t; } });
  return { code, out, err, json: <T>() => JSON.parse(out) as T };
}
const charge = async (caseNo: string, code: string, yuan: string, item = 'GT0101'): Promise<void> => {
  const body = JSON.stringify({ case: { case_no: caseNo, item_code: 'DJ01', status: 'HANDLING' }, children: { parcels: [{ land_use: item === 'GT0102' ? '商服用地' : '城镇住宅用地' }], applicants: [{ role: 'APPLICANT' }], charges: [{ charge_no: '1', fee_item_code: item, fee_item_name: item, amount: yuan, exempt: '0', exempt_reason: null, payer: '户主甲', payment_code: code, tax_kinds: null }] } });
  await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${++snapshots}, 'case', ${caseNo}, '', ${body}, ${clock.at})`);
};
const fee = (serial: string, code: string, yuan: bigint, more: Partial<FeeRecord> = {}): Omit<FeeRecord, 'id' | 'channel'> => {
  const day = more.day ?? clock.at.slice(0, 10);
  const item = yuan === 550n ? 'GT0102' : 'GT0101';
  return { serial, paymentCode: code, caseNo: undefined, unitCode: '0430900', lines: [{ feeItemCode: item, feeItemName: undefined, amountFen: yuan * 100n }], amountFen: yuan * 100n, day, paidAt: `${day.replaceAll('-', '')}100000`, payer: undefined, method: '1', status: 'paid', originalSerial: undefined, ...more };
};
const returned = (fileId: string, fees: Omit<FeeRecord, 'id' | 'channel'>[], issue = 1): Promise<unknown> => db.transaction((r) => new ReturnedRecordStore(db, clock).record(r, { channel: 'center', inboxId: '1', fileId, issue, fees }));
const control = (day: string, issue: number, count: number, amountFen: bigint): Promise<unknown> => db.transaction((r) => new ReturnedRecordStore(db, clock).record(r, { channel: 'center', inboxId: '2', fileId: `control-${day}`, issue, control: {
  day, issue, files: [], fees: { count, amountFen, reversedCount: 0, reversedFen: 0n, refundCount: 0, refundFen: 0n }, taxes: { count: 0, amountFen: 0n, refundCount: 0, refundFen: 0n } } }));

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-statement-'));
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  for (const name of ['default.yaml', 'calendar.yaml', 'streams']) cpSync(`config/${name}`, path.join(config, name), { recursive: true });
  writeFileSync(path.join(config, 'channels', 'center.yaml'), `channel: center\ntitle: c\nstream: case\nencoding: UTF-8\nmessages: { application: center/application }\nstaging: { adapter: directory, directory: { path: ${folder} } }\nacknowledgement: { files: true }\nreturns: { messages: [center/return/fee-record, center/return/tax-record, center/return/control], files: true }\n`);
  const url = await freshDatabase('statement');
  env = { GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url };
  db = await openPostgres(url, true);
}, 60_000);
afterAll(async () => {
  await db.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

describe('closing days with the commands', () => {
  it('names what keeps a day open, and closes nothing', async () => {
    await charge('YY1', 'K1', '80.00');
    await charge('YY2', 'K2', '550.00', 'GT0102');
    await charge('YY3', 'K3', '80.00');
    await returned('fee-20', [fee('S1', 'K1', 80n), fee('0000123456789012345678', 'K2', 550n), fee('S3', 'K3', 70n), fee('=S4', 'KX', 80n)]);
    const early = await cli(['statement', '--date', '2026-11-20', '--close', '--yes']);
    expect(early.code).toBe(1);
    expect(early.err).toContain('payment S1 (item:1) was not looked at yet');
    expect(early.err).toContain('center sent no control file for 2026-11-20');
    expect((await cli(['statement', '--date', '2026-11-21', '--close', '--yes'])).err).toContain('has not come yet');
    const reconciled = await cli(['reconcile', '--date', '2026-11-20', '--json']);
    expect(reconciled.json()).toMatchObject({ snapshotsRead: 3, closed: false, tiesOut: true, obstacles: [{ code: 'control-missing' }] });
    await control('2026-11-20', 1, 5, 86_000n);
    const wrong = await cli(['statement', '--date', '2026-11-20', '--close', '--yes']);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('center fees: ours 4/780.00, the control file says 5/860.00');
    expect((await db.run(raw('select count(*) as n from statement_day'))).rows[0]!['n']).toBe('0');
    await control('2026-11-20', 2, 4, 78_000n);
    const dry = await cli(['statement', '--date', '2026-11-20', '--close']);
    expect(dry).toMatchObject({ code: 0, err: expect.stringContaining('Nothing was changed') });
    expect(dry.out).toContain('ties out; it can be closed');
  }, 60_000);

  it('explains a record in both languages', async () => {
    const matched = await cli(['explain', 'S1']);
    expect(matched).toMatchObject({ code: 0, out: expect.stringContaining('matched in the statement of 2026-11-20 by payment-code (same payment code 缴款码一致) with charge 1 of YY1') });
    const short = await cli(['explain', 'YY3/1']);
    expect(short.code).toBe(1);
    expect(short.out).toContain('实缴小于应收');
    expect(short.out).toContain('charged 80.00 yuan, returned 70.00 yuan');
    expect(short.out).toContain('what failed: the amount differs');
    expect(short.out).not.toContain('户主甲');
    expect(await cli(['explain', 'nobody'])).toMatchObject({ code: 1, err: expect.stringContaining('nothing is known as nobody') });
    const listed = await cli(['differences', '--code', 'amount-short', '--json']);
    expect(listed.json<{ differences: { en: string }[] }>().differences.map((d) => d.en).sort()).toEqual(['charge 1 of YY3', 'payment S3']);
    expect((await cli(['differences', '--code', 'nonsense'])).code).toBe(2);
  }, 60_000);

  it('closes in order, once, and locks', async () => {
    const both = await Promise.all([cli(['statement', '--date', '2026-11-20', '--close', '--yes'], 'li'), cli(['statement', '--date', '2026-11-20', '--close', '--yes'], 'wang')]);
    expect(both.map((b) => b.code).sort()).toEqual([0, 1]);
    const before = (await cli(['statement', '--date', '2026-11-20', '--json'])).json<{ closed: { intact: boolean }; openLines: unknown[]; statement: { rows: unknown[] } }>();
    expect(before).toMatchObject({ closed: { intact: true, closedBy: expect.stringMatching(/^admin (li|wang)$/) } });
    expect(before.openLines).toHaveLength(3);
    clock.at = '2026-11-22T10:00:00.000Z';
    expect((await cli(['statement', '--date', '2026-11-22', '--close', '--yes'])).err).toContain('2026-11-21 first');
    // A fact about the closed day comes late: it counts in the next open day and refers to the closed one.
    await returned('fee-20-late', [fee('S5', 'K3', 10n, { day: '2026-11-20' })]);
    await cli(['reconcile']);
    const again = await cli(['statement', '--date', '2026-11-20']);
    expect(again.out).toContain('payment S5 came later and counts in 2026-11-21');
    const after = (await cli(['statement', '--date', '2026-11-20', '--json'])).json<typeof before>();
    expect(after).toEqual(before);
    await control('2026-11-21', 1, 0, 0n);
    const refused = await cli(['statement', '--date', '2026-11-21', '--close', '--yes']);
    expect(refused).toMatchObject({ code: 0 });
    const without = await cli(['statement', '--date', '2026-11-22', '--close', '--yes', '--without-control', 'the center is closed on Sundays']);
    expect(without.code).toBe(0);
    expect((await cli(['statement', '--date', '2026-11-22'])).out).toContain('closed without a control file: the center is closed on Sundays');
    const { rows } = await db.run(raw(`select act, subject, outcome from audit_line where act like 'statement-%' order by seq`));
    expect(rows.map((r) => `${String(r['act'])} ${String(r['subject'])}`)).toEqual(['statement-close 2026-11-20', 'statement-close 2026-11-21', 'statement-close 2026-11-22']);
    await db.run(sql`update statement_day set figures = replace(figures, '780', '790') where day = '2026-11-20'`);
    expect(await cli(['statement', '--date', '2026-11-20'])).toMatchObject({ code: 1, out: expect.stringContaining('are not what was closed') });
    await db.run(sql`update statement_day set figures = replace(figures, '790', '780') where day = '2026-11-20'`);
  }, 60_000);

  it('decides by hand, twice above the limit, and takes it back', async () => {
    clock.at = '2026-11-23T10:00:00.000Z';
    expect(await cli(['resolve', '=S4', '--accept'])).toMatchObject({ code: 2, err: expect.stringContaining('--note') });
    expect(await cli(['resolve', '=S4', '--accept', '--note', 'old system'])).toMatchObject({ code: 0, out: expect.stringContaining('Nothing was changed') });
    expect((await cli(['resolve', '=S4', '--accept', '--note', 'old system', '--yes'])).out).toContain('done (decision');
    const explained = await cli(['explain', '=S4']);
    expect(explained.out).toContain('resolved in the statement of 2026-11-23 by accepted');
    expect((await cli(['resolve', '=S4', '--reopen', '--note', 'wrong', '--yes'])).code).toBe(0);
    expect((await cli(['explain', '=S4'])).out).toContain('taken apart');
    clock.at = '2026-11-24T10:00:00.000Z';
    await charge('YY9', 'K9', '55000.00', 'GT0201');
    await returned('fee-24', [fee('S9', 'KY', 55_000n, { lines: [{ feeItemCode: 'GT0201', feeItemName: undefined, amountFen: 5_500_000n }] })]);
    await cli(['reconcile']);
    const proposed = await cli(['resolve', 'S9', '--link', 'YY9/1', '--note', 'wrong code', '--yes']);
    expect(proposed.out).toContain('needs a second person');
    const id = /resolve (\d+) --confirm/.exec(proposed.out)![1]!;
    expect((await cli(['differences', '--proposed'])).out).toContain('wrong code');
    expect((await cli(['resolve', id, '--confirm', '--yes'])).err).toContain('another person');
    expect((await cli(['resolve', id, '--confirm', '--yes'], 'wang')).code).toBe(0);
    expect((await cli(['explain', 'S9'])).out).toContain('matched in the statement of 2026-11-24 by linked with charge 1 of YY9');
  }, 60_000);

  it('exports what Excel and WPS open right', async () => {
    const file = path.join(folder, 'statement.csv');
    expect((await cli(['statement', '--date', '2026-11-20', '--export', 'csv', '--out', file])).code).toBe(0);
    const csv = readFileSync(file);
    expect([...csv.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const text = csv.toString('utf8');
    expect(text).toContain('方向,类别,收费项目/税种,执收单位/税务机关,通道,期初 笔数,期初 金额(元)');
    expect(text).toContain('"0430900\t"');
    expect(text).toContain('\r\n');
    expect(text).not.toMatch(/(^|,)"?[=+@]/m);
    const book = new exceljs.Workbook();
    const xlsx = path.join(folder, 'statement.xlsx');
    expect((await cli(['statement', '--date', '2026-11-20', '--export', 'xlsx', '--out', xlsx])).code).toBe(0);
    await book.xlsx.readFile(xlsx);
    expect(book.worksheets.map((w) => w.name)).toEqual(['余额表', '控制文件核对', '差异明细', '报文核对']);
    const rows = book.worksheets[0]!.getSheetValues() as unknown as unknown[][];
    expect(rows.find((r) => r?.[4] === '0430900' && r[3] === 'GT0101')).toEqual(expect.arrayContaining(['返回', '费', 'GT0101', '0430900', 'center', 0, 0, 3, 230, 0, 0, 1, 80]));
    const html = await cli(['statement', '--date', '2026-11-20', '--export', 'html']);
    expect(html.out).toContain('<h1>日终对账单 2026-11-20</h1>');
    expect(html.out).toContain('实缴小于应收');
    expect((await cli(['statement', '--date', '2026-11-20', '--export', 'xlsx'])).code).toBe(2);
  }, 60_000);
});
