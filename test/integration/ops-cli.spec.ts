import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { runCli } from '../../src/cli/run-cli.command.js';
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
    GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), GATEWAY_PORT: '0', BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_URL: ledgerUrl, LEDGER_ENGINE: 'postgres',
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
