import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { AcknowledgementReception } from '../../src/acknowledgement/acknowledgement-reception.adapter.js';
import { CollectionPoller } from '../../src/collection/collection.poller.js';
import { runCli } from '../../src/cli/run-cli.command.js';
import { collectAgain } from '../../src/collection/collect-again.adapter.js';
import { channelSchema, type ChannelSettings } from '../../src/domain/settings.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { ReturnViewStore } from '../../src/ledger/return-view.store.js';
import { RejectionStore } from '../../src/ledger/rejection.store.js';
import { ReturnFileStore } from '../../src/ledger/return-file.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import type { StagingMachine } from '../../src/platform/staging/staging-machine.js';
import { StagingRegistry } from '../../src/platform/staging/staging-registry.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { loadReturnMappings } from '../../src/reconciliation/load-return-mappings.adapter.js';
import { ReturnProcessor } from '../../src/reconciliation/return.processor.js';
import { composeReturns, differenceKinds, type HeldCase } from '../../src/simulator/center/compose-returns.js';
import { ReturnFiles, type ReturnFaults } from '../../src/simulator/center/return-files.adapter.js';
import { badInputs } from '../../src/simulator/center/tamper-with.js';
import { feeTotals, taxTotals, writeControlFile, writeFeeFile, writeTaxFile, type CenterFee, type FeeTotals } from '../../src/simulator/center/write-return-files.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const clock = new SystemClock();
const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
const messages = ['center/return/fee-record', 'center/return/tax-record', 'center/return/control'];
const samples = path.resolve('mappings/center/return');
const sha256 = (b: Buffer): string => createHash('sha256').update(b).digest('hex');
const feeName = 'fee-20261120-430900001-001.1.xml';
const taxName = 'tax-20261120-14309000000-001.1.xml';
const controlName = 'control-20261120.1.xml';

let ssh: OpenSshServer;
let dir: string;
let db: DatabaseAdapter;
let doorbell: DoorbellAdapter;
let inbox: InboxStore;
let files: ReturnFileStore;
let fee: Buffer;
let tax: Buffer;
let control: Buffer;
let collection: CollectionPoller;
let processor: ReturnProcessor;
const metrics = new MetricsAdapter({ processMetrics: false });

const { mappings, faults } = loadReturnMappings(path.resolve('mappings'), [{ channel: 'center', returns: { messages, files: true } }]);

/** One process: a collector and a worker with connections of their own. */
function processOf(): { collection: CollectionPoller; processor: ReturnProcessor; channel: ChannelSettings; staging: StagingMachine; close: () => Promise<void> } {
  const channel = channelSchema.parse({
    channel: 'center', title: 't', stream: 'case', encoding: 'UTF-8', messages: {}, returns: { messages },
    staging: { adapter: 'sftp', sftp: { host: ssh.host, port: ssh.port, username: ssh.username, privateKeyFile: ssh.privateKeyFile, hostKeySha256: ssh.hostKeySha256 } }, acknowledgement: { files: false },
  });
  const mine = new StagingRegistry([channel]);
  const staging = (name: string) => mine.of(name);
  return {
    collection: new CollectionPoller({ channels: [channel], inbox, returns: files, doorbell, clock, log, metrics, staging }),
    processor: new ReturnProcessor({ channels: [channel], files, mappings, clock, log, metrics, retry: { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 }, claimMs: 60_000, staging }),
    channel,
    staging: staging('center'),
    close: () => mine.closeAll(),
  };
}

let here: ReturnType<typeof processOf>;
let ledgerUrl: string;
beforeAll(async () => {
  expect(faults).toEqual([]);
  [fee, tax, control] = await Promise.all([readFile(path.join(samples, 'fee-record/samples', feeName)), readFile(path.join(samples, 'tax-record/samples', taxName)), readFile(path.join(samples, 'control/samples', controlName))]);
});
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'gw-returns-'));
  ssh = await startOpenSshServer({ dir });
  const url = await freshDatabase('returns');
  ledgerUrl = url;
  db = await openPostgres(url, true);
  doorbell = await DoorbellAdapter.open({ backend: 'postgres', url, prefix: 't', allowVolatile: false, lockMs: 5000, stalledCheckMs: 5000 }, log);
  inbox = new InboxStore(db, clock);
  files = new ReturnFileStore(db, clock, inbox, new ReturnedRecordStore(db, clock));
  here = processOf();
  ({ collection, processor } = here);
  await mkdir(path.join(dir, 'return'));
});
afterEach(async () => {
  await here.close();
  await doorbell.close();
  await db.close();
  await ssh.stop();
  await rm(dir, { recursive: true, force: true });
});
afterAll(stopPostgres);

