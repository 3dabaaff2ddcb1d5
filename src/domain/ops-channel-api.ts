import type { ChannelName, Instant, Sha256 } from './vocabulary.js';

/** Channels and their schedule, streams, mappings and the working calendar, as the page asks for them. */

export interface PollState { readonly target: string; readonly state: 'open' | 'done' | 'failed'; readonly askedAt: Instant; readonly askedBy: string; readonly doneAt?: Instant | undefined; /** JSON of what it came to. */ readonly result?: string | undefined }
/** What the receiver or the bureau should do next. `by`: when the silence becomes an alarm; absent while nothing is waited for. */
export interface ExpectedTraffic { readonly what: 'capture' | 'pick-up' | 'acknowledgement' | 'return-files'; readonly limitMs: number; readonly waiting: number; readonly since?: Instant | undefined; readonly by?: Instant | undefined; readonly overdue: boolean }
export interface ManifestLine { readonly seq: string; readonly fileName: string; readonly state: string; readonly preparedAt: Instant; readonly stagedAt?: Instant | undefined; readonly messages: number }
export interface PackageLine { readonly id: string; readonly state: string; readonly createdAt: Instant; readonly createdBy: string; readonly closedAt?: Instant | undefined; readonly manifests: number }
/** Beside what ChannelLine says. */
export interface ChannelDetail {
  readonly channel: ChannelName;
  readonly encoding: string;
  readonly laneAdvancesOn: 'accepted' | 'staged';
  readonly directories: readonly { readonly use: 'outbox' | 'manifest' | 'acknowledgement' | 'return' | 'receipt' | 'archive' | 'aside'; readonly path: string }[];
  /** As pinned in the configuration. */
  readonly hostKeys: readonly string[];
  readonly acknowledgement: { readonly files: boolean; readonly http: boolean; readonly secrets: number; readonly allow: readonly string[] };
  readonly returns: boolean;
  readonly failures: number;
  readonly failureDetail?: string | undefined;
  readonly capabilities?: { readonly serverVersion: string; readonly renameRefusesExisting: boolean; readonly posixRename: boolean; readonly fsync: boolean; readonly directoryFsync: boolean; readonly maxOpenHandles?: number | undefined } | undefined;
  readonly probedAt?: Instant | undefined;
  readonly expected: readonly ExpectedTraffic[];
  readonly manifests: readonly ManifestLine[];
  readonly packages: readonly PackageLine[];
  readonly polls: readonly PollState[];
  /** How often it is looked for files by itself; absent where no files are taken. */
  readonly collectEveryMs?: number | undefined;
  readonly scheduler: boolean;
}
/** `seenHostKey`: what the machine showed, pinned or not. Text and detail never hold a secret. */
export interface ConnectionTest {
  readonly ok: boolean;
  readonly tookMs: number;
  readonly seenHostKey?: { readonly fingerprint: string; readonly type: string; readonly pinned: boolean } | undefined;
  readonly steps: readonly { readonly step: 'address' | 'connect' | 'host-key' | 'login' | 'directories' | 'write' | 'path'; readonly status: 'ok' | 'warning' | 'failed' | 'skipped'; readonly text: string; readonly remedy?: string | undefined; readonly ms: number }[];
}
export interface StreamLine {
  readonly stream: string;
  readonly polledAt?: Instant | undefined;
  readonly movedAt?: Instant | undefined;
  /** Age of the last poll in milliseconds. */
  readonly ageMs?: number | undefined;
  readonly fault?: { readonly code: string; readonly since?: Instant | undefined; readonly detail?: string | undefined; readonly remedy?: string | undefined } | undefined;
  readonly title: string;
  readonly table: string;
  readonly mode: 'rowversion' | 'timestamp';
  readonly heldBack: boolean;
  readonly ceilingSince?: Instant | undefined;
  readonly pollEveryMs: number;
  readonly removalsEveryMs: number;
  readonly expected: ExpectedTraffic;
  readonly polls: readonly PollState[];
  readonly scheduler: boolean;
}

/** source: `table.column`, a fixed text, or what the message says of itself. */
export interface ExportedField { readonly element: string; readonly title: string; readonly kind: 'column' | 'fixed' | 'message'; readonly source: string; readonly mandatory: boolean; readonly personal: boolean; readonly codes?: string | undefined }
export interface MappingLine {
  readonly channel: ChannelName;
  readonly event: string;
  readonly title: string;
  readonly mapping: string;
  readonly digest: Sha256;
  readonly since?: Instant | undefined;
  /** How many versions the ledger has seen. */
  readonly versions: number;
  readonly columns: number;
  readonly personalColumns: number;
  readonly attachments: boolean;
  readonly fields: readonly ExportedField[];
}

export interface CalendarDayLine { readonly day: string; readonly working: boolean; readonly because: 'weekday' | 'weekend' | 'national' | 'local'; readonly reason?: string | undefined; /** Where a local day was decided. */ readonly by?: 'file' | 'page' | undefined }
export interface CalendarYear {
  readonly year: number;
  readonly today: string;
  readonly knownYears: readonly number[];
  readonly missingYear?: number | undefined;
  /** In force now; absent days where the year is not known. */
  readonly version: string;
  readonly source?: string | undefined;
  readonly days: readonly CalendarDayLine[];
  readonly hours: readonly { readonly from?: string | undefined; readonly spans: readonly string[] }[];
  readonly decisions: readonly { readonly id: string; readonly day: string; readonly kind: 'free' | 'working' | 'none'; readonly reason: string; readonly at: Instant; readonly by: string }[];
}
/** none: as the file and the country have it. A range of at most 60 days. */
export interface DecideDaysRequest { readonly from: string; readonly to: string; readonly kind: 'free' | 'working' | 'none'; readonly reason: string }

export interface ChannelCalls {
  'GET channels/:channel': { request: undefined; answer: ChannelDetail };
  'POST channels/:channel/poll': { request: undefined; answer: readonly PollState[] };
  'POST channels/:channel/test': { request: undefined; answer: ConnectionTest };
  'GET streams': { request: undefined; answer: readonly StreamLine[] };
  'POST streams/:stream/poll': { request: undefined; answer: readonly PollState[] };
  'GET mappings': { request: undefined; answer: readonly MappingLine[] };
  'GET mappings/whitelist': { request: undefined; answer: Uint8Array };
  'GET calendar': { request: { readonly year?: number | undefined }; answer: CalendarYear };
  'POST calendar/days': { request: DecideDaysRequest; answer: CalendarYear };
}
