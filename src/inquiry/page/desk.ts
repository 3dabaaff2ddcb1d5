import { deskRoles, type DeskAnswer, type DeskHit, type InquiryFace } from '../../domain/inquiry-answer';
import { answerView } from './answer-view';
import { openCase, readMe, searchCases, signOff, signOn, verifyCaller, type Me } from './call';
import { pick } from './choice';
import { h, icon } from './element';
import { head, sayRefusal, show } from './frame';
import { say, sayDay } from './words';

const mostHits = 20;

/** For the person at the telephone: everything by keys, a sentence to read out, and no number that could be read out by mistake. */
export function open(face: InquiryFace): () => void {
  const n = face.identityDigits;
  const empty = { words: '', hits: undefined as readonly DeskHit[] | undefined, chosen: -1, answer: undefined as DeskAnswer | undefined, fault: '', fits: undefined as boolean | undefined, said: '', copied: false };
  let me: Me | undefined;
  let known = false;
  let signFault = '';
  let state = { ...empty };
  let visit = 0;

  const signIn = async (name: string, password: string): Promise<void> => {
    const reply = await signOn(name, password);
    if ('answer' in reply) [me, signFault] = [reply.answer, ''];
    else signFault = 'refusal' in reply && (reply.refusal as { code?: string }).code !== undefined ? ((reply.refusal as unknown as { code: string }).code === 'wrong-login' ? say('wrongLogin') : (reply.refusal as unknown as { text: string }).text) : sayRefusal(reply);
    draw(me ? 'words' : 'name');
  };
  const leave = async (): Promise<void> => {
    if (me) await signOff(me);
    [me, state] = [undefined, { ...empty }];
    draw('name');
  };
  /** What is refused because the session ended leads back to signing on. */
  const failed = (reply: Exclude<Awaited<ReturnType<typeof openCase>>, { answer: unknown }>): void => {
    if ('refusal' in reply && reply.refusal.error === 'not-signed-on') [me, state] = [undefined, { ...empty }];
    else state.fault = sayRefusal(reply);
    draw(me ? 'words' : 'name');
  };
  const find = async (): Promise<void> => {
    if (!me || state.words.trim().length < 2) return;
    const asked = (visit += 1);
    const reply = await searchCases(me, state.words);
    if (asked !== visit) return;
    if (!('answer' in reply)) return failed(reply);
    Object.assign(state, { ...empty, words: state.words, hits: reply.answer, chosen: reply.answer.length > 0 ? 0 : -1 });
    draw(reply.answer.length > 0 ? 'hit-0' : 'words');
  };
  const look = async (caseNo: string): Promise<void> => {
    if (!me) return;
    const asked = (visit += 1);
    const reply = await openCase(me, caseNo);
    if (asked !== visit) return;
    if (!('answer' in reply)) return failed(reply);
    Object.assign(state, { answer: reply.answer, fault: '', fits: undefined, said: '', copied: false });
    draw('said');
  };
  const verify = async (): Promise<void> => {
    if (!me || !state.answer || state.said.trim() === '') return;
    const { caseNo } = state.answer;
    const said = state.said.trim();
    const asked = [...said].length === n ? await verifyCaller(me, { case: caseNo, digits: said }) : undefined;
    const reply = asked && 'answer' in asked && asked.answer.fits ? asked : await verifyCaller(me, { case: caseNo, password: said });
    if (!('answer' in reply)) return failed(reply);
    state.fits = reply.answer.fits;
    draw('said');
  };
  const clear = (): void => {
    visit += 1;
    state = { ...empty };
    draw('words');
  };
  const choose = (step: number): void => {
    const last = (state.hits?.length ?? 0) - 1;
    if (last < 0) return;
    state.chosen = Math.min(last, Math.max(0, state.chosen + step));
    draw(`hit-${state.chosen}`);
  };

  const login = (): HTMLElement => {
    const name = h('input', { id: 'name', type: 'text', class: 'big', autocomplete: 'username', spellcheck: 'false' });
    const password = h('input', { id: 'user-password', type: 'password', class: 'big', autocomplete: 'current-password' });
    return h('main', { class: 'page sign' }, h('form', { class: 'card ask', novalidate: true, onsubmit: (event) => { event.preventDefault(); void signIn(name.value, password.value); } },
      h('h1', {}, say('deskTitle')), h('p', { class: 'hint' }, say('deskLead')),
      h('label', { for: 'name' }, say('name')), name, h('label', { for: 'user-password' }, say('userPassword')), password,
      h('div', { role: 'alert', class: signFault === '' ? 'fault empty' : 'fault' }, signFault), h('button', { type: 'submit', class: 'primary' }, say('signOn'))));
  };

  const results = (): HTMLElement => {
    const { hits } = state;
    return h('section', { class: 'card hits', 'aria-label': say('search') },
      h('form', { class: 'search', role: 'search', onsubmit: (event) => { event.preventDefault(); void find(); } },
        h('label', { for: 'words' }, say('searchLabel')),
        h('div', { class: 'search-line' }, h('input', { id: 'words', type: 'text', class: 'big', value: state.words, maxlength: 50, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'found', oninput: (event) => { state.words = (event.target as HTMLInputElement).value; } }), h('button', { type: 'submit', class: 'primary', 'aria-label': say('search') }, icon('search')))),
      state.fault === '' ? undefined : h('div', { role: 'alert', class: 'fault' }, state.fault),
      h('p', { id: 'found', class: 'hint', role: 'status' }, hits === undefined ? say('searchFirst') : hits.length === 0 ? say('foundNone') : hits.length >= mostHits ? say('foundMost') : say('found', { n: hits.length })),
      h('ul', { class: 'hit-list' }, (hits ?? []).map((hit, i) => h('li', {}, h('button', { type: 'button', id: `hit-${i}`, class: 'hit', 'aria-current': state.answer?.caseNo === hit.caseNo ? 'true' : undefined, tabindex: i === Math.max(0, state.chosen) ? '0' : '-1', onfocus: () => { state.chosen = i; }, onclick: () => void look(hit.caseNo) },
        h('span', { class: 'hit-name' }, hit.applicants), h('span', { class: 'hit-state' }, pick(hit.state)), h('span', { class: 'hit-item' }, hit.item), h('span', { class: 'hit-no' }, hit.caseNo, hit.appliedOn === undefined ? '' : ` · ${sayDay(hit.appliedOn)}`))))),
      h('p', { class: 'hint keys-hint' }, say('keys')));
  };

  const detail = (a: DeskAnswer): HTMLElement => h('section', { class: 'detail', 'aria-label': say('details') },
    h('div', { class: 'card who' }, h('h2', {}, say('people')),
      h('ul', {}, a.people.map((p) => h('li', {}, h('strong', {}, p.name), h('span', { class: 'tag plain' }, pick(p.role)), p.phone === undefined ? undefined : h('small', {}, `${say('phone')} ${p.phone}`)))),
      h('form', { class: 'verify', autocomplete: 'off', onsubmit: (event) => { event.preventDefault(); void verify(); } },
        h('label', { for: 'said' }, say('verifyHint', { n })),
        h('div', { class: 'search-line' }, h('input', { id: 'said', type: 'text', class: 'big', maxlength: 50, value: state.said, autocomplete: 'off', spellcheck: 'false', oninput: (event) => { state.said = (event.target as HTMLInputElement).value; } }), h('button', { type: 'submit', class: 'primary' }, say('check'))),
        h('div', { role: 'status', class: `verdict ${state.fits === undefined ? 'empty' : state.fits ? 'green' : 'red'}` }, state.fits === undefined ? '' : say(state.fits ? 'fits' : 'fitsNot')))),
    h('div', { class: 'card read' }, h('div', { class: 'read-head' }, h('h2', {}, say('readOut')), h('button', { type: 'button', class: 'quiet', onclick: () => void navigator.clipboard.writeText(pick(a.summary)).then(() => { state.copied = true; draw('copy'); }, () => undefined), id: 'copy' }, say(state.copied ? 'copied' : 'copy'))), h('blockquote', {}, pick(a.summary))),
    h('div', { class: 'card' }, answerView(a)));

  const draw = (focus?: string): void => {
    const { answer } = state;
    const may = me && (deskRoles as readonly string[]).includes(me.role) && !me.mustChangePassword;
    const tools = me ? [h('span', { class: 'user' }, me.name), h('button', { type: 'button', class: 'quiet', onclick: () => void leave() }, say('signOff'))] : [];
    show(`${say('deskTitle')} · ${pick(face.bureau)}`, head(face, tools),
      !known ? h('main', { class: 'page' }) : !me ? login() : !may ? h('main', { class: 'alone' }, h('h1', {}, say('deskTitle')), h('p', { role: 'alert' }, say(me.mustChangePassword ? 'changeFirst' : 'deskRole')))
        : h('main', { class: 'page desk' }, h('h1', { class: 'hidden' }, say('deskTitle')), results(), answer ? detail(answer) : h('section', { class: 'nothing' }, h('p', {}, say('noCase')))));
    if (focus !== undefined) document.getElementById(focus)?.focus();
  };

  window.addEventListener('keydown', (event) => {
    if (!me) return;
    const target = event.target as HTMLElement;
    const typing = target.tagName === 'INPUT';
    if (event.key === '/' && !typing) {
      event.preventDefault();
      document.getElementById('words')?.focus();
    } else if (event.key === 'Escape') clear();
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && (target.classList.contains('hit') || target.id === 'words')) {
      event.preventDefault();
      choose(target.id === 'words' ? 0 : event.key === 'ArrowDown' ? 1 : -1);
    }
  });
  void readMe().then((reply) => {
    [me, known] = ['answer' in reply ? reply.answer : undefined, true];
    draw(me ? 'words' : 'name');
  });
  return () => draw(document.activeElement?.id || undefined);
}