async function put(name: string, bytes: Buffer): Promise<void> {
  await writeFile(path.join(dir, `.${name}`), bytes);
  await rename(path.join(dir, `.${name}`), path.join(dir, 'return', name));
}
async function round(): Promise<void> {
  await collection.collect('center');
  await processor.handle('center');
}
async function returned(name: string, bytes: Buffer): Promise<void> {
  await put(name, bytes);
  await round();
}
const names = (sub: string): Promise<string[]> => readdir(path.join(dir, sub)).then((n) => n.sort(), () => []);
const one = (text: string, element: string): string => new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1] ?? '';
/** `file → code`, of every receipt that lies there. */
async function receipts(): Promise<string[]> {
  const found = await Promise.all((await names('receipt')).map((n) => readFile(path.join(dir, 'receipt', n), 'utf8')));
  return found.map((t) => `${one(t, 'WJM')} → ${one(t, 'DM')}`).sort();
}
const count = async (what: string): Promise<number> => Number((await db.run(raw(`select count(*) as n from ${what}`))).rows[0]!['n']);
const classes = async (): Promise<string[]> => (await db.run(raw(`select external_id, class from inbox order by id`))).rows.map((r) => `${String(r['external_id'])} ${String(r['class'])}`);
const changed = (bytes: Buffer, ...changes: readonly (readonly [string, string])[]): Buffer => Buffer.from(changes.reduce((text, [from, to]) => {
  expect(text).toContain(from);
  return text.replace(from, to);
}, bytes.toString('utf8')));

it('takes a day in whole, in both encodings, and answers each file', async () => {
  await put(taxName, await readFile(path.join(samples, 'tax-record/samples/tax-20261120-14309000000-001.1.gb18030.xml')));
  await put(feeName, await readFile(path.join(samples, 'fee-record/samples/fee-20261120-430900001-001.1.gb18030.xml')));
  await round();
  const { rows } = await db.run(raw(`select f.serial, f.status, f.payer, f.amount_fen, f.method, f.day, f.original_serial, count(l.line_no) as lines from fee_record f join fee_line l on l.record_id = f.id group by f.id, f.serial, f.status, f.payer, f.amount_fen, f.method, f.day, f.original_serial order by f.id`));
  expect(rows.map((r) => [r['serial'], r['status'], r['payer'], String(r['amount_fen']), r['method'], r['day'], r['original_serial'], Number(r['lines'])])).toEqual([
    ['JK2026112000001', 'paid', '㛃𠅤䶮', '10000', 'mobile', '2026-11-20', null, 2],
    ['JK2026112000002', 'paid', '益阳样例置业有限公司', '55000', 'transfer', '2026-11-20', null, 1],
    ['JK2026112000003', 'paid', null, '8000', 'cash', '2026-11-20', null, 1],
    ['JK2026112000003', 'reversed', null, '8000', 'cash', '2026-11-20', 'JK2026112000003', 1],
    ['TF2026112000001', 'refunded', '益阳样例置业有限公司', '55050', 'transfer', '2026-11-20', 'JK2026110300009', 1],
  ]);
  expect((await db.run(raw(`select taxpayer_name, tax_kind, party, paid_fen from tax_record order by id`))).rows[1]).toEqual({ taxpayer_name: '㙍样例', tax_kind: '契税', party: 'transferee', paid_fen: '180000' });
  expect(await receipts()).toEqual([`${feeName} → accepted`, `${taxName} → accepted`]);
  expect(await names('return')).toEqual(['done', 'refused']);
  expect(await names('return/done')).toEqual([feeName, taxName]);
  expect(await classes()).toEqual([`return/${feeName} return-taken`, `return/${taxName} return-taken`]);
  const metric = await metrics.returns.get();
  expect(metric.values).toContainEqual(expect.objectContaining({ labels: { channel: 'center', kind: 'fees', outcome: 'accepted' } }));
});

