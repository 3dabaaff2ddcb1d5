import { itemOf } from '../domain/event-item.js';
import type { Settings } from '../domain/settings.js';
import { findStream } from '../domain/supervision-stream.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';
import type { AttachmentRef, MessageStore } from '../ledger/message.store.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { factsOf } from './facts-of.js';
import { nameAttachment } from './name-attachment.js';
import { produceMessage } from './produce-message.js';

/** Bytes that came out the same as those that were sent. */
export interface RenderedAgain {
  readonly row: ExchangeRow;
  readonly content: Buffer;
  readonly attachments: readonly AttachmentRef[];
}

/** Renders exchanges whose bytes are lost from the snapshots they point to; gives those whose hash is the one that was sent. */
export async function renderAgain(parts: { settings: Settings; mappings: readonly CompiledMapping[]; messages: MessageStore }, rows: readonly ExchangeRow[]): Promise<RenderedAgain[]> {
  const { settings, mappings, messages } = parts;
  const snapshots = await messages.snapshots(rows);
  const produced = rows.flatMap((row) => {
    const mapping = mappings.find((m) => m.channel === row.channel && m.event === row.event);
    const snapshot = snapshots.get(row.id);
    const channel = settings.channels.find((c) => c.channel === row.channel);
    const stream = findStream(settings.streamDefinitions, row.stream);
    if (!mapping || !snapshot || !channel || !stream) return [];
    try {
      const result = produceMessage(mapping, snapshot, itemOf(stream, row.event, row.sequence, snapshot), factsOf(row), { encoding: channel.encoding, illegalCharacters: channel.illegalCharacters });
      return result.bytes && result.sha256 === row.sha256 ? [{ row, content: result.bytes, named: result.attachments }] : [];
    } catch {
      return []; // what can no longer be rendered is one of those that stay without bytes, and is shown so
    }
  });
  const known = await messages.knownAttachments(produced.flatMap((p) => p.named.map((a) => a.signature)));
  return produced.flatMap(({ row, content, named }) => {
    if (named.some((a) => !known.has(a.signature))) return [];
    return [{ row, content, attachments: named.map((a, i) => ({ signature: a.signature, fileName: nameAttachment(row.fileName, i + 1, a.fileName), ...known.get(a.signature)! })) }];
  });
}
