import { randomUUID } from 'node:crypto';
import { asFailure, GatewayFailure } from '../domain/failures.js';
import type { ManifestLine } from '../domain/receiver-messages.js';
import type { ChannelSettings, Settings } from '../domain/settings.js';
import { splitClaim } from '../ledger/claim-work.js';
import type { ChannelStore } from '../ledger/channel.store.js';
import type { ExchangeStore } from '../ledger/exchange.store.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';
import type { ManifestRow, ManifestStore } from '../ledger/manifest.store.js';
import type { MessageStore, StoredMessage } from '../ledger/message.store.js';
import type { Clock } from '../platform/clock.js';
import { OwedClaims } from '../ledger/owed-claims.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import type { StagedFile, StagingMachine } from '../platform/staging/staging-machine.js';
import { checkLedgerKnows } from './staged-manifests.adapter.js';
import { writeManifest } from './write-manifest.js';

export interface DeliveryParts {
  readonly settings: Settings;
  readonly exchanges: ExchangeStore;
  readonly messages: MessageStore;
  readonly manifests: ManifestStore;
  readonly channels: ChannelStore;
  readonly doorbell: DoorbellAdapter;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  staging(channel: string): StagingMachine;
}

/** A message with the exchange it reports. */
export interface Upload {
  readonly row: ExchangeRow;
  readonly message: StoredMessage;
}

/** Files that lie on the staging machine under their final names and stand in no manifest yet. */
interface Batch {
  readonly token: string;
  readonly delivered: readonly Upload[];
  readonly end: () => void;
  /** Whether there may be more to deliver, and whether that is delivered alone. */
  readonly more: boolean;
  readonly alone: boolean;
}

/**
 * Puts due messages on the staging machine.
 * Enters as: rendered, head of its lane. Leaves as: staged. Can fail with: staging-*, content-differs, name-taken,
 * attempts-exhausted. If run twice: the claim keeps two workers apart; after a crash the staging machine is looked at first,
 * and a manifest that was prepared goes again with the same bytes under the same name.
 */
export class DeliveryProcessor {
  private stopping = false;
  private readonly prepared = new Set<string>();
  private readonly owed: OwedClaims;

  constructor(private readonly parts: DeliveryParts) {
    this.owed = new OwedClaims((channel, token) => parts.exchanges.releaseClaim(channel, 'rendered', token));
  }

  stop(): void {
    this.stopping = true;
  }

  /**
   * Delivers until nothing is due on the channel, or the channel stands still. While the manifest of one batch is put and
   * recorded, the files of the next travel (not those that go alone); its own manifest is not fixed before that, so the chain has one open end.
   */
  async handle(channelName: string): Promise<void> {
    const channel = this.parts.settings.channels.find((c) => c.channel === channelName && c.enabled);
    if (!channel) return;
    await this.owed.settle(channelName);
    let finishing: Promise<boolean> | undefined;
    let alone = false;
    try {
      for (let more = true; more && !this.stopping; ) {
        if (alone && (await finishing) === false) return;
        if (alone) finishing = undefined;
        const state = await this.parts.channels.state(channelName);
        if (state.paused) break;
        if (state.breaker === 'open' && !(await this.probe(channel))) break;
        const open = finishing === undefined ? await this.parts.manifests.open(channelName) : undefined;
        if (open !== undefined) {
          // A package is carried by hand: nothing may overtake it in the chain.
          if (open.state === 'carried') return;
          if (open.packageId !== undefined && !(await this.uploadListed(channel, open))) return;
          if (!(await this.finishManifest(channel, open, true))) return;
          continue;
        }
        const token = randomUUID();
        const batch = await this.owed.unlessHeard(channelName, token, () => this.uploadBatch(channel, token, alone ? 1 : this.parts.settings.deliver.batch));
        const finished = (await finishing) ?? true;
        finishing = undefined;
        if (batch === undefined) break;
        if (!finished) return await this.parts.exchanges.release(batch.delivered.map((u) => u.row), batch.token);
        ({ more, alone } = batch);
        const noteSuccess = state.breaker === 'open' || state.failures > 0 || state.lastSuccessAt === undefined;
        finishing = this.owed.unlessHeard(channelName, token, () => this.listBatch(channel, batch, noteSuccess));
        finishing.catch(() => undefined); // awaited in the next round or at the end
      }
    } finally {
      await finishing;
    }
  }

  /** One look at a staging machine whose breaker is open; only one process has the right to it. */
  private async probe(channel: ChannelSettings): Promise<boolean> {
    if (!(await this.parts.channels.takeProbe(channel.channel))) return false;
    try {
      await this.ready(channel, true);
      return true;
    } catch (error) {
      const failure = this.ofStaging(error);
      await this.parts.channels.noteFailure(channel.channel, failure.code, failure.detail);
      this.parts.log.warn({ channel: channel.channel, code: failure.code, detail: failure.detail }, 'the staging machine does not answer the probe');
      return false;
    }
  }

