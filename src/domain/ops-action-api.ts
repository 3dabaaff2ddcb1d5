import type { ExchangeState } from './exchange-states.js';
import type { ExchangeQuery } from './ops-exchange-api.js';
import type { CaseNo, ChannelName, ExchangeId, Instant } from './vocabulary.js';

/** Actions on exchanges, orders that wait for a second person, and packages carried by hand. */

// ---- actions ----
/**
 * retry: as it was; render: anew from its snapshot; hold: nothing moves it until release; park: into the list of what waits for a
 * person; cancel: ends; skip: its lane goes on without it; resend: the same bytes again; replay: whatever a window needs.
 */
export const actionKinds = ['retry', 'render', 'hold', 'release', 'park', 'cancel', 'skip', 'resend', 'replay'] as const;
export type ActionKind = (typeof actionKinds)[number];
/** Kinds that want a reason; it stands in the timeline. */
export const reasonedKinds: readonly ActionKind[] = ['hold', 'park', 'cancel', 'skip'];
/** One of ids (at most 1000), group, query or window says which exchanges. window is for replay, by capture or by manifest. */
export interface PreviewRequest {
  readonly kind: ActionKind;
  readonly ids?: readonly ExchangeId[] | undefined;
  readonly group?: string | undefined;
  readonly query?: Omit<ExchangeQuery, 'after' | 'limit'> | undefined;
  readonly window?: { readonly channel: ChannelName; readonly by: 'captured' | 'staged'; readonly from: Instant; readonly to: Instant } | undefined;
  readonly reason?: string | undefined;
}
export interface ActionLine {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly caseNo: CaseNo;
  readonly event: string;
  readonly version: number;
  readonly state: ExchangeState;
  readonly will: boolean;
  /** What it will do, or why not. */
  readonly text: string;
}
export interface ActionPreview {
  readonly token: string;
  /** Until when it may be performed. */
  readonly until: Instant;
  readonly kind: ActionKind;
  readonly reason?: string | undefined;
  readonly total: number;
  readonly will: number;
  /** More match than one action takes: these are the oldest; do it again for the rest. */
  readonly more: boolean;
  readonly states: Readonly<Record<string, number>>;
  readonly lanes: number;
  /** Messages of these lanes that wait behind them: they go on once these are through, or without them when they are skipped or cancelled. */
  readonly waitingBehind: number;
  readonly accepted: number;
  /** The first 200. */
  readonly lines: readonly ActionLine[];
  readonly missing: readonly ExchangeId[];
  /** Performing it orders it; somebody else has to confirm. `why` says by which rule. */
  readonly second?: { readonly why: 'kind' | 'bulk' } | undefined;
}
export interface ActionResult {
  readonly token: string;
  readonly kind: ActionKind;
  /** ordered: it waits for a second person (`orderId`). stopped: its process died; perform goes on with it. */
  readonly state: 'previewed' | 'ordered' | 'performing' | 'stopped' | 'done' | 'declined' | 'expired';
  readonly by: string;
  /** Of all lines; the rest is still to come while it is performing. */
  readonly total: number;
  readonly done: number;
  readonly notDone: number;
  readonly orderId?: string | undefined;
  readonly finishedAt?: Instant | undefined;
  /** Those not done, and at most 200 of the others; newId: the exchange that was opened in its place. */
  readonly lines: readonly (ActionLine & { readonly done: boolean; readonly newId?: ExchangeId | undefined })[];
}

