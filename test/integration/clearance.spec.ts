import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { runCli } from '../../src/cli/run-cli.command.js';
import type { FeeRecord, TaxRecord } from '../../src/domain/reconciliation-records.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { ClearanceRecordStore } from '../../src/ledger/clearance-record.store.js';
import { ClearancePoller } from '../../src/reconciliation/clearance.poller.js';
import { SuspensePoller } from '../../src/reconciliation/suspense.poller.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  at = '2026-11-20T10:00:00.000Z';
  now(): Date { return new Date(this.at); }
}
const clock = new HeldClock();
const [token, old] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
let folder: string;
let env: Record<string, string>;
let db: DatabaseAdapter;
let gateway: RunningGateway;

const reconcile = async (): Promise<void> => void (await runCli(['reconcile'], { env, clock, user: 'li', out: () => undefined, err: () => undefined }));
interface Answer { state: string; cleared: boolean; missing: { en: string; reason: string }[]; contradictions: { en: string; reason: string; difference?: string }[]; notices: { en: string; reason: string }[] }
const ask = async (caseNo: string, authorization: string | undefined = `Bearer ${token}`): Promise<{ status: number; headers: Headers; body: Answer }> => {
  const response = await fetch(`${gateway.url}/api/cases/${encodeURIComponent(caseNo)}/clearance`, { headers: authorization === undefined ? {} : { authorization } });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
};
const short = ({ body }: { body: Answer }): unknown => ({ state: body.state, missing: body.missing.map((m) => `${m.en}: ${m.reason}`), against: body.contradictions.map((m) => `${m.en}: ${m.reason}`), besides: body.notices.map((m) => `${m.en}: ${m.reason}`) });
let snapshot = 0;
const charge = async (caseNo: string, code: string): Promise<void> => {
  const body = JSON.stringify({ case: { case_no: caseNo, item_code: 'JY11', status: 'HANDLING' }, children: { parcels: [{ land_use: '城镇住宅用地' }], applicants: [{ role: 'APPLICANT' }], charges: [{ charge_no: '1', fee_item_code: 'GT0101', fee_item_name: 'f', amount: '80.00', exempt: '0', exempt_reason: null, payer: '户主甲', payment_code: code, tax_kinds: '契税' }] } });
  await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${++snapshot}, 'case', ${caseNo}, '', ${body}, ${clock.at})`);
  await db.run(sql`insert into case_head (stream, case_no, snapshot_id, digest, seen_at) values ('case', ${caseNo}, ${snapshot}, '', ${clock.at})`);
};
const pay = (serial: string, code: string, more: Partial<FeeRecord> = {}): Promise<unknown> => {
  const day = clock.at.slice(0, 10);
  const fee = { serial, paymentCode: code, caseNo: undefined, unitCode: '1', lines: [{ feeItemCode: 'GT0101', feeItemName: undefined, amountFen: 8000n }], amountFen: 8000n, day, paidAt: `${day.replaceAll('-', '')}100000`, payer: undefined, method: '1', status: 'paid', originalSerial: undefined, ...more } as const;
  return db.transaction((r) => new ReturnedRecordStore(db, clock).record(r, { channel: 'center', inboxId: '1', fileId: `fee-${serial}-${fee.status}`, issue: 1, fees: [fee] }));
};
const slip = (ticketNo: string, caseNo: string): Promise<unknown> => {
  const day = clock.at.slice(0, 10);
  const tax: Omit<TaxRecord, 'id' | 'channel'> = { ticketNo, authorityCode: '14309', taxpayerNo: 'N', taxpayerName: undefined, caseNo, contractNo: undefined, taxKind: '契税', party: 'transferee', taxableFen: 10_000_000n, dueFen: 300_000n, paidFen: 300_000n, day, paidAt: `${day.replaceAll('-', '')}110000`, status: 'paid', originalTicketNo: undefined };
  return db.transaction((r) => new ReturnedRecordStore(db, clock).record(r, { channel: 'center', inboxId: '1', fileId: `tax-${ticketNo}`, issue: 1, taxes: [tax] }));
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-clearance-'));
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  for (const name of ['default.yaml', 'calendar.yaml', 'streams']) cpSync(`config/${name}`, path.join(config, name), { recursive: true });
  writeFileSync(path.join(config, 'channels', 'center.yaml'), `channel: center\ntitle: c\nstream: case\nencoding: UTF-8\nmessages: { application: center/application }\nstaging: { adapter: directory, directory: { path: ${folder} } }\nacknowledgement: { files: true }\n`);
  const url = await freshDatabase('clearance');
  env = { GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url, CLEARANCE_TOKEN: token, CLEARANCE_TOKEN_OLD: old };
  db = await openPostgres(url, true);
  const { settings, faults } = loadSettings({ configDir: config, env });
  if (!settings) throw new Error(JSON.stringify(faults));
  const { mappings } = loadMappings({ dir: settings.mappingsDir, streams: settings.streamDefinitions, channels: settings.channels });
  gateway = await startGateway({ settings: { ...settings, roles: ['api'], http: { ...settings.http, host: '127.0.0.1', port: 0 } }, mappings, clock, processMetrics: false, log: pino({ level: 'silent' }) });
  await db.run(sql`insert into watermark (stream, position, position_version) values ('case', '0', 0)`);
}, 60_000);
afterAll(async () => {
  await gateway?.stop();
  await db?.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

describe('GET /api/cases/{no}/clearance', () => {
  it('asks for a token, and knows what it does not know', async () => {
    for (const header of ['', 'Bearer', 'Bearer wrong', `Basic ${token}`, `Bearer ${token}x`, undefined]) expect(await ask('YY1', header ?? '')).toMatchObject({ status: 401, body: { error: 'not-allowed' } });
    expect((await ask('YY1', '')).headers.get('www-authenticate')).toContain('Bearer');
    expect((await ask('nobody', `Bearer ${old}`)).status).toBe(404);
    expect((await ask('x'.repeat(61))).status).toBe(404);
    const document = (await (await fetch(`${gateway.url}/api/openapi.json`)).json()) as { paths: Record<string, unknown> };
    expect(document.paths).toHaveProperty(['/api/cases/{no}/clearance']);
  }, 30_000);

  it('follows a case from its charge to a refund after the day was closed', async () => {
    await charge('YY1', 'K1');
    expect(short(await ask('YY1'))).toEqual({ state: 'not-cleared', missing: ['case YY1: not-examined'], against: [], besides: [] });
    await reconcile();
    expect(short(await ask('YY1'))).toEqual({ state: 'not-cleared', missing: ['charge 1 of YY1: awaiting-payment', 'tax 契税 of the transferee of YY1: awaiting-payment'], against: [], besides: [] });
    await pay('S1', 'K1');
    await reconcile();
    expect((await ask('YY1')).body.state).toBe('not-cleared');
    await slip('T1', 'YY1');
    await reconcile();
    const cleared = await ask('YY1');
    expect(cleared.headers.get('cache-control')).toBe('no-store');
    expect(cleared.body).toMatchObject({ caseNo: 'YY1', state: 'cleared', cleared: true, fees: { state: 'settled', count: 1 }, taxes: { state: 'settled', count: 1 }, at: clock.at });
    expect(JSON.stringify(cleared.body)).not.toContain('户主甲');
    // Paid twice: no reason to withhold the certificate.
    await pay('S2', 'K1', { caseNo: 'YY1' });
    await reconcile();
    expect(short(await ask('YY1'))).toEqual({ state: 'cleared', missing: [], against: [], besides: ['payment S2: duplicate-payment'] });
    await db.run(raw(`insert into statement_day (day, closed_at, closed_by, figures, sha256) values ('2026-11-20', '2026-11-20T12:00:00Z', 'li', '{}', '')`));
    clock.at = '2026-11-21T10:00:00.000Z';
    await pay('R1', 'K1', { status: 'refunded', originalSerial: 'S1' });
    expect(short(await ask('YY1'))).toMatchObject({ state: 'contradicted', against: ['refund R1: not-examined'] });
    await reconcile();
    expect(short(await ask('YY1'))).toMatchObject({ state: 'contradicted', against: ['refund R1: refunded'] });
    const open = (await db.run(raw(`select id from difference where reason = 'refunded' and is_open = 1`))).rows.map((r) => String(r['id']));
    expect((await ask('YY1')).body.contradictions.map((c) => c.difference)).toEqual(open);
    let words = '';
    await runCli(['clearance', 'YY1'], { env, clock, user: 'li', out: (t) => { words += t.toString(); }, err: () => undefined });
    expect(words).toContain(`(difference ${open[0]!})`);
    const alarms = async (): Promise<string[]> => (await db.run(raw('select kind, alarm_text from alarm where absent_since is null order by kind'))).rows.map((r) => `${String(r['kind'])}: ${String(r['alarm_text'])}`);
    const suspense = gateway.app.get(SuspensePoller);
    await suspense.look();
    expect(await alarms()).toEqual(['settlement-contradicted: 1 taken back or corrected after the day was closed: refund R1']);
    clock.at = '2026-11-27T10:00:00.000Z';
    await suspense.look();
    expect(await alarms()).toEqual(['settlement-contradicted: 1 taken back or corrected after the day was closed: refund R1', 'suspense-old: 2 open for more than 5 days: payment S2, refund R1']);
    await db.run(raw(`update difference set is_open = 0 where reason in ('refunded', 'duplicate-payment')`));
    await suspense.look();
    expect(await alarms()).toEqual([]);
  }, 60_000);

  it('opens again when the payment is taken back on an open day', async () => {
    await charge('YY2', 'K2');
    await pay('S3', 'K2');
    await slip('T2', 'YY2');
    await reconcile();
    expect((await ask('YY2')).body.cleared).toBe(true);
    await pay('S3', 'K2', { status: 'reversed' });
    expect((await ask('YY2')).body).toMatchObject({ state: 'contradicted', cleared: false });
    await reconcile();
    expect(short(await ask('YY2'))).toMatchObject({ state: 'not-cleared', missing: ['charge 1 of YY2: reversed'] });
  }, 60_000);

  it('keeps what was said of a case, change by change, and tells when a cleared case is not cleared any more', async () => {
    const poller = gateway.app.get(ClearancePoller, { strict: false });
    const records = new ClearanceRecordStore(db, clock);
    const said = async (caseNo: string): Promise<string[]> => {
      await poller.poll(() => Promise.resolve(true));
      await poller.look();
      return (await records.ofCase(caseNo)).map((r) => `${r.number} ${r.state}${r.current ? ' now' : ''}`);
    };
    const alarms = async (): Promise<string[]> => (await db.run(raw(`select alarm_text from alarm where kind = 'clearance-contradicted' and absent_since is null`))).rows.map((r) => String(r['alarm_text']));
    await said('YY3');
    await charge('YY3', 'K3');
    await reconcile();
    expect(await said('YY3')).toEqual(['1 not-cleared now']);
    await pay('S4', 'K3');
    await reconcile();
    await slip('T3', 'YY3');
    await reconcile();
    expect(await said('YY3')).toEqual(['1 not-cleared', '2 cleared now']);
    const standing = await alarms();
    expect(await said('YY3')).toHaveLength(2);
    // The day is closed, the certificate is out, and a refund comes that names no case.
    await db.run(sql`insert into statement_day (day, closed_at, closed_by, figures, sha256) values (${clock.at.slice(0, 10)}, ${clock.at}, 'li', '{}', '')`);
    clock.at = '2026-11-28T10:00:00.000Z';
    await pay('R4', 'K3', { status: 'refunded', originalSerial: 'S4' });
    await reconcile();
    expect(await said('YY3')).toEqual(['1 not-cleared', '2 cleared', '3 contradicted now']);
    expect(await alarms()).toEqual([expect.stringMatching(/not any more: .*YY3/)]);
    const cli = async (...args: string[]): Promise<{ code: number; out: string }> => {
      let out = '';
      const code = await runCli(args, { env, clock, user: 'li', out: (t) => { out += String(t); }, err: (t) => { out += t; } });
      return { code, out };
    };
    expect(await cli('clearance', 'YY3')).toMatchObject({ code: 1, out: expect.stringContaining('Speaks against it:\n  - refund R4') });
    expect(await cli('clearance')).toMatchObject({ code: 1, out: expect.stringContaining('Cleared once and not any more') });
    // Somebody looked into it and accepts it: the case is clear again, and so is the alarm.
    expect((await cli('resolve', 'R4', '--accept', '--note', 'a bank error, paid again in cash', '--yes')).code).toBe(0);
    expect((await said('YY3')).at(-1)).toBe('4 cleared now');
    expect(await alarms()).toEqual(standing);
    expect(JSON.stringify(await records.ofCase('YY3'))).not.toContain('户主甲');
  }, 60_000);

  it('tells at once of a charge outside the tariff, until it is corrected', async () => {
    const suspense = gateway.app.get(SuspensePoller);
    const alarms = async (): Promise<string[]> => (await db.run(raw(`select alarm_text from alarm where kind = 'charge-irregular' and absent_since is null`))).rows.map((r) => String(r['alarm_text']));
    await charge('YY8', 'K8');
    await reconcile();
    await suspense.look();
    expect(await alarms()).toEqual([]);
    const { rows } = await db.run(sql`select body from case_snapshot where case_no = ${'YY8'} order by id desc`);
    await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${++snapshot}, 'case', 'YY8', '', ${String(rows[0]!['body']).replace('80.00', '90.00')}, ${clock.at})`);
    await reconcile();
    await suspense.look();
    expect(await alarms()).toEqual(['1 outside the tariff: charge 1 of YY8 v2']);
    await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${++snapshot}, 'case', 'YY8', '', ${String(rows[0]!['body'])}, ${clock.at})`);
    await reconcile();
    await suspense.look();
    expect(await alarms()).toEqual([]);
  }, 60_000);
});
