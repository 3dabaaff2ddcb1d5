import type { CaseFacts, ClockLevel, ClockObject, ClockState, Light } from './supervision-facts.js';
import type { CaseNo, Instant } from './vocabulary.js';

/** What the ledger keeps of clocks and cards. */

/** issued: it stands until somebody acts; appealed: somebody objected; confirmed and revoked: decided. */
export const cardStates = ['issued', 'appealed', 'confirmed', 'revoked'] as const;
export type CardState = (typeof cardStates)[number];

/** What a person may do with a card in each state. */
export const cardMoves = {
  appeal: { from: ['issued', 'confirmed'], to: 'appealed' },
  revoke: { from: ['issued', 'appealed', 'confirmed'], to: 'revoked' },
  confirm: { from: ['issued', 'appealed'], to: 'confirmed' },
} as const satisfies Record<string, { from: readonly CardState[]; to: CardState }>;
export type CardMove = keyof typeof cardMoves;

/** A card as the clock wants it. */
export interface DueCard {
  readonly object: ClockObject;
  readonly sequence: string;
  readonly level: ClockLevel;
  readonly crossedAt: Instant;
  /** In words, e.g. `7 W committed, 10 W statutory`. */
  readonly limits: string;
  readonly used: number;
  /** Facts, reading and arithmetic of that moment, as JSON. */
  readonly evidence: string;
}

export interface StoredCard {
  readonly object: ClockObject;
  readonly sequence: string;
  readonly level: ClockLevel;
  readonly issuedAt: Instant;
  /** What the last look said. */
  readonly stands: boolean;
}

/** A charge that does not follow the tariff of its day, as reconciliation found it. Amounts in fen. */
export interface TariffBreach {
  readonly differenceId: string;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly chargeNo: string;
  readonly feeItemCode: string;
  readonly feeItemName: string;
  readonly amountFen: bigint;
  readonly expectedFen?: bigint | undefined;
  readonly detail: string;
  readonly openedAt: Instant;
}

/** What a case's facts and cards are judged to be now. */
export interface JudgedClock {
  readonly state: ClockState;
  readonly level?: ClockLevel | undefined;
  readonly light: Light;
  readonly used?: number | undefined;
  readonly remaining?: number | undefined;
  readonly dueAt?: Instant | undefined;
  readonly nextAt?: Instant | undefined;
  readonly outcome?: string | undefined;
  /** When the case ended; monitored cases only. */
  readonly endedAt?: Instant | undefined;
  /** Whether time, or a change of calendar or rules, can still change anything. */
  readonly live: boolean;
  readonly faultCode?: string | undefined;
  readonly cards: readonly DueCard[];
}

/** Whether a card would still be issued with what is known today, and why not. */
export interface ExaminedCard {
  readonly stands: boolean;
  readonly note: string;
}

export interface ClockSubject {
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly body: string;
  readonly facts: CaseFacts;
}

/** The stage's arithmetic, handed to the store that runs it inside its transaction. */
export interface ClockJudge {
  readonly bodies: readonly string[];
  judge(subject: ClockSubject, now: Instant): JudgedClock;
  examine(subject: ClockSubject, card: StoredCard): ExaminedCard;
}
