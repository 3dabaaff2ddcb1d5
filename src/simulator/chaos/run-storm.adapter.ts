import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { parseDocument } from 'yaml';
import { makeRandom } from '../bureau/make-random.js';
import { checkStorm } from './check-storm.js';
import { countUnsettled, type Unsettled, type UnsettledOptions } from './count-unsettled.adapter.js';
import { faults, type Fault, type StormScene } from './fault-catalogue.adapter.js';
import { killPointsOf, stagingKillPoints } from './kill-points.js';
import { planFaults, type PlannedFault } from './plan-faults.js';
import { makeCounts } from './reckon-time.js';
import { readBureauWitness } from './read-bureau-witness.adapter.js';
import { readCenterWitness } from './read-center-witness.adapter.js';
import { readLedgerWitness } from './read-ledger-witness.adapter.js';
import { readOfficeDays } from './read-office-days.adapter.js';
import type { FaultRun, StormReport } from './storm-report.js';
import { startStormLoad } from './storm-load.adapter.js';
import { StormStack, until } from './storm-stack.adapter.js';
import { stepLimits } from './storm-supervision.js';
import type { Disturbance, WatchedChannel } from './witness.js';

export interface StormOptions {
  readonly dir: string;
  readonly seed: number;
  readonly queue: 'redis' | 'postgres';
  /** Whether the supervising side takes part, with limits that pass while the storm lasts. */
  readonly supervision: boolean;
  /** Names of the catalogue; undefined: all. */
  readonly faults?: readonly string[] | undefined;
  /** How often each fault comes alone, and how long the mixed part lasts. */
  readonly aloneRounds: number;
  readonly mixedMs: number;
  /** How often some faults come alone beside that: one critical point and one process after the other. */
  readonly again: Readonly<Record<string, number>>;
  readonly casesPerSecond: number;
  /** Of the new cases, how many are accepted so that a limit passes seconds later; where the supervising side takes part. */
  readonly deadlinesPerCase: number;
  readonly maxCases: number;
  /** Everything must settle within this after the last fault. */
  readonly settleMs: number;
  /** Measured where it is given: the lease of production, milliseconds. */
  readonly takeoverLeaseMs?: number | undefined;
  readonly takeoverLimitMs: number;
  readonly say: (line: string) => void;
}

