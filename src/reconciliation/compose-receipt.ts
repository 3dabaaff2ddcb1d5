import { createHash } from 'node:crypto';
import { isTaken } from '../domain/return-outcomes.js';
import type { ReturnFile } from '../ledger/return-file-row.js';
import { writeReceipt } from './write-receipt.js';

/** The receipt for a judgement, from what the ledger holds of it and nothing else. */
export function composeReceipt(file: ReturnFile): Buffer {
  const unread = file.outcome === 'too-large' || file.outcome === 'not-readable';
  return writeReceipt({
    channel: file.channel, fileName: file.fileName, size: file.size, sha256: unread ? undefined : file.sha256, fileId: file.fileId, issue: file.issue, outcome: file.outcome, faults: file.faults,
    records: isTaken(file.outcome) ? file.count : undefined, judgedAt: file.judgedAt,
  });
}

export const digestReceipt = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
