import type { ChargeItem, Criterion, FeeItem, ItemId } from '../domain/reconciliation-outcomes.js';
import { daysBetween } from '../domain/reckon-days.js';
import type { Tier } from '../domain/reconciliation-rules.js';
import type { Link } from './link-reversals.js';

/** A fee payment with what took part of it back, as matching sees it. */
export interface Payment {
  readonly record: FeeItem;
  readonly takes: readonly FeeItem[];
  readonly netFen: bigint;
  /** Net amounts by fee item, none of them zero. */
  readonly lines: ReadonlyMap<string, bigint>;
}

/** What the criteria need to know besides the two sides. */
export interface Surroundings {
  /** Charges that carry a payment code, current or not. */
  readonly byCode: ReadonlyMap<string, readonly ChargeItem[]>;
  readonly byCase: ReadonlyMap<string, readonly ChargeItem[]>;
  readonly forbidden: ReadonlySet<string>;
}

export const pairKey = (expectedId: ItemId, returnedId: ItemId): string => `${expectedId} ${returnedId}`;

export function paymentOf(link: Link<FeeItem>): Payment {
  const lines = new Map<string, bigint>();
  const add = (record: FeeItem, sign: bigint): void => {
    for (const l of record.lines) lines.set(l.feeItemCode, (lines.get(l.feeItemCode) ?? 0n) + sign * l.amountFen);
  };
  add(link.payment, 1n);
  for (const t of link.takes) add(t, -1n);
  for (const [code, fen] of lines) if (fen === 0n) lines.delete(code);
  return { record: link.payment, takes: link.takes, netFen: link.netFen, lines };
}

/** Whether the code of a payment speaks against a charge: it is the code of another charge. */
function codeFits(charge: ChargeItem, payment: Payment, around: Surroundings): boolean {
  const code = payment.record.paymentCode;
  if (code === undefined || code === charge.paymentCode) return true;
  return (around.byCode.get(code) ?? []).every((other) => other.caseNo === charge.caseNo && other.chargeNo === charge.chargeNo);
}

/** One criterion between one charge and one payment; a side that says nothing about it does not speak against it. */
function holds(criterion: Tier['compare'][number], charge: ChargeItem, payment: Payment, tier: Tier, around: Surroundings): boolean {
  const r = payment.record;
  switch (criterion) {
    case 'case':
      return r.caseNo === undefined || r.caseNo === charge.caseNo;
    case 'code':
      return codeFits(charge, payment, around);
    case 'item':
      return [...payment.lines.keys()].every((code) => code === charge.feeItemCode);
    case 'payer':
      return r.payerKey === undefined || charge.payerKey === undefined || r.payerKey === charge.payerKey;
    case 'amount': {
      const off = payment.netFen - charge.amountFen;
      return (off < 0n ? -off : off) <= BigInt(tier.toleranceFen);
    }
    case 'day':
      return Math.abs(daysBetween(charge.day, r.day)) <= tier.dayWindow;
  }
}

/** The first criterion of the tier that fails between a charge and a payment; undefined when all hold. `but` leaves some out. */
export function failedCriterion(charge: ChargeItem, payment: Payment, tier: Tier, around: Surroundings, but: readonly Criterion[] = []): Criterion | undefined {
  for (const criterion of tier.compare) if (!but.includes(criterion) && !holds(criterion, charge, payment, tier, around)) return criterion;
  return around.forbidden.has(pairKey(charge.id, payment.record.id)) ? 'decision' : undefined;
}
