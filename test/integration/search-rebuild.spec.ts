import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCli } from '../../src/cli/run-cli.command.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ExchangeSearchStore } from '../../src/ledger/exchange-search.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { SearchKeyStore } from '../../src/ledger/search-key.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const clock = new SystemClock();
const rules = new Map([['center', 'accepted' as const]]);
let env: Record<string, string>;
let ledger: DatabaseAdapter;
let capture: CaptureStore;
let search: ExchangeSearchStore;

beforeAll(async () => {
  const url = await freshDatabase('ledger');
  env = {
    BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, LEDGER_ENGINE: 'postgres', QUEUE_BACKEND: 'postgres', QUEUE_URL: url, CENTER_SFTP_HOST: '127.0.0.1', CENTER_SFTP_USER: 'nobody', CENTER_SFTP_PASSWORD: 'x',
    CENTER_SFTP_HOST_KEY: `SHA256:${'a'.repeat(43)}`, CENTER_ACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`, PROVINCIAL_SFTP_HOST: '127.0.0.1', PROVINCIAL_SFTP_PASSWORD: 'x', PROVINCIAL_SFTP_HOST_KEY: `SHA256:${'a'.repeat(43)}`,
  };
  ledger = await openPostgres(url, true);
  capture = new CaptureStore(ledger, clock, new ExchangeStore(ledger, clock, rules, { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 }), rules);
  await ledger.run(sql`insert into channel_state (channel) values ('center')`);
  search = new ExchangeSearchStore(ledger);
}, 120_000);
afterAll(async () => {
  await ledger?.close();
  await stopPostgres();
}, 60_000);

async function rebuild<T = { snapshots: number; read: number; terms: number; items: number; from: string }>(...args: string[]): Promise<T> {
  let [out, err] = ['', ''];
  const code = await runCli(['search', 'rebuild', '--json', ...args], { env, clock, user: 'tester', out: (t) => { out += t.toString(); }, err: (t) => { err += t; } });
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as T;
}
/** As it was captured before there were keys. */
async function captured(caseNo: string, name: string, item: string | null = 'DJ-01', event = 'application'): Promise<void> {
  const body = JSON.stringify({ case: { case_no: caseNo, item_code: item }, children: { applicants: [{ name, cert_no: `4301${caseNo.slice(1).padStart(14, '0')}`, phone: null }] } });
  await capture.record('case', [{ caseNo, body, digest: `${caseNo}${name}${event}`, events: [{ channel: 'center', event, sequence: '1', at: '2026-11-02 09:00:00.000', phase: 10, urgent: false, digest: `${name}${event}` }] }]);
}
const found = async (wish: { person?: string; items?: string[] }): Promise<string[]> => [...new Set((await search.page(wish, undefined, 1000, 10_000)).rows.map((e) => e.caseNo))].sort();

test('finds what was captured before there were keys, says first what is missing, and goes on where it was', async () => {
  for (let i = 1; i <= 450; i++) await captured(`C${i}`, `张${String.fromCodePoint(0x4e00 + i)}`);
  await captured('C1', '李后来');
  expect([await found({ person: '李后' }), await found({ items: ['DJ-01'] })]).toEqual([[], []]);
  const plan = await rebuild();
  // Each case has a name and a number; one was called otherwise before, and both names find it. Its number comes twice.
  expect(plan).toMatchObject({ done: false, snapshots: 451, read: 451, terms: 902, items: 450 });
  expect(await found({ items: ['DJ-01'] })).toEqual([]);
  // Killed after the first page: what it did stands, the next run goes on.
  const { fill } = SearchKeyStore.prototype;
  let pages = 0;
  SearchKeyStore.prototype.fill = function (this: SearchKeyStore, ...args) { return ++pages > 1 ? Promise.reject(new Error('killed')) : fill.apply(this, args); };
  const interrupted = await runCli(['search', 'rebuild', '--yes'], { env, clock, user: 'tester', out: () => undefined, err: () => undefined });
  SearchKeyStore.prototype.fill = fill;
  expect(interrupted).toBe(1);
  expect(await rebuild('--yes')).toMatchObject({ done: true, from: '200', snapshots: 251, terms: 501, items: 251 });
  expect([await found({ person: '李后' }), await found({ person: '张一' }), await found({ person: '430100000000000450' })]).toEqual([['C1'], [], ['C450']]);
  expect([await found({ person: `张${String.fromCodePoint(0x4e01)}` }), (await found({ items: ['DJ-01'] })).length]).toEqual([['C1'], 450]);
  expect(await rebuild('--yes')).toMatchObject({ snapshots: 0, terms: 0, items: 0 });
  expect(await rebuild('--anew')).toMatchObject({ snapshots: 451, terms: 0, items: 0 });
  expect((await ledger.run(raw(`select count(*) as n from audit_line where act = 'cli search rebuild'`))).rows[0]!['n']).toBe('3');
});

test('takes the item of exchanges without contents from the newest snapshot of the case, and wakes no forgotten person', async () => {
  await captured('P1', '王旧', null);
  await captured('P1', '王新', 'DJ-02', 'acceptance');
  await captured('G1', '赵去', 'DJ-03');
  // Retention emptied the first snapshot of one case and everything of a case that is gone.
  await ledger.run(sql`update case_snapshot set body = '', pruned_at = ${clock.iso()} where (case_no = 'P1' and body like '%王旧%') or case_no = 'G1'`);
  await ledger.run(sql`update case_head set removed_at = ${clock.iso()}, pruned_at = ${clock.iso()} where case_no = 'G1'`);
  expect(await rebuild()).toMatchObject({ snapshots: 3, read: 1, terms: 2, items: 2 });
  expect(await rebuild('--yes')).toMatchObject({ terms: 2, items: 2 });
  expect([await found({ items: ['DJ-02'] }), await found({ person: '王新' }), await found({ person: '王旧' }), await found({ person: '赵去' }), await found({ items: ['DJ-03'] })]).toEqual([['P1'], ['P1'], [], [], []]);
});

test('says what it did in words, and that there is nothing to do', async () => {
  let out = '';
  const context = { env, clock, user: 'tester', out: (t: string | Uint8Array) => { out += t.toString(); }, err: () => undefined };
  await captured('W1', '孙言');
  await runCli(['search', 'rebuild'], context);
  await runCli(['search', 'rebuild', '--yes'], context);
  await runCli(['search', 'rebuild'], context);
  expect(out.split('\n').filter((l) => l !== '')).toEqual([
    expect.stringMatching(/^Read 1 snapshot after \d+, up to which it was done before \(--anew begins from the first\)\.$/),
    'Missing: 2 keys of persons at the most and the item of 1 exchange. Nothing was changed. Add --yes to do it.',
    expect.stringMatching(/^Read 1 snapshot after/), 'Added 2 keys of persons and the item of 1 exchange.',
    expect.stringMatching(/^Nothing to read after \d+, up to which/),
  ]);
});
