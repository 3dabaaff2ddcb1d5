import type { CaseSnapshot, Row } from './snapshot.js';

/** A channel's wish for one event of a stream, with the digest of exactly what its mapping would send. */
export interface Subscription {
  readonly channel: string;
  readonly stream: string;
  readonly event: string;
  /** Child whose scanned files travel with the message. */
  readonly attachments?: string | undefined;
  /** Canonical text of every value that the mapping reads; equal text means equal message. */
  digestInput(snapshot: CaseSnapshot, item: Row | undefined): string;
}
