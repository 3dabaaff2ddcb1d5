import type { ControlTotals } from '../domain/reconciliation-records.js';
import { canonicalName, type ReturnedContents } from '../domain/returned-file.js';
import type { ReturnFault, ReturnOutcome } from '../domain/return-outcomes.js';
import type { Sha256 } from '../domain/vocabulary.js';

/** An issue of the same file, or a control file of the same day and issue, that was taken. */
export interface TakenFile {
  readonly inboxId: string;
  readonly fileId: string;
  readonly issue: number;
  readonly sha256: Sha256;
}

export type ControlLine = ControlTotals['files'][number];

/** What a file comes to beside what stands already. */
export type StandingVerdict =
  | { readonly how: 'take'; readonly overtaken: boolean; readonly reissue: boolean }
  | { readonly how: 'repeat'; readonly of: string }
  | { readonly how: 'refuse'; readonly outcome: ReturnOutcome; readonly faults: readonly ReturnFault[] };

/**
 * Compares a file that agrees with itself with the issues taken before and with the control file of its day, where it has come.
 * `taken` holds what was taken under its file id and, for a control file, for its day; never the entry itself.
 */
export function judgeStanding(file: { readonly contents: ReturnedContents; readonly sha256: Sha256; readonly size: number }, taken: readonly TakenFile[], control: readonly ControlLine[] | undefined): StandingVerdict {
  const { contents } = file;
  const refuse = (outcome: ReturnOutcome, expected: string): StandingVerdict => ({ how: 'refuse', outcome, faults: [{ path: '/', expected }] });
  const same = taken.find((t) => t.issue === contents.issue);
  if (same && same.sha256 === file.sha256) return { how: 'repeat', of: same.inboxId };
  if (same) return refuse('changed-content', `the bytes with SHA-256 ${same.sha256}, which were taken as issue ${same.issue}; a correction as issue ${Math.max(...taken.map((t) => t.issue)) + 1}`);
  const line = contents.kind === 'control' ? undefined : control?.find((l) => l.fileName === canonicalName(contents));
  const wrong = line && compareWithControl(line, { sha256: file.sha256, size: file.size, count: contents.count });
  if (wrong) return { how: 'refuse', outcome: 'wrong-hash', faults: wrong };
  return { how: 'take', overtaken: taken.some((t) => t.issue > contents.issue), reissue: taken.some((t) => t.issue < contents.issue) };
}

/** What a control file says otherwise of a file; undefined when they agree. */
export function compareWithControl(line: ControlLine, file: { readonly sha256: Sha256; readonly size: number; readonly count: number }): ReturnFault[] | undefined {
  const faults = [
    ...(line.size === file.size ? [] : [{ path: '/', expected: `${line.size} bytes, as the control file lists; there were ${file.size}` }]),
    ...(line.sha256 === file.sha256 ? [] : [{ path: '/', expected: `SHA-256 ${line.sha256}, as the control file lists; it was ${file.sha256}` }]),
    ...(line.count === file.count ? [] : [{ path: '/', expected: `${line.count} records, as the control file lists; there were ${file.count}` }]),
  ];
  return faults.length > 0 ? faults : undefined;
}

/** The one outcome of a file that was taken; what applies besides stands in its figures. */
export function outcomeOfTaking(facts: { readonly overtaken: boolean; readonly late: boolean; readonly reissue: boolean }): ReturnOutcome {
  return facts.overtaken ? 'overtaken' : facts.late ? 'late' : facts.reissue ? 'reissued' : 'accepted';
}