it('agrees with a control file that comes before or after', async () => {
  await returned(controlName, control);
  await returned(feeName, fee);
  await returned(taxName, tax);
  expect(await receipts()).toEqual([`${controlName} → accepted`, `${feeName} → accepted`, `${taxName} → accepted`]);
  const again = changed(control, ['<PC>1</PC>', '<PC>2</PC>']);
  await returned('control-20261120.2.xml', again);
  expect(await receipts()).toEqual([`${controlName} → accepted`, 'control-20261120.2.xml → reissued', `${feeName} → accepted`, `${taxName} → accepted`]);
  expect((await new ReturnedRecordStore(db, clock).control('center', '2026-11-20'))!.issue).toBe(2);
});

it('refuses what is bad as a whole, says where, and takes the right file under the same name', async () => {
  const bad: Record<string, Buffer> = {
    truncated: fee.subarray(0, 900), encoding: Buffer.from(fee.toString('utf8').replace('㛃', '\u00ff'), 'latin1'), schema: changed(fee, ['<JE>550</JE>', '<JE>5.505</JE>']), 'wrong-count': changed(fee, ['<BS>3', '<BS>2']),
    'wrong-total': changed(fee, ['<JE>730.00', '<JE>730.10']), 'unknown-code': changed(fee, ['<JFFS>5', '<JFFS>8']), 'too-long': changed(fee, ['益阳样例置业有限公司', '益'.repeat(70)]), 'not-xml': changed(fee, ['</ZS>', '</ZZ>']), 'file-name': changed(fee, ['<PC>1', '<PC>2']),
  };
  for (const [i, bytes] of Object.values(bad).entries()) {
    // A file that does not look whole could still be written; it is taken when it has stood for a while.
    if (Object.keys(bad)[i] === 'truncated') await inbox.receive([{ channel: 'center', kind: 'return', source: 'file', externalId: feeName, contentType: 'application/xml', content: bytes }]);
    else await put(feeName, bytes);
    await round();
  }
  expect(await receipts()).toEqual(Object.keys(bad).map((code) => `${feeName} → ${code}`).sort());
  expect(await count('fee_record')).toBe(0);
  expect(new Set((await classes()).map((c) => c.split(' ')[1]))).toEqual(new Set(['return-refused']));
  const { rows } = await db.run(raw(`select detail from inbox order by id`));
  expect(rows[2]!['detail']).toBe('schema: JFJL[2]/JE (line 43): a value of the form [0-9]{1,13}(\\.[0-9]{1,2})?');
  const receipt = await readFile(path.join(dir, 'receipt', (await names('receipt')).find((n) => n.includes('schema'))!), 'utf8');
  expect(receipt).toContain('<CW><WZ>JFJL[2]/JE</WZ><HH>43</HH>');
  expect(receipt).not.toContain('5.505');
  await returned(feeName, fee);
  expect(await count('fee_record')).toBe(5);
  expect(await receipts()).toContain(`${feeName} → accepted`);
});

it('gives the same receipt again for the same file, and refuses other content under its name', async () => {
  await returned(feeName, fee);
  const [name] = await names('receipt');
  const first = await readFile(path.join(dir, 'receipt', name!));
  await rm(path.join(dir, 'receipt', name!));
  await returned(feeName, fee);
  expect(await names('receipt')).toEqual([name]);
  expect((await readFile(path.join(dir, 'receipt', name!))).equals(first)).toBe(true);
  // The very same over HTTP: one more entry, nothing recorded, the receipt again.
  await rm(path.join(dir, 'receipt', name!));
  await inbox.receive([{ channel: 'center', kind: 'return', source: 'http', externalId: 'msg_1', contentType: 'application/xml', content: fee }]);
  await processor.handle('center');
  expect(await names('receipt')).toEqual([name]);
  expect(await count('fee_record')).toBe(5);
  expect(await classes()).toEqual([`return/${feeName} return-taken`, 'return/msg_1 return-repeated']);
  // Other content.
  await returned(feeName, changed(fee, ['20261120T091500', '20261120T091501']));
  expect(await receipts()).toEqual([`${feeName} → accepted`, `${feeName} → changed-content`]);
  expect((await db.run(raw(`select paid_at from fee_record where serial = 'JK2026112000001'`))).rows).toEqual([{ paid_at: '20261120T091500' }]);
});

