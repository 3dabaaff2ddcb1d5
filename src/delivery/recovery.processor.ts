import { createHash } from 'node:crypto';
import type { ChannelSettings } from '../domain/settings.js';
import { streamOfEvent } from '../domain/supervision-stream.js';
import type { ExchangeId } from '../domain/vocabulary.js';
import type { CaptureStore } from '../ledger/capture.store.js';
import type { ManifestStore } from '../ledger/manifest.store.js';
import type { AttachmentRef } from '../ledger/message.store.js';
import { messageIdOf } from '../ledger/name-message.js';
import type { RecoveredBytesStore } from '../ledger/recovered-bytes.store.js';
import type { Proof, ProvenManifest, RecoveryStore } from '../ledger/recovery.store.js';
import type { StagingMachine } from '../platform/staging/staging-machine.js';
import { exchangeNumber, manifestNumber, parseManifest, type ParsedManifest } from './parse-manifest.js';
import { directoriesIfThere, listIfThere, listManifests, readStagedManifest, type StagedManifest } from './staged-manifests.adapter.js';

export interface RecoveryParts {
  readonly channel: ChannelSettings;
  readonly staging: StagingMachine;
  readonly manifests: ManifestStore;
  readonly recovery: RecoveryStore;
  readonly bytes: RecoveredBytesStore;
  readonly capture: CaptureStore;
  /** Whether messages of an event go before others. */
  readonly urgent: (event: string) => boolean;
  /** Manifests that somebody brought, by file name: copies from the receiver where its archive cannot be read. */
  readonly brought: ReadonlyMap<string, Buffer>;
}

/** What stands between the ledger and the newest manifest; nothing after it can be recovered before it is mended. */
export interface RecoveryFault {
  readonly kind: 'forked' | 'gap' | 'chain-broken' | 'unreadable';
  readonly text: string;
  readonly remedy: string;
}

export interface RecoveryPlan {
  /** Number of the ledger's last manifest, and of the newest one on the staging machine. */
  readonly ledgerLast?: string | undefined;
  readonly stagingLast?: string | undefined;
  readonly manifests: number;
  readonly lines: Readonly<Record<Proof, number>>;
  readonly fault?: RecoveryFault | undefined;
}

const maxMessageBytes = 64 * 1024 * 1024;
const readAtOnce = 16;
const dayMs = 86_400_000;

/**
 * Brings a restored ledger up to what its staging machine proves.
 * Enters as: manifests that the ledger does not have. Leaves as: staged exchanges with the ids, versions, names and hashes that
 * were sent. Can fail with: staging-*. If run twice: each manifest is recorded once, in the order of the chain.
 */
export class RecoveryProcessor {
  private archiveDays: Promise<string[]> | undefined;
  private readonly archived = new Map<string, Promise<Map<string, string[]>>>();

  constructor(private readonly parts: RecoveryParts) {}

  /** What recovering would do. Changes nothing. */
  async plan(): Promise<RecoveryPlan> {
    return this.walk((manifest) => this.parts.recovery.judge(manifest.channel, manifest.lines));
  }

  /** Records every manifest that follows the ledger's chain, one transaction each; ends at the first fault. */
  async recover(): Promise<RecoveryPlan> {
    const { recovery, channel, staging, manifests, urgent } = this.parts;
    const last = await manifests.last(channel.channel);
    const lying = await listManifests(staging, channel);
    if (last?.state === 'prepared' && lying.some((m) => m.seq === last.seq)) {
      const bytes = await this.read(lying.find((m) => m.seq === last.seq)!);
      if (bytes !== undefined && sha256(bytes) === last.sha256) await manifests.recordStaged(last, 'recovery');
    }
    if (lying.some((m) => BigInt(m.seq) > BigInt(last?.seq ?? '0'))) await recovery.noteUnanswered(channel.channel);
    const done = await this.walk((manifest) => recovery.record(manifest, { stream: (event) => streamOfEvent(channel, event), urgent }, exchangeNumber));
    // Numbers that stand in names of files are never given out again, whether a manifest lists them or not.
    const names = (await listIfThere(staging, channel.staging.outboxDir)).map((e) => e.name);
    await recovery.raiseCounter(names.reduce((max, n) => { const number = BigInt(exchangeNumber(n) ?? '0'); return number > max ? number : max; }, 0n));
    if (done.fault === undefined && done.manifests > 0) await recovery.renameUnsent(channel.channel, names);
    return done;
  }

  /** Numbers of manifests that lie there and that the receiver has not taken. */
  async waiting(): Promise<Set<string>> {
    return new Set((await listManifests(this.parts.staging, this.parts.channel)).filter((m) => m.waiting).map((m) => m.seq));
  }

