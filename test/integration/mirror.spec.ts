import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChannelMirror } from '../../src/cli/format-mirror.js';
import type { MirrorFinding } from '../../src/domain/mirror-findings.js';
import { raw } from '../../src/platform/database/sql.js';
import { eventually, openStagingStand, sha256, type StagingStand } from '../support/staging-stand.js';
import { stopPostgres } from '../support/postgres.js';

let s: StagingStand;
beforeEach(async () => {
  s = await openStagingStand();
});
afterEach(() => s.close());
afterAll(stopPostgres);

const file = (sub: string, name: string): string => path.join(s.dir, sub, name);
const told = (findings: readonly MirrorFinding[]): string[] => findings.map((f) => `${f.kind} ${f.directory}/${f.name}`).sort();
const cases = (n: number): string[] => Array.from({ length: n }, (_, i) => `C${i}`);
async function applications(): Promise<string[]> {
  return (await s.view.find({ event: 'application' }, 1000)).map((e) => e.fileName);
}
interface MirrorAnswer { done: boolean; channels: ChannelMirror[] }

it('finds nothing where everything lies as it was put, and touches nothing', async () => {
  await s.render(cases(5), Buffer.from('scan'));
  await s.deliver();
  const look = (await s.mirror().look('center'))!;
  expect(look).toMatchObject({ findings: [], fresh: [], hashed: 5 + 5 + 1, unhashed: 0 });
  expect(look.directories).toEqual([{ directory: 'in', files: 10 }, { directory: 'manifest', files: 1 }, { directory: 'ack', files: 0 }]);
});

it('tells each kind of finding, stores it once and closes it when it is gone', async () => {
  await s.render(cases(8));
  await s.deliver();
  const [a, b, c, d] = await applications() as [string, string, string, string];
  const whole = await s.bytes('in', d);
  await mkdir(file('archive', 'manifest'), { recursive: true });
  await rm(file('in', a));
  await writeFile(file('in', b), 'longer or shorter');
  await rename(file('in', c), file('in', 'someone-renamed-it.xml'));
  await copyFile(file('in', d), file('in', 'copy of it.xml'));
  const sameSize = Buffer.from(whole);
  sameSize[sameSize.length - 10]! ^= 1;
  const e = (await applications())[4]!;
  await writeFile(file('in', e), Buffer.alloc((await stat(file('in', e))).size, 'x'));
  await writeFile(file('in', 'foreign.txt'), 'what is this');
  await writeFile(file('in', '000000009999-application-X-v1.xml'), 'like ours');
  await writeFile(file('in', `.${d}.0123456789ab.part`), 'half');
  await writeFile(file('manifest', 'M0000000099.xml'), 'no such manifest');
  const mirror = s.mirror();
  const look = (await mirror.look('center'))!;
  expect(told(look.findings)).toEqual([
    `altered in/${b}`, `altered in/${e}`, 'doubled in/copy of it.xml', 'foreign in/000000009999-application-X-v1.xml', 'foreign in/foreign.txt', 'foreign manifest/M0000000099.xml',
    `half-written in/.${d}.0123456789ab.part`, `missing in/${a}`, `missing in/${c}`, 'renamed in/someone-renamed-it.xml',
  ].sort());
  expect(look.fresh.length).toBe(10);
  const again = (await mirror.look('center'))!;
  expect(told(again.findings)).toEqual(told(look.findings));
  expect(again).toMatchObject({ fresh: [], gone: [], hashed: 0 });
  expect((await s.metrics.registry.getSingleMetricAsString('gateway_mirror_findings'))).toContain('gateway_mirror_findings{channel="center",kind="missing"} 2');

  expect((await s.cli('status')).out).toContain('channel center: 2 missing on the staging machine (gateway mirror)');

  // nothing was touched
  expect(await s.bytes('in', b)).toEqual(Buffer.from('longer or shorter'));
  await rm(file('in', 'foreign.txt'));
  const later = (await mirror.look('center'))!;
  expect(later.gone.map((g) => `${g.kind} ${g.name}`)).toEqual(['foreign foreign.txt']);
  await writeFile(file('in', 'foreign.txt'), 'again');
  await mirror.look('center');
  expect((await s.mirrorStore.findings()).find((f) => f.name === 'foreign.txt')).toMatchObject({ times: 2 });
  expect((await s.mirrorStore.counts()).find((k) => k.kind === 'missing')).toEqual({ channel: 'center', kind: 'missing', count: 2 });
});

