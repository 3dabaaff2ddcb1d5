import type { ChannelName, Instant, Sha256 } from './vocabulary.js';

/** All that came in. */

export interface InboxQuery {
  readonly channel?: string | undefined;
  readonly kind?: 'acknowledgement' | 'return' | undefined;
  readonly source?: 'http' | 'file' | undefined;
  readonly state?: 'unread' | 'read' | undefined;
  readonly class?: string | undefined;
  /** The sender's name for it, as a whole. */
  readonly name?: string | undefined;
  /** yes: odd, and nobody has set it aside. */
  readonly open?: 'yes' | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
export interface SetAside { readonly at: Instant; readonly by: string; readonly reason: string }
export interface InboxLine {
  readonly id: string;
  readonly channel: ChannelName;
  readonly kind: 'acknowledgement' | 'return';
  readonly source: 'http' | 'file';
  readonly name: string;
  readonly size: number;
  readonly receivedAt: Instant;
  readonly state: 'unread' | 'read';
  readonly class?: string | undefined;
  readonly detail?: string | undefined;
  readonly aside?: SetAside | undefined;
}
export interface InboxPage { readonly entries: readonly InboxLine[]; readonly next?: string | undefined; readonly waiting: { readonly entries: number; readonly unknown: number; readonly contradictory: number } }
export interface AcknowledgementLine {
  readonly id: string;
  readonly inboxId: string;
  readonly channel: ChannelName;
  readonly messageId: string;
  readonly level: string;
  readonly class: string;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  readonly receiverTime?: string | undefined;
  readonly receivedAt: Instant;
  readonly exchange?: { readonly id: string; readonly caseNo: string; readonly event: string; readonly state: string } | undefined;
  readonly linkedBy?: string | undefined;
  readonly aside?: SetAside | undefined;
}
export interface AcknowledgementQuery { /** Comma separated; without it those that nobody could follow. */ readonly class?: string | undefined; readonly channel?: string | undefined; readonly message?: string | undefined; readonly open?: 'yes' | undefined; readonly after?: string | undefined; readonly limit?: number | undefined }
export interface AcknowledgementPage { readonly acknowledgements: readonly AcknowledgementLine[]; readonly next?: string | undefined }
export interface InboxDetail extends InboxLine {
  readonly contentType: string;
  readonly sha256: Sha256;
  readonly remote?: string | undefined;
  readonly attempts: number;
  readonly readAt?: Instant | undefined;
  readonly prunedAt?: Instant | undefined;
  readonly masked: boolean;
  /** The beginning as text; absent where it is none, or gone. */
  readonly text?: string | undefined;
  /** There is more than `text` shows. */
  readonly cut: boolean;
  /** At most 200. */
  readonly acknowledgements: readonly AcknowledgementLine[];
  readonly returned?: { readonly outcome: string; readonly kind?: string | undefined; readonly day?: string | undefined; readonly count?: number | undefined; readonly faults: readonly { readonly path: string; readonly expected: string }[]; readonly receiptName: string; readonly receiptWrittenAt?: Instant | undefined } | undefined;
}
/** reason: signature, address, unknown-channel, too-large, media-type, incomplete or too-many; `further`: more of the same in that hour, at least. */
export interface RejectionLine { readonly id: string; readonly at: Instant; readonly channel?: ChannelName | undefined; readonly remote: string; readonly reason: string; readonly size?: number | undefined; readonly sha256?: Sha256 | undefined; readonly further: number }
export interface RejectionQuery { readonly channel?: string | undefined; readonly reason?: string | undefined; readonly after?: string | undefined; readonly limit?: number | undefined }
export interface RejectionPage { readonly rejections: readonly RejectionLine[]; readonly next?: string | undefined }
interface Reason { readonly reason: string }
export interface LinkRequest extends Reason { readonly exchange: string }
/** What it was judged to be of that exchange. */
export interface LinkAnswer { readonly class: string; readonly to?: string | undefined }

export interface InboxCalls {
  'GET inbox': { request: InboxQuery; answer: InboxPage };
  'GET inbox/:id': { request: undefined; answer: InboxDetail };
  'POST inbox/:id/unmask': { request: Reason; answer: InboxDetail };
  'POST inbox/:id/bytes': { request: Reason; answer: Uint8Array };
  'POST inbox/:id/aside': { request: Reason; answer: undefined };
  'POST inbox/:id/read-again': { request: undefined; answer: undefined };
  'GET acknowledgements': { request: AcknowledgementQuery; answer: AcknowledgementPage };
  'POST acknowledgements/:id/link': { request: LinkRequest; answer: LinkAnswer };
  'POST acknowledgements/:id/aside': { request: Reason; answer: undefined };
  'GET rejections': { request: RejectionQuery; answer: RejectionPage };
}
