import type { CaseSnapshot, Row } from '../../domain/snapshot.js';
import type { ChildName, TableName } from './bureau-tables.js';

/** Bytes of a scanned file; they lie in `land_material.file_content` beside the row of the same number. */
export interface MaterialFile {
  readonly materialNo: string;
  readonly content: Uint8Array;
  /** MD5 of the content, 32 hexadecimal digits. */
  readonly md5: string;
}

/** What is odd about an awkward case; null for an ordinary one. */
export const awkwardKinds = [
  'rare-characters', 'lost-character', 'private-use-character', 'trailing-blanks', 'control-character', 'line-breaks',
  'xml-markup', 'blank-opinion', 'missing-opinion', 'wrong-check-digit', 'old-identity-number', 'old-organisation-code',
  'unknown-item-code', 'landline-phone', 'name-too-long', 'step-ends-before-start', 'closed-before-accepted',
  'special-without-notice', 'overlapping-specials', 'statistical-division', 'wrong-unit-code', 'many-applicants',
  'wrong-file-signature', 'missing-file',
] as const;
export type AwkwardKind = (typeof awkwardKinds)[number];

/** An invented case: rows as text with the column names of config/streams/case.yaml, as the gateway would snapshot them. */
export interface CaseRecord {
  readonly caseNo: string;
  readonly case: Row;
  readonly children: Readonly<Record<ChildName, readonly Row[]>>;
  readonly files: readonly MaterialFile[];
  /** Bureau time of the last thing that happened to it. */
  readonly at: string;
  readonly awkward: AwkwardKind | null;
}

/** One row written in the bureau. Values hold only the columns that are set; `key` is null for the case row itself. */
export interface RowChange {
  readonly operation: 'insert' | 'update' | 'delete';
  readonly table: TableName;
  readonly key: string | null;
  readonly values: Row;
  /** Content of the scanned file that comes with an inserted material. */
  readonly file?: MaterialFile;
}

/** What can happen to a case, each the work of one transaction in the bureau. */
export const stages = [
  'supplement-notice', 'supplement-received', 'accept', 'refuse', 'step-open', 'step-done', 'special-start', 'special-end',
  'charge', 'close', 'certify', 'pickup', 'withdraw', 'void',
] as const;
export type Stage = (typeof stages)[number];

/** How far the invented cases have come. The generator's `mixed` has all in believable shares. */
export const reaches = ['applied', 'supplement', 'accepted', 'handling', 'special', 'closed', 'picked-up', 'refused', 'withdrawn', 'void'] as const;
export type Reach = (typeof reaches)[number];

/** One stage of a case: when, which rows change, and the case afterwards. */
export interface StageChange {
  readonly stage: Stage;
  readonly at: string;
  readonly changes: readonly RowChange[];
  readonly record: CaseRecord;
}

/** The record as the gateway snapshots it in stream `case`: a column without a value is absent. */
export function toSnapshot(record: CaseRecord): CaseSnapshot {
  const children = Object.fromEntries(Object.entries(record.children).map(([child, rows]) => [child, rows.map(withoutNulls)]));
  return { stream: 'case', caseNo: record.caseNo, case: withoutNulls(record.case), children };
}

function withoutNulls(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
