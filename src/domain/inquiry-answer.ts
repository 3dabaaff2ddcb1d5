import type { Day } from './reconciliation-records.js';
import type { CaseNo, Instant } from './vocabulary.js';

/** What a person who waits is told, in both languages; the inquiry's page and its API speak this. Days are those of Asia/Shanghai. */

export interface Words {
  readonly zh: string;
  readonly en: string;
}

/** How a case stands, as a citizen would say it. */
export type InquiryState = 'applied' | 'supplement' | 'handling' | 'suspended' | 'refused' | 'granted' | 'collected' | 'denied' | 'returned' | 'ended' | 'withdrawn' | 'void' | 'archived' | 'removed';

export interface MissingMaterials {
  readonly noticeNo?: string | undefined;
  readonly notifiedOn?: Day | undefined;
  readonly materials: readonly string[];
  readonly reason?: string | undefined;
}

export interface PaymentLine extends Words {
  readonly what: 'fee' | 'tax';
  /** Absent for a tax: the amount is the tax authority's. */
  readonly amountYuan?: string | undefined;
  /** open: still to pay; short: something is missing; checking: not compared yet. */
  readonly state: 'open' | 'short' | 'checking' | 'settled' | 'exempt';
  readonly stateText: Words;
  readonly paymentCode?: string | undefined;
}

export interface InquiryAnswer {
  readonly caseNo: CaseNo;
  readonly item: { readonly code?: string | undefined; readonly name: string };
  /** Masked, the principal first. */
  readonly applicants: readonly string[];
  readonly state: Words & { readonly code: InquiryState };
  readonly step?: (Words & { readonly since?: Day | undefined; readonly done: boolean }) | undefined;
  readonly light?: (Words & { readonly code: 'green' | 'yellow' | 'red' | 'grey' }) | undefined;
  /** `day` is absent while a suspension leaves it open; `movedFrom` is what it was before suspensions. */
  readonly promised?: (Words & { readonly day?: Day | undefined; readonly movedFrom?: Day | undefined }) | undefined;
  readonly appliedOn?: Day | undefined;
  readonly acceptedOn?: Day | undefined;
  readonly closedOn?: Day | undefined;
  readonly reason?: string | undefined;
  readonly missing: readonly MissingMaterials[];
  readonly payments: Words & { readonly state: 'none' | 'open' | 'checking' | 'settled'; readonly dueYuan?: string | undefined; readonly lines: readonly PaymentLine[] };
  readonly collect?: (Words & { readonly code: 'ready' | 'collected' | 'posted' }) | undefined;
  /** To be read aloud. */
  readonly summary: Words;
  readonly at: Instant;
}

/** Every answer that is not 2xx. Says nothing about whether a case exists. */
export interface InquiryRefusal extends Words {
  readonly error: 'bad-request' | 'no-match' | 'too-many-requests' | 'busy' | 'not-signed-on' | 'forbidden' | 'not-found';
  readonly retryAfterSeconds?: number | undefined;
}

/** What the page needs to know before anybody asks. */
export interface InquiryFace {
  readonly bureau: Words;
  readonly phone?: string | undefined;
  readonly identityDigits: number;
  readonly idleMs: number;
  readonly completed: boolean;
}

export interface CompletedLine {
  readonly day: Day;
  readonly item: { readonly code: string; readonly name: string };
  /** Masked. */
  readonly applicants: string;
  /** Masked: enough to know one's own. */
  readonly caseNo: string;
}
export interface CompletedDay {
  readonly day: Day;
  readonly lines: readonly CompletedLine[];
  /** The page after this one of the same day. */
  readonly next?: string | undefined;
  /** Nearest days on which something was completed. */
  readonly earlier?: Day | undefined;
  readonly later?: Day | undefined;
  readonly items: readonly { readonly code: string; readonly name: string }[];
}

// ---- the desk: for the person who answers the hotline ----
/** Who may: the clerk, and the roles that may see personal data anyway. */
export const deskRoles = ['clerk', 'operator', 'finance', 'administrator'] as const;
export interface DeskHit {
  readonly caseNo: CaseNo;
  readonly item: string;
  /** Masked. */
  readonly applicants: string;
  readonly state: Words;
  readonly appliedOn?: Day | undefined;
}
export interface DeskAnswer extends InquiryAnswer {
  /** Whole names: the caller is asked for theirs. */
  readonly people: readonly { readonly name: string; readonly role: Words; readonly phone?: string | undefined }[];
}
