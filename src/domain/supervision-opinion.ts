import type { ClockLevel, ClockObject } from './supervision-facts.js';
import type { CaseNo, ChannelName, Instant } from './vocabulary.js';

/**
 * What the supervising side (电子监察) says itself: cards that it gave and queries (督办) that it put, as its files brought them,
 * and how its judgement differs from ours. Its words stand beside ours and never over them.
 */

/** What it judged: 0 normal, 1 warning, 2 yellow, 3 red. */
export const opinionResults = ['normal', 'warning', 'yellow', 'red'] as const;
export type OpinionResult = (typeof opinionResults)[number];

/** State of its card: Y issued, D waits for a person to confirm it, C revoked, Q cancelled, B under supervision (督办). */
export const opinionStates = ['issued', 'pending', 'revoked', 'cancelled', 'supervised'] as const;
export type OpinionState = (typeof opinionStates)[number];

/** What it answered to an appeal: C the card is revoked, D sent back, B passed on to a higher level. */
export const opinionAppeals = ['revoked', 'sent-back', 'escalated'] as const;
export type OpinionAppeal = (typeof opinionAppeals)[number];

/** What it watches; only cases have a clock here. */
export const opinionSubjects = ['case', 'complaint', 'consultation'] as const;
export type OpinionSubject = (typeof opinionSubjects)[number];

/** One card of theirs as a file says it. Bureau times (Asia/Shanghai) are given as instants. */
export interface Opinion {
  /** Their number (监察编号); a later file with the same number replaces what it said. */
  readonly theirNo: string;
  readonly caseNo: CaseNo;
  readonly subject: OpinionSubject;
  /** What of the case it judges, and which one. */
  readonly object: ClockObject;
  readonly sequence: string;
  readonly result: OpinionResult;
  readonly state: OpinionState;
  readonly ruleCode?: string | undefined;
  /** The limits on their card, and what they had counted, in the unit of the limit. */
  readonly committed?: number | undefined;
  readonly statutory?: number | undefined;
  readonly used?: number | undefined;
  /** When their clock started, and the moment that they judged. */
  readonly startsAt?: Instant | undefined;
  readonly judgedAt: Instant;
  readonly appeal?: OpinionAppeal | undefined;
  readonly department?: string | undefined;
  readonly text?: string | undefined;
}

/** One query (督办) of theirs: GB/T 39046-2020, 6.8. */
export interface SupervisionQuery {
  readonly theirNo: string;
  readonly caseNo: CaseNo;
  readonly text: string;
  /** Who asks, and the department that is to answer. */
  readonly organisation?: string | undefined;
  readonly department?: string | undefined;
  readonly itemKind?: string | undefined;
  readonly ruleCode?: string | undefined;
  readonly result?: OpinionResult | undefined;
  readonly askedAt: Instant;
  readonly stateAt?: Instant | undefined;
  readonly answerBy?: Instant | undefined;
  readonly outcome?: string | undefined;
}

export interface StoredOpinion extends Opinion {
  readonly id: string;
  readonly channel: ChannelName;
  readonly inboxId: string;
  readonly receivedAt: Instant;
  /** False: a later file says otherwise under the same number, or no longer lists it. */
  readonly isCurrent: boolean;
}

export interface StoredQuery extends SupervisionQuery {
  readonly id: string;
  readonly channel: ChannelName;
  readonly inboxId: string;
  readonly receivedAt: Instant;
  readonly isCurrent: boolean;
  /** The answer of an operator; it goes out as a message of the case's lane. */
  readonly reply?: { readonly text: string; readonly by: string; readonly at: Instant } | undefined;
}

/** How the two judgements differ. */
export const opinionDifferences = {
  'only-theirs': { zh: '对方有牌，我方无牌', en: 'they have a card and we have none' },
  'only-ours': { zh: '我方有牌，对方无牌', en: 'we have a card and they have none' },
  'other-level': { zh: '级别不同', en: 'another level' },
  'other-limits': { zh: '牌上时限不同', en: 'other limits on the card' },
  'other-used': { zh: '已用时间不同', en: 'another used time' },
} as const;
export type OpinionDifferenceKind = keyof typeof opinionDifferences;

/**
 * Why they differ, as far as it can be told. A reason is named only where counting our way with that one thing changed gives what
 * they say. `{name}` takes a detail of the reason.
 */
