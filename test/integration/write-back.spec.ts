import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { ClearanceRecordStore } from '../../src/ledger/clearance-record.store.js';
import { writeBackSchema } from '../../src/domain/write-back-settings.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { judgeClearance, type Clearance } from '../../src/reconciliation/judge-clearance.js';
import { ReturnTable } from '../../src/reconciliation/return-table.adapter.js';
import { digestClearance, tellClearance } from '../../src/reconciliation/tell-clearance.js';
import { WriteBackPoller } from '../../src/reconciliation/write-back.poller.js';
import type { Reasons } from '../../src/domain/reconciliation-rules.js';
import { onEveryEngine, sampleTables } from '../support/engines.js';

class HeldClock extends Clock {
  atMs = Date.parse('2026-11-20T10:00:00.000Z');
  now(): Date { return new Date(this.atMs); }
}
const retry = { firstDelayMs: 1_000, maxDelayMs: 8_000, maxAttempts: 5, maxCrashes: 3 };
const yes = (): Promise<boolean> => Promise.resolve(true);
const clearance = (caseNo: string, settled: boolean, taxes = 0): Clearance => judgeClearance({
  caseNo, charges: [{ id: '1', zh: `应收 ${caseNo}/1`, en: `charge 1 of ${caseNo}`, fen: 8_000n, settled, reason: settled ? undefined : 'missing-there' }], taxes: Array.from({ length: taxes }, (_, i) => ({ id: String(i), zh: '应税', en: 'tax', fen: undefined, settled: true, reason: undefined })),
  unread: false, against: [], besides: [],
}, { 'missing-there': { severity: 'attention', text: { zh: '我方应收,对方无缴款记录', en: 'not paid' }, next: { zh: '核实', en: 'ask' } } } as Reasons);

