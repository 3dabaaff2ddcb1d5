import type { CaseNo, Instant } from './vocabulary.js';

/**
 * A bureau row. Every value is text, cast in SQL; a column that is null is absent or null, which mean the same: integers and decimals in plain notation, dates `YYYY-MM-DD`,
 * datetimes `YYYY-MM-DD hh:mm:ss.fff` in bureau time (Asia/Shanghai, no zone), booleans `1`/`0`.
 */
export type Row = Readonly<Record<string, string | null>>;

/** One case with its children as of one moment in the bureau. */
export interface CaseSnapshot {
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly case: Row;
  /** Child rows by child name, in the order of the child's key. */
  readonly children: Readonly<Record<string, readonly Row[]>>;
  /** Set when the case is gone from the bureau; the rest is then the last snapshot seen. */
  readonly removedAt?: Instant;
}

/** A snapshot as the ledger keeps it. */
export interface SnapshotText {
  readonly stream: string;
  readonly caseNo: CaseNo;
  /** JSON of case and children. */
  readonly body: string;
}

export function readSnapshot({ stream, caseNo, body }: SnapshotText): CaseSnapshot {
  return { ...(JSON.parse(body) as Pick<CaseSnapshot, 'case' | 'children'>), stream, caseNo };
}
