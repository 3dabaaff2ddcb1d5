import type { CaseFacts } from '../domain/supervision-facts.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

export type ShownLight = 'green' | 'yellow' | 'red' | 'grey';

/** Open cases of one place with one light. */
export interface PlaceCount {
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
  readonly light: ShownLight;
  readonly count: number;
}
export interface BoardFilter {
  readonly body: string;
  readonly light?: ShownLight | undefined;
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
  /** Beginning of a case number, within a stream. */
  readonly cases?: { readonly stream: string; readonly prefix: string } | undefined;
}
/** A clock as it was kept last, with the facts to read it anew. */
export interface KeptClock {
  readonly id: string;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly dueAt?: Instant | undefined;
  readonly facts: CaseFacts;
}
/** Where a page of cases ends: among those that are due, or among those without a due moment. */
export interface BoardPlace {
  readonly dueAt?: Instant | undefined;
  readonly id: string;
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const columns = 'id, stream, case_no, due_at, facts';
const kept = (r: Record<string, unknown>): KeptClock => ({
  id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), dueAt: r['due_at'] === null ? undefined : instantText(r['due_at']), facts: JSON.parse(String(r['facts'])) as CaseFacts,
});
/** A case that ended over its first limit, and no person took its cards back. */
const overdue = sql`c.remaining < 0 and c.clock_level is not null and (not exists (select 1 from card k where k.case_no = c.case_no and k.stream = c.stream and k.body = c.body and k.clock_object = 'case' and k.card_level <> 'warning' and k.state = 'revoked')
  or exists (select 1 from card k where k.case_no = c.case_no and k.stream = c.stream and k.body = c.body and k.clock_object = 'case' and k.card_level <> 'warning' and k.state <> 'revoked'))`;

/** Reads clocks for the board: each question goes along an index of the open cases or of the ended ones. Writes nothing. */
export class BoardStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** Open cases by section, item, office and light. */
  async places(body: string): Promise<PlaceCount[]> {
    const { rows } = await this.database.run(sql`select section, item_code, office, light, count(*) as n from clock_state where body = ${body} and light <> 'none' group by section, item_code, office, light`);
    return rows.map((r) => ({ section: text(r['section']), item: text(r['item_code']), office: text(r['office']), light: String(r['light']) as ShownLight, count: Number(r['n']) }));
  }

  /** Cases whose clock cannot be told. */
  async untold(body: string): Promise<number> {
    const { rows } = await this.database.run(sql`select count(*) as n from clock_state where body = ${body} and fault_code is not null`);
    return Number(rows[0]!['n']);
  }

  /** The soonest due first; those without a due moment after all others. */
  async soonest(filter: BoardFilter, after: BoardPlace | undefined, limit: number): Promise<KeptClock[]> {
    const due = after !== undefined && after.dueAt === undefined ? [] : await this.page(filter, after === undefined ? sql`due_at is not null` : this.behind(after), sql`due_at, id`, limit);
    if (due.length === limit) return due;
    const behind = after !== undefined && after.dueAt === undefined ? sql`due_at is null and id > ${after.id}` : sql`due_at is null`;
    return [...due, ...(await this.page(filter, behind, sql`id`, limit - due.length))];
  }

  private behind(after: BoardPlace): Sql {
    const at = this.database.dialect.value('instant', after.dueAt);
    // The first comparison says the same again, so that the index is entered there.
    return sql`due_at >= ${at} and (due_at > ${at} or id > ${after.id})`;
  }

  private async page(f: BoardFilter, where: Sql, order: Sql, limit: number): Promise<KeptClock[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(columns)} from clock_state where body = ${f.body} and ${f.light === undefined ? sql`light <> 'none'` : sql`light <> 'none' and light = ${f.light}`} and ${where}
      ${f.section === undefined ? raw('') : sql`and section = ${f.section}`} ${f.item === undefined ? raw('') : sql`and item_code = ${f.item}`} ${f.office === undefined ? raw('') : sql`and office = ${f.office}`}
      ${f.cases === undefined ? raw('') : sql`and stream = ${f.cases.stream} and case_no like ${`${f.cases.prefix.replaceAll(/[\\%_[]/g, (c) => `\\${c}`)}%`} escape '\\'`} order by ${order} ${raw(top.suffix)}`);
    return rows.map(kept);
  }

  /** The clocks of these cases under one body. */
  async clocks(body: string, caseNos: readonly CaseNo[]): Promise<KeptClock[]> {
    const { rows } = await this.database.run(sql`select ${raw(columns)} from clock_state where case_no in (${list([...new Set(caseNos)])}) and body = ${body} order by id`);
    return rows.map(kept);
  }

  /** The newest snapshot of a case of an item, where its name stands. */
  async snapshotOfItem(body: string, item: string): Promise<string | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} s.body from clock_state c join case_head h on h.stream = c.stream and h.case_no = c.case_no join case_snapshot s on s.id = h.snapshot_id
      where c.body = ${body} and c.item_code = ${item} and c.light <> 'none' ${raw(top.suffix)}`);
    return text(rows[0]?.['body']);
  }

  /** Cases overdue now, and the last that ended so. */
  async overdue(body: string): Promise<{ now: number; last?: { caseNo: CaseNo; endedAt: Instant } | undefined }> {
    const open = await this.database.run(sql`select count(*) as n from clock_state c where c.body = ${body} and c.light in ('red', 'yellow') and c.light <> 'none' and ${overdue}`);
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} c.case_no, c.ended_at from clock_state c where c.body = ${body} and c.ended_at is not null and ${overdue} order by c.ended_at desc ${raw(top.suffix)}`);
    return { now: Number(open.rows[0]!['n']), ...(rows[0] ? { last: { caseNo: String(rows[0]['case_no']), endedAt: instantText(rows[0]['ended_at']) } } : {}) };
  }

  /** Since when this ledger supervises. */
  async beganAt(): Promise<Instant | undefined> {
    const { rows } = await this.database.run(sql`select began_at from supervision_position where name = ${'facts'}`);
    return rows[0]?.['began_at'] === null || rows[0] === undefined ? undefined : instantText(rows[0]['began_at']);
  }

  /** Cases closed from one moment up to, without, another: how many, how many overdue, how much of the limit they used. */
  async closedBetween(body: string, from: Instant, until: Instant): Promise<{ closed: number; overdue: number; usedShare?: number | undefined }> {
    const at = (i: Instant): unknown => this.database.dialect.value('instant', i);
    const ended = sql`c.body = ${body} and c.ended_at >= ${at(from)} and c.ended_at < ${at(until)} and c.outcome = 'closed'`;
    const { rows } = await this.database.run(sql`select count(*) as n, avg(case when c.used + c.remaining > 0 then c.used * 1.0 / (c.used + c.remaining) end) as share from clock_state c where ${ended}`);
    // Not in one statement: an aggregate over a subquery is refused by one of the engines.
    const late = await this.database.run(sql`select count(*) as n from clock_state c where ${ended} and ${overdue}`);
    const [closed, share] = [Number(rows[0]!['n']), rows[0]!['share']];
    return { closed, overdue: Number(late.rows[0]!['n']), ...(closed === 0 || share === null ? {} : { usedShare: Number(share) }) };
  }
}
