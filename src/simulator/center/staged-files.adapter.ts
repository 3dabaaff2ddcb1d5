import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tellErrorCode } from './tell-error-code.js';
import type { ManifestEntry, ManifestFile } from './read-manifest.js';

/** A file of a manifest as it was found: its bytes and digest, or nothing where it does not exist. */
export interface FoundFile {
  readonly file: ManifestFile;
  readonly bytes: Buffer | undefined;
  readonly sha256: string | undefined;
  /** Size and digest are what the manifest says. */
  readonly matches: boolean;
}

export interface FoundEntry extends FoundFile {
  readonly entry: ManifestEntry;
  readonly attachments: readonly FoundFile[];
}

const filesAtOnce = 64;

/** Reads the files of a manifest, several at once; each is opened by its name, no directory is listed. */
export async function findEntries(dir: string, entries: readonly ManifestEntry[]): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  for (let from = 0; from < entries.length; from += filesAtOnce) {
    const part = entries.slice(from, from + filesAtOnce).map(async (entry) => ({
      ...(await findFile(dir, entry)),
      entry,
      attachments: await Promise.all(entry.attachments.map((file) => findFile(dir, file))),
    }));
    found.push(...(await Promise.all(part)));
  }
  return found;
}

/** Reads one file; any error but its absence is thrown. */
export async function findFile(dir: string, file: ManifestFile): Promise<FoundFile> {
  const bytes = await readIfThere(join(dir, file.name));
  if (bytes === undefined) return { file, bytes, sha256: undefined, matches: false };
  const sha256 = digestOf(bytes);
  return { file, bytes, sha256, matches: bytes.length === file.size && sha256 === file.sha256 };
}

/** The bytes of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (tellErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
