import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { writeYuan } from '../../src/domain/money.js';
import type { FeeRecord, TaxRecord } from '../../src/domain/reconciliation-records.js';
import { ChargeStore } from '../../src/ledger/charge.store.js';
import { MatchStore } from '../../src/ledger/match.store.js';
import { differenceRow, type DifferenceRow } from '../../src/ledger/reconciliation-row.js';
import { ResolutionStore } from '../../src/ledger/resolution.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import { StatementStore } from '../../src/ledger/statement.store.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { ChargePoller } from '../../src/reconciliation/charge.poller.js';
import { explainDifference } from '../../src/reconciliation/explain-difference.js';
import { matchRecords } from '../../src/reconciliation/match-records.js';
import { reckonStatement, type Statement, type StatementRow } from '../../src/reconciliation/reckon-statement.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';
import { standards } from '../support/reconciliation-facts.js';

/** The month's file is for a person to read; UPDATE_GOLDEN=1 writes it anew. */
const golden = 'test/golden/reconciliation-month.txt';

class SetClock extends Clock {
  at = '2026-11-01T01:00:00.000Z';
  now(): Date {
    return new Date(this.at);
  }
}

type ChargeRow = { no: string; item: string; yuan: string; code?: string; taxes?: string; exempt?: string };
type Fee = Omit<FeeRecord, 'id' | 'channel'>;
type Tax = Omit<TaxRecord, 'id' | 'channel'>;

/** What the bureau and the center do, by day of November 2026. */
class Month {
  readonly cases = new Map<string, { caseNo: string; item: string; landUse: string; payer: string; charges: ChargeRow[] }[]>();
  readonly fees = new Map<string, Fee[]>();
  readonly taxes = new Map<string, Tax[]>();
  readonly reissues = new Map<string, { of: string; fees: Fee[] }>();

  charge(day: string, caseNo: string, charges: ChargeRow[], more: { item?: string; payer?: string; landUse?: string } = {}): void {
    this.cases.set(day, [...(this.cases.get(day) ?? []), { caseNo, item: more.item ?? 'DJ01', landUse: more.landUse ?? '城镇住宅用地', payer: more.payer ?? `户主${caseNo}`, charges }]);
  }
  pay(day: string, serial: string, yuan: bigint, more: Partial<Fee> & { item?: string } = {}): Fee {
    const { item, ...rest } = more;
    const fee: Fee = {
      serial, paymentCode: undefined, caseNo: undefined, unitCode: '430900', lines: rest.lines ?? [{ feeItemCode: item ?? 'GT0101', feeItemName: undefined, amountFen: yuan * 100n }], amountFen: yuan * 100n, day, paidAt: `${day.replaceAll('-', '')}100000`,
      payer: undefined, method: '1', status: 'paid', originalSerial: undefined, ...rest,
    };
    this.fees.set(day, [...(this.fees.get(day) ?? []), fee]);
    return fee;
  }
  tax(day: string, ticketNo: string, caseNo: string, more: Partial<Tax> = {}): void {
    this.taxes.set(day, [...(this.taxes.get(day) ?? []), {
      ticketNo, authorityCode: '14309', taxpayerNo: 'N', taxpayerName: undefined, caseNo, contractNo: undefined, taxKind: '契税', party: 'transferee', taxableFen: 10_000_000n, dueFen: 300_000n, paidFen: 300_000n, day, paidAt: `${day.replaceAll('-', '')}110000`, status: 'paid', originalTicketNo: undefined, ...more,
    }]);
  }
}

const d = (n: number): string => `2026-11-${String(n).padStart(2, '0')}`;

