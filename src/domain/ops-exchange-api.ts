import type { ExchangeState } from './exchange-states.js';
import type { FailureKind } from './failures.js';
import type { CaseNo, ChannelName, ExchangeId, Instant, Sha256 } from './vocabulary.js';

/** Exchanges, failures and their export as the ops page and its API say them to each other. */

// ---- search ----
/** Query of `GET exchanges`; several values of one key with commas. Times: captured, from inclusive to exclusive. */
export interface ExchangeQuery {
  readonly case?: string | undefined; // beginning of a case number
  readonly message?: string | undefined; // message id, 32 hexadecimal digits
  readonly id?: string | undefined;
  readonly channel?: string | undefined;
  readonly state?: string | undefined;
  readonly event?: string | undefined;
  readonly item?: string | undefined; // item codes of the bureau
  readonly code?: string | undefined; // failure code
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly after?: string | undefined; // `next` of the page before
  readonly limit?: number | undefined; // 1 to 200, default 50
}
/**
 * `POST exchanges/search`: also by what names a person, which is a view of personal data (roles operator, finance and
 * administrator; audited) and stands in no address. Everything else as in GET; `after` and `limit` too.
 */
export interface PersonalQuery extends ExchangeQuery {
  /** Beginning of a name of 2 characters or more, or a whole identity or telephone number. */
  readonly applicant?: string | undefined;
  /** Text in the message or, where nothing is rendered, in the snapshot; 2 to 100 characters, looked for as it stands. */
  readonly text?: string | undefined;
}
export interface ExchangeLine {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly item?: string | undefined;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: string;
  readonly state: ExchangeState;
  /** Of parked and held: where it goes back to. */
  readonly parkedFrom?: ExchangeState | undefined;
  /** Its lane does not wait for it: an administrator skipped it. */
  readonly skipped: boolean;
  readonly messageId: string;
  readonly fileName: string;
  readonly capturedAt: Instant;
  readonly stateSince: Instant;
  readonly attempts: number;
  readonly failureCode?: string | undefined;
  readonly failureDetail?: string | undefined;
}
/**
 * Newest first; `next` is absent on the last page. There is no total: counting ten million rows is what makes such pages slow.
 * A page that is not full but has `next` stopped because its time was up: `looked` says how far it came, and `next` goes on there.
 */
export interface ExchangePage {
  readonly exchanges: readonly ExchangeLine[];
  readonly next?: string | undefined;
  readonly looked?: { readonly exchanges: number; /** Capture of the oldest that was looked at. */ readonly back?: Instant | undefined } | undefined;
}
/**
 * `POST exchanges/export`: what the query matches, newest first, at most `exportLimit`; the answer is the file. Names and numbers
 * of applicants only with `reason` and to roles that may see them. The header x-truncated is `1` when there were more.
 */
export interface ExportRequest {
  readonly format: 'csv' | 'xlsx';
  readonly language?: 'zh' | 'en' | undefined;
  readonly query: PersonalQuery;
  readonly reason?: string | undefined;
}
export const exportLimit = 100_000;

