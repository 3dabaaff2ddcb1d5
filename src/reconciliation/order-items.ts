import type { ChargeItem, FeeItem, TaxExpectation, TaxItem } from '../domain/reconciliation-outcomes.js';

/**
 * Orders by what the partners wrote, never by our ids: ids follow the arrival, and the same facts must give the same result in
 * whatever order they came.
 */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) {
    const order = compareText(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function orderBy<T>(items: readonly T[], key: (item: T) => string[]): T[] {
  return items.map((item) => ({ item, k: key(item) })).sort((a, b) => compareKeys(a.k, b.k)).map(({ item }) => item);
}

const wide = (n: bigint | number): string => String(n).padStart(20, '0');

export function orderCharges(charges: readonly ChargeItem[]): ChargeItem[] {
  return orderBy(charges, (c) => [c.stream, c.caseNo, c.chargeNo.padStart(12, '0'), wide(c.version)]);
}

export function orderExpectations(expectations: readonly TaxExpectation[]): TaxExpectation[] {
  return orderBy(expectations, (e) => [e.stream, e.caseNo, e.taxKind, e.party, e.day, wide(BigInt(e.id))]);
}

export function orderFees(fees: readonly FeeItem[]): FeeItem[] {
  return orderBy(fees, (f) => [
    f.day, f.paidAt, f.channel, f.serial, f.status, wide(f.amountFen), f.paymentCode ?? '', f.caseNo ?? '', f.payerKey ?? '', f.unitCode, f.originalSerial ?? '', f.method ?? '',
    f.lines.map((l) => `${l.feeItemCode}=${l.amountFen}`).join(), wide(BigInt(f.id)),
  ]);
}

export function orderTaxes(taxes: readonly TaxItem[]): TaxItem[] {
  return orderBy(taxes, (t) => [t.day, t.paidAt, t.channel, t.ticketNo, t.status, wide(t.paidFen), wide(t.dueFen), t.caseNo ?? '', t.taxKind, t.party, t.taxpayerNo, wide(BigInt(t.id))]);
}
