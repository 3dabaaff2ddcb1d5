import { createHash } from 'node:crypto';
import type { CaseNo } from '../domain/vocabulary.js';
import type { CaseMarks, Position } from './bureau-marks.js';

/** Cases of one bucket, summed up so that neither their order nor how they were paged matters. */
export interface BucketSum {
  readonly cases: number;
  /** 64 hexadecimal digits. */
  readonly digest: string;
}

/** A bucket as it looked on both sides when all its cases were last found equal. */
export interface VerifiedBucket {
  readonly bureau: string;
  readonly ledger: string;
}

/**
 * The bucket of a case: its number without the last two characters. Neighbours share one, because what changes on a day lies
 * close together; a bucket of a hash would spread a day's changes over all of them.
 */
export const bucketOf = (caseNo: CaseNo): string => caseNo.slice(0, -2);

/** Sums up cases bucket by bucket: the exclusive or of one digest a case, so memory does not grow with the cases. */
export class BucketSums {
  private readonly sums = new Map<string, { cases: number; sum: Buffer }>();

  add(caseNo: CaseNo, facts: string): void {
    const bucket = bucketOf(caseNo);
    const digest = createHash('sha256').update(`${caseNo}\u0000${facts}`).digest();
    const known = this.sums.get(bucket);
    if (!known) {
      this.sums.set(bucket, { cases: 1, sum: digest });
      return;
    }
    known.cases += 1;
    for (let i = 0; i < digest.length; i += 4) known.sum.writeInt32LE(known.sum.readInt32LE(i) ^ digest.readInt32LE(i), i);
  }

  result(): Map<string, BucketSum> {
    return new Map([...this.sums].map(([bucket, { cases, sum }]) => [bucket, { cases, digest: sum.toString('hex') }]));
  }
}

/** The buckets of which not both sides look as they did when they were last found equal. */
export function differingBuckets(bureau: ReadonlyMap<string, BucketSum>, ledger: ReadonlyMap<string, BucketSum>, verified: ReadonlyMap<string, VerifiedBucket>): Set<string> {
  const out = new Set<string>();
  for (const bucket of new Set([...bureau.keys(), ...ledger.keys()])) {
    const seen = verified.get(bucket);
    if (seen === undefined || seen.bureau !== bureau.get(bucket)?.digest || seen.ledger !== ledger.get(bucket)?.digest) out.add(bucket);
  }
  return out;
}

/** The marks of a case as one text: equal text, nothing was written, added or taken away. */
export function marksText(marks: CaseMarks): string {
  return Object.keys(marks).sort().map((name) => `${name}=${marks[name]!.rows}@${marks[name]!.mark ?? ''}`).join(';');
}

/** Whether a case has a row that polls have not come to yet: then it is not missing, it is due. */
export function isDue(marks: CaseMarks, position: Position, compare: (a: string, b: string) => number, mode: 'rowversion' | 'timestamp'): boolean {
  return Object.entries(marks).some(([name, { mark }]) => {
    if (mark === undefined) return false;
    const read = position[name]?.[0];
    if (read === undefined) return true;
    // Rowversions are read below the position; times up to and with it.
    return mode === 'rowversion' ? compare(mark, read) >= 0 : compare(mark, read) > 0;
  });
}

/** Events that a case should have reported by its snapshot and of which the ledger has no exchange. */
export function missingEvents<T extends { readonly channel: string; readonly event: string; readonly sequence: string }>(derived: readonly T[], known: ReadonlySet<string>): T[] {
  return derived.filter((e) => !known.has(eventKey(e)));
}

export const eventKey = (e: { readonly channel: string; readonly event: string; readonly sequence: string }): string => `${e.channel}\u0000${e.event}\u0000${e.sequence}`;
