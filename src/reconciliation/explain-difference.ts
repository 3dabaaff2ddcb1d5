import { daysBetween } from '../domain/reckon-days.js';
import { writeYuan } from '../domain/money.js';
import type { Criterion, Difference } from '../domain/reconciliation-outcomes.js';
import type { Standards } from '../domain/reconciliation-rules.js';
import { ruleTitle } from './tell-rule.js';

/** What a clerk calls the two sides; never a payer's name. */
export interface ExplainedItem {
  /** `charge 1 of YYGT202611000123`, `payment S0001`: with the Chinese word in `zh`. */
  readonly zh: string;
  readonly en: string;
  readonly day: string;
}

export interface Explanation {
  readonly zh: readonly string[];
  readonly en: readonly string[];
}

/** What failed, in words. */
export const criteria: Readonly<Record<Criterion, { zh: string; en: string }>> = {
  key: { zh: '没有相同的关键字', en: 'nothing shares a key with it' },
  case: { zh: '办件编号不同', en: 'the case number differs' },
  code: { zh: '缴款码属于另一笔应收', en: 'the payment code is that of another charge' },
  item: { zh: '收费项目不同', en: 'the fee item differs' },
  payer: { zh: '缴款人不同', en: 'the payer differs' },
  amount: { zh: '金额不同', en: 'the amount differs' },
  day: { zh: '日期超出范围', en: 'the day is outside the window' },
  unique: { zh: '候选不唯一', en: 'more than one fits' },
  exclusive: { zh: '应收已被另一笔结清', en: 'the other side is settled or taken already' },
  version: { zh: '应收或记录的版本不是现行版本', en: 'it is not the version in force' },
  original: { zh: '原缴款已被冲回、退付或不明', en: 'the payment was taken back, or is unknown' },
  party: { zh: '当事方不同', en: 'the party differs' },
  kind: { zh: '税种不同', en: 'the tax kind differs' },
  decision: { zh: '人工已否定', en: 'a person decided against it' },
  standard: { zh: '不符合收费标准', en: 'it is not what the tariff says' },
  exemption: { zh: '免收依据', en: 'the exemption' },
};

const money = (fen: bigint | undefined): string => (fen === undefined ? '—' : `${writeYuan(fen)}`);

/** A difference in lines that a clerk can follow: what, both values, how far matching came, how old, what to do. */
export function explainDifference(d: Difference, item: ExplainedItem, other: ExplainedItem | undefined, today: string, standards: Pick<Standards, 'reasons' | 'rules'>): Explanation {
  const reason = standards.reasons[d.reason];
  const rule = d.rule === undefined ? undefined : ruleTitle(d.rule, standards.rules);
  const age = Math.max(0, daysBetween(item.day, today));
  const failed = d.criterion === undefined ? undefined : criteria[d.criterion];
  const zh = [`${item.zh}：${reason.text.zh}`, `应收 ${money(d.expectedFen)} 元，返回 ${money(d.returnedFen)} 元`];
  const en = [`${item.en}: ${reason.text.en}`, `charged ${money(d.expectedFen)} yuan, returned ${money(d.returnedFen)} yuan`];
  if (d.detail !== undefined) {
    zh.push(`明细：${d.detail}`);
    en.push(`detail: ${d.detail}`);
  }
  if (failed) {
    zh.push(`最接近的规则：${rule?.zh ?? '无'}；未满足：${failed.zh}`);
    en.push(`nearest rule: ${rule?.en ?? 'none'}; what failed: ${failed.en}`);
  }
  if (other) {
    zh.push(`最接近的对方：${other.zh}，${other.day}`);
    en.push(`nearest counterpart: ${other.en}, ${other.day}`);
  }
  if (d.refersToDay !== undefined) {
    zh.push(`涉及 ${d.refersToDay} 已结的款项`);
    en.push(`concerns what was settled on ${d.refersToDay}`);
  }
  zh.push(`已 ${age} 天`, `下一步：${reason.next.zh}`);
  en.push(`${age} day${age === 1 ? '' : 's'} old`, `next: ${reason.next.en}`);
  return { zh, en };
}
