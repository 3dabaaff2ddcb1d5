import { alarmWords } from '../domain/alarm-words.js';
import type { Reasons } from '../domain/reconciliation-rules.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { ClearanceRecordStore, SaidClearance } from '../ledger/clearance-record.store.js';
import type { ClearanceStore } from '../ledger/clearance.store.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { judgeClearance } from './judge-clearance.js';
import { digestClearance, tellClearance } from './tell-clearance.js';

/** Marks worked on at once. */
const batch = 200;
const mostNamed = 5;

/** Says of each case that matching touched whether its fees and taxes are settled, and keeps every change of that. */
export class ClearancePoller {
  constructor(
    private readonly records: ClearanceRecordStore,
    private readonly facts: ClearanceStore,
    private readonly reasons: Reasons,
    private readonly alarms: AlarmStore,
    private readonly log: GatewayLog,
  ) {}

  /** Until nothing waits; returns how many clearances changed. `goOn` is asked before each batch. */
  async poll(goOn: () => Promise<boolean>): Promise<number> {
    let changed = 0;
    let more = true;
    while (more && (await goOn())) {
      more = await this.records.follow();
      for (;;) {
        const { upTo, caseNos } = await this.records.marked(batch);
        if (caseNos.length === 0) break;
        const judged: SaidClearance[] = [];
        for (const caseNo of caseNos) {
          const known = await this.facts.facts(caseNo);
          if (!known) continue;
          const clearance = judgeClearance(known, this.reasons);
          judged.push({ caseNo, state: clearance.state, cleared: clearance.cleared, detail: JSON.stringify(clearance), digest: digestClearance(tellClearance(clearance)) });
        }
        changed += await this.records.record(judged, upTo);
        if (!(await goOn())) return changed;
      }
    }
    if (changed > 0) this.log.info({ changed }, 'clearances changed');
    return changed;
  }

  /** A certificate may be out on the strength of what is not true any more: an alarm, until the case is cleared again. */
  async look(): Promise<void> {
    const { count, rows } = await this.records.contradicted(mostNamed);
    if (count === 0) await this.alarms.clear('clearance-contradicted');
    else await this.alarms.raise('clearance-contradicted', 'clearance-contradicted', alarmWords['clearance-contradicted']({ count, shown: rows.map((r) => r.caseNo) }));
  }
}
