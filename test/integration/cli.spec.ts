import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { BureauReader } from '../../src/capture/bureau-reader.adapter.js';
import { CapturePoller } from '../../src/capture/capture.poller.js';
import type { CheckLine } from '../../src/cli/check-line.js';
import type { MappedCase } from '../../src/cli/format-map.js';
import type { RetrySummary } from '../../src/cli/format-retry.js';
import type { ShownExchange } from '../../src/cli/format-show.js';
import type { GatewayStatus } from '../../src/cli/format-status.js';
import { runCli } from '../../src/cli/run-cli.command.js';
import type { Settings } from '../../src/domain/settings.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { laneRules } from '../../src/ledger/ledger.module.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { RejectionStore } from '../../src/ledger/rejection.store.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { MappingProcessor } from '../../src/mapping/mapping.processor.js';
import { subscriptionsOf } from '../../src/mapping/subscribe.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import type { CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { SampleBureauAdapter } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { freePort } from '../support/free-port.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const clock = new SystemClock();
const log = pino({ level: 'silent' });
const password = 'a-password-that-must-not-be-shown';

interface Answer { code: number; out: string; err: string; json<T>(): T }
interface CheckAnswer { ok: boolean; checks: CheckLine[] }
interface RetryAnswer extends RetrySummary { done: boolean; rung?: boolean }
type Env = Record<string, string>;

let folder: string;
let sshd: OpenSshServer;
let good: CaseRecord;
let awkward: CaseRecord;
let env: Env;
let ledger: DatabaseAdapter;
let bureau: DatabaseAdapter;

async function cli(args: readonly string[], more: Env = {}): Promise<Answer> {
  const out: Buffer[] = [];
  let err = '';
  const code = await runCli(args, { env: { ...env, ...more }, clock, user: 'tester', out: (t) => out.push(Buffer.from(t)), err: (t) => { err += t; } });
  const text = Buffer.concat(out).toString('utf8');
  return { code, out: text, err, json: <T>() => JSON.parse(text) as T };
}

/** One case in the state its exchanges are put to by hand: `change` is SQL on the exchanges of the case. */
const set = (change: string, where: string): Promise<unknown> => ledger.run(raw(`update exchange set ${change} where ${where}`));
const exchanges = async (where = '1 = 1'): Promise<Record<string, unknown>[]> => (await ledger.run(raw(`select * from exchange where ${where} order by id`))).rows;
async function rowCounts(database: DatabaseAdapter): Promise<Record<string, string>> {
  const { rows } = await database.run(raw(`select table_name as t from information_schema.tables where table_schema = 'public' order by 1`));
  const counts: Record<string, string> = {};
  for (const r of rows) counts[String(r['t'])] = String((await database.run(raw(`select count(*) || '/' || coalesce(md5(string_agg(x::text, '|' order by x::text)), '') as n from ${String(r['t'])} x`))).rows[0]!['n']);
  return counts;
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gateway-cli-'));
  sshd = await startOpenSshServer({ dir: path.join(folder, 'staging') });
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  mkdirSync(path.join(config, 'streams'));
  for (const name of ['default.yaml', 'calendar.yaml']) copyFileSync(`config/${name}`, path.join(config, name));
  copyFileSync('config/channels/center.yaml', path.join(config, 'channels', 'center.yaml'));
  copyFileSync('config/streams/case.yaml', path.join(config, 'streams', 'case.yaml'));
  const [bureauUrl, ledgerUrl] = [await freshDatabase('bureau'), await freshDatabase('ledger')];
  env = {
    GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl,
    QUEUE_BACKEND: 'postgres', QUEUE_URL: ledgerUrl, CENTER_SFTP_HOST: sshd.host, CENTER_SFTP_PORT: String(sshd.port), CENTER_SFTP_USER: sshd.username,
    CENTER_SFTP_KEY: sshd.privateKeyFile, CENTER_SFTP_PASSWORD: password, CENTER_SFTP_HOST_KEY: sshd.hostKeySha256, CENTER_ACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  };
  const writer = new SampleBureauAdapter(bureauUrl);
  const catalogue = loadCatalogue();
  await writer.createSchema();
  await writer.writeCatalogue(catalogue);
  const records = generateCases({ catalogue, seed: 4, count: 90, from: '2026-11-02', awkward: true });
  good = records.find((r) => r.awkward === null && r.case['accepted_at'] !== null)!;
  awkward = records.find((r) => r.awkward === 'wrong-check-digit')!;
  await writer.insertCases([good, awkward]);
  await writer.close();
  ledger = await openPostgres(ledgerUrl, true);
  bureau = await openPostgres(bureauUrl);
  await capture(settingsNow());
}, 120_000);

