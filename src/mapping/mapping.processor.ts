import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { itemOf } from '../domain/event-item.js';
import { asFailure, GatewayFailure } from '../domain/failures.js';
import type { Finding } from '../domain/mapping-language.js';
import type { Settings } from '../domain/settings.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import { findStream } from '../domain/supervision-stream.js';
import { splitClaim } from '../ledger/claim-work.js';
import type { ExchangeStore } from '../ledger/exchange.store.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';
import type { AttachmentRef, MessageStore, RenderedMessage } from '../ledger/message.store.js';
import { OwedClaims } from '../ledger/owed-claims.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { factsOf } from './facts-of.js';
import { nameAttachment } from './name-attachment.js';
import { produceMessage } from './produce-message.js';
import type { RenderedMessage as Produced } from './render-message.js';

export interface MappingParts {
  readonly settings: Settings;
  readonly mappings: readonly CompiledMapping[];
  readonly exchanges: ExchangeStore;
  readonly messages: MessageStore;
  readonly doorbell: DoorbellAdapter;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
}

/** A claimed batch that was rendered and is not recorded yet. */
interface Batch {
  readonly by: { readonly actor: string; readonly claimToken: string };
  readonly drafts: readonly { row: ExchangeRow; mapping: CompiledMapping; result: Produced }[];
  readonly refused: readonly { row: ExchangeRow; findings: readonly Finding[] }[];
  readonly failed: { row: ExchangeRow; failure: GatewayFailure }[];
  readonly end: () => void;
  readonly more: boolean;
}

/** Messages after which the transfers and polls of this process get their turn: a batch in one go would stall them. */
const breathEvery = 8;

/** Renders what was captured; see MappingModule for what enters, leaves and fails. */
export class MappingProcessor {
  private stopping = false;

  private readonly owed: OwedClaims;

  constructor(private readonly parts: MappingParts) {
    this.owed = new OwedClaims((channel, token) => parts.exchanges.releaseClaim(channel, 'captured', token));
  }

  stop(): void {
    this.stopping = true;
  }

  /** Renders until nothing captured is due on the channel; while a batch is being recorded, the next is rendered. */
  async handle(channel: string): Promise<void> {
    await this.owed.settle(channel);
    let recording: Promise<void> = Promise.resolve();
    for (let more = true; more && !this.stopping; ) {
      const token = randomUUID();
      const batch = await this.owed.unlessHeard(channel, token, () => this.renderBatch(channel, token)).catch(async (error: unknown) => {
        await recording; // what went wrong first is told first
        throw error;
      });
      await recording;
      if (batch === undefined) break;
      recording = this.owed.unlessHeard(channel, token, () => this.record(channel, batch));
      recording.catch(() => undefined); // awaited in the next round or at the end
      more = batch.more;
    }
    await recording;
  }

  private async renderBatch(channel: string, token: string): Promise<Batch | undefined> {
    const { parts } = this;
    const by = { actor: 'mapping', claimToken: token };
    const claimed = await parts.exchanges.claim(channel, 'captured', { limit: parts.settings.render.batch, token, claimMs: parts.settings.relay.claimMs });
    if (claimed.length === 0) return undefined;
    const end = parts.metrics.stageSeconds.startTimer({ stage: 'render', channel });
    const { work, giveBack, park } = splitClaim(claimed, parts.settings.retry.maxCrashes);
    await parts.exchanges.release(giveBack, token);
    const failed = park.map((row) => ({ row, failure: new GatewayFailure('worker-killed', `${row.crashes - 1} times while it was being rendered`) }));

    const snapshots = await parts.messages.snapshots(work);
    const drafts: { row: ExchangeRow; mapping: CompiledMapping; result: Produced }[] = [];
    const refused: { row: ExchangeRow; findings: readonly Finding[] }[] = [];
    for (const [i, row] of work.entries()) {
      if (i % breathEvery === breathEvery - 1) await setImmediate();
      try {
        const { mapping, result } = this.render(row, snapshots.get(row.id));
        if (result.bytes) drafts.push({ row, mapping, result });
        else refused.push({ row, findings: result.findings });
      } catch (error) {
        failed.push({ row, failure: asFailure(error, 'mapping-broken') });
        parts.log.error({ exchange: row.id, err: error }, 'the mapping failed');
      }
    }
    return { by, drafts, refused, failed, end, more: claimed.length === parts.settings.render.batch || giveBack.length > 0 };
  }

  private async record(channel: string, { by, drafts, refused, failed, end }: Batch): Promise<void> {
    const { parts } = this;
    const rendered: RenderedMessage[] = [];
    const known = await parts.messages.knownAttachments(drafts.flatMap((d) => d.result.attachments.map((a) => a.signature)));
    for (const { row, mapping, result } of drafts) {
      const missing = result.attachments.find((a) => !known.has(a.signature));
      if (missing) {
        failed.push({ row, failure: new GatewayFailure('attachment-broken', `${missing.child} ${missing.key}: the content in the bureau does not have the recorded signature`) });
        continue;
      }
      const attachments: AttachmentRef[] = result.attachments.map((a, i) => ({ signature: a.signature, fileName: nameAttachment(row.fileName, i + 1, a.fileName), ...known.get(a.signature)! }));
      rendered.push({ row, content: result.bytes!, sha256: result.sha256!, encoding: this.encodingOf(row.channel), mappingDigest: mapping.digest, attachments, notes: result.notes });
    }

    const moved = await parts.messages.recordRendered(rendered, refused, by);
    if (failed.length > 0) await parts.exchanges.fail(parts.exchanges.database, failed, by);
    end();
    const parked = refused.length + failed.length;
    parts.metrics.moves.inc({ channel, state: 'rendered' }, Math.max(0, moved.length - refused.length));
    if (parked > 0) {
      parts.metrics.moves.inc({ channel, state: 'parked' }, parked);
      parts.log.warn({ channel, exchanges: [...refused, ...failed].map((f) => f.row.id) }, 'messages are parked with findings');
    }
    parts.log.info({ channel, exchanges: rendered.map((m) => m.row.id) }, 'rendered');
    if (rendered.length > 0) await parts.doorbell.ring('deliver', channel);
  }

  private render(row: ExchangeRow, snapshot: CaseSnapshot | undefined): { mapping: CompiledMapping; result: Produced } {
    const mapping = this.parts.mappings.find((m) => m.channel === row.channel && m.event === row.event);
    if (!mapping) throw new GatewayFailure('mapping-broken', `channel ${row.channel} has no mapping for ${row.event} any more`);
    if (!snapshot) throw new GatewayFailure('mapping-broken', `snapshot ${row.snapshotId} is missing in the ledger`);
    const stream = findStream(this.parts.settings.streamDefinitions, row.stream)!;
    const channel = this.parts.settings.channels.find((c) => c.channel === row.channel)!;
    return {
      mapping,
      result: produceMessage(mapping, snapshot, itemOf(stream, row.event, row.sequence, snapshot), factsOf(row), { encoding: channel.encoding, illegalCharacters: channel.illegalCharacters }),
    };
  }

  private encodingOf(channel: string): string {
    return this.parts.settings.channels.find((c) => c.channel === channel)!.encoding;
  }
}
