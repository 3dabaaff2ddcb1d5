import type { ChargeItem, Criterion, ItemId, ReasonCode } from '../domain/reconciliation-outcomes.js';
import { payerAmountKey } from '../domain/reconciliation-outcomes.js';
import { daysBetween } from '../domain/reckon-days.js';
import type { ReconciliationRules, Tier } from '../domain/reconciliation-rules.js';
import { failedCriterion, type Payment, type Surroundings } from './compare-payment.js';

/** Why a payment or a charge is left over. */
export interface Verdict {
  readonly reason: ReasonCode;
  readonly rule?: string | undefined;
  readonly criterion?: Criterion | undefined;
  readonly otherId?: ItemId | undefined;
  /** The other side's amount. */
  readonly otherFen?: bigint | undefined;
  readonly refersToDay?: string | undefined;
}

export interface Leftovers {
  readonly open: ReadonlySet<ItemId>;
  readonly byPayer: ReadonlyMap<string, readonly ChargeItem[]>;
  readonly paymentsByCode: ReadonlyMap<string, readonly Payment[]>;
  readonly paymentsByCase: ReadonlyMap<string, readonly Payment[]>;
  /** Current charges that are settled, with the day in whose statement they are. */
  readonly settled: ReadonlyMap<ItemId, string>;
  readonly around: Surroundings;
  readonly rules: ReconciliationRules;
  readonly today: string;
}

const withoutRule: Tier = { rule: '', title: { zh: '', en: '' }, key: 'case', shape: 'one', compare: ['code', 'item', 'payer', 'amount'], toleranceFen: 0, dayWindow: 0 };
const sizeOf = (n: bigint): bigint => (n < 0n ? -n : n);

/** The nearest charge: same item first, then the smallest difference in money, then the canonical order. */
function nearest(charges: readonly ChargeItem[], p: Payment): ChargeItem | undefined {
  let best: ChargeItem | undefined;
  const rank = (c: ChargeItem): [number, bigint] => [p.lines.has(c.feeItemCode) ? 0 : 1, sizeOf(p.netFen - c.amountFen)];
  for (const c of charges) {
    if (best === undefined) best = c;
    else {
      const [a, x] = rank(c);
      const [b, y] = rank(best);
      if (a < b || (a === b && x < y)) best = c;
    }
  }
  return best;
}

/** Why a payment found no charge. */
export function judgePayment(p: Payment, left: Leftovers): Verdict {
  const { around, rules } = left;
  const { open } = left;
  const sharing = p.record.paymentCode === undefined ? [] : (around.byCode.get(p.record.paymentCode) ?? []);
  const tierOf = (key: Tier['key']): Tier => rules.tiers.find((t) => t.key === key && t.shape === 'one') ?? rules.tiers.find((t) => t.key === key) ?? withoutRule;
  if (sharing.length > 0) return judgeAmong(sharing, p, tierOf('payment-code'), left, open)!;

  const sameCase = p.record.caseNo === undefined ? [] : (around.byCase.get(p.record.caseNo) ?? []);
  const key = payerAmountKey(p.record.payerKey, p.netFen);
  const samePayer = key === undefined ? [] : (left.byPayer.get(key) ?? []).filter((c) => c.caseNo !== p.record.caseNo);
  const payerTier = tierOf('payer');
  const candidate = nearest(samePayer, p);
  const suspected = candidate && p.record.caseNo !== undefined ? { reason: 'wrong-case-suspected' as const, rule: payerTier.rule, criterion: 'case' as const, otherId: candidate.id, otherFen: candidate.amountFen } : undefined;

  if (sameCase.length > 0) {
    const verdict = judgeAmong(sameCase, p, tierOf('case'), left, open);
    if (verdict) return verdict.reason === 'duplicate-payment' && suspected ? suspected : verdict;
    if (suspected) return suspected;
    const near = nearest(sameCase.filter((c) => open.has(c.id)), p) ?? nearest(sameCase, p)!;
    return { reason: 'item-outside-standard', rule: tierOf('case').rule, criterion: 'item', otherId: near.id, otherFen: near.amountFen };
  }
  if (suspected) return suspected;
  if (candidate) {
    const criterion = failedCriterion(candidate, p, payerTier, around) ?? 'unique';
    const reason = criterion === 'unique' ? 'several-candidates' : (reasonOf[criterion] ?? 'missing-here');
    return { reason: criterion === 'day' ? 'missing-here' : reason, rule: payerTier.rule, criterion, otherId: candidate.id, otherFen: candidate.amountFen };
  }
  return { reason: daysBetween(p.record.day, left.today) <= rules.cutOffDays ? 'cut-off-timing' : 'missing-here', rule: rules.tiers.at(-1)!.rule, criterion: 'key' };
}

const reasonOf: Partial<Record<Criterion, ReasonCode>> = {
  case: 'wrong-case-suspected', code: 'wrong-case-suspected', item: 'item-outside-standard', payer: 'wrong-payer', decision: 'taken-apart',
};

