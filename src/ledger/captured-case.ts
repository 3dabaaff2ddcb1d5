import type { SearchKeys } from '../domain/search-keys.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { DerivedEvent } from './plan-exchanges.js';

/** A case as it was read, ready to be recorded. */
export interface CapturedCase {
  readonly caseNo: CaseNo;
  /** JSON of the snapshot. */
  readonly body: string;
  /** SHA-256 of body. */
  readonly digest: string;
  /** How many rows each child has; a row that is deleted leaves no other trace. */
  readonly childCounts?: string;
  readonly events: readonly DerivedEvent[];
  /** What people look it up by. */
  readonly keys?: SearchKeys;
}
