import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AnomalyEntry, AnomalyKind, CenterCase, CenterCaseStore, CenterCounts, JournalEntry, MessageEntry } from './center-case.store.js';
import type { CenterSchemas } from './center-schemas.adapter.js';
import type { RefusalRule } from './judge-received.js';
import { MessageIntake } from './message-intake.adapter.js';
import { UnreadableDocument } from './read-document.js';
import { manifestSequence, noPrevious, readManifest, type ManifestEntry, type ReceivedManifest } from './read-manifest.js';
import { withMessage } from './read-message.js';
import { digestOf, findEntries, findFile, readIfThere } from './staged-files.adapter.js';
import { tellErrorCode } from './tell-error-code.js';
import { writeCenterTime } from './write-center-time.js';

/** What the import does on purpose; may be changed while it runs. */
export interface ImportFaults {
  /** Nothing is picked up. */
  paused: boolean;
  /** Asked in order; the first that holds refuses the message. */
  refusals: RefusalRule[];
  /** Says something of a message as soon as its file lies there, before any manifest names it. */
  early: 'picked-up' | 'accepted' | undefined;
}

export interface CenterImportSettings {
  readonly channel: string;
  /** Local directory that the staging account sees as its root. */
  readonly stagingDir: string;
  readonly store: CenterCaseStore;
  /** None: messages are not judged by an XSD. */
  readonly schemas: CenterSchemas | undefined;
  readonly faults: ImportFaults;
  readonly pollMs: number;
  readonly now: () => Date;
  readonly random: () => number;
  /** Called with what was written to the journal, after it was written. */
  readonly onRecorded: (entries: readonly JournalEntry[]) => void | Promise<void>;
  readonly onEarly: (message: { messageId: string; sha256: string }, level: 'picked-up' | 'accepted') => void | Promise<void>;
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/** The center's import: takes manifests in the order of their numbers, checks everything, keeps its own record. */
export class CenterImport {
  private readonly intake: MessageIntake;
  private readonly reported = new Set<string>();
  private readonly seenEarly = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  /** The error that stopped the import, if one did. */
  failure: unknown;

  constructor(private readonly settings: CenterImportSettings) {
    this.intake = new MessageIntake(settings.store, settings.schemas, settings.faults, settings.random);
    for (const { kind, detail } of settings.store.anomalies()) this.reported.add(`${kind} ${detail}`);
  }

  /** Makes the directories and begins to poll. */
  async start(): Promise<void> {
    for (const dir of ['in', 'manifest', 'archive/manifest']) await mkdir(this.path(dir), { recursive: true });
    this.schedule();
  }

  /** Ends after the pass that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Looks at the staging directory now; joins a pass that is under way. */
  async pass(): Promise<void> {
    this.running ??= this.runPass().finally(() => (this.running = undefined));
    await this.running;
  }

  /** Lets the chain go on at manifest `sequence`, whatever PREVIOUS it says: an operator's answer to a gap or a break. */
  async resumeAt(sequence: number): Promise<void> {
    await this.running;
    this.settings.store.note({ event: 'chain-resumed', manifest: sequence });
    await this.record();
  }

  /** Every case with the newest applied message of each event and sequence. */
  cases(): CenterCase[] {
    return this.settings.store.cases();
  }

  /** Every applied message in the order of application. */
  applied(): readonly MessageEntry[] {
    return this.settings.store.applied();
  }

  anomalies(): readonly AnomalyEntry[] {
    return this.settings.store.anomalies();
  }

