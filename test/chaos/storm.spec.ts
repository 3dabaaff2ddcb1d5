import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { planFaults } from '../../src/simulator/chaos/plan-faults.js';
import { makeRandom } from '../../src/simulator/bureau/make-random.js';
import type { StormReport } from '../../src/simulator/chaos/storm-report.js';

const run = promisify(execFile);

describe('the plan of a storm', () => {
  const known = ['a', 'b', 'c', 'kill-at'].map((name) => ({ name, lasts: [100, 900] as const }));
  const plan = (seed: number): ReturnType<typeof planFaults> => planFaults(known, makeRandom(seed).next, { aloneRounds: 2, mixedMs: 20_000, again: { 'kill-at': 3 } });

  it('is the same for the same seed and another for another', () => {
    expect(plan(5)).toEqual(plan(5));
    expect(plan(5)).not.toEqual(plan(6));
  });

  it('strikes with each alone as often as asked, and mixed never with two of a kind at once', () => {
    const { alone, mixed } = plan(5);
    expect(alone.filter((f) => f.name === 'a')).toHaveLength(2);
    expect(alone.filter((f) => f.name === 'kill-at')).toHaveLength(5);
    expect(mixed.length).toBeGreaterThan(10);
    for (const f of mixed) expect(mixed.filter((o) => o !== f && o.name === f.name && o.atMs < f.atMs + f.lastsMs && f.atMs < o.atMs + o.lastsMs)).toEqual([]);
  });
});

it('a storm of a single fault has a plan too', () => {
  const { mixed } = planFaults([{ name: 'a', lasts: [100, 900] }], makeRandom(5).next, { aloneRounds: 1, mixedMs: 20_000, again: {} });
  expect(mixed.length).toBeGreaterThan(5);
});

it.each(['redis', 'postgres'])('a short storm, queue on %s: nothing lost, doubled, out of order or falsely reported', async (queue) => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gw-storm-report-'));
  try {
    const file = path.join(dir, 'report.json');
    const { stdout } = await run(process.execPath, ['dist/simulator/chaos.js', '--short', '--seed', '7', '--queue', queue, '--settle', '150', '--json', file], { maxBuffer: 1 << 24 }).catch((error: { stdout?: string; stderr?: string }) => {
      throw new Error(`${error.stdout ?? ''}\n${(error.stderr ?? '').slice(-2_000)}`);
    });
    expect(stdout).toContain('SURVIVED');
    const report = JSON.parse(await readFile(file, 'utf8')) as StormReport;
    expect(report.verdict.violations).toEqual([]);
    expect(report.verdict.checked.applied).toBeGreaterThan(20);
    expect(report.killPoints.visited.length).toBeGreaterThan(0);
    expect(new Set(report.faults.map((f) => f.name)).size).toBeGreaterThan(4);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}, 400_000);

it('says what a wrong option should be', async () => {
  await expect(run(process.execPath, ['dist/simulator/chaos.js', '--faults', 'earthquake'])).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("no fault 'earthquake'") as string });
});