/** A whole storm: stack, load, faults, calm, and then the judgement of the checker. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const stack = await StormStack.start({ dir: options.dir, queue: options.queue, supervision: options.supervision, say: options.say });
  try {
    return await new Storm(options, stack).run();
  } finally {
    await stack.stop();
  }
}

class Storm {
  private readonly began = Date.now();
  private readonly runs: FaultRun[] = [];
  private readonly disturbances = new Set<Disturbance>();
  private readonly random: () => number;
  private readonly visited = new Set<string>();
  private readonly known: readonly Fault[];
  /** When the last look began that found everything settled, milliseconds. */
  private calmAt: number | undefined;

  constructor(
    private readonly options: StormOptions,
    private readonly stack: StormStack,
  ) {
    const random = makeRandom(options.seed);
    this.random = () => random.next();
    this.known = faults.filter((f) => (options.faults ?? faults.map((k) => k.name)).includes(f.name)).filter((f) => options.queue === 'redis' || !f.name.startsWith('redis-'));
  }

  async run(): Promise<StormReport> {
    const { options, stack } = this;
    const watched = await watchedChannels(Object.keys(stack.centers));
    const office = options.supervision ? await readOfficeDays(path.join(options.dir, 'config', 'calendar.yaml')) : undefined;
    // Three weeks back: some cases are in time then, some late, some closed tomorrow.
    const firstDay = new Date(Date.now() - 21 * 86_400_000).toISOString().slice(0, 10);
    const deadlines = office && { counts: makeCounts(office), perCase: options.deadlinesPerCase };
    const load = await startStormLoad({ bureauUrl: stack.bureauUrl, seed: options.seed, casesPerSecond: options.casesPerSecond, maxCases: options.maxCases, from: firstDay, deadlines });
    await stack.startGateway();
    load.start();
    const scene: StormScene = { stack, load, random: this.random, visited: this.visited, struck: new Set() };
    const unsettled: UnsettledOptions = {
      bureauUrl: stack.bureauUrl, ledgerUrl: stack.ledgerUrl, channels: watched,
      centers: Object.fromEntries(Object.keys(stack.centers).map((c) => [c, { dir: path.join(options.dir, c) }])),
    };
    const plan = planFaults(this.known, this.random, options);
    options.say(`${plan.alone.length} faults one by one, then ${plan.mixed.length} mixed over ${Math.round(options.mixedMs / 1000)} s`);
    await this.breathe(2_000);

    for (const [i, planned] of plan.alone.entries()) {
      const atMs = Date.now() - this.began;
      const fault = this.faultOf(planned.name);
      options.say(`[${clock(atMs)}] ${i + 1}/${plan.alone.length} ${fault.name}: ${fault.text}`);
      const lastedMs = await this.strike(scene, fault, planned);
      await load.rest();
      const settledMs = await this.settle(unsettled, options.settleMs, fault.name);
      this.runs.push({ name: fault.name, phase: 'alone', atMs, lastedMs, settledMs });
      load.start();
      if (settledMs === undefined) break; // the rest would only measure this one again
    }

    const mixedBegan = Date.now();
    const striking: Promise<unknown>[] = [];
    const under = new Map<string, Promise<unknown>>();
    if (this.runs.every((r) => r.settledMs !== undefined)) {
      for (const planned of plan.mixed) {
        const wait = planned.atMs - (Date.now() - mixedBegan);
        if (wait > 0) await this.breathe(wait);
        const fault = this.faultOf(planned.name);
        const atMs = Date.now() - this.began;
        options.say(`[${clock(atMs)}] mixed: ${fault.name} for ${(planned.lastsMs / 1000).toFixed(1)} s`);
        // On a busy machine a fault lasts longer than planned; the next of its kind waits, since two at once would undo each other.
        const one = (under.get(fault.name) ?? Promise.resolve()).then(() => this.strike(scene, fault, planned)).then((lastedMs) => void this.runs.push({ name: fault.name, phase: 'mixed', atMs, lastedMs }));
        one.catch(() => undefined); // awaited below with the others
        under.set(fault.name, one);
        striking.push(one);
      }
    }
    await Promise.all(striking);
    await load.stop();
    options.say(`[${clock(Date.now() - this.began)}] the faults are over, the load has stopped; everything must settle by itself`);
    // But for files that were harmed while other faults held up what tells of it: a person who looks again finds those.
    if (plan.mixed.some((planned) => this.faultOf(planned.name).needsPerson === true)) await this.repair();
    const settledMs = await this.settle(unsettled, options.settleMs, 'the storm');
    const takeoverMs = options.takeoverLeaseMs === undefined ? undefined : await this.measureTakeover(options.takeoverLeaseMs);
    // While that was measured limits passed that nobody looked after.
    if (takeoverMs !== undefined) await this.settle(unsettled, options.settleMs, 'the takeover');
    const settledAt = Math.floor((this.calmAt ?? Date.now()) / 1000) - 1;
    const minutes = (Date.now() - this.began) / 60_000;

    options.say(`[${clock(Date.now() - this.began)}] the checker reads bureau, ledger and receivers`);
    const centers = Object.fromEntries(await Promise.all(Object.keys(stack.centers).map(async (c) => [c, await readCenterWitness(path.join(options.dir, c), c)] as const)));
    const supervision = office && { office, stepLimits, settledAt, readAt: Math.ceil(Date.now() / 1000), punctual: load.punctual() };
    const verdict = checkStorm({ channels: watched, disturbances: [...this.disturbances], bureau: await readBureauWitness(stack.bureauUrl), ledger: await readLedgerWitness(stack.ledgerUrl), centers, supervision });
    return {
      seed: options.seed, queue: options.queue, minutes, load: load.counts(), faults: this.runs,
      killPoints: { visited: [...this.visited], known: killPointsOf(options.supervision).length + stagingKillPoints.length },
      settledMs, settleLimitMs: options.settleMs, takeoverMs, takeoverLimitMs: options.takeoverLimitMs, deadlocks: await stack.deadlocks(),
      processes: stack.processes.map(({ process }) => ({ name: process.name, starts: process.starts, failures: process.failures })), verdict,
    };
  }

  private faultOf(name: string): Fault {
    return this.known.find((f) => f.name === name)!;
  }

  /** Begins a fault, lets it last, ends it; returns how long it really lasted. */
  private async strike(scene: StormScene, fault: Fault, planned: PlannedFault): Promise<number> {
    const began = Date.now();
    for (const d of fault.disturbances ?? []) this.disturbances.add(d);
    const end = await fault.begin(scene, planned.lastsMs);
    await this.breathe(planned.lastsMs);
    await end();
    if (fault.needsPerson) await this.repair();
    return Date.now() - began;
  }

  /** What an administrator does after files were harmed on the staging machine: has the mirror put them back. */
  private async repair(): Promise<void> {
    await this.breathe(1_500);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.command('mirror', '--channel', 'center', '--deep', '--restore', '--yes');
        return;
      } catch (error) {
        // Another fault may hold the ledger or the staging machine just now; a person would try again too.
        if (attempt === 5) throw error;
        await this.breathe(2_000);
      }
    }
  }

  /** An administrator's command against the running gateway; exit code 1 only says that something needed attention. */
  private command(...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(process.execPath, ['dist/cli/gateway.js', ...args], { env: { PATH: process.env['PATH'], ...this.stack.commandEnv } }, (error, stdout, stderr) => {
        if (error && error.code !== 1) reject(new Error(`gateway ${args.join(' ')}: ${String(error.code)} ${stderr.slice(0, 500)}`));
        else resolve(stdout);
      });
    });
  }

  /** Waits until nothing is on its way; undefined when the limit passes first. */
  private async settle(unsettled: UnsettledOptions, limitMs: number, after: string): Promise<number | undefined> {
    const started = Date.now();
    let last: Unsettled | string = 'not asked yet';
    let quiet = 0;
    let slow: string | undefined;
    while (Date.now() - started < limitMs) {
      const looked = Date.now();
      last = await countUnsettled(unsettled).catch((error: unknown) => String(error));
      // Twice in a row, so that a moment between two steps is not taken for the end.
      quiet = typeof last !== 'string' && last.total === 0 ? quiet + 1 : 0;
      if (quiet === 2) {
        this.calmAt = looked;
        if (slow !== undefined) this.options.say(`        settled after ${Math.round((Date.now() - started) / 1000)} s; after ten there was left: ${slow}`);
        return Date.now() - started;
      }
      if (Date.now() - started > 10_000) slow ??= typeof last === 'string' ? last : last.where.join('; ');
      await this.breathe(200);
    }
    this.options.say(`NOT SETTLED ${Math.round(limitMs / 1000)} s after ${after}: ${typeof last === 'string' ? last : JSON.stringify(last)}`);
    return undefined;
  }

  /** Kills the scheduler that polls, with the lease of production, and waits for the other's first poll. */
  private async measureTakeover(leaseMs: number): Promise<number> {
    const { stack } = this;
    const file = path.join(this.options.dir, 'config', 'default.yaml');
    const document = parseDocument(await readFile(file, 'utf8'));
    document.setIn(['lease', 'lengthMs'], leaseMs);
    await writeFile(file, document.toString());
    const schedulers = stack.of('scheduler').map((s) => s.process);
    for (const s of schedulers) await s.stop();
    for (const s of schedulers) await s.start();
    await until(async () => (await Promise.all(schedulers.map((s) => s.isUp()))).every(Boolean), 30_000, 'the schedulers came up again');
    const client = new pg.Client({ connectionString: stack.ledgerUrl });
    await client.connect();
    try {
      const read = async (): Promise<{ holder: string; polled: number }> => {
        const { rows } = await client.query<{ holder: string | null; polled: Date | null }>(`select (select holder from lease where name = 'capture-case') as holder, (select max(polled_at) from watermark) as polled`);
        return { holder: rows[0]?.holder ?? '', polled: rows[0]?.polled?.getTime() ?? 0 };
      };
      let holder: string | undefined;
      let polling: (typeof schedulers)[number] | undefined;
      await until(async () => {
        holder = (await read()).holder;
        polling = schedulers.find((s) => holder!.includes(`-${String(s.pid)}-`));
        return polling !== undefined;
      }, 30_000, 'a scheduler polls');
      const killed = Date.now();
      polling!.kill();
      await until(async () => { const now = await read(); return now.holder !== holder && now.polled > killed; }, 60_000, 'another scheduler polls');
      const tookMs = Date.now() - killed;
      this.options.say(`takeover after ${(tookMs / 1000).toFixed(1)} s with a lease of ${leaseMs / 1000} s`);
      return tookMs;
    } finally {
      await client.end();
    }
  }

  private breathe(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** The channels of config/ with the events that they carry. */
export async function watchedChannels(names: readonly string[]): Promise<WatchedChannel[]> {
  return Promise.all(names.map(async (channel) => {
    const file = parseDocument(await readFile(path.resolve('config', 'channels', `${channel}.yaml`), 'utf8')).toJS() as { messages: Record<string, string>; supervision?: { messages: Record<string, string> } };
    return { channel, events: Object.keys(file.messages), ...(file.supervision === undefined ? {} : { told: Object.keys(file.supervision.messages) }) };
  }));
}

const clock = (ms: number): string => `${Math.floor(ms / 60_000)}:${String(Math.floor((ms % 60_000) / 1000)).padStart(2, '0')}`;