  /** Directories and capabilities of the staging machine, once per process and after every failure. */
  private async ready(channel: ChannelSettings, again: boolean): Promise<void> {
    if (this.prepared.has(channel.channel) && !again) return;
    const staging = this.parts.staging(channel.channel);
    const { outboxDir, manifestDir, acknowledgementDir } = channel.staging;
    await staging.ensureDirectories([outboxDir, manifestDir, acknowledgementDir]);
    await checkLedgerKnows(staging, channel, this.parts.manifests);
    await this.parts.channels.recordCapabilities(channel.channel, JSON.stringify(await staging.probe()));
    this.prepared.add(channel.channel);
  }

  /** What the staging machine failed at. For what the ledger failed at no channel stands still: that is thrown on. */
  private ofStaging(error: unknown): GatewayFailure {
    if (this.parts.exchanges.database.raised(error)) throw error;
    return asFailure(error, 'staging-unreachable');
  }

  /** Claims up to `limit` and puts their files; undefined when nothing is due or the staging machine failed. */
  private async uploadBatch(channel: ChannelSettings, token: string, limit: number): Promise<Batch | undefined> {
    const { parts } = this;
    const by = { actor: 'delivery', claimToken: token };
    const end = parts.metrics.stageSeconds.startTimer({ stage: 'deliver', channel: channel.channel });

    const claimed = await parts.exchanges.claim(channel.channel, 'rendered', { limit, token, claimMs: parts.settings.relay.claimMs });
    if (claimed.length === 0) return undefined;
    const { work, giveBack, park, alone } = splitClaim(claimed, parts.settings.retry.maxCrashes);
    await parts.exchanges.release(giveBack, token);
    if (park.length > 0) {
      await parts.exchanges.fail(parts.exchanges.database, park.map((row) => ({ row, failure: new GatewayFailure('worker-killed', `${row.crashes - 1} times while it was being delivered`) })), by);
    }
    try {
      await this.ready(channel, false);
    } catch (error) {
      await this.stopChannel(channel, work, this.ofStaging(error), by);
      return undefined;
    }
    const { delivered, failed } = await this.upload(channel, work);
    if (failed.length > 0) await this.settleFailures(channel, failed, by);
    return { token, delivered, end, alone, more: failed.every((f) => f.failure.kind !== 'setup') };
  }

  /** Fixes the manifest of a batch whose files lie on the staging machine, puts it and records it. False when the channel's work ends here. */
  private async listBatch(channel: ChannelSettings, { token, delivered, end }: Batch, noteSuccess: boolean): Promise<boolean> {
    const { parts } = this;
    if (delivered.length > 0) {
      let manifest: ManifestRow | undefined;
      try {
        manifest = await parts.manifests.prepare(channel.channel, delivered.map((u) => ({ row: u.row, line: manifestLine(u) })), token, writeManifest);
      } catch (error) {
        if (!(error instanceof GatewayFailure) || error.code !== 'ledger-behind') throw error;
        await this.stopChannel(channel, delivered.map((u) => u.row), error, { actor: 'delivery', claimToken: token });
        return false;
      }
      if (!manifest) {
        // The chain has an open end that is not ours: another worker's manifest, or a package. The next bell begins with it, for its worker may
        // have died behind it; going on here would put the same messages again and again. Ours are found under the next claim.
        await parts.exchanges.release(delivered.map((u) => u.row), token);
        return false;
      }
      if (!(await this.finishManifest(channel, manifest, false))) return false;
      if (noteSuccess) await parts.channels.noteSuccess(channel.channel);
    }
    end();
    return true;
  }

  /** Attachments before the message that names them; each message succeeds or fails by itself. */
  private async upload(channel: ChannelSettings, work: readonly ExchangeRow[]): Promise<{ delivered: Upload[]; failed: { row: ExchangeRow; failure: GatewayFailure }[] }> {
    const staging = this.parts.staging(channel.channel);
    const stored = await this.parts.messages.messages(work);
    const failed: { row: ExchangeRow; failure: GatewayFailure }[] = [];
    let uploads: Upload[] = [];
    for (const row of work) {
      const message = stored.get(row.id);
      if (message) uploads.push({ row, message });
      else failed.push({ row, failure: new GatewayFailure('unexpected', 'the rendered bytes are missing in the ledger') });
    }

    const withFiles = uploads.filter((u) => u.message.attachments.length > 0);
    if (withFiles.length > 0) {
      const contents = await this.parts.messages.attachmentContents(withFiles.flatMap((u) => u.message.attachments.map((a) => a.signature)));
      const broken = new Map<string, GatewayFailure>();
      const files = withFiles.flatMap((u) => u.message.attachments.flatMap((a) => {
        const content = contents.get(a.signature);
        if (content === undefined) broken.set(u.row.id, new GatewayFailure('attachment-broken', `the content of ${a.fileName} is not in the ledger any more`));
        return content === undefined ? [] : [{ u, file: this.file(channel, a.fileName, content, a.sha256, u.row) }];
      }));
      const outcomes = await staging.put(files.map((f) => f.file));
      outcomes.forEach((o, i) => {
        if (!o.ok) broken.set(files[i]!.u.row.id, o.failure);
      });
      for (const u of withFiles) if (broken.has(u.row.id)) failed.push({ row: u.row, failure: broken.get(u.row.id)! });
      uploads = uploads.filter((u) => !broken.has(u.row.id));
    }

    const delivered: Upload[] = [];
    const outcomes = await staging.put(uploads.map((u) => this.file(channel, u.row.fileName, u.message.content, u.message.sha256, u.row)));
    outcomes.forEach((o, i) => {
      if (o.ok) delivered.push(uploads[i]!);
      else failed.push({ row: uploads[i]!.row, failure: o.failure });
    });
    return { delivered, failed };
  }

