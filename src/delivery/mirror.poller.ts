import { createHash } from 'node:crypto';
import { asFailure, GatewayFailure } from '../domain/failures.js';
import { mirrorFindingKinds, type MirrorFinding, type MirrorFindingKind } from '../domain/mirror-findings.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { MirroredDirectory, MirroredExchange, MirrorStore, StoredFinding } from '../ledger/mirror.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import { finalNameOf } from '../platform/staging/name-staged-file.js';
import type { StagedEntry, StagingMachine } from '../platform/staging/staging-machine.js';
import { absentWithManifest, compareMirror, placeOf, tellMisread, unknownFiles, verifiableFiles, type LedgerFile, type LedgerManifest, type MirrorView } from './compare-mirror.js';

export interface MirrorParts {
  readonly channels: readonly ChannelSettings[];
  readonly settings: { readonly overdueMs: number; readonly hashFilesPerLook: number };
  readonly store: MirrorStore;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  staging(channel: ChannelName): StagingMachine;
}

/** What one look at a staging machine came to. */
export interface MirrorLook {
  readonly channel: ChannelName;
  readonly directories: readonly MirroredDirectory[];
  readonly findings: readonly MirrorFinding[];
  readonly fresh: readonly MirrorFinding[];
  readonly gone: readonly StoredFinding[];
  /** Files whose content was read, and those that were new too but are left for the next look. */
  readonly hashed: number;
  readonly unhashed: number;
}

interface Hashed { readonly size: number; readonly mtimeMs: number; readonly sha256: string }

const maxHashBytes = 64 * 1024 * 1024;
const readAtOnce = 8;
/** A collected file moves at the next poll of the collection; one that lies longer has nobody who takes it. */
const uncollectedMs = 300_000;
/** A receiver that takes files before their manifest needs less than this between the two. */
const absentMs = 60_000;
const dayMs = 86_400_000;

/**
 * Compares what lies on the staging machines with the ledger, and touches nothing.
 * Enters as: staged exchanges and their manifests. Leaves as: findings, each with a remedy. Can fail with: staging-*, told by
 * directory. If run twice: the same findings are the same rows.
 */
export class MirrorPoller {
  /** What was read of each file; read again when its size or time changes. */
  private readonly read = new Map<string, Hashed>();
  private readonly copies = new Map<string, { exchangeId: string; name: string }>();
  private readonly lying = new Map<string, number>();
  private readonly absent = new Map<ChannelName, Map<string, number>>();
  private readonly trouble = new Set<string>();

  constructor(private readonly parts: MirrorParts) {}

