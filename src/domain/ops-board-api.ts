import type { EventShares, ExchangeDelay } from './exchange-delays.js';
import type { CardMove, CardState } from './supervision-cards.js';
import type { CaseFacts, ClockLevel, ClockObject, ClockReading, ClockState, Explanation, Light } from './supervision-facts.js';
import type { CaseComparison, StoredOpinion, StoredQuery } from './supervision-opinion.js';
import type { CaseNo, ChannelName, ExchangeId, Instant, Sha256 } from './vocabulary.js';

/** The board of lights and cards: JSON below `/api/ops/board`. Nothing in it names a person. */

// ---- forecast, part of Today ----
/** A level that a receiver sees or will see only because an exchange has not reached it. */
export interface ForecastLine {
  readonly caseNo: CaseNo;
  readonly body: string;
  readonly section?: string | undefined;
  readonly channel: ChannelName;
  readonly level: ClockLevel;
  /** When the receiver reaches it; in the past where it has. */
  readonly at: Instant;
  readonly exchangeId: ExchangeId;
  readonly event: string;
  readonly state: string;
  readonly waitsAt: 'gateway' | 'staging machine' | 'center';
  readonly capturedAt: Instant;
}
export interface Forecast {
  readonly at: Instant;
  /** How far it looks ahead. */
  readonly horizonMs: number;
  /** Levels reached already at a receiver, and those to come within the horizon. */
  readonly reached: number;
  readonly coming: number;
  /** The soonest, at most 20. */
  readonly lines: readonly ForecastLine[];
  /** Set when more exchanges are stuck than were looked at. */
  readonly more: boolean;
}

// ---- lights ----
export interface LightCounts { readonly green: number; readonly yellow: number; readonly red: number; readonly grey: number }
export interface BoardGroup extends LightCounts {
  readonly key: string;
  /** Name of the item, where the bureau gives one. */
  readonly title?: string | undefined;
}
export interface BoardQuery {
  /** Rule set; the first configured one without it. */
  readonly body?: string | undefined;
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
}
/** Days without a case overdue; `since` is the last moment at which one was, or when supervision began. */
export interface Streak {
  readonly overdueNow: number;
  readonly since?: Instant | undefined;
  readonly days: number;
  /** Whole months and the days over them, by the calendar of Asia/Shanghai. */
  readonly months: number;
  readonly restDays: number;
  /** The case that ended the streak before; absent when none is known. */
  readonly lastCaseNo?: CaseNo | undefined;
}
export interface CardCounts {
  readonly open: number;
  readonly appealed: number;
  readonly doubtful: number;
  /** Only the highest valid card of each case and object counts; revoked ones are none. */
  readonly valid: readonly { readonly object: ClockObject; readonly level: ClockLevel; readonly count: number }[];
}
export interface Board {
  readonly at: Instant;
  readonly body: string;
  readonly bodies: readonly { readonly body: string; readonly title: string }[];
  readonly lights: LightCounts;
  readonly sections: readonly BoardGroup[];
  readonly items: readonly BoardGroup[];
  readonly offices: readonly BoardGroup[];
  /** Open cases whose clock cannot be told, because a year is missing from the calendar. */
  readonly untold: number;
  readonly streak: Streak;
  readonly cards: CardCounts;
}
export interface BoardCasesQuery extends BoardQuery {
  readonly light?: 'green' | 'yellow' | 'red' | 'grey' | undefined;
  readonly case?: string | undefined; // beginning of a case number
  readonly after?: string | undefined; // `next` of the page before
  readonly limit?: number | undefined; // 1 to 200, default 50
}
export interface BoardCase {
  readonly caseNo: CaseNo;
  readonly itemCode?: string | undefined;
  readonly section?: string | undefined;
  readonly office?: string | undefined;
  readonly state: ClockState;
  readonly light: Light;
  readonly level?: ClockLevel | undefined;
  readonly acceptedAt?: Instant | undefined;
  readonly used?: number | undefined;
  readonly limit?: number | undefined;
  readonly unit?: string | undefined;
  readonly remaining?: number | undefined;
  readonly dueAt?: Instant | undefined;
  readonly nextAt?: Instant | undefined;
}
/** The soonest due first; without a due moment (suspended without end) last. */
export interface BoardCases { readonly at: Instant; readonly cases: readonly BoardCase[]; readonly next?: string | undefined }
/** Months of Asia/Shanghai, oldest first; share: used part of the committed limit. */
export interface TrendMonth { readonly month: string; readonly closed: number; readonly overdue: number; readonly usedShare?: number | undefined }
export interface Trends { readonly body: string; readonly months: readonly TrendMonth[] }

