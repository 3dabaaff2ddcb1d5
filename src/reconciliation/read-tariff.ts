import { readYuan } from '../domain/money.js';
import type { ExemptionLine, TariffLine, TaxExpectationLine } from '../domain/reconciliation-rules.js';
import type { ConfigFault } from '../domain/settings.js';
import { readTable, readValidity } from './read-table.js';

interface Read<T> {
  readonly lines: readonly T[];
  readonly faults: readonly ConfigFault[];
}
const listOf = (text: string): string[] => (text === '' ? [] : text.split('|').map((t) => t.trim()));

/** The dated tariff: what a fee item may cost. */
export function readTariff(file: string, text: string): Read<TariffLine> {
  const { rows, faults } = readTable(file, text, ['fee_item_code', 'fee_item_name', 'rule', 'amount_yuan', 'from_unit', 'land_uses', 'valid_from', 'valid_to', 'basis']);
  const lines = rows.map((row): TariffLine => {
    const rule = row.cell('rule');
    if (rule !== 'fixed' && rule !== 'each' && rule !== 'any') faults.push({ file, key: 'rule', line: row.line, expected: 'one of fixed, each, any' });
    let amountFen = 0n;
    if (rule === 'any' ? row.cell('amount_yuan') !== '' : true) {
      try {
        amountFen = readYuan(row.cell('amount_yuan'));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        faults.push({ file, key: 'amount_yuan', line: row.line, expected: 'an amount in yuan such as 80.00, or nothing where the rule is any' });
      }
    }
    if (!/^\d{0,3}$/.test(row.cell('from_unit'))) faults.push({ file, key: 'from_unit', line: row.line, expected: 'a whole number, or nothing' });
    const uses = row.cell('land_uses');
    return {
      feeItemCode: row.cell('fee_item_code'), feeItemName: row.cell('fee_item_name'), rule: rule as TariffLine['rule'], amountFen, fromUnit: Number(row.cell('from_unit') || '1'), landUses: listOf(uses.replace(/^!/, '')), except: uses.startsWith('!'),
      ...readValidity(file, row, faults), basis: row.cell('basis'),
    };
  });
  return { lines, faults };
}

/** The dated grounds on which a charge may be waived. */
export function readExemptions(file: string, text: string): Read<ExemptionLine> {
  const { rows, faults } = readTable(file, text, ['reason', 'fee_item_codes', 'valid_from', 'valid_to', 'basis']);
  const lines = rows.map((row): ExemptionLine => {
    if (row.cell('reason') === '') faults.push({ file, key: 'reason', line: row.line, expected: 'how the exemption reason of the bureau begins' });
    return { reason: row.cell('reason'), feeItemCodes: listOf(row.cell('fee_item_codes')), ...readValidity(file, row, faults), basis: row.cell('basis') };
  });
  return { lines, faults };
}

/** The dated table of who pays which tax. */
export function readTaxExpectations(file: string, text: string): Read<TaxExpectationLine> {
  const { rows, faults } = readTable(file, text, ['item_code', 'tax_kind', 'party', 'valid_from', 'valid_to', 'basis']);
  const lines = rows.map((row): TaxExpectationLine => {
    const party = row.cell('party');
    if (party !== 'transferor' && party !== 'transferee') faults.push({ file, key: 'party', line: row.line, expected: 'one of transferor, transferee' });
    return { itemCode: row.cell('item_code'), taxKind: row.cell('tax_kind'), party: party as TaxExpectationLine['party'], ...readValidity(file, row, faults), basis: row.cell('basis') };
  });
  return { lines, faults };
}
