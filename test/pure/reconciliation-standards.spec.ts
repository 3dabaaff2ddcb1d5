import { describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { reasonCodes } from '../../src/domain/reconciliation-outcomes.js';
import { deriveCharges, expectTaxes } from '../../src/reconciliation/derive-charges.js';
import { explainDifference } from '../../src/reconciliation/explain-difference.js';
import { findSubset } from '../../src/reconciliation/find-subset.js';
import { judgeCharge } from '../../src/reconciliation/judge-charge.js';
import { loadStandards } from '../../src/reconciliation/load-standards.adapter.js';
import { reckonStatement } from '../../src/reconciliation/reckon-statement.js';
import { standards } from '../support/reconciliation-facts.js';

/** The configured directory with one file changed. */
function faultsWith(name: string, change: (text: string) => string): string[] {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'standards-'));
  try {
    cpSync('config/reconciliation', dir, { recursive: true });
    writeFileSync(path.join(dir, name), change(readFileSync(path.join(dir, name), 'utf8')));
    return loadStandards(dir).faults.map((f) => `${path.basename(f.file)}:${f.line ?? ''} ${f.key} ${f.expected}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('the standards of reconciliation', () => {
  it('are whole: every reason has its texts', () => expect(Object.keys(standards.reasons).sort()).toEqual([...reasonCodes].sort()));

  it.each(['reasons.yaml', 'rules.yaml'])('%s lose no word: a comma in a text without quotes would end it there', (name) => {
    const texts: unknown[] = [];
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      if ('zh' in node) texts.push(node);
      for (const value of Object.values(node)) walk(value);
    };
    walk(parseYaml(readFileSync(path.join('config/reconciliation', name), 'utf8')));
    expect(texts.length).toBeGreaterThan(4);
    for (const text of texts) expect([text, Object.keys(text as object)]).toEqual([text, ['zh', 'en']]);
  });

  it('name file, line and key of what is wrong', () => {
    expect(faultsWith('rules.yaml', (t) => t.replace('toleranceFen: 0 ', 'toleranceFen: 5 '))).toEqual([expect.stringMatching(/^rules\.yaml:\d+ tiers\[0\]\.toleranceReason .*toleranceReason/)]);
    expect(faultsWith('rules.yaml', (t) => t.replace('[case, item, payer, amount]', '[case, item, payer]'))).toEqual([expect.stringMatching(/^rules\.yaml:\d+ tiers\[0\]\.compare amount among the criteria/)]);
    expect(faultsWith('rules.yaml', (t) => t.replace('key: payer', 'key: name'))).toEqual([expect.stringMatching(/^rules\.yaml:\d+ tiers\[4\]\.key one of payment-code, case, payer/)]);
    expect(faultsWith('reasons.yaml', (t) => t.replace('\n  severity: normal', '\n  severity: mild'))).toEqual([expect.stringMatching(/^reasons\.yaml:\d+ awaiting-payment\.severity one of/)]);
    expect(faultsWith('reasons.yaml', (t) => t.replace('missing-there:', 'missing-ther:'))).toHaveLength(2);
    expect(faultsWith('tariff.csv', (t) => t.replace('80.00', 'eighty'))).toEqual([expect.stringMatching(/^tariff\.csv:2 amount_yuan an amount in yuan/)]);
    expect(faultsWith('tax-expectations.csv', (t) => t.replace('DC03,契税,transferee', 'DC03,契税,buyer'))).toEqual(['tax-expectations.csv:2 party one of transferor, transferee']);
    expect(faultsWith('exemptions.csv', (t) => t.replace('2019-07-01', '2019-7-1'))).toEqual([expect.stringMatching(/^exemptions\.csv:2 valid_from a day/)]);
  });
});

describe('the tariff', () => {
  const judge = (more: Partial<Parameters<typeof judgeCharge>[0]>, day = '2026-11-20'): string | undefined =>
    judgeCharge({ feeItemCode: 'GT0101', amountFen: 8_000n, exempt: false, exemptReason: undefined, facts: { landUse: '城镇住宅用地', certificates: 1 }, ...more }, day, standards.tariff, standards.exemptions)?.criterion;
  it.each([
    ['80 for a home', {}, undefined],
    ['100 for a home', { amountFen: 10_000n }, 'standard'],
    ['550 for a shop', { feeItemCode: 'GT0102', amountFen: 55_000n, facts: { landUse: '商服用地', certificates: 1 } }, undefined],
    ['550 for a home', { feeItemCode: 'GT0102', amountFen: 55_000n }, 'standard'],
    ['20 for the second and third certificate', { feeItemCode: 'GT0103', amountFen: 2_000n, facts: { landUse: undefined, certificates: 3 } }, undefined],
    ['30 for them', { feeItemCode: 'GT0103', amountFen: 3_000n, facts: { landUse: undefined, certificates: 3 } }, 'standard'],
    ['any price of a contract', { feeItemCode: 'GT0201', amountFen: 123_456_789n }, undefined],
    ['an item without a tariff', { feeItemCode: 'GT9' }, 'standard'],
    ['exempt on a ground of the list', { amountFen: 0n, exempt: true, exemptReason: '小微企业免收(财税〔2019〕45号)' }, undefined],
    ['exempt on another', { amountFen: 0n, exempt: true, exemptReason: '熟人' }, 'exemption'],
    ['exempt and not zero', { exempt: true, exemptReason: '小微企业免收' }, 'exemption'],
  ] as const)('%s', (_, more, expected) => expect(judge(more)).toBe(expected));
  it('is dated', () => {
    expect(judge({}, '2015-01-01')).toBe('standard');
    expect(judge({ amountFen: 0n, exempt: true, exemptReason: '小微企业免收' }, '2018-01-01')).toBe('exemption');
  });
});

describe('charges of a snapshot', () => {
  const row = { charge_no: '1', fee_item_code: 'GT0101', fee_item_name: '登记费', amount: '80.0000', exempt: '0', exempt_reason: null, payer: '张三', payment_code: '43090026112000000101', tax_kinds: '契税、印花税' };
  const of = (charges: Record<string, string | null>[], status = 'HANDLING') => deriveCharges({ case: { item_code: 'DJ05', status }, children: { charges } });
  it('are read to the fen, whatever scale the column has', () => expect(of([row]).charges[0]).toMatchObject({ amountFen: 8_000n, taxKinds: ['契税', '印花税'], exempt: false }));
  it('that cannot be read are named, the others stand', () => expect(of([{ ...row, amount: '80.001' }, { ...row, charge_no: '2' }])).toMatchObject({ unreadable: [{ chargeNo: '1', column: 'amount' }], charges: [{ chargeNo: '2' }] }));
  it('end with the case', () => expect(of([row], 'WITHDRAWN').charges).toEqual([]));
  it('say which taxes are expected of whom', () => {
    const { expected, unknown } = expectTaxes({ itemCode: 'DJ05', taxKinds: ['印花税', '房产税'] }, '2026-11-20', standards.taxes);
    expect(expected.map((e) => `${e.taxKind} ${e.party}`)).toEqual(['印花税 transferor', '印花税 transferee']);
    expect(unknown).toEqual(['房产税']);
  });
});

describe('sums', () => {
  it.each([
    [[3n, 5n], 8n, [0, 1]], [[3n, 5n, 9n], 8n, [0, 1]], [[4n, 4n, 4n], 8n, undefined], [[1n], 1n, undefined], [Array.from({ length: 13 }, () => 1n), 2n, undefined],
  ] as [bigint[], bigint, number[] | undefined][])('of %s to %s', (amounts, target, found) => expect(findSubset(amounts, target, 2)).toEqual(found));
});

describe('the daily statement', () => {
  const key = { side: 'expected', kind: 'fee', item: 'GT0101', unit: '', channel: '' } as const;
  const totals = { channel: 'center', fees: { paid: { count: 2, fen: 160n }, reversed: { count: 0, fen: 0n }, refunded: { count: 0, fen: 0n } }, taxes: { paid: { count: 0, fen: 0n }, refunded: { count: 0, fen: 0n } } };
  const control = { channel: 'center', day: '2026-11-20', issue: 1, fees: { count: 2, amountFen: 160n, reversedCount: 0, reversedFen: 0n, refundCount: 0, refundFen: 0n }, taxes: { count: 0, amountFen: 0n, refundCount: 0, refundFen: 0n }, files: [] };
  it('ties out, or says by how much not', () => {
    const figures = [{ ...key, phase: 'opening', count: 2, fen: 200n }, { ...key, phase: 'new', count: 1, fen: 80n }, { ...key, phase: 'matched', count: 1, fen: 100n }, { ...key, phase: 'closing', count: 2, fen: 180n }] as const;
    expect(reckonStatement('2026-11-20', figures, [totals], [control])).toMatchObject({ tiesOut: true, disagreements: [], uncontrolled: [] });
    const off = reckonStatement('2026-11-20', figures.slice(0, 3), [totals], [control]);
    expect(off).toMatchObject({ tiesOut: false, rows: [{ off: { count: 2, fen: 180n } }], total: { expected: { off: { count: 2, fen: 180n } } } });
  });
  it('compares with the control file to the fen', () => {
    const wrong = reckonStatement('2026-11-20', [], [totals], [{ ...control, fees: { ...control.fees, amountFen: 161n } }]);
    expect(wrong).toMatchObject({ tiesOut: false, disagreements: [{ what: 'fees', ours: { count: 2, fen: 160n }, theirs: { count: 2, fen: 161n } }] });
    expect(reckonStatement('2026-11-20', [], [totals], [])).toMatchObject({ tiesOut: true, uncontrolled: ['center'] });
  });
});

it('a difference is explained in lines a clerk can follow, without names', () => {
  const { zh, en } = explainDifference(
    { itemId: '1', itemKind: 'fee-record', aspect: 'settlement', reason: 'amount-short', expectedFen: 8_000n, returnedFen: 7_000n, rule: 'payment-code', criterion: 'amount', otherId: '2', refersToDay: undefined, detail: undefined },
    { zh: '缴款 S1', en: 'payment S1', day: '2026-11-18' }, { zh: '应收 1', en: 'charge 1', day: '2026-11-17' }, '2026-11-20', standards,
  );
  expect(en).toEqual(['payment S1: less was paid than charged', 'charged 80.00 yuan, returned 70.00 yuan', 'nearest rule: same payment code; what failed: the amount differs', 'nearest counterpart: charge 1, 2026-11-17', '2 days old', 'next: ask the payer for the rest']);
  expect(zh[0]).toBe('缴款 S1：实缴小于应收');
});
