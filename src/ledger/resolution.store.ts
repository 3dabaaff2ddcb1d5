import { addDays, dayOf, laterDay } from '../domain/reckon-days.js';
import type { ItemId } from '../domain/reconciliation-outcomes.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import type { MatchOptions, MatchStore } from './match.store.js';
import { lastClosedDay, takeNumbers } from './take-numbers.js';

/** What a person may decide: accept as it is, tie together (several charges: a split), hand to somebody, take a settlement apart. */
export type ResolutionAct = 'accept' | 'link' | 'split' | 'assign' | 'reopen';

export interface ResolutionRequest {
  readonly act: ResolutionAct;
  /** accept, assign: items; link, split: one returned and its expected items; reopen: any item of the settlement. */
  readonly expected: readonly ItemId[];
  readonly returned: readonly ItemId[];
  readonly actor: string;
  readonly note: string;
  readonly reason?: string | undefined;
  /** assign: to whom. */
  readonly target?: string | undefined;
}

export type ResolutionResult =
  | { readonly done: true; readonly id: string; readonly awaitsSecond: boolean }
  | { readonly done: false; readonly expected: string };

const columns: readonly Column[] = [
  { name: 'id', kind: 'big' }, { name: 'act', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'items', kind: 'text' }, { name: 'amount_fen', kind: 'big' }, { name: 'reason', kind: 'text' }, { name: 'note', kind: 'text' }, { name: 'actor', kind: 'text' }, { name: 'at', kind: 'instant' }, { name: 'target', kind: 'text' },
];
const lineColumns: readonly Column[] = [
  { name: 'match_no', kind: 'big' }, { name: 'expected_id', kind: 'big' }, { name: 'returned_id', kind: 'big' }, { name: 'rule_name', kind: 'text' }, { name: 'outcome', kind: 'text' }, { name: 'statement_day', kind: 'text' },
  { name: 'run_id', kind: 'big' }, { name: 'matched_at', kind: 'instant' }, { name: 'part', kind: 'flag' }, { name: 'pinned', kind: 'flag' }, { name: 'resolution_id', kind: 'big' },
];

interface Money {
  readonly fen: bigint;
  readonly day: string;
  readonly statementDay: string;
}

/** Written with a decision, such as its line in the audit log. */
export type Note = (runner: Runner, decision: { readonly id: string; readonly awaitsSecond: boolean }) => Promise<void>;
const nothing: Note = () => Promise.resolve();

/** `ops li` at the page and `admin li` at the terminal are one person. */
export const samePerson = (a: string, b: string): boolean => a.split(' ').at(-1)!.toLowerCase() === b.split(' ').at(-1)!.toLowerCase();

