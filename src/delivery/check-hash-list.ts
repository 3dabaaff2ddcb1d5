import type { PackageFile } from './write-hand-over.js';

export interface HashCheck {
  readonly matching: number;
  readonly differing: readonly { readonly path: string; readonly expected: string; readonly received: string }[];
  readonly missing: readonly string[];
  /** Lines about files that are not of the package. */
  readonly others: number;
  /** Lines that are no hash and path. */
  readonly unreadable: readonly number[];
}

/** The text of a list of hashes; PowerShell writes UTF-16 with a byte order mark. */
export function decodeHashList(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/**
 * Compares a list of hashes as the receiving side computed it with what the package holds. Paths may be of any kind of
 * system: files are known by their names, which are unique in a package; a name that stands twice has to match twice.
 */
export function checkHashList(text: string, files: readonly PackageFile[]): HashCheck {
  const received = new Map<string, string[]>();
  const unreadable: number[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const parsed = /^\\?([0-9a-fA-F]{64})\s+\*?(.+?)\s*$/.exec(line);
    if (parsed === null) return void unreadable.push(i + 1);
    const name = baseName(parsed[2]!);
    received.set(name, [...(received.get(name) ?? []), parsed[1]!.toLowerCase()]);
  });
  const differing: HashCheck['differing'][number][] = [];
  const missing: string[] = [];
  let matching = 0;
  for (const file of files) {
    const hashes = received.get(baseName(file.path));
    received.delete(baseName(file.path));
    const other = hashes?.find((h) => h !== file.sha256);
    if (hashes === undefined) missing.push(file.path);
    else if (other !== undefined) differing.push({ path: file.path, expected: file.sha256, received: other });
    else matching += 1;
  }
  return { matching, differing, missing, others: received.size, unreadable };
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1)!;
}
