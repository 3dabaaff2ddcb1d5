import fc from 'fast-check';
import path from 'node:path';
import type { ChargeItem, FeeItem, Outcome, TaxExpectation, TaxItem, WorkingSet } from '../../src/domain/reconciliation-outcomes.js';
import type { Standards } from '../../src/domain/reconciliation-rules.js';
import { digestPayer } from '../../src/ledger/digest-payer.js';
import { loadStandards } from '../../src/reconciliation/load-standards.adapter.js';

const loaded = loadStandards(path.resolve('config/reconciliation'));
if (!loaded.standards) throw new Error(JSON.stringify(loaded.faults));
export const standards: Standards = loaded.standards;

let counter = 0;
const nextId = (): string => String(++counter);

export function charge(more: Partial<ChargeItem> = {}): ChargeItem {
  const payer = 'payer' in more ? more.payer : '张三';
  return {
    id: nextId(), stream: 'case', caseNo: 'C1', itemCode: 'DJ01', chargeNo: '1', version: 1, feeItemCode: 'GT0101', feeItemName: '不动产登记费', amountFen: 8_000n, exempt: false, exemptReason: undefined,
    payer, payerKey: digestPayer(payer), paymentCode: undefined, taxKinds: [], day: '2026-11-20', recordedAt: '2026-11-20T02:00:00.000Z', current: true, statementDay: more.day ?? '2026-11-20', endedDay: undefined, ...more,
  };
}

export function fee(more: Partial<FeeItem> = {}): FeeItem {
  const id = more.id ?? nextId();
  const amountFen = more.amountFen ?? more.lines?.reduce((s, l) => s + l.amountFen, 0n) ?? 8_000n;
  const payer = 'payer' in more ? more.payer : '张三';
  return {
    channel: 'center', serial: `S${id}`, paymentCode: undefined, caseNo: undefined, unitCode: '430900', lines: [{ feeItemCode: 'GT0101', feeItemName: undefined, amountFen }], day: '2026-11-20', paidAt: '20261120100000',
    payer, payerKey: digestPayer(payer), method: '1', status: 'paid', originalSerial: undefined, statementDay: more.day ?? '2026-11-20', supersededDay: undefined, supersededBy: undefined, ...more, id, amountFen,
  };
}

export function expectation(more: Partial<TaxExpectation> = {}): TaxExpectation {
  return { id: nextId(), stream: 'case', caseNo: 'C1', itemCode: 'DJ05', taxKind: '契税', party: 'transferee', day: '2026-11-20', statementDay: more.day ?? '2026-11-20', endedDay: undefined, ...more };
}

export function tax(more: Partial<TaxItem> = {}): TaxItem {
  const id = nextId();
  const dueFen = more.dueFen ?? 300_000n;
  return {
    id, channel: 'center', ticketNo: `T${id}`, authorityCode: '14309', taxpayerNo: 'N1', taxpayerName: '李四', caseNo: 'C1', contractNo: undefined, taxKind: '契税', party: 'transferee', taxableFen: 10_000_000n, dueFen, paidFen: more.paidFen ?? dueFen,
    day: '2026-11-20', paidAt: '20261120100000', status: 'paid', originalTicketNo: undefined, statementDay: more.day ?? '2026-11-20', supersededDay: undefined, supersededBy: undefined, ...more,
  };
}

export function workingSet(more: Partial<WorkingSet> = {}): WorkingSet {
  return { charges: [], expectations: [], fees: [], taxes: [], fixed: [], forbidden: [], ...more };
}

/** What every item is called by its partners, so that outcomes of differently numbered facts can be compared. */
export function nameItems(set: WorkingSet): Map<string, string> {
  return new Map([
    ...set.charges.map((c): [string, string] => [c.id, `${c.caseNo}/${c.chargeNo}/${c.version}`]),
    ...set.expectations.map((e): [string, string] => [e.id, `${e.caseNo}/${e.taxKind}/${e.party}`]),
    ...set.fees.map((f): [string, string] => [f.id, `${f.serial}/${f.status}`]),
    ...set.taxes.map((t): [string, string] => [t.id, `${t.ticketNo}/${t.status}`]),
  ]);
}

/** An outcome as sorted lines by name. */
export function tell(outcome: Outcome, set: WorkingSet): string[] {
  const names = nameItems(set);
  const name = (id: string | undefined): string => (id === undefined ? '-' : (names.get(id) ?? `?${id}`));
  return [
    ...outcome.settlements.map((s) => `${s.rule} ${s.outcome} [${s.expected.map(name).sort().join(' ')}] [${s.returned.map(name).sort().join(' ')}] on ${s.statementDay}`),
    ...outcome.differences.map((d) => `${name(d.itemId)} ${d.aspect} ${d.reason} ${d.rule ?? '-'} ${d.criterion ?? '-'} near ${name(d.otherId)} ${d.expectedFen ?? ''}/${d.returnedFen ?? ''} ${d.refersToDay ?? ''}`),
  ].sort();
}

