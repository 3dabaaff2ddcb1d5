import { createHash } from 'node:crypto';
import type { CardDetail } from '../../domain/ops-board-api.js';
import type { Instant, Sha256 } from '../../domain/vocabulary.js';

export interface Proof {
  readonly json: string;
  /** Of the JSON, byte by byte. */
  readonly sha256: Sha256;
  readonly at: Instant;
  readonly by: string;
  readonly auditSeq: number;
  readonly auditHash: Sha256;
}

/**
 * All that is known of a card as one document: its evidence as it was issued with the hash it is kept under, what people decided,
 * whose time each message took, and the end of the audit log at this moment, so that nothing can be written in afterwards.
 */
export function composeProof(detail: CardDetail, by: { readonly at: Instant; readonly by: string; readonly auditSeq: number; readonly auditHash: Sha256 }): Proof {
  const json = `${JSON.stringify({ form: 'card-proof-1', exportedAt: by.at, exportedBy: by.by, auditLog: { lines: by.auditSeq, hash: by.auditHash }, ...detail, moves: undefined }, null, 2)}\n`;
  return { json, sha256: createHash('sha256').update(json).digest('hex'), ...by };
}
