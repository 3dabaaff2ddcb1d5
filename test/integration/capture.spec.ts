import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { pino } from 'pino';
import { BureauReader } from '../../src/capture/bureau-reader.adapter.js';
import { CapturePoller, type PollResult } from '../../src/capture/capture.poller.js';
import { streamSchema, type StreamDefinition } from '../../src/domain/stream.js';
import type { Subscription } from '../../src/domain/subscription.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import type { Runner } from '../../src/platform/database/dialect.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { onEveryEngine, sampleTables, waitingSessions, type TestEngine } from '../support/engines.js';
import { eventually } from '../support/ops-stand.js';
import { freshDatabase } from '../support/postgres.js';

const clock = new SystemClock();
const log = pino({ level: 'silent' });
const always = (): Promise<boolean> => Promise.resolve(true);

interface Bench {
  bureau: DatabaseAdapter;
  ledger: DatabaseAdapter;
  poller: CapturePoller;
  view: ExchangeViewStore;
  store: CaptureStore;
  exchanges: ExchangeStore;
  doorbell: DoorbellAdapter;
}
const open: Bench[] = [];

/** A bureau, a ledger and a poller whose channel sends only what the test's digest reads. */
async function benchOn(engine: TestEngine, change: (s: StreamDefinition) => StreamDefinition = (s) => s, batchCases = 50): Promise<Bench> {
  const bureau = await sampleTables(engine);
  const ledger = await engine.open(await engine.fresh('ledger'), true);
  const stream = change(streamSchema.parse(parse(await readFile('config/streams/case.yaml', 'utf8'))));
  const rules = new Map([['center', 'accepted' as const]]);
  const subscriptions: Subscription[] = ['application', 'acceptance', 'process-step', 'result'].map((event) => ({
    channel: 'center', stream: 'case', event,
    digestInput: (s, item) => JSON.stringify(event === 'process-step' ? [item?.['opinion'] ?? null] : [s.case['item_name'], s.case['applied_at'], (s.children['applicants'] ?? []).map((a) => a['name'])]),
  }));
  const exchanges = new ExchangeStore(ledger, clock, rules, { firstDelayMs: 10, maxDelayMs: 100, maxAttempts: 3, maxCrashes: 3 });
  const store = new CaptureStore(ledger, clock, exchanges, rules);
  const doorbell = await DoorbellAdapter.open({ backend: 'postgres', url: await freshDatabase('queue'), prefix: 't', allowVolatile: false, lockMs: 5000, stalledCheckMs: 5000 }, log);
  const poller = new CapturePoller(new BureauReader(bureau, stream, false), stream, subscriptions, store, doorbell, { batchCases, standingAlarmMs: 1000 }, clock, log, new MetricsAdapter({ processMetrics: false }));
  const made = { bureau, ledger, poller, store, exchanges, doorbell, view: new ExchangeViewStore(ledger, clock) };
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const b of open.splice(0)) {
    await b.doorbell.close();
    await b.bureau.close();
    await b.ledger.close();
  }
});
const insertCase = (no: string, item = '抵押登记') =>
  sql`insert into land_case (case_no, item_code, item_name, section, case_kind, project_name, apply_source, applied_at, division_code, status, handled_offline)
      values (${no}, 'X', ${item}, '地产', 'C', '测试', 'W', '2026-11-02 09:00:00', '430902', 'APPLIED', '0')`;
const accept = (no: string) => sql`update land_case set accepted_at = '2026-11-03 09:00:00', status = 'ACCEPTED' where case_no = ${no}`;
const insertApplicant = (no: string, n: number, name: string) => sql`insert into land_applicant (case_no, applicant_no, role, kind, name) values (${no}, ${n}, 'APPLICANT', 'P', ${name})`;
const states = async (b: Bench, caseNo: string): Promise<string[]> => (await b.view.find({ caseNo }, 100)).map((e) => `${e.event}/${e.sequence}/v${e.version}/${e.operation}/${e.state}`);

