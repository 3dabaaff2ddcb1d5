import type { Day } from '../domain/reconciliation-records.js';
import type { ReturnKind } from '../domain/return-language.js';
import type { ReturnFault, ReturnOutcome } from '../domain/return-outcomes.js';
import type { ChannelName, Instant, Sha256 } from '../domain/vocabulary.js';
import { instantText } from './exchange-row.js';

/** One judgement of one returned file; the current one of an entry is its latest. */
export interface ReturnFile {
  readonly id: string;
  readonly channel: ChannelName;
  readonly inboxId: string;
  readonly judgement: number;
  readonly source: 'http' | 'file';
  readonly fileName: string;
  readonly kind: ReturnKind | undefined;
  readonly fileId: string | undefined;
  readonly issue: number | undefined;
  readonly day: Day | undefined;
  readonly size: number;
  readonly sha256: Sha256;
  readonly count: number | undefined;
  readonly outcome: ReturnOutcome;
  readonly faults: readonly ReturnFault[];
  readonly figures: Readonly<Record<string, unknown>> | undefined;
  readonly judgedAt: Instant;
  readonly isCurrent: boolean;
  readonly receiptName: string;
  readonly receiptDueAt: Instant | undefined;
  readonly receiptAttempts: number;
  readonly receiptWrittenAt: Instant | undefined;
  readonly receiptFailure: string | undefined;
}

export function returnFile(r: Record<string, unknown>): ReturnFile {
  const text = (name: string): string | undefined => (r[name] === null ? undefined : String(r[name]));
  const number = (name: string): number | undefined => (r[name] === null ? undefined : Number(r[name]));
  const instant = (name: string): Instant | undefined => (r[name] === null ? undefined : instantText(r[name]));
  return {
    id: String(r['id']), channel: String(r['channel']), inboxId: String(r['inbox_id']), judgement: Number(r['judgement']), source: String(r['source']) as ReturnFile['source'], fileName: String(r['file_name']),
    kind: text('kind') as ReturnKind | undefined, fileId: text('file_id'), issue: number('issue'), day: text('day'), size: Number(r['size']), sha256: String(r['sha256']), count: number('record_count'),
    outcome: String(r['outcome']) as ReturnOutcome, faults: JSON.parse(String(r['faults'])) as ReturnFault[], figures: r['figures'] === null ? undefined : (JSON.parse(String(r['figures'])) as Record<string, unknown>),
    judgedAt: instantText(r['judged_at']), isCurrent: Number(r['is_current']) === 1, receiptName: String(r['receipt_name']), receiptDueAt: instant('receipt_due_at'), receiptAttempts: Number(r['receipt_attempts']),
    receiptWrittenAt: instant('receipt_written_at'), receiptFailure: text('receipt_failure'),
  };
}