it('lets a corrected issue replace by new records, and keeps an older one that comes late out of force', async () => {
  await returned(feeName, fee);
  const third = changed(fee, ['<PC>1', '<PC>3'], ['<JE>550</JE>', '<JE>560</JE>'], ['<JE>550.00</JE></MX></JFMX>\n  </JFJL>\n  <JFJL>\n    <JKDH>JK2026112000003', '<JE>560.00</JE></MX></JFMX>\n  </JFJL>\n  <JFJL>\n    <JKDH>JK2026112000003'], ['<JE>730.00', '<JE>740.00']);
  await returned('fee-20261120-430900001-001.3.xml', third);
  await returned('fee-20261120-430900001-001.2.xml', changed(fee, ['<PC>1', '<PC>2'], ['20261120T101500', '20261120T101502']));
  expect(await receipts()).toEqual([`${feeName} → accepted`, 'fee-20261120-430900001-001.2.xml → overtaken', 'fee-20261120-430900001-001.3.xml → reissued']);
  const { rows } = await db.run(raw(`select version, issue, amount_fen, superseded_at is null as in_force, superseded_by is not null as replaced from fee_record where serial = 'JK2026112000002' order by version`));
  expect(rows).toEqual([
    { version: 1, issue: 1, amount_fen: '55000', in_force: false, replaced: true }, { version: 2, issue: 3, amount_fen: '56000', in_force: true, replaced: false }, { version: 3, issue: 2, amount_fen: '55000', in_force: false, replaced: false },
  ]);
});

it('compares with the control file, whichever comes first, and judges again when the control file is corrected', async () => {
  const wrong = changed(control, [sha256(fee), 'a'.repeat(64)]);
  await returned(controlName, wrong);
  await returned(feeName, fee);
  await returned(taxName, tax);
  expect(await receipts()).toEqual([`${controlName} → accepted`, `${feeName} → wrong-hash`, `${taxName} → accepted`]);
  expect(await count('fee_record')).toBe(0);
  // The corrected control file lets the file in that was refused for the first one.
  await returned('control-20261120.2.xml', changed(control, ['<PC>1', '<PC>2']));
  expect(await receipts()).toEqual([`${controlName} → accepted`, 'control-20261120.2.xml → reissued', `${feeName} → accepted`, `${feeName} → wrong-hash`, `${taxName} → accepted`]);
  expect(await count('fee_record')).toBe(5);
  // One that comes after its file and lists it otherwise: the file's records stay, and the file is answered once more.
  await returned('control-20261120.3.xml', changed(control, ['<PC>1', '<PC>3'], [sha256(tax), 'b'.repeat(64)]));
  expect(await receipts()).toContain(`${taxName} → differs-from-control`);
  expect(await count('tax_record')).toBe(4);
  expect((await db.run(sql`select judgement, outcome, is_current, taken from return_file where file_name = ${taxName} order by judgement`)).rows).toEqual([
    { judgement: 1, outcome: 'accepted', is_current: 0, taken: 1 }, { judgement: 2, outcome: 'differs-from-control', is_current: 1, taken: 1 },
  ]);
  await returned('control-20261120.4.xml', changed(control, ['<PC>1', '<PC>4']));
  expect((await receipts()).filter((r) => r.startsWith(taxName))).toEqual([`${taxName} → accepted`, `${taxName} → accepted`, `${taxName} → differs-from-control`]);
});

it('keeps what comes for a closed day as late facts', async () => {
  await db.run(sql`insert into statement_day (day, closed_at, closed_by, figures, sha256) values ('2026-11-21', ${clock.iso()}, 'clerk', '{}', ${'0'.repeat(64)})`);
  await returned(feeName, fee);
  await returned(controlName, control);
  expect(await receipts()).toEqual([`${controlName} → late`, `${feeName} → late`]);
  expect((await db.run(raw(`select distinct day, statement_day from fee_record`))).rows).toEqual([{ day: '2026-11-20', statement_day: '2026-11-22' }]);
});

it('answers what cannot be taken in at all, once', async () => {
  await put('huge.1.xml', Buffer.from('<'));
  await truncate(path.join(dir, 'return', 'huge.1.xml'), 33 * 1024 * 1024);
  await put('收费 明细.xlsx', Buffer.from('PK'));
  await round();
  await round();
  expect(await receipts()).toEqual(['huge.1.xml → too-large', '收费 明细.xlsx → not-xml']);
  expect(await names('return/refused')).toEqual(['huge.1.xml', '收费 明细.xlsx']);
  expect((await names('receipt')).every((n) => /^[0-9A-Za-z_.-]+$/.test(n))).toBe(true);
  expect(await readFile(path.join(dir, 'receipt', (await names('receipt')).find((n) => n.startsWith('huge'))!), 'utf8')).not.toContain('SHA256');
});

