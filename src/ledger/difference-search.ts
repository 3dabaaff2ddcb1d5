import type { ItemKind, ReasonCode } from '../domain/reconciliation-outcomes.js';
import type { Day } from '../domain/reconciliation-records.js';

/** What a page of differences is asked by; everything that is given must hold. */
export interface DifferenceSearch {
  readonly state: 'open' | 'closed' | 'all';
  readonly reasons?: readonly ReasonCode[] | undefined;
  readonly kinds?: readonly ItemKind[] | undefined;
  readonly caseNo?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  /** Null: nobody looks after it. */
  readonly assigned?: string | null | undefined;
  /** Days of items before this one. */
  readonly before?: Day | undefined;
  readonly refersTo?: Day | undefined;
  /** The last line of the page before. */
  readonly after?: { readonly day: Day; readonly id: string } | undefined;
}