afterAll(async () => {
  await ledger?.close();
  await bureau?.close();
  await sshd?.stop();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

function settingsNow(): Settings {
  const { settings, faults } = loadSettings({ configDir: env['GATEWAY_CONFIG_DIR']!, env });
  if (!settings) throw new Error(JSON.stringify(faults));
  return settings;
}

/** Captures and renders what the bureau has, as the running gateway would. */
async function capture(settings: Settings): Promise<void> {
  const { mappings, faults } = loadMappings({ dir: settings.mappingsDir, streams: settings.streamDefinitions, channels: settings.channels });
  expect(faults).toEqual([]);
  const rules = laneRules(settings);
  const store = new ExchangeStore(ledger, clock, rules, settings.retry);
  const doorbell = await DoorbellAdapter.open(settings.queue, log);
  const metrics = new MetricsAdapter({ processMetrics: false });
  const stream = settings.streamDefinitions[0]!;
  const poller = new CapturePoller(new BureauReader(bureau, stream, false), stream, subscriptionsOf(mappings), new CaptureStore(ledger, clock, store, rules), doorbell, settings.capture, clock, log, metrics);
  await poller.poll(() => Promise.resolve(true));
  await new MappingProcessor({ settings, mappings, exchanges: store, messages: new MessageStore(ledger, clock, store), doorbell, log, metrics }).handle('center');
  await doorbell.close();
}

describe('usage', () => {
  it.each([[['frobnicate']], [[]], [['retry']], [['retry', 'YYGT1']], [['retry', '--state', 'lost']], [['pause', 'center']], [['map']], [['check', '--what']], [['show', '1', '--xml', '--json']], [['pause', 'centre', '--reason', 'x']]])('%j is wrong: 2 and a line, no stack', async (args: string[]) => {
    const { code, out, err } = await cli(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toMatch(/\n\s+at /);
    expect(err.length).toBeGreaterThan(10);
  });

  it.each(['check', 'status', 'map', 'show', 'retry', 'pause', 'resume'])('%s --help has examples and exit codes', async (command) => {
    const { code, out } = await cli([command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`npm run -s gateway -- ${command}`);
    expect(out).toMatch(/69 +a connection failed/);
    expect((await cli(['--help'])).out).toContain(`  ${command} `);
  });

  it('a misspelt channel is answered with the one that was meant', async () => {
    expect((await cli(['resume', 'centre'])).err).toBe('there is no channel centre; configured: center. Did you mean center?\n');
  });
});

describe('check', () => {
  it('is content with what works, and shows no secret', async () => {
    const { code, out, err } = await cli(['check']);
    expect(out).toMatch(/ok {4}channel center +sftp .*the host key is the pinned one; in, manifest, ack are there/);
    expect(out).toMatch(/ok {4}channel center +writing, renaming and removing work \(OpenSSH/);
    expect(out).toMatch(/ok {4}stream case +land_case\.\w+ leads an index/);
    expect(out).toMatch(/ok {4}ledger +its tables are up to date/);
    expect(out).toMatch(/ok {4}ledger +clock agrees/);
    expect(code).toBe(0);
    const secrets = [password, env['CENTER_ACK_SECRET']!, new URL(env['LEDGER_URL']!).password];
    for (const secret of secrets) expect(out + err).not.toContain(secret);
  });

  it('tries everything although several things fail: another host key, no ledger, a missing column, a missing index', async () => {
    await bureau.run(raw('alter table land_case rename column item_name to item_title'));
    const { rows } = await bureau.run(raw(`select indexdef from pg_indexes where tablename = 'land_applicant' and indexdef like '%(row_version%'`));
    const indexes = await bureau.run(raw(`select indexname from pg_indexes where tablename = 'land_applicant' and indexdef like '%(row_version%'`));
    for (const r of indexes.rows) await bureau.run(raw(`drop index ${String(r['indexname'])}`));
    try {
      const port = await freePort();
      const answer = await cli(['check', '--json'], { CENTER_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`, LEDGER_URL: `postgres://gateway:${password}@127.0.0.1:${port}/ledger` });
      const { code } = answer;
      const json = answer.json<CheckAnswer>();
      const of = (area: string, status: string): string => json.checks.filter((c) => c.area === area && c.status === status).map((c) => `${c.text} → ${c.remedy}`).join('\n');
      expect(of('channel center', 'FAIL')).toContain(`${sshd.hostKeySha256} (ssh-ed25519)`);
      expect(of('channel center', 'FAIL')).toContain('staging.sftp.hostKeySha256');
      expect(of('ledger', 'FAIL')).toContain(`postgres 127.0.0.1:${port}/ledger cannot be reached`);
      expect(of('stream case', 'FAIL')).toContain('land_case.item_name');
      expect(of('stream case', 'warn')).toContain('CREATE INDEX ix_land_applicant_row_version ON land_applicant (row_version)');
      expect(of('queue', 'ok')).toContain('answers');
      expect(of('mappings', 'ok')).not.toBe('');
      expect(json.ok).toBe(false);
      expect(code).toBe(69);
      expect(JSON.stringify(json)).not.toContain(password);
    } finally {
      await bureau.run(raw('alter table land_case rename column item_title to item_name'));
      for (const r of rows) await bureau.run(raw(String(r['indexdef'])));
    }
  });

  it('names each fault of the configuration and ends with 78', async () => {
    const { code, out, err } = await cli(['check'], { CENTER_SFTP_HOST: '', BUREAU_URL: '' });
    expect(code).toBe(78);
    expect(out).toMatch(/FAIL {2}configuration {2}channels\/center\.yaml:\d+ staging\.sftp\.host/);
    expect(out).toContain('BUREAU_URL');
    expect(err).toContain('were not tried');
  });

  it('an empty database is a ledger that the gateway will fill, and stays empty', async () => {
    const url = await freshDatabase('empty');
    const { code, out } = await cli(['check'], { LEDGER_URL: url });
    expect(out).toMatch(/warn {2}ledger +its tables are not up to date/);
    expect(code).toBe(0);
    const empty = await openPostgres(url);
    expect(await rowCounts(empty)).toEqual({});
    await empty.close();
    expect(await cli(['status'], { LEDGER_URL: url })).toMatchObject({ code: 1, err: expect.stringContaining('start the gateway once') });
  });
});

describe('map', () => {
  it('shows every message of a good case, with the bytes that the gateway made, and changes nothing', async () => {
    const [before, bureauBefore] = [await rowCounts(ledger), await rowCounts(bureau)];
    const answer = await cli(['map', good.caseNo, '--json']);
    const { code } = answer;
    const [mapped] = answer.json<MappedCase[]>();
    expect(mapped!.versionsFrom).toBe('ledger');
    const recorded = await exchanges(`case_no = '${good.caseNo}'`);
    expect(mapped!.messages.map((m) => [m.event, m.sequence, m.messageId, m.sha256])).toEqual(recorded.map((r) => [r['event'], r['sequence'], r['message_id'], r['sha256']]));
    expect(mapped!.messages.every((m) => m.findings.length === 0 && m.standing.startsWith('nothing new to send'))).toBe(true);
    expect(code).toBe(0);
    const one = await cli(['map', good.caseNo, '--channel', 'center', '--event', 'acceptance']);
    expect(one.out).toMatch(/=== center acceptance 1 {2}v1 I/);
    expect(one.out).toContain('<?xml version="1.0" encoding="UTF-8"?>');
    expect(one.out).not.toContain('=== center application');
    expect(await rowCounts(ledger)).toEqual(before);
    expect(await rowCounts(bureau)).toEqual(bureauBefore);
  });

  it('names the findings of a broken case and ends with 1', async () => {
    const { code, out } = await cli(['map', awkward.caseNo]);
    expect(code).toBe(1);
    expect(out).toContain('Findings (it would be parked):');
    expect(out).toMatch(/check-digit.*from land_applicant\./);
  });

  it('works without the ledger; each version is then the first', async () => {
    const { code, out } = await cli(['map', good.caseNo, '--event', 'application'], { LEDGER_URL: `postgres://a:b@127.0.0.1:${await freePort()}/x` });
    expect(code).toBe(0);
    expect(out).toContain('The ledger was not asked for versions');
  });

  it('says that there is no such case, and that the bureau does not answer', async () => {
    expect(await cli(['map', 'NOSUCH'])).toMatchObject({ code: 1, out: '', err: 'the bureau has no case NOSUCH (looked in land_case)\n' });
    expect(await cli(['map', good.caseNo], { BUREAU_URL: `postgres://reader:${password}@127.0.0.1:${await freePort()}/x` })).toMatchObject({ code: 69, err: expect.not.stringContaining(password) });
  });
});

describe('show', () => {
  it('finds by exchange, message id and case, and prints the exact bytes', async () => {
    const [first] = await exchanges(`case_no = '${good.caseNo}'`);
    const id = String(first!['id']);
    const byId = await cli(['show', id]);
    expect(byId.code).toBe(0);
    for (const text of [`Exchange ${id}: center, case ${good.caseNo}`, first!['file_name'], first!['message_id'], first!['sha256'], 'captured → rendered']) expect(byId.out).toContain(text);
    expect((await cli(['show', String(first!['message_id'])])).out).toBe(byId.out);
    const whole = await cli(['show', good.caseNo, '--json']);
    expect(whole.json<{ exchanges: ShownExchange[] }>().exchanges.map((e) => e.exchange.id)).toContain(id);
    const xml = await cli(['show', id, '--xml']);
    expect(createHash('sha256').update(xml.out).digest('hex')).toBe(first!['sha256']);
    expect(await cli(['show', good.caseNo, '--xml'])).toMatchObject({ code: 2, out: '' });
    expect(await cli(['show', '999999'])).toMatchObject({ code: 1, err: 'the ledger has no exchange, message or case 999999\n' });
  });

  it('shows what is wrong with a parked one and what to do', async () => {
    const [parked] = await exchanges(`state = 'parked'`);
    const { out } = await cli(['show', String(parked!['id'])]);
    expect(out).toMatch(/failure +message-invalid: the message breaks its schema or a rule/);
    expect(out).toMatch(/what to do +correct the data named in the findings/);
    expect(out).toContain('[check-digit]');
  });

  it('ends with 69 when the ledger does not answer', async () => {
    expect(await cli(['show', '1'], { LEDGER_URL: `postgres://a:${password}@127.0.0.1:${await freePort()}/x` })).toMatchObject({ code: 69, out: '', err: expect.stringMatching(/^the ledger \(postgres 127\.0\.0\.1:\d+\/x\) cannot be reached: [^\n]*ECONNREFUSED[^\n]*\n$/) });
  });
});

describe('status, pause and resume', () => {
  it('counts by channel and state, and says what needs attention', async () => {
    const answer = await cli(['status', '--json']);
    const { code } = answer;
    const json = answer.json<GatewayStatus>();
    const counts = Object.fromEntries((await ledger.run(raw('select state, count(*)::int as n from exchange group by state'))).rows.map((r) => [r['state'], r['n']]));
    expect(json.channels).toEqual([expect.objectContaining({ channel: 'center', counts })]);
    expect(json.streams).toEqual([expect.objectContaining({ stream: 'case', polledAt: expect.any(String) })]);
    expect(json.attention).toContain(`channel center: ${counts['parked']} parked`);
    expect(code).toBe(1);
    const text = await cli(['status']);
    expect(text.out).toMatch(/^channel +rendered +parked/m);
    expect(text.out).toContain('Needs attention:');
  });

  it('pauses with a reason that status shows, and resumes', async () => {
    expect((await cli(['pause', 'center', '--reason', 'the machine moves'])).code).toBe(0);
    expect((await ledger.run(raw('select paused, paused_by from channel_state'))).rows).toEqual([{ paused: 1, paused_by: 'admin tester' }]);
    expect((await cli(['status'])).out).toContain('center: PAUSED: the machine moves');
    expect((await cli(['resume', 'center', '--json'])).json()).toMatchObject({ wasPaused: true, paused: false, rung: true });
  });

  it('shows who was not let in; who claims a channel that there is needs attention', async () => {
    const rejections = new RejectionStore(ledger, clock);
    await rejections.note({ channel: 'center', remote: '192.0.2.7', reason: 'signature', size: 10 });
    await rejections.note({ remote: '192.0.2.8', reason: 'unknown-channel' });
    const { out } = await cli(['status']);
    expect(out).toMatch(/not let in within a day:\n[^]*center +192\.0\.2\.7 +signature +1 +.*ago\n? *\n?[^]*- +192\.0\.2\.8 +unknown-channel +1/);
    expect(out).toContain('channel center: 1 requests were not let in within a day (signature)');
    await ledger.run(raw('delete from rejection'));
  });

  it('shows an open breaker with its remedy, and a stream that cannot be read', async () => {
    await ledger.run(raw(`update channel_state set breaker = 'open', opened_at = now(), failure_code = 'staging-full', failure_detail = 'write in/x'`));
    await ledger.run(raw(`update watermark set fault_code = 'bureau-column-missing', fault_detail = 'land_case.item_name', fault_since = now()`));
    const { out } = await cli(['status']);
    await ledger.run(raw(`update channel_state set breaker = 'closed', failure_code = null`));
    await ledger.run(raw(`update watermark set fault_code = null, fault_detail = null`));
    expect(out).toMatch(/center: STANDS STILL since .*staging-full: write in\/x\n {2}→ ask the center to empty it/);
    expect(out).toMatch(/FAULT since .*bureau-column-missing: land_case\.item_name\n {2}→ bring the column back/);
  });
});

describe('retry', () => {
  it('says what it would do and changes nothing; with --yes what mapping parked goes back to be rendered', async () => {
    const before = await rowCounts(ledger);
    const parked = await exchanges(`state = 'parked' and case_no = '${awkward.caseNo}'`);
    const plan = await cli(['retry', '--case', awkward.caseNo]);
    expect(plan.code).toBe(0);
    expect(plan.out).toContain(`Would retry ${parked.length} exchange`);
    expect(plan.out).toContain('in 1 lane (center)');
    expect(plan.out).toContain('Nothing was changed. Add --yes to do it.');
    expect(await rowCounts(ledger)).toEqual(before);
    const done = await cli(['retry', '--case', awkward.caseNo, '--yes', '--json']);
    expect(done.json()).toMatchObject({ done: true, total: parked.length, rung: true, steps: [{ from: 'parked', what: 'captured: rendered anew', count: parked.length }] });
    const after = await exchanges(`id in (${parked.map((p) => p['id']).join(', ')})`);
    expect(after.map((e) => [e['state'], e['parked_from'], e['failure_code'], e['crashes']])).toEqual(parked.map(() => ['captured', null, null, 0]));
    const { rows } = await ledger.run(raw(`select actor, from_state, to_state, note from exchange_log where exchange_id = ${parked[0]!['id']} order by id desc limit 1`));
    expect(rows).toEqual([{ actor: 'admin tester', from_state: 'parked', to_state: 'captured', note: 'retried' }]);
  });

  it('delivers again the same bytes of what was parked in rendered, and renders anew only what was never tried', async () => {
    const rendered = await exchanges(`state = 'rendered' and case_no = '${good.caseNo}'`);
    const [tried, fresh] = [rendered[0]!, rendered[1]!];
    await set(`state = 'parked', parked_from = 'rendered', failure_code = 'attempts-exhausted', crashes = 2, tried = 3`, `id = ${tried['id']}`);
    await set(`state = 'parked', parked_from = 'rendered', failure_code = 'attempts-exhausted', tried = 0`, `id = ${fresh['id']}`);
    const asked = await cli(['retry', '--code', 'attempts-exhausted', '--render', '--yes', '--json']);
    expect(asked.code).toBe(1);
    expect(asked.json<RetryAnswer>().cannot).toEqual([{ exchange: tried['id'], state: 'parked', why: expect.stringContaining('retry without --render') }]);
    expect(await exchanges(`id = ${fresh['id']}`)).toEqual([expect.objectContaining({ state: 'captured' })]);
    expect((await cli(['retry', String(tried['id']), '--yes'])).out).toContain('rendered: delivered with the same bytes');
    expect(await exchanges(`id = ${tried['id']}`)).toEqual([expect.objectContaining({ state: 'rendered', sha256: tried['sha256'], crashes: 0, failure_code: null })]);
    await capture(settingsNow());
    expect(await exchanges(`id = ${fresh['id']}`)).toEqual([expect.objectContaining({ state: 'rendered', sha256: fresh['sha256'] })]);
  });

  it('opens the next version of what was refused in its place of the lane, from the newest snapshot', async () => {
    const [first, second] = await exchanges(`case_no = '${good.caseNo}'`);
    await set(`state = 'refused', tried = 1, head = 1, failure_code = 'refused-by-receiver'`, `id = ${first!['id']}`);
    await ledger.run(raw(`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) select 9000, stream, case_no, digest, body, now() from case_snapshot where id = ${first!['snapshot_id']}`));
    await ledger.run(raw(`update case_head set snapshot_id = 9000 where case_no = '${good.caseNo}'`));
    // A receiver that said both may have it: a second one is not opened without a word of it.
    const doubt = 'the next version is opened from the newest snapshot; the receiver also said that it accepted the refused one: ask there first';
    expect((await cli(['retry', '--state', 'refused'])).out).not.toContain('also said');
    const said = (cls: string): Promise<unknown> => ledger.run(raw(`insert into acknowledgement (inbox_id, ordinal, channel, message_id, exchange_id, level, received_at, class) values (0, 0, 'center', 'both', ${first!['id']}, 'accepted', now(), '${cls}')`));
    await said('contradictory');
    for (const command of [['retry', '--state', 'refused'], ['replay', '--state', 'refused']]) expect((await cli(command)).out).toContain(doubt);
    await ledger.run(raw(`update acknowledgement set aside_at = now(), aside_by = 'x', aside_reason = 'seen' where message_id = 'both'`));
    expect((await cli(['retry', '--state', 'refused'])).out).not.toContain('also said');
    await ledger.run(raw(`delete from acknowledgement where message_id = 'both'`));
    const answer = await cli(['retry', '--channel', 'center', '--state', 'refused', '--yes', '--json']);
    expect(answer.code).toBe(0);
    const { opened } = answer.json<RetryAnswer>();
    const newId = opened[0]!.exchange;
    expect(opened).toEqual([{ refused: first!['id'], exchange: newId }]);
    const [old] = await exchanges(`id = ${first!['id']}`);
    const [next] = await exchanges(`id = ${newId}`);
    expect(old).toMatchObject({ state: 'superseded' });
    expect(next).toMatchObject({ version: 2, operation: 'U', event: first!['event'], sequence: first!['sequence'], state: 'captured', lane_position: first!['lane_position'], head: 1, snapshot_id: '9000', event_digest: first!['event_digest'] });
    expect(next!['message_id']).toBe(createHash('sha256').update(['center', good.caseNo, first!['event'], first!['sequence'], '2'].join('\u0000')).digest('hex').slice(0, 32));
    expect(next!['file_name']).toBe(`${String(newId).padStart(12, '0')}-${first!['event']}-${good.caseNo}-v2.xml`);
    // What waits behind it keeps waiting, and a second retry finds nothing more to do.
    expect(await exchanges(`id = ${second!['id']}`)).toEqual([expect.objectContaining({ head: 0 })]);
    expect(await cli(['retry', '--state', 'refused', '--yes'])).toMatchObject({ code: 1, out: 'Nothing matches.\n' });
    expect(await cli(['retry', '--channel', 'centre', '--yes'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('there is no channel centre; configured: center. Did you mean center?') });
    await capture(settingsNow());
    expect((await exchanges(`case_no = '${good.caseNo}' and event = '${first!['event']}'`)).map((e) => [e['version'], e['state']])).toEqual([[1, 'superseded'], [2, 'rendered']]);
  });

  it('lets a refused one give way to a newer version that is with the receiver already', async () => {
    const [, v2] = await exchanges(`case_no = '${good.caseNo}' and event = 'application'`);
    const [v1] = await exchanges(`case_no = '${good.caseNo}' and event = 'application'`);
    await set(`state = 'refused'`, `id = ${v1!['id']}`);
    await set(`state = 'staged'`, `id = ${v2!['id']}`);
    expect((await cli(['retry', String(v1!['id']), '--yes'])).out).toContain('superseded: a newer version is with the receiver already');
    expect(await exchanges(`id = ${v1!['id']}`)).toEqual([expect.objectContaining({ state: 'superseded' })]);
  });

  it('opens the version behind all others of what was refused, where the newer ones were cancelled', async () => {
    const [v1, v2] = await exchanges(`case_no = '${good.caseNo}' and event = 'application'`);
    await set(`state = 'refused', head = 1`, `id = ${v1!['id']}`);
    await set(`state = 'cancelled'`, `id = ${v2!['id']}`);
    expect((await cli(['retry', String(v1!['id'])])).out).toContain('superseded: the next version is opened from the newest snapshot');
    const { opened } = (await cli(['retry', String(v1!['id']), '--yes', '--json'])).json<RetryAnswer>();
    expect(await exchanges(`id in (${v1!['id']}, ${opened[0]!.exchange})`)).toEqual([expect.objectContaining({ state: 'superseded' }), expect.objectContaining({ version: 3, state: 'captured', lane_position: v1!['lane_position'] })]);
    await set(`state = 'staged'`, `id = ${v2!['id']}`);
  });

  it('says of each that cannot be retried why not', async () => {
    const [, v2] = await exchanges(`case_no = '${good.caseNo}' and event = 'application'`);
    const { code, out } = await cli(['retry', String(v2!['id']), '888888']);
    expect(code).toBe(1);
    expect(out).toMatch(/staged +the receiver has it and has not answered yet/);
    expect(out).toContain('Not in the ledger, or not matched by the other filters: 888888');
  });
});

describe('the built command', () => {
  const entry = path.resolve('dist/cli/gateway.js');
  const spawned = (args: readonly string[], more: Env = {}): Promise<{ code: number | null; out: Buffer; err: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [entry, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
      const out: Buffer[] = [];
      let err = '';
      child.stdout.on('data', (d: Buffer) => out.push(d));
      child.stderr.on('data', (d: Buffer) => { err += d.toString(); });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err }));
    });

  it('is there: npm test builds it first', () => expect(existsSync(entry)).toBe(true));

  it('prints exact bytes, ends by itself and with the right code', async () => {
    const [first] = await exchanges(`state = 'rendered'`);
    const xml = await spawned(['show', String(first!['id']), '--xml']);
    expect(createHash('sha256').update(xml.out).digest('hex')).toBe(first!['sha256']);
    expect(xml.code).toBe(0);
    expect(await spawned(['nonsense'])).toMatchObject({ code: 2 });
    expect(await spawned(['status'], { CENTER_SFTP_HOST: '' })).toMatchObject({ code: 78 });
    const port = await freePort();
    const lost = await spawned(['resume', 'center'], { QUEUE_BACKEND: 'redis', QUEUE_URL: `redis://127.0.0.1:${port}` });
    expect(lost).toMatchObject({ code: 0, err: '' });
    const checked = await spawned(['check'], { QUEUE_BACKEND: 'redis', QUEUE_URL: `redis://:${password}@127.0.0.1:${port}` });
    expect(checked.code).toBe(69);
    expect(checked.out.toString()).toMatch(/FAIL {2}queue +redis 127\.0\.0\.1:\d+ cannot be reached: [^\n]*ECONNREFUSED/);
    expect(checked.out.toString() + checked.err).not.toContain(password);
  });
});
