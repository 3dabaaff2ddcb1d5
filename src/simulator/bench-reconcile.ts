import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { MatchStore, type RunFigures } from '../ledger/match.store.js';
import { ledgerMigrations } from '../ledger/migrations/ledger.migration.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { startEmbeddedPostgres } from '../platform/embedded-postgres.adapter.js';
import { SystemClock } from '../platform/system-clock.adapter.js';
import { formatFaults } from '../platform/config/format-faults.js';
import { loadStandards } from '../reconciliation/load-standards.adapter.js';
import { matchRecords } from '../reconciliation/match-records.js';

export const reconcileHelp = `npm run bench -- reconcile [options]
Returned records against charges on a durable PostgreSQL: the full run, and a day against that history, beside the same join done
by PostgreSQL alone in one statement that keeps its result. Beside that, for comparison, the same join kept with an index on either
side, without which nobody could say that no item is taken twice.
  --items N     charges and as many returned records (default 1000000)
  --day N       charges and records of the day (default 10000)
  --rounds N    rounds of the full run; medians are reported (default 3)
  --short       20000 items, a day of 1000, 1 round
  --json        the figures as JSON
`;

export interface ReconcileBench {
  readonly items: number;
  readonly day: number;
  readonly rounds: number;
  readonly json: boolean;
}

/** The bare join: what agrees on the payment code and everything that both sides say. */
export const join = `select c.id as charge_id, r.id as record_id from charge c join fee_record r on r.payment_code = c.payment_code and r.amount_fen = c.amount_fen and r.fee_item_code = c.fee_item_code and (r.case_no is null or r.case_no = c.case_no)
      and (r.payer_key is null or c.payer_key is null or r.payer_key = c.payer_key)`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const round = (n: number, digits = 2): number => Number(n.toFixed(digits));
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

/** Every item belongs to a case of its own; two in a hundred differ in one way or another. */
export async function fill(db: DatabaseAdapter, from: number, n: number, day: string): Promise<void> {
  const { rows } = await db.run(sql`select value from counter where name = 'reconciliation'`);
  const base = BigInt(String(rows[0]!['value']));
  const range = `generate_series(${from}, ${from + n - 1}) as g(i)`;
  // Of a hundred: one charge unpaid, one paid short, and every other hundred one paid twice.
  await db.run(raw(`insert into charge (id, stream, case_no, item_code, charge_no, version, fee_item_code, fee_item_name, amount_fen, exempt, payer, payer_key, payment_code, tax_kinds, tariff_facts, digest, day, statement_day, snapshot_id, recorded_at)
    select ${base} + i - ${from} + 1, 'case', 'C' || i, 'DJ01', '1', 1, 'GT0102', '不动产登记费', 55000, 0, 'P' || i, md5('P' || i), 'K' || lpad(i::text, 19, '0'), '', '{}', '', '${day}', '${day}', 0, now() from ${range}`));
  await db.run(raw(`insert into fee_record (id, channel, serial, status, version, payment_code, case_no, unit_code, amount_fen, line_count, fee_item_code, day, statement_day, paid_at, payer, payer_key, digest, inbox_id, file_id, issue, recorded_at)
    select ${base} + ${n} + i - ${from} + 1, 'center', 'S' || i, 'paid', 1, 'K' || lpad((case when i % 100 = 7 and i % 200 = 7 then i - 1 else i end)::text, 19, '0'), 'C' || (case when i % 100 = 7 and i % 200 = 7 then i - 1 else i end), '430900',
      case when i % 100 = 3 then 8000 else 55000 end, 1, 'GT0102', '${day}', '${day}', '20261120100000', null, null, '', 0, 'f', 1, now() from ${range}`));
  await db.run(raw(`insert into fee_line (record_id, line_no, fee_item_code, amount_fen) select id, 1, fee_item_code, amount_fen from fee_record where id > ${base}`));
  await db.run(raw(`update counter set value = ${base + BigInt(2 * n)} where name = 'reconciliation'`));
  // As autovacuum would have done before long.
  for (const table of ['charge', 'fee_record', 'fee_line']) await db.run(raw(`analyze ${table}`));
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const started = process.hrtime.bigint();
  const result = await work();
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, result };
}