onEveryEngine((engine) => {
  const clock = new HeldClock();
  let [db, bureau]: (DatabaseAdapter | undefined)[] = [];
  let ledger: DatabaseAdapter;
  let land: DatabaseAdapter;
  let records: ClearanceRecordStore;
  let url = '';
  const pollers: WriteBackPoller[] = [];
  const poller = (address: string | undefined, more: Record<string, unknown> = {}): WriteBackPoller => {
    const settings = writeBackSchema.parse({ engine: engine.engine, ...(address === undefined ? {} : { url: address }), batch: 3, ...more });
    const { url: given, ...rest } = settings;
    const made = new WriteBackPoller({
      records, alarms: new AlarmStore(ledger, clock), settings, retry, clock, log: pino({ level: 'silent' }), metrics: new MetricsAdapter({ processMetrics: false }),
      open: () => (given === undefined ? undefined : ReturnTable.open({ ...rest, url: given }, { encrypt: false, trustServerCertificate: true })),
    });
    pollers.push(made);
    return made;
  };
  const say = async (caseNo: string, c: Clearance): Promise<number> => records.record([{ caseNo, state: c.state, cleared: c.cleared, detail: JSON.stringify(c), digest: digestClearance(tellClearance(c)) }], '0');
  const table = async (): Promise<string[]> => (await land.run(raw(`select case_no, return_no, state, fees_settled, missing from land_return order by seq`))).rows.map((r) => [r['case_no'], r['return_no'], r['state'], r['fees_settled'], r['missing']].map(String).join(' '));

  beforeAll(async () => {
    bureau = land = await sampleTables(engine);
    db = ledger = await engine.open(await engine.fresh('ledger'), true);
    records = new ClearanceRecordStore(ledger, clock);
    const password = randomBytes(12).toString('hex');
    const account = `writer_${randomBytes(6).toString('hex')}`;
    if (engine.engine === 'postgres') {
      await land.run(raw(`create role ${account} login password '${password}'`));
    } else {
      await land.run(raw(`create login ${account} with password = '${password}Aa1!'`));
      await land.run(raw(`create user ${account} for login ${account}`));
    }
    await land.run(raw(`grant select, insert on land_return to ${account}`));
    const where = new URL(String((land.source.options as { url?: string }).url ?? process.env['TEST_MSSQL_URL']));
    const { rows } = await land.run(raw(engine.engine === 'postgres' ? 'select current_database() as name' : 'select db_name() as name'));
    where.username = account;
    where.password = engine.engine === 'postgres' ? password : `${password}Aa1!`;
    where.pathname = `/${String(rows[0]!['name'])}`;
    url = where.href;
  }, 60_000);
  afterAll(async () => {
    await Promise.all(pollers.map((p) => p.close()));
    await db?.close();
    await bureau?.close();
  });

  it('writes every change of a case in its order, once, by an account that can do nothing else', async () => {
    expect(await say('YY1', clearance('YY1', false))).toBe(1);
    expect(await say('YY1', clearance('YY1', false))).toBe(0);
    await say('YY2', clearance('YY2', true));
    await say('YY1', clearance('YY1', true));
    const p = poller(url);
    expect(await p.poll(yes)).toBe(3);
    expect(await p.poll(yes)).toBe(0);
    expect(await table()).toEqual(['YY1 1 not-cleared 0 应收 YY1/1 80.00 元:我方应收,对方无缴款记录', 'YY2 1 cleared 1 ', 'YY1 2 cleared 1 ']);
    expect((await land.run(raw(`select count(*) as n from land_return where is_cleared = ${engine.engine === 'postgres' ? 'true' : '1'}`))).rows[0]!['n']).toEqual(engine.engine === 'postgres' ? '2' : 2);
    expect((await records.owing()).count).toBe(0);
    const writer = await engine.open(url);
    for (const forbidden of ['delete from land_return', `update land_return set state = 'x'`, 'select * from land_case', `insert into land_item (item_code) values ('x')`]) await expect(writer.run(raw(forbidden))).rejects.toThrow();
    await writer.close();
  }, 60_000);

  it('adds nothing twice when what was added was not noted, and goes on above what stands there when the ledger is older', async () => {
    await ledger.run(raw('update clearance set written_at = null, written_no = null'));
    expect(await poller(url).poll(yes)).toBe(3);
    expect(await table()).toHaveLength(3);
    // Restored from before its second row: the case is said to be open again, under the next free number.
    await ledger.run(raw(`delete from clearance where case_no = 'YY1' and return_no = 2`));
    await ledger.run(raw(`update clearance set is_current = 1 where case_no = 'YY1'`));
    await say('YY1', clearance('YY1', false, 1));
    await poller(url).poll(yes);
    expect((await table()).at(-1)).toMatch(/^YY1 3 not-cleared 0/);
    expect((await records.ofCase('YY1')).map((r) => [r.number, r.writtenNumber])).toEqual([[1, 1], [2, 3]]);
  }, 60_000);

  it('does not lay to the bureau what the ledger failed at, and adds nothing twice afterwards', async () => {
    const before = (await table()).length;
    await say('YY9', clearance('YY9', true));
    const rename = (from: string, to: string): Promise<unknown> => ledger.run(raw(engine.engine === 'postgres' ? `alter table clearance rename column ${from} to ${to}` : `exec sp_rename 'clearance.${from}', '${to}', 'COLUMN'`));
    const p = poller(url);
    await rename('written_no', 'elsewhere');
    await expect(p.poll(yes)).rejects.toThrow('written_no');
    await rename('elsewhere', 'written_no');
    expect(await table()).toHaveLength(before + 1);
    expect((await records.owing()).failure).toBeUndefined();
    expect(await p.poll(yes)).toBe(1);
    expect(await table()).toHaveLength(before + 1);
  }, 60_000);

  it('keeps what it owes while the bureau is away, tells, and writes it in order afterwards', async () => {
    const before = (await table()).length;
    const nowhere = new URL(url);
    nowhere.port = '1';
    const away = poller(nowhere.href);
    for (const settled of [true, false, true]) await say('YY3', clearance('YY3', settled));
    await say('YY4', clearance('YY4', true));
    expect(await away.poll(yes)).toBe(0);
    expect(await records.owing()).toMatchObject({ count: 4, failure: expect.stringMatching(/ECONNREFUSED|ESOCKET|error/i) });
    await away.look();
    const alarms = (): Promise<string[]> => ledger.run(raw(`select alarm_text from alarm where kind = 'write-back-failed' and absent_since is null`)).then(({ rows }) => rows.map((r) => String(r['alarm_text'])));
    expect(await alarms()).toEqual([]);
    clock.atMs += 3_600_000;
    await away.look();
    expect(await alarms()).toEqual([expect.stringContaining('4 clearances are not in the bureau')]);
    const back = poller(url);
    expect(await back.poll(yes)).toBe(4);
    expect((await table()).slice(before).map((r) => r.split(' ').slice(0, 3).join(' '))).toEqual(['YY3 1 cleared', 'YY4 1 cleared', 'YY3 2 not-cleared', 'YY3 3 cleared']);
    await back.look();
    expect(await alarms()).toEqual([]);
  }, 60_000);

  it('lets a row that the bureau does not take hold up its own case only', async () => {
    const long = 'Y'.repeat(59);
    await land.run(raw(engine.engine === 'postgres' ? `alter table land_return add constraint short_cases check (length(case_no) < 50)` : `alter table land_return add constraint short_cases check (len(case_no) < 50)`));
    await say(long, clearance(long, false));
    await say(long, clearance(long, true));
    await say('YY5', clearance('YY5', true));
    const p = poller(url);
    expect(await p.poll(yes)).toBe(1);
    expect((await table()).at(-1)).toBe('YY5 1 cleared 1 ');
    expect((await records.owing()).count).toBe(2);
    await land.run(raw('alter table land_return drop constraint short_cases'));
    clock.atMs += 60_000;
    expect(await p.poll(yes)).toBe(2);
    expect((await table()).slice(-2).map((r) => r.split(' ').slice(1, 3).join(' '))).toEqual(['1 not-cleared', '2 cleared']);
  }, 60_000);

  it('two that write at once leave each row once', async () => {
    for (let i = 0; i < 12; i++) await say(`ZZ${i}`, clearance(`ZZ${i}`, i % 2 === 0));
    const [a, b] = [poller(url), poller(url)];
    await Promise.all([a.poll(yes), b.poll(yes)]);
    clock.atMs += 60_000;
    await a.poll(yes);
    const { rows } = await land.run(sql`select count(*) as n, count(distinct case_no) as cases from land_return where case_no like ${'ZZ%'}`);
    expect([Number(rows[0]!['n']), Number(rows[0]!['cases'])]).toEqual([12, 12]);
    expect((await records.owing()).count).toBe(0);
  }, 60_000);

  it('writes nothing where no table is configured, and says what is missing of one that is', async () => {
    await say('YY6', clearance('YY6', true));
    expect(await poller(undefined).poll(yes)).toBe(0);
    const opened = await ReturnTable.open({ ...writeBackSchema.parse({ engine: engine.engine, columns: { missing: 'remark' } }), url }, { encrypt: false, trustServerCertificate: true });
    await expect(opened.probe()).rejects.toThrow(/remark/);
    await opened.close();
    expect((await records.owing()).count).toBe(1);
  }, 60_000);
});
