import { readFileSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ReplayReport } from '../../src/cli/replay.command.js';
import type { ExchangeState } from '../../src/domain/exchange-states.js';
import type { ReplayOutcome } from '../../src/ledger/replay.store.js';
import { raw } from '../../src/platform/database/sql.js';
import { startSimulatedCenter, type SimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { eventually, openStagingStand, type StagingStand } from '../support/staging-stand.js';
import { stopPostgres } from '../support/postgres.js';

let s: StagingStand;
let center: SimulatedCenter | undefined;
afterEach(async () => {
  await center?.stop();
  center = undefined;
  await s.close();
});
afterAll(stopPostgres);

const cases = (n: number, prefix = 'C'): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
const of = async (caseNo: string, event = 'application') => (await s.view.find({ caseNo, event }, 1))[0]!;
const move = async (caseNo: string, from: ExchangeState, to: ExchangeState) => {
  const { id } = await of(caseNo);
  expect(await s.db.transaction((r) => s.exchanges.move(r, [{ id, from, to, note: to }], { actor: 'test' }))).toEqual([id]);
};
const outcomes = (r: ReplayReport): Record<string, string> => Object.fromEntries(r.exchanges.map((e) => [e.id, (e as ReplayOutcome).outcome]));
const startCenter = (): Promise<SimulatedCenter> => startSimulatedCenter({ channel: 'center', dir: path.join(s.folder, 'center'), stagingDir: s.dir, pollMs: 20, ack: { files: true } });
/** Reads the center's answers until it has imported so many manifests and the ledger stands so. */
async function answered(manifests: number, states: Record<string, number>): Promise<void> {
  await center!.waitUntil((c) => c.import.counts().manifests >= manifests, 15_000);
  await eventually(async () => (await s.acknowledge(), s.states()), (now) => JSON.stringify(now) === JSON.stringify(states));
}

it('runs exactly the plan, and reports every exchange with what became of it', async () => {
  s = await openStagingStand();
  await s.render(cases(8));
  await s.deliver();
  await move('C1', 'staged', 'picked_up');
  await move('C2', 'staged', 'accepted');
  await move('C3', 'staged', 'refused');
  await s.db.run(raw(`update exchange set state = 'parked', parked_from = 'rendered', failure_code = 'name-taken', manifest_seq = null where case_no = 'C4' and event = 'application'`));
  await s.db.run(raw(`update exchange set state = 'cancelled' where case_no = 'C5'`));
  const file = path.join(s.folder, 'plan.json');
  const planned = await s.cli('replay', '--channel', 'center', '--report', file);
  expect(planned.code).toBe(0);
  expect(planned.out).toMatch(/Would act on 13 exchanges of 16 in 7 lanes \(center\); 1 accepted and therefore not sent/);
  expect(planned.out).toContain('Nothing was changed');
  const plan = JSON.parse(readFileSync(file, 'utf8')) as ReplayReport;
  expect(plan.counts.map((c) => `${c.count} ${c.state}: ${c.what}`)).toEqual([
    '7 rendered: due anyway: its worker is woken', '3 staged: sent again with the same bytes, id and name', '1 picked_up: sent again with the same bytes, id and name', '1 accepted: not sent: the receiver has accepted it',
    '1 refused: the next version is opened from the newest snapshot', '1 parked: back to rendered', '2 cancelled: not sent: it was cancelled',
  ]);
  expect((await s.states())['staged']).toBe(3);

  const inodes = new Map(await Promise.all((await s.names('in')).map(async (n) => [n, (await stat(path.join(s.dir, 'in', n))).ino] as const)));
  const shas = new Map((await s.view.find({}, 100)).map((e) => [e.id, [e.sha256, e.messageId, e.fileName]]));
  const report = path.join(s.folder, 'report.json');
  const run = await s.cli('replay', '--plan', file, '--yes', '--report', report);
  expect(run.code).toBe(0);
  expect(run.out).toContain('Everything went as planned.');
  const done = JSON.parse(readFileSync(report, 'utf8')) as ReplayReport;
  expect(done).toMatchObject({ done: true, equalsPlan: true, moved: [], counts: plan.counts, lanes: 7 });
  expect(done.exchanges.map((e) => [e.id, e.step])).toEqual(plan.exchanges.map((e) => [e.id, e.step]));
  for (const e of done.exchanges as ReplayOutcome[]) expect(e.outcome).toBe(e.step.action === 'none' ? 'none' : 'done');
  expect((await s.view.timeline((await of('C0')).id)).at(-1)).toMatchObject({ actor: 'admin tester', from: 'staged', to: 'rendered', note: 'sent-again' });

  await s.deliver();
  expect((await of('C0')).state).toBe('staged');
  expect((await of('C1')).state).toBe('staged');
  expect((await of('C2')).state).toBe('accepted');
  expect((await of('C0')).manifestSeq).not.toBe('1');
  // found intact there, so not written again; listed in a new manifest; same bytes, id and name
  for (const name of await s.names('in')) if (inodes.has(name)) expect((await stat(path.join(s.dir, 'in', name))).ino).toBe(inodes.get(name));
  for (const e of (await s.view.find({}, 100)).filter((x) => shas.has(x.id))) expect([e.sha256, e.messageId, e.fileName]).toEqual(shas.get(e.id));
  expect(await s.bytes('manifest', 'M0000000002.xml').then(String)).toContain((await of('C0')).fileName);
});

it('leaves alone what moved between plan and run, and says so', async () => {
  s = await openStagingStand();
  await s.render(cases(4));
  await s.deliver();
  const file = path.join(s.folder, 'plan.json');
  await s.cli('replay', '--state', 'staged', '--report', file);
  await move('C0', 'staged', 'accepted');
  await move('C1', 'staged', 'picked_up');
  const { code, out, json } = await s.cli('replay', '--plan', file, '--yes', '--json');
  expect(code).toBe(1);
  const report = json<ReplayReport>();
  const [c0, c1, c2, c3] = [await of('C0'), await of('C1'), await of('C2'), await of('C3')];
  expect(report).toMatchObject({ equalsPlan: false, moved: [c0.id, c1.id] });
  expect(outcomes(report)).toEqual({ [c0.id]: 'moved', [c1.id]: 'moved', [c2.id]: 'done', [c3.id]: 'done' });
  expect(out).toContain('moved since the plan: it is accepted; nothing was done');
  expect([c0.state, c1.state, c2.state, c3.state]).toEqual(['accepted', 'picked_up', 'rendered', 'rendered']);
  expect((await s.cli('replay', '--plan', file)).code).toBe(2);
  expect((await s.cli('replay', '--plan', path.join(s.folder, 'no.json'), '--yes')).code).toBe(2);
});

it('finds by window, manifest and filter', async () => {
  s = await openStagingStand();
  await s.render(cases(2));
  await s.deliver();
  s.clock.aheadMs = 86_400_000;
  await s.render(cases(3, 'D'));
  await s.deliver();
  const total = async (...args: string[]): Promise<number> => (await s.cli('replay', ...args, '--json')).json<ReplayReport>().total;
  const tomorrow = new Date(Date.now() + 8 * 3_600_000 + 43_200_000).toISOString().slice(0, 16).replace('T', ' ');
  expect(await total('--from', tomorrow)).toBe(6);
  expect(await total('--to', tomorrow)).toBe(4);
  expect(await total('--to', tomorrow, '--by', 'staged')).toBe(2);
  expect(await total('--from', tomorrow, '--by', 'staged', '--state', 'staged', '--event', 'application')).toBe(3);
  expect(await total('--channel', 'center', '--manifest', 'M0000000002.xml')).toBe(3);
  expect(await total('--case', 'D1')).toBe(2);
  expect(await s.cli('replay', '--from', '2020-01-01', '--to', '2020-01-02')).toMatchObject({ code: 1, out: 'Nothing matches what was captured from 2020-01-01 00:00:00.000+08 before 2020-01-02 00:00:00.000+08.\n' });
  for (const wrong of [['--from', '2026-02-31'], ['--from', '2026-11-23', '--to', '2026-11-23'], ['--manifest', '1'], ['--by', 'x', '--case', 'D1'], [], ['--state', 'lost'], ['C1'], ['--channel', 'centre']]) expect((await s.cli('replay', ...wrong)).code).toBe(2);
});

it('applies nothing twice at the center, whatever it had before: not yet, taken, or answered', async () => {
  s = await openStagingStand();
  await s.render(cases(6));
  await s.deliver();
  // lost before the center saw it: the old manifest names a file that is not there when the replay comes
  await rm(path.join(s.dir, 'in', (await of('C0')).fileName));
  await s.cli('replay', '--state', 'staged', '--yes');
  await s.deliver();
  center = await startCenter();
  await answered(2, { accepted: 6, rendered: 6 });
  expect(center.import.counts()).toMatchObject({ applied: 6, refused: 0, conflicts: 0, anomalies: 0 });

  // taken and answered, but the answers are lost with the ledger's last hour
  await s.db.run(raw(`update exchange set state = 'staged' where event = 'application'`));
  await s.cli('replay', '--state', 'staged', '--yes');
  await s.deliver();
  await center.waitUntil((c) => c.import.counts().manifests === 3 && c.acks.counts().pending === 0, 15_000);
  expect(center.import.counts()).toMatchObject({ applied: 6, refused: 0, conflicts: 0, anomalies: 0 });
  expect(center.import.counts().duplicates).toBeGreaterThanOrEqual(6);
});

it('keeps an acknowledgement that arrives while the message is on its way again', async () => {
  s = await openStagingStand();
  await s.render(cases(3));
  await s.deliver();
  const sent = (await s.cli('replay', '--state', 'staged', '--yes', '--json')).json<ReplayReport>();
  expect(sent.sent).toBe(3);
  expect(await s.states()).toEqual({ rendered: 6 });
  // the center takes the first manifest and answers everything before the second is there
  center = await startCenter();
  const classes = async (): Promise<unknown[]> => (await s.acknowledge(), (await s.db.run(raw(`select class, count(*) as n from acknowledgement group by class`))).rows);
  await eventually(classes, (rows) => JSON.stringify(rows) === JSON.stringify([{ class: 'early', n: '6' }]));
  expect(await s.states()).toEqual({ rendered: 6 });
  await s.deliver();
  await s.acknowledge();
  expect(await s.states()).toEqual({ accepted: 3, rendered: 3 });
  await answered(2, { accepted: 3, rendered: 3 });
  expect(center.import.counts()).toMatchObject({ applied: 3, conflicts: 0, refused: 0 });
  // the lanes go on
  await s.deliver();
  await answered(3, { accepted: 6 });
  expect(center.import.applied().map((a) => a.message).slice(3)).toEqual(['acceptance', 'acceptance', 'acceptance']);
});

it('does not send a message back while a later one of its lane is being delivered', async () => {
  s = await openStagingStand({ laneAdvancesOn: 'staged' });
  await s.render(['C0', 'C1']);
  const first = [await of('C0'), await of('C1')];
  await s.db.run(raw(`update exchange set due_at = now() + interval '1 day' where event = 'acceptance'`));
  await s.deliver();
  await s.db.run(raw(`update exchange set due_at = now() - interval '1 minute'`));
  const [claimed] = await s.exchanges.claim('center', 'rendered', { limit: 1, token: 'worker', claimMs: 60_000 });
  const busy = first.find((f) => f.caseNo === claimed!.caseNo)!;
  const free = first.find((f) => f.caseNo !== claimed!.caseNo)!;
  const { json } = await s.cli('replay', busy.id, free.id, '--yes', '--json');
  expect(outcomes(json<ReplayReport>())).toEqual({ [busy.id]: 'moved', [free.id]: 'done' });
  // the later message of the free lane waits for the earlier one
  expect((await s.exchanges.claim('center', 'rendered', { limit: 10, token: 'other', claimMs: 60_000 })).map((e) => e.id)).toEqual([free.id]);
});

it.each(['accepted', 'staged'] as const)('keeps every lane in order with replays, deliveries and a center at once (lanes advance on %s)', async (laneAdvancesOn) => {
  s = await openStagingStand({ laneAdvancesOn, batch: 7 });
  center = await startCenter();
  await s.render(cases(30));
  const workers = [s.delivery(), s.delivery()];
  const until = Date.now() + 60_000;
  let replays = 0;
  for (let round = 0; Date.now() < until; round += 1) {
    // now and then what is staged waits, so that there is something to send again
    center.faults.import.paused = round < 10 && round % 5 !== 4;
    await Promise.all([
      ...workers.map((w) => w.handle('center')),
      s.acknowledge(),
      round % 2 === 0 ? s.cli('replay', '--state', 'staged,picked_up', '--yes', '--json').then((a) => { replays += a.json<ReplayReport>().exchanges.filter((e) => (e as ReplayOutcome).outcome === 'done').length; }) : undefined,
    ]);
    if (round > 12 && Object.keys(await s.states()).join() === 'accepted') break;
    if (round > 10) await s.acknowledge();
  }
  expect(replays).toBeGreaterThan(0);
  expect(await s.states()).toEqual({ accepted: 60 });
  expect(center.import.counts()).toMatchObject({ applied: 60, refused: 0, conflicts: 0, anomalies: 0 });
}, 90_000);

it('does not send what the ledger has no bytes of', async () => {
  s = await openStagingStand();
  await s.render(cases(2));
  await s.deliver();
  await s.db.run(raw(`delete from message where exchange_id = ${(await of('C0')).id}`));
  const report = (await s.cli('replay', '--state', 'staged', '--yes', '--json')).json<ReplayReport>();
  expect(outcomes(report)).toEqual({ [(await of('C0')).id]: 'none', [(await of('C1')).id]: 'done' });
  expect(report.counts.map((c) => c.what).join()).toContain('the ledger does not hold its bytes');
});

describe('cancel', () => {
  it('ends what is not sent, with the reason in the timeline, and lets the lane go on', async () => {
    s = await openStagingStand();
    await s.render(['C0', 'C1']);
    await s.deliver();
    await s.db.run(raw(`update exchange set state = 'parked', parked_from = 'rendered', failure_code = 'name-taken', manifest_seq = null where case_no = 'C1' and event = 'application'`));
    const [sent, parked, waiting] = [await of('C0'), await of('C1'), await of('C0', 'acceptance')];
    const plan = await s.cli('cancel', sent.id, parked.id, '--reason', 'test data');
    expect(plan.code).toBe(1);
    expect(plan.out).toContain('the receiver can have it already');
    expect(plan.out).toContain('Nothing was changed');
    const done = await s.cli('cancel', parked.id, waiting.id, '--reason', 'test data', '--yes');
    expect(done.code).toBe(0);
    expect((await of('C1')).state).toBe('cancelled');
    expect((await s.view.timeline(parked.id)).at(-1)).toMatchObject({ actor: 'admin tester', note: 'cancelled', detail: 'test data', to: 'cancelled' });
    await s.deliver();
    expect((await of('C1', 'acceptance')).state).toBe('staged');
    expect((await s.cli('cancel', parked.id, '--reason', 'x', '--yes')).code).toBe(1);
    expect((await s.cli('cancel', 'C1', '--reason', 'x')).code).toBe(2);
    expect((await s.cli('cancel', parked.id)).code).toBe(2);
  });

  it('keeps its hands off what a worker holds or a manifest lists', async () => {
    s = await openStagingStand();
    await s.render(['C0', 'C1']);
    const [a, b] = [await of('C0'), await of('C1')];
    await s.db.run(raw(`update exchange set claimed_until = now() + interval '1 minute', claim_token = 'w' where id = ${a.id}`));
    await s.db.run(raw(`insert into manifest (channel, seq, file_name, content, sha256, state, prepared_at) values ('center', 1, 'M', '', 'x', 'prepared', now())`));
    await s.db.run(raw(`update exchange set manifest_seq = 1 where id = ${b.id}`));
    const { out } = await s.cli('cancel', a.id, b.id, '--reason', 'x', '--yes');
    expect(out).toContain('a worker has it in hand');
    expect(out).toContain('a manifest that is just being delivered lists it');
    expect(await s.states()).toEqual({ rendered: 4 });
  });
});
