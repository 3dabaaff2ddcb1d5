import type { ExchangeState } from './exchange-states.js';
import type { FailureKind } from './failures.js';
import type { BoardCalls, Forecast } from './ops-board-api.js';
import type { OpsRoutePath } from './ops-routes.js';
import type { CaseNo, ChannelName, ExchangeId, Instant, Sha256 } from './vocabulary.js';

/** What the ops page and its API say to each other: JSON below `/api/ops`. Instants are ISO text, money is text, ids are text. */

/** viewer looks; operator also acts on exchanges and channels; finance also reconciles; administrator does all and keeps the users. */
export const roles = ['viewer', 'operator', 'finance', 'administrator'] as const;
export type Role = (typeof roles)[number];

/** Every request that is not GET carries the session's CSRF token in this header (login has none yet). */
export const csrfHeader = 'x-csrf-token';

/** Every answer that is not 2xx. `code` is for the program, `text` for the person: what was expected and what to do. */
export interface OpsError {
  readonly code:
    | 'bad-request' // 400: `faults` names the keys
    | 'not-signed-on' // 401: no session, or it ended
    | 'wrong-login' // 401
    | 'locked' // 429: too many failures; retryAfterSeconds
    | 'too-many-requests' // 429; retryAfterSeconds
    | 'password-change-needed' // 403: only me, password and logout are open
    | 'csrf' // 403: token missing or wrong; read it anew from `me`
    | 'forbidden' // 403: the role does not allow it
    | 'not-found' // 404
    | 'gone' // 409: a preview that ran out, or that somebody else performed
    | 'weak-password' // 422
    | 'too-large' // 413 body; 422 more than an action may take
    | 'unexpected'; // 500: `id` stands in the log
  readonly text: string;
  readonly faults?: readonly { readonly key: string; readonly text: string }[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly id?: string | undefined;
}

// ---- who ----
export interface LoginRequest {
  readonly name: string;
  /** Left out where a reverse proxy signs on (Me.signOn is proxy). */
  readonly password?: string | undefined;
}
export interface Me {
  readonly name: string;
  readonly role: Role;
  readonly mustChangePassword: boolean;
  readonly csrf: string;
  readonly signOn: 'password' | 'proxy';
  /** The session ends then at the latest, and after idleMs without a request. */
  readonly endsAt: Instant;
  readonly idleMs: number;
  /** Paths of ops-routes that this role may use, as `METHOD path`. */
  readonly may: readonly string[];
  readonly instance: string;
}
export interface PasswordRequest { readonly current: string; readonly next: string }
export interface SessionLine { readonly id: string; readonly user: string; readonly current: boolean; readonly address: string; readonly agent: string; readonly createdAt: Instant; readonly seenAt: Instant; readonly endsAt: Instant }
export interface UserLine {
  readonly name: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly mustChangePassword: boolean;
  readonly failures: number;
  readonly lockedUntil?: Instant | undefined;
  readonly createdAt: Instant;
  readonly createdBy: string;
  readonly lastLoginAt?: Instant | undefined;
}
export interface CreateUserRequest { readonly name: string; readonly role: Role }
/** Each key that is given is changed; `reset` gives a new one-time password and ends the sessions. */
export interface ChangeUserRequest { readonly role?: Role | undefined; readonly disabled?: boolean | undefined; readonly unlock?: true | undefined; readonly reset?: true | undefined }
export interface UserAnswer { readonly user: UserLine; /** Shown once. */ readonly oneTimePassword?: string | undefined }

// ---- today ----
export type Light = 'green' | 'yellow' | 'red';
/** A reason as a code with its facts, for the page's two languages; `text` is English. */
export interface LightReason {
  readonly code: 'alarm' | 'breaker-open' | 'paused' | 'parked' | 'refused' | 'hand-over-open' | 'mirror' | 'odd-acknowledgements' | 'oldest-open' | 'no-scheduler' | 'stream-fault';
  readonly light: 'yellow' | 'red';
  readonly text: string;
  readonly count?: number | undefined;
  readonly remedy?: string | undefined;
}
export interface FunnelStep { readonly state: ExchangeState; readonly count: number; /** Age of the oldest; open states only. */ readonly oldestMs?: number | undefined }
export interface ChannelToday {
  readonly channel: ChannelName;
  readonly title: string;
  readonly configured: boolean;
  readonly light: Light;
  readonly reasons: readonly LightReason[];
  readonly funnel: readonly FunnelStep[];
  readonly lanesBlocked: number;
  readonly waitingBehind: number;
  readonly paused?: { readonly reason?: string | undefined; readonly by?: string | undefined } | undefined;
  readonly breaker: { readonly state: 'closed' | 'open'; readonly since?: Instant | undefined; readonly probeAt?: Instant | undefined; readonly code?: string | undefined; readonly remedy?: string | undefined };
  readonly lastSuccessAt?: Instant | undefined;
  readonly lastManifest?: { readonly seq: string; readonly state: string; readonly preparedAt: Instant; readonly stagedAt?: Instant | undefined } | undefined;
}
export interface StreamToday {
  readonly stream: string;
  readonly polledAt?: Instant | undefined;
  readonly movedAt?: Instant | undefined;
  /** Age of the last poll in milliseconds. */
  readonly ageMs?: number | undefined;
  readonly fault?: { readonly code: string; readonly since?: Instant | undefined; readonly remedy?: string | undefined } | undefined;
}
/** One bucket of the series; `at` is its beginning. Latencies from capture to the answer, in milliseconds. */
export interface SeriesPoint { readonly at: Instant; readonly captured: number; readonly accepted: number; readonly refused: number; readonly latencyP50Ms?: number | undefined; readonly latencyP95Ms?: number | undefined }
export interface AlarmLine {
  readonly key: string;
  readonly kind: string;
  readonly severity: string;
  readonly channel?: ChannelName | undefined;
  readonly text: string;
  readonly remedy: string;
  readonly since: Instant;
  readonly acknowledgedBy?: string | undefined;
}
export interface Today {
  readonly at: Instant;
  readonly light: Light;
  readonly channels: readonly ChannelToday[];
  readonly streams: readonly StreamToday[];
  readonly alarms: readonly AlarmLine[];
  readonly bucketMs: number;
  /** The last 24 hours, oldest first, without gaps. */
  readonly series: readonly SeriesPoint[];
  /** What this channel's receiver is expected to do next, where it is configured. */
  readonly expected: readonly { readonly channel: ChannelName; readonly what: 'pick-up' | 'acknowledgement' | 'return-files'; readonly withinMs: number }[];
  readonly forecast?: Forecast | undefined;
}
/** Server-sent events of `GET stream`: `today` with Today, `beat` every heartbeatMs with {at}, `end` when the session ended. */
export const heartbeatMs = 10_000;

// ---- exchanges ----
/** Query of `GET exchanges`; several values of one key with commas. Times: captured, from inclusive to exclusive. */
export interface ExchangeQuery {
  readonly case?: string | undefined; // beginning of a case number
  readonly message?: string | undefined; // message id, 32 hexadecimal digits
  readonly id?: string | undefined;
  readonly channel?: string | undefined;
  readonly state?: string | undefined;
  readonly event?: string | undefined;
  readonly code?: string | undefined; // failure code
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly after?: string | undefined; // `next` of the page before
  readonly limit?: number | undefined; // 1 to 200, default 50
}
export interface ExchangeLine {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: string;
  readonly state: ExchangeState;
  readonly parkedFrom?: ExchangeState | undefined;
  readonly messageId: string;
  readonly fileName: string;
  readonly capturedAt: Instant;
  readonly stateSince: Instant;
  readonly attempts: number;
  readonly failureCode?: string | undefined;
  readonly failureDetail?: string | undefined;
}
/** Newest first; `next` is absent on the last page. There is no total: counting ten million rows is what makes such pages slow. */
export interface ExchangePage { readonly exchanges: readonly ExchangeLine[]; readonly next?: string | undefined }
export interface FailureText { readonly code: string; readonly kind?: FailureKind | undefined; readonly text?: string | undefined; readonly remedy?: string | undefined; readonly detail?: string | undefined }
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
  readonly lane: readonly { readonly id: ExchangeId; readonly event: string; readonly version: number; readonly state: ExchangeState; readonly stateSince: Instant; readonly head: boolean }[];
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
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** How many came in the last 24 hours and in the 24 before. */
  readonly last24h: number;
  readonly before24h: number;
  readonly example: ExchangeId;
}
export interface Failures { readonly at: Instant; readonly groups: readonly FailureGroup[]; readonly more: boolean }