// ---- one exchange ----
export interface FailureText { readonly code: string; readonly kind?: FailureKind | undefined; readonly text?: string | undefined; readonly remedy?: string | undefined; readonly detail?: string | undefined }
/** A version of the same event: what was sent before and what took its place. */
export interface VersionLine { readonly id: ExchangeId; readonly version: number; readonly operation: string; readonly state: ExchangeState; readonly capturedAt: Instant; readonly stateSince: Instant; /** Who opened it: capture, or who retried the version before. */ readonly openedBy?: string | undefined; readonly note?: string | undefined }
export interface ExchangeDetail {
  readonly exchange: ExchangeLine;
  readonly failure?: FailureText | undefined;
  /** Whether names, identity numbers and telephones are replaced by ＊. */
  readonly masked: boolean;
  readonly timeline: readonly { readonly at: Instant; readonly actor: string; readonly from?: string | undefined; readonly to?: string | undefined; readonly note: string; readonly detail?: string | undefined }[];
  /** element: path in the XML; source: table and column in the bureau. */
  readonly findings: readonly { readonly element: string; readonly source: string; readonly rule: string; readonly text: string; readonly remedy: string }[];
  readonly acknowledgements: readonly { readonly level: string; readonly class: string; readonly code?: string | undefined; readonly reason?: string | undefined; readonly receiverTime?: string | undefined; readonly receivedAt: Instant; readonly inboxId: string; readonly source: string }[];
  /** xml is absent once it was pruned, and while masking it is not possible. */
  readonly message?: { readonly size: number; readonly sha256: Sha256; readonly encoding: string; readonly renderedAt: Instant; readonly prunedAt?: Instant | undefined; readonly xml?: string | undefined; readonly attachments: readonly { readonly fileName: string; readonly size: number; readonly sha256: Sha256 }[] } | undefined;
  readonly snapshot?: { readonly id: string; readonly takenAt: Instant; readonly case: Readonly<Record<string, string | null>>; readonly children: Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>> } | undefined;
  readonly manifest?: { readonly seq: string; readonly fileName: string; readonly state: string; readonly preparedAt: Instant; readonly stagedAt?: Instant | undefined } | undefined;
  /** The messages of the same channel and case, first to last, at most 200. */
  readonly lane: readonly { readonly id: ExchangeId; readonly event: string; readonly version: number; readonly state: ExchangeState; readonly stateSince: Instant; readonly head: boolean; readonly skipped: boolean }[];
  /** All versions of this event, first to last; a resend keeps its number and stands in the timeline as sent-again. */
  readonly versions: readonly VersionLine[];
  /** Leaves that differ from the version before; absent for a first version. */
  readonly difference?: { readonly from: ExchangeId; readonly leaves: readonly { readonly path: string; readonly before?: string | undefined; readonly after?: string | undefined }[] } | undefined;
}
export interface UnmaskRequest { readonly reason: string }

// ---- failures ----
export interface FailureGroup {
  /** For actions and for the address bar. */
  readonly key: string;
  readonly channel: ChannelName;
  readonly state: 'parked' | 'refused';
  /** Where it was parked: captured (mapping) or rendered (delivery); refused: the receiver. */
  readonly stage: 'mapping' | 'delivery' | 'receiver';
  readonly failure: FailureText;
  /** Element and rule of the first finding. */
  readonly field?: string | undefined;
  readonly rule?: string | undefined;
  readonly source?: string | undefined;
  readonly partner?: { readonly code?: string | undefined; readonly reason?: string | undefined } | undefined;
  /** 0 for a closed group. */
  readonly count: number;
  /** Of what stands now; of a closed group, of what stood. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** How many came in the last 24 hours and in the 24 before. */
  readonly last24h: number;
  readonly before24h: number;
  /** Of what stands now, how many came on each of the last 14 days of 24 hours, oldest first. */
  readonly trend: readonly number[];
  readonly example: ExchangeId;
  /** When this cause was ever seen first, how often it was closed and came back, and when last. */
  readonly seenFirstAt: Instant;
  readonly reopened: number;
  readonly reopenedAt?: Instant | undefined;
  readonly closedAt?: Instant | undefined;
  /** The most that stood at once. */
  readonly most: number;
}
/** closed: causes that nothing stands still for any more, of the last 14 days, newest first. */
export interface Failures { readonly at: Instant; readonly groups: readonly FailureGroup[]; readonly closed: readonly FailureGroup[]; readonly more: boolean }

export interface ExchangeCalls {
  'GET exchanges': { request: ExchangeQuery; answer: ExchangePage };
  'POST exchanges/search': { request: PersonalQuery; answer: ExchangePage };
  'POST exchanges/export': { request: ExportRequest; answer: Uint8Array };
  'GET exchanges/:id': { request: undefined; answer: ExchangeDetail };
  'POST exchanges/:id/unmask': { request: UnmaskRequest; answer: ExchangeDetail };
  'POST exchanges/:id/bytes': { request: UnmaskRequest; answer: Uint8Array };
  'GET failures': { request: undefined; answer: Failures };
}
