import { daysBetween, laterDay } from '../domain/reckon-days.js';
import type { Criterion, Difference, FixedLine, ItemId, Outcome, ReasonCode, Settlement, TaxExpectation, TaxItem } from '../domain/reconciliation-outcomes.js';
import { chooseLinkable, linkReversals, type Link, type Movement } from './link-reversals.js';
import type { MatchContext } from './match-context.js';
import { orderExpectations, orderTaxes } from './order-items.js';

interface TaxSet {
  readonly expectations: readonly TaxExpectation[];
  readonly taxes: readonly TaxItem[];
  readonly fixed: readonly FixedLine[];
  readonly forbidden: readonly (readonly [ItemId, ItemId])[];
  /** Cases that the bureau charges at all. */
  readonly knownCases: ReadonlySet<string>;
}

interface Verdict {
  readonly reason: ReasonCode;
  readonly criterion: Criterion;
  readonly otherId?: ItemId | undefined;
  readonly expectedFen?: bigint | undefined;
  readonly returnedFen?: bigint | undefined;
  readonly refersToDay?: string | undefined;
}

const slotOf = (x: { caseNo?: string | undefined; taxKind: string; party: string }): string => `${x.caseNo ?? ''} ${x.taxKind} ${x.party}`;

/**
 * Tax expectations against tax slips. An expectation is met when every slip of its case, kind and party is paid as due; one
 * contract may have several slips for one of them.
 */
