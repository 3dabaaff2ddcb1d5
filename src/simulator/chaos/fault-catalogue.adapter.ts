import { readdir, rename, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import { noCenterFaults, type SimulatedCenter } from '../center/simulated-center.adapter.js';
import { killPointsOf, stagingKillPoints } from './kill-points.js';
import type { Line, StormProcess, StormStack } from './storm-stack.adapter.js';
import type { WireProxy } from './wire-proxy.adapter.js';
import type { Disturbance, StormLoad } from './witness.js';

/** What a fault works on. */
export interface StormScene {
  readonly stack: StormStack;
  readonly load: StormLoad;
  /** 0..1, seeded. */
  random(): number;
  /** Names of kill points that were visited. */
  readonly visited: Set<string>;
  /** Names of processes that died at a random moment; when all have, it begins again. */
  readonly struck: Set<string>;
}

export interface Fault {
  readonly name: string;
  readonly text: string;
  /** How long it lasts, milliseconds; the seed chooses between them. */
  readonly lasts: readonly [least: number, most: number];
  readonly disturbances?: readonly Disturbance[];
  /** Somebody must put things right by hand afterwards (gateway mirror --restore). */
  readonly needsPerson?: boolean;
  /** Strikes; what it returns ends it. */
  begin(scene: StormScene, durationMs: number): Promise<() => Promise<void> | void>;
}

const pick = <T>(scene: StormScene, list: readonly T[]): T => list[Math.floor(scene.random() * list.length)]!;
const nothing = (): void => undefined;
const eachLine = (scene: StormScene, line: Line, act: (proxy: WireProxy) => void): void => {
  for (const p of scene.stack.processes) if (p.lines[line] !== undefined) act(p.lines[line]);
};
const allCenters = (scene: StormScene): SimulatedCenter[] => Object.values(scene.stack.centers);

/** Only what a fault set is set back: another one may have its hand on the other switches. */
function ownKeys<T extends object>(set: Partial<T>, healthy: T): Partial<T> {
  return Object.fromEntries(Object.entries(healthy).filter(([key]) => key in set)) as Partial<T>;
}

/** A fault of the receivers' SFTP servers: a switch that is set and set back. */
function staging(name: string, text: string, lasts: Fault['lasts'], set: Partial<SimulatedCenter['faults']['staging']>, disturbances: readonly Disturbance[] = []): Fault {
  return {
    name, text, lasts, disturbances,
    begin: (scene) => {
      const machines = allCenters(scene).map((c) => c.faults.staging);
      for (const m of machines) Object.assign(m, set);
      return Promise.resolve(() => { for (const m of machines) Object.assign(m, ownKeys(set, noCenterFaults().staging)); });
    },
  };
}

function acknowledgements(name: string, text: string, set: Partial<SimulatedCenter['faults']['acks']>): Fault {
  return {
    name, text, lasts: [3_000, 8_000], disturbances: ['acknowledgements-wrong'],
    begin: (scene) => {
      const ways = allCenters(scene).map((c) => c.faults.acks);
      for (const w of ways) Object.assign(w, set);
      return Promise.resolve(() => { for (const w of ways) Object.assign(w, ownKeys(set, noCenterFaults().acks)); });
    },
  };
}

/** Harms one message file that the center has not taken yet: its import waits while we look for one. */
function harmFile(name: string, text: string, harm: (file: string) => Promise<void>): Fault {
  return {
    name, text, lasts: [500, 1_000], needsPerson: true, disturbances: ['files-removed', 'files-altered'],
    begin: async (scene) => {
      const center = scene.stack.centers.center;
      center.faults.import.paused = true;
      const inbox = path.join(center.stagingDir, 'in');
      const until = Date.now() + 10_000;
      for (;;) {
        const files = (await readdir(inbox)).filter((n) => n.endsWith('.xml') && !n.startsWith('.'));
        if (files.length > 0) {
          await harm(path.join(inbox, pick(scene, files)));
          break;
        }
        if (Date.now() > until) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return () => void (center.faults.import.paused = false);
    },
  };
}

/** One process after the other, in an order of chance, until each has died. */
function nextVictim(scene: StormScene): StormProcess {
  const { processes } = scene.stack;
  if (scene.struck.size >= processes.length) scene.struck.clear();
  const victim = pick(scene, processes.filter((p) => !scene.struck.has(p.process.name)));
  scene.struck.add(victim.process.name);
  return victim;
}

const forWorkers = (scene: StormScene): StormProcess => pick(scene, scene.stack.of('worker'));

export const faults: readonly Fault[] = [
  { name: 'kill-random', text: 'kill -9 of a process at any moment', lasts: [500, 2_000], disturbances: ['workers-killed'], begin: (scene) => { nextVictim(scene).process.kill(); return Promise.resolve(nothing); } },
  {
    name: 'kill-at', text: 'kill -9 of the process that reaches a critical point (before or after a statement, a commit, a write, a rename)', lasts: [2_000, 4_000], disturbances: ['workers-killed'],
    begin: (scene) => {
      const all = [...killPointsOf(scene.stack.centers.supervision !== undefined), ...stagingKillPoints];
      const left = all.filter((p) => !scene.visited.has(p.name));
      const point = pick(scene, left.length > 0 ? left : all);
      if ('role' in point) {
        const candidates = scene.stack.of(point.role);
        const disarm = (): void => candidates.forEach((c) => c.lines[point.line].lay(undefined));
        for (const c of candidates) {
          c.lines[point.line].lay({ texts: point.texts, at: point.at, spring: () => { c.process.kill(); scene.visited.add(point.name); disarm(); } });
        }
        return Promise.resolve(disarm);
      }
      const { sftp } = scene.stack.centers.center;
      let countdown = 1 + Math.floor(scene.random() * 5);
      sftp!.observer = (kind, when) => {
        if (kind !== point.kind || when !== point.when || --countdown > 0) return;
        sftp!.observer = undefined;
        scene.visited.add(point.name);
        // Only one of them is at it; the other notices nothing but an unlucky death of its own.
        for (const worker of scene.stack.of('worker')) worker.process.kill();
      };
      return Promise.resolve(() => void (sftp!.observer = undefined));
    },
  },
  {
    name: 'process-stop', text: 'a worker or scheduler stands still (SIGSTOP) for longer than its lease and its claims, then goes on', lasts: [6_000, 9_000],
    begin: (scene) => {
      const victim = pick(scene, [...scene.stack.of('worker'), ...scene.stack.of('scheduler')]).process;
      const { pid } = victim;
      victim.signal('SIGSTOP');
      return Promise.resolve(() => { if (victim.pid === pid) victim.signal('SIGCONT'); });
    },
  },
  {
    name: 'redis-kill', text: 'Redis dies (SIGKILL) and comes back with what its file holds', lasts: [1_000, 5_000],
    begin: async ({ stack }) => { await stack.redis?.kill(); return async () => { await stack.redis?.restart(); }; },
  },
  { name: 'redis-flushall', text: 'Redis forgets everything', lasts: [200, 500], begin: async ({ stack }) => { if (stack.redis) await flush(stack.redis.url); return nothing; } },
  { name: 'queue-hang', text: 'the queue takes connections and answers nothing', lasts: [2_000, 5_000], begin: (scene) => { eachLine(scene, 'queue', (l) => l.setMode('hang')); return Promise.resolve(() => eachLine(scene, 'queue', (l) => l.setMode('pass'))); } },
  { name: 'pg-restart', text: 'the ledger’s PostgreSQL dies and recovers', lasts: [500, 3_000], begin: async ({ stack }, ms) => { await stack.crashPostgres('ledger', ms); return nothing; } },
  { name: 'bureau-restart', text: 'the bureau’s PostgreSQL dies and recovers', lasts: [500, 3_000], begin: async ({ stack }, ms) => { await stack.crashPostgres('bureau', ms); return nothing; } },
  { name: 'pg-cut', text: 'all connections to ledger and bureau are cut', lasts: [100, 300], begin: (scene) => { eachLine(scene, 'ledger', (l) => l.cut()); eachLine(scene, 'bureau', (l) => l.cut()); return Promise.resolve(nothing); } },
  { name: 'ledger-hang', text: 'the ledger takes connections and answers nothing', lasts: [2_000, 5_000], begin: (scene) => { eachLine(scene, 'ledger', (l) => l.setMode('hang')); return Promise.resolve(() => eachLine(scene, 'ledger', (l) => l.setMode('pass'))); } },
  { name: 'bureau-hang', text: 'the bureau takes connections and answers nothing', lasts: [2_000, 5_000], begin: (scene) => { eachLine(scene, 'bureau', (l) => l.setMode('hang')); return Promise.resolve(() => eachLine(scene, 'bureau', (l) => l.setMode('pass'))); } },
  {
    name: 'ledger-read-only', text: 'the ledger takes no writes', lasts: [2_000, 5_000],
    begin: async ({ stack }) => {
      const reconnect = `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'ledger' and pid <> pg_backend_pid()`;
      await stack.onLedger('alter database ledger set default_transaction_read_only = on', reconnect);
      return () => stack.onLedger('set default_transaction_read_only = off', 'alter database ledger reset default_transaction_read_only', reconnect);
    },
  },
  {
    name: 'ledger-full', text: 'the ledger’s disk is full for snapshots, messages and the inbox', lasts: [2_000, 5_000],
    begin: async ({ stack }) => {
      const tables = ['case_snapshot', 'message', 'inbox'];
      await stack.onLedger(
        `create or replace function storm_disk_full() returns trigger language plpgsql as $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
        ...tables.map((t) => `create or replace trigger storm_disk_full before insert on ${t} for each statement execute function storm_disk_full()`),
      );
      return () => stack.onLedger(...tables.map((t) => `drop trigger if exists storm_disk_full on ${t}`));
    },
  },
  staging('sftp-cut', 'connections to the staging machines are cut in mid-file', [2_000, 5_000], { cutAfterBytes: 20_000 }),
  staging('sftp-hang', 'the staging machines stop answering in mid-file', [2_000, 5_000], { hangAfterBytes: 20_000 }),
  staging('sftp-refuse-rename', 'the staging machines refuse every rename', [2_000, 5_000], { refuseRename: true }, ['attempts-burnt']),
  staging('sftp-full', 'the staging machines’ disks are full', [2_000, 5_000], { diskFull: true }),
  staging('sftp-denied', 'the staging machines deny writing', [2_000, 5_000], { denyWrite: true }),
  staging('sftp-login', 'the staging machines refuse the login', [2_000, 5_000], { refuseLogin: true }),
  staging('sftp-slow', 'each answer of the staging machines takes 100 ms', [3_000, 6_000], { delayMs: 100 }),
  staging('sftp-lose-writes', 'the staging machines say OK to writes and throw them away', [2_000, 4_000], { loseWrites: true }),
  {
    name: 'sftp-offline', text: 'the staging machines are not there', lasts: [2_000, 6_000],
    begin: async (scene) => { for (const c of allCenters(scene)) await c.sftp!.goOffline(); return async () => { for (const c of allCenters(scene)) await c.sftp!.goOnline(); }; },
  },
  {
    name: 'sftp-host-key', text: 'the staging machine shows another host key', lasts: [2_000, 5_000],
    begin: (scene) => {
      const real = { host: '127.0.0.1', port: scene.stack.centers.center.sftp!.port };
      const other = { host: '127.0.0.1', port: scene.stack.impostor.sftp!.port };
      const lead = (target: typeof real): void => eachLine(scene, 'center', (l) => { l.target = target; l.cut(); });
      lead(other);
      return Promise.resolve(() => lead(real));
    },
  },
  { name: 'line-cut', text: 'the lines to the staging machines are cut again and again', lasts: [2_000, 5_000], begin: (scene) => { const timer = setInterval(() => { eachLine(scene, 'center', (l) => l.cut()); eachLine(scene, 'provincial', (l) => l.cut()); eachLine(scene, 'supervision', (l) => l.cut()); }, 700); return Promise.resolve(() => clearInterval(timer)); } },
  { name: 'center-pause', text: 'the receivers pick nothing up', lasts: [3_000, 8_000], begin: (scene) => { for (const c of allCenters(scene)) c.faults.import.paused = true; return Promise.resolve(() => { for (const c of allCenters(scene)) c.faults.import.paused = false; }); } },
  { name: 'center-early', text: 'the receivers answer before the manifest is there', lasts: [3_000, 6_000], disturbances: ['acknowledgements-wrong'], begin: (scene) => { for (const c of allCenters(scene)) c.faults.import.early = 'picked-up'; return Promise.resolve(() => { for (const c of allCenters(scene)) c.faults.import.early = undefined; }); } },
  acknowledgements('ack-twice', 'every acknowledgement comes twice', { duplicateRate: 1 }),
  acknowledgements('ack-late', 'acknowledgements come late', { delayMs: 2_000 }),
  acknowledgements('ack-disorder', 'acknowledgements come in the wrong order', { outOfOrder: true, delayMs: 500 }),
  acknowledgements('ack-contradictory', 'the opposite verdict follows', { contradictoryRate: 0.5 }),
  acknowledgements('ack-unknown', 'acknowledgements for messages that nobody sent', { unknownIdRate: 0.5 }),
  { name: 'ack-held', text: 'no acknowledgement comes', lasts: [3_000, 8_000], begin: (scene) => { for (const c of allCenters(scene)) c.faults.acks.paused = true; return Promise.resolve(() => { for (const c of allCenters(scene)) c.faults.acks.paused = false; }); } },
  { name: 'api-cut', text: 'requests are cut after the body: stored, but the sender does not hear of it', lasts: [2_000, 5_000], begin: ({ stack }) => { stack.apiLine.dropAnswers = true; return Promise.resolve(() => void (stack.apiLine.dropAnswers = false)); } },
  { name: 'clock-skew', text: 'the receivers’ clocks are 2 or 10 minutes off', lasts: [3_000, 6_000], begin: (scene) => { scene.stack.skew.ms = pick(scene, [-600_000, -120_000, 120_000, 600_000]); return Promise.resolve(() => void (scene.stack.skew.ms = 0)); } },
  { name: 'bureau-open-transaction', text: 'a transaction in the bureau stays open while others commit', lasts: [2_000, 6_000], begin: (scene, ms) => { const held = scene.load.holdTransaction(ms); return Promise.resolve(() => held); } },
  harmFile('staging-delete', 'a staged file is deleted before it is picked up', (file) => rm(file)),
  harmFile('staging-rename', 'a staged file is renamed before it is picked up', (file) => rename(file, `${file}.moved`)),
  harmFile('staging-truncate', 'a staged file is truncated before it is picked up', (file) => truncate(file, 100)),
  { name: 'worker-alone', text: 'one of two workers is gone for a while and its lines with it', lasts: [2_000, 4_000], begin: (scene) => { const lines: WireProxy[] = Object.values(forWorkers(scene).lines); lines.forEach((l) => l.setMode('refuse')); return Promise.resolve(() => lines.forEach((l) => l.setMode('pass'))); } },
];

async function flush(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null });
  client.on('error', () => undefined); // Redis may be gone by another fault: then it has nothing to forget
  try {
    await client.connect();
    await client.flushall();
  } catch {
    // as above
  } finally {
    client.disconnect();
  }
}
