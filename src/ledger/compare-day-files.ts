import { isTaken } from '../domain/return-outcomes.js';
import { compareWithControl, type ControlLine } from './judge-standing.js';
import type { ReturnFile } from './return-file-row.js';

/** A file of an accounting day beside the control file: agrees, differs, missing (listed, not here), refused, unlisted. */
export interface DayFileStanding {
  readonly fileName: string;
  readonly standing: 'agrees' | 'differs' | 'missing' | 'refused' | 'unlisted';
  readonly file: ReturnFile | undefined;
}

/** Every file that the control file lists or that came, once each; an issue that a later taken one replaced is left out. */
export function compareDayFiles(lines: readonly ControlLine[], files: readonly ReturnFile[]): DayFileStanding[] {
  const current = files.filter((f) => f.kind !== 'control' && f.isCurrent);
  const named = (name: string): ReturnFile | undefined => {
    const of = current.filter((f) => f.fileName === name);
    return of.find((f) => isTaken(f.outcome)) ?? of.at(-1);
  };
  const listed = lines.map((line): DayFileStanding => {
    const file = named(line.fileName);
    const standing = !file ? 'missing' : !isTaken(file.outcome) ? 'refused' : compareWithControl(line, { sha256: file.sha256, size: file.size, count: file.count ?? 0 }) ? 'differs' : 'agrees';
    return { fileName: line.fileName, standing, file };
  });
  const replaced = (f: ReturnFile): boolean => current.some((o) => o.fileId === f.fileId && isTaken(o.outcome) && (o.issue ?? 0) > (f.issue ?? 0));
  const others = [...new Set(current.filter((f) => !lines.some((l) => l.fileName === f.fileName) && !replaced(f)).map((f) => f.fileName))];
  return [...listed, ...others.map((fileName): DayFileStanding => ({ fileName, standing: isTaken(named(fileName)!.outcome) ? 'unlisted' : 'refused', file: named(fileName) }))];
}