  /** One look at a channel; undefined when `goOn` said that another process does it now. `deep` reads every file of ours. */
  async look(channelName: ChannelName, options: { deep?: boolean; goOn?: () => Promise<boolean> } = {}): Promise<MirrorLook | undefined> {
    const channel = this.parts.channels.find((c) => c.channel === channelName);
    if (!channel) return undefined;
    const goOn = options.goOn ?? (() => Promise.resolve(true));
    const { outboxDir, manifestDir } = channel.staging;
    const staging = this.parts.staging(channelName);
    const directories: MirroredDirectory[] = [];

    // The ledger first: what is staged while the directories are listed is not expected in them.
    const expected = await this.expected(channelName);
    if (!(await goOn())) return undefined;
    const temporaries: { directory: string; entry: StagedEntry }[] = [];
    const survey = (directory: string): Promise<StagedEntry[] | undefined> => this.list(directories, channelName, directory, async () => {
      const seen = await staging.survey(directory);
      temporaries.push(...seen.temporaries.map((entry) => ({ directory, entry })));
      return seen.files;
    }, expected.size === 0);
    const outbox = await survey(outboxDir);
    const manifests = await survey(manifestDir);
    if (!(await goOn())) return undefined;

    const others = await this.parts.store.exchanges(channelName, idsIn(outbox ?? [], new Set(expected.keys())));
    const files = [...expected.values(), ...others].flatMap(filesOf);
    const ledgerManifests = await this.ledgerManifests(channelName, [...expected.values()], manifests ?? []);
    const present = { outbox: new Set((outbox ?? []).map((f) => f.name)), manifests: new Set((manifests ?? []).map((f) => f.name)) };
    const absent = [
      ...files.filter((f) => outbox !== undefined && f.state === 'staged' && !present.outbox.has(f.name)).map((f) => f.sinceMs),
      ...ledgerManifests.filter((m) => manifests !== undefined && m.waiting > 0 && !present.manifests.has(m.name)).map((m) => m.stagedMs),
    ];
    const archive = absent.length === 0 ? undefined : await this.archive(channel, staging, Math.min(...absent), directories);
    if (!(await goOn())) return undefined;

    const view: MirrorView = {
      outboxDir, manifestDir, outbox, manifests, files, ledgerManifests, archive, hashes: new Map(), byHash: this.copies,
      nowMs: this.parts.clock.now().getTime(), overdueMs: this.parts.settings.overdueMs,
    };
    const reading = await this.hashes(channelName, view, staging, options.deep === true, goOn);
    if (reading === undefined) return undefined;
    const found = [
      ...(await this.stillStaged(channelName, compareMirror({ ...view, hashes: reading.hashes, absentBefore: this.absentBefore(channelName, view) }), expected)),
      ...(await this.halfWritten(channel, staging, temporaries)),
      ...(await this.acknowledgements(channel, staging, directories, options.deep === true, expected.size === 0)),
    ];
    found.push(...tellMisread(outboxDir, await this.parts.store.misread(channelName), found));
    const { fresh, gone } = await this.parts.store.record(channelName, directories, found);
    this.tell(channelName, found, fresh, gone);
    return { channel: channelName, directories, findings: found, fresh, gone, hashed: reading.read, unhashed: reading.left };
  }

  private async expected(channel: ChannelName): Promise<Map<string, MirroredExchange>> {
    const expected = new Map<string, MirroredExchange>();
    for await (const exchanges of this.parts.store.staged(channel)) for (const e of exchanges) expected.set(e.id, e);
    return expected;
  }

  /** A directory that cannot be listed is told and noted, not thrown; undefined then. */
  private async list(directories: MirroredDirectory[], channel: ChannelName, directory: string, ask: () => Promise<StagedEntry[]>, nothingStaged = false): Promise<StagedEntry[] | undefined> {
    const place = `${channel} ${directory}`;
    // A machine that does not answer is asked once, not directory by directory.
    const before = directories.find((d) => d.failure !== undefined && d.failure.code !== 'staging-denied')?.failure;
    try {
      if (before !== undefined) throw new GatewayFailure(before.code as GatewayFailure['code'], before.detail);
      const entries = await ask();
      directories.push({ directory, files: entries.length });
      if (this.trouble.delete(place)) this.parts.log.info({ channel, directory }, 'the mirror can list the directory again');
      return entries;
    } catch (error) {
      const failure = asFailure(error);
      if (!(error instanceof GatewayFailure)) throw error;
      directories.push({ directory, files: 0, failure: { code: failure.code, detail: failure.detail } });
      // Before the first delivery the directories may not be there yet; delivery makes them.
      const early = nothingStaged && failure.code === 'staging-denied';
      if (!early && !this.trouble.has(place)) this.parts.log.warn({ channel, directory, code: failure.code, detail: failure.detail }, 'the mirror cannot list a directory of the staging machine');
      if (!early) this.trouble.add(place);
      return undefined;
    }
  }

