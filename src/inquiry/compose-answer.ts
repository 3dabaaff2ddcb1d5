import type { InquirySettings } from '../domain/inquiry-settings.js';
import type { InquiryAnswer, InquiryState, MissingMaterials, Words } from '../domain/inquiry-answer.js';
import { maskText, personalValues } from '../domain/mask-personal.js';
import { maskParty } from '../domain/mask-party.js';
import { dayOf as dayOfInstant } from '../domain/reckon-days.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { Instant } from '../domain/vocabulary.js';
import type { InquiryFacts } from '../ledger/inquiry-row.js';
import { lightWords, limitWords, sayDay, specialWords, stageWords, stateWords } from './inquiry-words.js';
import { childrenOf, dayOf, judgeState, openSpecial, openSupplements, textOf } from './judge-state.js';
import { tellPayments } from './tell-payments.js';
import { tellSummary } from './tell-summary.js';

export interface AnswerContext {
  readonly settings: Pick<InquirySettings, 'collect'>;
  /** What the promised date would be without suspensions; undefined where nobody knows. */
  readonly unmovedDueAt: Instant | undefined;
  readonly at: Instant;
}

/** States in which the clock still matters to the person who waits. */
const running: readonly InquiryState[] = ['applied', 'supplement', 'handling', 'suspended'];
const mostNames = 20;

/** What a person is told about a case: names masked, numbers left out, in plain words. */
export function composeAnswer(facts: InquiryFacts, context: AnswerContext): InquiryAnswer {
  const { snapshot, followed } = facts;
  // What retention emptied was settled years ago; that is all that is left to say.
  if (facts.removed || !snapshot) return closedBook(facts, facts.removed ? 'removed' : 'archived', context);
  const { case: row } = snapshot;
  const code = judgeState(snapshot);
  const personal = personalValues(snapshot);
  const hide = (text: string | undefined): string | undefined => (text === undefined ? undefined : maskText(text, personal));
  const open = running.includes(code);
  const payments = tellPayments(facts.due, facts.settlement);
  const answer = {
    caseNo: facts.caseNo, item: { code: followed.itemCode, name: followed.itemName ?? '' },
    applicants: childrenOf(snapshot, 'applicants').filter((a) => textOf(a, 'name') !== undefined && a['role'] !== 'AGENT').slice(0, mostNames).map(maskParty),
    state: { code, ...stateWords[code] },
    step: open ? tellStep(snapshot) : undefined,
    light: open ? tellLight(facts) : undefined,
    promised: open ? tellPromised(facts, snapshot, context) : undefined,
    appliedOn: dayOf(row, 'applied_at'), acceptedOn: dayOf(row, 'accepted_at'), closedOn: dayOf(row, 'closed_at') ?? dayOf(row, 'withdrawn_at'),
    reason: code === 'refused' ? hide(textOf(row, 'refuse_reason')) : code === 'denied' || code === 'returned' ? hide(textOf(row, 'result_text')) : undefined,
    missing: open ? openSupplements(snapshot).map((s): MissingMaterials => ({
      noticeNo: textOf(s, 'notice_no'), notifiedOn: dayOf(s, 'notified_at'), reason: hide(textOf(s, 'reason')),
      materials: (hide(textOf(s, 'material_list')) ?? '').split(/[;;、\n]+/).map((m) => m.trim()).filter((m) => m !== ''),
    })) : [],
    payments,
    collect: tellCollect(snapshot, code, payments.state === 'open', context),
    at: context.at,
  };
  return { ...answer, summary: tellSummary(answer) };
}

function closedBook(facts: InquiryFacts, code: InquiryState, context: AnswerContext): InquiryAnswer {
  const { followed } = facts;
  const answer = {
    caseNo: facts.caseNo, item: { code: followed.itemCode, name: followed.itemName ?? '' }, applicants: followed.applicants === '' ? [] : [followed.applicants],
    state: { code, ...stateWords[code] }, closedOn: followed.grantedOn, missing: [], payments: tellPayments([], undefined), at: context.at,
  };
  return { ...answer, summary: tellSummary(answer) };
}

function tellStep(s: CaseSnapshot): InquiryAnswer['step'] {
  const steps = childrenOf(s, 'steps');
  const step = steps.findLast((r) => textOf(r, 'step_status') === 'TODO') ?? steps.at(-1);
  if (!step) return undefined;
  const done = textOf(step, 'step_status') === 'DONE';
  return { ...stageWords(textOf(step, 'stage'), textOf(step, 'step_name')), since: dayOf(step, done ? 'ended_at' : 'started_at'), done };
}

