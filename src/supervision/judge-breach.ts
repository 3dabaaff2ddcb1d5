import { sayInEnglish, type Saying } from '../domain/clock-sayings.js';
import { writeYuan } from '../domain/money.js';
import type { DueCard, TariffBreach } from '../domain/supervision-cards.js';
import type { CaseFacts, ObjectReading } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import type { Instant } from '../domain/vocabulary.js';
import { ruleVersionOf } from './compute-clock.js';

/** The card of a charge outside the tariff; none where the rules of the case's day do not supervise charges, or not this one. */
export function judgeBreach(breach: TariffBreach, facts: CaseFacts, rules: RuleSet, calendarVersion: string, now: Instant): DueCard | undefined {
  const version = ruleVersionOf(rules, facts, Date.parse(now));
  const charges = version?.charges;
  if (!version || !charges || charges.exceptFeeItems.includes(breach.feeItemCode)) return undefined;
  const [amount, expected] = [writeYuan(breach.amountFen), breach.expectedFen === undefined ? undefined : writeYuan(breach.expectedFen)];
  const said: Saying[] = [
    { code: 'rules', version: version.version, from: version.from, source: version.source, calendar: calendarVersion },
    { code: 'breach', charge: breach.chargeNo, feeItem: `${breach.feeItemCode} ${breach.feeItemName}`, amount, expected, detail: breach.detail },
  ];
  const reading: ObjectReading = {
    object: 'charge', sequence: breach.chargeNo, state: charges.level, light: charges.level === 'warning' ? 'yellow' : 'red', level: charges.level, startsAt: breach.openedAt, limits: [],
    reached: [{ level: charges.level, limit: 'committed', at: breach.openedAt }],
  };
  return {
    object: 'charge', sequence: breach.chargeNo, level: charges.level, crossedAt: breach.openedAt, limits: expected === undefined ? `${amount} yuan, no tariff` : `${amount} yuan, tariff ${expected} yuan`, used: 0,
    evidence: JSON.stringify({ at: now, ruleVersion: version.version, calendarVersion, facts, reading, lines: said.map((saying, i) => ({ kind: i === 0 ? 'note' : 'result', text: sayInEnglish(saying), saying })) }),
  };
}
