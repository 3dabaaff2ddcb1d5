import type { InquiryAnswer, Words } from '../domain/inquiry-answer.js';
import { sayDay } from './inquiry-words.js';

/** The answer as one person reads it to another: a few whole sentences, the most important first. */
export function tellSummary(a: Omit<InquiryAnswer, 'summary'>): Words {
  const said: Words[] = [];
  const say = (zh: string, en: string): void => void said.push({ zh, en });
  const closed = a.closedOn === undefined ? undefined : sayDay(a.closedOn);
  say(`您的${a.item.name === '' ? '' : `“${a.item.name}”`}办件${a.state.zh}${closed ? `，办结日期${closed.zh}` : ''}。`, `Your case: ${lower(a.state.en)}${closed ? `, on ${closed.en}` : ''}.`);
  if (a.reason !== undefined) say(`原因：${a.reason}。`.replace('。。', '。'), `Reason given: ${a.reason}`);
  for (const m of a.missing) {
    const what = m.materials.join('、');
    const on = m.notifiedOn === undefined ? undefined : sayDay(m.notifiedOn);
    say(`${on ? `${on.zh}已告知您` : '请您'}补交${what === '' ? '材料' : `：${what}`}。`, `Please hand in${what === '' ? ' the missing documents' : `: ${what}`}${on ? ` (you were told on ${on.en})` : ''}.`);
  }
  if (a.step) say(`目前环节：${a.step.zh}${a.step.done ? '，已完成' : ''}。`, `Current step: ${a.step.en}${a.step.done ? ', done' : ''}.`);
  if (a.promised) say(`${a.promised.zh}。`, `${a.promised.en}.`);
  if (a.payments.state !== 'none') say(`${a.payments.zh}${a.payments.dueYuan === undefined ? '' : `，共${a.payments.dueYuan}元`}。`, `${a.payments.en}${a.payments.dueYuan === undefined ? '' : `: ${a.payments.dueYuan} yuan`}.`);
  if (a.collect) say(`${a.collect.zh}。`, `${a.collect.en}.`);
  return { zh: said.map((s) => s.zh).join(''), en: said.map((s) => s.en).join(' ') };
}

const lower = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
