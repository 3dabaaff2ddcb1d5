import type { ExchangeState } from '../domain/exchange-states.js';
import type { MirrorFinding } from '../domain/mirror-findings.js';

/** A regular file as the staging machine lists it; `mtimeMs` only says whether it changed. */
export interface ListedFile {
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A file of ours by the ledger: a message or one of its attachments. */
export interface LedgerFile {
  readonly name: string;
  readonly exchangeId: string;
  readonly state: ExchangeState;
  /** The manifest that lists it, if one does. */
  readonly manifestSeq?: string | undefined;
  /** Bytes; undefined where the bytes are not in the ledger any more. */
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  readonly sinceMs: number;
}

export interface LedgerManifest {
  readonly seq: string;
  readonly name: string;
  readonly sha256: string;
  readonly stagedMs: number;
  /** Exchanges it lists that are staged and that the receiver has said nothing of. */
  readonly waiting: number;
}

/** Both sides of a channel at one look. */
export interface MirrorView {
  readonly outboxDir: string;
  readonly manifestDir: string;
  /** Undefined where the directory could not be listed: then nothing is said of it. */
  readonly outbox?: readonly ListedFile[] | undefined;
  readonly manifests?: readonly ListedFile[] | undefined;
  /** Staged files, and whatever else the ledger knows of the names that lie there. */
  readonly files: readonly LedgerFile[];
  readonly ledgerManifests: readonly LedgerManifest[];
  /** Sizes by name of what the receiver put into its archive; undefined where it cannot be read. */
  readonly archive?: ReadonlyMap<string, readonly number[]> | undefined;
  /** Names that an earlier look, a while ago, did not find either while their manifest lay there. */
  readonly absentBefore?: ReadonlySet<string> | undefined;
  /** By `directory/name`, of what was read. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Exchange and name by hash, of messages whose files do not lie there. */
  readonly byHash: ReadonlyMap<string, { readonly exchangeId: string; readonly name: string }>;
  readonly nowMs: number;
  readonly overdueMs: number;
}

/** Staged files that do not lie there although the manifest that lists them does: the receiver takes a manifest last or not at all. */
export function absentWithManifest(view: MirrorView): string[] {
  if (view.outbox === undefined || view.manifests === undefined) return [];
  const listed = new Set(view.outbox.map((f) => f.name));
  const there = new Set(view.manifests.map((f) => f.name));
  const seqs = new Set(view.ledgerManifests.filter((m) => there.has(m.name)).map((m) => m.seq));
  return view.files.filter((f) => f.state === 'staged' && f.manifestSeq !== undefined && seqs.has(f.manifestSeq) && !listed.has(f.name)).map((f) => f.name);
}

export const placeOf = (directory: string, name: string): string => `${directory}/${name}`;

/** Compares what lies in the outbox and the manifest directory with what the ledger says of them. */
export function compareMirror(view: MirrorView): MirrorFinding[] {
  return [...compareOutbox(view), ...compareManifests(view)];
}

/** Names in a listing of which the ledger knows nothing: their content says whether they are copies. */
export function unknownFiles(view: MirrorView): { directory: string; file: ListedFile }[] {
  const files = new Set(view.files.map((f) => f.name));
  const manifests = new Set(view.ledgerManifests.map((m) => m.name));
  return [
    ...(view.outbox ?? []).filter((f) => !files.has(f.name)).map((file) => ({ directory: view.outboxDir, file })),
    ...(view.manifests ?? []).filter((f) => !manifests.has(f.name)).map((file) => ({ directory: view.manifestDir, file })),
  ];
}

/** Files of ours whose size is right, so that only their content can tell whether they are whole. */
export function verifiableFiles(view: MirrorView): { directory: string; file: ListedFile }[] {
  const expected = new Map(view.files.filter((f) => f.state === 'staged').map((f) => [f.name, f]));
  const manifests = new Set(view.ledgerManifests.filter((m) => m.waiting > 0).map((m) => m.name));
  return [
    ...(view.manifests ?? []).filter((f) => manifests.has(f.name)).map((file) => ({ directory: view.manifestDir, file })),
    ...(view.outbox ?? []).filter((f) => expected.get(f.name)?.size === f.size).map((file) => ({ directory: view.outboxDir, file })),
  ];
}

/** What the receiver itself says it read otherwise, unless the look has told it of the exchange already. */
export function tellMisread(directory: string, misread: readonly { exchangeId: string; fileName: string; manifestSeq: string; level: string; code?: string | undefined; sha256: string }[], found: readonly MirrorFinding[]): MirrorFinding[] {
  const told = new Set(found.map((f) => f.exchangeId));
  const findings = new Map<string, MirrorFinding>();
  for (const { exchangeId, fileName, manifestSeq, level, code, sha256 } of misread) {
    if (told.has(exchangeId)) continue;
    const said = `${level}${code === undefined ? '' : ` (${code})`}`;
    const before = findings.get(exchangeId);
    findings.set(exchangeId, { kind: 'misread', directory, name: fileName, exchangeId, manifestSeq, sha256, detail: before === undefined ? `what was read has SHA-256 ${sha256}: ${said}` : `${before.detail}, ${said}` });
  }
  return [...findings.values()];
}

function compareOutbox(view: MirrorView): MirrorFinding[] {
  if (view.outbox === undefined) return [];
  const directory = view.outboxDir;
  const listed = new Map(view.outbox.map((f) => [f.name, f]));
  const known = new Map(view.files.map((f) => [f.name, f]));
  const findings: MirrorFinding[] = [];
  const absentByHash = new Map<string, LedgerFile>();
  const presentByHash = new Map<string, LedgerFile>();

  for (const file of known.values()) {
    const there = listed.get(file.name);
    if (there !== undefined) {
      if (file.sha256 !== undefined) presentByHash.set(file.sha256, file);
      findings.push(...judgePresent(directory, file, there, view.hashes.get(placeOf(directory, file.name))));
    } else if (file.state === 'staged') {
      if (file.sha256 !== undefined) absentByHash.set(file.sha256, file);
      const gone = judgeGone(view, file.name, file.size, file.sinceMs) ?? (view.archive === undefined && view.absentBefore?.has(file.name) === true ? 'gone, while the manifest that lists it still lies there' : undefined);
      if (gone !== undefined) findings.push({ kind: 'missing', directory, name: file.name, exchangeId: file.exchangeId, manifestSeq: file.manifestSeq, detail: gone });
    }
  }
  for (const file of view.outbox) {
    if (known.has(file.name)) continue;
    const sha256 = view.hashes.get(placeOf(directory, file.name));
    const base = { directory, name: file.name, size: file.size, sha256 };
    const missing = sha256 === undefined ? undefined : absentByHash.get(sha256);
    const present = sha256 === undefined ? undefined : presentByHash.get(sha256) ?? view.byHash.get(sha256);
    if (missing) findings.push({ ...base, kind: 'renamed', exchangeId: missing.exchangeId, detail: `holds exactly ${missing.name}` });
    else if (present) findings.push({ ...base, kind: 'doubled', exchangeId: present.exchangeId, detail: `holds exactly ${present.name}` });
    else findings.push({ ...base, kind: 'foreign', detail: /^\d{12,}-.+-v\d+\./.test(file.name) ? `${file.size} bytes; the name is like ours, but the ledger has no such exchange` : `${file.size} bytes` });
  }
  return findings;
}

function judgePresent(directory: string, file: LedgerFile, there: ListedFile, sha256: string | undefined): MirrorFinding[] {
  const base = { directory, name: file.name, exchangeId: file.exchangeId, manifestSeq: file.manifestSeq, size: there.size, sha256 };
  const other = file.size !== undefined && there.size !== file.size ? `${there.size} bytes instead of ${file.size}` : sha256 !== undefined && file.sha256 !== undefined && sha256 !== file.sha256 ? `SHA-256 ${sha256} instead of ${file.sha256}` : undefined;
  if (file.state === 'staged') return other === undefined ? [] : [{ ...base, kind: 'altered', detail: other }];
  // What is being delivered judges its file itself; what the receiver has answered is the receiver's.
  if (file.state !== 'parked' && file.state !== 'held' && file.state !== 'cancelled' && file.state !== 'superseded') return [];
  if (file.manifestSeq !== undefined) return [];
  return other === undefined ? [{ ...base, kind: 'unlisted', detail: `its exchange is ${file.state}` }] : [{ ...base, kind: 'altered', detail: `${other}; its exchange is ${file.state}` }];
}

/** Why a staged file that does not lie there is missing; undefined when the receiver took it, or may have taken it just now. */
function judgeGone(view: MirrorView, name: string, size: number | undefined, sinceMs: number): string | undefined {
  if (view.archive !== undefined) {
    const archived = view.archive.get(name);
    if (archived === undefined) return 'neither there nor in the archive';
    return size === undefined || archived.includes(size) ? undefined : `in the archive with ${archived.join(', ')} bytes instead of ${size}`;
  }
  // Without an archive to look into, taken and lost look the same until the receiver should have answered.
  return view.nowMs - sinceMs > view.overdueMs ? 'gone, and no acknowledgement came; there is no archive that could be read' : undefined;
}

function compareManifests(view: MirrorView): MirrorFinding[] {
  if (view.manifests === undefined) return [];
  const directory = view.manifestDir;
  const listed = new Map(view.manifests.map((f) => [f.name, f]));
  const known = new Map(view.ledgerManifests.map((m) => [m.name, m]));
  const findings: MirrorFinding[] = [];
  for (const manifest of known.values()) {
    if (manifest.waiting === 0) continue;
    const there = listed.get(manifest.name);
    const base = { directory, name: manifest.name, manifestSeq: manifest.seq };
    if (there === undefined) {
      const gone = judgeGone(view, manifest.name, undefined, manifest.stagedMs);
      if (gone !== undefined) findings.push({ ...base, kind: 'missing', detail: `${gone}; the receiver's chain of manifests waits for it` });
      continue;
    }
    const sha256 = view.hashes.get(placeOf(directory, manifest.name));
    if (sha256 !== undefined && sha256 !== manifest.sha256) findings.push({ ...base, size: there.size, sha256, kind: 'altered', detail: `SHA-256 ${sha256} instead of ${manifest.sha256}` });
    if (view.nowMs - manifest.stagedMs > view.overdueMs) findings.push({ ...base, size: there.size, kind: 'overdue', detail: `${manifest.waiting} exchanges wait` });
  }
  for (const file of view.manifests) {
    if (known.has(file.name)) continue;
    const sha256 = view.hashes.get(placeOf(directory, file.name));
    const copied = sha256 === undefined ? undefined : view.ledgerManifests.find((m) => m.sha256 === sha256);
    const base = { directory, name: file.name, size: file.size, sha256 };
    if (copied === undefined) findings.push({ ...base, kind: 'foreign', detail: /^M\d{10}\.xml$/.test(file.name) ? `${file.size} bytes; the name is like ours, but the ledger has no such manifest` : `${file.size} bytes` });
    else findings.push({ ...base, kind: listed.has(copied.name) ? 'doubled' : 'renamed', manifestSeq: copied.seq, detail: `holds exactly ${copied.name}` });
  }
  return findings;
}