  /** Reads the bytes of recovered messages back from the outbox or the receiver's archive, where they can be read and the hash fits. */
  async fetchBytes(): Promise<{ found: number; missing: number }> {
    const { bytes, channel, manifests } = this.parts;
    const total = { found: 0, missing: 0 };
    for (let after: ExchangeId = '0'; ; ) {
      const page = await bytes.withoutBytes(channel.channel, after, 200);
      if (page.length === 0) return total;
      const rows = await manifests.staged(channel.channel, [...new Set(page.map((p) => p.manifestSeq))]);
      const parsed = rows.flatMap((row) => readable(parseManifest(row.content)));
      const lines = new Map(parsed.flatMap((m) => m.lines.map((l) => [l.messageId, { line: l, createdAt: m.createdAt }] as const)));
      const messages: Parameters<RecoveredBytesStore['storeBytes']>[0][number][] = [];
      const queue = page.values();
      await Promise.all(Array.from({ length: readAtOnce }, async () => {
        for (const { id, messageId, sha256: wanted } of queue) {
          const known = lines.get(messageId);
          const content = known && known.line.sha256 === wanted ? await this.find(known.line.fileName, wanted, known.createdAt) : undefined;
          const attachments = content && known ? await this.attachments(known.line.attachments, known.createdAt) : undefined;
          if (content && attachments) messages.push({ id, content, sha256: wanted, encoding: channel.encoding, how: 'recovered', attachments });
        }
      }));
      await bytes.storeBytes(messages);
      total.found += messages.length;
      total.missing += page.length - messages.length;
      after = page.at(-1)!.id;
    }
  }

  private async walk(take: (manifest: ProvenManifest) => Promise<Map<Proof, number>>): Promise<RecoveryPlan> {
    const { channel, staging, manifests } = this.parts;
    const lying = new Map<string, StagedManifest>((await listManifests(staging, channel)).map((m) => [m.seq, m]));
    for (const name of this.parts.brought.keys()) {
      const seq = manifestNumber(name);
      if (seq !== undefined && !lying.has(seq)) lying.set(seq, { seq, directory: '', name, waiting: false });
    }
    const last = await manifests.last(channel.channel);
    const newest = [...lying.keys()].reduce<bigint | undefined>((max, seq) => (max === undefined || BigInt(seq) > max ? BigInt(seq) : max), undefined);
    const lines: Record<Proof, number> = { lost: 0, unsent: 0, known: 0, conflicting: 0 };
    let count = 0;
    let fault = await this.fork(lying, last);
    let previous = { seq: last?.seq ?? '0', sha256: last?.sha256 ?? '0'.repeat(64) };
    while (fault === undefined && newest !== undefined && BigInt(previous.seq) < newest) {
      const next = await this.next(lying, previous);
      if ('kind' in next) fault = next;
      else {
        for (const [proof, n] of await take(next)) lines[proof] += n;
        previous = { seq: next.seq, sha256: next.sha256 };
        count += 1;
      }
    }
    return { ledgerLast: last?.seq, stagingLast: newest === undefined ? undefined : String(newest), manifests: count, lines, fault };
  }

  /** A manifest of a number that the ledger has, with other bytes: after the restore something was sent before anybody recovered. */
  private async fork(lying: ReadonlyMap<string, StagedManifest>, last: { seq: string } | undefined): Promise<RecoveryFault | undefined> {
    if (last === undefined) return undefined;
    const known = [...lying.keys()].filter((seq) => BigInt(seq) <= BigInt(last.seq)).sort((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1))[0];
    if (known === undefined) return undefined;
    const bytes = await this.read(lying.get(known)!);
    const [row] = await this.parts.manifests.staged(this.parts.channel.channel, [known]);
    if (bytes === undefined || row === undefined || sha256(bytes) === row.sha256) return undefined;
    return {
      kind: 'forked', text: `manifest ${known} on the staging machine is not the ledger's manifest ${known}`,
      remedy: 'do not let the gateway run on this ledger; restore an older backup, or give both manifests to a developer',
    };
  }

