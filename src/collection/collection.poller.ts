import { asFailure, GatewayFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { Incoming, InboxStore } from '../ledger/inbox.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import type { StagedEntry, StagingMachine } from '../platform/staging/staging-machine.js';
import { judgeFile } from './judge-file.js';

export interface CollectionParts {
  readonly channels: readonly ChannelSettings[];
  readonly inbox: InboxStore;
  readonly doorbell: Pick<DoorbellAdapter, 'ring'>;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  staging(channel: ChannelName): StagingMachine;
}

const maxFileBytes = 4 * 1024 * 1024;
/** Files that are read, stored with one commit and moved together. */
const batchFiles = 32;
const batchBytes = 8 * 1024 * 1024;
/** A file that does not look whole is taken all the same when it has not changed for this long. */
const unfinishedMs = 30_000;

/** A file with what was found in it; without content it is one that cannot be taken in, and why. */
type Found = { readonly name: string; readonly to: 'done' | 'refused'; readonly incoming: Incoming; readonly detail?: string };

/**
 * Takes in what lies on the staging machine for us.
 * Enters as: a file in ack/. Leaves as: an unread entry of the inbox, the file in ack/done/ (or ack/refused/). Can fail with:
 * staging-*. If run twice: stored before it is moved, and the same bytes under the same name are one entry.
 */
export class CollectionPoller {
  private readonly prepared = new Set<ChannelName>();
  private readonly trouble = new Map<ChannelName, string>();
  private readonly unfinished = new Map<string, { readonly size: number; readonly sinceMs: number }>();

  constructor(private readonly parts: CollectionParts) {}

  /** Takes in every file there is now; returns how many were new. A staging machine that fails is told once, not thrown. */
  async collect(channelName: ChannelName): Promise<number> {
    const channel = this.parts.channels.find((c) => c.channel === channelName && c.enabled && c.acknowledgement.files);
    if (channel === undefined) return 0;
    try {
      const taken = await this.collectAll(channel);
      if (this.trouble.delete(channelName)) this.parts.log.info({ channel: channelName }, 'acknowledgement files are collected again');
      return taken;
    } catch (error) {
      this.prepared.delete(channelName);
      if (!(error instanceof GatewayFailure)) throw error;
      this.parts.metrics.failures.inc({ stage: 'collect', channel: channelName, code: error.code });
      if (this.trouble.get(channelName) !== error.code) this.parts.log.warn({ channel: channelName, code: error.code, detail: error.detail }, 'acknowledgement files cannot be collected');
      this.trouble.set(channelName, error.code);
      return 0;
    }
  }

  private async collectAll(channel: ChannelSettings): Promise<number> {
    const staging = this.parts.staging(channel.channel);
    const directory = channel.staging.acknowledgementDir;
    if (!this.prepared.has(channel.channel)) {
      await staging.ensureDirectories([directory, `${directory}/done`, `${directory}/refused`]);
      this.prepared.add(channel.channel);
    }
    const entries = (await staging.list(directory)).filter((e) => !e.name.startsWith('.'));
    this.forgetGone(channel.channel, entries);
    let taken = 0;
    for (const batch of batches(entries)) taken += await this.takeBatch(channel, staging, directory, batch);
    return taken;
  }

  private async takeBatch(channel: ChannelSettings, staging: StagingMachine, directory: string, batch: readonly StagedEntry[]): Promise<number> {
    const found = (await Promise.all(batch.map((entry) => this.look(channel.channel, staging, directory, entry)))).filter((f) => f !== undefined);
    const readable = found.filter((f) => f.detail === undefined);
    const receipts = await this.parts.inbox.receive(readable.map((f) => f.incoming));
    for (const f of found) if (f.detail !== undefined) receipts.push(await this.parts.inbox.receiveUnreadable(f.incoming, f.detail));
    const fresh = receipts.filter((r) => r.isNew).length;
    if (fresh > 0) {
      this.parts.log.info({ channel: channel.channel, files: found.length, new: fresh }, 'acknowledgement files taken in');
      await this.parts.doorbell.ring('read', channel.channel);
    }
    await Promise.all(found.map((f) => this.putAway(channel.channel, staging, directory, f)));
    return fresh;
  }

  /** Undefined: nothing to take yet, or it is gone. */
  private async look(channel: ChannelName, staging: StagingMachine, directory: string, entry: StagedEntry): Promise<Found | undefined> {
    const base = { channel, source: 'file', remote: 'staging machine' } as const;
    const refused = (why: string, detail: string): Found => ({
      name: entry.name, to: 'refused', detail,
      incoming: { ...base, externalId: `${entry.name} (${why})`, contentType: 'application/octet-stream', content: Buffer.alloc(0) },
    });
    try {
      const read = await staging.read(directory, entry.name, maxFileBytes);
      if (read.how === 'missing') return undefined;
      if (read.how === 'too-large') return refused(`${read.size} bytes`, `${read.size} bytes, expected at most ${maxFileBytes}`);
      const { contentType, looksWhole } = judgeFile(entry.name, read.bytes);
      if (this.isUnfinished(channel, entry, read.bytes.length, looksWhole)) return undefined;
      return { name: entry.name, to: contentType === 'application/octet-stream' ? 'refused' : 'done', incoming: { ...base, externalId: entry.name, contentType, content: read.bytes } };
    } catch (error) {
      const failure = asFailure(error);
      // Only this file is closed to us; any other failure concerns the machine.
      if (failure.code !== 'staging-denied') throw error;
      return refused('not readable', 'the staging machine denies reading it');
    }
  }

  private isUnfinished(channel: ChannelName, entry: StagedEntry, size: number, looksWhole: boolean): boolean {
    const key = `${channel}/${entry.name}`;
    const nowMs = this.parts.clock.now().getTime();
    const seen = this.unfinished.get(key);
    if (looksWhole && size === entry.size) return false;
    if (seen?.size === size) return nowMs - seen.sinceMs < unfinishedMs;
    this.unfinished.set(key, { size, sinceMs: nowMs });
    return true;
  }

  /** A file that cannot be moved stays; it is stored, so meeting it again changes nothing. */
  private async putAway(channel: ChannelName, staging: StagingMachine, directory: string, found: Found): Promise<void> {
    this.unfinished.delete(`${channel}/${found.name}`);
    try {
      await staging.move(directory, found.name, `${directory}/${found.to}`);
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code !== 'staging-denied') throw error;
      if (this.trouble.get(`${channel} move`) !== failure.code) this.parts.log.warn({ channel, code: failure.code, detail: failure.detail }, 'collected files cannot be moved away and are looked at again each time');
      this.trouble.set(`${channel} move`, failure.code);
    }
  }

  private forgetGone(channel: ChannelName, entries: readonly StagedEntry[]): void {
    const present = new Set(entries.map((e) => `${channel}/${e.name}`));
    for (const key of this.unfinished.keys()) if (key.startsWith(`${channel}/`) && !present.has(key)) this.unfinished.delete(key);
  }
}

function batches(entries: readonly StagedEntry[]): StagedEntry[][] {
  const out: StagedEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const last = out.at(-1);
    bytes += Math.min(entry.size, maxFileBytes);
    if (last === undefined || last.length >= batchFiles || bytes > batchBytes) {
      out.push([entry]);
      bytes = Math.min(entry.size, maxFileBytes);
    } else last.push(entry);
  }
  return out;
}
