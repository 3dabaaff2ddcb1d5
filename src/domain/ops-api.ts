import type { ExchangeState } from './exchange-states.js';
import type { ActionCalls } from './ops-action-api.js';
import type { BoardCalls, Forecast } from './ops-board-api.js';
import type { ExchangeCalls } from './ops-exchange-api.js';
import type { ReconciliationCalls, ReconciliationToday } from './ops-reconciliation-api.js';
import type { ChannelCalls } from './ops-channel-api.js';
import type { DryRunCalls } from './ops-dry-run-api.js';
import type { InboxCalls } from './ops-inbox-api.js';
import type { PeopleCalls } from './ops-people-api.js';
import type { OpsRoutePath } from './ops-routes.js';
import type { ChannelName, Instant, Sha256 } from './vocabulary.js';

/** What the ops page and its API say to each other: JSON below `/api/ops`. Instants are ISO text, money is text, ids are text. */

/** viewer looks; operator also acts on exchanges and channels; finance also reconciles; administrator does all and keeps the users; clerk answers the hotline at the desk of the inquiry and sees nothing else. */
export const roles = ['viewer', 'operator', 'finance', 'administrator', 'clerk'] as const;
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
    | 'not-possible' // 409: what stands does not allow it; the text says what was expected
    | 'second-person' // 409: somebody else has to do it
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
  /** Address of the hotline's desk, where it is switched on and the role may use it. */
  readonly desk?: string | undefined;
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
  readonly code: 'alarm' | 'breaker-open' | 'paused' | 'parked' | 'refused' | 'held' | 'hand-over-open' | 'mirror' | 'odd-acknowledgements' | 'oldest-open' | 'no-scheduler' | 'stream-fault';
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
  readonly textZh?: string | undefined;
  readonly remedyZh?: string | undefined;
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
  /** Whether yesterday balances; absent until it was reckoned. */
  readonly reconciliation?: ReconciliationToday | undefined;
  /** What this channel's receiver is expected to do next, where it is configured. */
  readonly expected: readonly { readonly channel: ChannelName; readonly what: 'pick-up' | 'acknowledgement' | 'return-files'; readonly withinMs: number }[];
  readonly forecast?: Forecast | undefined;
}
/** Server-sent events of `GET stream`: `today` with Today, `beat` every heartbeatMs with {at}, `end` when the session ended. */
export const heartbeatMs = 10_000;

export interface ReasonRequest { readonly reason: string }

// ---- channels, alarms, audit ----
export interface ChannelLine extends Omit<ChannelToday, 'light' | 'reasons' | 'funnel'> { readonly stream?: string | undefined; readonly staging?: string | undefined; readonly messages: readonly { readonly event: string; readonly mapping: string }[] }
export interface AuditQuery { readonly actor?: string | undefined; readonly action?: string | undefined; readonly object?: string | undefined; readonly outcome?: string | undefined; readonly from?: Instant | undefined; readonly to?: Instant | undefined; readonly after?: string | undefined; readonly limit?: number | undefined }
/** outcome: done, ordered (its result follows), refused, failed. */
export interface AuditLine { readonly seq: string; readonly at: Instant; readonly actor: string; readonly origin: 'page' | 'cli'; readonly address: string; readonly action: string; readonly object: string; readonly outcome: 'done' | 'ordered' | 'refused' | 'failed'; readonly detail: string; readonly hash: Sha256 }
export interface AuditPage { readonly lines: readonly AuditLine[]; readonly next?: string | undefined }

/** Request body and answer of each route; GET routes have their query under `request`. Without answer: 204. */
export interface OpsCalls extends ExchangeCalls, ActionCalls, BoardCalls, ReconciliationCalls, ChannelCalls, DryRunCalls, InboxCalls, PeopleCalls {
  'POST login': { request: LoginRequest; answer: Me };
  'POST logout': { request: undefined; answer: undefined };
  'GET me': { request: undefined; answer: Me };
  'POST password': { request: PasswordRequest; answer: Me };
  'GET sessions': { request: undefined; answer: readonly SessionLine[] };
  'POST sessions/:id/revoke': { request: undefined; answer: undefined };
  'GET today': { request: undefined; answer: Today };
  'GET stream': { request: undefined; answer: Today };
  'GET channels': { request: undefined; answer: readonly ChannelLine[] };
  'POST channels/:channel/pause': { request: ReasonRequest; answer: undefined };
  'POST channels/:channel/resume': { request: undefined; answer: undefined };
  'POST alarms/acknowledge': { request: { readonly key: string }; answer: undefined };
  'GET audit': { request: AuditQuery; answer: AuditPage };
  'GET users': { request: undefined; answer: readonly UserLine[] };
  'POST users': { request: CreateUserRequest; answer: UserAnswer };
  'POST users/:name': { request: ChangeUserRequest; answer: UserAnswer };
}
/** Does not compile while a route lacks its call. */
export const everyRouteHasItsCall: [Exclude<OpsRoutePath, keyof OpsCalls>] extends [never] ? true : never = true;
