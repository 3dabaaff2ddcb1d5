import type { CaseNo } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** quick: only what looks different from when it was last found equal is read; full: every case is. */
export type CompletenessKind = 'quick' | 'full';

/**
 * Why a case was not as the ledger has it. missing: never recorded; differs: recorded otherwise; gone: recorded, and not in the
 * bureau; exchange-missing: recorded, but an event of it has no exchange; unreadable: its row cannot be read.
 */
export const completenessReasons = ['missing', 'differs', 'gone', 'exchange-missing', 'unreadable'] as const;
export type CompletenessReason = (typeof completenessReasons)[number];

export interface CompletenessFinding {
  readonly caseNo: CaseNo;
  readonly reason: CompletenessReason;
  readonly detail?: string | undefined;
}

/** What one comparison came to. Times in milliseconds. */
export interface CompletenessFigures {
  /** Cases in the bureau, in the ledger (those not gone), and those that were read and compared one by one. */
  readonly bureauCases: number;
  readonly ledgerCases: number;
  readonly read: number;
  readonly buckets: number;
  readonly bucketsRead: number;
  /** Changed so lately that polls have not come to them; they are no findings. */
  readonly due: number;
  readonly findings: Readonly<Record<CompletenessReason, number>>;
  readonly captured: number;
  readonly opened: number;
  readonly removed: number;
  /** Cases with missing exchanges that were only reported, because there were more than the limit. */
  readonly heldBack: number;
  readonly ms: number;
}

export interface CompletenessRun {
  readonly id: string;
  readonly stream: string;
  readonly kind: CompletenessKind;
  readonly causedBy: string;
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  /** complete; stopped: another process took over or the gateway ended; failed. Undefined while it runs, or after a crash. */
  readonly outcome?: 'complete' | 'stopped' | 'failed' | undefined;
  readonly figures?: CompletenessFigures | undefined;
}

const findingColumns: readonly Column[] = [{ name: 'run_id', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'reason', kind: 'text' }, { name: 'detail', kind: 'text' }];
const bucketColumns: readonly Column[] = [
  { name: 'stream', kind: 'text' }, { name: 'bucket', kind: 'text' }, { name: 'cases', kind: 'int' }, { name: 'bureau_digest', kind: 'text' },
  { name: 'ledger_digest', kind: 'text' }, { name: 'verified_at', kind: 'instant' },
];

