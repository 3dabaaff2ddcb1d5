import type { CardState } from '../domain/supervision-cards.js';
import type { ClockLevel, ClockObject } from '../domain/supervision-facts.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { cardRow, shownColumns, type CardRow } from './card.store.js';

export interface CardSearch {
  readonly body?: string | undefined;
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
  readonly open?: boolean | undefined;
  readonly doubtful?: boolean | undefined;
  readonly levels?: readonly ClockLevel[] | undefined;
  readonly states?: readonly CardState[] | undefined;
  readonly object?: ClockObject | undefined;
  readonly caseNo?: CaseNo | undefined;
}

/** Looks at cards for the board. Writes nothing. */
export class CardViewStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** The newest first, below the number `before`. */
  async page(s: CardSearch, before: string | undefined, limit: number): Promise<CardRow[]> {
    const top = this.database.dialect.top(limit);
    const equal = (name: string, value: string | undefined) => (value === undefined ? raw('') : sql`and ${raw(name)} = ${value}`);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(shownColumns)} from card where ${before === undefined ? sql`1 = 1` : sql`id < ${before}`}
      ${equal('body', s.body)} ${equal('section', s.section)} ${equal('item_code', s.item)} ${equal('office', s.office)} ${equal('clock_object', s.object)} ${equal('case_no', s.caseNo)}
      ${s.open === true ? sql`and state in ('issued', 'appealed')` : raw('')} ${s.doubtful === true ? raw('and stands = 0') : raw('')}
      ${s.levels === undefined ? raw('') : sql`and card_level in (${list(s.levels)})`} ${s.states === undefined ? raw('') : sql`and state in (${list(s.states)})`} order by id desc ${raw(top.suffix)}`);
    return rows.map(cardRow);
  }

  /** Cards that wait for somebody: open ones, appealed ones, and open ones that would not be issued today. */
  async waiting(body: string): Promise<{ open: number; appealed: number; doubtful: number }> {
    const { rows } = await this.database.run(sql`select state, stands, count(*) as n from card where body = ${body} and state in ('issued', 'appealed') and card_level <> 'warning' group by state, stands`);
    const count = (fits: (r: Record<string, unknown>) => boolean): number => rows.filter(fits).reduce((n, r) => n + Number(r['n']), 0);
    return { open: count(() => true), appealed: count((r) => r['state'] === 'appealed'), doubtful: count((r) => Number(r['stands']) === 0) };
  }

  /** Of each case and object only its highest card that was not revoked counts. */
  async valid(body: string): Promise<{ object: ClockObject; level: ClockLevel; count: number }[]> {
    const { rows } = await this.database.run(sql`select t.clock_object, t.weight, count(*) as n from (
      select stream, case_no, clock_object, max(case card_level when 'red' then 3 when 'yellow' then 2 else 1 end) as weight from card where body = ${body} and state <> 'revoked' group by stream, case_no, clock_object) t
      group by t.clock_object, t.weight order by t.clock_object, t.weight desc`);
    const levels = { 1: 'warning', 2: 'yellow', 3: 'red' } as const;
    return rows.map((r) => ({ object: String(r['clock_object']) as ClockObject, level: levels[Number(r['weight']) as 1 | 2 | 3], count: Number(r['n']) }));
  }
}