  private async next(lying: ReadonlyMap<string, StagedManifest>, previous: { seq: string; sha256: string }): Promise<ProvenManifest | RecoveryFault> {
    const { channel } = this.parts;
    const seq = String(BigInt(previous.seq) + 1n);
    const there = lying.get(seq);
    const bytes = there && (await this.read(there));
    if (!there || bytes === undefined) {
      return {
        kind: 'gap', text: `manifest ${seq} can be read neither in ${channel.staging.manifestDir}/ nor in ${channel.staging.archiveDir}/${channel.staging.manifestDir}/`,
        remedy: `ask the receiver for a copy of M${seq.padStart(10, '0')}.xml, put it into a directory and give that with --from`,
      };
    }
    const parsed = parseManifest(bytes);
    const fault = 'fault' in parsed ? parsed.fault : parsed.channel !== channel.channel || parsed.seq !== seq ? `it names channel ${parsed.channel} and number ${parsed.seq}` : undefined;
    if (fault !== undefined || 'fault' in parsed) return { kind: 'unreadable', text: `manifest ${seq}: ${fault ?? ''}`, remedy: 'give the manifest to a developer' };
    if (parsed.previous !== previous.sha256) {
      return { kind: 'chain-broken', text: `manifest ${seq} does not follow manifest ${previous.seq} as the ledger or the staging machine has it`, remedy: 'give both manifests to a developer; nothing after them was recovered' };
    }
    const wrong = parsed.lines.find((l) => messageIdOf({ channel: channel.channel, event: l.message, sequence: l.recovery.sequence, version: l.version }, l.caseNo) !== l.messageId);
    if (wrong) return { kind: 'unreadable', text: `manifest ${seq}: the id of ${wrong.fileName} is not the one of its case, event, sequence and version`, remedy: 'give the manifest to a developer' };
    return { channel: channel.channel, seq, fileName: there.name, content: bytes, sha256: sha256(bytes), createdAt: parsed.createdAt, lines: parsed.lines };
  }

  private async read(manifest: StagedManifest): Promise<Buffer | undefined> {
    return manifest.directory === '' ? this.parts.brought.get(manifest.name) : readStagedManifest(this.parts.staging, this.parts.channel, manifest);
  }

  /** All or none: a message cannot go again without what it names. */
  private async attachments(files: readonly { fileName: string; size: number; sha256: string }[], createdAt: string): Promise<AttachmentRef[] | undefined> {
    const out: AttachmentRef[] = [];
    const known = await this.parts.bytes.attachmentsByHash(files.map((f) => f.sha256));
    for (const file of files) {
      const here = known.get(file.sha256);
      if (here) {
        out.push({ ...file, signature: here.signature });
        continue;
      }
      const content = await this.find(file.fileName, file.sha256, createdAt);
      if (content === undefined) return undefined;
      const signature = createHash('md5').update(content).digest('hex');
      await this.parts.capture.storeAttachments([{ signature, size: content.length, sha256: file.sha256, content }]);
      out.push({ ...file, signature });
    }
    return out;
  }

  private async find(name: string, wanted: string, createdAt: string): Promise<Buffer | undefined> {
    const { outboxDir } = this.parts.channel.staging;
    const fits = async (directory: string, as: string): Promise<Buffer | undefined> => {
      const read = await this.parts.staging.read(directory, as, maxMessageBytes);
      return read.how === 'read' && sha256(read.bytes) === wanted ? read.bytes : undefined;
    };
    const bytes = await fits(outboxDir, name);
    if (bytes) return bytes;
    for (const { directory, names } of await this.archive(createdAt)) {
      for (const as of names.get(name) ?? []) {
        const archived = await fits(directory, as);
        if (archived) return archived;
      }
    }
    return undefined;
  }

  /** The receiver's archive: itself, and its directories of days since the manifest. Each is listed once. */
  private async archive(createdAt: string): Promise<{ directory: string; names: ReadonlyMap<string, readonly string[]> }[]> {
    const { staging, channel } = this.parts;
    const { archiveDir, manifestDir } = channel.staging;
    const oldest = new Date(Date.parse(createdAt) + 8 * 3_600_000 - dayMs).toISOString().slice(0, 10).replaceAll('-', '');
    this.archiveDays ??= directoriesIfThere(staging, archiveDir);
    const days = (await this.archiveDays).filter((d) => d !== manifestDir && (!/^\d{8}$/.test(d) || d >= oldest));
    return Promise.all([archiveDir, ...days.map((d) => `${archiveDir}/${d}`)].map(async (directory) => {
      let names = this.archived.get(directory);
      if (!names) this.archived.set(directory, (names = listIfThere(staging, directory).then(byName)));
      return { directory, names: await names };
    }));
  }
}

/** A name that came again is kept apart by the manifest's number. */
function byName(entries: readonly { readonly name: string }[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { name } of entries) {
    const plain = name.replace(/\.m\d+$/, '');
    names.set(plain, [...(names.get(plain) ?? []), name]);
  }
  return names;
}

const readable = (m: ReturnType<typeof parseManifest>): ParsedManifest[] => ('fault' in m ? [] : [m]);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
