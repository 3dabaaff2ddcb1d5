import { createHash, timingSafeEqual } from 'node:crypto';
import type { Reasons } from '../domain/reconciliation-rules.js';
import type { ClearanceStore } from '../ledger/clearance.store.js';
import type { Clock } from '../platform/clock.js';
import { judgeClearance, type Clearance } from './judge-clearance.js';

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/** Answers whether a case is clear, for who has a token. */
export class ClearanceAdapter {
  private readonly digests: readonly Buffer[];

  constructor(
    private readonly store: ClearanceStore,
    private readonly reasons: Reasons,
    private readonly clock: Clock,
    tokens: readonly string[],
  ) {
    this.digests = tokens.map(digest);
  }

  /** Whether an Authorization header carries one of the tokens; takes as long whichever it is. */
  allows(authorization: string | undefined): boolean {
    const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(authorization ?? '')?.[1];
    const given = digest(token ?? '');
    return this.digests.reduce((found, d) => timingSafeEqual(d, given) || found, false) && token !== undefined;
  }

  /** As the ledger stands now; undefined for a case that the gateway does not know. */
  async of(caseNo: string): Promise<(Clearance & { readonly at: string }) | undefined> {
    const facts = await this.store.facts(caseNo);
    return facts && { ...judgeClearance(facts, this.reasons), at: this.clock.iso() };
  }
}
