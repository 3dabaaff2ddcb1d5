import type { CardLine } from '../domain/ops-board-api.js';
import { cardMoves, type CardMove, type CardState, type ClockJudge, type ClockSubject, type DueCard, type ExaminedCard } from '../domain/supervision-cards.js';
import type { ClockLevel, ClockObject } from '../domain/supervision-facts.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, ColumnKind, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import type { ReportStore } from './report.store.js';

/** A card as it is kept. */
export interface CardRow extends Omit<CardLine, 'caused'> {
  readonly stream: string;
  readonly examinedAt?: Instant | undefined;
  readonly examinedNote?: string | undefined;
}

export interface CardLogRow {
  readonly at: Instant;
  readonly actor: string;
  readonly from?: CardState | undefined;
  readonly to: CardState;
  readonly reason: string;
}

export interface CardFilter {
  /** Those that still wait for a decision. */
  readonly open?: boolean | undefined;
  /** Those that would not be issued today. */
  readonly doubtful?: boolean | undefined;
  readonly caseNo?: CaseNo | undefined;
  readonly level?: ClockLevel | undefined;
  readonly ids?: readonly string[] | undefined;
}

const column = (name: string, kind: ColumnKind): Column => ({ name, kind });
const columns: readonly Column[] = [
  ...['stream', 'case_no', 'body', 'clock_object', 'sequence', 'card_level', 'item_code', 'section', 'office'].map((n) => column(n, 'text')),
  column('crossed_at', 'instant'), column('issued_at', 'instant'), column('limits', 'text'), column('used', 'int'), column('evidence', 'long'), column('state', 'text'),
];
const logColumns: readonly Column[] = [column('card_id', 'big'), column('at', 'instant'), column('actor', 'text'), column('from_state', 'text'), column('to_state', 'text'), column('reason', 'text')];
export const shownColumns = 'id, stream, case_no, body, clock_object, sequence, card_level, item_code, section, office, crossed_at, issued_at, limits, used, state, stands, examined_at, examined_note';

