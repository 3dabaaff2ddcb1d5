import type { XsdValidator } from 'libxml2-wasm';
import { createHash, randomBytes } from 'node:crypto';
import type { ChannelSettings } from '../domain/settings.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { InboxStore, Incoming } from '../ledger/inbox.store.js';
import type { ReturnFileStore } from '../ledger/return-file.store.js';
import type { RejectionStore, Rejection } from '../ledger/rejection.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import type { DocumentFault } from './check-acknowledgement.js';
import { splitContentType } from '../platform/decode-document.js';
import { describeFaults } from './describe-faults.js';
import { matchAddress, plainAddress } from './match-address.adapter.js';
import { acceptedContentTypes, readAcknowledgements } from './read-acknowledgements.js';
import { takeToken, type Bucket } from './take-token.js';
import { verifySignature, type SignatureHeaders } from './verify-signature.js';

/** A request as far as it matters here. The body is read only when the rest allows it. */
export interface PushedDocument {
  readonly remote: string;
  readonly channel: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** As announced; undefined where it was not. */
  readonly contentLength?: number | undefined;
  readonly signature: SignatureHeaders;
  readBody(limitBytes: number): Promise<Buffer | 'too-large' | 'aborted'>;
}

export interface Answer {
  readonly status: 202 | 400 | 401 | 413 | 415 | 429 | 503;
  readonly retryAfterSeconds?: number;
  readonly body: { readonly receipt?: string; readonly error?: string; readonly expected?: string; readonly faults?: readonly DocumentFault[] };
}

export interface ReceptionParts {
  readonly channels: readonly ChannelSettings[];
  readonly http: { readonly bodyLimitKiB: number; readonly requestsPerMinute: number };
  readonly inbox: InboxStore;
  readonly rejections: Pick<RejectionStore, 'note'>;
  /** Of acknowledgements; where there is none, documents are looked into by the worker only. */
  readonly schema?: XsdValidator | undefined;
  /** Given where this endpoint takes returned files instead of acknowledgements. */
  readonly returns?: Pick<ReturnFileStore, 'noteRepeats'> | undefined;
  readonly doorbell: Pick<DoorbellAdapter, 'ring'>;
  readonly clock: Clock;
  readonly log: GatewayLog;
}

interface Door {
  readonly channel: ChannelName;
  readonly secrets: readonly string[];
  readonly toleranceSeconds: number;
  readonly allows: (address: string) => boolean;
}

const rememberedAddresses = 10_000;
const ledgerRetrySeconds = 10;

/**
 * Takes acknowledgements, or returned files, in over HTTP: lets in, stores the bytes, answers. Every answer before the signature
 * fits is the same whatever channels exist.
 */
export class AcknowledgementReception {
  private readonly doors: ReadonlyMap<ChannelName, Door>;
  private readonly buckets = new Map<string, Bucket>();
  // Nobody has this secret: a channel that does not exist takes as long to refuse as one that does.
  private readonly nowhere: Door = { channel: '', secrets: [`whsec_${randomBytes(32).toString('base64')}`], toleranceSeconds: 300, allows: () => false };

  constructor(private readonly parts: ReceptionParts) {
    this.doors = new Map(parts.channels.flatMap((c) => {
      const http = c.acknowledgement.http;
      if (!c.enabled || http === undefined || (parts.returns && !c.returns)) return [];
      return [[c.channel, { channel: c.channel, secrets: http.secrets, toleranceSeconds: http.toleranceSeconds, allows: matchAddress(http.allow) }] as const];
    }));
  }

  private get what(): string {
    return this.parts.returns ? 'a returned file' : 'an acknowledgement';
  }