it('does nothing twice with two collectors and three workers at once', async () => {
  for (let i = 1; i <= 12; i++) await put(`fee-20261120-430900001-${100 + i}.1.xml`, Buffer.from(fee.toString('utf8').replace('fee-20261120-430900001-001', `fee-20261120-430900001-${100 + i}`).replaceAll('JK20261120', `JK${i}x`).replaceAll('TF20261120', `TF${i}x`)));
  const others = [processOf(), processOf()];
  await Promise.all([collection.collect('center'), others[0]!.collection.collect('center')]);
  await Promise.all([processor, ...others.map((o) => o.processor)].map((p) => p.handle('center')));
  await Promise.all([collection.collect('center'), others[0]!.collection.collect('center')]);
  await Promise.all([processor, ...others.map((o) => o.processor)].map((p) => p.handle('center')));
  await Promise.all(others.map((o) => o.close()));
  expect(await count('inbox')).toBe(12);
  expect(await count('return_file')).toBe(12);
  expect(await count('fee_record')).toBe(60);
  expect((await names('receipt')).length).toBe(12);
  expect(await count('return_file where receipt_written_at is null or receipt_due_at is not null')).toBe(0);
  expect(new Set(await receipts())).toEqual(new Set(Array.from({ length: 12 }, (_, i) => `fee-20261120-430900001-${101 + i}.1.xml → accepted`)));
});

it('goes on after a kill between any two steps', async () => {
  // Stored, not moved.
  await put(feeName, fee);
  await inbox.receive([{ channel: 'center', kind: 'return', source: 'file', externalId: feeName, contentType: 'application/xml', content: fee }]);
  await round();
  expect(await names('return/done')).toEqual([feeName]);
  expect(await count('inbox')).toBe(1);
  expect(await count('fee_record')).toBe(5);
  // Taken up by a worker that died: free again when its claim runs out.
  await inbox.receive([{ channel: 'center', kind: 'return', source: 'file', externalId: taxName, contentType: 'application/xml', content: tax }]);
  expect((await inbox.claimUnread('center', 8, 1, 'return')).length).toBe(1);
  while ((await count('tax_record')) < 4) await processor.handle('center');
  // The receipt was put, and the worker died before it said so.
  const [receipt] = (await names('receipt')).filter((n) => n.startsWith('tax'));
  await db.run(sql`update return_file set receipt_written_at = null, receipt_due_at = ${clock.iso()} where file_name = ${taxName}`);
  await processor.handle('center');
  expect((await names('receipt')).filter((n) => n.startsWith('tax'))).toEqual([receipt]);
  expect(await count('return_file where receipt_written_at is null')).toBe(0);
  expect((await readdir(path.join(dir, 'receipt'))).filter((n) => n.startsWith('.'))).toEqual([]);
});

it('writes receipts later when the staging machine does not take them now', async () => {
  await writeFile(path.join(dir, 'receipt'), 'in the way');
  await returned(feeName, fee);
  expect(await count('fee_record')).toBe(5);
  const { rows } = await db.run(raw('select receipt_written_at, receipt_failure from return_file'));
  expect(rows[0]!['receipt_written_at']).toBeNull();
  expect(String(rows[0]!['receipt_failure'])).toMatch(/^staging-/);
  await rm(path.join(dir, 'receipt'));
  while ((await names('receipt')).length === 0) await processor.handle('center');
  expect(await receipts()).toEqual([`${feeName} → accepted`]);
  expect(await files.channelsOwing()).toEqual([]);
});

it('does not flood with receipts when files cannot be moved away', async () => {
  await collection.collect('center');
  await rm(path.join(dir, 'return/done'), { recursive: true });
  await returned(feeName, fee);
  expect(await names('return')).toEqual([feeName, 'refused']);
  expect(await receipts()).toEqual([`${feeName} → accepted`]);
  await rm(path.join(dir, 'receipt', (await names('receipt'))[0]!));
  for (let i = 0; i < 3; i++) await round();
  expect(await names('receipt')).toEqual([]);
  expect(await count('return_file')).toBe(1);
  expect(await names('return/done')).toEqual([feeName]);
  // Put again by the center, it is answered again.
  await put(feeName, fee);
  await round();
  expect(await receipts()).toEqual([`${feeName} → accepted`]);
});

