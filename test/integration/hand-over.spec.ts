import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { XMLParser } from 'fast-xml-parser';
import type { HandOverPackage } from '../../src/ledger/hand-over.store.js';
import { raw } from '../../src/platform/database/sql.js';
import { startSimulatedCenter, type SimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { eventually, openStagingStand, sha256, type StagingStand } from '../support/staging-stand.js';
import { stopPostgres } from '../support/postgres.js';

const run = promisify(execFile);
let s: StagingStand;
let center: SimulatedCenter | undefined;
let medium: string;
beforeEach(async () => {
  s = await openStagingStand();
  medium = path.join(s.folder, 'medium');
  await mkdir(medium);
});
afterEach(async () => {
  await center?.stop();
  center = undefined;
  await s.close();
});
afterAll(stopPostgres);

const cases = (n: number, prefix = 'C'): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
interface Exported { id: string; folder: string; manifests: string[]; exchanges: string[]; files: number }
async function exported(...more: string[]): Promise<Exported> {
  const answer = await s.cli('hand-over', 'export', '--channel', 'center', ...(more.length > 0 ? more : ['--all-due']), '--to', medium, '--yes', '--json');
  expect(answer.err).toBe('');
  expect(answer.code).toBe(0);
  return answer.json<Exported>();
}
/** What the receiving side does: hashes on its own disk, then files, then manifests. */
async function carry(p: Exported, hashes = path.join(s.folder, 'RECEIVED.txt')): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'find in manifest -type f -exec sha256sum {} +'], { cwd: p.folder });
  await writeFile(hashes, stdout);
  for (const sub of ['in', 'manifest']) {
    await mkdir(path.join(s.dir, sub), { recursive: true });
    for (const name of (await readdir(path.join(p.folder, sub))).sort()) await cp(path.join(p.folder, sub, name), path.join(s.dir, sub, name));
  }
  return hashes;
}
const packages = async (): Promise<HandOverPackage[]> => (await s.cli('hand-over', 'list', '--json')).json<{ packages: HandOverPackage[] }>().packages;
/** Reads the center's answers until it has imported so many manifests and the ledger stands so. */
async function answered(manifests: number, states: Record<string, number>): Promise<void> {
  await center!.waitUntil((c) => c.import.counts().manifests >= manifests, 15_000);
  await eventually(async () => (await s.acknowledge(), s.states()), (now) => JSON.stringify(now) === JSON.stringify(states));
}
const startCenter = async (): Promise<void> => {
  center = await startSimulatedCenter({ channel: 'center', dir: path.join(s.folder, 'center'), stagingDir: s.dir, pollMs: 20, ack: { files: true } });
};

