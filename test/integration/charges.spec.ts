import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChargeStore } from '../../src/ledger/charge.store.js';
import { MatchStore } from '../../src/ledger/match.store.js';
import { ResolutionStore } from '../../src/ledger/resolution.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { ChargePoller } from '../../src/reconciliation/charge.poller.js';
import { matchRecords } from '../../src/reconciliation/match-records.js';
import { clearFacts } from '../support/reconciliation-ledger.js';
import { standards } from '../support/reconciliation-facts.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const always = (): Promise<boolean> => Promise.resolve(true);
const engine = { rules: standards.rules, settle: matchRecords, batchItems: 100_000 };

describe('charges and what is paid for them', () => {
  let db: DatabaseAdapter;
  let snapshot = 0;
  const clock = new SystemClock();
  const poller = (): ChargePoller => new ChargePoller(new ChargeStore(db, clock), standards, createLog({ level: 'silent', instance: 'test' }));
  beforeAll(async () => void (db = await openPostgres(await freshDatabase('charges'), true)));
  beforeEach(async () => {
    await clearFacts(db);
    await db.run(raw('delete from case_snapshot'));
    await db.run(raw('delete from case_head'));
    snapshot = 0;
  });
  afterAll(async () => {
    await db.close();
    await stopPostgres();
  });
  const take = async (caseNo: string, charges: { no: string; yuan: string; code?: string; taxes?: string }[]): Promise<void> => {
    const body = JSON.stringify({ case: { case_no: caseNo, item_code: 'DJ05' }, children: { charges: charges.map((c) => ({ charge_no: c.no, fee_item_code: 'GT0101', fee_item_name: 'x', amount: c.yuan, exempt: '0', payer: '张三', payment_code: c.code ?? null, tax_kinds: c.taxes ?? null })) } });
    await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${++snapshot}, 'case', ${caseNo}, '', ${body}, ${clock.iso()})`);
  };
  const charges = async (): Promise<string[]> => (await db.run(raw('select case_no, charge_no, version, amount_fen, ended_why from charge order by case_no, charge_no, version'))).rows.map((r) => Object.values(r).join(' '));
  const pay = (serial: string, code: string, fen = 8_000n): Promise<unknown> => {
    const store = new ReturnedRecordStore(db, clock);
    const day = new Date(clock.now().getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
    return db.transaction((r) => store.record(r, { channel: 'center', inboxId: '1', fileId: serial, issue: 1, fees: [{ serial, paymentCode: code, caseNo: undefined, unitCode: 'U', lines: [{ feeItemCode: 'GT0101', feeItemName: undefined, amountFen: fen }], amountFen: fen, day, paidAt: '1', payer: undefined, method: undefined, status: 'paid', originalSerial: undefined }] }));
  };
  const open = async (): Promise<string[]> => (await db.run(raw(`select item_kind, reason from difference where is_open = 1 and aspect = 'settlement' order by item_kind, reason`))).rows.map((r) => `${String(r['item_kind'])} ${String(r['reason'])}`);

  it('a change is a new version, what vanishes ends, reading again writes nothing', async () => {
    await take('A', [{ no: '1', yuan: '80.00', taxes: '契税' }, { no: '2', yuan: '10.00' }]);
    await take('A', [{ no: '1', yuan: '90.00', taxes: '契税' }, { no: '2', yuan: '10.00' }]);
    await poller().poll(always);
    await take('A', [{ no: '1', yuan: '90.00', taxes: '契税' }]);
    await take('A', [{ no: '1', yuan: '80.00', taxes: '契税' }, { no: '2', yuan: '10.00' }]);
    await poller().poll(always);
    const all = ['A 1 1 8000 changed', 'A 1 2 9000 changed', 'A 1 3 8000 ', 'A 2 1 1000 vanished', 'A 2 2 1000 '];
    expect(await charges()).toEqual(all);
    expect((await db.run(raw('select tax_kind, party, ended_why from tax_expectation order by id'))).rows).toEqual([{ tax_kind: '契税', party: 'transferee', ended_why: 'changed' }, { tax_kind: '契税', party: 'transferee', ended_why: null }]);
    await db.run(raw(`update reconciliation_position set position = 3 where name = 'charges'`));
    await poller().poll(always);
    expect(await charges()).toEqual(all);
    // 90 yuan, and 10 without a certificate to go with it, are outside the tariff while they stand.
    expect((await db.run(raw(`select reason from difference where aspect = 'standard' and is_open = 1`))).rows).toEqual([{ reason: 'charge-outside-tariff' }]);
  });

  it('two pollers at once read each snapshot once', async () => {
    for (let i = 0; i < 40; i++) await take(`B${i}`, [{ no: '1', yuan: '80.00' }]);
    await Promise.all([poller().poll(always), poller().poll(always), poller().poll(always)]);
    await poller().poll(always);
    expect((await charges()).length).toBe(40);
  });

  it('charges of a removed case end', async () => {
    await take('C', [{ no: '1', yuan: '80.00' }]);
    await poller().poll(always);
    await db.run(sql`insert into case_head (stream, case_no, snapshot_id, digest, removed_at, seen_at) values ('case', 'C', 1, '', ${clock.iso()}, ${clock.iso()})`);
    expect(await poller().endRemoved(always)).toBe(1);
    expect(await charges()).toEqual(['C 1 1 8000 vanished']);
    await new MatchStore(db, clock).run(engine);
    expect(await open()).toEqual([]);
  });

  it('several runs at once settle each item once', async () => {
    for (let i = 0; i < 30; i++) await take(`D${i}`, [{ no: '1', yuan: '80.00', code: `K${i}` }]);
    await poller().poll(always);
    const store = new MatchStore(db, clock);
    await Promise.all(Array.from({ length: 30 }, async (_, i) => {
      await pay(`S${i}`, `K${i}`);
      await store.run(engine);
    }));
    await store.run(engine);
    expect((await db.run(raw('select count(*) as n from match_line where live = 1'))).rows).toEqual([{ n: '30' }]);
    expect(await open()).toEqual([]);
  });

  it('a person links, takes apart and accepts; two above the amount; all of it can be undone', async () => {
    await take('E', [{ no: '1', yuan: '80.00' }]);
    await poller().poll(always);
    const store = new MatchStore(db, clock);
    await pay('S1', 'OTHER');
    await store.run(engine);
    expect(await open()).toEqual(['charge awaiting-payment', 'fee-record cut-off-timing']);
    const resolutions = new ResolutionStore(db, clock, store, engine, 10_000n);
    const id = async (table: string): Promise<string> => String((await db.run(raw(`select max(id) as id from ${table}`))).rows[0]!['id']);
    const [charge, record] = [await id('charge'), await id('fee_record')];
    expect(await resolutions.resolve({ act: 'link', expected: [charge], returned: [record], actor: 'li', note: '' })).toMatchObject({ done: false });
    expect(await resolutions.resolve({ act: 'link', expected: [charge], returned: [record], actor: 'li', note: 'code mistyped' })).toMatchObject({ done: true, awaitsSecond: false });
    expect(await open()).toEqual([]);
    expect(await resolutions.resolve({ act: 'accept', expected: [charge], returned: [], actor: 'li', note: 'x' })).toMatchObject({ done: false, expected: 'items that are open; reopen what is settled first' });
    await db.run(raw(`update reconciliation_position set position = 0 where name = 'matches'`));
    await store.run(engine);
    expect(await open()).toEqual([]);
    expect(await resolutions.resolve({ act: 'reopen', expected: [charge], returned: [], actor: 'wang', note: 'mistake' })).toMatchObject({ done: true });
    expect(await open()).toEqual(['charge awaiting-payment', 'fee-record cut-off-timing']);
    expect((await db.run(raw('select act, state, undone_by from resolution order by id'))).rows).toEqual([{ act: 'link', state: 'undone', undone_by: 'wang' }, { act: 'reopen', state: 'done', undone_by: null }]);
    const unequal = await take('E', [{ no: '1', yuan: '90.00' }]).then(() => poller().poll(always)).then(() => store.run(engine)).then(() => id('charge'));
    expect(await resolutions.resolve({ act: 'link', expected: [unequal], returned: [record], actor: 'li', note: 'x' })).toMatchObject({ done: false, expected: expect.stringContaining('equal sums') });
  });
});
