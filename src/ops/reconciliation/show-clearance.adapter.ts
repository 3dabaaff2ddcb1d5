import type { ClearanceLine, ClearanceView } from '../../domain/ops-reconciliation-api.js';
import { judgeClearance, type ClearanceFinding } from '../../reconciliation/judge-clearance.js';
import type { ReconciliationParts } from './reconciliation-parts.adapter.js';

/** Whether a case is settled, as the page shows it; the same judgement as the bureau gets. */
export class ClearanceFace {
  constructor(private readonly parts: ReconciliationParts) {}

  /** Undefined when the gateway does not know the case. */
  async show(caseNo: string): Promise<ClearanceView | undefined> {
    const { clearances, standards, said, settings, clock } = this.parts;
    const facts = await clearances.facts(caseNo);
    if (!facts) return undefined;
    const c = judgeClearance(facts, standards.reasons);
    const line = (f: ClearanceFinding): ClearanceLine => ({ what: f.what, zh: f.zh, en: f.en, reason: f.reason, yuan: f.amountYuan, text: { zh: f.textZh, en: f.textEn }, next: { zh: f.nextZh, en: f.nextEn }, difference: f.difference });
    return {
      caseNo, at: clock.iso(), state: c.state, cleared: c.cleared, fees: { count: c.fees.count, settled: c.fees.settled }, taxes: { count: c.taxes.count, settled: c.taxes.settled },
      missing: c.missing.map(line), contradictions: c.contradictions.map(line), notices: c.notices.map(line),
      items: [...facts.charges.map((i) => ({ what: 'fee' as const, i })), ...facts.taxes.map((i) => ({ what: 'tax' as const, i }))].map(({ what, i }) => ({ what, zh: i.zh, en: i.en, fen: i.fen === undefined ? undefined : String(i.fen), settled: i.settled })),
      said: (await said.ofCase(caseNo)).map((r) => ({ number: r.number, state: r.state, decidedAt: r.decidedAt, writtenAt: r.writtenAt, failure: r.failure })), writeBack: settings.writeBack.url !== undefined,
    };
  }
}
