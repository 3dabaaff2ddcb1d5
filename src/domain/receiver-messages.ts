/** Facts of a message that mappings read under `message.` and that manifests carry. */
import type { Operation } from './vocabulary.js';

export interface MessageFacts {
  readonly id: string;
  readonly channel: string;
  readonly event: string;
  readonly version: number;
  readonly operation: Operation;
  /** Bureau time of the event, `YYYY-MM-DD hh:mm:ss.fff`. */
  readonly at: string;
  readonly sequence: string;
}

/** Facts of an exchange that its message id is made of, or that tell whether the bureau says something new since. */
export interface ManifestRecovery {
  readonly sequence: string;
  readonly operation: Operation;
  /** Bureau time of the event. */
  readonly at: string;
  /** Digest of exactly what was reported: equal digest, nothing to report again. */
  readonly digest: string;
}

/** One line of a manifest. Written last, after every file it names was verified under its final name. */
export interface ManifestLine {
  readonly messageId: string;
  readonly message: string;
  readonly caseNo: string;
  readonly version: number;
  /** What a ledger that lost this exchange is recovered from, beside what the receiver needs. */
  readonly recovery: ManifestRecovery;
  readonly fileName: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** Scanned files that this message names; they arrived before it. */
  readonly attachments: readonly { readonly fileName: string; readonly size: number; readonly sha256: string }[];
}

/** How far the receiver has come with a message. */
export const acknowledgementLevels = ['picked-up', 'accepted', 'refused'] as const;
export type AcknowledgementLevel = (typeof acknowledgementLevels)[number];

/** One acknowledgement as it was read from XML, JSON or a file. */
export interface Acknowledgement {
  readonly messageId: string;
  readonly level: AcknowledgementLevel;
  /** SHA-256 of the file that the receiver means; optional, a differing one is a contradiction. */
  readonly sha256?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** The receiver's own time, any of the accepted datetime forms, kept as it came. */
  readonly at?: string | undefined;
}