it('shows what came and how it stands beside the control file', async () => {
  const view = new ReturnViewStore(db);
  await returned(feeName, fee);
  await returned(taxName, changed(tax, ['<BS>3', '<BS>2']));
  const standings = async (): Promise<string[]> => (await view.day('center', '2026-11-20')).files.map((f) => `${f.fileName} ${f.standing}`);
  expect(await standings()).toEqual([`${feeName} unlisted`, `${taxName} refused`]);
  await returned(controlName, changed(control, [sha256(fee), 'c'.repeat(64)]));
  expect(await standings()).toEqual([`${feeName} differs`, `${taxName} refused`]);
  expect((await view.unmended('center', '2026-01-01T00:00:00.000Z')).map((f) => `${f.fileName} ${f.outcome}`)).toEqual([`${taxName} wrong-count`, `${feeName} differs-from-control`]);
  await returned('control-20261120.2.xml', changed(control, ['<PC>1', '<PC>2']));
  await returned(taxName, tax);
  expect(await standings()).toEqual([`${feeName} agrees`, `${taxName} agrees`]);
  expect(await view.unmended('center', '2026-01-01T00:00:00.000Z')).toEqual([]);
  expect((await view.latest('center', 3)).length).toBe(3);
  expect(await view.receiptsOwed('center', '2999-01-01T00:00:00.000Z')).toEqual([]);
});