// ---- one case ----
export interface BoardCaseDetail {
  readonly caseNo: CaseNo;
  readonly at: Instant;
  readonly body: string;
  readonly bodies: readonly { readonly body: string; readonly title: string }[];
  readonly itemName?: string | undefined;
  readonly facts: CaseFacts;
  readonly reading: ClockReading;
  readonly explanation: readonly Explanation[];
  readonly events: readonly EventShares[];
  readonly caused: readonly ExchangeDelay[];
  readonly cards: readonly CardLine[];
  readonly theirs: Theirs;
}

// ---- what the supervising side says ----
/** Its cards and queries as its files brought them, beside how its judgement differs from ours. Numbers of persons are masked. */
export interface Theirs {
  readonly opinions: readonly StoredOpinion[];
  readonly queries: readonly StoredQuery[];
  readonly comparisons: readonly CaseComparison[];
}
export interface QueryReply { readonly text: string }

// ---- cards ----
export interface CardsQuery {
  readonly open?: boolean | undefined;
  readonly doubtful?: boolean | undefined;
  readonly level?: string | undefined; // several with commas
  readonly state?: string | undefined; // several with commas
  readonly object?: string | undefined;
  readonly body?: string | undefined;
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
  readonly case?: string | undefined; // the whole number
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
export interface CardLine {
  readonly id: string;
  readonly caseNo: CaseNo;
  readonly body: string;
  readonly object: ClockObject;
  readonly sequence: string;
  readonly level: ClockLevel;
  readonly itemCode?: string | undefined;
  readonly section?: string | undefined;
  readonly office?: string | undefined;
  readonly crossedAt: Instant;
  readonly issuedAt: Instant;
  readonly limits: string;
  readonly used: number;
  readonly state: CardState;
  /** Whether it would be issued with what is known today. */
  readonly stands: boolean;
  /** Whether a receiver reached this level early because an exchange came late. */
  readonly caused: boolean;
}
export interface CardsPage { readonly cards: readonly CardLine[]; readonly next?: string | undefined }
/** What the arithmetic was when the card was issued. */
export interface CardEvidence {
  readonly at: Instant;
  readonly ruleVersion: string;
  readonly calendarVersion: string;
  readonly facts: CaseFacts;
  readonly reading: ClockReading['objects'][number];
  readonly lines: Explanation['lines'];
}
export interface CardDetail {
  readonly card: CardLine;
  readonly examinedAt?: Instant | undefined;
  readonly examinedNote?: string | undefined;
  readonly evidence: CardEvidence;
  readonly evidenceSha256: Sha256;
  readonly log: readonly { readonly at: Instant; readonly actor: string; readonly from?: CardState | undefined; readonly to: CardState; readonly reason: string }[];
  readonly moves: readonly CardMove[];
  /** What was sent of the case: message ids, hashes of the bytes, numbers of the manifests that list them. */
  readonly messages: readonly { readonly exchangeId: ExchangeId; readonly channel: ChannelName; readonly messageId: string; readonly sha256?: Sha256 | undefined; readonly manifestSeq?: string | undefined }[];
  readonly events: readonly EventShares[];
  readonly caused: readonly ExchangeDelay[];
}
export interface CardDecision { readonly reason: string }
export interface ProofRequest { readonly format: 'html' | 'json' }

/** Request and answer of each route of the board. */
export interface BoardCalls {
  'GET board': { request: BoardQuery; answer: Board };
  'GET board/cases': { request: BoardCasesQuery; answer: BoardCases };
  'GET board/cases/:case': { request: { readonly body?: string | undefined; readonly at?: Instant | undefined }; answer: BoardCaseDetail };
  'GET board/trends': { request: { readonly body?: string | undefined; readonly months?: number | undefined }; answer: Trends };
  'GET board/cards': { request: CardsQuery; answer: CardsPage };
  'GET board/cards/:id': { request: undefined; answer: CardDetail };
  'POST board/cards/:id/appeal': { request: CardDecision; answer: CardDetail };
  'POST board/cards/:id/revoke': { request: CardDecision; answer: CardDetail };
  'POST board/cards/:id/confirm': { request: CardDecision; answer: CardDetail };
  /** Queries without an answer and cases in which both sides differ, at most 100 each. */
  'GET board/theirs': { request: undefined; answer: Theirs };
  'POST board/queries/:id/reply': { request: QueryReply; answer: Theirs };
  'POST board/cards/:id/proof': { request: ProofRequest; answer: Uint8Array };
}
