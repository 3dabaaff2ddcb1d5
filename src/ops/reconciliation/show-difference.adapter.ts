import { maskValue } from '../../domain/mask-personal.js';
import type { Candidate, Comparison, DecisionLine, DifferenceDetail, DifferenceLine, ItemView, SettlementLine } from '../../domain/ops-reconciliation-api.js';
import { dayOf, daysBetween } from '../../domain/reckon-days.js';
import type { DecisionRow, ItemSettlement, NamedItem } from '../../ledger/item-view.store.js';
import type { DifferenceRow } from '../../ledger/reconciliation-row.js';
import { samePerson } from '../../ledger/resolution.store.js';
import { criteria, explainDifference } from '../../reconciliation/explain-difference.js';
import { compareSides } from './compare-sides.js';
import type { ReconciliationParts } from './reconciliation-parts.adapter.js';
import { ruleTitle } from '../../reconciliation/tell-rule.js';

const mostCandidates = 30;
const fen = (v: bigint | undefined): string | undefined => (v === undefined ? undefined : String(v));

/** Differences as the page shows them, with payers hidden unless told otherwise. */
export class DifferenceFace {
  constructor(private readonly parts: ReconciliationParts) {}

  async lines(rows: readonly DifferenceRow[]): Promise<DifferenceLine[]> {
    const { items, standards, clock } = this.parts;
    const named = await items.named(rows.map((d) => d.itemId));
    const proposed = new Map((rows.length === 0 ? [] : await items.decisions()).flatMap((d) => d.items.map((i) => [i, d.id] as const)));
    const today = dayOf(clock.iso());
    return rows.map((d) => {
      const item = named.get(d.itemId);
      return {
        id: d.id, itemId: d.itemId, kind: d.itemKind, side: d.itemKind === 'charge' || d.itemKind === 'tax-expectation' ? 'expected' : 'returned', zh: item?.zh ?? d.itemId, en: item?.en ?? d.itemId, caseNo: d.caseNo, channel: d.channel,
        reason: d.reason, severity: standards.reasons[d.reason].severity, aspect: d.aspect, expectedFen: fen(d.expectedFen), returnedFen: fen(d.returnedFen), day: d.firstDay, ageDays: Math.max(0, daysBetween(d.firstDay, today)),
        refersToDay: d.refersToDay, assignedTo: d.assignedTo, open: d.isOpen, closedHow: d.closedHow, closedBy: d.closedBy, closedAt: d.closedAt, proposed: proposed.get(d.itemId),
      };
    });
  }

  /** Undefined when there is no such difference. */
  async detail(id: string, asking: string, unmasked: boolean): Promise<DifferenceDetail | undefined> {
    const { items, standards, pages, clock } = this.parts;
    const [row] = await items.differences({ ids: [id] }, 1);
    const own = row && (await items.named([row.itemId])).get(row.itemId);
    if (!row || !own) return undefined;
    const [line] = await this.lines([row]);
    const other = row.otherId === undefined ? undefined : (await items.named([row.otherId])).get(row.otherId);
    const [item, counterpart] = [await this.item(own), other ? await this.item(other) : undefined];
    const sides = [item, counterpart].filter((v) => v !== undefined);
    const comparison = compareSides(sides.find((s) => s.side === 'expected'), other && other.side === own.side ? counterpart : sides.find((s) => s.side === 'returned'), row.criterion);
    const settlements = await items.settlements([own.id]);
    const waiting = (await items.decisions()).filter((d) => d.items.includes(own.id));
    const decided = await items.decisions([...new Set(settlements.flatMap((s) => (s.resolutionId === undefined ? [] : [s.resolutionId])))]);
    const history = (await items.differences({ itemIds: [own.id] }, 100)).filter((d) => d.id !== row.id);
    const open = (await pages.openAmong([own.id])).has(own.id);
    const live = settlements.some((s) => s.live);
    const reason = standards.reasons[row.reason];
    const tier = row.rule === undefined ? undefined : { name: row.rule, title: ruleTitle(row.rule, standards.rules) };
    return {
      difference: line!, reason: { text: reason.text, next: reason.next }, explanation: explainDifference(row, own, other, dayOf(clock.iso()), standards), ...(tier ? { rule: tier } : {}),
      ...(row.criterion === undefined ? {} : { criterion: { name: row.criterion, text: criteria[row.criterion] } }), detail: row.detail,
      item: hide(item, unmasked), ...(counterpart ? { other: hide(counterpart, unmasked) } : {}), comparison: comparison.map((c) => hidePayer(c, unmasked)),
      candidates: open ? await this.candidates(own, other) : [], settlements: await this.settlementLines(settlements), decisions: await this.decisionLines([...waiting, ...decided], asking),
      history: history.map((d) => ({ id: d.id, reason: d.reason, text: standards.reasons[d.reason].text, openedAt: d.openedAt, closedAt: d.closedAt, closedHow: d.closedHow, closedBy: d.closedBy })),
      may: { accept: open && waiting.length === 0, link: open && waiting.length === 0, assign: row.isOpen, reopen: live }, masked: !unmasked,
    };
  }