/** Prints a table and, with --json, the figures. */
export async function benchReconcile(options: ReconcileBench): Promise<void> {
  const loaded = loadStandards(path.resolve('config/reconciliation'));
  if (!loaded.standards) throw new Error(formatFaults(loaded.faults));
  const { rules } = loaded.standards;
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-bench-reconcile-'));
  const postgres = await startEmbeddedPostgres({ durable: true });
  try {
    const open = async (name: string): Promise<DatabaseAdapter> => {
      await postgres.createDatabase(name);
      const db = await DatabaseAdapter.open({ engine: 'postgres', url: postgres.url(name), poolSize: 4, applicationName: 'gateway bench' }, { migrations: ledgerMigrations });
      await db.source.runMigrations();
      return db;
    };
    const run = async (db: DatabaseAdapter): Promise<{ seconds: number; result: RunFigures }> => {
      const store = new MatchStore(db, new SystemClock());
      return timed(() => store.run({ rules, settle: matchRecords, batchItems: 10_000_000 }));
    };
    say(`a day of ${options.day} against an empty history ...`);
    const small = await open('small');
    await fill(small, 1, options.day, '2026-11-20');
    await run(small);
    await fill(small, options.day + 1, options.day, '2026-11-21');
    const dayAlone = await run(small);
    await small.close();

    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
    const full: number[] = [];
    const bare: number[] = [];
    const counted: number[] = [];
    const indexed: number[] = [];
    let figures: RunFigures | undefined;
    let dayAfter: { seconds: number; result: RunFigures } | undefined;
    for (let i = 0; i < options.rounds; i++) {
      say(`round ${i + 1}: ${options.items} records against ${options.items} charges ...`);
      const db = await open(`full_${i}`);
      await fill(db, 1, options.items, '2026-11-20');
      await db.run(raw('checkpoint'));
      counted.push((await timed(() => db.run(raw(`select count(*) from (${join}) x`)))).seconds);
      bare.push((await timed(() => db.run(raw(`create table bare_result as ${join}`)))).seconds);
      await db.run(raw('create table indexed_result (charge_id bigint, record_id bigint)'));
      for (const side of ['charge_id', 'record_id']) await db.run(raw(`create index indexed_${side} on indexed_result (${side})`));
      await db.run(raw('checkpoint'));
      indexed.push((await timed(() => db.run(raw(`insert into indexed_result ${join}`)))).seconds);
      await db.run(raw('checkpoint'));
      const r = await run(db);
      full.push(r.seconds);
      figures = r.result;
      if (i === options.rounds - 1) {
        say(`a day of ${options.day} against that history ...`);
        await fill(db, options.items + 1, options.day, '2026-11-21');
        dayAfter = await run(db);
      }
      await db.close();
    }
    clearInterval(watch);
    const out = {
      node: process.version, cpus: os.cpus().length, items: options.items, day: options.day, rounds: options.rounds,
      fullS: round(median(full)), bareJoinKeptS: round(median(bare)), bareJoinCountedS: round(median(counted)), joinIndexedS: round(median(indexed)),
      timesBareKept: round(median(full.map((s, i) => s / bare[i]!))), timesIndexed: round(median(full.map((s, i) => s / indexed[i]!))),
      exact: figures?.exact, examined: figures?.examined, differences: figures?.opened, peakMb: round(peak / 1048576, 0),
      dayAloneS: round(dayAlone.seconds), dayAfterHistoryS: round(dayAfter?.seconds ?? 0), dayRatio: round((dayAfter?.seconds ?? 0) / dayAlone.seconds),
    };
    const table = new Table({ head: ['', 'seconds', ''], style: { head: [], border: [] } });
    table.push(
      [`${options.items} records, ${options.items} charges`, out.fullS, `${out.timesBareKept} times the join; ${out.exact ?? 0} by SQL, ${out.examined ?? 0} examined by the engine, ${out.differences ?? 0} differences`],
      ['the join by PostgreSQL alone, result kept', out.bareJoinKeptS, `counted only ${out.bareJoinCountedS}`],
      ['the same, with an index on either side', out.joinIndexedS, `the full run is ${out.timesIndexed} times this`],
      [`a day of ${options.day}, no history`, out.dayAloneS, ''],
      [`a day of ${options.day} after ${options.items}`, out.dayAfterHistoryS, `${out.dayRatio} times`],
      ['peak memory of the gateway', '', `${out.peakMb} MB`],
    );
    process.stdout.write(options.json ? `${JSON.stringify(out, null, 2)}\n` : `${table.toString()}\n`);
  } finally {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