  /** Temporary files that are still there with the same size at the end of the look, and that no worker is writing. */
  private async halfWritten(channel: ChannelSettings, staging: StagingMachine, before: readonly { directory: string; entry: StagedEntry }[]): Promise<MirrorFinding[]> {
    if (before.length === 0) return [];
    const sizes = new Map<string, number>();
    for (const directory of new Set(before.map((t) => t.directory))) for (const entry of await staging.listTemporaries(directory)) sizes.set(placeOf(directory, entry.name), entry.size);
    const left = before.filter((t) => sizes.get(placeOf(t.directory, t.entry.name)) === t.entry.size);
    const now = this.parts.clock.iso();
    const named = left.map((t) => ({ name: finalNameOf(t.entry.name) ?? '' }));
    const busy = new Set((await this.parts.store.exchanges(channel.channel, idsIn(named, new Set()))).filter((e) => e.claimedUntil !== undefined && e.claimedUntil > now).map((e) => e.id));
    const writing = new Set((await this.parts.store.manifests(channel.channel, seqsIn(named))).filter((m) => m.state === 'prepared').map((m) => m.fileName));
    return left
      .filter((t) => !busy.has(idOf(finalNameOf(t.entry.name) ?? '') ?? '') && !writing.has(finalNameOf(t.entry.name) ?? ''))
      .map((t): MirrorFinding => ({ kind: 'half-written', directory: t.directory, name: t.entry.name, exchangeId: idOf(finalNameOf(t.entry.name) ?? ''), size: t.entry.size, detail: `${t.entry.size} bytes of ${finalNameOf(t.entry.name) ?? 'a file'}` }));
  }

  private async ledgerManifests(channel: ChannelName, expected: readonly MirroredExchange[], listed: readonly StagedEntry[]): Promise<LedgerManifest[]> {
    const waiting = new Map<string, number>();
    for (const e of expected) if (e.manifestSeq !== undefined) waiting.set(e.manifestSeq, (waiting.get(e.manifestSeq) ?? 0) + 1);
    const rows = await this.parts.store.manifests(channel, [...new Set([...waiting.keys(), ...seqsIn(listed)])]);
    return rows.map((m) => ({ seq: m.seq, name: m.fileName, sha256: m.sha256, stagedMs: Date.parse(m.stagedAt ?? this.parts.clock.iso()), waiting: m.state === 'staged' ? (waiting.get(m.seq) ?? 0) : 0 }));
  }

  /** Names and sizes in the receiver's archive and its directories; undefined where there is none that can be read. */
  private async archive(channel: ChannelSettings, staging: StagingMachine, sinceMs: number, directories: MirroredDirectory[]): Promise<Map<string, number[]> | undefined> {
    const { archiveDir } = channel.staging;
    const names = new Map<string, number[]>();
    // A directory named by a day holds what was taken on that day: older ones cannot hold what was staged later.
    const oldest = new Date(sinceMs + 8 * 3_600_000 - dayMs).toISOString().slice(0, 10).replaceAll('-', '');
    try {
      for (const directory of [archiveDir, ...(await staging.listDirectories(archiveDir)).filter((d) => !/^\d{8}$/.test(d) || d >= oldest).map((d) => `${archiveDir}/${d}`)]) {
        for (const entry of await staging.list(directory)) {
          const name = entry.name.replace(/\.m\d+$/, ''); // a name that came again is kept apart by the manifest's number
          names.set(name, [...(names.get(name) ?? []), entry.size]);
        }
      }
      return names;
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      if (error.code !== 'staging-denied') await this.list(directories, channel.channel, archiveDir, () => Promise.reject(error));
      return undefined;
    }
  }

