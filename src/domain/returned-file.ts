import type { ControlTotals, Day, FeeRecord, TaxRecord } from './reconciliation-records.js';
import type { ReturnKind } from './return-language.js';
import type { ReturnFault, ReturnOutcome } from './return-outcomes.js';
import type { Opinion, SupervisionQuery } from './supervision-opinion.js';

/** What a file calls itself; as much of it as could be read. */
export interface ReturnedHead {
  readonly message: string;
  readonly kind: ReturnKind;
  readonly fileId: string;
  readonly issue: number;
  readonly day: Day;
}

/** What a file holds, whole and agreeing with itself. */
export interface ReturnedContents extends ReturnedHead {
  readonly fees?: readonly Omit<FeeRecord, 'id' | 'channel'>[];
  readonly taxes?: readonly Omit<TaxRecord, 'id' | 'channel'>[];
  readonly control?: Omit<ControlTotals, 'channel'>;
  readonly opinions?: readonly Opinion[];
  readonly queries?: readonly SupervisionQuery[];
  /** Records of every status; files listed, in a control file. */
  readonly count: number;
}

/** A file judged by itself, before it is compared with what stands already. */
export type JudgedFile =
  | { readonly ok: true; readonly contents: ReturnedContents }
  | { readonly ok: false; readonly outcome: ReturnOutcome; readonly faults: readonly ReturnFault[]; readonly head?: ReturnedHead | undefined };

/** The name that a file has to have; files that come over HTTP have no other. */
export const canonicalName = (head: Pick<ReturnedHead, 'fileId' | 'issue'>): string => `${head.fileId}.${head.issue}.xml`;

/**
 * A plain receipt name that only this judgement of these bytes has, whatever the file was called. The outcome is part of it, so
 * that a receipt that lies there under this name says the same.
 */
export function nameReceipt(fileName: string, sha256: string, judgement: number, outcome: ReturnOutcome): string {
  const stem = fileName.replace(/\.xml$/i, '').replace(/[^0-9A-Za-z_-]+/g, '_').slice(0, 100) || 'file';
  return `${stem}.${sha256.slice(0, 12)}.${judgement}.${outcome}.receipt.xml`;
}
