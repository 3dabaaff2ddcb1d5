import { laterDay } from '../domain/reckon-days.js';
import { payerAmountKey, type ChargeItem, type Difference, type FeeItem, type FixedLine, type ItemId, type Outcome, type Settlement } from '../domain/reconciliation-outcomes.js';
import { paymentOf, pairKey, type Payment, type Surroundings } from './compare-payment.js';
import { judgeCharge, judgePayment, type Leftovers, type TakenBack, type Verdict } from './judge-payments.js';
import { chooseLinkable, linkReversals, type Link, type Movement } from './link-reversals.js';
import type { MatchContext } from './match-context.js';
import { matchTiers } from './match-tiers.js';
import { orderCharges, orderFees } from './order-items.js';

interface FeeSet {
  readonly charges: readonly ChargeItem[];
  readonly fees: readonly FeeItem[];
  readonly fixed: readonly FixedLine[];
  readonly forbidden: readonly (readonly [ItemId, ItemId])[];
}

/** Charges against fee records. The same facts give the same outcome in any order. */
export function settleFees(set: FeeSet, context: MatchContext): Outcome {
  const settlements: Settlement[] = [];
  const differences: Difference[] = [];
  const charges = orderCharges(set.charges);
  const fixedExpected = new Map(set.fixed.flatMap((l) => (l.expectedId === undefined ? [] : [[l.expectedId, l]])));
  const fixedReturned = new Map(set.fixed.flatMap((l) => (l.returnedId === undefined ? [] : [[l.returnedId, l]])));
  const around: Surroundings = {
    byCode: groupBy(charges, (c) => c.paymentCode), byCase: groupBy(charges, (c) => c.caseNo), forbidden: new Set(set.forbidden.map(([e, r]) => pairKey(e, r))),
  };
  const settle = (rule: string, outcome: Settlement['outcome'], expected: readonly ChargeItem[], returned: readonly FeeItem[], notBefore = '', payerAmount?: string): void => {
    const statementDay = [...expected, ...returned].reduce((day, item) => laterDay(day, item.statementDay), laterDay(notBefore, context.firstOpenDay));
    settlements.push({ rule, outcome, expected: expected.map((c) => c.id), returned: returned.map((r) => r.id), statementDay, payerAmount });
  };
  const differ = (itemKind: 'charge' | 'fee-record', itemId: ItemId, ownFen: bigint, v: Verdict, aspect: Difference['aspect'] = 'settlement'): void => {
    const [expectedFen, returnedFen] = itemKind === 'charge' ? [ownFen, v.otherFen] : [v.otherFen, ownFen];
    differences.push({ itemId, itemKind, aspect, reason: v.reason, expectedFen, returnedFen, rule: v.rule, criterion: v.criterion, otherId: v.otherId, refersToDay: v.refersToDay, detail: undefined });
  };

  // What is out of force leaves the list; what a closed day settled stays, and says so when it no longer holds.
  const free: ChargeItem[] = [];
  for (const c of charges) {
    const fixed = fixedExpected.get(c.id);
    const siblings = (around.byCase.get(c.caseNo) ?? []).filter((o) => o.stream === c.stream && o.chargeNo === c.chargeNo);
    if (!c.current) {
      if (!fixed) settle('version-ended', 'resolved', [c], [], c.endedDay);
      else if (fixed.returnedId !== undefined && !siblings.some((o) => o.current)) differ('charge', c.id, c.amountFen, { reason: 'charge-withdrawn', rule: fixed.rule, criterion: 'version', refersToDay: fixed.statementDay }, 'afterwards');
      continue;
    }
    if (fixed) continue;
    const before = siblings.findLast((o) => !o.current && fixedExpected.get(o.id)?.rule !== undefined && !['version-ended', 'nothing-due'].includes(fixedExpected.get(o.id)!.rule));
    if (before) {
      const line = fixedExpected.get(before.id)!;
      if (before.amountFen === c.amountFen && before.feeItemCode === c.feeItemCode) settle('carried-version', 'resolved', [c], []);
      else differ('charge', c.id, c.amountFen, { reason: 'stale-charge-version', rule: line.rule, criterion: 'version', otherId: before.id, otherFen: before.amountFen, refersToDay: line.statementDay });
    } else if (c.exempt || c.amountFen === 0n) settle('nothing-due', 'resolved', [c], []);
    else free.push(c);
  }

  const inForce: FeeItem[] = [];
  const lineOf = new Map<ItemId, FixedLine>(fixedReturned);
  const byId = new Map(set.fees.map((f) => [f.id, f]));
  for (const f of orderFees(set.fees)) {
    const fixed = fixedReturned.get(f.id);
    if (f.supersededDay === undefined) {
      inForce.push(f);
      continue;
    }
    if (!fixed) {
      settle('superseded-record', 'resolved', [], [f], f.supersededDay);
      continue;
    }
    const successor = f.supersededBy === undefined ? undefined : byId.get(f.supersededBy);
    const same = successor !== undefined && successor.amountFen === f.amountFen && successor.status === f.status;
    if (!same) differ('fee-record', f.id, f.amountFen, { reason: 'corrected-after-close', rule: fixed.rule, criterion: 'version', otherId: successor?.id, otherFen: successor?.amountFen, refersToDay: fixed.statementDay }, 'afterwards');
    if (successor && !fixedReturned.has(successor.id)) {
      lineOf.set(successor.id, fixed);
      if (same) settle('carried-version', 'resolved', [], [successor]);
      else differ('fee-record', successor.id, successor.amountFen, { reason: 'corrected-after-close', rule: fixed.rule, criterion: 'version', otherId: f.id, otherFen: f.amountFen, refersToDay: fixed.statementDay });
    }
  }

  const movement = (f: FeeItem): Movement => ({ id: f.id, channel: f.channel, number: f.serial, originalNumber: f.originalSerial, status: f.status, amountFen: f.amountFen });
  const linked = linkReversals(chooseLinkable(inForce, movement, (f) => lineOf.has(f.id)), movement);
  for (const { item, first } of linked.contradictory) if (!lineOf.has(item.id)) differ('fee-record', item.id, item.amountFen, { reason: 'contradictory-record', criterion: 'exclusive', otherId: first.id, otherFen: first.amountFen });
  for (const item of linked.orphans) differ('fee-record', item.id, item.amountFen, { reason: 'original-unknown', rule: 'taken-back', criterion: 'original' });
  for (const { item, payment } of linked.excessive) if (!lineOf.has(item.id)) differ('fee-record', item.id, item.amountFen, { reason: 'refund-exceeds-payment', rule: 'taken-back', criterion: 'amount', otherId: payment.id, otherFen: payment.amountFen });

  const takenBack: TakenBack[] = [];
  const payments: Payment[] = [];
  for (const link of linked.links) {
    const fixed = lineOf.get(link.payment.id);
    const last = link.takes.at(-1);
    if (last && link.netFen === 0n) takenBack.push({ payment: paymentOf(link), lastId: last.id, how: link.takes.some((t) => t.status === 'refunded') ? 'refunded' : 'reversed' });
    if (fixed) {
      for (const t of link.takes) if (!lineOf.has(t.id)) differ('fee-record', t.id, t.amountFen, { reason: t.status === 'refunded' ? 'refunded' : 'reversed', rule: fixed.rule, criterion: 'original', otherId: link.payment.id, otherFen: link.payment.amountFen, refersToDay: fixed.statementDay });
    } else if (last && link.netFen === 0n) settle('taken-back', 'matched', [], [link.payment, ...link.takes]);
    else payments.push(paymentOf(link));
  }

  const refunded = linked.links.filter((l) => l.netFen === 0n && l.takes.some((t) => t.status === 'refunded'));
  const afterRefund = new Map(payments.flatMap((p) => {
    const refund = refundBefore(p, refunded);
    return refund ? [[p, refund] as const] : [];
  }));
  const result = matchTiers(context.rules.tiers, free, payments.filter((p) => !afterRefund.has(p)), around);
  const settled = new Map<ItemId, string>();
  for (const [id, line] of fixedExpected) settled.set(id, line.statementDay);
  for (const m of result.matches) {
    settle(m.tier.rule, 'matched', m.charges, m.payments.flatMap((p) => [p.record, ...p.takes]), '', m.tier.key === 'payer' ? payerAmountKey(m.charges[0]!.payerKey, m.charges[0]!.amountFen) : undefined);
    for (const c of m.charges) settled.set(c.id, settlements.at(-1)!.statementDay);
  }

  const left: Leftovers = {
    open: new Set(result.charges.map((c) => c.id)), byPayer: groupBy(result.charges, (c) => payerAmountKey(c.payerKey, c.amountFen)),
    paymentsByCode: groupBy(result.payments, (p) => p.record.paymentCode), paymentsByCase: groupBy(result.payments, (p) => p.record.caseNo), settled, around, rules: context.rules, today: context.today,
  };
  const judged = [
    ...result.payments.map((payment) => ({ payment, verdict: judgePayment(payment, left) })),
    ...[...afterRefund].map(([payment, refund]) => ({ payment, verdict: { reason: 'paid-after-refund' as const, rule: 'taken-back', criterion: 'original' as const, otherId: refund.id, otherFen: refund.amountFen } })),
  ];
  for (const { payment, verdict } of judged) {
    differ('fee-record', payment.record.id, payment.netFen, verdict);
    for (const t of payment.takes) differ('fee-record', t.id, t.amountFen, { reason: t.status === 'refunded' ? 'refunded' : 'reversed', rule: 'taken-back', criterion: 'amount', otherId: payment.record.id, otherFen: payment.record.amountFen });
  }
  const pointing = groupBy(judged, (j) => j.verdict.otherId);
  for (const c of result.charges) differ('charge', c.id, c.amountFen, judgeCharge(c, left, pointing.get(c.id)?.[0], takenBack));
  return { settlements, differences };
}

/** The full refund after which a payment of the same code, or without one of the same case and item, came. */
function refundBefore(p: Payment, links: readonly Link<FeeItem>[]): FeeItem | undefined {
  const when = (f: FeeItem): string => `${f.day} ${f.paidAt}`;
  for (const link of links) {
    if (link.payment === p.record) continue;
    const refund = link.takes.find((t) => t.status === 'refunded');
    if (!refund || when(p.record) <= when(refund)) continue;
    const r = link.payment;
    const sameCode = p.record.paymentCode !== undefined && p.record.paymentCode === r.paymentCode;
    const sameItem = p.record.paymentCode === undefined && p.record.caseNo !== undefined && p.record.caseNo === r.caseNo && r.lines.some((l) => p.lines.has(l.feeItemCode));
    if (sameCode || sameItem) return refund;
  }
  return undefined;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string | undefined): Map<string, T[]> {
  const out = new Map<string, T[]>();
  for (const item of items) {
    const k = key(item);
    if (k === undefined) continue;
    const group = out.get(k);
    if (group) group.push(item);
    else out.set(k, [item]);
  }
  return out;
}
