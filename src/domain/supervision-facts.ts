import type { Saying } from './clock-sayings.js';
import type { Day } from './reconciliation-records.js';
import type { CaseNo, Instant } from './vocabulary.js';

/** What the clock of a case reads and what it says. Instants are UTC ISO text; nothing here names a person. */

/** W working days, N calendar days, H working hours, I immediate. */
export type LimitUnit = 'W' | 'N' | 'H' | 'I';

export interface Limit {
  readonly length: number;
  readonly unit: LimitUnit;
}

/** Both limits of a case as they were in force on the day of its acceptance. */
export interface CaseLimits {
  readonly committed?: Limit | undefined;
  readonly statutory?: Limit | undefined;
  /** The letter that set them, or where else they come from. */
  readonly source: string;
  /** Where the bureau's row says otherwise. */
  readonly note?: string | undefined;
}

/** A supplement 补正 or special procedure 特别程序 of a case. */
export interface Pause {
  readonly kind: 'supplement' | 'special';
  readonly sequence: string;
  readonly title: string;
  readonly from: Instant;
  readonly until?: Instant | undefined;
  /** Approved length; special procedures only. */
  readonly approved?: Limit | undefined;
  readonly noticeNo?: string | undefined;
}

export interface StepFact {
  readonly sequence: string;
  readonly stage: string;
  readonly from: Instant;
  readonly until?: Instant | undefined;
}

/** All that the clock knows of a case. */
export interface CaseFacts {
  readonly itemCode?: string | undefined;
  readonly section?: string | undefined;
  /** The window or office that accepted it. */
  readonly office?: string | undefined;
  readonly source?: string | undefined;
  readonly appliedAt?: Instant | undefined;
  readonly acceptedAt?: Instant | undefined;
  readonly refusedAt?: Instant | undefined;
  readonly withdrawnAt?: Instant | undefined;
  readonly closedAt?: Instant | undefined;
  /** Bureau code of the result: PASS DENY RETURN VOID EXPIRED OTHER. */
  readonly result?: string | undefined;
  /** Gone from the bureau. */
  readonly removedAt?: Instant | undefined;
  readonly limits?: CaseLimits | undefined;
  readonly pauses: readonly Pause[];
  readonly steps: readonly StepFact[];
  /** Day of the first certificate. */
  readonly certificateOn?: Day | undefined;
}

export type CaseOutcome = 'closed' | 'withdrawn' | 'refused' | 'void' | 'returned' | 'removed';

/** Levels in the order of their weight. */
export const clockLevels = ['warning', 'yellow', 'red'] as const;
export type ClockLevel = (typeof clockLevels)[number];

/** What is measured: the case, one of its special procedures or steps, the certificate after it, the time before acceptance; and, not measured in time, a charge outside the tariff. */
export const clockObjects = ['case', 'special', 'certificate', 'pre-acceptance', 'step', 'charge'] as const;
export type ClockObject = (typeof clockObjects)[number];

/** A level hides a suspension only from yellow on: what is late stays late while it is suspended. */
export type ClockState = 'green' | 'warning' | 'yellow' | 'red' | 'suspended' | 'closed' | 'not-monitored';
export type Light = 'green' | 'yellow' | 'red' | 'grey' | 'none';

export interface ReadLimit {
  readonly name: 'committed' | 'statutory';
  readonly limit: Limit;
  /** In the unit of the limit, rounded as the rules say. */
  readonly used: number;
  readonly remaining: number;
  /** The last moment in time; undefined while a suspension without end leaves it open, or where the calendar ends before. */
  readonly dueAt?: Instant | undefined;
}

/** A level and when it was or will be reached as things stand now. */
export interface Crossing {
  readonly level: ClockLevel;
  readonly limit: 'committed' | 'statutory';
  readonly at: Instant;
}

/** One object at one moment. */
export interface ObjectReading {
  readonly object: ClockObject;
  readonly sequence: string;
  readonly state: ClockState;
  readonly light: Light;
  /** The highest level reached; a closed object keeps the one it had reached. */
  readonly level?: ClockLevel | undefined;
  /** Why it is not monitored, or how it ended. */
  readonly because?: string | undefined;
  readonly startsAt?: Instant | undefined;
  readonly endedAt?: Instant | undefined;
  readonly limits: readonly ReadLimit[];
  readonly reached: readonly Crossing[];
  /** The next moment at which state or level changes by time alone. */
  readonly nextAt?: Instant | undefined;
}

/** A case at one moment under one rule set. */
export interface ClockReading {
  readonly body: string;
  readonly ruleVersion: string;
  readonly calendarVersion: string;
  readonly at: Instant;
  readonly outcome?: CaseOutcome | undefined;
  /** The case first, then what else is measured. */
  readonly objects: readonly ObjectReading[];
  /** The earliest of all; undefined when nothing changes any more without an event. */
  readonly nextAt?: Instant | undefined;
  /** Set where the calendar ends before that: the first moment it does not hold. */
  readonly calendarEndsAt?: Instant | undefined;
}

/** One line of the arithmetic. */
export interface ExplainedLine {
  readonly kind: 'note' | 'interval' | 'result';
  readonly from?: Instant | undefined;
  readonly until?: Instant | undefined;
  readonly counts?: boolean | undefined;
  /** In English; `saying` is the same for any language. Lines of old evidence have the text alone. */
  readonly text: string;
  readonly saying?: Saying | undefined;
  /** What this interval adds, and the sum so far: `0 d 4:30:00`. */
  readonly added?: string | undefined;
  readonly sum?: string | undefined;
}

/** The arithmetic of one limit of one object, from its start to the moment asked for. */
export interface Explanation {
  readonly object: ClockObject;
  readonly sequence: string;
  readonly lines: readonly ExplainedLine[];
}

export interface CaseKey {
  readonly stream: string;
  readonly caseNo: CaseNo;
}
