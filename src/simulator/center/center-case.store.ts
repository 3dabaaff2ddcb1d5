import { JsonLinesFile } from './json-lines-file.adapter.js';
import type { MessageHead } from './read-message.js';

/** Everything that can look wrong to a receiver; anomalies are recorded and stay. */
export const anomalyKinds = [
  'manifest-gap', // a later manifest lies there, the next one does not
  'manifest-chain-broken', // PREVIOUS is not the digest of the manifest before
  'manifest-unreadable',
  'manifest-conflict', // a number that was imported came again with other bytes
  'file-missing',
  'file-differs', // size or digest is not what the manifest says
  'attachment-missing',
  'attachment-differs',
  'message-unreadable',
  'message-invalid', // breaks its XSD
  'message-unknown', // no XSD of that name
  'head-differs', // HEAD and manifest name different messages
  'version-regressed', // an older version came after a newer one was applied
] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

interface Numbered {
  /** Ascending over the whole journal, without holes. */
  readonly number: number;
  /** UTC instant. */
  readonly at: string;
}

/** What happened to one message of a manifest. */
export interface MessageEntry extends Numbered {
  readonly event: 'picked-up' | 'applied' | 'duplicate' | 'conflict' | 'refused';
  readonly manifest: number;
  readonly messageId: string;
  readonly caseNo: string;
  readonly message: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: string;
  /** Digest of the bytes that arrived. */
  readonly sha256: string;
  readonly fileName: string;
  /** Path below the staging directory; on picked-up only. */
  readonly archivedAs?: string | undefined;
  /** 1 for the first message ever applied; on applied only. */
  readonly order?: number | undefined;
  /** Why: on refused and conflict, and on a duplicate of something refused. */
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** HEAD of an applied message. */
  readonly head?: Readonly<Record<string, string>> | undefined;
}

export interface AnomalyEntry extends Numbered {
  readonly event: 'anomaly';
  readonly kind: AnomalyKind;
  readonly detail: string;
  readonly manifest?: number | undefined;
  readonly messageId?: string | undefined;
  readonly fileName?: string | undefined;
}

/** Ends the group of entries of one manifest; `repeated` when the manifest had been imported before. */
export interface ManifestEnd extends Numbered {
  readonly event: 'manifest';
  readonly manifest: number;
  readonly sha256: string;
  readonly repeated: boolean;
}

/** An operator of the center let the chain go on at this number, whatever PREVIOUS it says. */
export interface ChainResumed extends Numbered {
  readonly event: 'chain-resumed';
  readonly manifest: number;
}

export type JournalEntry = MessageEntry | AnomalyEntry | ManifestEnd | ChainResumed;
type Unnumbered<T> = T extends Numbered ? Omit<T, 'number' | 'at'> : never;
export type NewEntry = Unnumbered<JournalEntry>;
/** What every entry of one message says. */
export type MessageFacts = Omit<MessageEntry, 'number' | 'at' | 'event' | 'archivedAs' | 'order' | 'code' | 'reason' | 'head'>;

/** How the center counts what it saw. */
export interface CenterCounts {
  manifests: number;
  pickedUp: number;
  applied: number;
  duplicates: number;
  conflicts: number;
  refused: number;
  anomalies: number;
}

/** The answer that stands for an idempotency key (case, MSGTYPE, XH, VERSION). */
export interface Verdict {
  readonly sha256: string;
  readonly applied: boolean;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
}

/** A case as the center's record holds it: the newest applied message of each event and sequence. */
export interface CenterCase {
  readonly caseNo: string;
  readonly records: readonly MessageEntry[];
}

/** The center's own record of cases, kept in memory and rebuilt from its journal at each start. */
export class CenterCaseStore {
  private readonly verdicts = new Map<string, Verdict>();
  private readonly verdictsById = new Map<string, Verdict>();
  private readonly standing = new Map<string, Map<string, MessageEntry>>();
  private readonly appliedEntries: MessageEntry[] = [];
  private readonly anomalyEntries: AnomalyEntry[] = [];
  private readonly archived = new Map<string, string>();
  private readonly archivedNames = new Set<string>();
  private readonly manifestDigests = new Map<number, string>();
  private readonly tally: CenterCounts = { manifests: 0, pickedUp: 0, applied: 0, duplicates: 0, conflicts: 0, refused: 0, anomalies: 0 };
  private unwritten: JournalEntry[] = [];
  private lastNumber = 0;
  private last = 0;
  private resumedAt: number | undefined;

  private constructor(
    private readonly journal: JsonLinesFile<JournalEntry>,
    private readonly now: () => Date,
  ) {
    for (const entry of journal.found) this.take(entry);
  }

  /** Opens the journal and replays it; the entries of a manifest that a crash cut short are dropped and done again. */
  static async open(path: string, now: () => Date): Promise<CenterCaseStore> {
    const endsGroup = (entry: JournalEntry): boolean => entry.event === 'manifest' || entry.event === 'chain-resumed' || (entry.event === 'anomaly' && entry.kind.startsWith('manifest-'));
    return new CenterCaseStore(await JsonLinesFile.open(path, endsGroup), now);
  }