  /** After any earlier attempt or claim the outcome is unknown: the staging machine is asked before it is sent again. */
  private file(channel: ChannelSettings, finalName: string, bytes: Buffer, sha256: string, row: ExchangeRow): StagedFile {
    return { directory: channel.staging.outboxDir, finalName, bytes, sha256, lookFirst: row.triedBefore };
  }

  /** The files of a package that was taken back: they may lie there or not. False when one of them could not be put. */
  private async uploadListed(channel: ChannelSettings, manifest: ManifestRow): Promise<boolean> {
    const by = { actor: 'delivery', claimToken: '' };
    try {
      await this.ready(channel, false);
    } catch (error) {
      await this.stopChannel(channel, [], this.ofStaging(error), by);
      return false;
    }
    const { failed } = await this.upload(channel, (await this.parts.manifests.listed(manifest)).map((row) => ({ ...row, triedBefore: true })));
    // Its manifest is fixed: it goes whole or not at all.
    if (failed.length > 0) await this.stopChannel(channel, [], failed[0]!.failure, by);
    return failed.length === 0;
  }

  /** Puts the manifest last and records the staging. False when the staging machine failed. */
  private async finishManifest(channel: ChannelSettings, manifest: ManifestRow, lookFirst: boolean): Promise<boolean> {
    const { parts } = this;
    try {
      await this.ready(channel, false);
    } catch (error) {
      await this.stopChannel(channel, [], this.ofStaging(error), { actor: 'delivery', claimToken: '' });
      return false;
    }
    const [outcome] = await parts.staging(channel.channel).put([
      { directory: channel.staging.manifestDir, finalName: manifest.fileName, bytes: manifest.content, sha256: manifest.sha256, lookFirst },
    ]);
    if (!outcome!.ok) {
      await this.stopChannel(channel, [], outcome!.failure, { actor: 'delivery', claimToken: '' });
      return false;
    }
    const staged = await parts.manifests.recordStaged(manifest, 'delivery');
    const now = parts.clock.now().getTime();
    for (const e of staged) parts.metrics.captureToStaged.observe({ channel: channel.channel }, (now - Date.parse(e.capturedAt)) / 1000);
    parts.metrics.moves.inc({ channel: channel.channel, state: 'staged' }, staged.length);
    parts.log.info({ channel: channel.channel, manifest: manifest.seq, exchanges: staged.map((e) => e.id) }, 'manifest staged');
    // An acknowledgement that was faster than our record waits in the ledger for this moment.
    await parts.doorbell.ring('read', channel.channel);
    return true;
  }

  private async settleFailures(channel: ChannelSettings, failed: readonly { row: ExchangeRow; failure: GatewayFailure }[], by: { actor: string; claimToken: string }): Promise<void> {
    const { parts } = this;
    for (const { failure } of failed) parts.metrics.failures.inc({ stage: 'delivery', channel: channel.channel, code: failure.code });
    await parts.exchanges.fail(parts.exchanges.database, failed, by);
    const whole = failed.find((f) => f.failure.kind === 'setup' || f.failure.code === 'staging-interrupted');
    if (!whole) return;
    this.prepared.delete(channel.channel);
    await parts.channels.noteFailure(channel.channel, whole.failure.code, whole.failure.detail);
    parts.log.warn({ channel: channel.channel, code: whole.failure.code, detail: whole.failure.detail, count: failed.length }, 'delivery failed');
  }

  private async stopChannel(channel: ChannelSettings, rows: readonly ExchangeRow[], failure: GatewayFailure, by: { actor: string; claimToken: string }): Promise<void> {
    this.prepared.delete(channel.channel);
    await this.parts.exchanges.release(rows, by.claimToken);
    const open = await this.parts.channels.noteFailure(channel.channel, failure.code, failure.detail);
    this.parts.metrics.failures.inc({ stage: 'delivery', channel: channel.channel, code: failure.code });
    this.parts.log.warn({ channel: channel.channel, code: failure.code, detail: failure.detail, breaker: open ? 'open' : 'closed' }, 'the channel stands still');
  }
}

/** What a manifest says of a message; whoever lists one anew says the same. */
export function manifestLine({ row, message }: Upload): ManifestLine {
  return {
    messageId: row.messageId, message: row.event, caseNo: row.caseNo, version: row.version,
    recovery: { sequence: row.sequence, operation: row.operation, at: row.eventAt, digest: row.eventDigest }, fileName: row.fileName, size: message.content.length, sha256: message.sha256,
    attachments: message.attachments.map((a) => ({ fileName: a.fileName, size: a.size, sha256: a.sha256 })),
  };
}
