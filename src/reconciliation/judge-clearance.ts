import { writeYuan } from '../domain/money.js';
import type { CaseSettlementFacts, DueItem, FactDifference } from '../domain/case-clearance.js';
import type { ReasonCode } from '../domain/reconciliation-outcomes.js';
import type { Reasons } from '../domain/reconciliation-rules.js';

/** One thing that stands between a case and its certificate, or speaks against a settlement; never with a payer's name. */
export interface ClearanceFinding {
  readonly what: 'fee' | 'tax';
  readonly zh: string;
  readonly en: string;
  /** A reason code of reasons.yaml, or `not-examined`. */
  readonly reason: ReasonCode | 'not-examined';
  readonly amountYuan: string | undefined;
  readonly textZh: string;
  readonly textEn: string;
  readonly nextZh: string;
  readonly nextEn: string;
  /** Number of the open difference that explains it, on the ops page and in `gateway differences`; whatever was not looked at yet has none. */
  readonly difference: string | undefined;
}

/** Whether fees and taxes of a case are settled; the bureau may hand out a certificate only when it is `cleared`. */
export interface Clearance {
  readonly caseNo: string;
  /** nothing-charged: no charge is known, which is no proof that nothing is due; contradicted: settled, and a later fact speaks against it. */
  readonly state: 'cleared' | 'not-cleared' | 'contradicted' | 'nothing-charged';
  readonly cleared: boolean;
  readonly fees: Part;
  readonly taxes: Part;
  readonly missing: readonly ClearanceFinding[];
  readonly contradictions: readonly ClearanceFinding[];
  /** Open, and no reason to withhold the certificate: paid twice, a charge outside the tariff. */
  readonly notices: readonly ClearanceFinding[];
}

interface Part {
  readonly state: 'settled' | 'open' | 'none';
  readonly count: number;
  readonly settled: number;
}

const notExamined = { textZh: '尚未对账', textEn: 'it was not looked at yet', nextZh: '稍后再查', nextEn: 'ask again in a minute' } as const;

function findingOf(what: 'fee' | 'tax', item: Pick<FactDifference, 'zh' | 'en' | 'fen' | 'difference'>, reason: ClearanceFinding['reason'], reasons: Reasons): ClearanceFinding {
  const r = reason === 'not-examined' ? undefined : reasons[reason];
  const text = r ? { textZh: r.text.zh, textEn: r.text.en, nextZh: r.next.zh, nextEn: r.next.en } : notExamined;
  return { what, zh: item.zh, en: item.en, reason, amountYuan: item.fen === undefined ? undefined : writeYuan(item.fen), ...text, difference: item.difference };
}

/** Judges a case by what the ledger holds of it. Whatever was not looked at yet counts as not settled. */
export function judgeClearance(facts: CaseSettlementFacts, reasons: Reasons): Clearance {
  const part = (items: readonly DueItem[]): Part => {
    const settled = items.filter((i) => i.settled).length;
    return { state: items.length === 0 ? 'none' : settled === items.length ? 'settled' : 'open', count: items.length, settled };
  };
  const [fees, taxes] = [part(facts.charges), part(facts.taxes)];
  const missing: ClearanceFinding[] = [];
  for (const [what, items] of [['fee', facts.charges], ['tax', facts.taxes]] as const) for (const i of items) if (!i.settled) missing.push(findingOf(what, i, i.reason ?? 'not-examined', reasons));
  if (facts.unread) missing.push(findingOf('fee', { zh: `办件 ${facts.caseNo}`, en: `case ${facts.caseNo}`, fen: undefined }, 'not-examined', reasons));
  const tell = (d: FactDifference): ClearanceFinding => findingOf(d.what, d, d.reason, reasons);
  const contradictions = facts.against.map(tell);
  const whole = missing.length === 0;
  const state = facts.charges.length === 0 && !facts.unread ? 'nothing-charged' : !whole ? 'not-cleared' : contradictions.length > 0 ? 'contradicted' : 'cleared';
  return { caseNo: facts.caseNo, state, cleared: state === 'cleared', fees, taxes, missing, contradictions, notices: facts.besides.map(tell) };
}