// ---- actions ----
/** retry: as it was; render: anew from its snapshot; resend: the same bytes again; cancel: ends, needs a reason. */
export const actionKinds = ['retry', 'render', 'resend', 'cancel'] as const;
export type ActionKind = (typeof actionKinds)[number];
/** One of ids (at most 1000), group or query says which exchanges. */
export interface PreviewRequest {
  readonly kind: ActionKind;
  readonly ids?: readonly ExchangeId[] | undefined;
  readonly group?: string | undefined;
  readonly query?: ExchangeQuery | undefined;
  readonly reason?: string | undefined;
}
export interface ActionLine { readonly id: ExchangeId; readonly channel: ChannelName; readonly caseNo: CaseNo; readonly event: string; readonly version: number; readonly state: ExchangeState; readonly will: boolean; /** What it will do, or why not. */ readonly text: string }
export interface ActionPreview {
  readonly token: string;
  /** Until when it may be performed. */
  readonly until: Instant;
  readonly kind: ActionKind;
  readonly total: number;
  readonly will: number;
  readonly states: Readonly<Record<string, number>>;
  readonly lanes: number;
  /** Messages that go on once these are through. */
  readonly waitingBehind: number;
  readonly accepted: number;
  /** The first 200. */
  readonly lines: readonly ActionLine[];
  readonly missing: readonly ExchangeId[];
}
export interface ActionResult {
  readonly token: string;
  readonly kind: ActionKind;
  readonly state: 'previewed' | 'performing' | 'done';
  readonly by: string;
  readonly done: number;
  readonly notDone: number;
  readonly finishedAt?: Instant | undefined;
  /** Those not done, and at most 200 of the others. */
  readonly lines: readonly (ActionLine & { readonly done: boolean; readonly newId?: ExchangeId | undefined })[];
}
export interface ReasonRequest { readonly reason: string }

