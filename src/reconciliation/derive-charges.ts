import { createHash } from 'node:crypto';
import { readYuan, type Fen } from '../domain/money.js';
import type { TaxExpectationLine } from '../domain/reconciliation-rules.js';
import type { Row } from '../domain/snapshot.js';
import { holdsOn } from './read-table.js';

/** A charge as a snapshot shows it. */
export interface ShownCharge {
  readonly itemCode: string | undefined;
  readonly chargeNo: string;
  readonly feeItemCode: string;
  readonly feeItemName: string;
  readonly amountFen: Fen;
  readonly exempt: boolean;
  readonly exemptReason: string | undefined;
  readonly payer: string | undefined;
  readonly paymentCode: string | undefined;
  readonly taxKinds: readonly string[];
  readonly facts: TariffFacts;
  /** Over everything above: another digest is another version. */
  readonly digest: string;
}

/** What the tariff asks about the case. */
export interface TariffFacts {
  readonly landUse: string | undefined;
  /** Households or holders, each of which gets a certificate. */
  readonly certificates: number;
}

/** Charges of a snapshot, and those that cannot be read with the column that is wrong. */
export function deriveCharges(snapshot: { readonly case: Row; readonly children: Readonly<Record<string, readonly Row[]>> }): { charges: ShownCharge[]; unreadable: { chargeNo: string; column: string }[] } {
  const charges: ShownCharge[] = [];
  const unreadable: { chargeNo: string; column: string }[] = [];
  const text = (row: Row, name: string): string | undefined => row[name]?.trim() || undefined;
  const facts: TariffFacts = {
    landUse: text(snapshot.children['parcels']?.[0] ?? {}, 'land_use'),
    certificates: Math.max(1, (snapshot.children['applicants'] ?? []).filter((a) => a['role'] === 'APPLICANT').length),
  };
  // A case that was withdrawn or voided owes nothing any more; what was paid for it must be refunded.
  const owed = ['WITHDRAWN', 'VOID'].includes(snapshot.case['status'] ?? '') ? [] : (snapshot.children['charges'] ?? []);
  for (const row of owed) {
    const chargeNo = text(row, 'charge_no') ?? '';
    const feeItemCode = text(row, 'fee_item_code');
    let amountFen: Fen;
    try {
      amountFen = readYuan((row['amount'] ?? '').replace(/(\.\d{2})0+$/, '$1'));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      unreadable.push({ chargeNo, column: 'amount' });
      continue;
    }
    if (feeItemCode === undefined || chargeNo === '' || amountFen < 0n) {
      unreadable.push({ chargeNo, column: chargeNo === '' ? 'charge_no' : amountFen < 0n ? 'amount' : 'fee_item_code' });
      continue;
    }
    const shown = {
      itemCode: text(snapshot.case, 'item_code'), chargeNo, feeItemCode, feeItemName: text(row, 'fee_item_name') ?? feeItemCode, amountFen, exempt: row['exempt'] === '1', exemptReason: text(row, 'exempt_reason'),
      payer: text(row, 'payer'), paymentCode: text(row, 'payment_code'), taxKinds: (text(row, 'tax_kinds') ?? '').split(/[,,、;]/).map((k) => k.trim()).filter((k) => k !== ''), facts,
    };
    charges.push({ ...shown, digest: createHash('sha256').update(JSON.stringify({ ...shown, amountFen: String(amountFen) })).digest('hex') });
  }
  return { charges, unreadable };
}

/** Which taxes a charge makes expected of whom, and the kinds for which no table row holds on that day. */
export function expectTaxes(charge: { readonly itemCode: string | undefined; readonly taxKinds: readonly string[] }, day: string, table: readonly TaxExpectationLine[]): { expected: TaxExpectationLine[]; unknown: string[] } {
  const expected: TaxExpectationLine[] = [];
  const unknown: string[] = [];
  for (const kind of new Set(charge.taxKinds)) {
    const found = table.filter((t) => t.itemCode === charge.itemCode && t.taxKind === kind && holdsOn(t, day));
    if (found.length === 0) unknown.push(kind);
    expected.push(...found);
  }
  return { expected, unknown };
}
