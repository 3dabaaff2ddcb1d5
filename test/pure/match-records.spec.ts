import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Outcome, WorkingSet } from '../../src/domain/reconciliation-outcomes.js';
import { addDays } from '../../src/domain/reckon-days.js';
import { matchRecords } from '../../src/reconciliation/match-records.js';
import { anyFacts, charge, expectation, fee, standards, tax, tell, workingSet } from '../support/reconciliation-facts.js';

const context = { rules: standards.rules, today: '2026-11-21', firstOpenDay: '' };
const run = (set: WorkingSet, more: Partial<typeof context> = {}): Outcome => matchRecords(set, { ...context, ...more });
const told = (more: Partial<WorkingSet>, at: Partial<typeof context> = {}): string[] => {
  const set = workingSet(more);
  return tell(run(set, at), set);
};
const line = (feeItemCode: string, amountFen: bigint) => ({ feeItemCode, feeItemName: undefined, amountFen });

describe('matching in tiers', () => {
  it('payment code', () => {
    expect(told({ charges: [charge({ paymentCode: 'K1' })], fees: [fee({ serial: 'S1', paymentCode: 'K1', caseNo: 'C1' })] })).toEqual(['payment-code matched [C1/1/1] [S1/paid] on 2026-11-20']);
  });
  it('one payment for several charges, item by item', () => {
    const charges = [charge({ paymentCode: 'K1' }), charge({ chargeNo: '2', feeItemCode: 'GT0103', amountFen: 2_000n, paymentCode: 'K2' })];
    const fees = [fee({ serial: 'S1', caseNo: 'C1', lines: [line('GT0101', 8_000n), line('GT0103', 2_000n)] })];
    expect(told({ charges, fees })).toEqual(['case-sum matched [C1/1/1 C1/2/1] [S1/paid] on 2026-11-20']);
  });
  it('several payments for one charge, also by payment code', () => {
    const fees = [fee({ serial: 'S1', paymentCode: 'K1', amountFen: 3_000n }), fee({ serial: 'S2', paymentCode: 'K1', amountFen: 5_000n })];
    expect(told({ charges: [charge({ paymentCode: 'K1' })], fees })).toEqual(['payment-code-sum matched [C1/1/1] [S1/paid S2/paid] on 2026-11-20']);
  });
  it('case, item and amount, then payer within a day', () => {
    expect(told({ charges: [charge()], fees: [fee({ serial: 'S1', caseNo: 'C1', day: '2026-11-25' })] })).toEqual(['case-item-amount matched [C1/1/1] [S1/paid] on 2026-11-25']);
    expect(told({ charges: [charge()], fees: [fee({ serial: 'S1', payer: '张 三', day: '2026-11-21' })] })).toEqual(['payer-amount-day matched [C1/1/1] [S1/paid] on 2026-11-21']);
  });
  it('the payer alone decides nothing when two cases fit one payment, and everything when two fit two', () => {
    const charges = [charge(), charge({ caseNo: 'C2' })];
    expect(told({ charges, fees: [fee({ serial: 'S1' })] }).map((l) => l.split(' ').slice(0, 3).join(' '))).toEqual(['C1/1/1 settlement several-candidates', 'C2/1/1 settlement awaiting-payment', 'S1/paid settlement several-candidates']);
    expect(told({ charges, fees: [fee({ serial: 'S1' }), fee({ serial: 'S2' })] })).toHaveLength(2);
  });
  it('a partial refund counts net', () => {
    const fees = [fee({ serial: 'S1', caseNo: 'C1', amountFen: 9_000n }), fee({ serial: 'R1', caseNo: 'C1', status: 'refunded', originalSerial: 'S1', amountFen: 1_000n, day: '2026-11-21' })];
    expect(told({ charges: [charge()], fees })).toEqual(['case-item-amount matched [C1/1/1] [R1/refunded S1/paid] on 2026-11-21']);
  });
});

