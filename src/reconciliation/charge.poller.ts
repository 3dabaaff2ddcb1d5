import type { Standards } from '../domain/reconciliation-rules.js';
import type { Row } from '../domain/snapshot.js';
import { PositionMoved, type ChargeStore, type SeenCase, type SeenCharge, type SnapshotRow } from '../ledger/charge.store.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { dayOf } from '../domain/reckon-days.js';
import { deriveCharges, expectTaxes } from './derive-charges.js';
import { judgeCharge } from './judge-charge.js';

/** Snapshots read at once. */
const batch = 500;

/** Follows the recorded snapshots with a position of its own, so that capture does not know about charges. */
export class ChargePoller {
  constructor(
    private readonly store: ChargeStore,
    private readonly standards: Standards,
    private readonly log: GatewayLog,
  ) {}

  /** Up to the newest snapshot; returns how many were read. `goOn` is asked before each batch. */
  async poll(goOn: () => Promise<boolean>): Promise<number> {
    let read = 0;
    while (await goOn()) {
      const at = await this.store.position();
      const snapshots = await this.store.snapshotsAfter(at.position, batch);
      if (snapshots.length === 0) break;
      try {
        // A body that retention emptied belongs to a case that was settled long ago; its charges stay as they are.
        const seen = snapshots.filter((s) => s.body !== '').map((s) => this.see(s));
        const { opened, ended } = await this.store.record(seen, { version: at.version, position: snapshots.at(-1)!.id });
        if (opened + ended > 0) this.log.debug({ opened, ended, snapshots: snapshots.length }, 'charges recorded');
      } catch (error) {
        if (error instanceof PositionMoved) return read;
        throw error;
      }
      read += snapshots.length;
    }
    return read;
  }

  /** Ends the charges of cases that are gone from the bureau; their removal makes no snapshot. */
  async endRemoved(goOn: () => Promise<boolean>): Promise<number> {
    let ended = 0;
    while (await goOn()) {
      const gone = await this.store.removedCases(batch);
      if (gone.length === 0) break;
      const result = await this.store.record(gone.map((g): SeenCase => ({ id: g.snapshotId, stream: g.stream, caseNo: g.caseNo, takenAt: g.removedAt, charges: [] })));
      ended += result.ended;
      if (result.ended === 0) break;
    }
    return ended;
  }

  private see(s: SnapshotRow): SeenCase {
    const snapshot = JSON.parse(s.body) as { case: Row; children: Record<string, Row[]> };
    const day = dayOf(s.takenAt);
    const { charges, unreadable } = deriveCharges(snapshot);
    for (const u of unreadable) this.log.warn({ stream: s.stream, caseNo: s.caseNo, chargeNo: u.chargeNo, column: u.column }, 'a charge cannot be read; correct it in the bureau');
    return {
      id: s.id, stream: s.stream, caseNo: s.caseNo, takenAt: s.takenAt,
      charges: charges.map((c): SeenCharge => {
        const { expected, unknown } = expectTaxes(c, day, this.standards.taxes);
        const fault = judgeCharge(c, day, this.standards.tariff, this.standards.exemptions);
        return {
          ...c, taxes: expected,
          fault: fault
            ? { reason: 'charge-outside-tariff', criterion: fault.criterion, expectedFen: fault.expectedFen, detail: fault.detail }
            : unknown.length > 0 ? { reason: 'tax-kind-unknown', criterion: 'kind', expectedFen: undefined, detail: unknown.join(', ') } : undefined,
        };
      }),
    };
  }
}