it('goes by hand and comes back: package, hashes of the receiving side, acknowledgements, and the chain goes on', async () => {
  await s.render(cases(2));
  await s.deliver();
  await s.render(cases(12, 'D'), Buffer.from('scan'));
  const dry = await s.cli('hand-over', 'export', '--channel', 'center', '--all-due', '--to', medium);
  expect(dry.out).toContain('12 exchanges of center would be written');
  expect(await readdir(medium)).toEqual([]);

  const p = await exported();
  expect(p).toMatchObject({ manifests: ['2', '3'], files: 26 });
  expect((await readdir(p.folder)).sort()).toEqual(['README.txt', 'SHA256SUMS', 'in', 'manifest']);
  await run('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: p.folder });
  const readme = await readFile(path.join(p.folder, 'README.txt'), 'utf8');
  expect(readme).toContain(`数据包 ${p.id}`);
  expect(readme).toContain('lowest number first');
  // links of the same chain
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', isArray: (n) => n === 'FILE' });
  const read = async (file: string): Promise<{ PREVIOUS: string; FILE: unknown[] }> => (parser.parse(await readFile(file)) as { MANIFEST: { PREVIOUS: string; FILE: unknown[] } }).MANIFEST;
  const two = path.join(p.folder, 'manifest', 'M0000000002.xml');
  expect((await read(two)).PREVIOUS).toBe(sha256(await s.bytes('manifest', 'M0000000001.xml')));
  expect((await read(path.join(p.folder, 'manifest', 'M0000000003.xml'))).PREVIOUS).toBe(sha256(await readFile(two)));

  // meanwhile nothing is delivered, cancelled, replayed, corrected in place or exported again
  await s.render(['E0']);
  await s.deliver();
  expect(await s.names('manifest')).toEqual(['M0000000001.xml']);
  expect((await s.cli('cancel', p.exchanges[0]!, '--reason', 'x', '--yes')).out).toContain('it is in a hand-over package');
  expect((await s.cli('replay', p.exchanges[0]!)).out).toContain(`it is in the hand-over package ${p.id}`);
  expect((await s.cli('hand-over', 'export', '--channel', 'center', '--all-due', '--to', medium, '--yes')).err).toContain(`package ${p.id} of center is not settled`);
  expect((await s.cli('hand-over', 'list')).code).toBe(1);
  expect((await s.cli('status')).out).toContain(`channel center stands still: package ${p.id} is carried by hand`);

  const hashes = await carry(p);
  // the center is fast: it answers before anybody confirmed
  await startCenter();
  await answered(3, { accepted: 2, rendered: 28 });
  const early = async (): Promise<unknown> => (await s.acknowledge(), (await s.db.run(raw(`select class, count(*) as n from acknowledgement a join exchange e on e.id = a.exchange_id where e.case_no like 'D%' group by class`))).rows);
  await eventually(early, (rows) => JSON.stringify(rows) === JSON.stringify([{ class: 'early', n: '24' }]));

  const confirmed = await s.cli('hand-over', 'confirm', p.id, '--hashes', hashes);
  expect(confirmed.out).toContain('26 hashes match, 12 exchanges staged');
  expect(confirmed.code).toBe(0);
  expect((await s.view.timeline(p.exchanges[0]!)).at(-1)).toMatchObject({ actor: 'admin tester', note: 'delivered-by-hand', to: 'staged' });
  await s.acknowledge();
  expect((await s.view.find({ ids: p.exchanges }, 100)).every((e) => e.state === 'accepted')).toBe(true);

  // the line is back: the next manifest follows the package's
  await s.deliver();
  await answered(5, { accepted: 29, rendered: 1 });
  expect(center!.import.counts()).toMatchObject({ manifests: 5, refused: 0, duplicates: 0, conflicts: 0, anomalies: 0 });
  expect((await s.mirror().look('center'))!.findings).toEqual([]);
  expect((await packages())[0]).toMatchObject({ id: p.id, state: 'confirmed', closedBy: 'admin tester' });
});

it('closes nothing while one hash differs or is missing, and names which', async () => {
  await s.render(cases(3));
  const p = await exported();
  const [first, second] = (await readdir(path.join(p.folder, 'in'))).sort() as [string, string];
  await writeFile(path.join(p.folder, 'in', first), 'tampered on the way');
  const hashes = await carry(p);
  await writeFile(hashes, (await readFile(hashes, 'utf8')).split('\n').filter((l) => !l.includes(second)).join('\n'));
  const refused = await s.cli('hand-over', 'confirm', p.id, '--hashes', hashes);
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('2 hashes match, 1 differ, 1 are missing in the list. Nothing was closed.');
  expect(refused.out).toMatch(new RegExp(`differs +in/${first}`));
  expect(refused.out).toMatch(new RegExp(`missing +in/${second}`));
  expect(await s.states()).toEqual({ rendered: 6 });
  expect((await packages())[0]).toMatchObject({ state: 'open' });
  // the package is written again from the ledger, with the same bytes
  await rm(p.folder, { recursive: true });
  const again = (await s.cli('hand-over', 'write', p.id, '--to', medium, '--json')).json<Exported>();
  expect((await s.cli('hand-over', 'write', p.id, '--to', medium)).err).toContain('is there already');
  // as Windows PowerShell writes it: capitals, full paths, UTF-16
  const { stdout } = await run('sh', ['-c', 'find in manifest -type f -exec sha256sum {} +'], { cwd: again.folder });
  const windows = stdout.trim().split('\n').map((l) => `${l.slice(0, 64).toUpperCase()}  D:\\pakete\\${l.slice(66).replaceAll('/', '\\')}`).join('\r\n');
  await writeFile(hashes, Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(windows, 'utf16le')]));
  expect((await s.cli('hand-over', 'confirm', p.id, '--hashes', hashes)).code).toBe(0);
  expect(await s.states()).toEqual({ rendered: 3, staged: 3 });
  expect((await s.cli('hand-over', 'confirm', p.id, '--hashes', hashes)).err).toContain('is confirmed already');
});