/** Alone writes the completeness tables; reads what the ledger holds of cases for the comparison. */
export class CompletenessStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  async begin(run: { id: string; stream: string; kind: CompletenessKind; causedBy: string }): Promise<void> {
    await this.database.dialect.insertMany(
      this.database, 'completeness_run',
      [{ name: 'id', kind: 'text' }, { name: 'stream', kind: 'text' }, { name: 'kind', kind: 'text' }, { name: 'caused_by', kind: 'text' }, { name: 'started_at', kind: 'instant' }],
      [[run.id, run.stream, run.kind, run.causedBy, this.clock.iso()]],
    );
  }

  async end(id: string, outcome: 'complete' | 'stopped' | 'failed', figures: CompletenessFigures): Promise<void> {
    await this.database.run(sql`update completeness_run set ended_at = ${this.database.dialect.value('instant', this.clock.iso())}, outcome = ${outcome}, figures = ${JSON.stringify(figures)} where id = ${id}`);
  }

  async addFindings(runId: string, findings: readonly CompletenessFinding[]): Promise<void> {
    await this.database.dialect.insertMany(this.database, 'completeness_finding', findingColumns, findings.map((f) => [runId, f.caseNo.slice(0, 60), f.reason, f.detail?.slice(0, 400) ?? null]), ['run_id', 'case_no']);
  }

  async findings(runId: string, limit: number): Promise<CompletenessFinding[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} case_no, reason, detail from completeness_finding where run_id = ${runId} order by case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ caseNo: String(r['case_no']), reason: String(r['reason']) as CompletenessReason, detail: r['detail'] === null ? undefined : String(r['detail']) }));
  }

  /** Newest first. */
  async runs(limit: number, filter: { stream?: string; kind?: CompletenessKind; complete?: boolean } = {}): Promise<CompletenessRun[]> {
    const top = this.database.dialect.top(limit);
    let where = sql`1 = 1`;
    if (filter.stream !== undefined) where = sql`${where} and stream = ${filter.stream}`;
    if (filter.kind !== undefined) where = sql`${where} and kind = ${filter.kind}`;
    if (filter.complete === true) where = sql`${where} and outcome = 'complete'`;
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from completeness_run where ${where} order by started_at desc ${raw(top.suffix)}`);
    return rows.map((r) => ({
      id: String(r['id']), stream: String(r['stream']), kind: String(r['kind']) as CompletenessKind, causedBy: String(r['caused_by']), startedAt: instantText(r['started_at']),
      ...(r['ended_at'] === null ? {} : { endedAt: instantText(r['ended_at']) }),
      ...(r['outcome'] === null ? {} : { outcome: String(r['outcome']) as 'complete' }),
      ...(r['figures'] === null ? {} : { figures: JSON.parse(String(r['figures'])) as CompletenessFigures }),
    }));
  }

  async verified(stream: string): Promise<Map<string, { bureau: string; ledger: string }>> {
    const { rows } = await this.database.run(sql`select bucket, bureau_digest, ledger_digest from completeness_bucket where stream = ${stream}`);
    return new Map(rows.map((r) => [String(r['bucket']), { bureau: String(r['bureau_digest']), ledger: String(r['ledger_digest']) }]));
  }

  /** Replaces what is remembered of these buckets. */
  async verify(stream: string, buckets: readonly { bucket: string; cases: number; bureau: string; ledger: string }[]): Promise<void> {
    const now = this.clock.iso();
    for (let i = 0; i < buckets.length; i += 500) {
      const chunk = buckets.slice(i, i + 500);
      await this.database.transaction(async (runner) => {
        await runner.run(sql`delete from completeness_bucket where stream = ${stream} and bucket in (${list(chunk.map((b) => b.bucket))})`);
        await this.database.dialect.insertMany(runner, 'completeness_bucket', bucketColumns, chunk.map((b) => [stream, b.bucket, b.cases, b.bureau, b.ledger, now]), ['stream', 'bucket']);
      });
    }
  }

  /** Cases after `after` that the ledger holds as present, with their digest and how many exchanges each has; in the ledger's order. */
  async page(stream: string, channels: readonly string[], after: CaseNo, limit: number): Promise<{ caseNo: CaseNo; digest: string; exchanges: number }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} case_no, digest from case_head where stream = ${stream} and removed_at is null and case_no > ${after} order by case_no ${raw(top.suffix)}`);
    if (rows.length === 0) return [];
    const counts = new Map<string, number>();
    for (const channel of channels) {
      const found = await this.database.run(sql`select case_no, count(*) as n from exchange where channel = ${channel} and stream = ${stream} and case_no > ${after} and case_no <= ${rows.at(-1)!['case_no']} group by case_no`);
      for (const r of found.rows) counts.set(String(r['case_no']), (counts.get(String(r['case_no'])) ?? 0) + Number(r['n']));
    }
    return rows.map((r) => ({ caseNo: String(r['case_no']), digest: String(r['digest']), exchanges: counts.get(String(r['case_no'])) ?? 0 }));
  }

  /** What the ledger holds of these cases. */
  async heads(stream: string, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, { digest: string; removed: boolean; faulty: boolean }>> {
    const { rows } = await this.database.run(sql`select case_no, digest, removed_at, fault_code from case_head where stream = ${stream} and case_no in (${list(caseNos)})`);
    return new Map(rows.map((r) => [String(r['case_no']), { digest: String(r['digest']), removed: r['removed_at'] !== null, faulty: r['fault_code'] !== null }]));
  }

  /** Which events of these cases have an exchange, whatever its version and state. */
  async events(stream: string, caseNos: readonly CaseNo[]): Promise<{ caseNo: CaseNo; channel: string; event: string; sequence: string }[]> {
    const { rows } = await this.database.run(sql`select distinct case_no, channel, event, sequence from exchange where stream = ${stream} and case_no in (${list(caseNos)})`);
    return rows.map((r) => ({ caseNo: String(r['case_no']), channel: String(r['channel']), event: String(r['event']), sequence: String(r['sequence']) }));
  }
}
