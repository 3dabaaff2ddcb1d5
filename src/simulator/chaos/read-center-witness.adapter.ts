import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { XmlElement } from 'libxml2-wasm';
import type { JournalEntry, MessageEntry } from '../center/center-case.store.js';
import { childElements, decodeDocument, withDocument } from '../center/read-document.js';
import { readManifest } from '../center/read-manifest.js';
import { digestOf } from '../center/staged-files.adapter.js';
import type { CenterWitness, DiskManifest } from './witness.js';

/** Reads what lies on disk of a simulated center that stands still: journal, archive, staging directory (`<centerDir>/staging` unless told). */
export async function readCenterWitness(centerDir: string, channel: string, stagingDir = path.join(centerDir, 'staging')): Promise<CenterWitness> {
  const journal = await readJournal(path.join(centerDir, 'journal', 'import.jsonl'));
  const files = new Map<string, string>();
  const manifests: DiskManifest[] = [];
  const onDisk = (await readdir(stagingDir, { recursive: true, withFileTypes: true }).catch(ifMissing([]))).filter((e) => e.isFile()).map((e) => path.relative(stagingDir, path.join(e.parentPath, e.name)));
  for (const file of onDisk.sort()) {
    const directory = path.dirname(file);
    const isManifest = directory === 'manifest' || directory === path.join('archive', 'manifest');
    const isMessage = directory === 'in' || (directory.startsWith(`archive${path.sep}`) && !isManifest);
    if (!isManifest && !isMessage) continue;
    const bytes = await readFile(path.join(stagingDir, file)).catch(ifMissing(undefined));
    if (bytes === undefined) continue; // it went on while we looked
    if (isMessage) files.set(file, digestOf(bytes));
    else if (/^M\d+\.xml$/.test(path.basename(file))) {
      const { sequence, previous, entries } = readManifest(bytes);
      manifests.push({ path: file, seq: sequence, sha256: digestOf(bytes), previous, messages: entries.map(({ messageId, caseNo, sha256 }) => ({ messageId, caseNo, sha256 })) });
    }
  }
  const listed = new Set(journal.flatMap((e) => (e.event === 'picked-up' && e.archivedAs !== undefined ? [e.archivedAs] : [])));
  return {
    channel, journal, files, manifests: manifests.sort((a, b) => a.seq - b.seq),
    leftovers: [...files.keys()].filter((file) => file.endsWith('.part') || (file.startsWith(`in${path.sep}`) && file.endsWith('.xml') && !listed.has(file))),
    contents: await readContents(stagingDir, journal),
  };
}

/** The journal's whole lines; a line torn by a crash is no evidence. */
async function readJournal(file: string): Promise<JournalEntry[]> {
  const text = await readFile(file, 'utf8').catch(ifMissing(''));
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as JournalEntry);
}

/** Texts of every applied message whose file is in the archive, by message id. */
async function readContents(stagingDir: string, journal: readonly JournalEntry[]): Promise<Map<string, Record<string, string[]>>> {
  const places = new Map<string, string>();
  const applied: MessageEntry[] = [];
  for (const entry of journal) {
    if (entry.event === 'picked-up' && entry.archivedAs !== undefined) places.set(`${entry.manifest} ${entry.messageId}`, entry.archivedAs);
    if (entry.event === 'applied') applied.push(entry);
  }
  const contents = new Map<string, Record<string, string[]>>();
  for (const entry of applied) {
    const place = places.get(`${entry.manifest} ${entry.messageId}`);
    const bytes = place === undefined ? undefined : await readFile(path.join(stagingDir, place)).catch(ifMissing(undefined));
    if (bytes !== undefined && digestOf(bytes) === entry.sha256) contents.set(entry.messageId, flattenMessage(bytes));
  }
  return contents;
}

/** Leaf texts of a message by element path below the root, in the order of the document. */
export function flattenMessage(bytes: Uint8Array): Record<string, string[]> {
  return withDocument(decodeDocument(bytes), ({ root }) => {
    const found: Record<string, string[]> = {};
    const visit = (element: XmlElement, place: string): void => {
      const inner = childElements(element);
      if (inner.length === 0) (found[place] ??= []).push(element.content);
      for (const child of inner) visit(child, place === '' ? child.name : `${place}/${child.name}`);
    };
    visit(root, '');
    return found;
  });
}

function ifMissing<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return otherwise;
    throw error;
  };
}