  /** Reads new files (all of ours with `deep`), foreign ones first; undefined when the work has to end. */
  private async hashes(channel: ChannelName, view: MirrorView, staging: StagingMachine, deep: boolean, goOn: () => Promise<boolean>): Promise<{ hashes: Map<string, string>; read: number; left: number } | undefined> {
    const keyOf = (directory: string, name: string): string => `${channel}\u0000${placeOf(directory, name)}`;
    const unknown = unknownFiles(view);
    const isNew = ({ directory, file }: (typeof unknown)[number]): boolean => {
      const before = this.read.get(keyOf(directory, file.name));
      return before === undefined || before.size !== file.size || before.mtimeMs !== file.mtimeMs;
    };
    const ours = verifiableFiles(view);
    const wanted = [...unknown.filter(isNew).filter((u) => u.file.size <= maxHashBytes), ...ours.filter((o) => deep || isNew(o))];
    const now = deep ? wanted : wanted.slice(0, this.parts.settings.hashFilesPerLook);
    for (let i = 0; i < now.length; i += readAtOnce * 8) {
      if (i > 0 && !(await goOn())) return undefined;
      const queue = now.slice(i, i + readAtOnce * 8).values();
      await Promise.all(Array.from({ length: readAtOnce }, async () => {
        for (const { directory, file } of queue) {
          const sha256 = await this.hash(staging, directory, file.name);
          if (sha256 !== undefined) this.read.set(keyOf(directory, file.name), { size: file.size, mtimeMs: file.mtimeMs, sha256 });
        }
      }));
    }
    const hashes = new Map<string, string>();
    for (const { directory, file } of [...unknown, ...ours]) {
      const known = this.read.get(keyOf(directory, file.name));
      if (known?.size === file.size && known.mtimeMs === file.mtimeMs) hashes.set(placeOf(directory, file.name), known.sha256);
    }
    const listed = new Set([...(view.outbox ?? []).map((f) => keyOf(view.outboxDir, f.name)), ...(view.manifests ?? []).map((f) => keyOf(view.manifestDir, f.name))]);
    for (const key of this.read.keys()) if (key.startsWith(`${channel}\u0000`) && !listed.has(key)) this.read.delete(key);
    const unmatched = new Set(now.filter((n) => unknown.includes(n)).flatMap((n) => hashes.get(placeOf(n.directory, n.file.name)) ?? []));
    for (const copy of await this.parts.store.byHash(channel, [...unmatched])) this.copies.set(copy.sha256, copy);
    return { hashes, read: now.length, left: wanted.length - now.length };
  }

  /** Remembers since when files are absent beside their manifest; gives those that were a while ago already. */
  private absentBefore(channel: ChannelName, view: MirrorView): Set<string> {
    const before = this.absent.get(channel) ?? new Map<string, number>();
    const now = new Map(absentWithManifest(view).map((name) => [name, before.get(name) ?? view.nowMs]));
    this.absent.set(channel, now);
    return new Set([...now].filter(([, sinceMs]) => view.nowMs - sinceMs >= absentMs).map(([name]) => name));
  }

  private async hash(staging: StagingMachine, directory: string, name: string): Promise<string | undefined> {
    try {
      const read = await staging.read(directory, name, maxHashBytes);
      return read.how === 'read' ? createHash('sha256').update(read.bytes).digest('hex') : undefined;
    } catch (error) {
      // A single file that may not be read is no reason to say nothing of the others.
      if (error instanceof GatewayFailure && error.code === 'staging-denied') return undefined;
      throw error;
    }
  }

  /** Missing is said only of what is still staged as it was before the look: the receiver may have answered meanwhile. */
  private async stillStaged(channel: ChannelName, found: readonly MirrorFinding[], expected: ReadonlyMap<string, MirroredExchange>): Promise<MirrorFinding[]> {
    const doubtful = found.filter((f) => f.kind === 'missing' || f.kind === 'renamed' || f.kind === 'overdue');
    if (doubtful.length === 0) return [...found];
    const [byFile, byManifest] = [doubtful.filter((f) => f.exchangeId !== undefined), doubtful.filter((f) => f.exchangeId === undefined)];
    const standing = await this.parts.store.exchanges(channel, [...new Set(byFile.flatMap((f) => f.exchangeId ?? []))]);
    const staged = new Set(standing.filter((e) => e.state === 'staged' && e.stateSince === expected.get(e.id)?.stateSince).map((e) => e.id));
    const waiting = await this.parts.store.waitingManifests(channel, [...new Set(byManifest.flatMap((f) => f.manifestSeq ?? []))]);
    const over = new Set([...byFile.filter((f) => !staged.has(f.exchangeId!)), ...byManifest.filter((f) => !waiting.has(f.manifestSeq!))]);
    return found.filter((f) => !over.has(f));
  }

