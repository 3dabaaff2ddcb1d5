import type { AlarmKind } from '../domain/alarm-kinds.js';
import { alarmWords, type AlarmWords } from '../domain/alarm-words.js';
import { addDays, dayOf } from '../domain/reckon-days.js';
import { reasonCodes, type ReasonCode } from '../domain/reconciliation-outcomes.js';
import type { Reasons } from '../domain/reconciliation-rules.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { ItemViewStore, NamedItem } from '../ledger/item-view.store.js';
import type { Clock } from '../platform/clock.js';

/** Reasons that say that money of a settlement went back, or that its record was corrected. */
const contradicting: readonly ReasonCode[] = ['refunded', 'reversed', 'refund-exceeds-payment', 'corrected-after-close', 'contradictory-record'];

/** Reasons that say that money is asked for, or was taken, outside the tariff: told at once, since supervision asks for it. */
const irregular: readonly ReasonCode[] = ['charge-outside-tariff', 'exempt-but-charged', 'item-outside-standard'];

/** Raises alarms for what was settled and contradicted later, and for differences that do not clear; takes them back when it is over. */
export class SuspensePoller {
  constructor(
    private readonly items: ItemViewStore,
    private readonly alarms: AlarmStore,
    private readonly reasons: Reasons,
    private readonly suspenseDays: number,
    private readonly clock: Clock,
    /** Others who look at what somebody should be told. */
    private readonly others: readonly { look(): Promise<void> }[] = [],
  ) {}

  async look(): Promise<void> {
    for (const other of this.others) await other.look();
    await this.tell('settlement-contradicted', alarmWords['settlement-contradicted'], await this.items.alarming(contradicting, { contradicting: true }));
    await this.tell('charge-irregular', alarmWords['charge-irregular'], await this.items.alarming(irregular, { before: addDays(dayOf(this.clock.iso()), 1) }));
    const due = reasonCodes.filter((code) => this.reasons[code].severity !== 'normal');
    await this.tell('suspense-old', (found) => alarmWords['suspense-old']({ ...found, days: this.suspenseDays }), await this.items.alarming(due, { before: addDays(dayOf(this.clock.iso()), -this.suspenseDays) }));
  }

  private async tell(kind: AlarmKind, say: (found: { count: number; shown: readonly NamedItem[] }) => AlarmWords, found: { count: number; items: readonly NamedItem[] }): Promise<void> {
    if (found.count === 0) await this.alarms.clear(kind);
    else await this.alarms.raise(kind, kind, say({ count: found.count, shown: found.items }));
  }
}