  counts(): CenterCounts {
    return this.settings.store.counts();
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.pass().then(
        () => this.schedule(),
        (error: unknown) => (this.failure = error), // seen by waitUntil; going on could import with a journal that lags
      );
    }, this.settings.pollMs);
  }

  private async runPass(): Promise<void> {
    if (this.settings.faults.early !== undefined) await this.peek(this.settings.faults.early);
    if (this.settings.faults.paused) return;
    const found = (await readdir(this.path('manifest')))
      .map((name) => ({ name, sequence: manifestSequence(name) }))
      .filter((m): m is { name: string; sequence: number } => m.sequence !== undefined)
      .sort((a, b) => a.sequence - b.sequence);
    for (const { name, sequence } of found) {
      if (this.stopped || this.settings.faults.paused) return;
      if (!(await this.takeManifest(name, sequence))) return;
    }
  }

  /** Imports one manifest; false when the chain has to wait. */
  private async takeManifest(name: string, sequence: number): Promise<boolean> {
    const { store, channel } = this.settings;
    const expected = store.lastManifest + 1;
    if (sequence > expected) return this.blocked('manifest-gap', sequence, `manifest ${String(expected)} is missing, ${String(sequence)} is there`);
    const bytes = await readIfThere(this.path('manifest', name));
    if (bytes === undefined) return true; // renamed away between listing and reading
    const sha256 = digestOf(bytes);
    if (sequence < expected) {
      await this.takeOldManifest(name, sequence, bytes, sha256);
      return true;
    }
    let manifest: ReceivedManifest;
    try {
      manifest = readManifest(bytes);
    } catch (error) {
      if (!(error instanceof UnreadableDocument)) throw error;
      return this.blocked('manifest-unreadable', sequence, `manifest ${String(sequence)}: ${error.message}`);
    }
    if (manifest.channel !== channel || manifest.sequence !== sequence) {
      return this.blocked('manifest-unreadable', sequence, `manifest ${String(sequence)} names channel ${manifest.channel} and number ${String(manifest.sequence)}`);
    }
    const previous = sequence === 1 ? noPrevious : store.manifestDigest(sequence - 1);
    if (manifest.previous !== previous && store.resumedManifest !== sequence) {
      return this.blocked('manifest-chain-broken', sequence, `manifest ${String(sequence)} does not follow the one before (${sha256.slice(0, 12)})`);
    }
    const moves = await this.importEntries(manifest);
    store.note({ event: 'manifest', manifest: sequence, sha256, repeated: false });
    await this.record();
    await this.archive([...moves, { from: join('manifest', name), to: join('archive', 'manifest', name) }]);
    return true;
  }

  private async importEntries(manifest: ReceivedManifest): Promise<Move[]> {
    const moves: Move[] = [];
    const { day } = writeCenterTime(this.settings.now());
    for (const found of await findEntries(this.path('in'), manifest.entries)) {
      // A name that comes again is kept apart by the manifest that named it.
      const suffix = this.settings.store.hasArchived(found.file.name) ? `.m${String(manifest.sequence)}` : '';
      const archivedAs = (file: { name: string }): string => join('archive', day, file.name + suffix);
      for (const { file, bytes } of [found, ...found.attachments]) {
        if (bytes !== undefined) moves.push({ from: join('in', file.name), to: archivedAs(file) });
      }
      this.intake.take(manifest.sequence, found, archivedAs(found.file));
    }
    return moves;
  }

  /** A number that was imported already: our own archiving cut short, the same bytes put again, or other bytes. */
  private async takeOldManifest(name: string, sequence: number, bytes: Buffer, sha256: string): Promise<void> {
    const { store } = this.settings;
    const archivedAt = join('archive', 'manifest', name);
    const repeated = (await readIfThere(this.path(archivedAt))) !== undefined;
    const aside = `${archivedAt}.again-${sha256.slice(0, 8)}-${String(this.settings.now().getTime())}`;
    const known = store.manifestDigest(sequence);
    if (known !== sha256) {
      store.note({ event: 'anomaly', kind: 'manifest-conflict', detail: `manifest ${String(sequence)} came again with other bytes (${sha256.slice(0, 12)})`, manifest: sequence });
      await this.record();
      await this.archive([{ from: join('manifest', name), to: aside }]);
      return;
    }
    const { entries } = readManifest(bytes);
    const moves: Move[] = [];
    for (const entry of entries) moves.push(...(await this.leftovers(sequence, entry)));
    if (repeated) {
      for (const entry of entries) this.intake.noteRepeated(sequence, entry);
      store.note({ event: 'manifest', manifest: sequence, sha256, repeated: true });
      await this.record();
    }
    await this.archive([...moves, { from: join('manifest', name), to: repeated ? aside : archivedAt }]);
  }

  /** Files of an imported manifest that still (or again) lie in the inbox; one with other bytes does not replace the archived one. */
  private async leftovers(sequence: number, entry: ManifestEntry): Promise<Move[]> {
    const files = await Promise.all([entry, ...entry.attachments].map((file) => findFile(this.path('in'), file)));
    const message = this.settings.store.archivePath(sequence, entry.name) ?? join('archive', writeCenterTime(this.settings.now()).day, `${entry.name}.m${String(sequence)}`);
    const suffix = basename(message).slice(entry.name.length);
    return files
      .filter((found) => found.bytes !== undefined)
      .map(({ file, matches, sha256 }) => {
        const to = join(dirname(message), file.name + suffix);
        return { from: join('in', file.name), to: matches ? to : `${to}.differs-${sha256?.slice(0, 8) ?? ''}` };
      });
  }

  private async archive(moves: readonly Move[]): Promise<void> {
    const dirs = new Set(moves.map((move) => dirname(move.to)));
    for (const dir of dirs) await mkdir(this.path(dir), { recursive: true });
    for (let from = 0; from < moves.length; from += 64) {
      await Promise.all(moves.slice(from, from + 64).map((move) => this.moveIfThere(move)));
    }
  }

  private async moveIfThere(move: Move): Promise<void> {
    try {
      await rename(this.path(move.from), this.path(move.to));
    } catch (error) {
      if (tellErrorCode(error) !== 'ENOENT') throw error; // moved already: two lines may name one file
    }
  }

  /** The chain waits; said once, also over a restart. */
  private async blocked(kind: AnomalyKind, manifest: number, detail: string): Promise<false> {
    if (!this.reported.has(`${kind} ${detail}`)) {
      this.reported.add(`${kind} ${detail}`);
      this.settings.store.note({ event: 'anomaly', kind, detail, manifest });
      await this.record();
    }
    return false;
  }

  private async record(): Promise<void> {
    await this.settings.onRecorded(await this.settings.store.write());
  }

  /** Reads messages before a manifest names them, each once. */
  private async peek(level: 'picked-up' | 'accepted'): Promise<void> {
    for (const name of await readdir(this.path('in'))) {
      if (name.startsWith('.') || !name.endsWith('.xml') || this.seenEarly.has(name)) continue;
      this.seenEarly.add(name);
      const bytes = await readIfThere(this.path('in', name));
      if (bytes === undefined) continue;
      const messageId = readMessageId(bytes);
      if (messageId !== undefined) await this.settings.onEarly({ messageId, sha256: digestOf(bytes) }, level);
    }
  }

  private path(...parts: string[]): string {
    return join(this.settings.stagingDir, ...parts);
  }
}

/** The id of a message that nobody announced, or undefined where the file cannot be read; the import says why later. */
function readMessageId(bytes: Buffer): string | undefined {
  try {
    return withMessage(bytes, ({ messageId }) => messageId);
  } catch (error) {
    if (error instanceof UnreadableDocument) return undefined;
    throw error;
  }
}
