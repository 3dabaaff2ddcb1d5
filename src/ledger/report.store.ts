import { createHash } from 'node:crypto';
import { bureauTime } from '../domain/bureau-time.js';
import type { Row } from '../domain/snapshot.js';
import type { CardState } from '../domain/supervision-cards.js';
import type { CaseFacts, ClockLevel, ClockObject, ClockState, Light } from '../domain/supervision-facts.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { composeReport, deriveReports, type ReportedCard, type ReportedClock, type ReportedReply, type ToldChannel } from './compose-report.js';
import { instantText } from './exchange-row.js';
import type { OpinionStore } from './opinion.store.js';
import type { RecordingStore } from './recording.store.js';

/** What is read of the cases that are reported. */
interface Standing {
  readonly identities: ReadonlyMap<CaseNo, Row>;
  readonly clocks: ReadonlyMap<CaseNo, readonly ReportedClock[]>;
  readonly cards: ReadonlyMap<CaseNo, readonly ReportedCard[]>;
  readonly replies: ReadonlyMap<CaseNo, readonly ReportedReply[]>;
  readonly gone: ReadonlySet<CaseNo>;
}

/** How long until everything is looked through for what was never reported. */
const sweepEveryMs = 7 * 86_400_000;

/**
 * Reports clocks, cards and answers on the channels of supervising bodies: in the transaction that changed one of them it writes
 * their snapshot and opens the exchanges that follow from it. Reporting what is reported changes nothing.
 */
export class ReportStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly recording: RecordingStore,
    private readonly opinions: OpinionStore,
    /** Stream of the cases. */
    private readonly stream: string,
    private readonly told: readonly ToldChannel[],
  ) {}

  /** Whether any channel is told of clocks and cards. */
  get isWanted(): boolean {
    return this.told.length > 0;
  }

  /** Inside the transaction that changed what these cases' clocks, cards or answers say; their clocks are locked by it. */
  async report(runner: Runner, caseNos: readonly CaseNo[]): Promise<void> {
    if (caseNos.length === 0) return;
    const distinct = [...new Set(caseNos)];
    await this.opinions.touchComparisons(runner, distinct);
    if (!this.isWanted) return;
    const standing = await this.standing(runner, distinct);
    const removal = { event: supervisionStream.removalEvent, channels: [], at: bureauTime(this.clock.now()) };
    await this.recording.recordRemoved(runner, supervisionStream.stream, distinct.filter((no) => standing.gone.has(no)), removal);
    await this.recording.record(runner, supervisionStream.stream, distinct.filter((no) => !standing.gone.has(no)).map((caseNo) => {
      const snapshot = composeReport(caseNo, standing.identities.get(caseNo) ?? {}, standing.clocks.get(caseNo) ?? [], standing.cards.get(caseNo) ?? [], standing.replies.get(caseNo) ?? []);
      const body = JSON.stringify({ case: snapshot.case, children: snapshot.children });
      return { caseNo, body, digest: createHash('sha256').update(body).digest('hex'), snapshot, events: deriveReports(snapshot, this.told) };
    }));
  }

  /** New snapshots of these cases were followed; what names a case otherwise than it was reported is corrected. Their clocks are locked. */
  async follow(runner: Runner, caseNos: readonly CaseNo[]): Promise<void> {
    if (!this.isWanted || caseNos.length === 0) return;
    await this.opinions.touchComparisons(runner, caseNos);
    const { rows } = await runner.run(sql`select h.case_no, s.body as told, n.body as now from case_head h join case_snapshot s on s.id = h.snapshot_id
      join case_head c on c.stream = ${this.stream} and c.case_no = h.case_no join case_snapshot n on n.id = c.snapshot_id
      where h.stream = ${supervisionStream.stream} and h.removed_at is null and h.case_no in (${list([...new Set(caseNos)])})`);
    const other = rows.filter((r) => String(r['told']) !== '' && String(r['now']) !== '' && namesOtherwise(rowIn(r['told']), rowIn(r['now'])));
    await this.report(runner, other.map((r) => String(r['case_no'])));
  }

  /** An operator answers a query; the answer goes out in the lane of the case. False when it was answered before or is not in force. */
  async reply(query: { id: string; caseNo: CaseNo }, reply: { text: string; actor: string }): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      await this.lock(runner, [query.caseNo]);
      if (!(await this.opinions.reply(runner, query.id, reply))) return false;
      await this.report(runner, [query.caseNo]);
      return true;
    });
  }

  /**
   * A page of the look through everything for what was never reported: a channel that is new, a ledger that was restored. `left`
   * false: all is reported, and was so less than a week ago.
   */
  async sweep(limit: number): Promise<{ left: boolean; seen: number }> {
    if (!this.isWanted) return { left: false, seen: 0 };
    const stamp = createHash('sha256').update(JSON.stringify(this.told)).digest('hex').slice(0, 40);
    const { rows: at } = await this.database.run(sql`select position, stamp, began_at from supervision_position where name = ${'reports'}`);
    const [known, doneAt] = [String(at[0]?.['stamp']), at[0]?.['began_at']];
    const isFresh = doneAt !== null && doneAt !== undefined && this.clock.now().getTime() - Date.parse(instantText(doneAt)) < sweepEveryMs;
    if (known === `${stamp} done` && isFresh) return { left: false, seen: 0 };
    return this.database.transaction(async (runner) => {
      await runner.run(sql`update supervision_position set position = case when stamp = ${stamp} then position else 0 end, stamp = ${stamp} where name = ${'reports'}`);
      const { rows: place } = await runner.run(sql`select position from supervision_position where name = ${'reports'}`);
      const top = this.database.dialect.top(limit);
      const { rows } = await runner.run(sql`select ${raw(top.prefix)} id, case_no from clock_state where id > ${String(place[0]!['position'])} and live = 1 order by id ${raw(top.suffix)}`);
      const last = rows.at(-1);
      const now = this.database.dialect.value('instant', this.clock.iso());
      if (last === undefined) await runner.run(sql`update supervision_position set stamp = ${`${stamp} done`}, position = 0, began_at = ${now} where name = ${'reports'}`);
      else {
        const caseNos = rows.map((r) => String(r['case_no']));
        await this.lock(runner, caseNos);
        await this.report(runner, caseNos);
        await runner.run(sql`update supervision_position set position = ${String(last['id'])} where name = ${'reports'}`);
      }
      return { left: last !== undefined, seen: rows.length };
    });
  }

  /** Whoever changes a card or an answer holds the clocks of its case first, as whoever computes them does. */
  async lock(runner: Runner, caseNos: readonly CaseNo[]): Promise<void> {
    const { hint, suffix } = this.database.dialect.lockRows;
    await runner.run(sql`select id from clock_state ${raw(hint)} where stream = ${this.stream} and case_no in (${list(caseNos)}) order by id ${raw(suffix)}`);
  }

  private async standing(runner: Runner, caseNos: readonly CaseNo[]): Promise<Standing> {
    const all = list(caseNos);
    const bodies = list([...new Set(this.told.map((t) => t.body))]);
    // Waits for a capture that takes the case out, and makes the next one wait: what is opened behind its removal would stand for good.
    await this.recording.lockLanes(runner, caseNos);
    const clocks = await runner.run(sql`select case_no, body, light, clock_state, computed_at, used, remaining, due_at, facts, gone from clock_state where stream = ${this.stream} and case_no in (${all}) and body in (${bodies})`);
    const cards = await runner.run(sql`select id, case_no, body, clock_object, sequence, card_level, state, stands, crossed_at, issued_at, limits, used from card where stream = ${this.stream} and case_no in (${all}) and body in (${bodies}) order by id`);
    const decisions = await runner.run(sql`select card_id, at, reason from card_log where card_id in (${list(cards.rows.map((r) => String(r['id'])))}) and from_state <> to_state order by id`);
    const identities = await runner.run(sql`select h.case_no, h.removed_at, s.body from case_head h join case_snapshot s on s.id = h.snapshot_id where h.stream = ${this.stream} and h.case_no in (${all})`);
    const replies = await runner.run(sql`select case_no, channel, their_no, reply, replied_by, replied_at from supervision_query where is_current = 1 and reply is not null and case_no in (${all}) order by id`);
    const decided = new Map(decisions.rows.map((r) => [String(r['card_id']), { at: instantText(r['at']), reason: String(r['reason']) }]));
    return {
      gone: new Set([...clocks.rows.filter((r) => Number(r['gone']) === 1), ...identities.rows.filter((r) => r['removed_at'] !== null)].map((r) => String(r['case_no']))),
      // A body that retention emptied belongs to a case that was settled long ago.
      identities: new Map(identities.rows.flatMap((r): [CaseNo, Row][] => (String(r['body']) === '' ? [] : [[String(r['case_no']), rowIn(r['body'])]]))),
      clocks: byCase(clocks.rows, clockOf),
      cards: byCase(cards.rows, (r) => cardOf(r, decided.get(String(r['id'])))),
      replies: byCase(replies.rows, (r): ReportedReply => ({ theirNo: String(r['their_no']), channel: String(r['channel']), text: String(r['reply']), by: String(r['replied_by']), at: instantText(r['replied_at']) })),
    };
  }
}

