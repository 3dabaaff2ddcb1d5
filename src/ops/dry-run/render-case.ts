import { deriveEvents } from '../../capture/derive-events.js';
import { itemOf } from '../../domain/event-item.js';
import { asFailure, failureCodes, type GatewayFailure } from '../../domain/failures.js';
import type { Finding } from '../../domain/mapping-language.js';
import type { Settings } from '../../domain/settings.js';
import type { CaseSnapshot } from '../../domain/snapshot.js';
import type { StreamDefinition } from '../../domain/stream.js';
import type { Operation } from '../../domain/vocabulary.js';
import { messageIdOf } from '../../ledger/name-message.js';
import { compareEvents, type LatestExchange } from '../../ledger/plan-exchanges.js';
import { standingOf } from '../../ledger/standing-of.js';
import type { CompiledMapping } from '../../mapping/compiled-mapping.js';
import { factsOf } from '../../mapping/facts-of.js';
import { produceMessage } from '../../mapping/produce-message.js';
import { subscriptionsOf } from '../../mapping/subscribe.js';

/** A message as it would be sent. */
export interface MappedMessage {
  readonly channel: string;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: Operation;
  readonly at: string;
  readonly messageId: string;
  /** What the ledger has of it. */
  readonly standing: string;
  readonly encoding: string;
  /** The document as text, also where it has findings; its bytes are in `encoding`. */
  readonly xml: string;
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
  readonly attachments: readonly { readonly fileName: string; readonly signature: string; readonly broken: boolean }[];
  readonly failure?: { readonly code: string; readonly text: string; readonly remedy: string } | undefined;
}

export interface CaseToRender {
  readonly settings: Pick<Settings, 'channels'>;
  readonly stream: StreamDefinition;
  readonly mappings: readonly CompiledMapping[];
  readonly snapshot: CaseSnapshot;
  /** Signatures of scanned files whose content is missing or another one. */
  readonly broken: ReadonlySet<string>;
  readonly latest: readonly LatestExchange[];
  /** Only these. */
  readonly channel?: string | undefined;
  readonly event?: string | undefined;
  readonly describe: (failure: GatewayFailure) => string;
}

/** Every message of a case in the order of its lanes, rendered by the very code that sends, with what is wrong with it. */
export function renderCase(c: CaseToRender): MappedMessage[] {
  const ofStream = c.mappings.filter((m) => m.stream === c.stream.stream);
  const derived = deriveEvents(c.stream, subscriptionsOf(ofStream), c.snapshot).sort(compareEvents);
  return derived
    .filter((e) => (c.channel === undefined || e.channel === c.channel) && (c.event === undefined || e.event === c.event))
    .map((event): MappedMessage => {
      const standing = standingOf(event, derived, c.latest);
      const mapping = ofStream.find((m) => m.channel === event.channel && m.event === event.event)!;
      const channel = c.settings.channels.find((s) => s.channel === event.channel)!;
      const messageId = messageIdOf({ ...event, version: standing.version }, c.snapshot.caseNo);
      const head = { channel: event.channel, event: event.event, sequence: event.sequence, version: standing.version, operation: standing.operation, at: event.at, messageId, standing: standing.text, encoding: channel.encoding };
      try {
        const facts = factsOf({ messageId, channel: event.channel, event: event.event, version: standing.version, operation: standing.operation, eventAt: event.at, sequence: event.sequence });
        const made = produceMessage(mapping, c.snapshot, itemOf(c.stream, event.event, event.sequence, c.snapshot), facts, { encoding: channel.encoding, illegalCharacters: channel.illegalCharacters });
        const attachments = made.attachments.map((a) => ({ fileName: a.fileName, signature: a.signature, broken: c.broken.has(a.signature) }));
        const failed = attachments.some((a) => a.broken) ? { failure: { code: 'attachment-broken', ...failureCodes['attachment-broken'] } } : {};
        return { ...head, xml: made.text, size: made.bytes?.length, sha256: made.sha256, findings: made.findings, notes: made.notes, attachments, ...failed };
      } catch (error) {
        const failure = asFailure(error, 'mapping-broken');
        return { ...head, xml: '', findings: [], notes: [], attachments: [], failure: { code: failure.code, text: c.describe(failure), remedy: failureCodes[failure.code].remedy } };
      }
    });
}