it('knows that the receiver took what lies in its archive, and believes no silence without one before its time', async () => {
  await s.render(cases(4));
  await s.deliver();
  const [a, b, c, d] = await applications() as [string, string, string, string];
  const mirror = s.mirror();
  for (const name of [a, b]) await rm(file('in', name));
  await rm(file('manifest', 'M0000000001.xml'));
  // there is no archive: taken and lost look the same, until the receiver should have answered
  expect(told((await mirror.look('center'))!.findings)).toEqual([]);
  s.clock.aheadMs = s.settings.mirror.overdueMs + 60_000;
  expect(told((await mirror.look('center'))!.findings)).toEqual([`missing in/${a}`, `missing in/${b}`, 'missing manifest/M0000000001.xml'].sort());
  s.clock.aheadMs = 0;
  // with an archive they can be told apart, also by size
  const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10).replaceAll('-', '');
  await mkdir(file('archive', day), { recursive: true });
  await mkdir(file('archive', 'manifest'), { recursive: true });
  await writeFile(file('archive/manifest', 'M0000000001.xml'), 'x');
  await rename(file('in', c), file(`archive/${day}`, c));
  await rename(file('in', d), file(`archive/${day}`, `${d}.m7`));
  await writeFile(file(`archive/${day}`, b), 'truncated');
  const look = (await mirror.look('center'))!;
  expect(told(look.findings)).toEqual([`missing in/${a}`, `missing in/${b}`].sort());
  expect(look.findings.find((f) => f.name === b)!.detail).toMatch(/in the archive with 9 bytes instead of \d+/);
});

it('tells a manifest that the receiver does not take, and acknowledgement files that nobody collects', async () => {
  await s.render(cases(3));
  await s.deliver();
  await writeFile(file('ack', 'A1.xml'), '<x/>');
  const files = { ...s.channel, acknowledgement: { ...s.channel.acknowledgement, files: false } };
  s.clock.aheadMs = s.settings.mirror.overdueMs + 60_000;
  expect(told((await s.mirror(files).look('center'))!.findings)).toEqual(['overdue manifest/M0000000001.xml', 'uncollected ack/A1.xml']);
  // put away, but the ledger was restored from before it came
  await mkdir(file('ack', 'done'), { recursive: true });
  await rename(file('ack', 'A1.xml'), file('ack/done', 'A1.xml'));
  expect(told((await s.mirror().look('center', { deep: true }))!.findings)).toEqual(['overdue manifest/M0000000001.xml', 'unrecorded ack/done/A1.xml']);
});

it('leaves what is being delivered and what was answered alone; a cancelled message that lies there is named', async () => {
  await s.render(cases(3));
  await s.deliver();
  const [one, two] = await s.view.find({ event: 'application' }, 10);
  await s.db.transaction((r) => s.exchanges.move(r, [{ id: one!.id, from: 'staged', to: 'accepted', note: 'accepted' }], { actor: 'test' }));
  await rm(file('in', one!.fileName));
  await s.db.run(raw(`update exchange set state = 'rendered', claimed_until = now() + interval '1 minute', claim_token = 't' where id = ${two!.id}`));
  await writeFile(file('in', `.${two!.fileName}.0123456789ab.part`), 'being written');
  expect(told((await s.mirror().look('center'))!.findings)).toEqual([]);
  await s.db.run(raw(`update exchange set state = 'cancelled', manifest_seq = null, claimed_until = null where id = ${two!.id}`));
  expect(told((await s.mirror().look('center'))!.findings)).toEqual([`half-written in/.${two!.fileName}.0123456789ab.part`, `unlisted in/${two!.fileName}`]);
});

