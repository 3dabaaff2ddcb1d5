import type { InquiryAnswer, PaymentLine } from '../../domain/inquiry-answer';
import { pick } from './choice';
import { append, h, icon } from './element';
import { say, sayDay, sayShortDay, sayTime, type WordKey } from './words';

type Mark = 'done' | 'now' | 'later' | 'stopped';

/** The way of a case, with how far it has come. */
function progress(a: InquiryAnswer): [WordKey, Mark, string | undefined][] {
  const { code } = a.state;
  const ended = ['granted', 'collected', 'denied', 'returned', 'ended', 'archived'].includes(code);
  const stopped = ['refused', 'withdrawn', 'void', 'removed', 'denied', 'returned'].includes(code);
  const accepted = a.acceptedOn !== undefined || ended;
  return [
    ['stageApplied', 'done', a.appliedOn],
    ['stageAccepted', accepted ? 'done' : stopped ? 'stopped' : 'now', a.acceptedOn],
    ['stageHandled', ended ? 'done' : accepted ? (stopped ? 'stopped' : 'now') : 'later', undefined],
    ['stageClosed', ended ? (stopped ? 'stopped' : 'done') : 'later', ended ? a.closedOn : undefined],
    ['stageCollected', code === 'collected' || code === 'archived' ? 'done' : code === 'granted' ? 'now' : 'later', undefined],
  ];
}

const tone = (a: InquiryAnswer): string => {
  const { code } = a.state;
  if (['granted', 'collected', 'archived', 'ended'].includes(code)) return 'green';
  if (code === 'supplement') return 'amber';
  if (['refused', 'denied', 'returned', 'withdrawn', 'void', 'removed'].includes(code)) return 'plain';
  return a.light?.code === 'red' ? 'red' : a.light?.code === 'yellow' ? 'amber' : a.light?.code === 'grey' ? 'plain' : 'accent';
};

/** A case as its applicant sees it; the heading is given the focus by who shows it. */
export function answerView(a: InquiryAnswer, heading: 'h1' | 'h2' = 'h2'): HTMLElement {
  const view = h('article', { class: `answer ${tone(a)}`, 'aria-labelledby': 'answer-title' });
  append(view, [
    h('header', { class: 'answer-head' },
      h(heading, { id: 'answer-title', tabindex: '-1' }, h('span', { class: 'answer-state' }, pick(a.state)), a.light ? h('span', { class: `lamp ${a.light.code}` }, pick(a.light)) : undefined),
      h('p', { class: 'answer-item' }, a.item.name, h('span', { class: 'number' }, a.caseNo))),
    h('ol', { class: 'progress', 'aria-label': say('progress') }, progress(a).map(([key, mark, day]) =>
      h('li', { class: mark, ...(mark === 'now' ? { 'aria-current': 'step' } : {}) }, h('span', { class: 'dot' }, mark === 'done' ? icon('check') : undefined), h('span', { class: 'progress-name' }, say(key), h('span', { class: 'hidden' }, ` ${say(mark === 'done' ? 'done' : mark === 'now' ? 'now' : 'later')}`)), h('span', { class: 'progress-day' }, day === undefined ? '' : sayShortDay(day))))),
    a.missing.map((m) => h('section', { class: 'callout amber', 'aria-label': say('missing') },
      h('h3', {}, say('missing')),
      m.materials.length > 0 ? h('ul', {}, m.materials.map((name) => h('li', {}, name))) : undefined,
      h('p', {}, [m.reason, m.notifiedOn === undefined ? undefined : say('notified', { day: sayDay(m.notifiedOn) }), m.noticeNo === undefined ? undefined : say('notice', { no: m.noticeNo })].filter((t) => t !== undefined).join(' · ')))),
    a.collect ? h('section', { class: 'callout green', 'aria-label': say('collect') }, h('h3', {}, say('collect')), h('p', {}, pick(a.collect))) : undefined,
    a.reason === undefined ? undefined : h('section', { class: 'callout plain', 'aria-label': say('reason') }, h('h3', {}, say('reason')), h('p', {}, a.reason)),
    h('dl', { class: 'facts' },
      a.promised ? h('div', { class: 'wide' }, h('dt', {}, say('promised')), h('dd', {}, a.promised.day === undefined ? undefined : h('strong', {}, sayDay(a.promised.day)), h('span', {}, pick(a.promised)))) : undefined,
      a.step ? fact('step', pick(a.step), a.step.since === undefined ? undefined : say('since', { day: sayDay(a.step.since) })) : undefined,
      a.applicants.length > 0 ? fact('applicant', a.applicants.join('、')) : undefined,
      a.appliedOn === undefined ? undefined : fact('applied', sayDay(a.appliedOn)),
      a.acceptedOn === undefined ? undefined : fact('accepted', sayDay(a.acceptedOn)),
      a.closedOn === undefined ? undefined : fact('closed', sayDay(a.closedOn))),
    paymentsView(a),
    h('p', { class: 'as-of' }, say('asOf', { time: sayTime(a.at) })),
  ]);
  return view;
}

const fact = (key: WordKey, value: string, more?: string): HTMLElement => h('div', {}, h('dt', {}, say(key)), h('dd', {}, value, more === undefined ? undefined : h('small', {}, more)));

function paymentsView(a: InquiryAnswer): HTMLElement {
  const { payments: p } = a;
  const amount = (l: PaymentLine): string => (l.amountYuan === undefined ? say('byTax') : say('yuan', { n: l.amountYuan }));
  return h('section', { class: 'payments', 'aria-label': say('payments') },
    h('h3', {}, say('payments'), h('span', { class: `tag ${p.state === 'open' ? 'amber' : p.state === 'settled' ? 'green' : 'plain'}` }, pick(p))),
    p.lines.length === 0 ? undefined : h('ul', {}, p.lines.map((l) => h('li', {},
      h('span', { class: 'pay-name' }, pick(l), l.paymentCode === undefined ? undefined : h('small', {}, `${say('paymentCode')} ${l.paymentCode}`)),
      h('span', { class: 'pay-sum' }, amount(l)),
      h('span', { class: `tag ${l.state === 'open' || l.state === 'short' ? 'amber' : l.state === 'checking' ? 'plain' : 'green'}` }, pick(l.stateText))))),
    p.dueYuan === undefined ? undefined : h('p', { class: 'pay-total' }, say('dueTotal'), h('strong', {}, say('yuan', { n: p.dueYuan }))));
}
