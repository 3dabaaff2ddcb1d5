import type { ChannelName, Instant } from './vocabulary.js';

/** What would be sent, without sending it. */

/** files: the mappings as they stand on the disk now, which a restart would bring into force. */
export type MappingChoice = 'in-force' | 'files';
/** One of caseNo and snapshot. A snapshot is JSON as `gateway map --json` and the ledger have it: {case, children}. */
export interface DryRunRequest {
  readonly stream?: string | undefined;
  readonly caseNo?: string | undefined;
  readonly snapshot?: { readonly caseNo: string; readonly case: Readonly<Record<string, string | null>>; readonly children: Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>> } | undefined;
  readonly channel?: string | undefined;
  readonly event?: string | undefined;
  readonly mapping?: MappingChoice | undefined;
}
export interface DryFinding { readonly element: string; readonly source: string; readonly rule: string; readonly text: string; readonly remedy: string }
export interface DryMessage {
  readonly channel: ChannelName;
  readonly event: string;
  readonly title: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: string;
  readonly at: string;
  readonly messageId: string;
  /** What the ledger has of it, in words. */
  readonly standing: string;
  readonly encoding: string;
  readonly xml: string;
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  readonly mappingDigest: string;
  /** These would hold it back; notes would not. */
  readonly findings: readonly DryFinding[];
  readonly notes: readonly DryFinding[];
  readonly attachments: readonly { readonly fileName: string; readonly broken: boolean }[];
  readonly failure?: { readonly code: string; readonly text: string; readonly remedy: string } | undefined;
  /** Against the newest message of this event that has bytes; absent where there is none or they are the same but for id and version. */
  readonly sent?: { readonly exchange: string; readonly version: number; readonly state: string; readonly leaves: readonly { readonly path: string; readonly before?: string | undefined; readonly after?: string | undefined }[] } | undefined;
}
export interface DryRun { readonly caseNo: string; readonly stream: string; readonly readFrom: 'bureau' | 'snapshot'; readonly masked: boolean; readonly messages: readonly DryMessage[] }

/** Cases whose newest snapshot was taken between two instants, from inclusive to exclusive; at most 5000, the newest first. */
export interface DryRangeRequest { readonly from: Instant; readonly to: Instant; readonly stream?: string | undefined; readonly channel?: string | undefined; readonly event?: string | undefined; readonly mapping?: MappingChoice | undefined }
export interface DryRange {
  readonly id: string;
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  readonly startedAt: Instant;
  readonly endedAt?: Instant | undefined;
  readonly total: number;
  /** More cases than are looked at. */
  readonly more: boolean;
  readonly done: number;
  readonly messages: number;
  readonly good: number;
  readonly bad: number;
  readonly groups: readonly { readonly channel: ChannelName; readonly event: string; readonly rule: string; readonly element: string; readonly source: string; readonly text: string; readonly remedy: string; readonly count: number; readonly examples: readonly string[] }[];
  readonly problem?: string | undefined;
}

export interface DryRunCalls {
  'POST dry-runs': { request: DryRunRequest; answer: DryRun };
  'POST dry-runs/unmask': { request: DryRunRequest & { readonly reason: string }; answer: DryRun };
  'POST dry-runs/range': { request: DryRangeRequest; answer: DryRange };
  'GET dry-runs/range/:id': { request: undefined; answer: DryRange };
  'POST dry-runs/range/:id/cancel': { request: undefined; answer: DryRange };
}