it('tells a machine that cannot be listed once, and says nothing of what it did not see', async () => {
  await s.render(cases(2));
  await s.deliver();
  await writeFile(file('in', 'foreign.txt'), 'x');
  const mirror = s.mirror();
  await mirror.look('center');
  await s.registry.closeAll();
  await rm(s.ssh.privateKeyFile);
  const look = (await mirror.look('center'))!;
  expect(look).toMatchObject({ findings: [], fresh: [], gone: [] });
  expect(look.directories.map((d) => `${d.directory} ${d.failure!.code}`)).toEqual(['in staging-login', 'manifest staging-login', 'ack staging-login']);
  expect(told(await s.mirrorStore.findings())).toEqual(['foreign in/foreign.txt']);
  const answer = await s.cli('mirror');
  expect(answer.code).toBe(69);
  expect(answer.out).toContain('CANNOT BE LISTED');
});

it('says lost without an archive when the manifest still lies there after a while', async () => {
  await s.render(cases(2));
  await s.deliver();
  const [a] = await applications() as [string];
  await rm(file('in', a));
  const mirror = s.mirror();
  expect(told((await mirror.look('center'))!.findings)).toEqual([]);
  s.clock.aheadMs = 61_000;
  expect(told((await mirror.look('center'))!.findings)).toEqual([`missing in/${a}`]);
});

it('ends without a record when another process took over', async () => {
  await s.render(cases(2));
  await s.deliver();
  await rm(file('in', (await applications())[0]!));
  expect(await s.mirror().look('center', { goOn: () => Promise.resolve(false) })).toBeUndefined();
  expect(await s.mirrorStore.findings()).toEqual([]);
});

it('restores on order: the files before the manifest that lists them, an altered one set aside, what the receiver passed over listed anew', async () => {
  await s.render(cases(3), Buffer.from('scan'));
  await s.deliver();
  await s.render(['D0']);
  await s.deliver();
  expect(await s.names('manifest')).toEqual(['M0000000001.xml', 'M0000000002.xml']);
  const before = new Map(await Promise.all((await s.names('in')).map(async (n) => [n, sha256(await s.bytes('in', n))] as const)));
  const manifest = await s.bytes('manifest', 'M0000000001.xml');
  const d0 = (await s.view.find({ caseNo: 'D0', event: 'application' }, 1))[0]!;
  await mkdir(file('archive', 'manifest'), { recursive: true });
  // manifest 1 is gone with one of its files, and another one altered; manifest 2 was taken without its file
  await rm(file('manifest', 'M0000000001.xml'));
  const [a, b] = (await applications()) as [string, string];
  await rm(file('in', a.replace('.xml', '.a01.pdf')));
  await writeFile(file('in', b), 'altered');
  await rename(file('manifest', 'M0000000002.xml'), file('archive/manifest', 'M0000000002.xml'));
  await rm(file('in', d0.fileName));

  const plan = await s.cli('mirror', '--restore', '--json');
  expect(plan.code).toBe(1);
  const planned = plan.json<MirrorAnswer>().channels[0]!.restored!;
  expect(planned).toMatchObject({ aside: [`in/${b}`], manifests: ['M0000000001.xml'], replay: [{ id: d0.id, step: { action: 'resend' } }] });
  expect(planned.beside.length).toBe(2);
  expect(await s.bytes('in', b)).toEqual(Buffer.from('altered'));
  expect((await s.cli('mirror', '--restore')).out).toContain('Nothing was changed');

  const done = await s.cli('mirror', '--restore', '--yes', '--json');
  expect(done.json<MirrorAnswer>().channels[0]!.restored).toMatchObject({ moved: [{ from: `in/${b}`, to: `aside/${b}` }], failed: [], replayed: [{ id: d0.id, outcome: 'done' }] });
  expect(await s.bytes('aside', b)).toEqual(Buffer.from('altered'));
  expect(await s.bytes('manifest', 'M0000000001.xml')).toEqual(manifest);
  await s.deliver();
  for (const [name, hash] of before) expect(sha256(await s.bytes('in', name))).toBe(hash);
  expect(await s.names('manifest')).toEqual(['M0000000001.xml', 'M0000000003.xml']);
  expect((await s.view.find({ ids: [d0.id] }, 1))[0]).toMatchObject({ state: 'staged', manifestSeq: '3' });
  expect((await s.mirror().look('center', { deep: true }))!.findings).toEqual([]);
  expect((await s.cli('mirror')).code).toBe(0);
});

