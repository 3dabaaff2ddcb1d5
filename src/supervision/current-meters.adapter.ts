import type { LocalDayStore } from '../ledger/local-day.store.js';
import { WorkingCalendar, type CalendarTable } from '../domain/working-calendar.js';
import { makeMeters, type Meters } from './make-meters.js';

/** How often the ledger is asked whether somebody decided on a local day. */
const askEveryMs = 2_000;

/** Counts by the calendar in force for who only looks: it is asked for in the background, so that an answer may be some seconds behind a decision. */
export class CurrentMeters {
  private made: { readonly version: string; readonly meters: Meters } | undefined;
  private table: CalendarTable;
  private askedAtMs = -Infinity;

  constructor(file: CalendarTable, private readonly localDays: Pick<LocalDayStore, 'inForce'>) {
    this.table = file;
  }

  /** Made at the first question after a change: it counts every known day. */
  get meters(): Meters {
    if (performance.now() - this.askedAtMs > askEveryMs) {
      this.askedAtMs = performance.now();
      // A ledger that does not answer leaves what was known; whoever asked finds the ledger silent by itself.
      this.localDays.inForce().then((table) => { this.table = table; }, () => undefined);
    }
    if (this.made?.version !== this.table.version) this.made = { version: this.table.version, meters: makeMeters(new WorkingCalendar(this.table)) };
    return this.made.meters;
  }
}