/** Ordinary traffic, and each kind of difference once. Gives the reasons that must stand at the end of the month. */
function writeMonth(): { month: Month; expected: Record<string, string> } {
  const m = new Month();
  const home = (code?: string): ChargeRow[] => [{ no: '1', item: 'GT0101', yuan: '80.00', ...(code ? { code } : {}) }];
  for (let day = 1; day <= 27; day++) {
    for (let i = 1; i <= 3; i++) {
      const c = `N${day}-${i}`;
      m.charge(d(day), c, home(`K${c}`));
      m.pay(d(day + (i % 3)), `P${c}`, 80n, { paymentCode: `K${c}`, caseNo: c });
    }
  }
  const expected: Record<string, string> = {};
  const both = (c: string, p: string, reason: string): void => void Object.assign(expected, { [`charge ${c}/1`]: reason, [`payment ${p}`]: reason });
  // What is right and must not be flagged.
  m.charge(d(2), 'OK-split', home('KOKS'));
  m.pay(d(3), 'OK-split-1', 30n, { paymentCode: 'KOKS' });
  m.pay(d(3), 'OK-split-2', 50n, { paymentCode: 'KOKS' });
  m.charge(d(2), 'OK-together', [{ no: '1', item: 'GT0101', yuan: '80.00' }]);
  m.charge(d(4), 'OK-payer', home(), { payer: '甲 公司' });
  m.pay(d(5), 'OK-payer', 80n, { payer: '甲公司' });
  m.pay(d(3), 'OK-together', 80n, { caseNo: 'OK-together' });
  m.charge(d(3), 'OK-again', home('KOKA'));
  m.pay(d(4), 'OK-again-1', 80n, { paymentCode: 'KOKA' });
  m.pay(d(4), 'OK-again-1', 80n, { paymentCode: 'KOKA', status: 'reversed', paidAt: '20261104110000' });
  m.pay(d(4), 'OK-again-2', 80n, { paymentCode: 'KOKA', paidAt: '20261104120000' });
  m.charge(d(3), 'OK-exempt', [{ no: '1', item: 'GT0101', yuan: '0.00', exempt: '小微企业免收(财税〔2019〕45号)' }]);
  m.charge(d(5), 'OK-tax', [{ no: '1', item: 'GT0101', yuan: '80.00', code: 'KOKT', taxes: '契税,印花税' }], { item: 'DJ05' });
  m.pay(d(6), 'OK-tax', 80n, { paymentCode: 'KOKT' });
  m.tax(d(6), 'T-ok-1', 'OK-tax');
  m.tax(d(6), 'T-ok-2', 'OK-tax', { taxKind: '印花税', dueFen: 5_000n, paidFen: 5_000n });
  m.tax(d(7), 'T-ok-3', 'OK-tax', { taxKind: '印花税', party: 'transferor', dueFen: 5_000n, paidFen: 5_000n });
  // What is not.
  m.charge(d(2), 'D-missing', home('KD1'));
  expected['charge D-missing/1'] = 'missing-there';
  m.charge(d(28), 'D-awaiting', home('KD2'));
  expected['charge D-awaiting/1'] = 'awaiting-payment';
  m.pay(d(5), 'D-unknown', 80n, { caseNo: 'D-nobody', paymentCode: 'KNOBODY' });
  expected['payment D-unknown'] = 'missing-here';
  m.pay(d(30), 'D-cutoff', 80n, { caseNo: 'D-tomorrow' });
  expected['payment D-cutoff'] = 'cut-off-timing';
  m.charge(d(5), 'D-over', home('KD3'));
  m.pay(d(6), 'D-over', 90n, { paymentCode: 'KD3' });
  both('D-over', 'D-over', 'amount-over');
  m.charge(d(5), 'D-short', home('KD4'));
  m.pay(d(6), 'D-short', 70n, { paymentCode: 'KD4' });
  both('D-short', 'D-short', 'amount-short');
  m.charge(d(5), 'D-item', home('KD5'));
  m.pay(d(6), 'D-item', 80n, { caseNo: 'D-item', item: 'GT0999' });
  both('D-item', 'D-item', 'item-outside-standard');
  m.charge(d(5), 'D-twice', home('KD6'));
  m.pay(d(6), 'D-twice-1', 80n, { paymentCode: 'KD6' });
  m.pay(d(7), 'D-twice-2', 80n, { paymentCode: 'KD6' });
  expected['payment D-twice-2'] = 'duplicate-payment';
  m.charge(d(3), 'D-refund', home('KD7'));
  m.pay(d(3), 'D-refund-1', 80n, { paymentCode: 'KD7' });
  m.pay(d(10), 'D-refund-2', 80n, { paymentCode: 'KD7', status: 'refunded', originalSerial: 'D-refund-1' });
  m.pay(d(12), 'D-refund-3', 80n, { paymentCode: 'KD7' });
  expected['payment D-refund-2'] = 'refunded';
  expected['payment D-refund-3'] = 'paid-after-refund';
  m.charge(d(5), 'D-payer', home('KD8'), { payer: '乙' });
  m.pay(d(6), 'D-payer', 80n, { paymentCode: 'KD8', payer: '丙' });
  both('D-payer', 'D-payer', 'wrong-payer');
  m.charge(d(5), 'D-case', home('KD9'));
  m.pay(d(6), 'D-case', 80n, { paymentCode: 'KD9', caseNo: 'D-other' });
  both('D-case', 'D-case', 'wrong-case-suspected');
  m.charge(d(8), 'D-several-1', home(), { payer: '丁公司' });
  m.charge(d(8), 'D-several-2', home(), { payer: '丁公司' });
  m.pay(d(8), 'D-several', 80n, { payer: '丁公司' });
  Object.assign(expected, { 'payment D-several': 'several-candidates', 'charge D-several-1/1': 'several-candidates', 'charge D-several-2/1': 'missing-there' });
  m.charge(d(8), 'D-reversed', home('KD10'));
  m.pay(d(9), 'D-reversed', 80n, { paymentCode: 'KD10' });
  m.pay(d(9), 'D-reversed', 80n, { paymentCode: 'KD10', status: 'reversed', paidAt: '20261109120000' });
  expected['charge D-reversed/1'] = 'reversed';
  m.charge(d(8), 'D-toomuch', home('KD11'));
  m.pay(d(9), 'D-toomuch-1', 80n, { paymentCode: 'KD11' });
  m.pay(d(9), 'D-toomuch-2', 90n, { paymentCode: 'KD11', status: 'refunded', originalSerial: 'D-toomuch-1', paidAt: '20261109120000' });
  expected['payment D-toomuch-2'] = 'refund-exceeds-payment';
  m.pay(d(9), 'D-orphan', 80n, { status: 'refunded', originalSerial: 'never' });
  expected['payment D-orphan'] = 'original-unknown';
  m.charge(d(8), 'D-part', home('KD12'));
  m.pay(d(9), 'D-part-1', 30n, { paymentCode: 'KD12' });
  m.pay(d(9), 'D-part-2', 40n, { paymentCode: 'KD12' });
  Object.assign(expected, { 'charge D-part/1': 'split-incomplete', 'payment D-part-1': 'split-incomplete', 'payment D-part-2': 'split-incomplete' });
  m.charge(d(8), 'D-exempt', [{ no: '1', item: 'GT0101', yuan: '0.00', exempt: '小微企业免收' }]);
  m.pay(d(9), 'D-exempt', 80n, { caseNo: 'D-exempt' });
  expected['payment D-exempt'] = 'exempt-but-charged';
  m.charge(d(4), 'D-stale', [{ no: '1', item: 'GT0102', yuan: '550.00', code: 'KD13' }], { landUse: '商服用地' });
  m.charge(d(5), 'D-stale', [{ no: '1', item: 'GT0101', yuan: '80.00', code: 'KD13' }]);
  m.pay(d(6), 'D-stale', 550n, { paymentCode: 'KD13' });
  both('D-stale', 'D-stale', 'stale-charge-version');
  m.charge(d(4), 'D-gone', home('KD14'));
  m.charge(d(5), 'D-gone', []);
  m.pay(d(6), 'D-gone', 80n, { paymentCode: 'KD14' });
  expected['payment D-gone'] = 'charge-withdrawn';
  m.charge(d(8), 'D-contra', home('KD15'));
  m.pay(d(9), 'D-contra', 80n, { paymentCode: 'KD15' });
  m.pay(d(9), 'D-contra', 81n, { paymentCode: 'KD15', paidAt: '20261109120000' });
  expected['payment D-contra v2'] = 'contradictory-record';
  m.charge(d(15), 'D-corrected', home('KD16'));
  const first = m.pay(d(16), 'D-corrected', 80n, { paymentCode: 'KD16' });
  m.reissues.set(d(18), { of: d(16), fees: [{ ...first, amountFen: 7_000n, lines: [{ ...first.lines[0]!, amountFen: 7_000n }] }] });
  expected['payment D-corrected afterwards'] = 'corrected-after-close';
  expected['payment D-corrected v2'] = 'corrected-after-close';
  m.charge(d(8), 'D-tariff', [{ no: '1', item: 'GT0101', yuan: '100.00', code: 'KD17' }]);
  m.pay(d(9), 'D-tariff', 100n, { paymentCode: 'KD17' });
  expected['charge D-tariff/1 standard'] = 'charge-outside-tariff';
  m.charge(d(8), 'D-taxes', [{ no: '1', item: 'GT0101', yuan: '80.00', code: 'KD18', taxes: '契税,增值税,土地增值税' }], { item: 'DJ05' });
  m.pay(d(9), 'D-taxes', 80n, { paymentCode: 'KD18' });
  m.tax(d(9), 'T-short', 'D-taxes', { paidFen: 200_000n });
  m.tax(d(9), 'T-party', 'D-taxes', { taxKind: '增值税', party: 'transferee' });
  Object.assign(expected, { 'tax D-taxes 契税 transferee': 'amount-short', 'slip T-short': 'amount-short', 'tax D-taxes 增值税 transferor': 'tax-not-expected', 'slip T-party': 'tax-not-expected', 'tax D-taxes 土地增值税 transferor': 'tax-slip-missing' });
  m.charge(d(8), 'D-kind', [{ no: '1', item: 'GT0101', yuan: '80.00', code: 'KD19', taxes: '房产税' }], { item: 'DJ05' });
  m.pay(d(9), 'D-kind', 80n, { paymentCode: 'KD19' });
  expected['charge D-kind/1 standard'] = 'tax-kind-unknown';
  // Taken apart by a person on the 20th, and accepted by a person on the 20th.
  m.charge(d(19), 'D-apart', home('KD20'));
  m.pay(d(19), 'D-apart', 80n, { paymentCode: 'KD20' });
  both('D-apart', 'D-apart', 'taken-apart');
  m.pay(d(11), 'OK-accepted', 80n, { caseNo: 'D-lost' });
  return { month: m, expected };
}