/** Alone writes cards: each once, with its limits and evidence; what people decide goes beside it, never over it. */
export class CardStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    /** Tells supervising bodies what was decided; none where no channel is told of cards. */
    private readonly reports: ReportStore | undefined,
  ) {}

  /** Inside the caller's transaction; cards that were issued before stay as they are. Gives how many are new. */
  async issue(runner: Runner, due: readonly { subject: ClockSubject; card: DueCard }[], now: Instant): Promise<number> {
    if (due.length === 0) return 0;
    return this.database.dialect.insertMany(
      runner, 'card', columns,
      due.map(({ subject: s, card: c }) => [
        s.stream, s.caseNo, s.body, c.object, c.sequence, c.level, s.facts.itemCode?.slice(0, 60) ?? null, s.facts.section?.slice(0, 60) ?? null, s.facts.office?.slice(0, 200) ?? null, c.crossedAt, now, c.limits.slice(0, 200), c.used, c.evidence, 'issued',
      ]),
      ['stream', 'case_no', 'body', 'clock_object', 'sequence', 'card_level']);
  }

  /** Looks again at the cards of cases whose facts, calendar or rules changed: would they be issued today? Inside the caller's transaction. Gives the cases of those that now read otherwise. */
  async examine(runner: Runner, subjects: readonly ClockSubject[], judge: ClockJudge, now: Instant): Promise<CaseNo[]> {
    if (subjects.length === 0) return [];
    const { rows } = await runner.run(sql`select ${raw(shownColumns)} from card where case_no in (${list([...new Set(subjects.map((s) => s.caseNo))])})`);
    const changed = rows.map(cardRow).flatMap((card) => {
      const subject = subjects.find((s) => s.caseNo === card.caseNo && s.stream === card.stream && s.body === card.body);
      const examined = subject && judge.examine(subject, card);
      return examined && examined.stands !== card.stands ? [{ card, examined }] : [];
    });
    await this.mark(runner, changed, now);
    return changed.map(({ card }) => card.caseNo);
  }

  /** Keeps what another look at cards said, inside the caller's transaction. */
  async mark(runner: Runner, changed: readonly { readonly card: CardRow; readonly examined: ExaminedCard }[], now: Instant): Promise<void> {
    if (changed.length === 0) return;
    await this.database.dialect.updateMany(runner, {
      table: 'card', key: column('id', 'big'), match: [], set: [column('stands', 'flag'), column('examined_at', 'instant'), column('examined_note', 'text')],
      rows: changed.map(({ card, examined }) => [card.id, examined.stands ? 1 : 0, now, examined.note.slice(0, 1000)]),
    });
    await this.log(runner, changed.map(({ card, examined }) => ({ id: card.id, from: card.state, to: card.state, reason: examined.note })), 'supervision', now);
  }

  /** Cards by filter, the newest first. */
  async find(filter: CardFilter, limit: number): Promise<CardRow[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(shownColumns)} from card where 1 = 1
      ${filter.open ? sql`and state in (${list(['issued', 'appealed'])})` : raw('')} ${filter.doubtful ? raw('and stands = 0') : raw('')}
      ${filter.caseNo === undefined ? raw('') : sql`and case_no = ${filter.caseNo}`} ${filter.level === undefined ? raw('') : sql`and card_level = ${filter.level}`}
      ${filter.ids === undefined ? raw('') : sql`and id in (${list(filter.ids)})`} order by issued_at desc, id desc ${raw(top.suffix)}`);
    return rows.map(cardRow);
  }

  /** What became of a card, and the evidence it was issued with. */
  async history(id: string): Promise<{ evidence: unknown; evidenceText: string; log: CardLogRow[] } | undefined> {
    const { rows } = await this.database.run(sql`select evidence from card where id = ${id}`);
    if (!rows[0]) return undefined;
    const log = await this.database.run(sql`select at, actor, from_state, to_state, reason from card_log where card_id = ${id} order by id`);
    return {
      evidence: JSON.parse(String(rows[0]['evidence'])) as unknown, evidenceText: String(rows[0]['evidence']),
      log: log.rows.map((r) => ({ at: instantText(r['at']), actor: String(r['actor']), from: r['from_state'] === null ? undefined : (String(r['from_state']) as CardState), to: String(r['to_state']) as CardState, reason: String(r['reason']) })),
    };
  }

  /** Does what a person decided; false when the card was not in a state for it any more. */
  async decide(id: string, move: CardMove, actor: string, reason: string): Promise<boolean> {
    return this.database.transaction((runner) => this.decideIn(runner, id, move, actor, reason));
  }

  /** As above, inside the caller's transaction. */
  async decideIn(runner: Runner, id: string, move: CardMove, actor: string, reason: string): Promise<boolean> {
    const { hint, suffix } = this.database.dialect.lockRows;
    const caseNo = await this.lockCase(runner, id);
    const { rows } = await runner.run(sql`select state from card ${raw(hint)} where id = ${id} ${raw(suffix)}`);
    const from = rows[0] === undefined ? undefined : (String(rows[0]['state']) as CardState);
    const { from: allowed, to } = cardMoves[move];
    if (from === undefined || !(allowed as readonly CardState[]).includes(from)) return false;
    await runner.run(sql`update card set state = ${to} where id = ${id}`);
    await this.log(runner, [{ id, from, to, reason }], actor, this.clock.iso());
    if (caseNo !== undefined) await this.reports?.report(runner, [caseNo]);
    return true;
  }

  /** Clocks before cards, as whoever computes them takes them: two that meet wait for each other and do not block. */
  private async lockCase(runner: Runner, id: string): Promise<CaseNo | undefined> {
    const { rows } = await runner.run(sql`select case_no from card where id = ${id}`);
    const caseNo = rows[0] === undefined ? undefined : String(rows[0]['case_no']);
    if (caseNo !== undefined) await this.reports?.lock(runner, [caseNo]);
    return caseNo;
  }

  /** Cards that nobody was told of yet, the oldest first. */
  async unnotified(limit: number): Promise<CardRow[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(shownColumns)} from card where notified_at is null order by id ${raw(top.suffix)}`);
    return rows.map(cardRow);
  }

  async markNotified(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.database.run(sql`update card set notified_at = ${this.database.dialect.value('instant', this.clock.iso())} where id in (${list(ids)})`);
  }

  private async log(runner: Runner, entries: readonly { id: string; from: CardState; to: CardState; reason: string }[], actor: string, now: Instant): Promise<void> {
    await this.database.dialect.insertMany(runner, 'card_log', logColumns, entries.map((e) => [e.id, now, actor.slice(0, 80), e.from, e.to, e.reason.slice(0, 1000)]));
  }
}

export function cardRow(r: Record<string, unknown>): CardRow {
  const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
  return {
    id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']), object: String(r['clock_object']) as ClockObject, sequence: String(r['sequence']), level: String(r['card_level']) as ClockLevel,
    itemCode: text(r['item_code']), section: text(r['section']), office: text(r['office']), crossedAt: instantText(r['crossed_at']), issuedAt: instantText(r['issued_at']), limits: String(r['limits']), used: Number(r['used']),
    state: String(r['state']) as CardState, stands: Number(r['stands']) === 1, examinedAt: r['examined_at'] === null ? undefined : instantText(r['examined_at']), examinedNote: text(r['examined_note']),
  };
}
