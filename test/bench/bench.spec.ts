import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

it('the short bench moves every case and reports its figures as ratios', async () => {
  const { stdout } = await run(process.execPath, ['dist/simulator/bench.js', '--short', '--json'], { maxBuffer: 1 << 24 });
  const figures = JSON.parse(stdout) as { cases: number; redis: { ratio: number; averageBytes: number; stages: string[] }; idlePollMs: { at1000: number; at20000: number } };
  expect(figures.cases).toBe(300);
  // How fast it was is for a person to read; that it measured something real is for the test.
  expect(figures.redis.ratio).toBeGreaterThan(0);
  expect(figures.redis.averageBytes).toBeGreaterThan(5_000);
  expect(figures.redis.averageBytes).toBeLessThan(7_500);
  expect(figures.idlePollMs.at1000).toBeGreaterThan(0);
}, 180_000);

it('the short bench of the ops page asks for everything once while the gateway works', async () => {
  const { stdout } = await run(process.execPath, ['dist/simulator/bench.js', 'ops', '--short', '--json'], { maxBuffer: 1 << 24 });
  const figures = JSON.parse(stdout) as { rows: number; load: { exchangesThrough: number }; primaryKey: { p95Ms: number }; lines: { key: string; p95Ms: number; timesPrimaryKey: number }[]; texts: Record<string, { found: number; looked: number }> };
  expect(figures.rows).toBe(20_000);
  expect(figures.lines.length).toBeGreaterThan(15);
  expect(figures.lines.every((l) => l.p95Ms > 0 && l.timesPrimaryKey > 0)).toBe(true);
  expect(figures.primaryKey.p95Ms).toBeGreaterThan(0);
  expect(figures.texts['text that stands in each']).toEqual(expect.objectContaining({ found: 50 }));
  expect(figures.load.exchangesThrough).toBeGreaterThan(0);
}, 180_000);

it('the short reconciliation bench settles what agrees and explains the rest', async () => {
  const { stdout } = await run(process.execPath, ['dist/simulator/bench.js', 'reconcile', '--short', '--json'], { maxBuffer: 1 << 24 });
  const figures = JSON.parse(stdout) as { items: number; exact: number; differences: number; timesBareKept: number; timesIndexed: number; dayRatio: number };
  expect(figures).toMatchObject({ items: 20_000, exact: 19_600 });
  expect(figures.timesIndexed).toBeGreaterThan(0);
  expect(figures.differences).toBe(600);
  expect(figures.timesBareKept).toBeGreaterThan(0);
  expect(figures.dayRatio).toBeGreaterThan(0);
}, 180_000);
