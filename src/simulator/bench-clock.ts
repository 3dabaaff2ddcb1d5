import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import type { CaseFacts } from '../domain/supervision-facts.js';
import { WorkingCalendar, type CalendarTable } from '../domain/working-calendar.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { BoardStore, type BoardPlace } from '../ledger/board.store.js';
import { CardStore } from '../ledger/card.store.js';
import { ClockStore, type KnownFacts } from '../ledger/clock.store.js';
import { ledgerMigrations } from '../ledger/migrations/ledger.migration.js';
import { nationalYears } from '../platform/calendar/national-years.adapter.js';
import { Clock } from '../platform/clock.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw } from '../platform/database/sql.js';
import { formatFaults } from '../platform/config/format-faults.js';
import { startEmbeddedPostgres } from '../platform/embedded-postgres.adapter.js';
import { createLog } from '../platform/log.adapter.js';
import { computeClock } from '../supervision/compute-clock.js';
import { loadSupervision } from '../supervision/load-supervision.adapter.js';
import { makeMeters } from '../supervision/make-meters.js';
import { SupervisionPoller } from '../supervision/supervision.poller.js';

export const clockHelp = `npm run bench -- clock [options]
Open cases recomputed in a durable ledger when the calendar changes, beside one pass of the pure function over the same cases;
and what a look costs while nothing happens.
  --cases N     open cases (default 100000)
  --rounds N    rounds; medians are reported (default 3)
  --short       5000 cases, 1 round
  --json        the figures as JSON
`;

export interface ClockBench {
  readonly cases: number;
  readonly rounds: number;
  readonly json: boolean;
}

class FixedClock extends Clock {
  now(): Date { return new Date('2026-09-16T01:00:00.000Z'); }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const round = (n: number, digits = 2): number => Number(n.toFixed(digits));
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const hour = 3_600_000;
const hours = [{ spans: [{ fromMs: 8.5 * hour, untilMs: 12 * hour }, { fromMs: 14.5 * hour, untilMs: 17.5 * hour }] }];
const goOn = (): Promise<boolean> => Promise.resolve(true);

/** Open cases accepted over ten working days; every third has a special procedure, every tenth a supplement too. None is late. */
function openCase(i: number): CaseFacts {
  const acceptedMs = Date.parse('2026-09-02T00:30:00.000Z') + (i % 14) * 24 * hour + (i % 29_000) * 1000;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    itemCode: `DJ${String(i % 49).padStart(2, '0')}`, section: ['地产', '交易', '地籍'][i % 3]!, office: '益阳市国土资源局政务窗口', source: 'W', appliedAt: iso(acceptedMs - hour), acceptedAt: iso(acceptedMs),
    limits: { committed: { length: 20 + (i % 20), unit: 'W' }, statutory: { length: 45, unit: 'W' }, source: '益审改办函〔2012〕18号, in force from 2012-08-09' },
    pauses: [
      ...(i % 3 === 0 ? [{ kind: 'special' as const, sequence: '1', title: '专家评审', from: iso(acceptedMs + 2 * hour), until: i % 2 ? undefined : iso(acceptedMs + 50 * hour), approved: { length: 10, unit: 'W' as const }, noticeNo: `告知${i}` }] : []),
      ...(i % 10 === 0 ? [{ kind: 'supplement' as const, sequence: '1', title: '补正', from: iso(acceptedMs + 3 * hour), until: iso(acceptedMs + 30 * hour), noticeNo: `补${i}` }] : []),
    ],
    steps: [{ sequence: '1', stage: 'CB', from: iso(acceptedMs + 60_000) }],
  };
}

