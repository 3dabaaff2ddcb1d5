import type { ExchangeState } from '../domain/exchange-states.js';
import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import type { ExchangeStore } from './exchange.store.js';
import { planCancel, type CancelStep } from './plan-cancel.js';
import { readUnderWay } from './under-way.store.js';

export interface CancelLine {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly caseNo: CaseNo;
  readonly event: string;
  readonly version: number;
  readonly state: ExchangeState;
  readonly step: CancelStep;
}

/** An administrator ends exchanges, with a reason that stands in their timelines. */
export class CancelStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
  ) {}

  /** What cancelling would do. At most 1000 ids. */
  plan(ids: readonly ExchangeId[]): Promise<CancelLine[]> {
    return this.lines(this.database, ids, false);
  }

  /** Does it, in one transaction in which everything is looked at again under lock. */
  async perform(ids: readonly ExchangeId[], reason: string, actor: string): Promise<CancelLine[]> {
    return this.database.transaction(async (runner) => {
      const lines = await this.lines(runner, ids, true);
      const can = lines.filter((l) => l.step.action === 'cancel');
      const moved = new Set(await this.exchanges.move(runner, can.map((l) => ({ id: l.id, from: l.state, to: 'cancelled' as const, note: 'cancelled', detail: reason })), { actor }));
      // Locked above, so that all move; a move that did not take place would say so.
      return lines.map((l) => (l.step.action === 'cancel' && !moved.has(l.id) ? { ...l, step: { action: 'none' as const, why: 'it moved meanwhile' } } : l));
    });
  }

  private async lines(runner: Runner, ids: readonly ExchangeId[], lock: boolean): Promise<CancelLine[]> {
    const found = await readUnderWay(this.database, runner, ids, { nowMs: this.clock.now().getTime(), lock });
    return found.map(({ exchange: e, ...facts }) => ({ id: e.id, channel: e.channel, caseNo: e.caseNo, event: e.event, version: e.version, state: e.state, step: planCancel({ state: e.state, ...facts }) }));
  }
}
