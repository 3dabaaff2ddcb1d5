import { settledStates } from '../domain/exchange-states.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, type Sql, sql } from '../platform/database/sql.js';
import type { AttachmentRef } from './message.store.js';
import { unknownDigest } from './capture.store.js';
import { instantText } from './exchange-row.js';

/** Contents of one kind, with their bytes. */
export interface PrunedKind {
  readonly count: number;
  readonly bytes: number;
}

export interface RetentionFigures {
  readonly cases: number;
  readonly messages: PrunedKind;
  readonly snapshots: PrunedKind;
  readonly inbox: PrunedKind;
  readonly attachments: PrunedKind;
  /** Lines of timelines that tell of no move. */
  readonly logLines: number;
}

export interface RetentionRun {
  readonly id: string;
  readonly causedBy: string;
  readonly before: Instant;
  readonly startedAt: Instant;
  readonly outcome?: string | undefined;
  readonly figures?: RetentionFigures | undefined;
}

export const nothingPruned: RetentionFigures = {
  cases: 0, logLines: 0, messages: { count: 0, bytes: 0 }, snapshots: { count: 0, bytes: 0 }, inbox: { count: 0, bytes: 0 }, attachments: { count: 0, bytes: 0 },
};

/** A case with its stream; what a batch is made of. */
interface OldCase {
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly removed: boolean;
}

const settled = list(settledStates);

/**
 * Takes contents out of the ledger that nobody needs any more; rows, hashes, sizes and outcomes stay. Only of cases of which all
 * is settled and was so before the day named. Each batch is a transaction; one that was interrupted is found again.
 */
