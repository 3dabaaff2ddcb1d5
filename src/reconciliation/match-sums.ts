import type { ChargeItem } from '../domain/reconciliation-outcomes.js';
import type { Tier } from '../domain/reconciliation-rules.js';
import { findSubset } from './find-subset.js';
import { failedCriterion, type Payment, type Surroundings } from './compare-payment.js';

export interface SumMatch {
  readonly charges: readonly ChargeItem[];
  readonly payments: readonly Payment[];
}

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, a) => sum + a, 0n);

/**
 * Within one key: one payment for several charges, several payments for one charge, or all for all. Each fee item must add up
 * by itself. Items must come in their canonical order; only an unambiguous combination counts.
 */
export function matchSums(tier: Tier, charges: readonly ChargeItem[], payments: readonly Payment[], around: Surroundings): SumMatch[] {
  const openCharges = new Set(charges);
  const openPayments = new Set(payments);
  const out: SumMatch[] = [];
  const take = (match: SumMatch): void => {
    for (const c of match.charges) openCharges.delete(c);
    for (const p of match.payments) openPayments.delete(p);
    out.push(match);
  };
  const fits = (c: ChargeItem, p: Payment): boolean => p.lines.has(c.feeItemCode) && failedCriterion(c, p, tier, around, ['amount', 'item']) === undefined;

  for (const payment of payments) {
    const chosen = onePayment(payment, [...openCharges].filter((c) => fits(c, payment)));
    if (chosen) take({ charges: chosen, payments: [payment] });
  }
  for (const charge of charges) {
    if (!openCharges.has(charge)) continue;
    const candidates = [...openPayments].filter((p) => p.lines.size === 1 && fits(charge, p));
    const chosen = findSubset(candidates.map((p) => p.netFen), charge.amountFen, 2);
    if (chosen) take({ charges: [charge], payments: chosen.map((i) => candidates[i]!) });
  }
  const rest = allForAll([...openCharges], [...openPayments], fits);
  if (rest) take(rest);
  return out;
}

/** Charges that a payment pays together, item by item; at least two. */
function onePayment(payment: Payment, charges: readonly ChargeItem[]): ChargeItem[] | undefined {
  const chosen: ChargeItem[] = [];
  for (const [code, fen] of payment.lines) {
    const candidates = charges.filter((c) => c.feeItemCode === code);
    const found = findSubset(candidates.map((c) => c.amountFen), fen, 1);
    if (!found) return undefined;
    chosen.push(...found.map((i) => candidates[i]!));
  }
  return chosen.length >= 2 ? chosen : undefined;
}

function allForAll(charges: readonly ChargeItem[], payments: readonly Payment[], fits: (c: ChargeItem, p: Payment) => boolean): SumMatch | undefined {
  if (charges.length < 2 || payments.length < 2) return undefined;
  const codes = new Set([...charges.map((c) => c.feeItemCode), ...payments.flatMap((p) => [...p.lines.keys()])]);
  for (const code of codes) {
    const due = sumOf(charges.filter((c) => c.feeItemCode === code).map((c) => c.amountFen));
    if (due !== sumOf(payments.map((p) => p.lines.get(code) ?? 0n))) return undefined;
  }
  // Those that share an item must agree in everything else; those that do not are tied by the key alone.
  for (const c of charges) for (const p of payments) if (p.lines.has(c.feeItemCode) && !fits(c, p)) return undefined;
  return { charges, payments };
}