it('tells what the receiver says it read otherwise, although it said before that it has it, and sends it again on order', async () => {
  await s.render(['E0', 'E1', 'E2']);
  await s.deliver();
  const [e0, e1, e2] = await s.view.find({ event: 'application' }, 10);
  const other = 'f'.repeat(64);
  const ack = (e: { messageId: string }, level: string, hash: string): string => `<ACK><ID>${e.messageId}</ID><LEVEL>${level}</LEVEL><SHA256>${hash}</SHA256>${level === 'refused' ? '<CODE>902</CODE><REASON>differs</REASON>' : ''}</ACK>`;
  // E2 is refused as it was sent: that is an answer, and a person sees it as one.
  await writeFile(file('ack', 'A1.xml'), `<ACKNOWLEDGEMENTS CHANNEL="center">${ack(e0!, 'picked-up', e0!.sha256!)}${ack(e0!, 'picked-up', other)}${ack(e0!, 'refused', other)}${ack(e1!, 'accepted', other)}${ack(e2!, 'refused', e2!.sha256!)}</ACKNOWLEDGEMENTS>`);
  await eventually(async () => (await s.acknowledge(), s.states()), (now) => now['picked_up'] === 1 && now['refused'] === 1);
  const look = (await s.mirror().look('center'))!;
  expect(told(look.findings)).toEqual([`misread in/${e0!.fileName}`, `misread in/${e1!.fileName}`]);
  expect(look.findings[0]!.detail).toBe(`what was read has SHA-256 ${other}: refused (902)`);
  const done = await s.cli('mirror', '--restore', '--yes', '--json');
  expect(done.json<MirrorAnswer>().channels[0]!.restored).toMatchObject({ failed: [], replayed: [{ id: e0!.id, outcome: 'done' }, { id: e1!.id, outcome: 'done' }] });
  await s.deliver();
  expect((await s.view.find({ ids: [e0!.id, e1!.id] }, 2)).map((e) => `${e.state} ${e.manifestSeq}`)).toEqual(['staged 2', 'staged 2']);
  // What was said of the delivery before says nothing of this one.
  expect(told((await s.mirror().look('center'))!.findings)).toEqual([]);
});

it('sweeps only temporary files of ours that it has seen for an hour', async () => {
  await s.render(cases(1));
  await s.deliver();
  await writeFile(file('in', '.M0000000009.xml.0123456789ab.part'), 'left by a crash');
  await writeFile(file('in', '.hidden-of-somebody-else.part'), 'stays');
  expect((await s.cli('mirror', '--sweep', '--yes', '--json')).json<MirrorAnswer>().channels[0]!.swept).toMatchObject({ files: [], tooYoung: 1 });
  s.clock.aheadMs = 3_700_000;
  expect((await s.cli('mirror', '--sweep', '--json')).json<MirrorAnswer>().channels[0]!.swept).toMatchObject({ files: ['in/.M0000000009.xml.0123456789ab.part'], tooYoung: 0 });
  expect(await s.names('in')).toContain('.M0000000009.xml.0123456789ab.part');
  await s.cli('mirror', '--sweep', '--yes');
  expect((await s.names('in')).filter((n) => n.startsWith('.'))).toEqual(['.hidden-of-somebody-else.part']);
  expect((await s.cli('mirror', '--yes')).code).toBe(2);
});
