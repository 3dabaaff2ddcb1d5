import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { GatewayFailure } from '../domain/failures.js';
import type { Finding } from '../domain/mapping-language.js';
import type { Settings } from '../domain/settings.js';
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
import { renderJob, type RenderGround, type RenderJob, type RenderOutcome } from './render-job.js';
import type { RenderThread } from './render-thread.adapter.js';

export interface MappingParts {
  readonly settings: Settings;
  readonly mappings: readonly CompiledMapping[];
  readonly exchanges: ExchangeStore;
  readonly messages: MessageStore;
  readonly doorbell: DoorbellAdapter;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  readonly thread?: RenderThread;
}

interface Draft {
  readonly row: ExchangeRow;
  readonly outcome: Extract<RenderOutcome, { bytes: unknown }>;
}

/** A claimed batch that was rendered and is not recorded yet. */
interface Batch {
  readonly by: { readonly actor: string; readonly claimToken: string };
  readonly drafts: readonly Draft[];
  readonly refused: readonly { row: ExchangeRow; findings: readonly Finding[] }[];
  readonly failed: { row: ExchangeRow; failure: GatewayFailure }[];
  readonly end: () => void;
  /** Whether there may be more to render, and whether that is rendered alone. */
  readonly more: boolean;
  readonly alone: boolean;
}

/** Messages after which the transfers and polls of this process get their turn: a batch in one go would stall them. */
const breathEvery = 8;

/** Renders what was captured; see MappingModule for what enters, leaves and fails. */
export class MappingProcessor {
  private stopping = false;

  private readonly owed: OwedClaims;
  private readonly ground: RenderGround;

  constructor(private readonly parts: MappingParts) {
    const { mappings, settings } = parts;
    this.ground = {
      mappings,
      findStream: (name) => findStream(settings.streamDefinitions, name)!,
      textOf: (name) => settings.channels.find((c) => c.channel === name)!,
    };
    this.owed = new OwedClaims((channel, token) => parts.exchanges.releaseClaim(channel, 'captured', token));
  }

  stop(): void {
    this.stopping = true;
  }

  /** Ends the thread; after everything else has stopped. */
  async close(): Promise<void> {
    await this.parts.thread?.close();
  }

  /** Renders until nothing captured is due on the channel; while a batch is being recorded, the next is rendered, but for what is rendered alone. */
  async handle(channel: string): Promise<void> {
    await this.owed.settle(channel);
    let recording: Promise<void> = Promise.resolve();
    let alone = false;
    for (let more = true; more && !this.stopping; ) {
      if (alone) await recording;
      const token = randomUUID();
      const batch = await this.owed.unlessHeard(channel, token, () => this.renderBatch(channel, token, alone ? 1 : this.parts.settings.render.batch)).catch(async (error: unknown) => {
        await recording; // what went wrong first is told first
        throw error;
      });
      await recording;
      if (batch === undefined) break;
      recording = this.owed.unlessHeard(channel, token, () => this.record(channel, batch));
      recording.catch(() => undefined); // awaited in the next round or at the end
      ({ more, alone } = batch);
    }
    await recording;
  }

  private async renderBatch(channel: string, token: string, limit: number): Promise<Batch | undefined> {
    const { parts } = this;
    const by = { actor: 'mapping', claimToken: token };
    const claimed = await parts.exchanges.claim(channel, 'captured', { limit, token, claimMs: parts.settings.relay.claimMs });
    if (claimed.length === 0) return undefined;
    const end = parts.metrics.stageSeconds.startTimer({ stage: 'render', channel });
    const { work, giveBack, park, alone } = splitClaim(claimed, parts.settings.retry.maxCrashes);
    await parts.exchanges.release(giveBack, token);
    const failed = park.map((row) => ({ row, failure: new GatewayFailure('worker-killed', `${row.crashes - 1} times while it was being rendered`) }));

    const texts = await parts.messages.snapshotTexts(work);
    const there = work.filter((row) => texts.has(row.id));
    for (const row of work) if (!texts.has(row.id)) failed.push({ row, failure: new GatewayFailure('mapping-broken', `snapshot ${row.snapshotId} is missing in the ledger`) });
    const outcomes = await this.render(there.map((row) => ({ stream: row.stream, snapshot: texts.get(row.id)!, facts: factsOf(row) })));
    const drafts: Draft[] = [];
    const refused: { row: ExchangeRow; findings: readonly Finding[] }[] = [];
    for (const [i, row] of there.entries()) {
      const outcome = outcomes[i]!;
      if ('bytes' in outcome) drafts.push({ row, outcome });
      else if ('findings' in outcome) refused.push({ row, findings: outcome.findings });
      else {
        failed.push({ row, failure: new GatewayFailure(outcome.failure.code, outcome.failure.detail) });
        parts.log.error({ exchange: row.id, ...outcome.failure }, 'the mapping failed');
      }
    }
    return { by, drafts, refused, failed, end, alone, more: claimed.length === limit || giveBack.length > 0 };
  }

  private async record(channel: string, { by, drafts, refused, failed, end }: Batch): Promise<void> {
    const { parts } = this;
    const rendered: RenderedMessage[] = [];
    const known = await parts.messages.knownAttachments(drafts.flatMap((d) => d.outcome.attachments.map((a) => a.signature)));
    for (const { row, outcome } of drafts) {
      const missing = outcome.attachments.find((a) => !known.has(a.signature));
      if (missing) {
        failed.push({ row, failure: new GatewayFailure('attachment-broken', `${missing.child} ${missing.key}: the content in the bureau does not have the recorded signature`) });
        continue;
      }
      const attachments: AttachmentRef[] = outcome.attachments.map((a, i) => ({ signature: a.signature, fileName: nameAttachment(row.fileName, i + 1, a.fileName), ...known.get(a.signature)! }));
      const { bytes, sha256, notes } = outcome;
      rendered.push({ row, content: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), sha256, encoding: this.ground.textOf(row.channel).encoding, mappingDigest: this.digestOf(row), attachments, notes });
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

  private digestOf(row: ExchangeRow): string {
    return this.parts.mappings.find((m) => m.channel === row.channel && m.event === row.event)!.digest;
  }

  /** A large batch is rendered by the thread, where there is one. */
  private async render(jobs: readonly RenderJob[]): Promise<readonly RenderOutcome[]> {
    const { threadFrom } = this.parts.settings.render;
    const elsewhere = threadFrom > 0 && jobs.length >= threadFrom ? await this.parts.thread?.render(jobs) : undefined;
    if (elsewhere !== undefined) return elsewhere;
    const outcomes: RenderOutcome[] = [];
    for (const [i, job] of jobs.entries()) {
      if (i % breathEvery === breathEvery - 1) await setImmediate();
      outcomes.push(renderJob(job, this.ground));
    }
    return outcomes;
  }
}