  /** Entries that stood in the journal when it was opened, for whoever must catch up. */
  get replayed(): readonly JournalEntry[] {
    return this.journal.found;
  }

  /** Takes note of something at once; it is on disk after `write`. */
  note(entry: NewEntry): JournalEntry {
    const numbered = { number: this.lastNumber + 1, at: this.now().toISOString(), ...entry } as JournalEntry;
    this.take(numbered);
    this.unwritten.push(numbered);
    return numbered;
  }

  /** Appends what was noted since the last write, as one write, and returns it. */
  async write(): Promise<readonly JournalEntry[]> {
    const entries = this.unwritten;
    this.unwritten = [];
    await this.journal.append(entries);
    return entries;
  }

  async close(): Promise<void> {
    await this.journal.close();
  }

  /** Number of the last manifest of the chain, 0 before the first. */
  get lastManifest(): number {
    return this.last;
  }

  /** The manifest that an operator let in without a matching PREVIOUS. */
  get resumedManifest(): number | undefined {
    return this.resumedAt;
  }

  manifestDigest(sequence: number): string | undefined {
    return this.manifestDigests.get(sequence);
  }

  /** The answer given to a key, if any; `latestVersion` is the newest applied version of its event and sequence, or 0. */
  judged(head: MessageHead): { verdict: Verdict | undefined; latestVersion: number } {
    const latest = this.standing.get(head.caseNo)?.get(slot(head.message, head.sequence));
    return { verdict: this.verdicts.get(keyOf(head)), latestVersion: latest?.version ?? 0 };
  }

  verdictOf(messageId: string): Verdict | undefined {
    return this.verdictsById.get(messageId);
  }

  /** Whether the case has an applied message of this event (with this XH, if given) that was not taken back. */
  stands(caseNo: string, message: string, sequence?: string): boolean {
    const records = this.standing.get(caseNo);
    if (!records) return false;
    if (sequence !== undefined) return (records.get(slot(message, sequence))?.operation ?? 'D') !== 'D';
    return [...records.values()].some((record) => record.message === message && record.operation !== 'D');
  }

  /** Whether a message file of this name was picked up before. */
  hasArchived(fileName: string): boolean {
    return this.archivedNames.has(fileName);
  }

  /** Where a message file of a manifest was put, below the staging directory. */
  archivePath(manifest: number, fileName: string): string | undefined {
    return this.archived.get(`${String(manifest)}/${fileName}`);
  }

  cases(): CenterCase[] {
    return [...this.standing].map(([caseNo, records]) => ({ caseNo, records: [...records.values()] }));
  }

  /** Every applied message in the order of application. */
  applied(): readonly MessageEntry[] {
    return this.appliedEntries;
  }

  anomalies(): readonly AnomalyEntry[] {
    return this.anomalyEntries;
  }

  counts(): CenterCounts {
    return { ...this.tally };
  }

  private take(entry: JournalEntry): void {
    this.lastNumber = entry.number;
    switch (entry.event) {
      case 'picked-up':
        this.tally.pickedUp += 1;
        this.archivedNames.add(entry.fileName);
        if (entry.archivedAs !== undefined) this.archived.set(`${String(entry.manifest)}/${entry.fileName}`, entry.archivedAs);
        break;
      case 'applied': {
        this.tally.applied += 1;
        this.appliedEntries.push(entry);
        const records = this.standing.get(entry.caseNo) ?? new Map<string, MessageEntry>();
        records.set(slot(entry.message, entry.sequence), entry);
        this.standing.set(entry.caseNo, records);
        this.settle(entry, { sha256: entry.sha256, applied: true });
        break;
      }
      case 'refused':
        this.tally.refused += 1;
        this.settle(entry, { sha256: entry.sha256, applied: false, code: entry.code, reason: entry.reason });
        break;
      case 'duplicate':
        this.tally.duplicates += 1;
        break;
      case 'conflict':
        this.tally.conflicts += 1;
        break;
      case 'anomaly':
        this.tally.anomalies += 1;
        this.anomalyEntries.push(entry);
        break;
      case 'manifest':
        if (!entry.repeated) {
          this.tally.manifests += 1;
          this.last = entry.manifest;
          this.manifestDigests.set(entry.manifest, entry.sha256);
          this.resumedAt = undefined;
        }
        break;
      case 'chain-resumed':
        this.last = entry.manifest - 1;
        this.resumedAt = entry.manifest;
        break;
    }
  }

  /** A file that could not be read as a message has no key: it may come again whole. */
  private settle(entry: MessageEntry, verdict: Verdict): void {
    // A damaged second delivery does not undo what was applied.
    if (!this.verdictsById.get(entry.messageId)?.applied) this.verdictsById.set(entry.messageId, verdict);
    if (entry.operation !== '') this.verdicts.set(keyOf(entry), verdict);
  }
}

function slot(message: string, sequence: string): string {
  return `${message}\n${sequence}`;
}

function keyOf(head: { caseNo: string; message: string; sequence: string; version: number }): string {
  return [head.caseNo, head.message, head.sequence, String(head.version)].join('\n');
}