it('is taken back when the line is there again: the same manifests and files, and nothing twice when the medium comes all the same', async () => {
  await s.render(cases(12), Buffer.from('scan'));
  const p = await exported();
  await s.deliver();
  expect(await s.states()).toEqual({ rendered: 24 });
  expect((await s.cli('hand-over', 'cancel', p.id)).out).toContain('Nothing was changed');
  expect((await s.cli('hand-over', 'cancel', p.id, '--yes')).code).toBe(0);
  await s.deliver();
  expect(await s.states()).toEqual({ rendered: 12, staged: 12 });
  for (const sub of ['in', 'manifest']) {
    expect(await s.names(sub)).toEqual((await readdir(path.join(p.folder, sub))).sort());
    for (const name of await s.names(sub)) expect(await s.bytes(sub, name)).toEqual(await readFile(path.join(p.folder, sub, name)));
  }
  await startCenter();
  await answered(2, { accepted: 12, rendered: 12 });
  const hashes = await carry(p);
  await center!.waitUntil(async () => (await s.names('manifest')).length === 0, 10_000);
  expect(center!.import.counts()).toMatchObject({ applied: 12, refused: 0, conflicts: 0, anomalies: 0 });
  expect((await s.cli('hand-over', 'confirm', p.id, '--hashes', hashes)).err).toContain('is taken-back already: the gateway delivers it itself');
  await s.deliver();
  await answered(4, { accepted: 24 });
});

it('takes along a manifest whose way to the staging machine was cut, first in the chain', async () => {
  await s.render(cases(2));
  await s.deliver();
  // fixed, its files put, and then the line was cut
  await s.db.run(raw(`update exchange set state = 'rendered' where state = 'staged'`));
  await s.db.run(raw(`update manifest set state = 'prepared', staged_at = null`));
  await rm(path.join(s.dir, 'manifest', 'M0000000001.xml'));
  await rm(path.join(s.dir, 'in'), { recursive: true });
  await s.render(cases(2, 'D'));
  const p = await exported();
  expect(p).toMatchObject({ manifests: ['1', '2'], files: 6 });
  const hashes = await carry(p);
  await startCenter();
  await s.cli('hand-over', 'confirm', p.id, '--hashes', hashes);
  await answered(2, { accepted: 4, rendered: 4 });
});

it('carries only the cases named, and makes no package of nothing', async () => {
  await s.render(cases(4));
  const p = await exported('--case', 'C1', 'C3');
  expect((await s.view.find({ ids: p.exchanges }, 10)).map((e) => e.caseNo)).toEqual(['C1', 'C3']);
  await s.cli('hand-over', 'cancel', p.id, '--yes');
  await s.deliver();
  expect(await s.states()).toEqual({ rendered: 4, staged: 4 });
  const none = await s.cli('hand-over', 'export', '--channel', 'center', '--all-due', '--to', medium, '--yes');
  expect([none.code, none.out]).toEqual([1, expect.stringContaining('Nothing is due')]);
  expect((await packages()).map((x) => x.state).sort()).toEqual(['empty', 'taken-back']);
  await s.deliver();
  expect((await s.cli('hand-over', 'export', '--channel', 'center', '--to', medium)).code).toBe(2);
  expect((await s.cli('hand-over', 'export', '--channel', 'center', '--all-due', '--to', path.join(medium, 'no'), '--yes')).err).toContain('is not a directory');
  expect((await s.cli('hand-over', 'confirm', 'center-1', '--hashes', 'x')).code).toBe(2);
});

it('keeps the chain whole when deliveries and exports meet', async () => {
  await startCenter();
  await s.render(cases(60));
  const workers = [s.delivery(), s.delivery()];
  const both = await Promise.all([
    ...workers.map((w) => w.handle('center')),
    s.cli('hand-over', 'export', '--channel', 'center', '--all-due', '--to', medium, '--yes', '--json'),
    s.cli('hand-over', 'export', '--channel', 'center', '--all-due', '--to', medium, '--yes', '--json'),
  ]);
  expect(both.filter((b) => typeof b === 'object').length).toBe(2);
  const open = (await packages()).filter((p) => p.state === 'open');
  expect(open.length).toBeLessThanOrEqual(1);
  for (const p of open) await s.cli('hand-over', 'cancel', p.id, '--yes');
  const until = Date.now() + 30_000;
  while ((await s.states())['accepted'] !== 120 && Date.now() < until) {
    await Promise.all(workers.map((w) => w.handle('center')));
    await s.acknowledge();
  }
  expect(await s.states()).toEqual({ accepted: 120 });
  expect(center!.import.counts()).toMatchObject({ applied: 120, refused: 0, conflicts: 0, anomalies: 0 });
});