onEveryEngine((engine) => {
  const bench = (...args: [change?: (s: StreamDefinition) => StreamDefinition, batchCases?: number]): Promise<Bench> => benchOn(engine, ...args);

  it('captures a case once however often it is read, and opens one exchange per event', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.bureau.run(accept('A1'));
    expect(await b.poller.poll(always)).toMatchObject({ changed: 1, opened: 2 });
    expect(await b.poller.poll(always)).toMatchObject({ changed: 0, opened: 0 });
    // touched, but nothing in it differs
    await b.bureau.run(sql`update land_case set remark = remark where case_no = 'A1'`);
    expect(await b.poller.poll(always)).toMatchObject({ read: 1, changed: 0, opened: 0 });
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/captured', 'acceptance/1/v1/I/captured']);
  });

  it('sends nothing for a change that alters nothing that is sent', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.poller.poll(always);
    await b.bureau.run(sql`update land_case set remark = 'only for the bureau' where case_no = 'A1'`);
    expect(await b.poller.poll(always)).toMatchObject({ read: 1, changed: 1, opened: 0 });
  });

  it('never skips a row that is committed late', async () => {
    const b = await bench();
    const late = b.bureau.source.createQueryRunner();
    await late.startTransaction();
    await late.query(`insert into land_case (case_no, item_code, item_name, section, case_kind, project_name, apply_source, applied_at, division_code, status, handled_offline) values ('LATE', 'X', '抵押登记', '地产', 'C', 't', 'W', '2026-11-02 09:00:00', '430902', 'APPLIED', '0')`);
    for (let i = 0; i < 5; i++) await b.bureau.run(insertCase(`EARLY${i}`));
    await b.poller.poll(always);
    const held = await b.store.watermark('case');
    expect(held.heldBack).toBe(true);
    await late.commitTransaction();
    await late.release();
    await b.poller.poll(always);
    await b.poller.poll(always);
    const rows = await b.view.find({}, 100);
    expect(rows.map((r) => r.caseNo).sort()).toEqual(['EARLY0', 'EARLY1', 'EARLY2', 'EARLY3', 'EARLY4', 'LATE']);
  });

  it('keeps its place inside a transaction of many rows with one mark', async () => {
    const b = await bench(undefined, 28); // of which the first page takes a quarter
    await b.bureau.transaction(async (runner) => {
      for (let i = 0; i < 40; i++) await runner.run(insertCase(`T${String(i).padStart(3, '0')}`));
    });
    // one page, then another process goes on
    await b.poller.poll(() => Promise.resolve(false));
    expect(await b.view.count({})).toBe(7);
    await b.poller.poll(always);
    expect(await b.view.count({})).toBe(40);
    expect(await b.poller.poll(always)).toMatchObject({ read: 0 });
  });

  it('sees a change in a child row alone', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.poller.poll(always);
    await b.ledger.run(raw(`update exchange set state = 'accepted'`));
    await b.bureau.run(insertApplicant('A1', 1, '张三'));
    expect(await b.poller.poll(always)).toMatchObject({ changed: 1, opened: 1 });
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/accepted', 'application/1/v2/U/captured']);
  });

  it('lets an unsent exchange take the correction, and a refused one be superseded in its lane place', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.bureau.run(accept('A1'));
    await b.poller.poll(always);
    await b.bureau.run(sql`update land_case set item_name = '解除抵押' where case_no = 'A1'`);
    await b.poller.poll(always);
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/captured', 'acceptance/1/v1/I/captured']);
    await b.ledger.run(raw(`update exchange set state = 'refused', tried = 1 where event = 'application'`));
    await b.bureau.run(sql`update land_case set item_name = '土地登记' where case_no = 'A1'`);
    await b.poller.poll(always);
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/superseded', 'acceptance/1/v1/I/captured', 'application/1/v2/U/captured']);
    const [old, , corrected] = await b.view.find({ caseNo: 'A1' }, 10);
    expect(corrected!.lanePosition).toBe(old!.lanePosition);
    const claimed = await b.ledger.run(raw(`select event, head from exchange where state = 'captured' order by id`));
    expect(claimed.rows).toEqual([{ event: 'acceptance', head: 0 }, { event: 'application', head: 1 }]);
  });

  it('reports an event that no longer stands as D, and a deleted case once by its removal event', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.bureau.run(accept('A1'));
    await b.poller.poll(always);
    await b.ledger.run(raw(`update exchange set state = 'accepted', tried = 1`));
    await b.bureau.run(sql`update land_case set accepted_at = null where case_no = 'A1'`);
    await b.poller.poll(always);
    expect(await states(b, 'A1')).toContain('acceptance/1/v2/D/captured');
    await b.bureau.run(sql`delete from land_case where case_no = 'A1'`);
    expect(await b.poller.sweepRemovals(always)).toBe(1);
    expect(await b.poller.sweepRemovals(always)).toBe(0);
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/accepted', 'acceptance/1/v1/I/accepted', 'acceptance/1/v2/D/cancelled', 'result/1/v1/D/captured']);
  });

  it('notices child rows that were deleted, though no mark shows it, and reads only that case again', async () => {
    const b = await bench();
    for (const no of ['A1', 'A2']) {
      await b.bureau.run(insertCase(no));
      for (const n of [1, 2]) await b.bureau.run(insertApplicant(no, n, `申请人${n}`));
    }
    await b.poller.poll(always);
    await b.ledger.run(raw(`update exchange set state = 'accepted', tried = 1`));
    expect(await b.poller.sweepRemovals(always)).toBe(0);
    await b.bureau.run(sql`delete from land_applicant where case_no = 'A1' and applicant_no = 2`);
    expect(await b.poller.poll(always)).toMatchObject({ read: 0 });
    expect(await b.poller.sweepRemovals(always)).toBe(0);
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/accepted', 'application/1/v2/U/captured']);
    expect(await states(b, 'A2')).toEqual(['application/1/v1/I/accepted']);
    await b.bureau.run(sql`delete from land_applicant where case_no = 'A2'`);
    await b.poller.sweepRemovals(always);
    await b.poller.sweepRemovals(always);
    expect(await states(b, 'A2')).toEqual(['application/1/v1/I/accepted', 'application/1/v2/U/captured']);
  });

  it('reports a case that was withdrawn before acceptance as closed, and its closing later as a correction', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.bureau.run(sql`update land_case set withdrawn_at = '2026-11-04 10:00:00' where case_no = 'A1'`);
    await b.poller.poll(always);
    expect(await states(b, 'A1')).toEqual(['application/1/v1/I/captured', 'result/1/v1/I/captured']);
    expect((await b.view.find({ caseNo: 'A1', event: 'result' }, 1))[0]!.eventAt).toMatch(/^2026-11-04 10:00:00/);
    await b.ledger.run(raw(`update exchange set state = 'accepted', tried = 1`));
    await b.bureau.run(sql`update land_case set closed_at = '2026-11-05 10:00:00' where case_no = 'A1'`);
    await b.poller.poll(always);
    expect(await states(b, 'A1')).toContain('result/1/v2/U/captured');
  });

  it('stops only itself on a missing or retyped column, names it and moves no watermark', async () => {
    const b = await bench();
    await b.bureau.run(insertCase('A1'));
    await b.bureau.run(raw(engine.engine === 'postgres' ? 'alter table land_case rename column project_name to project_titel' : `exec sp_rename 'land_case.project_name', 'project_titel', 'COLUMN'`));
    expect(await b.poller.poll(always)).toEqual({ read: 0, changed: 0, opened: 0, failure: 'bureau-column-missing' });
    const stopped = await b.store.watermark('case');
    expect(stopped).toMatchObject({ faultCode: 'bureau-column-missing', faultDetail: 'land_case.project_name', position: '{}' });
    await b.bureau.run(raw(engine.engine === 'postgres' ? 'alter table land_case rename column project_titel to project_name' : `exec sp_rename 'land_case.project_titel', 'project_name', 'COLUMN'`));
    await b.bureau.run(raw(engine.engine === 'postgres' ? 'alter table land_case alter column statutory_limit type text using statutory_limit::text' : 'alter table land_case alter column statutory_limit nvarchar(20) null'));
    await b.poller.poll(always);
    expect(await b.store.watermark('case')).toMatchObject({ faultCode: 'bureau-column-retyped', position: '{}' });
    await b.bureau.run(raw(engine.engine === 'postgres' ? 'alter table land_case alter column statutory_limit type integer using statutory_limit::integer' : 'alter table land_case alter column statutory_limit int null'));
    expect(await b.poller.poll(always)).toMatchObject({ changed: 1 });
    expect((await b.store.watermark('case')).faultCode).toBeUndefined();
  });

  it('isolates a row that the database cannot convert; the others go on', async () => {
    // the view divides by zero on one row, and only when the broken column is read
    const wide = await bench((s) => ({ ...s, table: 'land_case_view', columns: { ...s.columns, broken: 'integer' } }));
    await wide.bureau.run(raw(`create view land_case_view as select * , 100 / ${engine.engine === 'postgres' ? 'length' : 'len'}(coalesce(remark, 'x')) as broken from land_case`));
    for (const no of ['B1', 'B2', 'B3', 'B4', 'B5']) await wide.bureau.run(insertCase(no));
    await wide.bureau.run(sql`update land_case set remark = '' where case_no = 'B3'`);
    expect(await wide.poller.poll(always)).toMatchObject({ changed: 4 });
    expect(await wide.view.caseFaults(10)).toEqual([{ stream: 'case', caseNo: 'B3', code: 'row-unreadable', detail: expect.stringContaining(engine.engine === 'postgres' ? '22012' : '8134') as string }]);
    await wide.bureau.run(sql`update land_case set remark = 'mended' where case_no = 'B3'`);
    expect(await wide.poller.poll(always)).toMatchObject({ changed: 1 });
    expect(await wide.view.caseFaults(10)).toEqual([]);
  });

  it('reads by timestamp with an overlap where there is no rowversion, and repeats nothing', async () => {
    const b = await bench((s) => ({ ...s, watermark: { mode: 'timestamp', column: 'applied_at', overlapSeconds: 60 }, children: Object.fromEntries(Object.entries(s.children).map(([k, c]) => [k, { ...c, watermark: undefined }])) }), 3);
    for (let i = 0; i < 10; i++) {
      await b.bureau.run(insertCase(`S${i}`));
      const at = new Date(Date.UTC(2026, 10, 2, 9, 0, i * 10)).toISOString().replace('T', ' ').slice(0, 19);
      await b.bureau.run(sql`update land_case set applied_at = ${at} where case_no = ${`S${i}`}`);
    }
    await b.poller.poll(always);
    expect(await b.view.count({})).toBe(10);
    // written late with a time inside the overlap
    await b.bureau.run(insertCase('LATE'));
    await b.bureau.run(sql`update land_case set applied_at = '2026-11-02 09:00:55' where case_no = 'LATE'`);
    expect(await b.poller.poll(always)).toMatchObject({ changed: 1, opened: 1 });
    expect(await b.poller.poll(always)).toMatchObject({ changed: 0 });
  });

  it('lets one of two pollers win when both read the same range', async () => {
    const b = await bench();
    for (let i = 0; i < 20; i++) await b.bureau.run(insertCase(`P${i}`));
    await Promise.all([b.poller.poll(always), b.poller.poll(always)]);
    expect(await b.view.count({})).toBe(20);
  });

  /** Holds the exchanges of A1, lets a poll run into them, and does something in the meantime. */
  const whileHeld = async (b: Bench, then: (runner: Runner, session: string) => Promise<unknown>): Promise<PollResult> => {
    await b.bureau.run(insertCase('A1'));
    await b.poller.poll(always);
    await b.bureau.run(sql`update land_case set item_name = '解除抵押' where case_no = 'A1'`);
    const { hint, suffix } = b.ledger.dialect.lockRows;
    let polled: Promise<PollResult> | undefined;
    await b.ledger.transaction(async (runner) => {
      await runner.run(sql`select id from exchange ${raw(hint)} where case_no = 'A1' ${raw(suffix)}`);
      polled = b.poller.poll(always);
      await then(runner, (await eventually(() => waitingSessions(b.ledger), (w) => w.length > 0, 'a poll that waits'))[0]!);
    });
    return polled!;
  };

  it('takes no number before it has the exchanges: who holds them and needs a number does not wait for it', async () => {
    const b = await bench();
    const polled = await whileHeld(b, (runner) => runner.run(sql`update counter set value = value + 1 where name in ('snapshot', 'exchange')`));
    expect(polled).toEqual({ read: 1, changed: 1, opened: 0 });
  });

  it('does not lay to the bureau what the ledger failed at', async () => {
    const b = await bench();
    const polled = await whileHeld(b, (_, session) => b.ledger.run(raw(engine.engine === 'postgres' ? `select pg_terminate_backend(${session})` : `kill ${session}`)));
    expect(polled).toEqual({ read: 0, changed: 0, opened: 0, failure: 'ledger-unreachable' });
    expect(await b.store.watermark('case')).toMatchObject({ faultCode: 'ledger-unreachable' });
    expect(await b.poller.poll(always)).toEqual({ read: 1, changed: 1, opened: 0 });
    expect((await b.store.watermark('case')).faultCode).toBeUndefined();
    await b.bureau.run(sql`update land_case set item_name = '土地登记' where case_no = 'A1'`);
    await b.ledger.run(raw('drop table case_head'));
    expect(await b.poller.poll(always)).toMatchObject({ failure: 'unexpected' });
  });
});