// ---- channels, alarms, audit ----
export interface ChannelLine extends Omit<ChannelToday, 'light' | 'reasons' | 'funnel'> { readonly stream?: string | undefined; readonly staging?: string | undefined; readonly messages: readonly { readonly event: string; readonly mapping: string }[] }
export interface AuditQuery { readonly actor?: string | undefined; readonly action?: string | undefined; readonly object?: string | undefined; readonly outcome?: string | undefined; readonly from?: Instant | undefined; readonly to?: Instant | undefined; readonly after?: string | undefined; readonly limit?: number | undefined }
/** outcome: done, ordered (its result follows), refused, failed. */
export interface AuditLine { readonly seq: string; readonly at: Instant; readonly actor: string; readonly origin: 'page' | 'cli'; readonly address: string; readonly action: string; readonly object: string; readonly outcome: 'done' | 'ordered' | 'refused' | 'failed'; readonly detail: string; readonly hash: Sha256 }
export interface AuditPage { readonly lines: readonly AuditLine[]; readonly next?: string | undefined }

/** Request body and answer of each route; GET routes have their query under `request`. Without answer: 204. */
export interface OpsCalls extends BoardCalls, Record<OpsRoutePath, { request: unknown; answer: unknown }> {
  'POST login': { request: LoginRequest; answer: Me };
  'POST logout': { request: undefined; answer: undefined };
  'GET me': { request: undefined; answer: Me };
  'POST password': { request: PasswordRequest; answer: Me };
  'GET sessions': { request: undefined; answer: readonly SessionLine[] };
  'POST sessions/:id/revoke': { request: undefined; answer: undefined };
  'GET today': { request: undefined; answer: Today };
  'GET stream': { request: undefined; answer: Today };
  'GET exchanges': { request: ExchangeQuery; answer: ExchangePage };
  'GET exchanges/:id': { request: undefined; answer: ExchangeDetail };
  'POST exchanges/:id/unmask': { request: UnmaskRequest; answer: ExchangeDetail };
  'POST exchanges/:id/bytes': { request: UnmaskRequest; answer: Uint8Array };
  'GET failures': { request: undefined; answer: Failures };
  'POST actions': { request: PreviewRequest; answer: ActionPreview };
  'POST actions/:token/perform': { request: undefined; answer: ActionResult };
  'GET actions/:token': { request: undefined; answer: ActionResult };
  'GET channels': { request: undefined; answer: readonly ChannelLine[] };
  'POST channels/:channel/pause': { request: ReasonRequest; answer: undefined };
  'POST channels/:channel/resume': { request: undefined; answer: undefined };
  'POST alarms/acknowledge': { request: { readonly key: string }; answer: undefined };
  'GET audit': { request: AuditQuery; answer: AuditPage };
  'GET users': { request: undefined; answer: readonly UserLine[] };
  'POST users': { request: CreateUserRequest; answer: UserAnswer };
  'POST users/:name': { request: ChangeUserRequest; answer: UserAnswer };
}
