import { itemOf } from '../domain/event-item.js';
import { asFailure, type FailureCode } from '../domain/failures.js';
import type { Finding } from '../domain/mapping-language.js';
import type { MessageFacts } from '../domain/receiver-messages.js';
import { readSnapshot, type SnapshotText } from '../domain/snapshot.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { produceMessage } from './produce-message.js';
import type { ChannelText, RenderedAttachment } from './render-message.js';

/** One message to render, in a form that can be handed to another thread. */
export interface RenderJob {
  /** Stream whose events the exchange is about; the gateway's own stream has its snapshots too. */
  readonly stream: string;
  readonly snapshot: SnapshotText;
  readonly facts: MessageFacts;
}

/** What became of it. */
export type RenderOutcome =
  | { readonly bytes: Uint8Array; readonly sha256: string; readonly notes: readonly Finding[]; readonly attachments: readonly RenderedAttachment[] }
  | { readonly findings: readonly Finding[] }
  | { readonly failure: { readonly code: FailureCode; readonly detail: string } };

/** What rendering needs besides the job. */
export interface RenderGround {
  readonly mappings: readonly CompiledMapping[];
  readonly findStream: (name: string) => StreamDefinition;
  readonly textOf: (channel: string) => ChannelText;
}

/** Renders and judges one message; never throws. */
export function renderJob(job: RenderJob, ground: RenderGround): RenderOutcome {
  try {
    const { facts } = job;
    const mapping = ground.mappings.find((m) => m.channel === facts.channel && m.event === facts.event);
    if (!mapping) return { failure: { code: 'mapping-broken', detail: `channel ${facts.channel} has no mapping for ${facts.event} any more` } };
    const snapshot = readSnapshot(job.snapshot);
    const item = itemOf(ground.findStream(job.stream), facts.event, facts.sequence, snapshot);
    const made = produceMessage(mapping, snapshot, item, facts, ground.textOf(facts.channel));
    return made.bytes ? { bytes: made.bytes, sha256: made.sha256!, notes: made.notes, attachments: made.attachments } : { findings: made.findings };
  } catch (error) {
    const { code, detail } = asFailure(error, 'mapping-broken');
    return { failure: { code, detail } };
  }
}
