import type { Row } from '../../domain/snapshot.js';
import type { JournalEntry } from '../center/center-case.store.js';
import type { OfficeDays } from './reckon-time.js';

/** A channel under watch and the events it carries (the keys of `messages` in its channel file). */
export interface WatchedChannel {
  readonly channel: string;
  readonly events: readonly string[];
  /** Events of the gateway's own stream that it carries: lights and cards; none on a channel that is told of no clock. */
  readonly told?: readonly string[] | undefined;
}

/** What a storm writes into the bureau. */
export interface StormLoad {
  /** Begins to write; what the database refuses is tried again until `stop`. */
  start(): void;
  /** Ends open transactions (they commit), finishes what it had begun; `start` goes on. */
  rest(): Promise<void>;
  /** Rests for good. */
  stop(): Promise<void>;
  /** A transaction that has written stays open this long while others commit; resolves after its commit or loss. */
  holdTransaction(ms: number): Promise<void>;
  counts(): LoadCounts;
  /** Cases of which everything that bears on their clock was written within `punctualMs` of the time that it bears. */
  punctual(): ReadonlySet<string>;
}

/** How late a row of a punctual case may be written; a transaction that takes longer is rolled back. */
export const punctualMs = 2_000;

/** What the load did, as far as it knows; after a cut a commit may have happened that it counted as lost, never the other way. */
export interface LoadCounts {
  /** Cases inserted. */
  readonly cases: number;
  /** Stages of cases carried out. */
  readonly changes: number;
  /** Changes of rows that had been reported: of the case, and of child rows only. */
  readonly corrections: number;
  readonly childOnly: number;
  readonly lateCommits: number;
  /** Transactions that changed many cases at once. */
  readonly wide: number;
  readonly withdrawals: number;
  readonly deletions: number;
  /** Cases accepted so that a limit passes while the storm lasts, and how many of them were stopped or closed by then. */
  readonly deadlines: number;
  readonly standstills: number;
  /** Transactions whose outcome the load does not know. */
  readonly unknown: number;
}

export interface BureauCase {
  readonly caseNo: string;
  readonly case: Row;
  /** Rows by child name, in the order of their key. */
  readonly children: Readonly<Record<string, readonly Row[]>>;
}

/** Every case that the bureau has now; what is not there was deleted or never committed. */
export interface BureauWitness {
  readonly cases: ReadonlyMap<string, BureauCase>;
}

export interface LedgerExchange {
  readonly id: string;
  readonly channel: string;
  readonly caseNo: string;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: string;
  readonly state: string;
  readonly parkedFrom: string | null;
  /** Decimal text of a bigint. */
  readonly lanePosition: string;
  readonly messageId: string;
  readonly fileName: string;
  readonly attempts: number;
  readonly crashes: number;
  readonly failureCode: string | null;
  readonly failureDetail: string | null;
  readonly manifestSeq: number | null;
  readonly sha256: string | null;
  /** Digest of the bytes that the ledger keeps for it, computed by the witness; null when none are kept. */
  readonly keptSha256: string | null;
  /** How often a worker took it to send it. */
  readonly tried: number;
  /** Milliseconds. */
  readonly capturedAt: number;
  /** Notes of its timeline in their order. */
  readonly notes: readonly string[];
}

export interface LedgerManifest {
  readonly channel: string;
  readonly seq: number;
  readonly state: string;
  readonly sha256: string;
  /** Digest of the bytes that the ledger keeps. */
  readonly keptSha256: string;
  /** PREVIOUS and the messages that its bytes name. */
  readonly previous: string;
  readonly messages: readonly { readonly messageId: string; readonly sha256: string }[];
}

export interface LedgerAcknowledgement {
  readonly channel: string;
  readonly messageId: string;
  readonly level: string;
  readonly class: string;
  readonly code: string | null;
}

export interface LedgerWitness {
  readonly exchanges: readonly LedgerExchange[];
  readonly manifests: readonly LedgerManifest[];
  readonly acknowledgements: readonly LedgerAcknowledgement[];
  /** Channels that stand still and what the ledger says of it. */
  readonly halted: readonly { readonly channel: string; readonly code: string | null; readonly detail: string | null }[];
  /** What the mirror of the staging machines shows a person, still open. */
  readonly shown: readonly { readonly channel: string; readonly kind: string; readonly name: string; readonly manifestSeq: number | null }[];
  /** Cases whose rows capture could not read, with the reason. */
  readonly unreadable: readonly { readonly caseNo: string; readonly code: string; readonly detail: string }[];
  /** Instant since which the ledger supervises; what ended before gets no card. Null where it supervises nothing. */
  readonly supervisesSince: string | null;
}

