import type { AuditChain } from '../../domain/ops-people-api.js';
import type { AuditStore } from '../../ledger/audit.store.js';
import type { Clock } from '../../platform/clock.js';
import type { GatewayLog } from '../../platform/log.adapter.js';
import { soon } from '../soon.adapter.js';

/** How long an answer waits for a look; a long chain is looked through behind it. */
const waitMs = 1_000;
/** How long a look through the whole chain counts as recent. */
const freshMs = 10 * 60_000;

/** Looks through the audit chain in the background, once at a time, and keeps what it found. */
export class AuditChainLook {
  private verified: AuditChain['verified'];
  private running: Promise<void> | undefined;

  constructor(
    private readonly audit: AuditStore,
    private readonly clock: Clock,
    private readonly log: GatewayLog,
  ) {}

  /** How the chain stands; a look begins where the last one is old, or `again` wants one. Waits a moment for a short chain. */
  async read(again: boolean): Promise<AuditChain> {
    const ageMs = this.verified ? this.clock.now().getTime() - Date.parse(this.verified.at) : undefined;
    if (this.running === undefined && (again || ageMs === undefined || ageMs > freshMs || ageMs < 0)) this.running = this.look().finally(() => { this.running = undefined; });
    if (this.running) await soon(this.running, waitMs);
    const head = await this.audit.head();
    return { head: { seq: String(head.seq), hash: head.hash }, verifying: this.running !== undefined, ...(this.verified ? { verified: this.verified } : {}) };
  }

  private async look(): Promise<void> {
    try {
      const head = await this.audit.head();
      const { lines, anchors, faults } = await this.audit.verify();
      this.verified = { at: this.clock.iso(), upTo: String(head.seq), lines, anchors, faults: faults.slice(0, 100).map((f) => ({ kind: f.kind, seq: String(f.seq), text: f.text })) };
    } catch (error) {
      this.log.error({ err: error }, 'the audit chain could not be looked through');
    }
  }
}