// ---- orders that wait for a second person ----
export const orderKinds = ['action', 'hand-over-export', 'hand-over-confirm', 'user-delete'] as const;
export type OrderKind = (typeof orderKinds)[number];
export interface OrderLine {
  readonly id: string;
  readonly kind: OrderKind;
  /** What it is about: token and kind of the action with its counts; channel and package; name of the user. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly reason?: string | undefined;
  readonly by: string;
  readonly at: Instant;
  /** Expires then. */
  readonly until: Instant;
  readonly state: 'waiting' | 'confirmed' | 'declined' | 'withdrawn' | 'expired';
  readonly decidedBy?: string | undefined;
  readonly decidedAt?: Instant | undefined;
  readonly note?: string | undefined;
  /** Whether you may confirm it: it is somebody else's and your role allows it. */
  readonly mine: boolean;
  readonly mayConfirm: boolean;
}
/** The waiting ones, and what was decided in the last 30 days; newest first. */
export interface Orders { readonly waiting: readonly OrderLine[]; readonly decided: readonly OrderLine[] }
export interface OrderDetail { readonly order: OrderLine; /** Of an action: what the one who ordered it saw. */ readonly preview?: ActionPreview | undefined }
/** What a dangerous request answers: done, or waiting for somebody else. */
export interface Ordered { readonly orderId: string; readonly until: Instant }

// ---- delivery by hand ----
export interface HandOverLine {
  readonly id: string;
  readonly channel: ChannelName;
  /** open: on its way by hand; confirmed: the receiver's hashes matched; taken-back: the gateway delivers it itself; empty: nothing was due. */
  readonly state: 'open' | 'confirmed' | 'taken-back' | 'empty';
  readonly createdAt: Instant;
  readonly createdBy: string;
  readonly writtenAt?: Instant | undefined;
  readonly closedAt?: Instant | undefined;
  readonly closedBy?: string | undefined;
  readonly manifests: readonly string[];
}
/** `cases`: only of these; without it everything that is due. */
export interface HandOverRequest { readonly channel: ChannelName; readonly cases?: readonly CaseNo[] | undefined; readonly reason: string }
export interface HandOverDue { readonly channel: ChannelName; readonly due: number; /** A package that has to be settled first. */ readonly busy?: string | undefined; /** Ordering it waits for a second person. */ readonly second: boolean }
export interface HandOverMade { readonly package?: HandOverLine | undefined; readonly ordered?: Ordered | undefined }
/** The receiver's list of hashes as the bytes of its file (RECEIVED.txt), base64. */
export interface HandOverHashes { readonly hashes: string }
export interface HandOverCheck {
  readonly confirmed: boolean;
  readonly ordered?: Ordered | undefined;
  readonly matching: number;
  /** At most 200 each; the counts are of all. */
  readonly differing: readonly { readonly path: string; readonly expected: string; readonly received: string }[];
  readonly differingCount: number;
  readonly missing: readonly string[];
  readonly missingCount: number;
  readonly others: number;
  readonly unreadable: readonly number[];
  /** Exchanges that are staged now. */
  readonly staged?: number | undefined;
}

export interface ActionCalls {
  'POST actions': { request: PreviewRequest; answer: ActionPreview };
  'POST actions/:token/perform': { request: undefined; answer: ActionResult };
  'GET actions/:token': { request: undefined; answer: ActionResult };
  'GET orders': { request: undefined; answer: Orders };
  'GET orders/:id': { request: undefined; answer: OrderDetail };
  /** Does what was ordered; of an action the answer is its result. */
  'POST orders/:id/confirm': { request: undefined; answer: { readonly order: OrderLine; readonly action?: ActionResult | undefined } };
  /** By somebody else: declined; by oneself: withdrawn. */
  'POST orders/:id/decline': { request: { readonly reason: string }; answer: OrderLine };
  'GET hand-overs': { request: undefined; answer: readonly HandOverLine[] };
  'GET hand-overs/due': { request: { readonly channel: ChannelName; readonly cases?: string | undefined }; answer: HandOverDue };
  'POST hand-overs': { request: HandOverRequest; answer: HandOverMade };
  /** The package as a ZIP file, as often as wanted while it is open. */
  'POST hand-overs/:id/files': { request: { readonly reason: string }; answer: Uint8Array };
  'POST hand-overs/:id/confirm': { request: HandOverHashes; answer: HandOverCheck };
  'POST hand-overs/:id/take-back': { request: undefined; answer: HandOverLine };
  'POST users/:name/delete': { request: { readonly reason: string }; answer: { readonly ordered?: Ordered | undefined } };
}
