import type { ChargeItem, FeeItem, Outcome, TaxExpectation, TaxItem, WorkingSet } from '../../src/domain/reconciliation-outcomes.js';
import { feeColumns, lineColumns, taxColumns } from '../../src/ledger/returned-record-row.js';
import { takeNumbers } from '../../src/ledger/take-numbers.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import type { Column } from '../../src/platform/database/dialect.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { tell, workingSet } from './reconciliation-facts.js';

const at = '2026-11-20T02:00:00.000Z';
const text = (name: string): Column => ({ name, kind: 'text' });
const big = (name: string): Column => ({ name, kind: 'big' });
const chargeColumns: Column[] = [
  big('id'), text('stream'), text('case_no'), text('item_code'), text('charge_no'), { name: 'version', kind: 'int' }, text('fee_item_code'), text('fee_item_name'), big('amount_fen'), { name: 'exempt', kind: 'flag' }, text('exempt_reason'),
  text('payer'), text('payer_key'), text('payment_code'), text('tax_kinds'), text('tariff_facts'), text('digest'), text('day'), text('statement_day'), big('snapshot_id'), { name: 'recorded_at', kind: 'instant' }, { name: 'ended_at', kind: 'instant' }, text('ended_day'),
];

/** Writes facts with new ids in the given order, as they would arrive. Returns them with those ids. */
export async function insertFacts(db: DatabaseAdapter, items: readonly (ChargeItem | TaxExpectation | FeeItem | TaxItem)[], all: WorkingSet): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  await db.transaction(async (runner) => {
    const first = await takeNumbers(runner, 'reconciliation', items.length);
    items.forEach((x, i) => ids.set(x.id, String(first + BigInt(i))));
    const insert = (table: string, columns: readonly Column[], rows: unknown[][]): Promise<number> => db.dialect.insertMany(runner, table, columns, rows);
    const has = new Set(items.map((x) => x.id));
    await insert('charge', chargeColumns, all.charges.filter((c) => has.has(c.id)).map((c) => [
      ids.get(c.id), c.stream, c.caseNo, c.itemCode ?? null, c.chargeNo, c.version, c.feeItemCode, c.feeItemName, String(c.amountFen), c.exempt ? 1 : 0, null, c.payer ?? null, c.payerKey ?? null, c.paymentCode ?? null, '', '{}', '', c.day, c.statementDay, '0', at, c.endedDay ? at : null, c.endedDay ?? null,
    ]));
    await insert('tax_expectation', [big('id'), big('charge_id'), text('stream'), text('case_no'), text('item_code'), text('tax_kind'), text('party'), text('basis'), text('day'), text('statement_day'), { name: 'recorded_at', kind: 'instant' }],
      all.expectations.filter((e) => has.has(e.id)).map((e) => [ids.get(e.id), ids.get(e.id), e.stream, e.caseNo, e.itemCode ?? null, e.taxKind, e.party, '', e.day, e.statementDay, at]));
    const fees = all.fees.filter((f) => has.has(f.id));
    await insert('fee_record', feeColumns, fees.map((f) => [
      ids.get(f.id), f.channel, f.serial, f.status, Number(ids.get(f.id)) + 1, f.paymentCode ?? null, f.caseNo ?? null, f.unitCode, String(f.amountFen), f.lines.length, f.lines.length === 1 ? f.lines[0]!.feeItemCode : null,
      f.day, f.statementDay, f.paidAt, f.payer ?? null, f.payerKey ?? null, null, f.status === 'paid' ? null : (f.originalSerial ?? f.serial), '', '0', 'f', 1, at,
    ]));
    await insert('fee_line', lineColumns, fees.flatMap((f) => f.lines.map((l, i) => [ids.get(f.id), i + 1, l.feeItemCode, null, String(l.amountFen)])));
    await insert('tax_record', taxColumns, all.taxes.filter((t) => has.has(t.id)).map((t) => [
      ids.get(t.id), t.channel, t.ticketNo, t.status, 1, t.authorityCode, t.taxpayerNo, null, t.caseNo ?? null, null, t.taxKind, t.party, String(t.taxableFen), String(t.dueFen), String(t.paidFen), t.day, t.statementDay, t.paidAt, t.status === 'paid' ? null : (t.originalTicketNo ?? t.ticketNo), '', '0', 'f', 1, at,
    ]));
    // The first record of a serial has version 1, as the store would give it.
    await runner.run(sql`update fee_record set version = 1 where id in (select min(id) from fee_record group by channel, serial, status)`);
  });
  return ids;
}

/** The facts under the ids they got. */
export function renumber(facts: WorkingSet, ids: ReadonlyMap<string, string>): WorkingSet {
  const rename = <T extends { id: string }>(list: readonly T[]): T[] => list.map((x) => ({ ...x, id: ids.get(x.id)! }));
  return workingSet({ charges: rename(facts.charges), expectations: rename(facts.expectations), fees: rename(facts.fees), taxes: rename(facts.taxes) });
}

/** What the ledger holds now, told as an outcome. */
export async function standingOutcome(db: DatabaseAdapter, set: WorkingSet): Promise<string[]> {
  const lines = (await db.run(sql`select * from match_line where live = 1 ${raw('')} order by match_no, part`)).rows;
  const groups = new Map<string, { rule: string; outcome: 'matched' | 'resolved'; expected: string[]; returned: string[]; statementDay: string }>();
  for (const l of lines) {
    const key = String(l['match_no']);
    const group = groups.get(key) ?? { rule: String(l['rule_name']), outcome: String(l['outcome']) as 'matched', expected: [], returned: [], statementDay: String(l['statement_day']) };
    if (l['expected_id'] !== null) group.expected.push(String(l['expected_id']));
    if (l['returned_id'] !== null) group.returned.push(String(l['returned_id']));
    groups.set(key, group);
  }
  const { rows } = await db.run(sql`select * from difference where is_open = 1 and aspect <> 'standard' ${raw('')}`);
  const maybe = (v: unknown): string | undefined => (v === null ? undefined : String(v));
  const fen = (v: unknown): bigint | undefined => (v === null ? undefined : BigInt(String(v)));
  const differences = rows.map((r) => ({
    itemId: String(r['item_id']), aspect: String(r['aspect']), reason: String(r['reason']), rule: maybe(r['rule_name']), criterion: maybe(r['criterion']), otherId: maybe(r['other_id']), expectedFen: fen(r['expected_fen']), returnedFen: fen(r['returned_fen']), refersToDay: maybe(r['refers_to_day']),
  }));
  return tell({ settlements: [...groups.values()], differences } as unknown as Outcome, set);
}

export async function clearFacts(db: DatabaseAdapter): Promise<void> {
  for (const table of ['charge', 'tax_expectation', 'fee_record', 'fee_line', 'tax_record', 'control_total', 'match_line', 'difference', 'reconciliation_seed', 'reconciliation_run', 'statement_day', 'resolution']) await db.run(raw(`delete from ${table}`));
  await db.run(raw(`update counter set value = 0 where name in ('reconciliation', 'match')`));
  await db.run(raw(`update reconciliation_position set position = 0`));
}
