import type { CaseSettlementFacts } from '../domain/case-clearance.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { CaseFacts, Light } from '../domain/supervision-facts.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';

/** What the inquiry keeps of a case: how it is found and what may be published of it. */
export interface FollowedCase {
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly snapshotId: string;
  readonly state: string;
  readonly itemCode: string | undefined;
  readonly itemName: string | undefined;
  /** Masked. */
  readonly applicants: string;
  readonly appliedOn: Day | undefined;
  /** The day of its closing, where it was closed in favour of the applicant. */
  readonly grantedOn: Day | undefined;
  readonly certificateOn: Day | undefined;
  /** As they are searched for. */
  readonly names: readonly string[];
  readonly proofs: readonly { readonly kind: 'password' | 'identity'; readonly digest: string }[];
}

/** A charge or an expected tax in force, by the id that the clearance knows it by. */
export interface DueName {
  readonly id: string;
  readonly kind: 'fee' | 'tax';
  readonly name: string;
  /** Taxes only: transferor or transferee. */
  readonly party?: string | undefined;
  readonly fen?: bigint | undefined;
  readonly exempt: boolean;
  readonly paymentCode?: string | undefined;
}

/** All that the ledger holds of a case for the person who waits. */
export interface InquiryFacts {
  readonly caseNo: CaseNo;
  /** Undefined once retention has emptied it. */
  readonly snapshot: CaseSnapshot | undefined;
  readonly followed: { readonly itemCode?: string | undefined; readonly itemName?: string | undefined; readonly applicants: string; readonly state: string; readonly grantedOn?: Day | undefined };
  readonly removed: boolean;
  /** Undefined where the case is not supervised. */
  readonly clock: { readonly body: string; readonly light: Light; readonly dueAt?: Instant | undefined; readonly facts: CaseFacts } | undefined;
  readonly due: readonly DueName[];
  readonly settlement: CaseSettlementFacts | undefined;
}

/** A case as lists of the inquiry show it; masked. */
export interface InquiryLine {
  readonly caseNo: CaseNo;
  readonly itemCode: string;
  readonly itemName: string;
  readonly applicants: string;
  readonly state: string;
  readonly appliedOn?: Day | undefined;
}
