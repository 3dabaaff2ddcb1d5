import type { Day } from '../domain/reconciliation-records.js';
import type { ReconciliationRules } from '../domain/reconciliation-rules.js';

/** What matching depends on besides the facts. */
export interface MatchContext {
  readonly rules: ReconciliationRules;
  /** In Asia/Shanghai; decides what is overdue. */
  readonly today: Day;
  /** The day after the last closed one; '' when none is closed. */
  readonly firstOpenDay: Day;
}
