import type { Day, MessageBalance } from '../domain/reconciliation-records.js';
import type { Statement } from './reckon-statement.js';

/** An open item as it stands in a statement. */
export interface OpenLine {
  readonly difference: string;
  readonly item: string;
  readonly zh: string;
  readonly en: string;
  readonly caseNo: string | undefined;
  /** Of a returned record; a charge belongs to none. */
  readonly channel?: string | undefined;
  readonly reason: string;
  readonly reasonZh: string;
  readonly reasonEn: string;
  readonly nextZh: string;
  readonly nextEn: string;
  readonly aspect: string;
  readonly expectedFen: bigint | undefined;
  readonly returnedFen: bigint | undefined;
  readonly rule: string | undefined;
  readonly criterion: string | undefined;
  readonly firstDay: Day;
  readonly ageDays: number;
  readonly refersToDay: Day | undefined;
  readonly assignedTo: string | undefined;
}

/** Something that keeps a day open, named so that a person can find it. */
export interface Obstacle {
  readonly code: 'unexamined' | 'nowhere' | 'twice' | 'off' | 'control-differs' | 'control-missing' | 'file-differs' | 'not-in-order' | 'not-over';
  readonly zh: string;
  readonly en: string;
}

/** A day's statement with all that was known of it at one moment; what is kept when the day is closed. */
export interface StatementRecord {
  readonly day: Day;
  readonly judgedAt: string;
  readonly statement: Statement;
  /** Why it cannot be closed; empty when it can. */
  readonly obstacles: readonly Obstacle[];
  /** Why it was closed although a channel sent no control file. */
  readonly withoutControl: string | undefined;
  readonly openLines: readonly OpenLine[];
  /** Open items beyond those listed. */
  readonly unlisted: number;
  readonly messages: readonly MessageBalance[];
}

/** The record as JSON; money as text of fen. */
export function writeStatementRecord(record: StatementRecord): string {
  return JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** What writeStatementRecord wrote. */
export function readStatementRecord(text: string): StatementRecord {
  return JSON.parse(text, (key, value: unknown) => ((key === 'fen' || key.endsWith('Fen')) && typeof value === 'string' ? BigInt(value) : value)) as StatementRecord;
}