function byCase<T>(rows: readonly Record<string, unknown>[], of: (row: Record<string, unknown>) => T): Map<CaseNo, T[]> {
  const out = new Map<CaseNo, T[]>();
  for (const row of rows) out.set(String(row['case_no']), [...(out.get(String(row['case_no'])) ?? []), of(row)]);
  return out;
}

const rowIn = (body: unknown): Row => (JSON.parse(String(body)) as { case: Row }).case;
const namesOtherwise = (told: Row, now: Row): boolean => Object.keys(supervisionStream.columns).some((c) => c !== 'case_no' && (told[c] ?? null) !== (now[c] ?? null));
const count = (v: unknown): number | undefined => (v === null || v === undefined ? undefined : Number(v));

function clockOf(r: Record<string, unknown>): ReportedClock {
  return {
    body: String(r['body']), light: String(r['light']) as Light, state: String(r['clock_state']) as ClockState, computedAt: instantText(r['computed_at']), used: count(r['used']), remaining: count(r['remaining']),
    dueAt: r['due_at'] === null ? undefined : instantText(r['due_at']), facts: JSON.parse(String(r['facts'])) as CaseFacts,
  };
}

function cardOf(r: Record<string, unknown>, decided: { at: Instant; reason: string } | undefined): ReportedCard {
  const state = String(r['state']) as CardState;
  return {
    body: String(r['body']), object: String(r['clock_object']) as ClockObject, sequence: String(r['sequence']), level: String(r['card_level']) as ClockLevel, state, stands: Number(r['stands']) === 1,
    crossedAt: instantText(r['crossed_at']), issuedAt: instantText(r['issued_at']), limits: String(r['limits']), used: Number(r['used']), decided: state === 'issued' ? undefined : decided,
  };
}