/** Prints a table and, with --json, the figures. */
export async function benchClock(options: ClockBench): Promise<void> {
  const loaded = loadSupervision({ dir: path.resolve('config/supervision'), limitsFile: path.resolve('config/bureau/item-limits.csv') });
  if (!loaded.supervision) throw new Error(formatFaults(loaded.faults));
  const { supervision } = loaded;
  const clock = new FixedClock();
  const tableOf = (n: number): CalendarTable => ({ version: `bench ${n}`, national: nationalYears(), hours, local: n === 0 ? [] : [{ day: `2026-10-${12 + n}`, working: false, reason: 'bench' }] });
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-bench-clock-'));
  const postgres = await startEmbeddedPostgres({ durable: true });
  try {
    await postgres.createDatabase('clocks');
    const db = await DatabaseAdapter.open({ engine: 'postgres', url: postgres.url('clocks'), poolSize: 4, applicationName: 'gateway bench' }, { migrations: ledgerMigrations });
    await db.source.runMigrations();
    const cards = new CardStore(db, clock, undefined);
    const store = new ClockStore(db, clock, cards, undefined);
    const pollerOf = (n: number): SupervisionPoller => new SupervisionPoller({
      store, cards, alarms: new AlarmStore(db, clock), supervision, calendar: tableOf(n), settings: { bodies: ['hunan'], askAgainMs: 10_000, batch: 1000, notify: ['red'], stream: 'case' }, clock, log: createLog({ level: 'silent', instance: 'bench' }),
    });
    const idle = async (poller: SupervisionPoller): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 100; i++) times.push((await timed(() => poller.look(goOn))).seconds * 1000);
      return median(times);
    };
    const facts = Array.from({ length: options.cases }, (_, i) => openCase(i));
    const first = pollerOf(0);
    const fill = async (from: number, until: number): Promise<void> => {
      const { judge } = await first.judges();
      for (let i = from; i < until; i += 1000) {
        await store.record(facts.slice(i, Math.min(i + 1000, until)).map((f, k): KnownFacts => ({ stream: 'case', caseNo: `YYGT2026${String(i + k).padStart(8, '0')}`, snapshotId: '0', knownAt: clock.iso(), facts: f, digest: String(i + k) })), judge);
      }
      await db.run(raw('analyze clock_state'));
      await first.look(goOn);
    };
    say(`${options.cases} open cases ...`);
    await fill(0, 1000);
    const idleSmall = await idle(first);
    const filled = await timed(() => fill(1000, options.cases));
    const idleLarge = await idle(first);
    const board = await lookAtBoard(new BoardStore(db));

    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    const pure: number[] = [];
    const stored: number[] = [];
    let changed = 0;
    for (let n = 1; n <= options.rounds; n++) {
      const meters = makeMeters(new WorkingCalendar(tableOf(n)));
      const rules = supervision.rules.get('hunan')!;
      const pass = await timed(() => { for (const f of facts) computeClock(f, rules, meters, clock.now().getTime()); return Promise.resolve(); });
      pure.push(pass.seconds);
      const poller = pollerOf(n);
      const all = await timed(() => poller.look(goOn));
      stored.push(all.seconds);
      changed = all.result.recomputed;
      say(`round ${n}: pure ${round(pass.seconds)} s, in the ledger ${round(all.seconds)} s, ${all.result.recomputed} recomputed`);
    }
    clearInterval(watch);
    await db.close();
    const out = {
      node: process.version, cpus: os.cpus().length, cases: options.cases, rounds: options.rounds, pureS: round(median(pure)), ledgerS: round(median(stored)), timesPure: round(median(stored.map((s, i) => s / pure[i]!))),
      recomputed: changed, firstS: round(filled.seconds), idleMsAt1000: round(idleSmall), idleMs: round(idleLarge), peakMb: round(peak / 1048576, 0), board,
    };
    const table = new Table({ head: ['', '', ''], style: { head: [], border: [] } });
    table.push(
      [`${options.cases} open cases at a calendar change, in the ledger`, `${out.ledgerS} s`, `${out.timesPure} times the pure pass; ${round(options.cases / out.ledgerS, 0)} cases/s`],
      ['one pass of the pure function', `${out.pureS} s`, `${round((out.pureS * 1e6) / options.cases, 1)} µs a case`],
      ['facts recorded and computed for the first time', `${out.firstS} s`, ''],
      ['a look while nothing happens', `${out.idleMs} ms`, `${out.idleMsAt1000} ms at 1000 cases`],
      ['the board: lights by section, item and window', `${board.placesMs} ms`, `${board.groups} groups`],
      ['the board: what is due first, first page and in the middle', `${board.firstPageMs} ms`, `${board.middlePageMs} ms; one window of one light ${board.filteredMs} ms`],
      ['peak memory', `${out.peakMb} MB`, 'with all facts in memory for the pure pass'],
    );
    process.stdout.write(options.json ? `${JSON.stringify(out, null, 2)}\n` : `${table.toString()}\n`);
  } finally {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the ops page asks of all open cases: medians of ten. */
async function lookAtBoard(store: BoardStore): Promise<{ placesMs: number; groups: number; firstPageMs: number; middlePageMs: number; filteredMs: number }> {
  const ten = async (work: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 10; i++) times.push((await timed(work)).seconds * 1000);
    return round(median(times), 1);
  };
  const rows = await store.soonest({ body: 'hunan' }, undefined, 20_000);
  const middle: BoardPlace = rows[Math.floor(rows.length / 2)]!;
  return {
    placesMs: await ten(() => store.places('hunan')), groups: (await store.places('hunan')).length, firstPageMs: await ten(() => store.soonest({ body: 'hunan' }, undefined, 51)),
    middlePageMs: await ten(() => store.soonest({ body: 'hunan' }, middle, 51)), filteredMs: await ten(() => store.soonest({ body: 'hunan', light: 'grey', item: 'DJ48', section: '交易' }, undefined, 51)),
  };
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const started = process.hrtime.bigint();
  const result = await work();
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, result };
}