const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const days = pick('2026-11-19', '2026-11-20', '2026-11-21');
const items = pick('GT0101', 'GT0102', 'GT0103');
const amounts = pick(1_000n, 4_000n, 8_000n, 55_000n);
const payers = pick<string | undefined>('张三', '李四', undefined);
const codes = pick<string | undefined>('K1', 'K2', 'K3', 'K4', undefined);
const cases = pick('C1', 'C2', 'C3');

/** Facts that collide often: few cases, codes, payers and amounts. Serials are unique except for some contradictions. */
export const anyFacts: fc.Arbitrary<WorkingSet> = fc
  .record({
    charges: fc.array(fc.record({ caseNo: cases, chargeNo: pick('1', '2', '3'), feeItemCode: items, amountFen: amounts, payer: payers, paymentCode: codes, day: days, exempt: fc.boolean().map((b) => b && false), versions: pick(1, 1, 1, 2), gone: pick(false, false, false, false, true) }), { maxLength: 7 }),
    fees: fc.array(fc.record({ caseNo: pick<string | undefined>('C1', 'C2', 'C3', 'C9', undefined), item: items, second: pick<string | undefined>(undefined, undefined, 'GT0103'), amountFen: amounts, payer: payers, paymentCode: codes, day: days, time: fc.integer({ min: 10, max: 15 }), back: pick<'none' | 'reversed' | 'refunded' | 'part'>('none', 'none', 'none', 'none', 'reversed', 'refunded', 'part'), twice: pick(false, false, false, false, false, true) }), { maxLength: 7 }),
    expectations: fc.array(fc.record({ caseNo: cases, taxKind: pick('契税', '印花税'), party: pick<'transferor' | 'transferee'>('transferor', 'transferee'), day: days }), { maxLength: 4 }),
    taxes: fc.array(fc.record({ caseNo: pick<string | undefined>('C1', 'C2', 'C9', undefined), taxKind: pick('契税', '印花税'), party: pick<'transferor' | 'transferee'>('transferor', 'transferee'), paidFen: pick(300_000n, 300_000n, 200_000n), day: days, back: pick(false, false, false, true) }), { maxLength: 4 }),
  })
  .map((raw): WorkingSet => {
    const seen = new Set<string>();
    const once = <T>(list: T[], key: (t: T) => string): T[] => list.filter((t) => !seen.has(key(t)) && seen.add(key(t)));
    const charges = once(raw.charges, (c) => `c ${c.caseNo} ${c.chargeNo}`).flatMap(({ versions, gone, ...c }) =>
      Array.from({ length: versions }, (_, i) => charge({ ...c, version: i + 1, amountFen: i === versions - 1 ? c.amountFen : c.amountFen + 1_000n, ...(i === versions - 1 && !gone ? {} : { current: false, endedDay: '2026-11-21' }) })),
    );
    const fees = raw.fees.flatMap(({ item, second, back, twice, time, amountFen, ...f }, i) => {
      const lines = [{ feeItemCode: item, feeItemName: undefined, amountFen }, ...(second && second !== item ? [{ feeItemCode: second, feeItemName: undefined, amountFen: 1_000n }] : [])];
      const paid = fee({ ...f, serial: `F${i}`, lines, paidAt: `${f.day.replaceAll('-', '')}${time}0000` });
      const extra = twice ? [fee({ ...paid, id: undefined, paidAt: `${f.day.replaceAll('-', '')}${time}0001`, lines })] : [];
      if (back === 'none') return [paid, ...extra];
      const takenLines = back === 'part' ? [{ feeItemCode: item, feeItemName: undefined, amountFen: 500n }] : lines;
      return [paid, ...extra, fee({ ...f, serial: `B${i}`, status: back === 'reversed' ? 'reversed' : 'refunded', originalSerial: `F${i}`, lines: takenLines, paidAt: `${f.day.replaceAll('-', '')}${time}3000` })];
    });
    const expectations = once(raw.expectations, (e) => `e ${e.caseNo} ${e.taxKind} ${e.party}`).map((e) => expectation(e));
    const taxes = raw.taxes.flatMap(({ back, ...t }, i) => {
      const paid = tax({ ...t, ticketNo: `T${i}` });
      return back ? [paid, tax({ ...t, ticketNo: `R${i}`, status: 'refunded', originalTicketNo: `T${i}` })] : [paid];
    });
    return workingSet({ charges, fees, expectations, taxes });
  });