export class RetentionStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  async begin(run: { id: string; causedBy: string; before: Instant }): Promise<void> {
    await this.database.dialect.insertMany(
      this.database, 'retention_run',
      [{ name: 'id', kind: 'text' }, { name: 'caused_by', kind: 'text' }, { name: 'before_at', kind: 'instant' }, { name: 'started_at', kind: 'instant' }],
      [[run.id, run.causedBy, run.before, this.clock.iso()]],
    );
  }

  async end(id: string, outcome: 'complete' | 'stopped' | 'failed', figures: RetentionFigures): Promise<void> {
    await this.database.run(sql`update retention_run set ended_at = ${this.at(this.clock.iso())}, outcome = ${outcome}, figures = ${JSON.stringify(figures)} where id = ${id}`);
  }

  /** The newest run. */
  async last(): Promise<RetentionRun | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from retention_run order by started_at desc ${raw(top.suffix)}`);
    const r = rows[0];
    return r && {
      id: String(r['id']), causedBy: String(r['caused_by']), before: instantText(r['before_at']), startedAt: instantText(r['started_at']),
      outcome: r['outcome'] === null ? undefined : String(r['outcome']), figures: r['figures'] === null ? undefined : (JSON.parse(String(r['figures'])) as RetentionFigures),
    };
  }

  /** Cases of which contents may go, after `after`, in the order of stream and number. */
  async cases(before: Instant, after: { stream: string; caseNo: CaseNo }, limit: number): Promise<OldCase[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} h.stream, h.case_no, h.removed_at from case_head h
      where (h.stream > ${after.stream} or (h.stream = ${after.stream} and h.case_no > ${after.caseNo})) and ${this.mayGo(before)} order by h.stream, h.case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ stream: String(r['stream']), caseNo: String(r['case_no']), removed: r['removed_at'] !== null }));
  }

  /** What pruning these cases would take out. Changes nothing. */
  async weigh(cases: readonly OldCase[], before: Instant): Promise<RetentionFigures> {
    return this.ofCases(this.database, cases, before, false);
  }

  /** Takes the contents of these cases out, as far as they still may go. */
  async prune(cases: readonly OldCase[], before: Instant): Promise<RetentionFigures> {
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      let still: OldCase[] = [];
      for (const [stream, ofStream] of byStream(cases)) {
        // A capture of one of them waits for us or we for it; then the head says that it was seen.
        await runner.run(sql`select id from exchange ${raw(hint)} where stream = ${stream} and case_no in (${list(ofStream.map((c) => c.caseNo))}) order by id ${raw(suffix)}`);
        const { rows } = await runner.run(sql`select h.case_no from case_head h ${raw(hint)} where h.stream = ${stream} and h.case_no in (${list(ofStream.map((c) => c.caseNo))}) and ${this.mayGo(before)} ${raw(suffix)}`);
        const allowed = new Set(rows.map((r) => String(r['case_no'])));
        still = [...still, ...ofStream.filter((c) => allowed.has(c.caseNo))];
      }
      return this.ofCases(runner, still, before, true);
    });
  }

  /** What came in and was followed to its end; `prune` takes its bytes out. Entries after `after`. */
  async inbox(before: Instant, after: string, limit: number, prune: boolean): Promise<PrunedKind & { readonly last?: string | undefined }> {
    return this.database.transaction(async (runner) => {
      const top = this.database.dialect.top(limit);
      // Whatever was not understood, came for nobody or contradicts stays as it came.
      const { rows } = await runner.run(sql`select ${raw(top.prefix)} i.id, i.size from inbox i where i.id > ${after} and i.state = 'read' and i.class = 'acknowledgements' and i.pruned_at is null and i.size > 0
        and i.received_at < ${this.at(before)} and not exists (select 1 from acknowledgement a left join exchange e on e.id = a.exchange_id
          where a.inbox_id = i.id and (a.class in ('unknown', 'contradictory', 'early') or e.id is null or e.state not in (${settled}))) order by i.id ${raw(top.suffix)}`);
      if (rows.length === 0) return { count: 0, bytes: 0 };
      const ids = rows.map((r) => String(r['id']));
      if (prune) await runner.run(sql`update inbox set content = ${Buffer.alloc(0)}, pruned_at = ${this.at(this.clock.iso())} where id in (${list(ids)})`);
      return { count: rows.length, bytes: rows.reduce((n, r) => n + Number(r['size']), 0), last: ids.at(-1) };
    });
  }

  /** Signatures of scanned files that messages with their bytes still in the ledger name. */
  async wantedAttachments(goOn: () => Promise<boolean>): Promise<Set<string> | undefined> {
    const wanted = new Set<string>();
    const top = this.database.dialect.top(2_000);
    for (let after = '0'; ; ) {
      const { rows } = await this.database.run(sql`select ${raw(top.prefix)} exchange_id, attachments from message where exchange_id > ${after} and pruned_at is null and attachments <> '[]' order by exchange_id ${raw(top.suffix)}`);
      if (rows.length === 0) return wanted;
      for (const r of rows) for (const a of JSON.parse(String(r['attachments'])) as AttachmentRef[]) wanted.add(a.signature);
      after = String(rows.at(-1)!['exchange_id']);
      if (!(await goOn())) return undefined;
    }
  }

  /** Scanned files that no such message names and that no capture wanted since; after `after`. */
  async attachments(before: Instant, wanted: ReadonlySet<string>, after: string, limit: number, prune: boolean): Promise<PrunedKind & { readonly last?: string | undefined }> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} signature, size from attachment where signature > ${after} and pruned_at is null and stored_at < ${this.at(before)} order by signature ${raw(top.suffix)}`);
    if (rows.length === 0) return { count: 0, bytes: 0 };
    const unwanted = rows.filter((r) => !wanted.has(String(r['signature'])));
    const signatures = [...new Set(unwanted.map((r) => String(r['signature'])))];
    // A capture that wants one of them meanwhile has moved its stored_at, or finds it pruned and reads it again.
    if (prune && signatures.length > 0) {
      await this.database.run(sql`update attachment set content = ${Buffer.alloc(0)}, pruned_at = ${this.at(this.clock.iso())} where signature in (${list(signatures)}) and pruned_at is null and stored_at < ${this.at(before)}`);
    }
    return { count: unwanted.length, bytes: unwanted.reduce((n, r) => n + Number(r['size']), 0), last: String(rows.at(-1)!['signature']) };
  }

  /** Nothing open, nothing young, nothing in doubt; and something that was not looked at since. */
  private mayGo(before: Instant): Sql {
    const at = this.at(before);
    return sql`h.seen_at < ${at} and (h.removed_at is null or h.removed_at < ${at}) and h.fault_code is null and h.digest <> ${unknownDigest} and (h.pruned_at is null or h.pruned_at <= h.seen_at or h.pruned_at <= h.removed_at)
      and not exists (select 1 from exchange e where e.stream = h.stream and e.case_no = h.case_no and (e.state not in (${settled}) or e.state_since >= ${at}))
      and not exists (select 1 from difference d where d.case_no = h.case_no and d.is_open = 1)`;
  }

  private async ofCases(runner: Runner, cases: readonly OldCase[], before: Instant, prune: boolean): Promise<RetentionFigures> {
    const total = { messages: { count: 0, bytes: 0 }, snapshots: { count: 0, bytes: 0 }, logLines: 0 };
    const now = this.at(this.clock.iso());
    for (const [stream, ofStream] of byStream(cases)) {
      const caseNos = ofStream.map((c) => c.caseNo);
      const exchanges = (await runner.run(sql`select id from exchange where stream = ${stream} and case_no in (${list(caseNos)})`)).rows.map((r) => String(r['id']));
      const messages = await this.inPages(exchanges, (ids) => runner.run(sql`select exchange_id as id, size from message where exchange_id in (${list(ids)}) and pruned_at is null`));
      total.messages = added(total.messages, messages);
      const snapshots = await this.snapshots(runner, stream, ofStream);
      total.snapshots = added(total.snapshots, snapshots);
      const quiet = (ids: readonly string[]): Sql => sql`exchange_id in (${list(ids)}) and to_state is null and at < ${this.at(before)}`;
      total.logLines += (await this.inPages(exchanges, (ids) => runner.run(sql`select id from exchange_log where ${quiet(ids)}`))).length;
      if (!prune) continue;
      await this.inPages(messages.map((m) => String(m['id'])), (ids) => runner.run(sql`update message set content = ${Buffer.alloc(0)}, pruned_at = ${now} where exchange_id in (${list(ids)})`));
      await this.inPages(snapshots.map((s) => String(s['id'])), (ids) => runner.run(sql`update case_snapshot set body = '', pruned_at = ${now} where id in (${list(ids)})`));
      await this.inPages(exchanges, (ids) => runner.run(sql`delete from exchange_log where ${quiet(ids)}`));
      // Of a case that is gone nothing names a person any more, and nobody can ask for it.
      const gone = list(ofStream.filter((c) => c.removed).map((c) => c.caseNo));
      await runner.run(sql`delete from inquiry_name where stream = ${stream} and case_no in (${gone})`);
      await runner.run(sql`delete from inquiry_proof where stream = ${stream} and case_no in (${gone})`);
      await runner.run(sql`delete from case_person where stream = ${stream} and case_no in (${gone})`);
      await runner.run(sql`update case_head set pruned_at = ${now} where stream = ${stream} and case_no in (${list(caseNos)})`);
    }
    return { ...nothingPruned, cases: cases.length, ...total };
  }

  /**
   * Kept of a case that stands: its newest snapshot, and those that events which may still be withdrawn were reported from. Kept of
   * any: what reconciliation has not read.
   */
  private async snapshots(runner: Runner, stream: string, cases: readonly OldCase[]): Promise<Record<string, unknown>[]> {
    const removed = list(cases.filter((c) => c.removed).map((c) => c.caseNo));
    return this.inPages(cases.map((c) => c.caseNo), (caseNos) => runner.run(sql`select s.id, ${raw(this.database.dialect.engine === 'postgres' ? 'octet_length(s.body)' : 'datalength(s.body)')} as size from case_snapshot s
      where s.stream = ${stream} and s.case_no in (${list(caseNos)}) and s.pruned_at is null
        and s.id <= coalesce((select min(p.position) from reconciliation_position p where p.name = 'charges'), 0)
        and (s.case_no in (${removed}) or (not exists (select 1 from case_head h where h.stream = s.stream and h.case_no = s.case_no and h.snapshot_id = s.id)
          and not exists (select 1 from exchange e where e.stream = s.stream and e.case_no = s.case_no and e.snapshot_id = s.id and e.operation <> 'D' and not exists (
            select 1 from exchange n where n.channel = e.channel and n.case_no = e.case_no and n.event = e.event and n.sequence = e.sequence and n.version > e.version))))`));
  }

  /** SQL Server takes 2100 parameters in a statement. */
  private async inPages(values: readonly string[], run: (page: readonly string[]) => Promise<{ rows: Record<string, unknown>[] }>): Promise<Record<string, unknown>[]> {
    const out: Record<string, unknown>[] = [];
    for (let i = 0; i < values.length; i += 900) out.push(...(await run(values.slice(i, i + 900))).rows);
    return out;
  }

  private at(instant: Instant): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

function byStream(cases: readonly OldCase[]): Map<string, OldCase[]> {
  const out = new Map<string, OldCase[]>();
  for (const c of cases) out.set(c.stream, [...(out.get(c.stream) ?? []), c]);
  return out;
}

const added = (sum: PrunedKind, rows: readonly Record<string, unknown>[]): PrunedKind => ({ count: sum.count + rows.length, bytes: sum.bytes + rows.reduce((n, r) => n + Number(r['size']), 0) });