/** Among the charges that share the key. Undefined when none has an item of the payment. */
function judgeAmong(sharing: readonly ChargeItem[], p: Payment, tier: Tier, left: Leftovers, open: ReadonlySet<ItemId>): Verdict | undefined {
  const byCode = tier.key === 'payment-code';
  const related = sharing.filter((c) => byCode || p.lines.has(c.feeItemCode));
  const stillOpen = related.filter((c) => open.has(c.id));
  const base = { rule: tier.rule };
  const earlier = (c: ChargeItem): string | undefined => {
    const day = left.settled.get(c.id);
    return day !== undefined && day < p.record.statementDay ? day : undefined;
  };
  const about = (c: ChargeItem): Pick<Verdict, 'otherId' | 'otherFen'> => ({ otherId: c.id, otherFen: c.amountFen });
  if (stillOpen.length > 0) return judgeOpen(sharing, stillOpen, p, tier, left);

  const current = related.filter((c) => c.current);
  const exempt = current.find((c) => c.exempt || c.amountFen === 0n);
  if (exempt) return { ...base, reason: 'exempt-but-charged', criterion: 'exemption', ...about(exempt) };
  const paid = current.find((c) => left.settled.has(c.id));
  if (paid) return { ...base, reason: 'duplicate-payment', criterion: 'exclusive', ...about(paid), refersToDay: earlier(paid) };
  const ended = related.at(-1);
  if (ended === undefined) return undefined;
  const newer = (left.around.byCase.get(ended.caseNo) ?? []).find((c) => c.current && c.chargeNo === ended.chargeNo);
  if (newer && open.has(newer.id)) return { ...base, reason: 'stale-charge-version', criterion: 'version', ...about(newer) };
  if (newer && left.settled.has(newer.id)) return { ...base, reason: 'duplicate-payment', criterion: 'exclusive', ...about(newer), refersToDay: earlier(newer) };
  return { ...base, reason: newer ? 'stale-charge-version' : 'charge-withdrawn', criterion: 'version', ...about(ended) };
}

function judgeOpen(sharing: readonly ChargeItem[], open: readonly ChargeItem[], p: Payment, tier: Tier, left: Leftovers): Verdict {
  const c = nearest(open, p)!;
  const verdict = (reason: ReasonCode, criterion: Criterion): Verdict => ({ reason, rule: tier.rule, criterion, otherId: c.id, otherFen: c.amountFen });
  const criterion = failedCriterion(c, p, tier, left.around);
  if (p.lines.size > 1 && p.lines.has(c.feeItemCode) && (criterion === 'item' || criterion === 'amount')) return verdict('split-incomplete', criterion);
  if (criterion !== undefined && criterion !== 'amount') return verdict(reasonOf[criterion] ?? 'missing-here', criterion);
  if (criterion === undefined) return verdict('several-candidates', 'unique');
  if (sharing.some((v) => !v.current && v.chargeNo === c.chargeNo && v.caseNo === c.caseNo && v.amountFen === p.netFen)) return verdict('stale-charge-version', 'version');
  const sameKey = tier.key === 'payment-code' ? left.paymentsByCode.get(c.paymentCode ?? '') : left.paymentsByCase.get(c.caseNo);
  const parts = (sameKey ?? []).filter((q) => q.lines.has(c.feeItemCode));
  const alternatives = open.filter((o) => o.feeItemCode === c.feeItemCode);
  const total = parts.reduce((sum, q) => sum + q.netFen, 0n);
  if (parts.length > 1 && total < c.amountFen) return verdict('split-incomplete', 'amount');
  if (alternatives.length > 1 && p.netFen > c.amountFen) return verdict('split-incomplete', 'amount');
  return verdict(p.netFen > c.amountFen ? 'amount-over' : 'amount-short', 'amount');
}

/** A payment that was taken back in full, as far as charges are concerned. */
export interface TakenBack {
  readonly payment: Payment;
  readonly lastId: ItemId;
  readonly how: 'reversed' | 'refunded';
}

/** Why a charge found no payment. Payments must have been judged before. */
export function judgeCharge(c: ChargeItem, left: Leftovers, pointing: { readonly payment: Payment; readonly verdict: Verdict } | undefined, takenBack: readonly TakenBack[]): Verdict {
  if (pointing) {
    const { reason, rule, criterion } = pointing.verdict;
    return { reason, rule, criterion, otherId: pointing.payment.record.id, otherFen: pointing.payment.netFen };
  }
  const about = takenBack.find(({ payment: p }) => (p.record.paymentCode !== undefined && p.record.paymentCode === c.paymentCode) || (p.record.caseNo === c.caseNo && p.record.lines.some((l) => l.feeItemCode === c.feeItemCode)));
  if (about) return { reason: about.how, rule: 'taken-back', criterion: 'original', otherId: about.lastId, otherFen: 0n };
  const late = daysBetween(c.day, left.today) > left.rules.paymentTermDays;
  return { reason: late ? 'missing-there' : 'awaiting-payment', rule: left.rules.tiers.at(-1)!.rule, criterion: 'key' };
}