/** Decisions of persons about open items: noted, reversible, by two above the configured amount. */
export class ResolutionStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly matches: MatchStore,
    private readonly engine: Pick<MatchOptions, 'rules' | 'settle'>,
    private readonly twoPersonsAboveFen: bigint,
  ) {}

  /**
   * Does it, or notes it until a second person confirms. Refused requests write nothing and say what was expected. `note` writes
   * beside what was decided, in the same transaction.
   */
  async resolve(request: ResolutionRequest, note: Note = nothing): Promise<ResolutionResult> {
    if (request.note.trim() === '' || request.actor.trim() === '') return { done: false, expected: 'an actor and a note' };
    return this.database.transaction(async (runner) => {
      await this.matches.lock(runner);
      const fault = await this.fault(runner, request);
      if (fault !== undefined) return { done: false, expected: fault };
      const amount = await this.amount(runner, request);
      const id = String(await takeNumbers(runner, 'match', 1));
      const awaitsSecond = request.act !== 'assign' && amount > this.twoPersonsAboveFen;
      await this.database.dialect.insertMany(runner, 'resolution', columns, [[
        id, request.act, awaitsSecond ? 'proposed' : 'done', JSON.stringify({ expected: request.expected, returned: request.returned }), String(amount), request.reason ?? null, request.note.slice(0, 1000), request.actor, this.clock.iso(), request.target ?? null,
      ]]);
      if (!awaitsSecond) await this.carryOut(runner, id, request);
      await note(runner, { id, awaitsSecond });
      return { done: true, id, awaitsSecond };
    });
  }

  /** A second person confirms what a first proposed; it is judged again, as things may have changed. */
  async confirm(id: string, actor: string, note: Note = nothing): Promise<ResolutionResult> {
    return this.database.transaction(async (runner) => {
      await this.matches.lock(runner);
      const { rows } = await runner.run(sql`select * from resolution where id = ${id}`);
      const row = rows[0];
      if (row?.['state'] !== 'proposed') return { done: false, expected: 'a proposed resolution' };
      if (samePerson(String(row['actor']), actor)) return { done: false, expected: `another person than ${actor}, who proposed it` };
      const items = JSON.parse(String(row['items'])) as { expected: string[]; returned: string[] };
      const request: ResolutionRequest = { act: String(row['act']) as ResolutionAct, ...items, actor, note: String(row['note']), target: row['target'] === null ? undefined : String(row['target']) };
      const fault = await this.fault(runner, request);
      if (fault !== undefined) return { done: false, expected: fault };
      await runner.run(sql`update resolution set state = 'done', second_actor = ${actor}, second_at = ${this.database.dialect.value('instant', this.clock.iso())} where id = ${id} and state = 'proposed'`);
      await this.carryOut(runner, id, request);
      await note(runner, { id, awaitsSecond: false });
      return { done: true, id, awaitsSecond: false };
    });
  }

  /** Somebody, the proposer too, says no to what was proposed; nothing of it happens. */
  async decline(id: string, actor: string, why: string, note: Note = nothing): Promise<ResolutionResult> {
    return this.database.transaction(async (runner) => {
      await this.matches.lock(runner);
      const { affected } = await runner.run(sql`update resolution set state = 'declined', undone_by = ${actor}, undone_at = ${this.database.dialect.value('instant', this.clock.iso())}, undone_note = ${why.slice(0, 1000)} where id = ${id} and state = 'proposed'`);
      if (affected !== 1) return { done: false, expected: 'a proposed resolution' };
      await note(runner, { id, awaitsSecond: false });
      return { done: true, id, awaitsSecond: false };
    });
  }

  private async fault(runner: Runner, r: ResolutionRequest): Promise<string | undefined> {
    const all = [...r.expected, ...r.returned];
    if (all.length === 0 || all.length > 40 || new Set(all).size !== all.length) return 'between 1 and 40 different items';
    const settled = await runner.run(sql`select expected_id, returned_id from match_line where live = 1 and ((expected_id is not null and ${this.database.dialect.among('expected_id', 'big', all)}) or (returned_id is not null and ${this.database.dialect.among('returned_id', 'big', all)}))`);
    if (r.act === 'reopen') return settled.rows.length > 0 ? undefined : 'an item that is settled';
    if (r.act === 'assign') return r.target ? undefined : 'the person it is assigned to';
    if (settled.rows.length > 0) return 'items that are open; reopen what is settled first';
    const open = await runner.run(sql`select count(*) as n from difference where is_open = 1 and aspect = 'settlement' and ${this.database.dialect.among('item_id', 'big', all)}`);
    if (Number(open.rows[0]!['n']) !== all.length) return 'items with an open difference';
    if (r.act === 'accept') return undefined;
    if (r.expected.length === 0 || r.returned.length === 0) return 'at least one item of each side';
    if (r.act === 'split' && (r.returned.length !== 1 || r.expected.length < 2)) return 'one payment and at least two charges';
    const money = await this.money(runner, all);
    const sum = (ids: readonly string[]): bigint => ids.reduce((s, id) => s + (money.get(id)?.fen ?? 0n), 0n);
    const tax = await runner.run(sql`select count(*) as n from tax_expectation where ${this.database.dialect.among('id', 'big', r.expected)}`);
    if (Number(tax.rows[0]!['n']) === 0 && sum(r.expected) !== sum(r.returned)) return 'equal sums on both sides; accept what remains as an item of its own';
    return undefined;
  }

  private async amount(runner: Runner, r: ResolutionRequest): Promise<bigint> {
    const money = await this.money(runner, [...r.expected, ...r.returned]);
    const size = (n: bigint): bigint => (n < 0n ? -n : n);
    const sum = (ids: readonly string[]): bigint => ids.reduce((s, id) => s + size(money.get(id)?.fen ?? 0n), 0n);
    const [a, b] = [sum(r.expected), sum(r.returned)];
    return a > b ? a : b;
  }

  private async money(runner: Runner, ids: readonly ItemId[]): Promise<Map<ItemId, Money>> {
    const out = new Map<ItemId, Money>();
    for (const [table, fen] of [['charge', 'amount_fen'], ['tax_expectation', '0'], ['fee_record', `case when status = 'paid' then amount_fen else -amount_fen end`], ['tax_record', `case when status = 'paid' then paid_fen else -paid_fen end`]] as const) {
      const { rows } = await runner.run(sql`select id, day, statement_day, ${raw(fen)} as fen from ${raw(table)} where ${this.database.dialect.among('id', 'big', ids)}`);
      for (const r of rows) out.set(String(r['id']), { fen: BigInt(String(r['fen'])), day: String(r['day']), statementDay: String(r['statement_day']) });
    }
    return out;
  }

  private async carryOut(runner: Runner, id: string, r: ResolutionRequest): Promise<void> {
    const all = [...r.expected, ...r.returned];
    const now = this.clock.iso();
    const at = this.database.dialect.value('instant', now);
    const among = this.database.dialect.among('item_id', 'big', all);
    if (r.act === 'assign') {
      await runner.run(sql`update difference set assigned_to = ${r.target} where is_open = 1 and ${among}`);
      return;
    }
    const closed = await lastClosedDay(runner);
    const firstOpen = closed === undefined ? '' : addDays(closed, 1);
    const day = laterDay(dayOf(now), firstOpen);
    if (r.act === 'reopen') {
      const named = sql`((expected_id is not null and ${this.database.dialect.among('expected_id', 'big', all)}) or (returned_id is not null and ${this.database.dialect.among('returned_id', 'big', all)}))`;
      const several = await runner.run(sql`select distinct match_no from match_line where live = 1 and part > 0 and ${named}`);
      const undone = several.rows.length === 0 ? sql`live = 1 and ${named}` : sql`live = 1 and (${named} or (match_no > 0 and ${this.database.dialect.among('match_no', 'big', several.rows.map((l) => String(l['match_no'])))}))`;
      const members = await runner.run(sql`select expected_id, returned_id, resolution_id from match_line where ${undone}`);
      // Of an open day it never counted; of a closed one it counts until the first open day, in which it can be settled anew.
      await runner.run(sql`update match_line set live = 0, undone_at = ${at}, undone_by = ${r.actor}, undone_why = case when pinned = 1 then 'resolution-undone' else 'person' end,
        undone_day = case when statement_day < ${firstOpen} then ${firstOpen} else statement_day end where ${undone}`);
      for (const m of members.rows) if (m['resolution_id'] !== null) await runner.run(sql`update resolution set state = 'undone', undone_by = ${r.actor}, undone_at = ${at}, undone_note = ${r.note.slice(0, 1000)} where id = ${String(m['resolution_id'])}`);
      const items = [...new Set(members.rows.flatMap((m) => [m['expected_id'], m['returned_id']]).filter((x) => x !== null).map(String))];
      await this.matches.reconsider(runner, items, this.engine);
      return;
    }
    const money = await this.money(runner, all);
    const statementDay = all.reduce((d, item) => laterDay(d, money.get(item)!.statementDay), day);
    const matchNo = String(await takeNumbers(runner, 'match', 1));
    const n = Math.max(r.expected.length, r.returned.length);
    await this.database.dialect.insertMany(runner, 'match_line', lineColumns, Array.from({ length: n }, (_, i) => [
      matchNo, r.expected[i] ?? null, r.returned[i] ?? null, r.act === 'accept' ? 'accepted' : 'linked', r.act === 'accept' ? 'resolved' : 'matched', statementDay, id, now, n > 1 ? i + 1 : 0, 1, id,
    ]));
    await runner.run(sql`update difference set is_open = 0, closed_at = ${at}, closed_day = ${day}, closed_by = ${r.actor}, closed_how = ${r.act} where is_open = 1 and aspect = 'settlement' and ${among}`);
    // What leaned on these items is explained anew.
    await this.matches.reconsider(runner, all, this.engine);
  }
}
