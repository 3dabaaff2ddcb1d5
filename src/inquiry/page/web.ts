import type { InquiryAnswer, InquiryFace } from '../../domain/inquiry-answer';
import { answerView } from './answer-view';
import { askCase } from './call';
import { pick } from './choice';
import { h, icon } from './element';
import { head, sayRefusal, show } from './frame';
import { say } from './words';

/** The bureau's web page: one form, one answer. Nothing of it is kept, in the address or elsewhere. */
export function open(face: InquiryFace): () => void {
  const state = { caseNo: '', by: 'digits' as 'digits' | 'password', proof: '', fault: '', asking: false, answer: undefined as InquiryAnswer | undefined };
  const n = face.identityDigits;

  const ask = async (): Promise<void> => {
    if (state.asking) return;
    state.fault = state.caseNo.trim() === '' ? say('needCase') : state.proof.trim() === '' ? (state.by === 'password' ? say('needPassword') : say('needDigits', { n })) : '';
    if (state.fault !== '') return draw(state.caseNo.trim() === '' ? 'case' : 'proof');
    state.asking = true;
    draw();
    const reply = await askCase({ case: state.caseNo, [state.by]: state.proof });
    state.asking = false;
    if ('answer' in reply) Object.assign(state, { answer: reply.answer, caseNo: '', proof: '' });
    else state.fault = sayRefusal(reply);
    draw('answer' in reply ? 'answer-title' : 'fault');
  };
  const again = (): void => {
    Object.assign(state, { answer: undefined, fault: '', caseNo: '', proof: '' });
    draw('case');
  };

  const form = (): HTMLElement => h('form', { class: 'card ask', novalidate: true, autocomplete: 'off', onsubmit: (event) => { event.preventDefault(); void ask(); } },
    h('label', { for: 'case' }, say('caseNo')),
    h('input', { id: 'case', type: 'text', class: 'big', value: state.caseNo, maxlength: 60, autocapitalize: 'characters', autocomplete: 'off', spellcheck: 'false', enterkeyhint: 'next', 'aria-describedby': 'case-hint', oninput: (event) => { state.caseNo = (event.target as HTMLInputElement).value; } }),
    h('p', { id: 'case-hint', class: 'hint' }, say('caseHint')),
    h('fieldset', { class: 'by' }, h('legend', {}, say('by')),
      (['digits', 'password'] as const).map((by) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'by', value: by, checked: state.by === by, onchange: () => { Object.assign(state, { by, proof: '', fault: '' }); draw(`by-${by}`); }, id: `by-${by}` }), h('span', {}, say(by, { n }))))),
    h('label', { for: 'proof' }, say(state.by, { n })),
    h('input', { id: 'proof', type: 'text', class: 'big', value: state.proof, maxlength: state.by === 'digits' ? n : 50, autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', enterkeyhint: 'search', 'aria-describedby': 'proof-hint', oninput: (event) => { state.proof = (event.target as HTMLInputElement).value; } }),
    h('p', { id: 'proof-hint', class: 'hint' }, say(state.by === 'digits' ? 'digitsHint' : 'passwordHint', { n })),
    h('div', { role: 'alert', class: state.fault === '' ? 'fault empty' : 'fault', id: 'fault', tabindex: '-1' }, state.fault),
    h('button', { type: 'submit', class: 'primary', 'aria-disabled': state.asking }, icon('search'), say(state.asking ? 'asking' : 'ask')));

  const aside = (): HTMLElement => h('aside', { class: 'card help' },
    h('h2', {}, say('help')),
    face.phone === undefined ? undefined : h('p', { class: 'phone' }, say('helpPhone'), h('a', { href: `tel:${face.phone.replaceAll(/[^0-9+]/g, '')}` }, face.phone)),
    h('p', {}, say('helpWindow')), h('p', {}, say('helpSafe')),
    face.completed ? h('p', {}, h('a', { class: 'link', href: '/inquiry/completed' }, say('publicList'), icon('right'))) : undefined);

  const draw = (focus?: string): void => {
    const { answer } = state;
    show(`${say('title')} · ${pick(face.bureau)}`, head(face), answer
      ? h('main', { class: 'page one' }, h('div', { class: 'bar' }, h('button', { type: 'button', class: 'quiet', onclick: again }, icon('left'), say('another')), h('button', { type: 'button', class: 'quiet', onclick: () => window.print() }, say('print'))), h('p', { class: 'hidden', role: 'status' }, pick(answer.summary)), h('div', { class: 'card' }, answerView(answer, 'h1')))
      : h('main', { class: 'page two' }, h('div', { class: 'intro' }, h('h1', {}, say('title')), h('p', {}, say('lead'))), form(), aside()));
    if (focus !== undefined) document.getElementById(focus)?.focus();
  };
  return () => draw(document.activeElement?.id || undefined);
}
