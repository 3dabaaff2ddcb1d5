import type { Standards } from '../domain/reconciliation-rules.js';
import type { MatchStore } from '../ledger/match.store.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { matchRecords } from './match-records.js';

export interface Follower {
  readonly name: string;
  run(goOn: () => Promise<boolean>): Promise<unknown>;
}

/** Matches what arrived, run by run, until nothing waits. */
export class ReconciliationPoller {
  constructor(
    private readonly store: MatchStore,
    private readonly standards: Standards,
    private readonly batchItems: number,
    private readonly log: GatewayLog,
    /** What follows matching, in this order; one that fails keeps none of the others from its turn. */
    private readonly followers: readonly Follower[] = [],
  ) {}

  /** Returns how many items were settled. `goOn` is asked before each run. */
  async poll(goOn: () => Promise<boolean>): Promise<number> {
    let settled = 0;
    while (await goOn()) {
      const run = await this.store.run({ rules: this.standards.rules, settle: matchRecords, batchItems: this.batchItems });
      if (run.arrived > 0) this.log.info({ run: run.runId, arrived: run.arrived, exact: run.exact, settled: run.settled, undone: run.undone, opened: run.opened, closed: run.closed }, 'reconciled');
      settled += run.settled;
      if (!run.more) break;
    }
    for (const follower of this.followers) {
      try {
        if (await goOn()) await follower.run(goOn);
      } catch (error) {
        this.log.error({ follower: follower.name, err: error }, 'what follows matching failed; it is tried again after the next run');
      }
    }
    return settled;
  }
}
