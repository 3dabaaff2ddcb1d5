import type { InquirySettings } from '../domain/inquiry-settings.js';
import { addDays } from '../domain/reckon-days.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { CaseFacts, Light } from '../domain/supervision-facts.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { ClearanceStore } from './clearance.store.js';
import { instantText } from './exchange-row.js';
import type { DueName, InquiryFacts, InquiryLine } from './inquiry-row.js';

const maybe = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const lineColumns = 'c.case_no, c.item_code, c.item_name, c.applicants, c.state, c.applied_on';
type Published = InquirySettings['completed']['items'];
const codesOf = (items: Published, by: Published[string]): string[] => Object.entries(items).filter(([, b]) => b === by).map(([code]) => code);

/** Reads for the inquiry: the ledger only, never the bureau. The cost is that of the one case or the one day. */
export class InquiryViewStore {
  private readonly clearance: ClearanceStore;

  constructor(private readonly database: DatabaseAdapter) {
    this.clearance = new ClearanceStore(database);
  }

  /** The case that this proof opens. An unknown case and a wrong proof are the same to it. */
  async proven(digest: string, stream: string): Promise<CaseNo | undefined> {
    const { rows } = await this.database.run(sql`select case_no from inquiry_proof where digest = ${digest} and stream = ${stream}`);
    return maybe(rows[0]?.['case_no']);
  }

  /** Undefined for a case that was not followed yet. `body`: whose clock is told. */
  async facts(stream: string, caseNo: CaseNo, body: string | undefined): Promise<InquiryFacts | undefined> {
    const { rows } = await this.database.run(sql`select c.item_code, c.item_name, c.applicants, c.state, c.granted_on, h.removed_at, s.body from inquiry_case c
      join case_head h on h.stream = c.stream and h.case_no = c.case_no left join case_snapshot s on s.id = h.snapshot_id where c.stream = ${stream} and c.case_no = ${caseNo}`);
    const r = rows[0];
    if (!r) return undefined;
    const text = maybe(r['body']) ?? '';
    return {
      caseNo, snapshot: text === '' ? undefined : { ...(JSON.parse(text) as Pick<CaseSnapshot, 'case' | 'children'>), stream, caseNo }, removed: r['removed_at'] !== null,
      followed: { itemCode: maybe(r['item_code']), itemName: maybe(r['item_name']), applicants: String(r['applicants']), state: String(r['state']), grantedOn: maybe(r['granted_on']) },
      clock: body === undefined ? undefined : await this.clock(stream, caseNo, body), due: await this.due(stream, caseNo), settlement: await this.clearance.facts(caseNo),
    };
  }

  /** Cases whose number or one of whose names begins so; both as they are compared. Newest number first. */
  async search(stream: string, words: string, limit: number): Promise<InquiryLine[]> {
    const top = this.database.dialect.top(limit);
    const like = `${words.replaceAll(/[\\%_[]/g, (c) => `\\${c}`)}%`;
    // Two questions, each along its index; one with `or` would walk through every case.
    const [byNumber, byName] = await Promise.all([
      this.database.run(sql`select ${raw(top.prefix)} ${raw(lineColumns)} from inquiry_case c where c.stream = ${stream} and c.case_no like ${like} escape '\\' order by c.case_no desc ${raw(top.suffix)}`),
      this.database.run(sql`select ${raw(top.prefix)} ${raw(lineColumns)} from inquiry_case c join (select distinct stream, case_no from inquiry_name where search_name like ${like} escape '\\') n
        on n.stream = c.stream and n.case_no = c.case_no where c.stream = ${stream} order by c.case_no desc ${raw(top.suffix)}`),
    ]);
    const found = new Map([...byNumber.rows, ...byName.rows].map(line).map((l) => [l.caseNo, l]));
    return [...found.values()].sort((a, b) => (a.caseNo < b.caseNo ? 1 : -1)).slice(0, limit);
  }

  /** Completed cases of a day that may be published, in the order of their numbers, `limit` of them after the first `skip`. */
  async completed(stream: string, items: Published, day: Day, skip: number, limit: number): Promise<InquiryLine[]> {
    const { rows } = await this.database.run(sql`select ${raw(lineColumns)} from inquiry_case c join case_head h on h.stream = c.stream and h.case_no = c.case_no and h.removed_at is null
      where c.stream = ${stream} and ((c.certificate_on = ${day} and c.item_code in (${list(codesOf(items, 'certificate'))})) or (c.granted_on = ${day} and c.item_code in (${list(codesOf(items, 'closing'))})))
      order by c.case_no offset ${raw(String(skip))} rows fetch next ${raw(String(limit))} rows only`);
    return rows.map(line);
  }

