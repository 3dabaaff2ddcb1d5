import { addDays } from '../domain/reckon-days.js';
import type { ItemId } from '../domain/reconciliation-outcomes.js';
import type { ReconciliationRules } from '../domain/reconciliation-rules.js';
import type { Dialect, Runner } from '../platform/database/dialect.js';
import { raw, sql, type Sql } from '../platform/database/sql.js';

/** Ids of a part of a list, and where the next part begins; undefined when there is none. */
export interface Slab {
  readonly ids: readonly ItemId[];
  readonly next: string | undefined;
}

/** Ids that are fetched at once; their number bounds the memory. */
const slab = 50_000;

/**
 * Which items a run of matching has to do with, beside the new ones (after `from`, up to `to`) those that stood open before. Every
 * statement starts from the new items' ids: what SQL alone has settled holds one, so that a day costs a day, however long the history.
 */
export class RunItemStore {
  constructor(
    private readonly runner: Runner,
    private readonly dialect: Dialect,
    private readonly from: string,
    private readonly to: string,
  ) {}

  /** Open items that became overdue since. */
  async overdue(rules: ReconciliationRules, today: string): Promise<ItemId[]> {
    const { rows } = await this.runner.run(sql`select item_id from difference where is_open = 1 and
      ((reason = 'awaiting-payment' and first_day < ${addDays(today, -rules.paymentTermDays)}) or (reason = 'cut-off-timing' and first_day < ${addDays(today, -rules.cutOffDays)})) order by item_id`);
    return rows.map((r) => String(r['item_id']));
  }

  /** New items in the order of their ids; without those in a live match where SQL alone has settled some. */
  async unsettled(after: string | undefined, exact: number): Promise<Slab> {
    const low = after ?? this.from;
    const open = (side: string): Sql => (exact === 0 ? raw('') : sql`and not exists (select 1 from match_line m where m.live = 1 and m.${raw(side)} is not null and m.${raw(side)} > ${low} and m.${raw(side)} <= ${this.to} and m.${raw(side)} = i.id)`);
    const part = (table: string, side: string): Sql => sql`select i.id from ${raw(table)} i where i.id > ${low} and i.id <= ${this.to} ${open(side)}`;
    return this.slab(sql`(${part('charge', 'expected_id')} union all ${part('tax_expectation', 'expected_id')} union all ${part('fee_record', 'returned_id')} union all ${part('tax_record', 'returned_id')}) x`);
  }

  /** Items to look at again although they are not new. */
  async seeds(after: string | undefined): Promise<Slab> {
    return this.slab(sql`(select item_id as id, id as place from reconciliation_seed where id > ${after ?? this.from} and id <= ${this.to}) x`, 'place');
  }

  /** Open items whose explanation leaned on a charge that SQL alone has settled now. */
  async touched(after: string | undefined): Promise<Slab> {
    const open = sql`d.is_open = 1 and d.item_id > ${after ?? '0'}`;
    const other = (lines: Sql): Sql => sql`select d.item_id as id from match_line m join difference d on d.other_id = m.expected_id where ${lines} and d.other_id is not null and ${open}`;
    const ofCase = (lines: Sql): Sql => sql`select d.item_id as id from match_line m join charge c on c.id = m.expected_id join difference d on d.case_no = c.case_no where ${lines} and d.case_no is not null and d.item_kind = 'fee-record' and ${open}`;
    const [paid, charged] = [this.linesOf('returned_id'), this.linesOf('expected_id')];
    return this.slab(sql`(${other(paid)} union ${other(charged)} union ${ofCase(paid)} union ${ofCase(charged)}) x`);
  }

  /** Closes what stood open and is settled now: the older side of a match whose newer side has arrived. Returns how many. */
  async closeSettled(today: string, now: unknown): Promise<number> {
    if (this.from === '0') return 0;
    const close = async (older: 'expected_id' | 'returned_id', newer: 'expected_id' | 'returned_id'): Promise<number> => {
      const { affected } = await this.runner.run(sql`update difference set is_open = 0, closed_at = ${now}, closed_day = ${today}, closed_by = 'reconcile', closed_how = 'matched'
        where is_open = 1 and aspect = 'settlement' and item_id in (select m.${raw(older)} from match_line m where ${this.linesOf(newer)} and m.${raw(older)} is not null and m.${raw(older)} <= ${this.from})`);
      return affected;
    };
    return (await close('expected_id', 'returned_id')) + (await close('returned_id', 'expected_id'));
  }

  private linesOf(newer: 'expected_id' | 'returned_id'): Sql {
    return sql`m.live = 1 and m.${raw(newer)} is not null and m.${raw(newer)} > ${this.from} and m.${raw(newer)} <= ${this.to}`;
  }

  private async slab(from: Sql, place: 'id' | 'place' = 'id'): Promise<Slab> {
    const top = this.dialect.top(slab);
    const { rows } = await this.runner.run(sql`select ${raw(top.prefix)} x.id, x.${raw(place)} as place from ${from} order by x.${raw(place)} ${raw(top.suffix)}`);
    return { ids: rows.map((r) => String(r['id'])), next: rows.length < slab ? undefined : String(rows.at(-1)!['place']) };
  }
}
