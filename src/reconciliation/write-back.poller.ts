import { alarmWords } from '../domain/alarm-words.js';
import type { WriteBackSettings } from '../domain/write-back-settings.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { ClearanceRecordStore, ClearanceRow } from '../ledger/clearance-record.store.js';
import { nextAttempt, type RetryPolicy } from '../ledger/next-attempt.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { Clearance } from './judge-clearance.js';
import type { ReturnRow, ReturnTable } from './return-table.adapter.js';
import { tellClearance } from './tell-clearance.js';

export interface WriteBackParts {
  readonly records: ClearanceRecordStore;
  readonly alarms: AlarmStore;
  readonly settings: WriteBackSettings;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  /** Connects; undefined where nothing is configured. */
  open(): Promise<ReturnTable> | undefined;
}

const mostRefused = 3;

/** Class and code only: driver errors quote values. */
function nameOf(error: unknown): string {
  const e = error as { code?: unknown; number?: unknown; driverError?: { code?: unknown; number?: unknown } } | undefined;
  const code = e?.driverError?.code ?? e?.driverError?.number ?? e?.code ?? e?.number;
  return `${error instanceof Error ? error.name : 'error'}${typeof code === 'string' || typeof code === 'number' ? ` ${code}` : ''}`;
}

/**
 * Writes what the ledger says of cases into the bureau's return table. The ledger keeps what is owed: while the bureau is away
 * nothing is lost and nothing overtakes; a row that the bureau does not take holds up its own case only.
 */
export class WriteBackPoller {
  private table: ReturnTable | undefined;
  private failures = 0;
  private notBeforeMs = 0;
  private ended = false;

  constructor(private readonly parts: WriteBackParts) {}

  get configured(): boolean {
    return this.parts.settings.url !== undefined;
  }

  /** Until nothing is due; returns how many rows the bureau has now. `goOn` is asked before each batch. */
  async poll(goOn: () => Promise<boolean>): Promise<number> {
    const { records, settings, clock } = this.parts;
    let written = 0;
    if (!this.configured || this.ended || clock.now().getTime() < this.notBeforeMs) return written;
    while (!this.ended && (await goOn())) {
      const due = await records.owed(settings.batch);
      if (due.length === 0) break;
      const done = await this.write(due);
      written += done;
      if (done === 0) break;
    }
    return written;
  }

  /** Rows owed for too long are an alarm; it is over when none is. */
  async look(): Promise<void> {
    if (!this.configured) return;
    const { records, settings, clock, alarms } = this.parts;
    const owing = await records.owing();
    const late = owing.oldest !== undefined && clock.now().getTime() - Date.parse(owing.oldest) > settings.alarmAfterMs;
    if (!late) await alarms.clear('write-back-failed');
    else await alarms.raise('write-back-failed', 'write-back-failed', alarmWords['write-back-failed']({ count: owing.count, oldest: owing.oldest!, failure: owing.failure }));
  }

  /** For good: nothing is opened any more. */
  async end(): Promise<void> {
    this.ended = true;
    await this.close();
  }

  async close(): Promise<void> {
    const open = this.table;
    this.table = undefined;
    await open?.close();
  }

  private async write(due: readonly ClearanceRow[]): Promise<number> {
    const { log, clock, retry, metrics } = this.parts;
    try {
      this.table ??= await this.parts.open();
      if (!this.table) return 0;
      await this.note(due, await this.table.add(due.map(rowOf)));
      this.failures = 0;
      return due.length;
    } catch (error) {
      const ours = this.table !== undefined && !this.table.database.raised(error);
      metrics.failures.inc({ stage: 'write-back', channel: 'bureau', code: ours ? 'ledger-unreachable' : 'bureau-unreachable' });
      // Not the bureau's fault. What stands in its table already is found there when it is added again.
      if (ours) throw error;
      if (this.table !== undefined && !this.table.database.dialect.isTransient(error) && due.length > 0) return this.oneByOne(due);
      // Nobody burns attempts while the bureau is away: the whole of it waits.
      this.failures += 1;
      this.notBeforeMs = Date.parse(nextAttempt(this.failures, retry, clock.now(), Math.random()));
      log.warn({ owed: due.length, cause: nameOf(error) }, 'the return table of the bureau cannot be written now');
      await this.parts.records.failed(due[0]!.id, nameOf(error), clock.iso());
      await this.close().catch(() => undefined);
      return 0;
    }
  }

  /** Something about one of the rows: each goes by itself, and only the bad ones wait. */
  private async oneByOne(due: readonly ClearanceRow[]): Promise<number> {
    const { records, clock, log, retry } = this.parts;
    let done = 0;
    let refused = 0;
    for (const row of due) {
      try {
        await this.note([row], await this.table!.add([rowOf(row)]));
        done += 1;
      } catch (error) {
        if (this.table!.database.dialect.isTransient(error)) break;
        log.error({ clearance: row.id, caseNo: row.caseNo, cause: nameOf(error) }, 'the bureau does not take a row of the return table');
        await records.failed(row.id, nameOf(error), nextAttempt(row.attempts + 1, retry, clock.now(), Math.random()));
        // Where none is taken it is the table, not the rows.
        if (done === 0 && ++refused === mostRefused) break;
      }
    }
    return done;
  }

  private note(rows: readonly ClearanceRow[], numbers: readonly number[]): Promise<void> {
    return this.parts.records.written(rows.map((r, i) => ({ id: r.id, number: numbers[i]! })));
  }
}

function rowOf(c: ClearanceRow): ReturnRow {
  return { caseNo: c.caseNo, number: c.number, digest: c.digest, current: c.current, decidedAt: c.decidedAt, told: tellClearance(JSON.parse(c.detail) as Clearance) };
}
