import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { ShownCalendar } from '../../src/cli/calendar.command.js';
import type { GatewayStatus } from '../../src/cli/format-status.js';
import { runCli } from '../../src/cli/run-cli.command.js';
import { LocalDayStore } from '../../src/ledger/local-day.store.js';
import type { Alarm } from '../../src/ledger/plan-alarms.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import type { BellDepth } from '../../src/platform/queue/doorbell.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { startRedisServer, type RedisServer } from '../../src/simulator/servers/redis-server.adapter.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { freePort } from '../support/free-port.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

let folder: string;
let redis: RedisServer;
let env: Record<string, string>;
let ledger: DatabaseAdapter;
let gateway: RunningGateway | undefined;
let log: { level: number; msg: string; kind?: string }[];

async function cli(args: readonly string[], over: Record<string, string> = {}): Promise<{ code: number; out: string; err: string; json<T>(): T }> {
  let [out, err] = ['', ''];
  const code = await runCli(args, { env: { ...env, ...over }, clock: new SystemClock(), user: 'tester', out: (t) => { out += String(t); }, err: (t) => { err += t; } });
  return { code, out, err, json: <T>() => JSON.parse(out) as T };
}
async function until<T>(read: () => Promise<T> | T, good: (value: T) => boolean, what: string): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`${what} did not come; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const openAlarms = async (): Promise<string[]> => (await cli(['alarms', '--json'])).json<Alarm[]>().map((a) => a.key);

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-alarms-cli-'));
  redis = await startRedisServer();
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  for (const name of ['default.yaml', 'calendar.yaml', 'streams', 'reconciliation']) cpSync(`config/${name}`, path.join(config, name), { recursive: true });
  mkdirSync(path.join(folder, 'staging'));
  writeFileSync(path.join(config, 'channels', 'center.yaml'), `channel: center\ntitle: c\nstream: case\nencoding: UTF-8\nmessages: { application: center/application }\nstaging: { adapter: directory, directory: { path: ${path.join(folder, 'staging')} } }\nacknowledgement: { files: true }\n`);
  writeFileSync(path.join(folder, 'quick.yaml'), 'alarms: { everyMs: 200, settleMs: 100, groupMs: 0, disks: { paths: [] }, deadMan: { everyMs: 200 } }\nrelay: { sweepEveryMs: 200 }\ncapture: { pollEveryMs: 200 }\n');
  const [bureauUrl, ledgerUrl] = [await freshDatabase('bureau'), await freshDatabase('ledger')];
  const bureau = await openPostgres(bureauUrl);
  await bureau.source.query(await readFile('config/bureau/sample.postgres.sql', 'utf8'));
  await bureau.close();
  env = {
    GATEWAY_CONFIG_DIR: config, GATEWAY_CONFIG: path.join(folder, 'quick.yaml'), GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl, GATEWAY_PORT: String(await freePort()),
    QUEUE_BACKEND: 'redis', QUEUE_URL: redis.url, QUEUE_PREFIX: `al${process.pid}`, DEAD_MAN_FILE: path.join(folder, 'alive.json'),
  };
  const { settings, faults } = loadSettings({ configDir: config, env });
  if (!settings) throw new Error(JSON.stringify(faults));
  const { mappings } = loadMappings({ dir: settings.mappingsDir, streams: settings.streamDefinitions, channels: settings.channels });
  log = [];
  gateway = await startGateway({ settings, mappings, processMetrics: false, log: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[number]) }) });
  ledger = await openPostgres(ledgerUrl);
}, 60_000);
afterAll(async () => {
  await gateway?.stop();
  await ledger?.close();
  await redis?.stop();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

it('the running gateway gives a sign of life', async () => {
  const sign = await until(() => (existsSync(path.join(folder, 'alive.json')) ? readFileSync(path.join(folder, 'alive.json'), 'utf8') : ''), (t) => t !== '', 'the sign of life');
  expect(JSON.parse(sign)).toMatchObject({ instance: 'yiyang-gateway', pid: process.pid });
});

it('notices FLUSHALL, counts it, says so, and it is shown until somebody takes care of it', async () => {
  await redis.flushAll();
  await until(openAlarms, (keys) => keys.includes('queue-emptied'), 'the alarm');
  const metrics = await (await fetch(`${gateway?.url}/metrics`)).text();
  expect(metrics).toContain('gateway_queue_emptied_total 1');
  expect(metrics).toMatch(/gateway_alarm\{kind="queue-emptied",channel=""\} 1/);
  expect(log.map((l) => l.msg)).toContain('Redis forgot everything: everything due was rung for again');
  await until(() => log, (lines) => lines.some((l) => l.kind === 'queue-emptied' && l.level === 40), 'the line of the log');

  const shown = await cli(['alarms']);
  expect(shown.code).toBe(1);
  expect(shown.out).toMatch(/^warning {3}queue-emptied {2}since .*\+08, for .*\n {2}Redis forgot everything; everything due was rung for again\n {2}→ find out who emptied it/m);
  const status = (await cli(['status', '--json'])).json<GatewayStatus>();
  expect(status.alarms.map((a) => a.key)).toContain('queue-emptied');
  expect(status.attention).toContainEqual(expect.stringMatching(/alarms? stands? \(gateway alarms\)$/));
  expect((await cli(['status'])).out).toContain('Alarms (gateway alarms):');

  expect((await cli(['alarms', 'ack', 'queue-emptie'])).code).toBe(2);
  for (const key of await openAlarms()) expect((await cli(['alarms', 'ack', key])).code).toBe(0);
  expect(await cli(['alarms'])).toMatchObject({ code: 0, out: expect.stringContaining('taken care of by admin tester') });
});

it('tells a Redis that is told to forget, and when it is mended', async () => {
  const { Redis } = await import('ioredis');
  const admin = new Redis(redis.url);
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await until(openAlarms, (keys) => keys.includes('queue-volatile'), 'the alarm');
  expect(await cli(['queue'])).toMatchObject({ code: 1, out: expect.stringContaining('maxmemory-policy is allkeys-lru') });
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  admin.disconnect();
  await until(openAlarms, (keys) => !keys.includes('queue-volatile'), 'the end');
  expect((await cli(['alarms', '--all', '--json'])).json<Alarm[]>().find((a) => a.key === 'queue-volatile')?.endedAt).toBeDefined();
});

it('tells a Redis that is gone, and goes on when it is back', async () => {
  await redis.kill();
  await until(openAlarms, (keys) => keys.includes('queue-unreachable'), 'the alarm');
  expect((await cli(['queue'])).code).toBe(69);
  await redis.restart();
  await until(openAlarms, (keys) => !keys.includes('queue-unreachable'), 'the end');
});

it('shows the queue, and rebuilds it only with --yes', async () => {
  expect(await cli(['queue'])).toMatchObject({ code: 0, out: expect.stringMatching(/^bell +waiting +active +delayed +stalled\nrender/) });
  await gateway?.stop(); // it would do the work before it is planned
  gateway = undefined;
  await ledger.run(raw(`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at)
    values (1, 'center', 'case', 'c', 'application', '1', 1, 'I', 'captured', 1, 1, 0, 1, 'd', '', 'm', 'f', now(), now(), now())`));
  const plan = await cli(['queue', 'rebuild', '--json']);
  expect(plan.json()).toMatchObject({ done: false, due: [{ bell: 'render', channel: 'center', waiting: 1 }] });
  expect((await cli(['queue', 'rebuild'])).out).toContain('Nothing was changed.');
  expect(await cli(['queue', 'rebuild', '--yes'])).toMatchObject({ code: 0, out: expect.stringContaining('All bells were removed, 1 of 1 rung.') });
  expect((await cli(['queue', '--json'])).json<{ bells: BellDepth[] }>().bells.filter((d) => d.waiting > 0)).toEqual([{ bell: 'render', waiting: 1, active: 0, delayed: 0, stalled: 0 }]);
  expect((await cli(['queue', 'rebuild', '--yes'], { QUEUE_BACKEND: 'postgres', QUEUE_URL: env['LEDGER_URL']! })).out).toContain('All bells were removed, 1 of 1 rung.');
});

it('alarms test tries every way and says what happened; secrets stay secret', async () => {
  expect(await cli(['alarms', 'test'])).toMatchObject({ code: 0, out: expect.stringContaining('off    webhook: not configured') });
  const got: string[] = [];
  const server = createServer((request, response) => { got.push(String(request.headers['webhook-id'])); response.end(); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=hidden-word`;
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const answer = await cli(['alarms', 'test', '--json'], { ALARM_WEBHOOK_URL: url, ALARM_WEBHOOK_SECRET: secret, ALARM_SMTP_HOST: '127.0.0.1', ALARM_SMTP_PORT: String(await freePort()), ALARM_MAIL_FROM: 'a@b.example', ALARM_MAIL_TO: '[c@d.example]' });
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(answer.code).toBe(1);
  expect(answer.json()).toMatchObject({ results: [{ notifier: 'webhook', sent: true }, { notifier: 'email', sent: false, problem: expect.stringContaining('ECONNREFUSED') }] });
  expect(got).toHaveLength(1);
  expect(answer.out + answer.err).not.toContain('hidden-word');
  expect(answer.out).not.toContain(secret);
});

