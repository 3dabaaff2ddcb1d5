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
 * Which items a run of matching has to do with: the new ones (after `from`, up to `to`), and of those that stood open before the ones
 * that are settled or touched now. It starts from the new items: a day costs a day, however long the history.
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

  /** Whether anything stood open before: if not, what SQL alone has settled can have touched nothing. */
  async anyOpen(): Promise<boolean> {
    const top = this.dialect.top(1);
    const { rows } = await this.runner.run(sql`select ${raw(top.prefix)} item_id from difference where is_open = 1 and aspect <> 'standard' order by item_id ${raw(top.suffix)}`);
    return rows.length > 0;
  }

  /** Closes what stood open and is settled now: the older side of a match whose newer side has arrived. Returns how many. */
  async closeSettled(today: string, now: unknown): Promise<number> {
    let closed = 0;
    for (const [older, newer] of [['expected_id', 'returned_id'], ['returned_id', 'expected_id']] as const) {
      await this.lines(newer, sql`select m.${raw(older)} as older from match_line m where m.${raw(older)} is not null and m.${raw(older)} <= ${this.from} and`, async (rows) => {
        const { affected } = await this.runner.run(sql`update difference set is_open = 0, closed_at = ${now}, closed_day = ${today}, closed_by = 'reconcile', closed_how = 'matched'
          where is_open = 1 and aspect = 'settlement' and ${this.dialect.among('item_id', 'big', rows.map((r) => String(r['older'])))}`);
        closed += affected;
      });
    }
    return closed;
  }

  /** Open items whose explanation leaned on a charge that SQL alone has settled now, part by part. */
  async touched(work: (ids: readonly ItemId[]) => Promise<void>): Promise<void> {
    for (const newer of ['returned_id', 'expected_id'] as const) {
      await this.lines(newer, sql`select m.expected_id, c.case_no from match_line m join charge c on c.id = m.expected_id where`, async (rows) => {
        const leaning = async (where: Sql): Promise<string[]> => (await this.runner.run(sql`select item_id from difference where is_open = 1 and ${where}`)).rows.map((r) => String(r['item_id']));
        const ids = [
          ...(await leaning(sql`other_id is not null and ${this.dialect.among('other_id', 'big', rows.map((r) => String(r['expected_id'])))}`)),
          ...(await leaning(sql`case_no is not null and item_kind = 'fee-record' and ${this.dialect.among('case_no', 'text', [...new Set(rows.map((r) => String(r['case_no'])))])}`)),
        ];
        if (ids.length > 0) await work([...new Set(ids)].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
      });
    }
  }

  /**
   * Lines of SQL's own by their newer side, at most as many as a list may hold. They are looked up in what is open by such lists, and
   * not in one statement, because a planner takes new ids, which no statistics know, for a handful and would walk all that is open for each.
   */
  private async lines(newer: 'expected_id' | 'returned_id', select: Sql, work: (rows: readonly Record<string, unknown>[]) => Promise<void>): Promise<void> {
    const side = raw(`m.${newer}`);
    const [end, step] = [BigInt(this.to), BigInt(this.dialect.mostListed)];
    for (let low = BigInt(this.from); low < end; low += step) {
      const high = low + step < end ? low + step : end;
      const { rows } = await this.runner.run(sql`${select} m.live = 1 and m.match_no < 0 and ${side} is not null and ${side} > ${String(low)} and ${side} <= ${String(high)}`);
      if (rows.length > 0) await work(rows);
    }
  }

  private async slab(from: Sql, place: 'id' | 'place' = 'id'): Promise<Slab> {
    const top = this.dialect.top(slab);
    const { rows } = await this.runner.run(sql`select ${raw(top.prefix)} x.id, x.${raw(place)} as place from ${from} order by x.${raw(place)} ${raw(top.suffix)}`);
    return { ids: rows.map((r) => String(r['id'])), next: rows.length < slab ? undefined : String(rows.at(-1)!['place']) };
  }
}