describe('reasons of differences', () => {
  const K = { paymentCode: 'K1' };
  const reasons = (more: Partial<WorkingSet>, at: Partial<typeof context> = {}): string[] => told(more, at).map((l) => (l.includes(' settlement ') || l.includes(' afterwards ') ? `${l.split(' ')[0]} ${l.split(' ')[2]} ${l.split(' ')[4]}` : l.split(' ').slice(0, 2).join(' ')));
  const table: [string, Partial<WorkingSet>, string[], Partial<typeof context>?][] = [
    ['within the term', { charges: [charge()] }, ['C1/1/1 awaiting-payment key']],
    ['after the term', { charges: [charge()] }, ['C1/1/1 missing-there key'], { today: '2026-12-31' }],
    ['unknown, the next day', { fees: [fee({ serial: 'S1', caseNo: 'C9', payer: undefined })] }, ['S1/paid cut-off-timing key']],
    ['unknown, later', { fees: [fee({ serial: 'S1', caseNo: 'C9', payer: undefined })] }, ['S1/paid missing-here key'], { today: '2026-11-22' }],
    ['too much', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1', amountFen: 9_000n })] }, ['C1/1/1 amount-over amount', 'S1/paid amount-over amount']],
    ['too little', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1', amountFen: 7_000n })] }, ['C1/1/1 amount-short amount', 'S1/paid amount-short amount']],
    ['another item', { charges: [charge()], fees: [fee({ caseNo: 'C1', serial: 'S1', lines: [line('GT0999', 8_000n)], payer: '王五' })] }, ['C1/1/1 item-outside-standard item', 'S1/paid item-outside-standard item']],
    ['twice', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1' }), fee({ ...K, serial: 'S2', paidAt: '20261120110000' })] }, ['S2/paid duplicate-payment exclusive', 'payment-code matched']],
    ['again after a refund', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1' }), fee({ ...K, serial: 'R1', status: 'refunded', originalSerial: 'S1', paidAt: '20261120120000' }), fee({ ...K, serial: 'S2', day: '2026-11-21' })] }, ['C1/1/1 refunded original', 'S2/paid paid-after-refund original', 'taken-back matched']],
    ['again after a reversal', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1' }), fee({ ...K, serial: 'R1', status: 'reversed', originalSerial: 'S1' }), fee({ ...K, serial: 'S2' })] }, ['payment-code matched', 'taken-back matched']],
    ['another payer', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1', payer: '王五' })] }, ['C1/1/1 wrong-payer payer', 'S1/paid wrong-payer payer']],
    ['the code of another case', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1', caseNo: 'C2' })] }, ['C1/1/1 wrong-case-suspected case', 'S1/paid wrong-case-suspected case']],
    ['a case that does not owe, the payer owes in another', { charges: [charge()], fees: [fee({ serial: 'S1', caseNo: 'C9' })] }, ['C1/1/1 wrong-case-suspected case', 'S1/paid wrong-case-suspected case']],
    ['reversed', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1' }), fee({ ...K, serial: 'S1', status: 'reversed' })] }, ['C1/1/1 reversed original', 'taken-back matched']],
    ['refund too large', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1' }), fee({ ...K, serial: 'R1', status: 'refunded', originalSerial: 'S1', amountFen: 9_000n })] }, ['R1/refunded refund-exceeds-payment amount', 'payment-code matched']],
    ['original unknown', { fees: [fee({ serial: 'R1', status: 'refunded', originalSerial: 'S0' })] }, ['R1/refunded original-unknown original']],
    ['parts missing', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1', amountFen: 3_000n }), fee({ ...K, serial: 'S2', amountFen: 4_000n })] }, ['C1/1/1 split-incomplete amount', 'S1/paid split-incomplete amount', 'S2/paid split-incomplete amount']],
    ['exempt', { charges: [charge({ exempt: true, amountFen: 0n })], fees: [fee({ serial: 'S1', caseNo: 'C1' })] }, ['S1/paid exempt-but-charged exemption', 'nothing-due resolved']],
    ['as the charge was', { charges: [charge({ ...K, amountFen: 55_000n, current: false, endedDay: '2026-11-21' }), charge({ ...K, version: 2 })], fees: [fee({ ...K, serial: 'S1', amountFen: 55_000n })] }, ['C1/1/2 stale-charge-version version', 'S1/paid stale-charge-version version', 'version-ended resolved']],
    ['the charge is gone', { charges: [charge({ ...K, current: false, endedDay: '2026-11-21' })], fees: [fee({ ...K, serial: 'S1' })] }, ['S1/paid charge-withdrawn version', 'version-ended resolved']],
    ['contradiction', { charges: [charge(K)], fees: [fee({ ...K, serial: 'S1' }), fee({ ...K, serial: 'S1', amountFen: 9_000n, paidAt: '20261120120000' })] }, ['S1/paid contradictory-record exclusive', 'payment-code matched']],
    ['tax slip missing', { expectations: [expectation()] }, ['C1/契税/transferee tax-slip-missing key'], { today: '2026-12-31' }],
    ['tax paid short', { expectations: [expectation()], taxes: [tax({ ticketNo: 'T1', paidFen: 200_000n })] }, ['C1/契税/transferee amount-short amount', 'T1/paid amount-short amount']],
    ['tax of the other party', { expectations: [expectation()], taxes: [tax({ ticketNo: 'T1', party: 'transferor' })] }, ['C1/契税/transferee tax-not-expected party', 'T1/paid tax-not-expected party']],
    ['tax refunded', { expectations: [expectation()], taxes: [tax({ ticketNo: 'T1' }), tax({ ticketNo: 'R1', status: 'refunded', originalTicketNo: 'T1' })] }, ['C1/契税/transferee refunded original', 'taken-back matched']],
    ['several slips of one party', { expectations: [expectation()], taxes: [tax({ ticketNo: 'T1' }), tax({ ticketNo: 'T2', dueFen: 1n })] }, ['tax-slip matched']],
  ];
  for (const [title, facts, expected, at] of table) it(title, () => expect(reasons(facts, at)).toEqual(expected));

  it('keeps to itself what a closed day settled, and says what contradicts it later', () => {
    const c = charge(K);
    const f = fee({ ...K, serial: 'S1' });
    const fixed = [{ expectedId: c.id, returnedId: f.id, rule: 'payment-code', statementDay: '2026-11-20' }];
    const at = { firstOpenDay: '2026-11-21' };
    expect(told({ charges: [c], fees: [f], fixed }, at)).toEqual([]);
    expect(told({ charges: [c], fees: [f, fee({ ...K, serial: 'R1', status: 'refunded', originalSerial: 'S1', day: '2026-11-21' })], fixed }, at)).toEqual(['R1/refunded settlement refunded payment-code original near S1/paid 8000/8000 2026-11-20']);
    expect(told({ charges: [c], fees: [f, fee({ ...K, serial: 'S2', day: '2026-11-20', statementDay: '2026-11-21' })], fixed }, at)).toEqual(['S2/paid settlement duplicate-payment payment-code exclusive near C1/1/1 8000/8000 2026-11-20']);
    const ended = { ...c, current: false, endedDay: '2026-11-21' };
    expect(told({ charges: [ended, charge({ ...K, version: 2, day: '2026-11-21' })], fees: [f], fixed }, at)).toEqual(['carried-version resolved [C1/1/2] [] on 2026-11-21']);
    expect(told({ charges: [ended, charge({ ...K, version: 2, amountFen: 9_000n })], fees: [f], fixed }, at)).toEqual(['C1/1/2 settlement stale-charge-version payment-code version near C1/1/1 9000/8000 2026-11-20']);
    expect(told({ charges: [ended], fees: [f], fixed }, at)).toEqual(['C1/1/1 afterwards charge-withdrawn payment-code version near - 8000/ 2026-11-20']);
    const corrected = fee({ ...K, serial: 'S1', amountFen: 7_000n });
    expect(told({ charges: [c], fees: [{ ...f, supersededDay: '2026-11-21', supersededBy: corrected.id }, corrected], fixed }, at)).toEqual([
      'S1/paid afterwards corrected-after-close payment-code version near S1/paid 7000/8000 2026-11-20', 'S1/paid settlement corrected-after-close payment-code version near S1/paid 8000/7000 2026-11-20',
    ]);
    // Two old open items meet: the match belongs to the first open day.
    expect(told({ charges: [charge(K)], fees: [fee({ ...K, serial: 'S3' })] }, at)).toEqual(['payment-code matched [C1/1/1] [S3/paid] on 2026-11-21']);
  });

  it('does not match again what a person took apart', () => {
    const c = charge(K);
    const f = fee({ ...K, serial: 'S1' });
    expect(reasons({ charges: [c], fees: [f], forbidden: [[c.id, f.id]] })).toEqual(['C1/1/1 taken-apart decision', 'S1/paid taken-apart decision']);
  });
});

describe('properties', () => {
  const shuffled = fc.tuple(anyFacts, fc.array(fc.nat({ max: 1000 }), { minLength: 20, maxLength: 20 }));
  const permute = <T>(items: readonly T[], draw: () => number): T[] => {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = draw() % (i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  };

  it('neither the order of the input nor the numbering changes anything', () => {
    fc.assert(
      fc.property(shuffled, ([facts, numbers]) => {
        let drawn = 0;
        const draw = (): number => numbers[drawn++ % numbers.length]! + drawn;
        const everything = [...facts.charges, ...facts.expectations, ...facts.fees, ...facts.taxes].map((x) => x.id);
        const renumbered = permute(everything, draw);
        const map = new Map(everything.map((id, i) => [id, renumbered[i]!]));
        const rename = <T extends { id: string }>(list: readonly T[]): T[] => permute(list.map((x) => ({ ...x, id: map.get(x.id)! })), draw);
        const other = workingSet({ charges: rename(facts.charges), expectations: rename(facts.expectations), fees: rename(facts.fees), taxes: rename(facts.taxes) });
        expect(tell(run(other), other)).toEqual(tell(run(facts), facts));
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('every item ends in exactly one settlement or difference, and none is used twice', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { settlements, differences } = run(facts);
        const ends = [...settlements.flatMap((s) => [...s.expected, ...s.returned]), ...differences.filter((d) => d.aspect === 'settlement').map((d) => d.itemId)];
        const all = [...facts.charges, ...facts.expectations, ...facts.fees, ...facts.taxes].map((x) => x.id);
        expect(ends.sort()).toEqual(all.sort());
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('money is conserved: what is matched adds up on both sides, to the fen', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const due = new Map(facts.charges.map((c) => [c.id, c.amountFen]));
        const sign = (status: string): bigint => (status === 'paid' ? 1n : -1n);
        const paid = new Map(facts.fees.map((f) => [f.id, f.amountFen * sign(f.status)]));
        const sum = (ids: readonly string[], of: Map<string, bigint>): bigint => ids.reduce((s, id) => s + (of.get(id) ?? 0n), 0n);
        for (const s of run(facts).settlements) if (s.outcome === 'matched' && s.rule !== 'tax-slip') expect(sum(s.expected, due)).toBe(sum(s.returned, paid));
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('what a slip comes near to is still open, in whatever order slips are read', () => {
    const facts = { expectations: [expectation({ taxKind: '印花税' })], taxes: [tax({ ticketNo: 'T0', party: 'transferor' }), tax({ ticketNo: 'T1', taxKind: '印花税' })] };
    expect(told(facts)[0]).toBe('T0/paid settlement tax-not-expected tax-slip kind near - /300000 ');
  });

  it('closing a day changes nothing: what it settled stands, what is open keeps its reason', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom('2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21'), (facts, closed) => {
        const before = run(facts);
        const kept = before.settlements.filter((s) => s.statementDay <= closed);
        const fixed = kept.flatMap((s) => Array.from({ length: Math.max(s.expected.length, s.returned.length) }, (_, i) => ({ expectedId: s.expected[i], returnedId: s.returned[i], rule: s.rule, statementDay: s.statementDay })));
        const after = run({ ...facts, fixed }, { firstOpenDay: addDays(closed, 1) });
        const late = before.settlements.filter((s) => s.statementDay > closed);
        expect(tell(after, facts)).toEqual(tell({ settlements: late, differences: before.differences }, facts));
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000 },
    );
  });
});
