import { createHash } from 'node:crypto';
import type { Instant, Sha256 } from '../domain/vocabulary.js';

/** What a line of the audit log says; everything but its place in the chain. */
export interface AuditFacts {
  readonly at: Instant;
  readonly actor: string;
  readonly origin: 'page' | 'cli';
  readonly address: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: 'done' | 'ordered' | 'refused' | 'failed';
  readonly detail: string;
}

/** A line as it stands in the ledger. */
export interface StoredAuditLine extends AuditFacts {
  readonly seq: number;
  readonly previous: Sha256;
  readonly hash: Sha256;
}

/** `previous` of the first line. */
export const noPreviousLine = '0'.repeat(64);

/** The canonical text of a line: a JSON array, so that no value can run into the next. */
export function canonicalLine(seq: number, previous: Sha256, f: AuditFacts): string {
  return JSON.stringify([seq, f.at, f.actor, f.origin, f.address, f.action, f.subject, f.outcome, f.detail, previous]);
}

export function hashLine(seq: number, previous: Sha256, facts: AuditFacts): Sha256 {
  return createHash('sha256').update(canonicalLine(seq, previous, facts), 'utf8').digest('hex');
}

/** Text as both engines keep it unchanged: no control characters, no half characters, no space at the end, at most `most` characters. */
export function auditText(value: string, most: number): string {
  return value.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').slice(0, most).replaceAll(/\p{Cs}/gu, '').trimEnd();
}
