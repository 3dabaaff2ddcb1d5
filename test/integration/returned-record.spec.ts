import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FeeRecord } from '../../src/domain/reconciliation-records.js';
import { ReturnedRecordStore, type ReturnedFile } from '../../src/ledger/returned-record.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const fee = (serial: string, more: Partial<FeeRecord> = {}): Omit<FeeRecord, 'id' | 'channel'> => ({
  serial, paymentCode: `code-${serial}`, caseNo: 'C1', unitCode: '430900', lines: [{ feeItemCode: 'GT0101', feeItemName: '不动产登记费', amountFen: 8_000n }], amountFen: 8_000n,
  day: '2026-11-20', paidAt: '20261120101500', payer: '张 三', method: '1', status: 'paid', originalSerial: undefined, ...more,
});

describe('returned records', () => {
  let db: DatabaseAdapter;
  let store: ReturnedRecordStore;
  beforeAll(async () => {
    db = await openPostgres(await freshDatabase('returned'), true);
    store = new ReturnedRecordStore(db, new SystemClock());
  });
  afterAll(async () => {
    await db.close();
    await stopPostgres();
  });
  const record = (file: Partial<ReturnedFile>): ReturnType<ReturnedRecordStore['record']> =>
    db.transaction((runner) => store.record(runner, { channel: 'center', inboxId: '1', fileId: 'f1', issue: 1, ...file }));
  const inForce = async (): Promise<string[]> =>
    (await db.run(sql`select serial, status, version, amount_fen from fee_record where superseded_at is null order by serial, status, version`)).rows.map((r) => `${String(r['serial'])} ${String(r['status'])} ${String(r['version'])} ${String(r['amount_fen'])}`);

  it('records once, however often a file is read', async () => {
    expect(await record({ fees: [fee('S1'), fee('S2')] })).toMatchObject({ recorded: 2, repeated: 0 });
    expect(await record({ fees: [fee('S2'), fee('S1')], inboxId: '2' })).toMatchObject({ recorded: 0, repeated: 2, superseded: 0 });
    expect(await inForce()).toEqual(['S1 paid 1 8000', 'S2 paid 1 8000']);
  });

  it('lets a corrected issue replace by new records and withdraw what it no longer has', async () => {
    const corrected = fee('S2', { amountFen: 9_000n, lines: [{ feeItemCode: 'GT0101', feeItemName: undefined, amountFen: 9_000n }] });
    expect(await record({ issue: 2, inboxId: '3', fees: [corrected, fee('S3')] })).toMatchObject({ recorded: 2, superseded: 2 });
    expect(await inForce()).toEqual(['S2 paid 2 9000', 'S3 paid 1 8000']);
    const { rows } = await db.run(sql`select s.why, f.serial, f.superseded_by is null as gone from reconciliation_seed s join fee_record f on f.id = s.item_id order by f.serial`);
    expect(rows).toEqual([{ why: 'superseded', serial: 'S1', gone: true }, { why: 'superseded', serial: 'S2', gone: false }]);
    // The first issue again, and an issue that comes after its own correction: nothing comes into force.
    expect(await record({ issue: 1, inboxId: '4', fees: [fee('S1'), fee('S2')] })).toMatchObject({ recorded: 0, repeated: 2 });
    expect(await record({ issue: 1, inboxId: '5', fees: [fee('S4')] })).toMatchObject({ recorded: 1, superseded: 0 });
    expect(await inForce()).toEqual(['S2 paid 2 9000', 'S3 paid 1 8000']);
  });

  it('keeps a contradiction from another file beside the first', async () => {
    expect(await record({ fileId: 'f2', inboxId: '6', fees: [fee('S3', { paidAt: '20261120101501' })] })).toMatchObject({ recorded: 1, contradictions: 1 });
    expect(await inForce()).toEqual(['S2 paid 2 9000', 'S3 paid 1 8000', 'S3 paid 2 8000']);
  });

  it('counts what belongs to a closed day in the first open one', async () => {
    await db.run(sql`insert into statement_day (day, closed_at, closed_by, figures, sha256) values ('2026-11-20', ${new Date().toISOString()}, 'clerk', '{}', ${'0'.repeat(64)})`);
    expect(await record({ fileId: 'f3', inboxId: '7', fees: [fee('S5'), fee('S6', { day: '2026-11-22' })] })).toMatchObject({ recorded: 2, late: 1, closedUpTo: '2026-11-20' });
    const { rows } = await db.run(sql`select day, statement_day from fee_record where serial in ('S5', 'S6') order by serial`);
    expect(rows).toEqual([{ day: '2026-11-20', statement_day: '2026-11-21' }, { day: '2026-11-22', statement_day: '2026-11-22' }]);
  });

  it('records control totals by issue and gives the latest', async () => {
    const fees = { count: 2, amountFen: 17_000n, reversedCount: 0, reversedFen: 0n, refundCount: 0, refundFen: 0n };
    const taxes = { count: 0, amountFen: 0n, refundCount: 0, refundFen: 0n };
    await record({ fileId: 'c1', control: { day: '2026-11-20', issue: 1, fees, taxes, files: [{ fileName: 'a.xml', sha256: 'x', size: 3, count: 2 }] } });
    await record({ fileId: 'c1', control: { day: '2026-11-20', issue: 2, fees: { ...fees, count: 3 }, taxes, files: [] } });
    await record({ fileId: 'c1', control: { day: '2026-11-20', issue: 2, fees: { ...fees, count: 3 }, taxes, files: [] } });
    expect(await store.control('center', '2026-11-20')).toMatchObject({ issue: 2, fees: { count: 3, amountFen: 17_000n } });
    expect((await db.run(sql`select count(*) as n from control_total ${raw('')}`)).rows[0]!['n']).toBe('2');
  });
});
