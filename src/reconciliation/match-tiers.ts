import type { ChargeItem } from '../domain/reconciliation-outcomes.js';
import { payerAmountKey } from '../domain/reconciliation-outcomes.js';
import type { Tier } from '../domain/reconciliation-rules.js';
import { matchSums } from './match-sums.js';
import { failedCriterion, type Payment, type Surroundings } from './compare-payment.js';

export interface TierMatch {
  readonly tier: Tier;
  readonly charges: readonly ChargeItem[];
  readonly payments: readonly Payment[];
}

export interface TierResult {
  readonly matches: readonly TierMatch[];
  readonly charges: readonly ChargeItem[];
  readonly payments: readonly Payment[];
}

const chargeKey = (tier: Tier, c: ChargeItem): string | undefined => (tier.key === 'payment-code' ? c.paymentCode : tier.key === 'case' ? c.caseNo : payerAmountKey(c.payerKey, c.amountFen));
const paymentKey = (tier: Tier, p: Payment): string | undefined =>
  tier.key === 'payment-code' ? p.record.paymentCode : tier.key === 'case' ? p.record.caseNo : payerAmountKey(p.record.payerKey, p.netFen);

/** Runs the tiers in their order over what the tiers before left. Items must come in their canonical order. */
export function matchTiers(tiers: readonly Tier[], charges: readonly ChargeItem[], payments: readonly Payment[], around: Surroundings): TierResult {
  const matches: TierMatch[] = [];
  let openCharges = charges;
  let openPayments = payments;
  for (const tier of tiers) {
    const groups = new Map<string, { charges: ChargeItem[]; payments: Payment[] }>();
    for (const c of openCharges) {
      const key = chargeKey(tier, c);
      if (key === undefined) continue;
      const group = groups.get(key);
      if (group) group.charges.push(c);
      else groups.set(key, { charges: [c], payments: [] });
    }
    for (const p of openPayments) {
      const key = paymentKey(tier, p);
      if (key !== undefined) groups.get(key)?.payments.push(p);
    }
    const taken = new Set<ChargeItem | Payment>();
    for (const group of groups.values()) {
      if (group.payments.length === 0) continue;
      for (const match of matchGroup(tier, group.charges, group.payments, around)) {
        matches.push({ tier, ...match });
        for (const item of [...match.charges, ...match.payments]) taken.add(item);
      }
    }
    openCharges = openCharges.filter((c) => !taken.has(c));
    openPayments = openPayments.filter((p) => !taken.has(p));
  }
  return { matches, charges: openCharges, payments: openPayments };
}

function matchGroup(tier: Tier, charges: readonly ChargeItem[], payments: readonly Payment[], around: Surroundings): { charges: readonly ChargeItem[]; payments: readonly Payment[] }[] {
  if (tier.shape === 'sum') return matchSums(tier, charges, payments, around);
  return tier.key === 'payer' ? matchUnambiguous(tier, charges, payments, around) : matchFirst(tier, charges, payments, around);
}

/** Each payment takes the first charge that fits; a strong key makes the rest interchangeable. */
function matchFirst(tier: Tier, charges: readonly ChargeItem[], payments: readonly Payment[], around: Surroundings): { charges: ChargeItem[]; payments: Payment[] }[] {
  const open = new Set(charges);
  const out: { charges: ChargeItem[]; payments: Payment[] }[] = [];
  for (const payment of payments) {
    for (const charge of open) {
      if (failedCriterion(charge, payment, tier, around) !== undefined) continue;
      open.delete(charge);
      out.push({ charges: [charge], payments: [payment] });
      break;
    }
  }
  return out;
}

/**
 * Only where nothing else is possible: connected charges and payments that are one and one, or as many of each and all fitting all,
 * in which case any pairing settles the same cases.
 */
function matchUnambiguous(tier: Tier, charges: readonly ChargeItem[], payments: readonly Payment[], around: Surroundings): { charges: ChargeItem[]; payments: Payment[] }[] {
  const out: { charges: ChargeItem[]; payments: Payment[] }[] = [];
  const seen = new Set<Payment>();
  const fits = (c: ChargeItem, p: Payment): boolean => failedCriterion(c, p, tier, around) === undefined;
  for (const start of payments) {
    if (seen.has(start)) continue;
    const ps = new Set([start]);
    const cs = new Set<ChargeItem>();
    for (const p of ps) {
      for (const c of charges) {
        if (cs.has(c) || !fits(c, p)) continue;
        cs.add(c);
        for (const other of payments) if (fits(c, other)) ps.add(other);
      }
    }
    for (const p of ps) seen.add(p);
    if (cs.size === 0 || cs.size !== ps.size || ![...cs].every((c) => [...ps].every((p) => fits(c, p)))) continue;
    const ordered = { c: charges.filter((c) => cs.has(c)), p: payments.filter((p) => ps.has(p)) };
    ordered.c.forEach((c, i) => out.push({ charges: [c], payments: [ordered.p[i]!] }));
  }
  return out;
}
