import type { ItemId, ItemKind, ReasonCode } from '../domain/reconciliation-outcomes.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { differenceRow, type DifferenceRow } from './reconciliation-row.js';

/** A charge, tax expectation, fee or tax record as people call it; never with a payer's name. */
export interface NamedItem {
  readonly id: ItemId;
  readonly kind: ItemKind;
  readonly side: 'expected' | 'returned';
  readonly zh: string;
  readonly en: string;
  readonly caseNo: string | undefined;
  readonly day: Day;
  readonly statementDay: Day;
  /** Undefined for a tax expectation: the amount is the tax authority's. Negative for what was taken back. */
  readonly fen: bigint | undefined;
  /** False once a newer version, or a corrected issue, stands. */
  readonly inForce: boolean;
  /** Fee item code or tax kind. */
  readonly item: string;
}

/** A settlement that an item stands in, or stood in until it was undone. */
export interface ItemSettlement {
  readonly matchNo: string;
  readonly rule: string;
  readonly outcome: 'matched' | 'resolved';
  readonly statementDay: Day;
  readonly matchedAt: string;
  readonly live: boolean;
  readonly undoneDay: Day | undefined;
  readonly undoneBy: string | undefined;
  readonly undoneWhy: string | undefined;
  readonly resolutionId: string | undefined;
  /** All items of it. */
  readonly items: readonly ItemId[];
}

/** What a person decided. */
export interface DecisionRow {
  readonly id: string;
  readonly act: string;
  readonly state: string;
  readonly items: readonly ItemId[];
  readonly amountFen: bigint;
  readonly note: string;
  readonly actor: string;
  readonly at: string;
  readonly secondActor: string | undefined;
  readonly target: string | undefined;
}

export interface DifferenceFilter {
  readonly open?: boolean | undefined;
  readonly code?: ReasonCode | undefined;
  readonly caseNo?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly itemIds?: readonly ItemId[] | undefined;
  /** Only of items that count in this day or an earlier one. */
  readonly upTo?: Day | undefined;
  /** Only what refers to this earlier day. */
  readonly refersTo?: Day | undefined;
}

type Row = Record<string, unknown>;
const maybe = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const moved: Readonly<Record<string, { zh: string; en: string }>> = { paid: { zh: '缴款', en: 'payment' }, reversed: { zh: '冲正', en: 'reversal' }, refunded: { zh: '退付', en: 'refund' } };
const partyZh: Readonly<Record<string, string>> = { transferor: '转让方', transferee: '承受方' };

const tables = ['charge', 'tax_expectation', 'fee_record', 'tax_record'] as const;
const namers: Readonly<Record<(typeof tables)[number], (r: Row) => Pick<NamedItem, 'kind' | 'side' | 'zh' | 'en' | 'fen' | 'inForce' | 'item'>>> = {
  charge: (r) => ({
    kind: 'charge', side: 'expected', zh: `应收 ${String(r['case_no'])}/${String(r['charge_no'])}${version(r)}`, en: `charge ${String(r['charge_no'])} of ${String(r['case_no'])}${version(r)}`,
    fen: BigInt(String(r['amount_fen'])), inForce: r['ended_at'] === null, item: String(r['fee_item_code']),
  }),
  tax_expectation: (r) => ({
    kind: 'tax-expectation', side: 'expected', zh: `应税 ${String(r['case_no'])} ${String(r['tax_kind'])} ${partyZh[String(r['party'])] ?? ''}`, en: `tax ${String(r['tax_kind'])} of the ${String(r['party'])} of ${String(r['case_no'])}`,
    fen: undefined, inForce: r['ended_at'] === null, item: String(r['tax_kind']),
  }),
  fee_record: (r) => ({
    kind: 'fee-record', side: 'returned', zh: `${moved[String(r['status'])]!.zh} ${String(r['serial'])}${version(r)}`, en: `${moved[String(r['status'])]!.en} ${String(r['serial'])}${version(r)}`,
    fen: signed(r, 'amount_fen'), inForce: r['superseded_at'] === null, item: String(r['fee_item_code'] ?? ''),
  }),
  tax_record: (r) => ({
    kind: 'tax-record', side: 'returned', zh: `税票${r['status'] === 'paid' ? '' : moved[String(r['status'])]!.zh} ${String(r['ticket_no'])}${version(r)}`, en: `tax slip ${r['status'] === 'paid' ? '' : `${moved[String(r['status'])]!.en} `}${String(r['ticket_no'])}${version(r)}`,
    fen: signed(r, 'paid_fen'), inForce: r['superseded_at'] === null, item: String(r['tax_kind']),
  }),
};
const version = (r: Row): string => (Number(r['version']) > 1 ? ` v${String(r['version'])}` : '');
const signed = (r: Row, column: string): bigint => (r['status'] === 'paid' ? 1n : -1n) * BigInt(String(r[column]));