  /** The items with something to publish between two days, with the names that their cases have. */
  async publishedItems(stream: string, items: Published, from: Day, to: Day): Promise<{ readonly code: string; readonly name: string }[]> {
    const found = await Promise.all((['certificate', 'closing'] as const).map(async (by) => {
      const codes = codesOf(items, by);
      if (codes.length === 0) return [];
      const name = raw(by === 'certificate' ? 'c.certificate_on' : 'c.granted_on');
      const { rows } = await this.database.run(sql`select c.item_code, max(c.item_name) as item_name from inquiry_case c where c.stream = ${stream} and ${name} >= ${from} and ${name} <= ${to} and c.item_code in (${list(codes)}) group by c.item_code`);
      return rows.map((r) => ({ code: String(r['item_code']), name: maybe(r['item_name']) ?? '' }));
    }));
    return found.flat().sort((a, b) => (a.code < b.code ? -1 : 1));
  }

  /** The nearest days before and after with something to publish. */
  async neighbours(stream: string, items: Published, day: Day, from: Day, to: Day): Promise<{ earlier?: Day | undefined; later?: Day | undefined }> {
    const [earlier, later] = await Promise.all([this.days(stream, items, addDays(from, -1), day, 'max', true), this.days(stream, items, day, addDays(to, 1), 'min', true)]);
    return { earlier, later };
  }

  /** The newest day with something to publish. */
  newest(stream: string, items: Published, from: Day, to: Day): Promise<Day | undefined> {
    return this.days(stream, items, from, to, 'max');
  }

  /** The first or last day between two, without the two themselves where `within` is said. */
  private async days(stream: string, items: Published, from: Day, to: Day, pick: 'min' | 'max', within = false): Promise<Day | undefined> {
    const found = await Promise.all((['certificate', 'closing'] as const).map(async (by) => {
      const codes = codesOf(items, by);
      if (codes.length === 0) return undefined;
      const name = raw(by === 'certificate' ? 'c.certificate_on' : 'c.granted_on');
      const range = within ? sql`${name} > ${from} and ${name} < ${to}` : sql`${name} >= ${from} and ${name} <= ${to}`;
      const { rows } = await this.database.run(sql`select ${raw(pick)}(${name}) as found_day from inquiry_case c join case_head h on h.stream = c.stream and h.case_no = c.case_no and h.removed_at is null
        where c.stream = ${stream} and ${range} and c.item_code in (${list(codes)})`);
      return maybe(rows[0]?.['found_day']);
    }));
    const known = found.filter((d) => d !== undefined).sort();
    return pick === 'max' ? known.at(-1) : known[0];
  }

  private async clock(stream: string, caseNo: CaseNo, body: string): Promise<InquiryFacts['clock']> {
    const { rows } = await this.database.run(sql`select body, light, due_at, facts from clock_state where stream = ${stream} and case_no = ${caseNo} and body = ${body}`);
    const r = rows[0];
    return r && { body: String(r['body']), light: String(r['light']) as Light, dueAt: r['due_at'] === null ? undefined : instantText(r['due_at']), facts: JSON.parse(String(r['facts'])) as CaseFacts };
  }

  private async due(stream: string, caseNo: CaseNo): Promise<DueName[]> {
    const [charges, taxes] = await Promise.all([
      this.database.run(sql`select id, fee_item_name, amount_fen, exempt, payment_code from charge where stream = ${stream} and case_no = ${caseNo} and ended_at is null order by id`),
      this.database.run(sql`select id, tax_kind, party from tax_expectation where stream = ${stream} and case_no = ${caseNo} and ended_at is null order by id`),
    ]);
    return [
      ...charges.rows.map((r): DueName => ({ id: String(r['id']), kind: 'fee', name: String(r['fee_item_name']), fen: BigInt(String(r['amount_fen'])), exempt: Number(r['exempt']) === 1, paymentCode: maybe(r['payment_code']) })),
      ...taxes.rows.map((r): DueName => ({ id: String(r['id']), kind: 'tax', name: String(r['tax_kind']), party: String(r['party']), exempt: false })),
    ];
  }
}

function line(r: Record<string, unknown>): InquiryLine {
  return { caseNo: String(r['case_no']), itemCode: maybe(r['item_code']) ?? '', itemName: maybe(r['item_name']) ?? '', applicants: String(r['applicants']), state: String(r['state']), appliedOn: maybe(r['applied_on']) };
}
