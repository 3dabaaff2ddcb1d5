import type { ItemId } from '../domain/reconciliation-outcomes.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import type { DifferenceSearch } from './difference-search.js';
import { differenceRow, type DifferenceRow } from './reconciliation-row.js';

/** Differences page by page, the oldest first. A page costs what it shows, however many there are: it starts at its key. */
export class DifferencePageStore {
  constructor(private readonly database: DatabaseAdapter) {}

  async page(s: DifferenceSearch, limit: number): Promise<DifferenceRow[]> {
    const where: Sql[] = [s.state === 'open' ? sql`is_open = 1` : s.state === 'closed' ? sql`is_open = 0` : sql`1 = 1`];
    if (s.reasons) where.push(sql`reason in (${list(s.reasons)})`);
    if (s.kinds) where.push(sql`item_kind in (${list(s.kinds)})`);
    if (s.caseNo !== undefined) where.push(sql`case_no = ${s.caseNo}`);
    if (s.channels) where.push(sql`channel in (${list(s.channels)})`);
    if (s.assigned === null) where.push(sql`assigned_to is null`);
    else if (s.assigned !== undefined) where.push(sql`assigned_to = ${s.assigned}`);
    if (s.before !== undefined) where.push(sql`first_day < ${s.before}`);
    if (s.refersTo !== undefined) where.push(sql`refers_to_day = ${s.refersTo}`);
    if (s.after) where.push(sql`(first_day > ${s.after.day} or (first_day = ${s.after.day} and id > ${s.after.id}))`);
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from difference where ${where.reduce((a, b) => sql`${a} and ${b}`)} order by first_day, id ${raw(top.suffix)}`);
    return rows.map(differenceRow);
  }

  /** Open differences of other items that could belong to an item: of the same case or of the same payer and amount; of one side. */
  async candidates(of: { caseNo: string | undefined; itemId: ItemId; side: 'expected' | 'returned' }, limit: number): Promise<ItemId[]> {
    const kinds = of.side === 'expected' ? ['fee-record', 'tax-record'] : ['charge', 'tax-expectation'];
    const top = this.database.dialect.top(limit);
    const found = new Set<ItemId>();
    const add = async (where: Sql): Promise<void> => {
      const { rows } = await this.database.run(sql`select ${raw(top.prefix)} item_id from difference where is_open = 1 and aspect = 'settlement' and item_kind in (${list(kinds)}) and ${where} order by first_day, id ${raw(top.suffix)}`);
      for (const r of rows) found.add(String(r['item_id']));
    };
    await add(sql`other_id = ${of.itemId} and other_id is not null`);
    if (of.caseNo !== undefined) await add(sql`case_no = ${of.caseNo} and case_no is not null`);
    const own = await this.database.run(sql`select payer_amount from difference where is_open = 1 and item_id = ${of.itemId} and payer_amount is not null`);
    for (const r of own.rows) await add(sql`payer_amount = ${String(r['payer_amount'])} and payer_amount is not null`);
    return [...found].slice(0, limit);
  }

  /** Whether open differences of the aspect `settlement` stand for items. */
  async openAmong(ids: readonly ItemId[]): Promise<Set<ItemId>> {
    if (ids.length === 0) return new Set();
    const { rows } = await this.database.run(sql`select item_id from difference where is_open = 1 and aspect = 'settlement' and ${this.database.dialect.among('item_id', 'big', ids)}`);
    return new Set(rows.map((r) => String(r['item_id'])));
  }
}