export const opinionReasons = {
  'suspension-not-received': { zh: '对方判定时（{judgedAt}）尚未收到中止 {event} {sequence}：我方采集 {capturedAt}，送达中间机 {stagedAt}，对方接收 {acceptedAt}', en: 'at {judgedAt} they had not received the suspension {event} {sequence}: captured {capturedAt}, on the staging machine {stagedAt}, accepted {acceptedAt}' },
  'resumption-not-received': { zh: '对方判定时（{judgedAt}）尚未收到恢复 {event} {sequence}：我方采集 {capturedAt}，送达中间机 {stagedAt}，对方接收 {acceptedAt}', en: 'at {judgedAt} they had not received the resumption {event} {sequence}: captured {capturedAt}, on the staging machine {stagedAt}, accepted {acceptedAt}' },
  'closing-not-received': { zh: '对方判定时（{judgedAt}）尚未收到办结：我方采集 {capturedAt}，送达中间机 {stagedAt}，对方接收 {acceptedAt}', en: 'at {judgedAt} they had not received the closing: captured {capturedAt}, on the staging machine {stagedAt}, accepted {acceptedAt}' },
  'acceptance-not-received': { zh: '对方判定时（{judgedAt}）尚未收到受理：我方采集 {capturedAt}，送达中间机 {stagedAt}，对方接收 {acceptedAt}', en: 'at {judgedAt} they had not received the acceptance: captured {capturedAt}, on the staging machine {stagedAt}, accepted {acceptedAt}' },
  'suspension-ignored': { zh: '对方已收到中止 {event} {sequence}（{acceptedAt}）而未扣除', en: 'they had received the suspension {event} {sequence} ({acceptedAt}) and do not take it off' },
  'limit-version': { zh: '对方采用的承诺时限 {theirCommitted}、法定时限 {theirStatutory} 与我方 {ourCommitted}、{ourStatutory} 不同{letter}', en: 'they go by the limits {theirCommitted} and {theirStatutory} instead of {ourCommitted} and {ourStatutory}{letter}' },
  'counting-start': { zh: '对方的计时起点为 {theirStart}，我方为 {ourStart}', en: 'their clock starts {theirStart}, ours {ourStart}' },
  'other-calendar': { zh: '对方按周一至周五计工作日，未计法定节假日和调休', en: 'they count Monday to Friday as working days, without holidays and make-up days' },
  rounding: { zh: '对方取整方式不同：准确值 {exact}，对方 {theirs}，我方 {ours}', en: 'they round otherwise: exactly {exact}, theirs {theirs}, ours {ours}' },
  'other-moment': { zh: '我方时限在同一时刻（{theirAt}）相同，但我方的牌尚未发出或规则不发牌', en: 'our clock says the same at {theirAt}; our card waits, or our rules give none' },
  'revoked-by-us': { zh: '我方已于 {at} 撤销该牌', en: 'we revoked the card at {at}' },
  'revoked-by-them': { zh: '对方已撤销或取消该牌', en: 'they revoked or cancelled the card' },
  'not-monitored': { zh: '我方规则不监察该对象：{why}', en: 'our rules do not monitor it: {why}' },
  'case-unknown': { zh: '我方没有该办件', en: 'we have no such case' },
  unexplained: { zh: '原因不明，需人工核对', en: 'not explained; somebody has to compare' },
} as const;
export type OpinionReasonCode = keyof typeof opinionReasons;

export interface OpinionReason {
  readonly reason: OpinionReasonCode;
  readonly details: Readonly<Record<string, string>>;
}

/** One difference between their judgement and ours of one object of a case. */
export interface OpinionDifference {
  readonly kind: OpinionDifferenceKind;
  readonly object: ClockObject;
  readonly sequence: string;
  readonly theirs?: { readonly id: string; readonly theirNo: string; readonly result: OpinionResult; readonly state: OpinionState; readonly used?: number | undefined; readonly judgedAt: Instant } | undefined;
  readonly ours?: { readonly cardId?: string | undefined; readonly level?: ClockLevel | undefined; readonly used?: number | undefined; readonly at: Instant } | undefined;
  /** Several where it takes several together; `unexplained` alone where nothing does. */
  readonly reasons: readonly OpinionReason[];
}

/** What comparing a case came to; an empty list means that both sides say the same. */
export interface CaseComparison {
  readonly channel: ChannelName;
  readonly caseNo: CaseNo;
  readonly body: string;
  readonly comparedAt: Instant;
  readonly differences: readonly OpinionDifference[];
}

/** A reason in words; times are Asia/Shanghai, `-` stands for what is not there. */
export function tellReason({ reason, details }: OpinionReason, language: 'zh' | 'en'): string {
  return opinionReasons[reason][language].replace(/\{([A-Za-z]+)\}/g, (_all, name: string) => details[name] ?? '-');
}
