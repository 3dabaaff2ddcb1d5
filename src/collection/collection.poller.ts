import { asFailure, GatewayFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { Incoming, InboxKind, InboxStore, Receipt } from '../ledger/inbox.store.js';
import type { ReturnFileStore } from '../ledger/return-file.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import type { StagedEntry, StagingMachine } from '../platform/staging/staging-machine.js';
import { judgeFile } from './judge-file.js';

export interface CollectionParts {
  readonly channels: readonly ChannelSettings[];
  readonly inbox: InboxStore;
  readonly returns: Pick<ReturnFileStore, 'refuseUnread' | 'noteRepeats'>;
  readonly doorbell: Pick<DoorbellAdapter, 'ring'>;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  staging(channel: ChannelName): StagingMachine;
}

const mebibyte = 1024 * 1024;
/** Files that are read, stored with one commit and moved together. */
const batchFiles = 32;
const batchBytes = 8 * mebibyte;
/** A file that does not look whole is taken all the same when it has not changed for this long. */
const unfinishedMs = 30_000;

/** One directory that is looked through, and who reads what lies there. */
interface Intake {
  readonly kind: InboxKind;
  readonly what: string;
  readonly directory: string;
  readonly maxBytes: number;
  readonly bell: 'read' | 'return';
}

/** Why a file cannot be had at all. */
interface Closed {
  readonly outcome: 'too-large' | 'not-readable';
  readonly detail: string;
}

/** A file with what was found in it; without content it is one that cannot be taken in, and why. */
type Found = Seen & { readonly size: number; readonly incoming: Incoming; readonly closed?: Closed };
type Seen = { readonly name: string; readonly look: string; readonly to: 'done' | 'refused' };

/**
 * Takes in what lies on the staging machine for us.
 * Enters as: a file in ack/ or return/. Leaves as: an unread entry of the inbox, the file in done/ below (or refused/, when it
 * cannot even be kept or is no XML). Can fail with: staging-*. If run twice: stored before it is moved, and the same bytes under
 * the same name are one entry.
 */
export class CollectionPoller {
  private readonly prepared = new Set<ChannelName>();
  private readonly trouble = new Map<ChannelName, string>();
  /** Stored, but they could not be moved away: moving is tried again, but they are not read again as long as nobody touches them. */
  private readonly stuck = new Map<string, Seen>();
  private readonly unfinished = new Map<string, { readonly size: number; readonly sinceMs: number }>();

  constructor(private readonly parts: CollectionParts) {}

  /** Takes in every file there is now; returns how many were new. A staging machine that fails is told once, not thrown. */
  async collect(channelName: ChannelName): Promise<number> {
    const channel = this.parts.channels.find((c) => c.channel === channelName && c.enabled);
    if (channel === undefined) return 0;
    try {
      const taken = await this.collectAll(channel);
      if (this.trouble.delete(channelName)) this.parts.log.info({ channel: channelName }, 'files are collected again');
      return taken;
    } catch (error) {
      this.prepared.delete(channelName);
      if (!(error instanceof GatewayFailure)) throw error;
      this.parts.metrics.failures.inc({ stage: 'collect', channel: channelName, code: error.code });
      if (this.trouble.get(channelName) !== error.code) this.parts.log.warn({ channel: channelName, code: error.code, detail: error.detail }, 'files cannot be collected');
      this.trouble.set(channelName, error.code);
      return 0;
    }
  }

  /** Why the last look failed; undefined when it did not. */
  troubleOf(channel: ChannelName): string | undefined {
    return this.trouble.get(channel);
  }

  private async collectAll(channel: ChannelSettings): Promise<number> {
    const staging = this.parts.staging(channel.channel);
    const intakes = intakesOf(channel);
    if (!this.prepared.has(channel.channel)) {
      await staging.ensureDirectories(intakes.flatMap(({ directory }) => [directory, `${directory}/done`, `${directory}/refused`]));
      this.prepared.add(channel.channel);
    }
    let taken = 0;
    for (const intake of intakes) {
      const entries = (await staging.list(intake.directory)).filter((e) => !e.name.startsWith('.'));
      this.forgetGone(channel.channel, intake, entries);
      const known = entries.flatMap((e) => this.stuck.get(keyOf(channel.channel, intake, e.name)) ?? []).filter((f) => entries.some((e) => e.name === f.name && lookOf(e) === f.look));
      for (const found of known) await this.putAway(channel.channel, staging, intake, found);
      const open = entries.filter((e) => !known.some((f) => f.name === e.name));
      for (const batch of batches(open, intake.maxBytes)) taken += await this.takeBatch(channel.channel, staging, intake, batch);
    }
    return taken;
  }

  private async takeBatch(channel: ChannelName, staging: StagingMachine, intake: Intake, batch: readonly StagedEntry[]): Promise<number> {
    const found = (await Promise.all(batch.map((entry) => this.look(channel, staging, intake, entry)))).filter((f) => f !== undefined);
    const readable = found.filter((f) => f.closed === undefined);
    const receipts = await this.parts.inbox.receive(readable.map((f) => f.incoming));
    if (intake.kind === 'return') await this.parts.returns.noteRepeats(receipts.filter((r) => !r.isNew).map((r) => r.id));
    for (const f of found) if (f.closed !== undefined) receipts.push(await this.keepClosed(intake, f, f.closed));
    const fresh = receipts.filter((r) => r.isNew).length;
    if (fresh > 0) this.parts.log.info({ channel, files: found.length, new: fresh }, `${intake.what} taken in`);
    if (fresh > 0 || (intake.kind === 'return' && found.length > 0)) await this.parts.doorbell.ring(intake.bell, channel);
    await Promise.all(found.map((f) => this.putAway(channel, staging, intake, f)));
    return fresh;
  }

  private async keepClosed(intake: Intake, found: Found, closed: Closed): Promise<Receipt> {
    if (intake.kind === 'return') return this.parts.returns.refuseUnread(found.incoming, found.name, closed.outcome, found.size, [{ path: '/', expected: closed.detail }]);
    return this.parts.inbox.receiveUnreadable(found.incoming, closed.detail);
  }

  /** Undefined: nothing to take yet, or it is gone. */
  private async look(channel: ChannelName, staging: StagingMachine, intake: Intake, entry: StagedEntry): Promise<Found | undefined> {
    const base = { channel, kind: intake.kind, source: 'file', remote: 'staging machine' } as const;
    const closed = (outcome: Closed['outcome'], size: number, why: string, detail: string): Found => ({
      name: entry.name, look: lookOf(entry), size, to: 'refused', closed: { outcome, detail },
      incoming: { ...base, externalId: `${entry.name} (${why})`, contentType: 'application/octet-stream', content: Buffer.alloc(0) },
    });
    try {
      const read = await staging.read(intake.directory, entry.name, intake.maxBytes);
      if (read.how === 'missing') return undefined;
      if (read.how === 'too-large') return closed('too-large', read.size, `${read.size} bytes`, `${read.size} bytes, expected at most ${intake.maxBytes}`);
      const { contentType, looksWhole } = judgeFile(entry.name, read.bytes);
      if (this.isUnfinished(keyOf(channel, intake, entry.name), entry, read.bytes.length, looksWhole)) return undefined;
      const strange = contentType === 'application/octet-stream' || (intake.kind === 'return' && contentType !== 'application/xml');
      return { name: entry.name, look: lookOf(entry), size: read.bytes.length, to: strange ? 'refused' : 'done', incoming: { ...base, externalId: entry.name, contentType, content: read.bytes } };
    } catch (error) {
      const failure = asFailure(error);
      // Only this file is closed to us; any other failure concerns the machine.
      if (failure.code !== 'staging-denied') throw error;
      return closed('not-readable', entry.size, 'not readable', 'the staging machine denies reading it');
    }
  }

  private isUnfinished(key: string, entry: StagedEntry, size: number, looksWhole: boolean): boolean {
    const nowMs = this.parts.clock.now().getTime();
    const seen = this.unfinished.get(key);
    if (looksWhole && size === entry.size) return false;
    if (seen?.size === size) return nowMs - seen.sinceMs < unfinishedMs;
    this.unfinished.set(key, { size, sinceMs: nowMs });
    return true;
  }

  /** A file that cannot be moved stays; it is stored, so meeting it again changes nothing. */
  private async putAway(channel: ChannelName, staging: StagingMachine, intake: Intake, found: Seen): Promise<void> {
    const key = keyOf(channel, intake, found.name);
    this.unfinished.delete(key);
    try {
      await staging.move(intake.directory, found.name, `${intake.directory}/${found.to}`);
      this.stuck.delete(key);
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code !== 'staging-denied') throw error;
      // An answer for each look would be a flood. Perhaps the directory is gone: it is made again.
      this.stuck.set(key, { name: found.name, look: found.look, to: found.to });
      this.prepared.delete(channel);
      if (this.trouble.get(`${channel} move`) !== failure.code) this.parts.log.warn({ channel, code: failure.code, detail: failure.detail }, 'collected files cannot be moved away and are moved when that is possible');
      this.trouble.set(`${channel} move`, failure.code);
    }
  }

  private forgetGone(channel: ChannelName, intake: Intake, entries: readonly StagedEntry[]): void {
    const present = new Set(entries.map((e) => keyOf(channel, intake, e.name)));
    for (const known of [this.unfinished, this.stuck]) for (const key of known.keys()) if (key.startsWith(keyOf(channel, intake, '')) && !present.has(key)) known.delete(key);
  }
}