function tellLight({ clock }: InquiryFacts): InquiryAnswer['light'] {
  return !clock || clock.light === 'none' ? undefined : { code: clock.light, ...lightWords[clock.light] };
}

function tellPromised(facts: InquiryFacts, s: CaseSnapshot, context: AnswerContext): InquiryAnswer['promised'] {
  const { clock } = facts;
  const limit = limitWords(textOf(s.case, 'committed_limit'), textOf(s.case, 'committed_unit'));
  if (!clock || clock.light === 'none') return limit && textOf(s.case, 'accepted_at') !== undefined ? { zh: `承诺自受理起${limit.zh}办结`, en: `Promised within ${limit.en} of acceptance` } : undefined;
  const day = clock.dueAt === undefined ? undefined : dayOfInstant(clock.dueAt);
  const before = context.unmovedDueAt === undefined ? undefined : dayOfInstant(context.unmovedDueAt);
  const movedFrom = before !== undefined && before !== day ? before : undefined;
  const from = movedFrom === undefined ? undefined : sayDay(movedFrom);
  if (clock.light === 'grey') {
    const why = pausedBy(s);
    const to: Words = day === undefined ? { zh: '结束后承诺日期相应顺延', en: 'the promised date moves back by as long as it takes' } : { zh: `承诺日期目前顺延到${sayDay(day).zh}`, en: `the promised date has moved to ${sayDay(day).en} so far` };
    return { day, movedFrom, zh: `因${why.zh}，时限暂停计算，${to.zh}${from ? `（原为${from.zh}）` : ''}`, en: `The clock is paused for ${why.en}; ${to.en}${from ? ` (it was ${from.en})` : ''}` };
  }
  if (day === undefined) return undefined;
  const said = sayDay(day);
  const late = clock.light === 'red';
  const moved: Words = from ? { zh: `（扣除暂停时间后，由${from.zh}顺延）`, en: ` (moved from ${from.en}, because time was paused)` } : { zh: '', en: '' };
  return { day, movedFrom, zh: `${late ? '承诺日期为' : '承诺不晚于'}${said.zh}${late ? '，现已超过' : '办结'}${moved.zh}`, en: `${late ? 'It was promised for' : 'Promised by'} ${said.en}${late ? ', which has passed' : ''}${moved.en}` };
}

function pausedBy(s: CaseSnapshot): Words {
  const special = openSpecial(s);
  if (special) return specialWords(textOf(special, 'kind'), textOf(special, 'kind_name'));
  return openSupplements(s).length > 0 ? { zh: '等待补交材料', en: 'the missing documents' } : { zh: '特别程序', en: 'a special procedure' };
}

function tellCollect(s: CaseSnapshot, code: InquiryState, owes: boolean, context: AnswerContext): InquiryAnswer['collect'] {
  if (code === 'granted') {
    const { collect } = context.settings;
    if (owes) return { code: 'ready', zh: `缴清税费后，请携带身份证件到${collect.zh}领取`, en: `Once fees and taxes are paid, please collect the result at ${collect.en}; bring your identity card` };
    return { code: 'ready', zh: `请携带身份证件到${collect.zh}领取`, en: `Please collect the result at ${collect.en}; bring your identity card` };
  }
  const pickup = childrenOf(s, 'pickups').findLast((p) => textOf(p, 'picked_at') !== undefined);
  if (code !== 'collected' || !pickup) return undefined;
  const day = dayOf(pickup, 'picked_at');
  const on: Words = day === undefined ? { zh: '', en: '' } : { zh: `已于${sayDay(day).zh}`, en: ` on ${sayDay(day).en}` };
  if (textOf(pickup, 'method') !== 'Y') return { code: 'collected', zh: `${on.zh === '' ? '已' : on.zh}领取`, en: `Collected${on.en}` };
  const express = textOf(pickup, 'express_no')?.slice(-4);
  return { code: 'posted', zh: `${on.zh === '' ? '已' : on.zh}邮寄${express === undefined ? '' : `，快递单号尾号${express}`}`, en: `Sent by post${on.en}${express === undefined ? '' : `, parcel number ending in ${express}`}` };
}
