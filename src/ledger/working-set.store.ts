import { payerAmountKey, type ChargeItem, type FeeItem, type FixedLine, type ItemId, type TaxExpectation, type TaxItem, type WorkingSet } from '../domain/reconciliation-outcomes.js';
import type { FeeRecord } from '../domain/reconciliation-records.js';
import type { Dialect, Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { chargeItem, feeItem, taxExpectation, taxItem } from './reconciliation-row.js';

/** A live match line of an item of the set. */
export interface LiveLine {
  readonly matchNo: string;
  readonly expectedId: ItemId | undefined;
  readonly returnedId: ItemId | undefined;
  readonly rule: string;
  readonly statementDay: string;
  readonly pinned: boolean;
}

export interface LoadedSet extends WorkingSet {
  /** Lines that may change: of open days, and not made by a person. */
  readonly lines: readonly LiveLine[];
}

/** Everything of one component is read in rounds, two for each link of a chain; a longer one is a fault in the data that no clerk could follow. */
const mostRounds = 100;

type Row = Record<string, unknown>;
const pairKeys = ['ids', 'codes', 'cases', 'serials', 'tickets', 'payers'] as const;
type KeyKind = (typeof pairKeys)[number];

/** Reads everything that can influence the given items: whoever shares a key with them, and whoever shares one with those. */
export class WorkingSetReader {
  private readonly charges = new Map<ItemId, ChargeItem>();
  private readonly expectations = new Map<ItemId, TaxExpectation>();
  private readonly fees = new Map<ItemId, FeeItem>();
  private readonly taxes = new Map<ItemId, TaxItem>();
  private readonly lines = new Map<string, LiveLine>();
  private readonly seen: Record<KeyKind, Set<string>> = { ids: new Set(), codes: new Set(), cases: new Set(), serials: new Set(), tickets: new Set(), payers: new Set() };
  private readonly next: Record<KeyKind, Set<string>> = { ids: new Set(), codes: new Set(), cases: new Set(), serials: new Set(), tickets: new Set(), payers: new Set() };

  constructor(
    private readonly runner: Runner,
    private readonly dialect: Dialect,
    private readonly firstOpenDay: string,
  ) {}

  async read(seeds: readonly ItemId[]): Promise<LoadedSet> {
    for (const id of seeds) this.want('ids', id);
    for (let round = 0; pairKeys.some((k) => this.next[k].size > 0); round++) {
      if (round >= mostRounds) throw new Error(`more than ${mostRounds} rounds of items that share a key, starting from item ${seeds[0] ?? ''}`);
      await this.round();
    }
    const all = [...this.lines.values()];
    const stays = (l: LiveLine): boolean => l.pinned || l.statementDay < this.firstOpenDay;
    const fixed = all.filter(stays);
    return {
      charges: [...this.charges.values()], expectations: [...this.expectations.values()], fees: [...this.fees.values()], taxes: [...this.taxes.values()],
      fixed: fixed.map((l): FixedLine => ({ expectedId: l.expectedId, returnedId: l.returnedId, rule: l.rule, statementDay: l.statementDay })),
      lines: all.filter((l) => !stays(l)), forbidden: await this.forbidden(),
    };
  }

  private want(kind: KeyKind, key: string | undefined): void {
    if (key === undefined || this.seen[kind].has(key)) return;
    this.seen[kind].add(key);
    this.next[kind].add(key);
  }

  private async round(): Promise<void> {
    const taken = Object.fromEntries(pairKeys.map((k) => [k, [...this.next[k]]])) as Record<KeyKind, string[]>;
    for (const k of pairKeys) this.next[k].clear();
    const before = new Set([...this.charges.keys(), ...this.expectations.keys(), ...this.fees.keys(), ...this.taxes.keys()]);
    await this.select('charge', 'id', taken.ids, (r) => this.addCharge(r));
    await this.select('tax_expectation', 'id', taken.ids, (r) => this.addExpectation(r));
    const fees: Row[] = [];
    await this.select('fee_record', 'id', taken.ids, (r) => void fees.push(r));
    await this.addFees(fees);
    await this.select('tax_record', 'id', taken.ids, (r) => this.addTax(r));
    // Most of whom a key finds is known already: the ids say who is not, and only that one is read.
    for (const [table, column, keys] of [
      ['charge', 'payment_code', taken.codes], ['charge', 'case_no', taken.cases], ['tax_expectation', 'case_no', taken.cases],
      ['fee_record', 'payment_code', taken.codes], ['fee_record', 'case_no', taken.cases], ['fee_record', 'serial', taken.serials], ['fee_record', 'original_serial', taken.serials],
      ['tax_record', 'case_no', taken.cases], ['tax_record', 'ticket_no', taken.tickets], ['tax_record', 'original_ticket_no', taken.tickets],
    ] as const) await this.select(table, column, keys, (r) => this.want('ids', String(r['id'])), 'id');
    await this.leftovers(taken.payers);
    const fresh = [...this.charges.keys(), ...this.expectations.keys(), ...this.fees.keys(), ...this.taxes.keys()].filter((id) => !before.has(id));
    await this.partners(fresh);
  }

  private async select(table: string, column: string, keys: readonly string[], add: (row: Row) => void, columns = '*'): Promise<void> {
    const kind = /(^|[ _])id$|match_no$/.test(column) ? 'big' : 'text';
    const { mostListed } = this.dialect;
    for (let i = 0; i < keys.length; i += mostListed) {
      const { rows } = await this.runner.run(sql`select ${raw(columns)} from ${raw(table)} where ${this.dialect.among(column, kind, keys.slice(i, i + mostListed))}`);
      for (const r of rows) add(r);
    }
  }

  private addCharge(r: Row): void {
    const c = chargeItem(r);
    if (this.charges.has(c.id)) return;
    this.charges.set(c.id, c);
    this.want('codes', c.paymentCode);
    this.want('cases', c.caseNo);
    if (c.current) this.want('payers', payerAmountKey(c.payerKey, c.amountFen));
  }

  private addExpectation(r: Row): void {
    const e = taxExpectation(r);
    if (this.expectations.has(e.id)) return;
    this.expectations.set(e.id, e);
    this.want('cases', e.caseNo);
  }

  private async addFees(rows: readonly Row[]): Promise<void> {
    const fresh = [...new Map(rows.map((r) => [String(r['id']), r])).values()].filter((r) => !this.fees.has(String(r['id'])));
    const lines = new Map<string, FeeRecord['lines'][number][]>();
    await this.select('fee_line', 'record_id', fresh.map((r) => String(r['id'])), (l) => {
      const id = String(l['record_id']);
      const line = { no: Number(l['line_no']), feeItemCode: String(l['fee_item_code']), feeItemName: l['fee_item_name'] === null ? undefined : String(l['fee_item_name']), amountFen: BigInt(String(l['amount_fen'])) };
      lines.set(id, [...(lines.get(id) ?? []), line].sort((a, b) => (a as typeof line).no - (b as typeof line).no));
    });
    for (const r of fresh) {
      const f = feeItem(r, lines.get(String(r['id'])) ?? []);
      this.fees.set(f.id, f);
      this.want('codes', f.paymentCode);
      this.want('cases', f.caseNo);
      this.want('serials', f.serial);
      this.want('serials', f.originalSerial);
      this.want('ids', f.supersededBy);
      this.want('payers', payerAmountKey(f.payerKey, f.amountFen));
    }
    // What is left of a payment after partial refunds counts for the payer, too.
    const takes = [...this.fees.values()].filter((f) => f.status !== 'paid');
    if (takes.length === 0) return;
    const payments = new Map([...this.fees.values()].filter((f) => f.status === 'paid').map((f) => [f.serial, f]));
    for (const t of takes) {
      const p = payments.get(t.originalSerial ?? t.serial);
      if (p) this.want('payers', payerAmountKey(p.payerKey, p.amountFen - t.amountFen));
    }
  }

  private addTax(r: Row): void {
    const t = taxItem(r);
    if (this.taxes.has(t.id)) return;
    this.taxes.set(t.id, t);
    this.want('cases', t.caseNo);
    this.want('tickets', t.ticketNo);
    this.want('tickets', t.originalTicketNo);
    this.want('ids', t.supersededBy);
  }

  /** Items that no stronger key settled, of the same payer and amount. */
  private async leftovers(payers: readonly string[]): Promise<void> {
    await this.select('difference', 'is_open = 1 and payer_amount is not null and payer_amount', payers, (r) => this.want('ids', String(r['item_id'])));
    await this.select('match_line', 'live = 1 and payer_amount is not null and payer_amount', payers, (r) => {
      for (const column of ['expected_id', 'returned_id']) if (r[column] !== null) this.want('ids', String(r[column]));
    });
  }

  private async partners(ids: readonly ItemId[]): Promise<void> {
    const parts: string[] = [];
    const add = (r: Row): void => {
      const line: LiveLine = {
        matchNo: String(r['match_no']), expectedId: r['expected_id'] === null ? undefined : String(r['expected_id']), returnedId: r['returned_id'] === null ? undefined : String(r['returned_id']),
        rule: String(r['rule_name']), statementDay: String(r['statement_day']), pinned: Number(r['pinned']) === 1,
      };
      // Either side names it: an item is in one live line at the most.
      const key = line.expectedId ?? line.returnedId ?? '';
      if (this.lines.has(key)) return;
      this.lines.set(key, line);
      this.want('ids', line.expectedId);
      this.want('ids', line.returnedId);
      if (Number(r['part']) > 0) parts.push(line.matchNo);
    };
    await this.select('match_line', 'live = 1 and expected_id is not null and expected_id', ids, add);
    await this.select('match_line', 'live = 1 and returned_id is not null and returned_id', ids, add);
    await this.select('match_line', 'live = 1 and match_no > 0 and match_no', [...new Set(parts)], add);
  }

  private async forbidden(): Promise<[ItemId, ItemId][]> {
    const out: [ItemId, ItemId][] = [];
    await this.select('match_line', `live = 0 and undone_why = 'person' and returned_id is not null and expected_id is not null and expected_id`, [...this.charges.keys(), ...this.expectations.keys()], (r) => {
      out.push([String(r['expected_id']), String(r['returned_id'])]);
    });
    return out;
  }
}