/** Two looks at one file that nobody touched are the same; the other machine's clock is compared with itself only. */
const lookOf = (entry: StagedEntry): string => `${entry.size} ${entry.mtimeMs}`;
const keyOf = (channel: ChannelName, intake: Intake, name: string): string => `${channel}/${intake.kind}/${name}`;

/** What is looked through for a channel; returned files hold a day and may be larger. */
function intakesOf(channel: ChannelSettings): Intake[] {
  const { acknowledgementDir, returnDir } = channel.staging;
  return [
    ...(channel.acknowledgement.files ? [{ kind: 'acknowledgement', what: 'acknowledgement files', directory: acknowledgementDir, maxBytes: 4 * mebibyte, bell: 'read' } as const] : []),
    ...(channel.returns?.files ? [{ kind: 'return', what: 'returned files', directory: returnDir, maxBytes: 32 * mebibyte, bell: 'return' } as const] : []),
  ];
}

function batches(entries: readonly StagedEntry[], maxBytes: number): StagedEntry[][] {
  const out: StagedEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const last = out.at(-1);
    const size = Math.min(entry.size, maxBytes);
    bytes += size;
    if (last === undefined || last.length >= batchFiles || bytes > batchBytes) {
      out.push([entry]);
      bytes = size;
    } else last.push(entry);
  }
  return out;
}
