import type { ReconciliationRules } from '../domain/reconciliation-rules.js';

/** What the house's own rules do; those of rules.yaml have their titles there. */
const house: Readonly<Record<string, { zh: string; en: string }>> = {
  'nothing-due': { zh: '无需缴纳', en: 'nothing is due' },
  'version-ended': { zh: '应收已变更或撤销', en: 'the charge was changed or withdrawn' },
  'carried-version': { zh: '新版本沿用原结清', en: 'a new version of what is settled' },
  'superseded-record': { zh: '记录已被更正批次代替', en: 'a corrected issue replaced the record' },
  'taken-back': { zh: '缴款与冲正、退付相抵', en: 'payment and what took it back cancel out' },
  'tax-slip': { zh: '办件、税种、当事方一致', en: 'same case, tax kind and party' },
  accepted: { zh: '人工认可', en: 'accepted by a person' },
  linked: { zh: '人工关联', en: 'tied together by a person' },
  tariff: { zh: '收费标准', en: 'the tariff' },
};

export function ruleTitle(rule: string, rules: ReconciliationRules): { zh: string; en: string } {
  return rules.tiers.find((t) => t.rule === rule)?.title ?? house[rule] ?? { zh: rule, en: rule };
}