  private async acknowledgements(channel: ChannelSettings, staging: StagingMachine, directories: MirroredDirectory[], deep: boolean, nothingStaged: boolean): Promise<MirrorFinding[]> {
    const directory = channel.staging.acknowledgementDir;
    const entries = await this.list(directories, channel.channel, directory, () => staging.list(directory), nothingStaged);
    if (entries === undefined) return [];
    const nowMs = this.parts.clock.now().getTime();
    const keyOf = (name: string): string => `${channel.channel}\u0000${name}`;
    const names = new Set(entries.map((e) => keyOf(e.name)));
    for (const key of this.lying.keys()) if (key.startsWith(keyOf('')) && !names.has(key)) this.lying.delete(key);
    for (const e of entries) if (!this.lying.has(keyOf(e.name))) this.lying.set(keyOf(e.name), nowMs);
    const findings = entries
      .filter((e) => !channel.acknowledgement.files || nowMs - this.lying.get(keyOf(e.name))! > uncollectedMs)
      .map((e): MirrorFinding => ({ kind: 'uncollected', directory, name: e.name, size: e.size, detail: channel.acknowledgement.files ? 'it lies there since several looks' : 'acknowledgement.files is off for this channel' }));
    if (!deep || !channel.acknowledgement.files) return findings;
    const done = `${directory}/done`;
    const put = await staging.listDirectories(directory).then((all) => all.includes('done')) ? await this.list(directories, channel.channel, done, () => staging.list(done)) : [];
    const collected = await this.parts.store.collected(channel.channel, (put ?? []).map((e) => e.name));
    return [...findings, ...(put ?? []).filter((e) => !collected.has(e.name)).map((e): MirrorFinding => ({ kind: 'unrecorded', directory: done, name: e.name, size: e.size, detail: `${e.size} bytes` }))];
  }

  /** Each finding once, those of a kind together. */
  private tell(channel: ChannelName, found: readonly MirrorFinding[], fresh: readonly MirrorFinding[], gone: readonly StoredFinding[]): void {
    for (const kind of Object.keys(mirrorFindingKinds) as MirrorFindingKind[]) {
      this.parts.metrics.mirrorFindings.set({ channel, kind }, found.filter((f) => f.kind === kind).length);
      const news = fresh.filter((f) => f.kind === kind);
      if (news.length > 0) this.parts.log.warn({ channel, kind, count: news.length, files: news.slice(0, 10).map((f) => placeOf(f.directory, f.name)), exchanges: news.slice(0, 10).flatMap((f) => f.exchangeId ?? []), remedy: mirrorFindingKinds[kind].remedy }, `on the staging machine: ${mirrorFindingKinds[kind].text}`);
      const ended = gone.filter((f) => f.kind === kind);
      if (ended.length > 0) this.parts.log.info({ channel, kind, count: ended.length, files: ended.slice(0, 10).map((f) => placeOf(f.directory, f.name)) }, 'no longer found on the staging machine');
    }
  }
}

/** File names begin with the exchange's number. */
function idOf(name: string): string | undefined {
  const digits = /^(\d{12,18})-/.exec(name)?.[1];
  return digits === undefined ? undefined : String(BigInt(digits));
}

function idsIn(files: readonly { readonly name: string }[], known: ReadonlySet<string>): string[] {
  return [...new Set(files.flatMap((f) => idOf(f.name) ?? []))].filter((id) => !known.has(id));
}

function seqsIn(files: readonly { readonly name: string }[]): string[] {
  return files.flatMap((f) => /^M(\d{10,18})\.xml$/.exec(f.name)?.[1] ?? []).map((s) => String(BigInt(s)));
}

function filesOf(e: MirroredExchange): LedgerFile[] {
  const base = { exchangeId: e.id, state: e.state, manifestSeq: e.manifestSeq, sinceMs: Date.parse(e.stateSince) };
  return [{ ...base, name: e.fileName, size: e.size, sha256: e.sha256 }, ...e.attachments.map((a) => ({ ...base, name: a.fileName, size: a.size, sha256: a.sha256 }))];
}