it.each<[Record<string, string>, string]>([
  [{ ALARM_WEBHOOK_URL: 'http://x/' }, 'alarms.webhook'], [{ ALARM_WEBHOOK_URL: 'ftp://x/', ALARM_WEBHOOK_SECRET: `whsec_${'A'.repeat(40)}` }, 'alarms.webhook.url'],
  [{ ALARM_SMTP_HOST: 'mail' }, 'alarms.email'], [{ ALARM_SMTP_HOST: 'mail', ALARM_MAIL_FROM: 'a@b', ALARM_MAIL_TO: '[nobody]' }, 'alarms.email.to[0]'], [{ ALARM_SMTP_TLS: 'maybe' }, 'alarms.email.tls'],
])('%j is a faulty configuration', async (over, key) => {
  const { code, err } = await cli(['alarms', 'test'], over);
  expect(code).toBe(78);
  expect(err).toContain(`${key} `);
});

it('shows the days that were decided on the ops page over those of the file, and says which is which', async () => {
  const file = { ...env, GATEWAY_CONFIG_DIR: path.join(folder, 'config-days') };
  cpSync(env['GATEWAY_CONFIG_DIR']!, file.GATEWAY_CONFIG_DIR, { recursive: true });
  const yaml = path.join(file.GATEWAY_CONFIG_DIR, 'calendar.yaml');
  const text = readFileSync(yaml, 'utf8');
  writeFileSync(yaml, text.replace(/^freeDays: \[\]$/m, 'freeDays:\n  - { day: 2026-06-01..2026-06-02, reason: 停电检修 }'));
  const days = new LocalDayStore(ledger, new SystemClock(), { version: '', national: [], local: [], hours: [] });
  await ledger.transaction(async (r) => {
    await days.decide(r, ['2026-06-02', '2026-06-06'], 'working', '集中办件', 'ops li');
    await days.decide(r, ['2026-06-03'], 'free', '取消', 'ops li');
    await days.decide(r, ['2026-06-03'], 'none', '照常上班', 'ops li');
  });
  const shown = (await cli(['calendar', '2026', '--json'], file)).json<ShownCalendar>();
  expect(shown.exceptions.filter((d) => d.day.startsWith('2026-06-0'))).toEqual([
    { day: '2026-06-01', working: false, by: 'file', reason: '停电检修' },
    { day: '2026-06-02', working: true, by: 'page', reason: '集中办件', decidedBy: 'ops li', decidedAt: expect.any(String) as string },
    { day: '2026-06-06', working: true, by: 'page', reason: '集中办件', decidedBy: 'ops li', decidedAt: expect.any(String) as string },
  ]);
  expect((await cli(['calendar', '2026'], file)).out).toMatch(/2026-06-01 +一 +休 +file +停电检修\n +2026-06-02 +二 +班 +page: ops li, \d{4}-\d\d-\d\d [\d:.+]+ +集中办件\n/);
  // Where the ledger does not answer, the file alone.
  const without = await cli(['calendar', '2026'], { ...file, LEDGER_URL: `postgres://nobody:x@127.0.0.1:${await freePort()}/none` });
  expect(without.out).toMatch(/2026-06-01\.\.06-02 +一二 +休 +file[\s\S]*Days decided on the ops page are not in it: the ledger \(.*127\.0\.0\.1:\d+.*\) cannot be reached/);
  await ledger.run(raw('delete from local_day_change'));
});

it('shows and checks the calendar', async () => {
  const year = await cli(['calendar', '2026', '--json']);
  expect(year.json<ShownCalendar>()).toMatchObject({ year: 2026, workingDays: 248, source: 'chinese-days' });
  expect((await cli(['calendar', '2026'])).out).toMatch(/2026-10-01\.\.10-07 +四五六日一二三 +休 +national +国庆节\n +2026-10-10 +六 +班 +national +国庆节调休上班/);
  expect(await cli(['calendar', '2099'])).toMatchObject({ code: 1, err: expect.stringContaining('nationalYears in config/calendar.yaml') });
  expect((await cli(['calendar', 'next'])).code).toBe(2);
  for (const command of [['calendar'], ['alarms'], ['alarms', 'ack'], ['alarms', 'test'], ['queue'], ['queue', 'rebuild']]) {
    const help = await cli([...command, '--help']);
    expect(help).toMatchObject({ code: 0, out: expect.stringMatching(/Examples:[\s\S]*Exit codes:/) });
  }
});
