import { writeYuan } from '../domain/money.js';
import type { ExemptionLine, TariffLine } from '../domain/reconciliation-rules.js';
import type { TariffFacts } from './derive-charges.js';
import { holdsOn } from './read-table.js';

interface JudgedCharge {
  readonly feeItemCode: string;
  readonly amountFen: bigint;
  readonly exempt: boolean;
  readonly exemptReason: string | undefined;
  readonly facts: TariffFacts;
}

export interface TariffFault {
  readonly criterion: 'standard' | 'exemption';
  readonly expectedFen: bigint | undefined;
  /** What the tariff would want, without personal data. */
  readonly detail: string;
}

/** Whether a charge follows the tariff of its day; undefined when it does. */
export function judgeCharge(charge: JudgedCharge, day: string, tariff: readonly TariffLine[], exemptions: readonly ExemptionLine[]): TariffFault | undefined {
  if (charge.exempt) {
    if (charge.amountFen !== 0n) return { criterion: 'exemption', expectedFen: 0n, detail: 'an exempt charge has the amount 0.00' };
    const ground = exemptions.some((e) => holdsOn(e, day) && (e.feeItemCodes.length === 0 || e.feeItemCodes.includes(charge.feeItemCode)) && charge.exemptReason?.startsWith(e.reason));
    return ground ? undefined : { criterion: 'exemption', expectedFen: undefined, detail: 'the ground of the exemption is not in exemptions.csv for this fee item and day' };
  }
  const dated = tariff.filter((t) => t.feeItemCode === charge.feeItemCode && holdsOn(t, day));
  if (dated.length === 0) return { criterion: 'standard', expectedFen: undefined, detail: `fee item ${charge.feeItemCode} has no tariff on ${day}` };
  const fitting = dated.filter((t) => t.landUses.length === 0 || charge.facts.landUse === undefined || t.landUses.includes(charge.facts.landUse) !== t.except);
  if (fitting.length === 0) return { criterion: 'standard', expectedFen: undefined, detail: `fee item ${charge.feeItemCode} is not for land use ${charge.facts.landUse ?? ''}` };
  if (fitting.some((t) => t.rule === 'any' || amountOf(t, charge.facts) === charge.amountFen)) return undefined;
  const want = amountOf(fitting[0]!, charge.facts);
  return { criterion: 'standard', expectedFen: want, detail: `${fitting[0]!.basis}: ${writeYuan(want)}` };
}

function amountOf(line: TariffLine, facts: TariffFacts): bigint {
  return line.rule === 'each' ? line.amountFen * BigInt(Math.max(0, facts.certificates - line.fromUnit + 1)) : line.amountFen;
}
