import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runCli } from '../../src/cli/run-cli.command.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { Clock } from '../../src/platform/clock.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { supervisionOf } from '../../src/supervision/supervision.module.js';
import { SupervisionPoller } from '../../src/supervision/supervision.poller.js';
import { at } from '../support/clock-facts.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

class HeldClock extends Clock {
  text = '2026-09-15 09:00:00';
  now(): Date { return new Date(at(this.text)); }
}
const clock = new HeldClock();
let folder: string;
let env: Record<string, string>;
let db: DatabaseAdapter;

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string; json<T>(): T }> {
  let [out, err] = ['', ''];
  const code = await runCli(args, { env, clock, user: 'tester', out: (t) => { out += String(t); }, err: (t) => { err += t; } });
  return { code, out, err, json: <T>() => JSON.parse(out) as T };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-supervision-'));
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  for (const name of ['default.yaml', 'calendar.yaml', 'streams']) cpSync(`config/${name}`, path.join(config, name), { recursive: true });
  writeFileSync(path.join(config, 'channels', 'center.yaml'), `channel: center\ntitle: c\nstream: case\nencoding: UTF-8\nmessages: { application: center/application }\nstaging: { adapter: directory, directory: { path: ${folder} } }\nacknowledgement: { files: true }\n`);
  const url = await freshDatabase('ledger');
  env = { GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url };
  db = await openPostgres(url, true);
  const { settings, faults } = loadSettings({ configDir: config, env });
  if (!settings) throw new Error(JSON.stringify(faults));
  const capture = new CaptureStore(db, clock, new ExchangeStore(db, clock, new Map(), settings.retry), new Map());
  await capture.watermark('case');
  const row = { item_code: 'XX01', section: '地籍', accepted_at: '2026-09-14 08:30:00.000', committed_limit: '7', committed_unit: 'W', statutory_limit: '10', statutory_unit: 'W' };
  const body = (children: object): string => JSON.stringify({ stream: 'case', caseNo: 'YY1', case: row, children });
  await capture.record('case', [{ caseNo: 'YY1', body: body({}), digest: '1', events: [] }]);
  const cards = new CardStore(db, clock, undefined);
  const poller = new SupervisionPoller({ store: new ClockStore(db, clock, cards, undefined), cards, alarms: new AlarmStore(db, clock), supervision: supervisionOf(settings), calendar: settings.calendar, settings: settings.supervision, clock, log: createLog({ level: 'silent', instance: 'test' }) });
  for (const moment of ['2026-09-15 09:00:00', '2026-09-23 09:00:00', '2026-09-23 09:00:10', '2026-09-23 09:00:20']) {
    clock.text = moment;
    await capture.noteKnown('case', clock.iso());
    await poller.look(() => Promise.resolve(true));
  }
  await capture.record('case', [{ caseNo: 'YY1', body: body({ specials: [{ special_no: '1', kind_name: '听证', started_at: '2026-09-15 08:30:00.000', ended_at: '2026-09-18 08:30:00.000', approved_length: '5', approved_unit: 'W', notice_no: '告知1号' }] }), digest: '2', events: [] }]);
  await poller.look(() => Promise.resolve(true));
});
afterAll(async () => {
  await db.close();
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

test('gateway clock prints the arithmetic, each interval with its reason and the running sum', async () => {
  const { code, out } = await cli('clock', 'YY1');
  expect(code).toBe(0);
  const lines = out.split('\n').map((l) => l.trim().replace(/ {2,}/g, ' | '));
  for (const line of [
    'Case YY1 at 2026-09-23 09:00:20 under hunan (hunan-1)',
    'Case: warning, light yellow',
    'committed | 7 working days | 6 | 1 | 2026-09-24 17:30:00',
    "limits: the bureau's row of the case",
    'special 1 听证, 2026-09-15 08:30:00 to 2026-09-18 08:30:00: suspends: special procedure, 5 W approved',
    '2026-09-15 08:30:00 | 2026-09-18 08:30:00 | - | suspended by special 1 | 0 d 0:00:00 | 1 d 0:00:00',
    '2026-09-20 00:00:00 | 2026-09-21 00:00:00 | + | working day (国庆节调休上班) | 1 d 0:00:00 | 3 d 0:00:00',
    '= committed limit 7 working days: used 5 d 0:30:20, rounded up 6, 1 left',
    '= yellow (committed limit): will be reached 2026-09-28 08:30:01, if nothing happens before',
    'Nothing of this case was reported to anybody.',
  ]) expect(lines).toContain(line);
});

test('other rules, another moment, for machines', async () => {
  const { out } = await cli('clock', 'YY1', '--rules', 'guangdong', '--at', '2026-09-16 12:00:00');
  expect(out).toContain('under guangdong (guangdong-2014)');
  expect(out).toContain('Case: suspended, light grey');
  const { reading } = (await cli('clock', 'YY1', '--json')).json<{ reading: { objects: { state: string; limits: { used: number }[] }[] } }>();
  expect(reading.objects[0]).toMatchObject({ state: 'warning', limits: [{ used: 6 }, { used: 6 }] });
});

test.each([
  [['clock', 'NONE'], 1, /^the ledger has no snapshot of a case NONE/],
  [['clock', 'YY1', '--rules', 'hubei'], 2, /^--rules: expected one of guangdong, hunan instead of hubei/],
  [['clock', 'YY1', '--at', 'soon'], 2, /^--at: expected a time such as/],
  [['clock', 'YY1', '--at', '2027-02-01'], 1, /^the working calendar has no data for 2027: enter the year/],
  [['cards', '999999'], 1, /^there is no such card: 999999/],
  [['cards', 'YY1'], 2, /^expected the number of a card instead of YY1; for a case: --case YY1/],
  [['cards', '--level', 'blue'], 2, /^--level: expected one of warning, yellow, red/],
  [['cards', '1', '--revoke'], 2, /^--revoke: expected card numbers and --reason/],
  [['cards', '1', '--revoke', '--confirm', '--reason', 'x'], 2, /^expected one of --revoke, --confirm/],
])('%j is told what is wrong', async (args, code, message) => {
  const result = await cli(...args);
  expect([result.code, result.out]).toEqual([code, '']);
  expect(result.err).toMatch(message);
});

test('cards: listed, shown with their evidence, decided upon after a dry run', async () => {
  const { cards } = (await cli('cards', '--doubtful', '--json')).json<{ cards: { id: string; level: string }[] }>();
  expect(cards.map((c) => c.level)).toEqual(['yellow']);
  const id = cards[0]!.id;
  expect((await cli('cards', '--case', 'YY1')).out).toMatch(/yellow.*would not be issued today/);
  const shown = (await cli('cards', id)).out;
  expect(shown).toContain('= committed limit 7 working days: used 8 d 0:30:00, rounded up 9, 2 over');
  expect(shown).toContain('it would not be issued');
  const dry = await cli('cards', id, '--revoke', '--reason', 'entered late');
  expect([dry.code, dry.out]).toEqual([0, `card ${id}: would be revoked\nNothing was changed; add --yes to do it to 1 card.\n`]);
  expect((await cli('cards', id, '--revoke', '--reason', 'entered late', '--yes')).out).toBe(`card ${id}: revoked\n`);
  const again = await cli('cards', id, '--confirm', '--reason', 'no', '--yes');
  expect([again.code, again.out]).toEqual([1, `card ${id}: is revoked: only issued or appealed cards can be confirmed\n`]);
  expect((await cli('cards', id)).out).toMatch(/admin tester\s+issued → revoked\s+entered late/);
  expect((await cli('cards', '--open')).out).not.toMatch(/yellow/);
});

test('a body without rules and a faulty rule set are told by check with their place', async () => {
  const rules = path.join(folder, 'rules');
  mkdirSync(rules);
  cpSync('config/supervision', rules, { recursive: true });
  const local = path.join(folder, 'local.yaml');
  const check = async (): Promise<string> => {
    let out = '';
    await runCli(['check'], { env: { ...env, GATEWAY_CONFIG: local }, clock, user: 'tester', out: (t) => { out += String(t); }, err: () => undefined });
    return out.replace(/\s+/g, ' ');
  };
  writeFileSync(local, `supervision: { bodies: [hubei], rulesDir: ${rules} }\n`);
  expect(await check()).toContain('FAIL supervision default.yaml supervision.bodies → expected a body for which there is a file');
  writeFileSync(local, `supervision: { bodies: [hunan], rulesDir: ${rules} }\n`);
  expect(await check()).toContain('rules of guangdong, hunan; kept: hunan');
  writeFileSync(path.join(rules, 'hunan.yaml'), 'body: hunan\ntitle: x\nversions:\n  - version: one\n    from: 2026-13-01\n');
  expect(await check()).toMatch(/hunan\.yaml:5 versions\[0\]\.from → expected a day that exists/);
});
