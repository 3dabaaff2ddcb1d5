import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

it('the demo settles its sample, balances, leaves the delivered files, and goes on at a second start', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gw-demo-'));
  try {
    const first = await run(process.execPath, ['dist/simulator/demo.js', '--once', '--cases', '25', '--dir', dir], { maxBuffer: 1 << 24 });
    const line = /captured (\d+) = accepted (\d+) \+ refused (\d+) \+ parked (\d+).*: balanced/.exec(first.stdout);
    expect(line).not.toBeNull();
    const [captured, accepted, refused, parked] = line!.slice(1).map(Number) as [number, number, number, number];
    expect(accepted).toBeGreaterThan(50);
    expect(captured).toBe(accepted + refused + parked);
    // The day is reconciled to its end: the statement ties out and is closed, and the bureau has every clearance.
    expect(first.stdout).toMatch(/Daily statement 日终对账单 \d{4}-\d\d-\d\d: ties out, closed by admin demo\n {2}expected opening/);
    expect(first.stdout).toMatch(/fees +ours \d+\/[\d.]+, control file of center \d+\/[\d.]+: agrees/);
    expect(first.stdout).toMatch(/return table land_return .*: [1-9]\d* rows, [1-9]\d* cases cleared\n/);
    const archived = (await readdir(path.join(dir, 'center'), { recursive: true })).filter((n) => /archive.*-application-.*\.xml$/.test(n));
    expect(archived.length).toBeGreaterThan(15);
    const second = await run(process.execPath, ['dist/simulator/demo.js', '--once', '--dir', dir], { maxBuffer: 1 << 24 });
    expect(second.stdout).toContain('Going on with the sample bureau of the last start.');
    expect(second.stdout).toContain(line![0]);
    // What cannot be had any more is said, not left out in silence.
    await expect(run(process.execPath, ['dist/simulator/demo.js', '--once', '--cases', '26', '--dir', dir])).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('holds a demo with --cases 25') as string });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}, 240_000);

it('says what a wrong option should be, before anything is made', async () => {
  const dir = path.join(os.tmpdir(), `gw-demo-never-${process.pid}`);
  for (const [options, text] of [[['--cases', 'many'], "not 'many'"], [['--seed', '0'], "not '0'"], [['--case', '5'], "Unknown option '--case'"]] as const)
    await expect(run(process.execPath, ['dist/simulator/demo.js', ...options, '--dir', dir])).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(text) as string });
  expect(existsSync(dir)).toBe(false);
});
