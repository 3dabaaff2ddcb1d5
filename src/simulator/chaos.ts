import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { faults } from './chaos/fault-catalogue.adapter.js';
import { killPointsOf, stagingKillPoints } from './chaos/kill-points.js';
import { runStorm } from './chaos/run-storm.adapter.js';
import { survived, writeStormReport } from './chaos/storm-report.js';
import { readArguments } from './read-arguments.adapter.js';

const help = `npm run chaos [-- options]
The gateway as separate processes (two schedulers, two workers, an api) on real PostgreSQL and Redis, simulated receivers
behind real SFTP, a bureau that never rests, and everything that can go wrong. Afterwards a checker compares the bureau's rows,
the ledger and what the receivers hold. Exit code 0 only when nothing was lost, doubled, out of order or falsely reported.
  --minutes N        how long about (default 10; every fault once and every critical point take about 8, however few are asked for)
  --seed N           another storm (default 1); the same seed plans the same storm
  --queue Q          redis | postgres (default redis)
  --supervision S    on | off (default on): the supervising side as a third receiver, with limits that pass while the storm lasts
  --faults a,b,c     only these
  --settle SECONDS   everything must settle within this after the last fault (default 60)
  --rate N           new cases a second (default 3)
  --short            the storm of the tests: a few faults, about half a minute
  --json FILE        the report as JSON too
  --keep             leave the folder with databases, logs and files
Faults:
${faults.map((f) => `  ${f.name.padEnd(24)} ${f.text}`).join('\n')}
`;
const { values } = readArguments({
  options: {
    minutes: { type: 'string' }, seed: { type: 'string' }, queue: { type: 'string' }, supervision: { type: 'string' }, faults: { type: 'string' }, settle: { type: 'string' }, rate: { type: 'string' }, short: { type: 'boolean' }, json: { type: 'string' },
    keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
  },
}, help);

function wrong(text: string): never {
  process.stderr.write(`${text}\n${help}`);
  process.exit(2);
}

function number(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const n = Number(text);
  if (!Number.isFinite(n) || n <= 0) wrong(`expected a number above 0, not '${text}'`);
  return n;
}

async function main(): Promise<number> {
  const queue = values.queue ?? 'redis';
  if (queue !== 'redis' && queue !== 'postgres') wrong(`expected redis or postgres, not '${queue}'`);
  const supervision = values.supervision ?? 'on';
  if (supervision !== 'on' && supervision !== 'off') wrong(`expected on or off, not '${supervision}'`);
  const names = values.faults?.split(',').map((n) => n.trim());
  const unknown = names?.find((n) => !faults.some((f) => f.name === n));
  if (unknown !== undefined) wrong(`there is no fault '${unknown}'`);
  const minutes = number(values.minutes, 10);
  const count = names?.length ?? faults.length;
  const deaths = names === undefined || names.includes('kill-at') ? killPointsOf(supervision === 'on').length + stagingKillPoints.length : 0;
  const again: Record<string, number> = values.short ? { 'kill-at': 1 } : { 'kill-at': deaths, 'kill-random': 4 };
  // About 7 s a fault with the calm after it; what is left of the time is mixed, at least a third.
  const aloneRounds = values.short ? 1 : Math.max(1, Math.floor((minutes * 60 * 0.6 - deaths * 7) / (count * 7)));
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-storm-'));
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`everything is kept in ${dir}${values.keep ? '' : ' until the end'}`);
  const report = await runStorm({
    dir, queue, say, supervision: supervision === 'on', deadlinesPerCase: values.short ? 0.2 : 0.06, seed: number(values.seed, 1), faults: names ?? (values.short ? shortFaults : undefined), aloneRounds,
    mixedMs: values.short ? 6_000 : Math.max(20_000, minutes * 60_000 - (aloneRounds * count + deaths) * 7_000), again,
    casesPerSecond: number(values.rate, values.short ? 2 : 3), maxCases: 100_000, settleMs: number(values.settle, 60) * 1000,
    takeoverLeaseMs: values.short ? undefined : 10_000, takeoverLimitMs: 15_000,
  });
  process.stdout.write(writeStormReport(report));
  if (values.json) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.keep || !survived(report)) say(`databases, logs and files: ${dir}`);
  else await rm(dir, { recursive: true, force: true });
  return survived(report) ? 0 : 1;
}

/** What the tests' storm consists of. */
const shortFaults = ['kill-at', 'redis-flushall', 'pg-cut', 'sftp-cut', 'api-cut', 'ack-twice'];

if (values.help) process.stdout.write(help);
else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`The storm could not be finished: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    },
  );
}
