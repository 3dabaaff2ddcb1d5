import type { CaseSettlementFacts, DueItem, FactDifference } from '../domain/case-clearance.js';
import type { ItemId } from '../domain/reconciliation-outcomes.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { ItemViewStore, type NamedItem } from './item-view.store.js';
import type { DifferenceRow } from './reconciliation-row.js';

const whatOf = (item: NamedItem): 'fee' | 'tax' => (item.kind === 'charge' || item.kind === 'fee-record' ? 'fee' : 'tax');

/** Reads what a case owes and how it stands. The cost is that of the case. */
export class ClearanceStore {
  private readonly items: ItemViewStore;

  constructor(private readonly database: DatabaseAdapter) {
    this.items = new ItemViewStore(database);
  }

  /**
   * Undefined when the gateway knows neither the case nor anything returned for it. Read as of one moment on PostgreSQL; on SQL Server
   * in an order (settlements, what took money back, differences) in which a change in between can only withhold a clearance.
   */
  async facts(caseNo: string): Promise<CaseSettlementFacts | undefined> {
    return this.database.transaction((runner) => this.read(caseNo, runner), this.database.dialect.engine === 'postgres' ? 'REPEATABLE READ' : 'READ COMMITTED');
  }

  private async read(caseNo: string, runner: Runner): Promise<CaseSettlementFacts | undefined> {
    const ids = async (table: string, where = sql`1 = 1`): Promise<ItemId[]> => (await runner.run(sql`select id from ${raw(table)} where case_no = ${caseNo} and ${where} order by id`)).rows.map((r) => String(r['id']));
    const due = [...(await ids('charge', sql`ended_at is null`)), ...(await ids('tax_expectation', sql`ended_at is null`))];
    const named = [...(await ids('fee_record', sql`superseded_at is null`)), ...(await ids('tax_record', sql`superseded_at is null`))];
    const head = await runner.run(sql`select h.snapshot_id from watermark w join case_head h on h.stream = w.stream and h.case_no = ${caseNo}`);
    if (due.length === 0 && named.length === 0 && head.rows.length === 0) return undefined;
    const settlements = (await this.items.settlements(due, runner)).filter((s) => s.live);
    const settled = new Set(settlements.flatMap((s) => s.items));
    // A sum may settle charges of other cases with the same payment; those are not asked about here.
    const paidBy = [...(await this.items.named([...settled].filter((id) => !due.includes(id)), runner)).values()].filter((i) => i.side === 'returned').map((i) => i.id);
    const takes = await this.takes(paidBy, runner);
    const around = [...new Set([...due, ...named, ...paidBy, ...takes])];
    const facts = await this.items.named(around, runner);
    const differences = around.length === 0 ? [] : await this.items.differences({ open: true, itemIds: around }, 1000, runner);
    const open = new Map(differences.filter((d) => d.aspect === 'settlement').map((d) => [d.itemId, d]));
    const dueItem = (id: ItemId): DueItem => {
      const item = facts.get(id)!;
      return { id, zh: item.zh, en: item.en, fen: item.fen, settled: settled.has(id) && !open.has(id), reason: open.get(id)?.reason, difference: open.get(id)?.id };
    };
    const told = (id: ItemId, reason: FactDifference['reason'], difference?: string): FactDifference => {
      const item = facts.get(id)!;
      return { what: whatOf(item), zh: item.zh, en: item.en, fen: item.fen, reason, difference };
    };
    // Against: whatever is open at the payments of settled items, and money that went back and is not settled with its payment.
    const against = (d: DifferenceRow): boolean => d.aspect !== 'standard' && (d.aspect === 'afterwards' || paidBy.includes(d.itemId) || (facts.get(d.itemId)!.fen ?? 0n) < 0n);
    const unlooked = await this.unlooked(takes, runner);
    const position = await runner.run(sql`select position from reconciliation_position where name = ${'charges'}`);
    const unread = head.rows.some((r) => BigInt(String(r['snapshot_id'])) > BigInt(String(position.rows[0]!['position'])));
    return {
      caseNo, unread,
      charges: due.filter((id) => facts.get(id)!.kind === 'charge').map(dueItem), taxes: due.filter((id) => facts.get(id)!.kind === 'tax-expectation').map(dueItem),
      against: [...differences.filter(against).map((d) => told(d.itemId, d.reason, d.id)), ...unlooked.map((id) => told(id, 'not-examined'))],
      besides: differences.filter((d) => !against(d) && !(due.includes(d.itemId) && d.aspect === 'settlement')).map((d) => told(d.itemId, d.reason, d.id)),
    };
  }

  /** Reversals and refunds in force of payments. */
  private async takes(ids: readonly ItemId[], runner: Runner): Promise<ItemId[]> {
    if (ids.length === 0) return [];
    const among = this.database.dialect.among('p.id', 'big', ids);
    const found = async (table: string, number: string, original: string): Promise<ItemId[]> => (await runner.run(sql`select t.id from ${raw(table)} p join ${raw(table)} t on t.channel = p.channel and (t.${raw(original)} = p.${raw(number)} or t.${raw(number)} = p.${raw(number)})
      where ${among} and t.status <> 'paid' and t.superseded_at is null and p.status = 'paid'`)).rows.map((r) => String(r['id']));
    return [...(await found('fee_record', 'serial', 'original_serial')), ...(await found('tax_record', 'ticket_no', 'original_ticket_no'))];
  }

  /** Those in no live settlement and no open difference: the next run of matching will look at them. */
  private async unlooked(ids: readonly ItemId[], runner: Runner): Promise<ItemId[]> {
    if (ids.length === 0) return [];
    const { dialect } = this.database;
    const seen = await runner.run(sql`select item_id as id from difference where is_open = 1 and aspect = 'settlement' and ${dialect.among('item_id', 'big', ids)} union all select returned_id as id from match_line where live = 1 and returned_id is not null and ${dialect.among('returned_id', 'big', ids)}`);
    const known = new Set(seen.rows.map((r) => String(r['id'])));
    return ids.filter((id) => !known.has(id));
  }
}