export function settleTaxes(set: TaxSet, context: MatchContext): Outcome {
  const settlements: Settlement[] = [];
  const differences: Difference[] = [];
  const fixedExpected = new Map(set.fixed.flatMap((l) => (l.expectedId === undefined ? [] : [[l.expectedId, l]])));
  const fixedReturned = new Map(set.fixed.flatMap((l) => (l.returnedId === undefined ? [] : [[l.returnedId, l]])));
  const forbidden = new Set(set.forbidden.map(([e, r]) => `${e} ${r}`));
  const settle = (rule: string, outcome: Settlement['outcome'], expected: readonly TaxExpectation[], returned: readonly TaxItem[], notBefore = ''): void => {
    const statementDay = [...expected, ...returned].reduce((day, item) => laterDay(day, item.statementDay), laterDay(notBefore, context.firstOpenDay));
    settlements.push({ rule, outcome, expected: expected.map((e) => e.id), returned: returned.map((t) => t.id), statementDay });
  };
  const differ = (itemKind: 'tax-expectation' | 'tax-record', item: TaxExpectation | TaxItem, v: Verdict, aspect: Difference['aspect'] = 'settlement'): void =>
    void differences.push({
      itemId: item.id, itemKind, aspect, reason: v.reason, expectedFen: v.expectedFen, returnedFen: v.returnedFen, rule: 'tax-slip', criterion: v.criterion, otherId: v.otherId, refersToDay: v.refersToDay,
      detail: `${item.taxKind} ${item.party}`,
    });

  const open = new Map<string, TaxExpectation>();
  const everOf = new Map<string, TaxExpectation[]>();
  for (const e of orderExpectations(set.expectations)) {
    const earlier = everOf.get(slotOf(e)) ?? [];
    everOf.set(slotOf(e), [...earlier, e]);
    if (fixedExpected.has(e.id)) continue;
    if (e.endedDay !== undefined) settle('version-ended', 'resolved', [e], [], e.endedDay);
    // The charge got a new version, the tax was settled in a closed day: it stays settled.
    else if (earlier.some((o) => fixedExpected.get(o.id)?.rule === 'tax-slip')) settle('carried-version', 'resolved', [e], []);
    else open.set(slotOf(e), e);
  }

  const inForce: TaxItem[] = [];
  const lineOf = new Map(fixedReturned);
  const byId = new Map(set.taxes.map((t) => [t.id, t]));
  for (const t of orderTaxes(set.taxes)) {
    const fixed = fixedReturned.get(t.id);
    if (t.supersededDay === undefined) inForce.push(t);
    else if (!fixed) settle('superseded-record', 'resolved', [], [t], t.supersededDay);
    else {
      const successor = t.supersededBy === undefined ? undefined : byId.get(t.supersededBy);
      const same = successor !== undefined && successor.paidFen === t.paidFen && successor.dueFen === t.dueFen && successor.status === t.status;
      if (!same) differ('tax-record', t, { reason: 'corrected-after-close', criterion: 'version', otherId: successor?.id, returnedFen: t.paidFen, refersToDay: fixed.statementDay }, 'afterwards');
      if (successor && !fixedReturned.has(successor.id)) {
        lineOf.set(successor.id, fixed);
        if (same) settle('carried-version', 'resolved', [], [successor]);
        else differ('tax-record', successor, { reason: 'corrected-after-close', criterion: 'version', otherId: t.id, returnedFen: successor.paidFen, refersToDay: fixed.statementDay });
      }
    }
  }
  const movement = (t: TaxItem): Movement => ({ id: t.id, channel: t.channel, number: t.ticketNo, originalNumber: t.originalTicketNo, status: t.status, amountFen: t.paidFen });
  const linked = linkReversals(chooseLinkable(inForce, movement, (t) => lineOf.has(t.id)), movement);
  for (const { item, first } of linked.contradictory) if (!lineOf.has(item.id)) differ('tax-record', item, { reason: 'contradictory-record', criterion: 'exclusive', otherId: first.id, returnedFen: item.paidFen });
  for (const item of linked.orphans) differ('tax-record', item, { reason: 'original-unknown', criterion: 'original', returnedFen: item.paidFen });
  for (const { item, payment } of linked.excessive) if (!lineOf.has(item.id)) differ('tax-record', item, { reason: 'refund-exceeds-payment', criterion: 'amount', otherId: payment.id, returnedFen: item.paidFen, expectedFen: payment.paidFen });

  const slots = new Map<string, Link<TaxItem>[]>();
  const takenBack = new Map<string, TaxItem>();
  for (const link of linked.links) {
    const fixed = lineOf.get(link.payment.id);
    const last = link.takes.at(-1);
    if (last && link.netFen === 0n) takenBack.set(slotOf(link.payment), link.takes.find((t) => t.status === 'refunded') ?? last);
    if (fixed) {
      for (const t of link.takes) if (!lineOf.has(t.id)) differ('tax-record', t, { reason: t.status === 'refunded' ? 'refunded' : 'reversed', criterion: 'original', otherId: link.payment.id, expectedFen: link.payment.paidFen, returnedFen: t.paidFen, refersToDay: fixed.statementDay });
    } else if (last && link.netFen === 0n) settle('taken-back', 'matched', [], [link.payment, ...link.takes]);
    else slots.set(slotOf(link.payment), [...(slots.get(slotOf(link.payment)) ?? []), link]);
  }

  const pointing = new Map<ItemId, { id: ItemId; verdict: Verdict }>();
  const right = (l: Link<TaxItem>): boolean => l.netFen === l.payment.dueFen;
  const unsettled: { expectation: TaxExpectation | undefined; decided: boolean; links: readonly Link<TaxItem>[] }[] = [];
  for (const [slot, links] of slots) {
    const expectation = open.get(slot);
    const decided = expectation !== undefined && links.some((l) => forbidden.has(`${expectation.id} ${l.payment.id}`));
    const frozen = (everOf.get(slot) ?? []).find((e) => fixedExpected.get(e.id)?.rule === 'tax-slip');
    if ((expectation || frozen) && !decided && links.every(right)) {
      if (expectation) open.delete(slot);
      settle('tax-slip', 'matched', expectation ? [expectation] : [], links.flatMap((l) => [l.payment, ...l.takes]));
    } else unsettled.push({ expectation, decided, links });
  }
  // Only now is it known what stays open: a slip is near to nothing that another one settles.
  for (const { expectation, decided, links } of unsettled) {
    for (const link of links) {
      const verdict = judgeSlip(link, { expectation, decided, right: right(link), set, open, context });
      differ('tax-record', link.payment, { ...verdict, returnedFen: link.netFen });
      for (const t of link.takes) differ('tax-record', t, { reason: t.status === 'refunded' ? 'refunded' : 'reversed', criterion: 'amount', otherId: link.payment.id, returnedFen: t.paidFen });
      const known = verdict.otherId === undefined ? undefined : pointing.get(verdict.otherId);
      // The slip that is wrong says more than the ones beside it that are right.
      if (verdict.otherId !== undefined && (known === undefined || known.verdict.reason === 'split-incomplete')) pointing.set(verdict.otherId, { id: link.payment.id, verdict: { ...verdict, returnedFen: link.netFen } });
    }
  }
  for (const e of open.values()) {
    const by = pointing.get(e.id);
    const back = takenBack.get(slotOf(e));
    if (by) differ('tax-expectation', e, { ...by.verdict, otherId: by.id });
    else if (back) differ('tax-expectation', e, { reason: back.status === 'refunded' ? 'refunded' : 'reversed', criterion: 'original', otherId: back.id, returnedFen: 0n, refersToDay: undefined });
    else differ('tax-expectation', e, { reason: daysBetween(e.day, context.today) > context.rules.paymentTermDays ? 'tax-slip-missing' : 'awaiting-payment', criterion: 'key' });
  }
  return { settlements, differences };
}

interface SlipFacts {
  readonly expectation: TaxExpectation | undefined;
  readonly decided: boolean;
  readonly right: boolean;
  readonly set: TaxSet;
  readonly open: ReadonlyMap<string, TaxExpectation>;
  readonly context: MatchContext;
}

function judgeSlip(link: Link<TaxItem>, f: SlipFacts): Verdict {
  const t = link.payment;
  const about = { otherId: f.expectation?.id, expectedFen: t.dueFen };
  if (!f.right) return { reason: link.netFen > t.dueFen ? 'amount-over' : 'amount-short', criterion: 'amount', ...about };
  if (f.decided) return { reason: 'taken-apart', criterion: 'decision', ...about };
  if (f.expectation) return { reason: 'split-incomplete', criterion: 'amount', ...about };
  if (t.caseNo !== undefined && f.set.knownCases.has(t.caseNo)) {
    const near = [...f.open.values()].filter((e) => e.caseNo === t.caseNo);
    const sameKind = near.find((e) => e.taxKind === t.taxKind);
    const nearest = sameKind ?? near[0];
    return { reason: 'tax-not-expected', criterion: sameKind ? 'party' : 'kind', otherId: nearest?.id };
  }
  return { reason: daysBetween(t.day, f.context.today) <= f.context.rules.cutOffDays ? 'cut-off-timing' : 'missing-here', criterion: 'key' };
}