  async decisionLines(rows: readonly DecisionRow[], asking: string): Promise<DecisionLine[]> {
    const named = await this.parts.items.named(rows.flatMap((d) => d.items));
    return rows.map((d) => ({
      id: d.id, act: d.act, state: d.state as DecisionLine['state'], items: d.items.map((i) => ({ id: i, zh: named.get(i)?.zh ?? i, en: named.get(i)?.en ?? i })), fen: String(d.amountFen), note: d.note, actor: d.actor, at: d.at,
      secondActor: d.secondActor, target: d.target, mayConfirm: d.state === 'proposed' && !samePerson(d.actor, asking),
    }));
  }

  candidate(i: NamedItem, nearest = false): Candidate {
    return { id: i.id, side: i.side, zh: i.zh, en: i.en, caseNo: i.caseNo, day: i.day, fen: fen(i.fen), nearest };
  }

  private async candidates(own: NamedItem, other: NamedItem | undefined): Promise<Candidate[]> {
    const { pages, items } = this.parts;
    const ids = await pages.candidates({ caseNo: own.caseNo, itemId: own.id, side: own.side }, mostCandidates);
    const openOther = other && other.side !== own.side && (await pages.openAmong([other.id])).has(other.id) ? [other.id] : [];
    const named = await items.named([...openOther, ...ids]);
    return [...new Set([...openOther, ...ids])].flatMap((id) => (named.has(id) ? [this.candidate(named.get(id)!, id === other?.id)] : []));
  }

  private async item(n: NamedItem): Promise<ItemView> {
    const kept = await this.parts.details.read(n.id, n.kind);
    return {
      id: n.id, kind: n.kind, side: n.side, zh: n.zh, en: n.en, caseNo: n.caseNo, day: n.day, statementDay: n.statementDay, fen: fen(n.fen), inForce: n.inForce, fields: kept.fields,
      lines: kept.lines.map((l) => ({ code: l.code, name: l.name, fen: String(l.fen) })),
    };
  }

  private async settlementLines(settlements: readonly ItemSettlement[]): Promise<SettlementLine[]> {
    const { items, standards } = this.parts;
    const named = await items.named(settlements.flatMap((s) => s.items));
    return settlements.map((s) => ({
      rule: s.rule, title: ruleTitle(s.rule, standards.rules), outcome: s.outcome, day: s.statementDay, at: s.matchedAt, live: s.live,
      ...(s.undoneDay === undefined ? {} : { undone: { day: s.undoneDay, by: s.undoneBy ?? '', why: s.undoneWhy ?? '' } }), items: s.items.flatMap((i) => (named.has(i) ? [{ zh: named.get(i)!.zh, en: named.get(i)!.en }] : [])), decision: s.resolutionId,
    }));
  }
}

const hide = (item: ItemView, unmasked: boolean): ItemView => (unmasked ? item : { ...item, fields: item.fields.map((f) => (f.personal ? { ...f, value: maskValue(f.value) } : f)) });

function hidePayer(c: Comparison, unmasked: boolean): Comparison {
  if (unmasked || c.key !== 'payer') return c;
  return { ...c, ...(c.expected === undefined ? {} : { expected: maskValue(c.expected) }), ...(c.returned === undefined ? {} : { returned: maskValue(c.returned) }) };
}
