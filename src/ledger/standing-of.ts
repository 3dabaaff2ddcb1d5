import type { Operation } from '../domain/vocabulary.js';
import { planExchanges, type DerivedEvent, type LatestExchange } from './plan-exchanges.js';

/** What capturing the event now would come to. */
export interface Standing {
  readonly version: number;
  readonly operation: Operation;
  /** In words: `first report`, `correction of exchange 12 (accepted)`, `nothing to send: exchange 12 (accepted)`. */
  readonly text: string;
}

/** Asks the very plan that the capture makes; `latest` is empty where the ledger is not reached. */
export function standingOf(event: DerivedEvent, derived: readonly DerivedEvent[], latest: readonly LatestExchange[]): Standing {
  const same = (e: { channel: string; event: string; sequence: string }): boolean => e.channel === event.channel && e.event === event.event && e.sequence === event.sequence;
  const last = latest.find(same);
  const plan = planExchanges(derived, latest, { reappeared: false, reportVanished: false });
  const open = plan.open.find(same);
  if (open) {
    const text = last === undefined ? 'first report' : `would be sent as a correction of exchange ${last.id} (v${last.version}, ${last.state})`;
    return { version: open.version, operation: open.operation, text };
  }
  if (last === undefined) return { version: 1, operation: 'I', text: 'first report' };
  const refreshed = plan.refresh.some((r) => r.id === last.id);
  return { version: last.version, operation: last.operation, text: refreshed ? `exchange ${last.id} (${last.state}) would be rendered anew` : `nothing new to send: exchange ${last.id} is ${last.state}` };
}
