import type { Instant, Sha256 } from './vocabulary.js';

/** The audit log as a whole. */

/** verified: the last look through the whole chain, by this process; absent until the first one ended. */
export interface AuditChain {
  readonly head: { readonly seq: string; readonly hash: Sha256 };
  readonly verifying: boolean;
  readonly verified?: { readonly at: Instant; readonly upTo: string; readonly lines: number; readonly anchors: number; readonly faults: readonly { readonly kind: string; readonly seq: string; readonly text: string }[] } | undefined;
}

export interface PeopleCalls {
  'GET audit/export': { request: { readonly actor?: string | undefined; readonly action?: string | undefined; readonly object?: string | undefined; readonly outcome?: string | undefined; readonly from?: Instant | undefined; readonly to?: Instant | undefined }; answer: Uint8Array };
  'GET audit/chain': { request: { readonly again?: 'yes' | undefined }; answer: AuditChain };
}
