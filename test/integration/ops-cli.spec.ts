import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { runCli } from '../../src/cli/run-cli.command.js';
import { writeManifest } from '../../src/delivery/write-manifest.js';
import type { Me } from '../../src/domain/ops-api.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

let folder: string;
let env: Record<string, string>;
let ledger: DatabaseAdapter;
let gateway: RunningGateway | undefined;

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await runCli(args, { env, clock: new SystemClock(), user: 'tester', out: (t) => { out += t.toString(); }, err: (t) => { err += t; } });
  return { code, out, err };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gateway-ops-'));
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  mkdirSync(path.join(config, 'streams'));
  for (const name of ['default.yaml', 'calendar.yaml', 'channels/center.yaml', 'streams/case.yaml']) copyFileSync(`config/${name}`, path.join(config, name));
  const [bureauUrl, ledgerUrl] = [await freshDatabase('bureau'), await freshDatabase('ledger')];
  env = {
    GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), GATEWAY_PORT: '0', BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl, LEDGER_ENGINE: 'postgres',
    QUEUE_BACKEND: 'postgres', QUEUE_URL: ledgerUrl, CENTER_SFTP_HOST: '127.0.0.1', CENTER_SFTP_PORT: '1', CENTER_SFTP_USER: 'nobody',
    CENTER_SFTP_KEY: '/nonexistent', CENTER_SFTP_PASSWORD: 'x', CENTER_SFTP_HOST_KEY: `SHA256:${'a'.repeat(43)}`, CENTER_ACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  };
  ledger = await openPostgres(ledgerUrl, true);
}, 120_000);
afterAll(async () => {
  await gateway?.stop();
  await ledger?.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test('the first administrator is made on the command line and signs on at the gateway', async () => {
  expect(await cli('user', 'list')).toMatchObject({ code: 0, out: expect.stringMatching(/no user yet/) });
  expect(await cli('user', 'create', 'Li Na', '--role', 'administrator')).toMatchObject({ code: 2, err: expect.stringMatching(/small letters/) });
  expect(await cli('user', 'create', 'li.na', '--role', 'root')).toMatchObject({ code: 2, err: expect.stringMatching(/viewer, operator, finance, administrator/) });
  const made = await cli('user', 'create', 'li.na', '--role', 'administrator');
  const password = /shown only now: (\w{20})\n/.exec(made.out)![1]!;
  expect(await cli('user', 'create', 'li.na', '--role', 'viewer')).toMatchObject({ code: 1, err: expect.stringMatching(/user reset li\.na/) });
  expect(await cli('user', 'disable', 'li.na')).toMatchObject({ code: 1, err: expect.stringMatching(/last administrator/) });

  const { settings, faults } = loadSettings({ configDir: env['GATEWAY_CONFIG_DIR']!, env });
  expect(faults).toEqual([]);
  const { mappings } = loadMappings({ dir: settings!.mappingsDir, streams: settings!.streamDefinitions, channels: settings!.channels });
  gateway = await startGateway({ settings: { ...settings!, roles: ['api'] }, mappings, log: pino({ level: 'silent' }), processMetrics: false });
  const answer = await fetch(`${gateway.url}/api/ops/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'li.na', password }) });
  expect([answer.status, ((await answer.json()) as Me).mustChangePassword]).toEqual([200, true]);
  // Nothing inline may run or style on the page; the documentation styles itself.
  expect(answer.headers.get('content-security-policy')).toBe("default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none';object-src 'none'");
  expect((await fetch(`${gateway.url}/api/docs`)).headers.get('content-security-policy')).toMatch(/style-src 'self' 'unsafe-inline'/);
  expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
});

test('what is done on the command line stands in the audit log, and a changed log is told', async () => {
  expect(await cli('pause', 'center', '--reason', 'a test')).toMatchObject({ code: 0 });
  expect(await cli('resume', 'center')).toMatchObject({ code: 0 });
  await cli('retry', '--channel', 'center');
  await cli('retry', '--channel', 'center', '--yes');
  const { rows } = await ledger.run(sql`select actor, origin, act, subject, detail from audit_line where act like 'cli %' order by seq`);
  expect(rows.map((r) => [r['actor'], r['origin'], r['act'], r['subject'], r['detail']])).toEqual([
    ['admin tester', 'cli', 'cli pause', 'center', '{"reason":"a test"}'], ['admin tester', 'cli', 'cli resume', 'center', '{}'], ['admin tester', 'cli', 'cli retry', '', '{"channel":"center"}'],
  ]);
  expect(await cli('audit', 'verify')).toMatchObject({ code: 0, out: expect.stringMatching(/is whole: \d+ lines/) });
  await ledger.run(sql`update audit_line set subject = 'provincial' where act = 'cli pause'`);
  const seq = String((await ledger.run(sql`select seq from audit_line where act = 'cli pause'`)).rows[0]!['seq']);
  expect(await cli('audit', 'verify')).toMatchObject({ code: 1, out: expect.stringContaining(`altered: line ${seq} was altered`) });
  expect(JSON.parse((await cli('audit', 'verify', '--json')).out)).toMatchObject({ faults: [{ kind: 'altered', seq: Number(seq) }] });
});

test('the audit log is compared with the manifests that the center gives out', async () => {
  await ledger.run(sql`update audit_line set subject = 'center' where act = 'cli pause'`);
  const head = (await ledger.run(sql`select seq, line_hash from audit_head`)).rows[0]!;
  const write = (seq: string, audit: string): Buffer => writeManifest({ channel: 'center', seq, previous: '0'.repeat(64), audit, createdAt: new Date(), lines: [] });
  const copies = path.join(folder, 'copies');
  mkdirSync(copies);
  expect(await cli('audit', 'verify', '--channel', 'center', '--from', copies)).toMatchObject({ code: 2, err: expect.stringMatching(/no manifest/) });
  expect(await cli('audit', 'verify', '--from', copies)).toMatchObject({ code: 2, err: expect.stringMatching(/--channel/) });
  const first = write('1', `${String(head['seq'])}:${String(head['line_hash'])}`);
  writeFileSync(path.join(copies, 'M0000000001.xml'), first);
  await ledger.run(sql`insert into manifest (channel, seq, file_name, content, sha256, state, prepared_at) values ('center', 1, 'M0000000001.xml', ${first}, ${createHash('sha256').update(first).digest('hex')}, 'staged', ${new Date().toISOString()})`);
  expect(await cli('audit', 'verify', '--channel', 'center', '--from', copies)).toMatchObject({ code: 0, out: expect.stringMatching(/1 manifests outside the ledger were compared, 1 of them anchor it/) });
  // Somebody wrote the log and its anchor in the ledger anew: what the center holds tells.
  const forged = write('1', `${String(head['seq'])}:${'a'.repeat(64)}`);
  writeFileSync(path.join(copies, 'M0000000001.xml'), forged);
  const told = await cli('audit', 'verify', '--channel', 'center', '--from', copies);
  expect(told.code).toBe(1);
  expect(told.out).toMatch(new RegExp(`line ${String(head['seq'])} is not what manifest 1 of channel center \\(the copy of the center\\) anchored`));
  expect(told.out).toMatch(/manifest 1 of channel center is not in the ledger as the copy of the center has it: one of the two was changed/);
  // Lines at the end were removed, with the head set back.
  writeFileSync(path.join(copies, 'M0000000001.xml'), first);
  await ledger.run(sql`update manifest set content = ${Buffer.from('<MANIFEST/>')} where seq = 1`);
  await ledger.run(sql`delete from audit_line where seq = ${head['seq']}`);
  await ledger.run(sql`update audit_head set seq = seq - 1, line_hash = (select l.line_hash from audit_line l where l.seq = ${Number(head['seq']) - 1})`);
  expect((await cli('audit', 'verify')).code).toBe(0);
  expect(await cli('audit', 'verify', '--channel', 'center', '--from', copies)).toMatchObject({ code: 1, out: expect.stringMatching(/is not there: lines at the end were removed/) });
});

test('exchanges are held, released, parked and skipped on the command line as on the page', async () => {
  const put = (id: number, state: string, event: string): Promise<unknown> => ledger.run(sql`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at)
    values (${id}, 'center', 'case', 'CLI-1', ${event}, '1', 1, 'I', ${state}, ${id}, ${id === 1 ? 1 : 0}, 0, 0, 'd', '', ${`m${id}`}, 'f', ${new Date().toISOString()}, ${new Date().toISOString()}, ${new Date().toISOString()})`);
  await put(1, 'captured', 'acceptance');
  await put(2, 'captured', 'result');
  expect(await cli('hold', '1')).toMatchObject({ code: 2, err: expect.stringMatching(/--reason/) });
  expect(await cli('hold', 'one', '--reason', 'x')).toMatchObject({ code: 2 });
  expect(await cli('hold', '1', '--reason', 'wait')).toMatchObject({ code: 0, out: expect.stringMatching(/held until it is released; 1 behind it[^]*Nothing was changed/) });
  const stateOf = async (id: number): Promise<unknown> => (await ledger.run(sql`select state from exchange where id = ${id}`)).rows[0]!['state'];
  expect(await stateOf(1)).toBe('captured');
  expect((await cli('hold', '1', '--reason', 'wait', '--yes')).code).toBe(0);
  expect(await stateOf(1)).toBe('held');
  expect(await cli('status')).toMatchObject({ code: 1, out: expect.stringMatching(/1 held/) });
  expect(await cli('park', '1', '--reason', 'x', '--yes')).toMatchObject({ code: 1, out: expect.stringMatching(/release it first/) });
  expect(JSON.parse((await cli('release', '1', '99', '--yes', '--json')).out)).toMatchObject({ done: true, missing: ['99'], exchanges: [{ id: '1', step: { action: 'move', to: 'captured' } }] });
  expect((await cli('park', '1', '--reason', 'the plan is missing', '--yes')).code).toBe(0);
  expect(await stateOf(1)).toBe('parked');
  expect(await cli('skip', '1', '--reason', 'later', '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/1 go on before the receiver has it \(result 2\)/) });
  expect((await ledger.run(sql`select head from exchange where id = 2`)).rows[0]!['head']).toBe(1);
  const { rows } = await ledger.run(sql`select act, subject from audit_line where act in ('cli hold', 'cli release', 'cli park', 'cli skip') order by seq`);
  expect(rows.map((r) => `${String(r['act'])} ${String(r['subject'])}`)).toEqual(['cli hold 1', 'cli park 1', 'cli release 1 99', 'cli park 1', 'cli skip 1']);
});