/** Items of reconciliation with what became of them, to be looked at. Writes nothing. */
export class ItemViewStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** Items by id. */
  async named(ids: readonly ItemId[], runner: Runner = this.database): Promise<Map<ItemId, NamedItem>> {
    const out = new Map<ItemId, NamedItem>();
    const { among, mostListed } = this.database.dialect;
    const unique = [...new Set(ids)];
    for (let i = 0; i < unique.length; i += mostListed) {
      const some = among.call(this.database.dialect, 'id', 'big', unique.slice(i, i + mostListed));
      for (const table of tables) for (const item of await this.read(table, some, runner)) out.set(item.id, item);
    }
    return out;
  }

  /** Items by what is written on paper: serial, ticket number, payment code, case number, or `case/charge number`. */
  async find(reference: string): Promise<NamedItem[]> {
    const charge = /^(.+)\/([^/]+)$/.exec(reference);
    const found = await Promise.all([
      this.read('charge', charge ? sql`(case_no = ${charge[1]} and charge_no = ${charge[2]}) or payment_code = ${reference}` : sql`case_no = ${reference} or payment_code = ${reference}`),
      this.read('tax_expectation', sql`case_no = ${reference}`),
      this.read('fee_record', sql`case_no = ${reference} or payment_code = ${reference} or serial = ${reference} or original_serial = ${reference}`),
      this.read('tax_record', sql`case_no = ${reference} or ticket_no = ${reference} or original_ticket_no = ${reference}`),
    ]);
    return found.flat();
  }

  /** Differences, the newest first where they are not open. */
  async differences(filter: DifferenceFilter, limit: number, runner: Runner = this.database): Promise<DifferenceRow[]> {
    const { dialect } = this.database;
    const where: Sql[] = [sql`1 = 1`];
    if (filter.open) where.push(sql`is_open = 1`);
    if (filter.code !== undefined) where.push(sql`reason = ${filter.code}`);
    if (filter.caseNo !== undefined) where.push(sql`case_no = ${filter.caseNo}`);
    if (filter.ids) where.push(dialect.among('id', 'big', filter.ids));
    if (filter.itemIds) where.push(dialect.among('item_id', 'big', filter.itemIds));
    if (filter.upTo !== undefined) where.push(sql`statement_day <= ${filter.upTo}`);
    if (filter.refersTo !== undefined) where.push(sql`refers_to_day = ${filter.refersTo}`);
    const top = dialect.top(limit);
    const { rows } = await runner.run(sql`select ${raw(top.prefix)} * from difference where ${where.reduce((a, b) => sql`${a} and ${b}`)} order by first_day, item_id, id ${raw(top.suffix)}`);
    return rows.map(differenceRow);
  }

  /** Open differences of items that count in a day or an earlier one. */
  async openCount(upTo: Day, runner: Runner = this.database): Promise<number> {
    return Number((await runner.run(sql`select count(*) as n from difference where is_open = 1 and statement_day <= ${upTo}`)).rows[0]!['n']);
  }

  /** Open differences of given reasons: older than a day, or about a settlement of an earlier day. The oldest are named. */
  async alarming(reasons: readonly ReasonCode[], which: { before: Day } | { contradicting: true }): Promise<{ count: number; items: NamedItem[] }> {
    const where = sql`is_open = 1 and reason in (${list(reasons)}) and ${'before' in which ? sql`first_day < ${which.before}` : sql`(refers_to_day is not null or aspect = 'afterwards')`}`;
    const count = Number((await this.database.run(sql`select count(*) as n from difference where ${where}`)).rows[0]!['n']);
    if (count === 0) return { count, items: [] };
    const top = this.database.dialect.top(5);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} item_id from difference where ${where} order by first_day, id ${raw(top.suffix)}`);
    return { count, items: [...(await this.named(rows.map((r) => String(r['item_id'])))).values()] };
  }

  /** How many open differences there are by reason, with both values. */
  async openByReason(): Promise<{ reason: ReasonCode; count: number; expectedFen: bigint; returnedFen: bigint; oldest: Day }[]> {
    const { rows } = await this.database.run(sql`select reason, count(*) as n, sum(coalesce(expected_fen, 0)) as expected_fen, sum(coalesce(returned_fen, 0)) as returned_fen, min(first_day) as oldest from difference where is_open = 1 group by reason order by reason`);
    return rows.map((r) => ({ reason: String(r['reason']) as ReasonCode, count: Number(r['n']), expectedFen: BigInt(String(r['expected_fen'])), returnedFen: BigInt(String(r['returned_fen'])), oldest: String(r['oldest']) }));
  }

  /** Settlements that items stand or stood in, in their order. */
  async settlements(ids: readonly ItemId[], runner: Runner = this.database): Promise<ItemSettlement[]> {
    if (ids.length === 0) return [];
    const { dialect } = this.database;
    // Each select has an index of its own; a match of several lines is found by its number, which only such lines are indexed by.
    const found = new Map<string, Row>();
    const select = async (where: Sql): Promise<void> => {
      for (const r of (await runner.run(sql`select * from match_line where ${where}`)).rows) found.set(['match_no', 'part', 'expected_id', 'returned_id'].map((c) => String(r[c])).join(' '), r);
    };
    for (const live of ['1', '0']) {
      for (const side of ['expected_id', 'returned_id']) await select(sql`live = ${raw(live)} and ${raw(side)} is not null and ${dialect.among(side, 'big', ids)}`);
    }
    const several = [...new Set([...found.values()].filter((r) => Number(r['part']) > 0).map((r) => String(r['match_no'])))];
    if (several.length > 0) await select(sql`match_no > 0 and ${dialect.among('match_no', 'big', several)}`);
    const rows = [...found.values()].map((r) => ({ r, no: BigInt(String(r['match_no'])), part: Number(r['part']) })).sort((a, b) => (a.no !== b.no ? (a.no < b.no ? -1 : 1) : a.part - b.part)).map(({ r }) => r);
    const groups = new Map<string, Row[]>();
    for (const r of rows) groups.set(String(r['match_no']), [...(groups.get(String(r['match_no'])) ?? []), r]);
    return [...groups.values()].map((lines): ItemSettlement => {
      const r = lines[0]!;
      return {
        matchNo: String(r['match_no']), rule: String(r['rule_name']), outcome: String(r['outcome']) as ItemSettlement['outcome'], statementDay: String(r['statement_day']), matchedAt: instantText(r['matched_at'])!, live: Number(r['live']) === 1,
        undoneDay: maybe(r['undone_day']), undoneBy: maybe(r['undone_by']), undoneWhy: maybe(r['undone_why']), resolutionId: maybe(r['resolution_id']),
        items: lines.flatMap((l) => [l['expected_id'], l['returned_id']]).filter((x) => x !== null).map(String),
      };
    });
  }

  /** Decisions by number, or all that wait for a second person. */
  async decisions(ids?: readonly string[]): Promise<DecisionRow[]> {
    return this.decided(ids ? this.database.dialect.among('id', 'big', ids) : sql`state = 'proposed'`, 'id');
  }

  /** The newest decisions. */
  async latestDecisions(limit: number): Promise<DecisionRow[]> {
    return this.decided(sql`1 = 1`, 'id desc', limit);
  }

  private async decided(where: Sql, order: 'id' | 'id desc', limit = 1000): Promise<DecisionRow[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from resolution where ${where} order by ${raw(order)} ${raw(top.suffix)}`);
    return rows.map((r) => {
      const items = JSON.parse(String(r['items'])) as { expected: string[]; returned: string[] };
      return {
        id: String(r['id']), act: String(r['act']), state: String(r['state']), items: [...items.expected, ...items.returned], amountFen: BigInt(String(r['amount_fen'])), note: String(r['note']), actor: String(r['actor']),
        at: instantText(r['at'])!, secondActor: maybe(r['second_actor']), target: maybe(r['target']),
      };
    });
  }

  private async read(table: (typeof tables)[number], where: Sql, runner: Runner = this.database): Promise<NamedItem[]> {
    const { rows } = await runner.run(sql`select * from ${raw(table)} where ${where} order by id`);
    return rows.map((r) => ({ id: String(r['id']), caseNo: maybe(r['case_no']), day: String(r['day']), statementDay: String(r['statement_day']), ...namers[table](r) }));
  }
}