/** A manifest as it lies in the staging directory or its archive. */
export interface DiskManifest {
  readonly path: string;
  readonly seq: number;
  readonly sha256: string;
  readonly previous: string;
  readonly messages: readonly { readonly messageId: string; readonly caseNo: string; readonly sha256: string }[];
}

export interface CenterWitness {
  readonly channel: string;
  /** The center's own journal as it lies on disk. */
  readonly journal: readonly JournalEntry[];
  /** SHA-256 of message files by path below the staging directory: the archive and what still lies in `in`. */
  readonly files: ReadonlyMap<string, string>;
  readonly manifests: readonly DiskManifest[];
  /** Files under a temporary name, and message files that no manifest named. */
  readonly leftovers: readonly string[];
  /** Leaf texts of the newest applied version by message id: element path without positions to its texts in order. */
  readonly contents: ReadonlyMap<string, Readonly<Record<string, readonly string[]>>>;
}

/** What was done to the parties on purpose, as far as the checker must know it to judge what it finds. */
export const disturbances = [
  'files-removed', // files or manifests on the staging machine deleted or renamed
  'files-altered', // truncated or overwritten there
  'center-restored', // the center's own record was set back
  'acknowledgements-wrong', // duplicated, contradictory, for unknown messages
  'refusals', // the center refuses what it would take
  'workers-killed', // a message may be parked as worker-killed
  'attempts-burnt', // faults long enough that attempts run out
] as const;
export type Disturbance = (typeof disturbances)[number];

/** A limit of a step as the rules of the storm set it. */
export interface StepLimit {
  readonly stage: string;
  readonly length: number;
  readonly unit: 'W' | 'N';
}

/** What the checker reckons lights and cards by. */
export interface SupervisionWitness {
  readonly office: OfficeDays;
  readonly stepLimits: readonly StepLimit[];
  /** Second up to which everything had settled, and the one in which the receivers' state had been read. */
  readonly settledAt: number;
  readonly readAt: number;
  readonly punctual: ReadonlySet<string>;
}

export interface StormInput {
  readonly channels: readonly WatchedChannel[];
  readonly bureau: BureauWitness;
  readonly ledger: LedgerWitness;
  /** By channel. */
  readonly centers: Readonly<Record<string, CenterWitness>>;
  readonly disturbances: readonly Disturbance[];
  /** None where no channel is told of lights and cards. */
  readonly supervision?: SupervisionWitness | undefined;
}

export type ViolationKind = 'lost' | 'doubled' | 'disorder' | 'false-success' | 'altered' | 'misjudged' | 'unsettled' | 'unexplained';

export interface Violation {
  readonly kind: ViolationKind;
  readonly channel: string;
  readonly caseNo: string;
  readonly messageId?: string | undefined;
  /** One sentence without personal data. */
  readonly text: string;
}

/** Something that a person must act on, with the reason that the ledger shows. */
export interface Parked {
  readonly channel: string;
  readonly caseNo: string;
  readonly event: string;
  readonly sequence: string;
  readonly state: string;
  readonly code: string;
  readonly detail: string;
  /** Messages of the lane that wait behind it. */
  readonly behind: number;
}

/** How much of lights and cards was judged. */
export interface SupervisionTally {
  /** Cases whose last light was compared with the rows; of them those with one on, those that stand still (grey), and those whose colour changed while the state was read (either is right). */
  readonly lights: { readonly judged: number; readonly lit: number; readonly grey: number; readonly onEdge: number; /** Waiting behind something that a person must mend. */ readonly waiting: number };
  /** Cards that the receiver holds of cases that the bureau still has; those whose moment was compared to the second (nothing could stop their clock). */
  readonly cards: { readonly judged: number; readonly exact: number; readonly doubtful: number; readonly waiting: number; /** Crossings for which a card had to be there. */ readonly due: number };
  /** Versions of lights ever held that were compared with the first moment at which they may come. */
  readonly lightsInTime: number;
  /** Cases with exact entries: all, and those that stood still or had ended when their limit passed. */
  readonly punctual: { readonly cases: number; readonly spared: number; /** Limits of theirs that passed while the storm lasted. */ readonly crossed: number };
}

export interface StormVerdict {
  readonly checked: { readonly cases: number; readonly expected: number; readonly exchanges: number; readonly applied: number; readonly files: number };
  readonly violations: readonly Violation[];
  readonly attempts: { readonly p50: number; readonly p95: number; readonly max: number };
  readonly parked: readonly Parked[];
  readonly supervised?: SupervisionTally | undefined;
}
