import type { InquiryAnswer, InquiryState, PaymentLine, Words } from '../domain/inquiry-answer.js';
import type { Day } from '../domain/reconciliation-records.js';

/** What people are told, in plain words of both languages. Everything here is read aloud at the hotline, too. */

const w = (zh: string, en: string): Words => ({ zh, en });

export const stateWords: Readonly<Record<InquiryState, Words>> = {
  applied: w('已收到申请，等待受理', 'Received; waiting to be accepted'),
  supplement: w('需要补交材料', 'Documents are missing'),
  handling: w('正在办理', 'Being handled'),
  suspended: w('特别程序进行中', 'In a special procedure'),
  refused: w('不予受理', 'Not accepted'),
  granted: w('已办结，准予办理', 'Completed: granted'),
  collected: w('已办结，结果已领取', 'Completed and collected'),
  denied: w('已办结，不予批准', 'Completed: not granted'),
  returned: w('已退件', 'Returned to the applicant'),
  ended: w('已办结', 'Completed'),
  withdrawn: w('已由申请人撤回', 'Withdrawn by the applicant'),
  void: w('已作废', 'Void'),
  archived: w('已办结并归档', 'Completed and archived'),
  removed: w('已不在业务系统中，请咨询窗口', 'No longer in the system; please ask the window'),
};

export const lightWords: Readonly<Record<NonNullable<InquiryAnswer['light']>['code'], Words>> = {
  green: w('在承诺时限内', 'Within the promised time'),
  yellow: w('临近承诺时限', 'The promised date is near'),
  red: w('已超过承诺时限', 'Later than promised'),
  grey: w('时限暂停计算', 'The clock is paused'),
};

const stages: Readonly<Record<string, Words>> = { CB: w('承办', 'examination'), SH: w('审核', 'review'), PZ: w('批准', 'approval') };
export const stageWords = (stage: string | undefined, name: string | undefined): Words => {
  const known = stages[stage ?? ''];
  return { zh: name ?? known?.zh ?? '办理', en: known?.en ?? name ?? 'handling' };
};

export const paymentStateWords: Readonly<Record<PaymentLine['state'], Words>> = {
  open: w('待缴', 'to pay'),
  short: w('未缴足，请补缴', 'not paid in full'),
  checking: w('正在核对', 'being checked'),
  settled: w('已缴清', 'paid'),
  exempt: w('已减免', 'waived'),
};

export const partyWords: Readonly<Record<string, Words>> = { transferor: w('转让方', 'transferor'), transferee: w('承受方', 'transferee') };
const taxes: Readonly<Record<string, string>> = { 契税: 'deed tax', 印花税: 'stamp duty', 增值税: 'value-added tax', 个人所得税: 'personal income tax', 土地增值税: 'land appreciation tax' };
export const taxEnglish = (name: string): string => taxes[name] ?? name;

const specials: Readonly<Record<string, string>> = { YC: 'an extension of time', TZ: 'a hearing', ZB: 'a tender or auction', JC: 'an inspection or survey', PS: 'an expert review', GS: 'a public notice' };
export const specialWords = (kind: string | undefined, name: string | undefined): Words => w(name ?? '特别程序', specials[kind ?? ''] ?? 'a special procedure');

export const roleWords: Readonly<Record<string, Words>> = { APPLICANT: w('申请人', 'applicant'), AGENT: w('代理人', 'agent'), TRANSFEROR: w('转让方', 'transferor'), TRANSFEREE: w('受让方', 'transferee') };

const units: Readonly<Record<string, readonly [zh: string, one: string, many: string]>> = { W: ['个工作日', 'working day', 'working days'], N: ['日', 'day', 'days'], H: ['小时', 'hour', 'hours'] };
export function limitWords(length: string | undefined, unit: string | undefined): Words | undefined {
  if (unit === 'I') return w('即时办结', 'at once');
  const u = units[unit ?? ''];
  return length === undefined || !u ? undefined : w(`${length}${u[0]}`, `${length} ${length === '1' ? u[1] : u[2]}`);
}

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
/** A day as it is said: 2026年11月27日, 27 November 2026. */
export function sayDay(day: Day): Words {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  return w(`${year}年${month}月${date}日`, `${date} ${months[month - 1] ?? ''} ${year}`);
}

/** Refusals. The first is the one for whatever does not fit together: it must not say which part is wrong. */
export const refusalWords = {
  'no-match': w('没有查到相符的办件。请核对办件编号和查询密码（或证件号码后几位）；刚受理的办件请稍后再查。', 'Nothing was found that fits. Please check the case number and the query password (or the end of the identity number); a case that was just filed may take a few minutes.'),
  'too-many-requests': w('查询次数过多，请稍后再试，或到窗口、拨打电话查询。', 'Too many tries. Please try again later, or ask at the window or by telephone.'),
  busy: w('查询服务繁忙，请稍后再试。', 'The inquiry is busy. Please try again in a moment.'),
  'not-signed-on': w('请先登录。', 'Please sign on.'),
  forbidden: w('您的角色不能使用话务查询。', 'Your role may not use the desk.'),
  'not-found': w('没有这个地址或办件。', 'There is no such address or case.'),
} as const satisfies Record<string, Words>;