it('has a command that shows refusals with their places, and judges again', async () => {
  const env = {
    BUREAU_ENGINE: 'postgres', BUREAU_URL: ledgerUrl, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl, QUEUE_BACKEND: 'postgres', QUEUE_URL: ledgerUrl, CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256,
    CENTER_ACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`, PROVINCIAL_SFTP_HOST: 'provincial.example', PROVINCIAL_SFTP_KEY: ssh.privateKeyFile, PROVINCIAL_SFTP_HOST_KEY: ssh.hostKeySha256,
  };
  const cli = async (...args: string[]): Promise<{ code: number; text: string }> => {
    let text = '';
    const add = (t: string | Buffer): void => { text += t.toString(); };
    return { code: await runCli(args, { env, clock, user: 'tester', out: add, err: add }), text };
  };
  expect(await cli('returns')).toEqual({ code: 0, text: 'center: nothing has come back yet\n' });
  await returned(feeName, changed(fee, ['<JFFS>5', '<JFFS>8']));
  const shown = await cli('returns');
  expect(shown.code).toBe(1);
  expect(shown.text).toContain(`REFUSED ${feeName} (inbox 1): unknown-code: a code is not in the agreed list\n  JFJL[1]/JFFS (line 25): expected a code of the list payment-method`);
  expect((await cli('status')).text).toContain('channel center: 1 returned files were refused');
  expect(await cli('returns', '--again', '1')).toMatchObject({ code: 0, text: expect.stringContaining('add --yes') });
  expect(await count(`inbox where state = 'unread'`)).toBe(0);
  expect((await cli('returns', '--again', '1', '--yes')).code).toBe(0);
  expect(await count(`inbox where state = 'unread'`)).toBe(1);
  await processor.handle('center');
  // Nothing was mended: the same judgement, not a further one.
  expect(await count('return_file')).toBe(1);
  await returned(feeName, fee);
  await returned(taxName, tax);
  expect(await cli('returns', '--day', '2026-11-20')).toMatchObject({ code: 1, text: expect.stringContaining('no control file has come') });
  await returned(controlName, control);
  const day = await cli('returns', '--day', '2026-11-20', '--json');
  expect(day.code).toBe(0);
  expect((JSON.parse(day.text) as { channels: { day: { files: { standing: string }[] } }[] }).channels[0]!.day.files.map((f) => f.standing)).toEqual(['agrees', 'agrees']);
  expect((await cli('returns', '--day', '20261120')).code).toBe(2);
});

it('comes to the same again from what was collected, for a ledger that lost it', async () => {
  await returned(feeName, fee);
  await returned(feeName, changed(fee, ['20261120T091500', '20261120T091501']));
  await returned(taxName, tax);
  await returned(taxName, tax);
  const before = await names('receipt');
  expect(before.length).toBe(3);
  const lost = db;
  db = await openPostgres(await freshDatabase('returns'), true);
  await lost.close();
  inbox = new InboxStore(db, clock);
  files = new ReturnFileStore(db, clock, inbox, new ReturnedRecordStore(db, clock));
  await here.close();
  here = processOf();
  ({ collection, processor } = here);
  expect(await collectAgain(here.channel, here.staging, inbox, 'return')).toBeGreaterThan(0);
  expect(await count('inbox')).toBe(3);
  await processor.handle('center');
  expect(await count('fee_record')).toBe(5);
  expect(await count('tax_record')).toBe(4);
  expect(await names('receipt')).toEqual(before);
  expect(await count('return_file where receipt_written_at is null')).toBe(0);
  expect(await collectAgain(here.channel, here.staging, inbox, 'return')).toBe(0);
});

it('takes them over HTTP too, under the signature of the acknowledgements, and answers with the same receipts', async () => {
  const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  const http = { secrets: [secret] };
  const channel = (name: string, returns: object | undefined) => channelSchema.parse({ channel: name, title: 't', stream: 'case', encoding: 'UTF-8', messages: {}, returns, staging: { adapter: 'directory', directory: { path: dir } }, acknowledgement: { http } });
  const reception = new AcknowledgementReception({ channels: [channel('center', { messages }), channel('other', undefined)], http: { bodyLimitKiB: 64, requestsPerMinute: 1000 }, inbox, returns: files, rejections: new RejectionStore(db, clock), doorbell, clock, log });
  const push = (body: Buffer, more: { id?: string; channel?: string; secret?: string; contentType?: string } = {}) => {
    const id = more.id ?? 'msg_1';
    const at = clock.now();
    return reception.receive({
      remote: '127.0.0.1', channel: more.channel ?? 'center', contentType: more.contentType ?? 'application/xml', contentEncoding: undefined, contentLength: body.length,
      signature: { id, timestamp: String(Math.floor(at.getTime() / 1000)), signature: new Webhook(more.secret ?? secret).sign(id, at, body.toString('utf8')) }, readBody: (limit) => Promise.resolve(body.length > limit ? 'too-large' : body),
    });
  };
  expect(await push(fee, { secret: `whsec_${Buffer.alloc(24, 8).toString('base64')}` })).toMatchObject({ status: 401 });
  expect(await push(fee, { channel: 'other' })).toMatchObject({ status: 401 });
  expect(await push(fee, { contentType: 'application/json' })).toMatchObject({ status: 415 });
  expect(await push(Buffer.alloc(65 * 1024, 32))).toMatchObject({ status: 413 });
  expect(await count('inbox')).toBe(0);
  const first = await push(fee);
  expect(first.status).toBe(202);
  await processor.handle('center');
  expect(await receipts()).toEqual([`${feeName} → accepted`]);
  await rm(path.join(dir, 'receipt'), { recursive: true });
  expect(await push(fee)).toEqual(first);
  await processor.handle('center');
  while ((await names('receipt')).length === 0) await processor.handle('center');
  expect(await receipts()).toEqual([`${feeName} → accepted`]);
  expect(await push(fee.subarray(0, 400), { id: 'msg_2' })).toMatchObject({ status: 202 });
  // An acknowledgement of the same id is another thing, and nobody takes the one for the other.
  await inbox.receive([{ channel: 'center', source: 'http', externalId: 'msg_1', contentType: 'application/xml', content: fee }]);
  await processor.handle('center');
  expect(await classes()).toEqual(['return/msg_1 return-taken', 'return/msg_2 return-refused', 'msg_1 null']);
  expect(await receipts()).toEqual([`${feeName} → accepted`, 'msg_2 → truncated']);
  expect(await count('fee_record')).toBe(5);
});

describe('what the simulated center returns', () => {
  const held = (i: number): HeldCase => ({
    caseNo: `YY-2026-${String(i).padStart(6, '0')}`,
    charges: [
      { chargeNo: '1', feeItemCode: i % 3 === 0 ? 'GT0102' : 'GT0101', feeItemName: '不动产登记费', amountFen: i % 10 === 9 ? 0n : i % 3 === 0 ? 55_000n : 8_000n, payer: `样例𠅤${i}`, paymentCode: i % 10 === 9 ? undefined : `43090026112400${String(i).padStart(6, '0')}`, taxKinds: i % 4 === 0 ? ['增值税', '契税', '印花税'] : [] },
    ],
  });
  const cases = Array.from({ length: 240 }, (_, i) => held(i + 1));

  it('is the same for the same seed, whatever else there is, and plants every difference', () => {
    const rates = Object.fromEntries(differenceKinds.map((k) => [k, 0.06]));
    const all = cases.map((c) => composeReturns(c, '20261124', 5, rates));
    expect([...cases].reverse().map((c) => composeReturns(c, '20261124', 5, rates)).reverse()).toEqual(all);
    expect(new Set(all.flatMap((c) => c.planted.map((p) => p.kind)))).toEqual(new Set(differenceKinds));
    const clean = cases.map((c) => composeReturns(c, '20261124', 5, {}));
    expect(clean.flatMap((c) => c.planted)).toEqual([]);
    expect(clean.flatMap((c) => c.fees).length).toBe(cases.filter((c) => c.charges[0]!.amountFen > 0n).length);
  });

  it.each(['UTF-8', 'GB18030'] as const)('lands whole in spite of every bad input, in %s', async (encoding) => {
    const wrong: ReturnFaults = { rates: Object.fromEntries(differenceKinds.map((k) => [k, 0.05])), bad: [], controlFirst: false };
    let now = new Date('2026-11-24T08:00:00Z');
    let accepted: string[] = [];
    const center = await ReturnFiles.open({
      stagingDir: dir, journalPath: path.join(dir, '..', `${path.basename(dir)}.jsonl`), encoding, unitCode: '430900001', authorityCode: '14309000000', seed: 3, faults: wrong, now: () => now,
      accepted: () => accepted, chargesOf: (caseNo) => Promise.resolve(cases.find((c) => c.caseNo === caseNo)),
    });
    // The fee file of each round is spoiled in one way; the right one comes with the next round.
    for (const [i, bad] of badInputs.entries()) {
      accepted = cases.slice(0, (i + 1) * 20).map((c) => c.caseNo);
      wrong.bad = [bad];
      wrong.controlFirst = false;
      await center.returnNow();
      if (bad === 'truncated' || bad === 'empty') {
        // What does not look whole is left for a while; here nobody waits for that.
        for (const name of (await names('return')).filter((n) => n.startsWith('fee'))) {
          await inbox.receive([{ channel: 'center', kind: 'return', source: 'file', externalId: name, contentType: 'application/xml', content: await readFile(path.join(dir, 'return', name)) }]);
          await rm(path.join(dir, 'return', name));
        }
      }
      await round();
    }
    await center.returnNow();
    await round();
    now = new Date('2026-11-25T08:00:00Z');
    await center.returnNow();
    await round();
    const refused = (await center.receipts()).filter((r) => r.result === 'refused').map((r) => r.code).sort();
    expect(refused).toEqual(['encoding', 'not-xml', 'schema', 'too-long', 'truncated', 'truncated', 'unknown-code', 'wrong-count', 'wrong-total']);
    // Every file that a control file lists was taken, and the sums are the center's.
    const store = new ReturnedRecordStore(db, clock);
    for (const day of ['2026-11-24', '2026-11-25']) {
      const said = (await store.control('center', day))!;
      expect(await count(`return_file where is_current = 1 and taken = 1 and kind <> 'control' and outcome = 'accepted' and day = '${day}'`)).toBe(said.files.length);
      const { rows } = await db.run(sql`select status, count(*) as n, sum(amount_fen) as fen from fee_record where day = ${day} and superseded_at is null group by status`);
      const of = (status: string): [number, bigint] => { const r = rows.find((x) => x['status'] === status); return [Number(r?.['n'] ?? 0), BigInt(String(r?.['fen'] ?? 0))]; };
      expect([of('paid'), of('reversed'), of('refunded')]).toEqual([[said.fees.count, said.fees.amountFen], [said.fees.reversedCount, said.fees.reversedFen], [said.fees.refundCount, said.fees.refundFen]]);
    }
    expect(new Set(center.planted().map((p) => p.kind)).size).toBeGreaterThan(8);
    await center.close();
    await rm(path.join(dir, '..', `${path.basename(dir)}.jsonl`));
  }, 60_000);

  it('writes files that its own totals fit', () => {
    const fees: CenterFee[] = [{ serial: 'A', method: '1', time: '20261124T090000', status: '1', items: [{ code: 'GT0101', fen: 8_000n }] }];
    const none: FeeTotals = taxTotals([]);
    expect(feeTotals(fees)).toEqual({ counts: [1, 0, 0], fens: [8_000n, 0n, 0n] });
    const head = { fileId: 'f', issue: 1, day: '20261124', time: '20261124T190000' };
    expect(writeFeeFile(head, 'U', fees, 'UTF-8').toString()).toContain('<BS>1</BS><JE>80.00</JE>');
    expect(writeTaxFile(head, 'T', [], 'UTF-8').toString()).toContain('<TFBS>0</TFBS>');
    expect(writeControlFile(head, feeTotals(fees), none, [], 'GB18030').toString()).toContain('encoding="GB18030"');
  });
});