  async receive(request: PushedDocument): Promise<Answer> {
    const { http, clock, log } = this.parts;
    const remote = plainAddress(request.remote);
    const claimed = { channel: this.doors.get(request.channel ?? '')?.channel, remote, size: request.contentLength };
    const waitSeconds = this.waitSeconds(remote);
    if (waitSeconds !== undefined) this.trace({ ...claimed, reason: 'too-many' });
    if (waitSeconds !== undefined) return { status: 429, retryAfterSeconds: waitSeconds, body: { error: 'too many requests', expected: `at most ${http.requestsPerMinute} requests a minute` } };
    const contentType = request.contentType ?? '';
    const encoded = !['', 'identity'].includes((request.contentEncoding ?? '').trim().toLowerCase());
    const accepted: readonly string[] = this.parts.returns ? ['application/xml', 'text/xml'] : acceptedContentTypes;
    if (encoded || !accepted.includes(splitContentType(contentType).type)) {
      this.trace({ ...claimed, reason: 'media-type' });
      return { status: 415, body: { error: 'unsupported media type', expected: `${accepted.join(', ')}, without content-encoding` } };
    }
    const content = await request.readBody(http.bodyLimitKiB * 1024);
    if (content === 'too-large' || content === 'aborted') this.trace({ ...claimed, reason: content === 'aborted' ? 'incomplete' : content });
    if (content === 'too-large') return { status: 413, body: { error: 'too large', expected: `at most ${http.bodyLimitKiB} KiB` } };
    if (content === 'aborted') return { status: 400, body: { error: 'incomplete', expected: 'a body as long as announced' } };

    const door = this.doors.get(request.channel ?? '') ?? this.nowhere;
    const signed = verifySignature(content, request.signature, { secrets: door.secrets, toleranceSeconds: door.toleranceSeconds, nowSeconds: Math.floor(clock.now().getTime() / 1000) });
    if (!signed || !door.allows(request.remote)) {
      log.warn({ remote, known: door !== this.nowhere, signed }, `${this.what} was not let in`);
      this.trace({ ...claimed, size: content.length, sha256: createHash('sha256').update(content).digest('hex'), reason: door === this.nowhere ? 'unknown-channel' : signed ? 'address' : 'signature' });
      return { status: 401, body: { error: 'unauthorized', expected: 'x-channel, webhook-id, webhook-timestamp of the present and a webhook-signature over these bytes, from an allowed address' } };
    }
    return this.admit({ channel: door.channel, kind: this.parts.returns ? 'return' : 'acknowledgement', source: 'http', externalId: request.signature.id!, contentType, content, remote });
  }

  /** The answer does not wait for it: whoever is turned away shall not learn how the ledger is. */
  private trace(rejection: Rejection): void {
    const { rejections, log } = this.parts;
    rejections.note(rejection).catch((error: unknown) => log.error({ err: error, reason: rejection.reason }, 'a rejection left no trace in the ledger'));
  }

  /** Stored first; only then looked into, and only to tell the sender at once what is wrong. */
  private async admit(incoming: Incoming): Promise<Answer> {
    const { inbox, doorbell, log, returns } = this.parts;
    let receipt: string;
    try {
      const stored = (await inbox.receive([incoming]))[0]!;
      receipt = stored.id;
      if (!stored.isNew) await returns?.noteRepeats([receipt]);
    } catch (error) {
      log.error({ channel: incoming.channel, err: error }, `${this.what} could not be stored; the sender is asked to repeat it`);
      return { status: 503, retryAfterSeconds: ledgerRetrySeconds, body: { error: 'not stored', expected: 'the same request again later' } };
    }
    const faults = await this.faultsOf(incoming, receipt);
    if (faults !== undefined) return { status: 400, body: { receipt, error: 'unreadable', faults } };
    // A lost ring costs one sweep; the sender does not wait for it.
    void doorbell.ring(returns ? 'return' : 'read', incoming.channel);
    return { status: 202, body: { receipt } };
  }

  private async faultsOf(incoming: Incoming, receipt: string): Promise<readonly DocumentFault[] | undefined> {
    const { inbox, schema, log } = this.parts;
    if (schema === undefined) return undefined;
    try {
      const document = readAcknowledgements(incoming.content, incoming.contentType, { schema, channel: incoming.channel });
      if (document.ok) return undefined;
      await inbox.finish(inbox.database, [{ id: receipt, class: 'unreadable', detail: describeFaults(document.faults) }]);
      return document.faults;
    } catch (error) {
      // It is stored, so it is not the sender's concern any more: the worker reads it and says what it comes to.
      log.error({ channel: incoming.channel, inbox: receipt, err: error }, `${this.what} was stored but not looked into`);
      return undefined;
    }
  }

  private waitSeconds(address: string): number | undefined {
    const { bucket, waitSeconds } = takeToken(this.buckets.get(address), this.parts.clock.now().getTime(), this.parts.http.requestsPerMinute);
    this.buckets.delete(address);
    this.buckets.set(address, bucket);
    // The address that was silent longest is forgotten; it has its full minute again.
    if (this.buckets.size > rememberedAddresses) this.buckets.delete(this.buckets.keys().next().value!);
    return waitSeconds;
  }
}
