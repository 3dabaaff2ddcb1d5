import type { ExchangeState } from '../domain/exchange-states.js';
import type { ChannelName, ExchangeId, Operation } from '../domain/vocabulary.js';

/** An exchange as the ledger holds it. */
export interface ExchangeRow {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly stream: string;
  readonly caseNo: string;
  /** Code of the item in the bureau, where the stream says which column holds it. */
  readonly item?: string | undefined;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: Operation;
  readonly state: ExchangeState;
  readonly parkedFrom?: ExchangeState | undefined;
  readonly lanePosition: string;
  readonly snapshotId: string;
  readonly eventAt: string;
  /** Digest of exactly what the channel's mapping reads. */
  readonly eventDigest: string;
  readonly messageId: string;
  readonly fileName: string;
  readonly capturedAt: string;
  readonly stateSince: string;
  readonly dueAt: string;
  readonly attempts: number;
  readonly crashes: number;
  readonly claimToken?: string | undefined;
  readonly failureCode?: string | undefined;
  readonly failureDetail?: string | undefined;
  readonly manifestSeq?: string | undefined;
  readonly sha256?: string | undefined;
  /** A delivery claimed it before this one: what lies on the staging machine is not known. */
  readonly triedBefore: boolean;
}

const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
/** An instant column, which drivers give as Date, as ISO text. */
export const instantText = (v: unknown): string => (v instanceof Date ? v.toISOString() : String(v));
/** An instant that may be null. */
export const maybeInstant = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));

/** A ledger row of `exchange` in the words of the code. */
export function exchangeRow(r: Record<string, unknown>): ExchangeRow {
  return {
    id: String(r['id']),
    channel: String(r['channel']),
    stream: String(r['stream']),
    caseNo: String(r['case_no']),
    item: optional(r['item']),
    event: String(r['event']),
    sequence: String(r['sequence']),
    version: Number(r['version']),
    operation: String(r['operation']) as Operation,
    state: String(r['state']) as ExchangeState,
    parkedFrom: optional(r['parked_from']) as ExchangeState | undefined,
    lanePosition: String(r['lane_position']),
    snapshotId: String(r['snapshot_id']),
    eventAt: String(r['event_at']),
    eventDigest: String(r['event_digest']),
    messageId: String(r['message_id']),
    fileName: String(r['file_name']),
    capturedAt: instantText(r['captured_at']),
    stateSince: instantText(r['state_since']),
    dueAt: instantText(r['due_at']),
    attempts: Number(r['attempts']),
    crashes: Number(r['crashes']),
    claimToken: optional(r['claim_token']),
    failureCode: optional(r['failure_code']),
    failureDetail: optional(r['failure_detail']),
    manifestSeq: optional(r['manifest_seq']),
    sha256: optional(r['sha256']),
    // tried counts delivery claims; the claim that read this row is one of them.
    triedBefore: Number(r['tried']) > 1,
  };
}
