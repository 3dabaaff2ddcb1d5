import type { Sha256 } from '../domain/vocabulary.js';
import { hashLine, noPreviousLine, type StoredAuditLine } from './write-audit-line.js';

/** What is wrong with the audit log, and where. */
export interface AuditFault {
  readonly kind: 'altered' | 'removed' | 'inserted' | 'anchor';
  /** First line concerned. */
  readonly seq: number;
  readonly text: string;
}

/** The head of the chain as something else holds it: a manifest at the center. */
export interface AuditAnchor {
  readonly seq: number;
  readonly hash: Sha256;
  readonly where: string;
}

/** What a manifest anchors, in the bytes of its beginning; undefined where it anchors nothing. */
export function readAnchor(beginning: Buffer, where: string): AuditAnchor | undefined {
  const found = / AUDIT="(\d{1,15}):([0-9a-f]{64})"/.exec(beginning.subarray(0, 600).toString('latin1'));
  return found ? { seq: Number(found[1]), hash: found[2]!, where } : undefined;
}

/** How far numbers are tried when somebody renumbered lines to hide a gap. */
const renumberedBy = [0, 1, -1, 2, -2, 3, -3];

/** Goes through the chain from its first line; `head` is what the ledger says is the last. Lines come in the order of their numbers. */
export async function verifyAudit(lines: AsyncIterable<StoredAuditLine>, head: { readonly seq: number; readonly hash: Sha256 }, anchors: readonly AuditAnchor[]): Promise<{ readonly lines: number; readonly faults: readonly AuditFault[] }> {
  const faults: AuditFault[] = [];
  const wanted = new Map(anchors.map((a) => [a.seq, a]));
  let before = { seq: 0, hash: noPreviousLine };
  // How many numbers later the lines stand now than when they were written.
  let shift = 0;
  let count = 0;
  const look = (line: StoredAuditLine, next: StoredAuditLine | undefined): void => {
    count += 1;
    const anchor = wanted.get(line.seq - shift);
    if (next !== undefined && line.hash !== next.previous && next.previous === before.hash) {
      faults.push({ kind: 'inserted', seq: line.seq, text: `line ${line.seq} was inserted: the line after it follows the one before it` });
      // Where the later lines kept their numbers, nothing has to be reckoned with.
      shift += hashLine(next.seq - shift, next.previous, next) === next.hash ? 0 : 1;
      return;
    }
    const written = renumberedBy.map((d) => shift + d).find((d) => hashLine(line.seq - d, line.previous, line) === line.hash);
    const original = line.seq - (written ?? shift);
    const gap = original - before.seq - 1;
    if (written === undefined) faults.push({ kind: 'altered', seq: line.seq, text: `line ${line.seq} was altered: its text and its hash do not agree` });
    if (gap > 0) faults.push({ kind: 'removed', seq: before.seq + 1, text: gap === 1 ? `line ${before.seq + 1} was removed` : `lines ${before.seq + 1} to ${original - 1} were removed` });
    else if (gap < 0) faults.push({ kind: 'inserted', seq: line.seq, text: `line ${line.seq} was inserted: its number was given before` });
    else if (line.previous !== before.hash) faults.push({ kind: 'altered', seq: before.seq, text: `line ${before.seq} was altered and its hash made anew: line ${line.seq} was written after another one` });
    if (anchor && anchor.hash !== line.hash) faults.push({ kind: 'anchor', seq: line.seq, text: `line ${line.seq} is not what ${anchor.where} anchored: the chain was written anew up to there` });
    wanted.delete(original);
    if (written !== undefined) shift = written;
    before = { seq: original, hash: line.hash };
  };
  let held: StoredAuditLine | undefined;
  for await (const line of lines) {
    if (held) look(held, line);
    held = line;
  }
  if (held) look(held, undefined);
  if (before.seq < head.seq) faults.push({ kind: 'removed', seq: before.seq + 1, text: before.seq + 1 === head.seq ? `line ${head.seq}, the last, was removed` : `lines ${before.seq + 1} to ${head.seq}, the last, were removed` });
  else if (before.seq > head.seq) faults.push({ kind: 'inserted', seq: head.seq + 1, text: `line ${head.seq + 1} was inserted after the last one` });
  else if (before.hash !== head.hash) faults.push({ kind: 'altered', seq: before.seq, text: `line ${before.seq}, the last, is not the one that was written last` });
  for (const a of wanted.values()) if (a.seq > before.seq) faults.push({ kind: 'anchor', seq: a.seq, text: `line ${a.seq}, which ${a.where} anchored, is not there: lines at the end were removed` });
  return { lines: count, faults };
}