describe('a month of reconciliation', () => {
  let db: DatabaseAdapter;
  const clock = new SetClock();
  beforeAll(async () => void (db = await openPostgres(await freshDatabase('month'), true)));
  afterAll(async () => {
    await db.close();
    await stopPostgres();
  });

  it('gives each difference its reason, flags nothing else, and every day ties out', async () => {
    const { month, expected } = writeMonth();
    const charges = new ChargePoller(new ChargeStore(db, clock), standards, createLog({ level: 'silent', instance: 'test' }));
    const returned = new ReturnedRecordStore(db, clock);
    const matches = new MatchStore(db, clock);
    const statements = new StatementStore(db, clock);
    const engine = { rules: standards.rules, settle: matchRecords };
    const resolutions = new ResolutionStore(db, clock, matches, engine, 7_000n);
    const out: string[] = [];
    let snapshot = 0;
    const itemOf = async (where: string): Promise<string> => String((await db.run(raw(where))).rows[0]!['id']);
    for (let n = 1; n <= 30; n++) {
      const day = d(n);
      clock.at = `${day}T10:00:00.000Z`;
      for (const c of month.cases.get(day) ?? []) {
        const body = JSON.stringify({ case: { case_no: c.caseNo, item_code: c.item, status: 'HANDLING' }, children: { parcels: [{ land_use: c.landUse }], applicants: [{ role: 'APPLICANT' }], charges: c.charges.map((x) => ({
          charge_no: x.no, fee_item_code: x.item, fee_item_name: x.item, amount: x.yuan, exempt: x.exempt ? '1' : '0', exempt_reason: x.exempt ?? null, payer: c.payer, payment_code: x.code ?? null, tax_kinds: x.taxes ?? null })) } });
        await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${++snapshot}, 'case', ${c.caseNo}, '', ${body}, ${clock.at})`);
      }
      await charges.poll(() => Promise.resolve(true));
      // The day's records in two files, matched in between: nothing may depend on it.
      const fees = month.fees.get(day) ?? [];
      const files = [fees.filter((_, i) => i % 2 === 1), fees.filter((_, i) => i % 2 === 0)];
      for (const [i, part] of files.entries()) {
        await db.transaction((r) => returned.record(r, { channel: 'center', inboxId: `${n}`, fileId: `fee-${day}-${i}`, issue: 1, fees: part, ...(i === 0 ? { taxes: month.taxes.get(day) ?? [] } : {}) }));
        await matches.run({ ...engine, batchItems: 100_000 });
      }
      const reissue = month.reissues.get(day);
      if (reissue) {
        const which = (month.fees.get(reissue.of) ?? []).findIndex((f) => f.serial === reissue.fees[0]!.serial) % 2 === 1 ? 0 : 1;
        const whole = (month.fees.get(reissue.of) ?? []).filter((_, i) => (i % 2 === 1) === (which === 0)).map((f) => reissue.fees.find((x) => x.serial === f.serial) ?? f);
        await db.transaction((r) => returned.record(r, { channel: 'center', inboxId: `9${n}`, fileId: `fee-${reissue.of}-${which}`, issue: 2, fees: whole }));
      }
      const of = (status: string): { count: number; fen: bigint } => fees.filter((f) => f.status === status).reduce((t, f) => ({ count: t.count + 1, fen: t.fen + f.amountFen }), { count: 0, fen: 0n });
      const slips = month.taxes.get(day) ?? [];
      await db.transaction((r) => returned.record(r, { channel: 'center', inboxId: `8${n}`, fileId: `control-${day}`, issue: 1, control: {
        day, issue: 1, files: [], fees: { count: of('paid').count, amountFen: of('paid').fen, reversedCount: of('reversed').count, reversedFen: of('reversed').fen, refundCount: of('refunded').count, refundFen: of('refunded').fen },
        taxes: { count: slips.length, amountFen: slips.reduce((s, t) => s + t.paidFen, 0n), refundCount: 0, refundFen: 0n } } }));
      if (n === 20) {
        const apart = await itemOf(`select id from charge where case_no = 'D-apart'`);
        const proposed = await resolutions.resolve({ act: 'reopen', expected: [apart], returned: [], actor: 'li', note: 'paid for another case' });
        expect(proposed).toMatchObject({ done: true, awaitsSecond: true });
        expect(await resolutions.confirm((proposed as { id: string }).id, 'li')).toEqual({ done: false, expected: 'another person than li, who proposed it' });
        expect(await resolutions.confirm((proposed as { id: string }).id, 'wang')).toMatchObject({ done: true });
        const lost = await itemOf(`select id from fee_record where serial = 'OK-accepted'`);
        const accepted = await resolutions.resolve({ act: 'accept', expected: [], returned: [lost], actor: 'li', note: 'case of the old system' });
        expect(await resolutions.confirm((accepted as { id: string }).id, 'wang')).toMatchObject({ done: true });
      }
      await matches.run({ ...engine, batchItems: 100_000 });
      const statement = reckonStatement(day, await statements.figures(day), await statements.totals(day), await statements.controls(day));
      out.push(...tellStatement(statement));
      expect({ day, off: statement.rows.filter((r) => r.off.count !== 0 || r.off.fen !== 0n), wrong: statement.disagreements, breaks: await statements.breaks(day), tiesOut: statement.tiesOut }).toEqual({ day, off: [], wrong: [], breaks: [], tiesOut: true });
      expect(await db.transaction(async (r) => {
        await matches.lock(r);
        return statements.close(r, day, { actor: 'li', figures: JSON.stringify(out.at(-1)) });
      })).toBe(true);
    }
    clock.at = '2026-12-01T01:00:00.000Z';
    await matches.run({ ...engine, batchItems: 100_000 });
    const { reasons, told } = await openDifferences(db, '2026-12-01');
    const text = [...out, '', `Open at the end of the month (${told.length}):`, ...told.flat()].join('\n');
    expect(reasons).toEqual(expected);
    if (process.env['UPDATE_GOLDEN'] || !existsSync(golden)) writeFileSync(golden, `${text}\n`);
    expect(`${text}\n`).toBe(readFileSync(golden, 'utf8'));
    // Looking again at the whole month changes nothing.
    const count = (): Promise<unknown> => db.run(raw('select (select count(*) from match_line) as l, (select count(*) from difference) as d')).then((r) => r.rows);
    const before = await count();
    await db.run(raw(`update reconciliation_position set position = 0 where name = 'matches'`));
    await matches.run({ ...engine, batchItems: 100_000, exact: false });
    expect(await count()).toEqual(before);
  }, 120_000);
});

function tellStatement(s: Statement): string[] {
  const cell = (a: { count: number; fen: bigint }): string => `${a.count}/${writeYuan(a.fen)}`;
  const row = (name: string, r: StatementRow): string => `  ${name.padEnd(34)} ${[r.opening, r.new, r.reopened, r.matched, r.resolved, r.closing].map((a) => cell(a).padStart(14)).join(' ')}`;
  return [
    `${s.day}  ${s.tiesOut ? 'ties out' : 'DOES NOT TIE OUT'}${' '.repeat(15)}     opening            new       reopened        matched       resolved        closing`,
    ...s.rows.map((r) => row(`${r.side} ${r.kind} ${r.item} ${r.unit}`, r)),
  ];
}

async function openDifferences(db: DatabaseAdapter, today: string): Promise<{ reasons: Record<string, string>; told: string[][] }> {
  const { rows } = await db.run(raw('select * from difference where is_open = 1'));
  const names = new Map<string, { zh: string; en: string; day: string; key: string }>();
  for (const r of (await db.run(raw('select * from charge'))).rows) names.set(String(r['id']), { zh: `应收 ${String(r['case_no'])}/${String(r['charge_no'])}`, en: `charge ${String(r['charge_no'])} of ${String(r['case_no'])}`, day: String(r['day']), key: `charge ${String(r['case_no'])}/${String(r['charge_no'])}` });
  for (const r of (await db.run(raw('select * from tax_expectation'))).rows) names.set(String(r['id']), { zh: `应税 ${String(r['case_no'])}`, en: `tax of ${String(r['case_no'])}`, day: String(r['day']), key: `tax ${String(r['case_no'])} ${String(r['tax_kind'])} ${String(r['party'])}` });
  for (const r of (await db.run(raw('select * from fee_record'))).rows) names.set(String(r['id']), { zh: `缴款 ${String(r['serial'])}`, en: `payment ${String(r['serial'])}`, day: String(r['day']), key: `payment ${String(r['serial'])}${Number(r['version']) > 1 ? ` v${String(r['version'])}` : ''}` });
  for (const r of (await db.run(raw('select * from tax_record'))).rows) names.set(String(r['id']), { zh: `税票 ${String(r['ticket_no'])}`, en: `slip ${String(r['ticket_no'])}`, day: String(r['day']), key: `slip ${String(r['ticket_no'])}` });
  const differences = rows.map(differenceRow);
  const keyOf = (x: DifferenceRow): string => `${names.get(x.itemId)!.key}${x.aspect === 'settlement' ? '' : ` ${x.aspect}`}`;
  const sorted = [...differences].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return {
    reasons: Object.fromEntries(sorted.map((x) => [keyOf(x), x.reason])),
    told: sorted.map((x) => {
      const { zh, en } = explainDifference(x, names.get(x.itemId)!, x.otherId === undefined ? undefined : names.get(x.otherId), today, standards);
      return ['', `${keyOf(x)}: ${x.reason}`, ...zh.map((l) => `  ${l}`), ...en.map((l) => `  ${l}`)];
    }),
  };
}
