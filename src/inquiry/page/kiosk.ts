import './kiosk.css';
import type { InquiryAnswer, InquiryFace } from '../../domain/inquiry-answer';
import { answerView } from './answer-view';
import { askCase } from './call';
import { choose, pick } from './choice';
import { h, icon } from './element';
import { languageButton, sayRefusal, show } from './frame';
import { say } from './words';

type Screen = 'start' | 'case' | 'proof' | 'answer';
const rows = ['1234567890', 'QWERTYUIOP', 'ASDFGHJKL-', 'ZXCVBNM'];
/** From here on it is asked whether anybody is still there. */
const warnSeconds = 15;

/** The machine in the hall: large, by touch, and empty again for the next person. It never goes anywhere, so there is nothing to go back to. */
export function open(face: InquiryFace): () => void {
  const n = face.identityDigits;
  const fresh = { screen: 'start' as Screen, caseNo: '', by: 'digits' as 'digits' | 'password', proof: '', fault: '', asking: false, answer: undefined as InquiryAnswer | undefined };
  let state = { ...fresh };
  /** Whoever left is not answered any more. */
  let visit = 0;
  let touchedAt = Date.now();

  const reset = (): void => {
    visit += 1;
    state = { ...fresh };
    document.documentElement.scrollTop = 0;
    choose({ language: 'zh' });
  };
  const go = (screen: Screen): void => {
    Object.assign(state, { screen, fault: '' });
    draw();
  };
  const left = (): number => Math.max(0, Math.ceil((touchedAt + face.idleMs - Date.now()) / 1000));

  const ask = async (): Promise<void> => {
    if (state.asking) return;
    if (state.proof === '') {
      state.fault = state.by === 'password' ? say('needPassword') : say('needDigits', { n });
      return draw();
    }
    state.asking = true;
    draw();
    const asked = visit;
    const reply = await askCase({ case: state.caseNo, [state.by]: state.proof });
    if (asked !== visit) return;
    state.asking = false;
    if ('answer' in reply) Object.assign(state, { answer: reply.answer, screen: 'answer', caseNo: '', proof: '' });
    else Object.assign(state, { fault: sayRefusal(reply), proof: '' });
    draw();
  };
  const advance = (): void => {
    if (state.screen === 'proof') return void ask();
    if (state.caseNo === '') {
      state.fault = say('needCase');
      return draw();
    }
    go('proof');
  };
  const type = (sign: string): void => {
    const key = state.screen === 'case' ? 'caseNo' : 'proof';
    const most = key === 'caseNo' ? 50 : state.by === 'digits' ? n : 20;
    state[key] = sign === 'backspace' ? state[key].slice(0, -1) : sign === 'clear' ? '' : (state[key] + sign).slice(0, most);
    state.fault = '';
    fill();
  };

  /** What was typed, without drawing the keys anew under somebody's finger. */
  const fill = (): void => {
    const field = document.getElementById('field') as HTMLInputElement | null;
    if (field) field.value = state.screen === 'case' ? state.caseNo : state.proof;
    const fault = document.getElementById('fault');
    if (fault) [fault.textContent, fault.className] = [state.fault, state.fault === '' ? 'fault empty' : 'fault'];
  };

  const keypad = (): HTMLElement => h('div', { class: 'keypad', role: 'group', 'aria-label': say('keypad') }, rows.map((signs, row) => h('div', { class: `keys row${row}` },
    [...signs].map((sign) => h('button', { type: 'button', class: row === 0 ? 'key digit' : 'key', onclick: () => type(sign) }, sign)),
    row === 3 ? [h('button', { type: 'button', class: 'key word', onclick: () => type('clear') }, say('clear')), h('button', { type: 'button', class: 'key word', onclick: () => type('backspace'), 'aria-label': say('backspace') }, icon('back'))] : undefined)));

  const start = (): HTMLElement => h('main', { class: 'kiosk-start' },
    h('p', { class: 'kiosk-bureau' }, pick(face.bureau)), h('h1', {}, say('title')), h('p', { class: 'kiosk-lead' }, say('startLead')),
    h('button', { type: 'button', class: 'kiosk-go', id: 'go', onclick: () => go('case') }, icon('search'), say('start')),
    h('ol', { class: 'kiosk-steps' }, [say('start1'), say('start2'), say('start3', { n })].map((text) => h('li', {}, h('span', {}, text)))),
    face.phone === undefined ? undefined : h('p', { class: 'kiosk-phone' }, `${say('helpPhone')} ${face.phone}`));

  const entry = (): HTMLElement => {
    const step = state.screen === 'case' ? 1 : 2;
    return h('main', { class: 'kiosk-entry' },
      h('div', { class: 'kiosk-field' },
        h('p', { class: 'kiosk-step' }, say('stepOf', { n: step })),
        h('h1', {}, h('label', { for: 'field' }, step === 1 ? say('caseNo') : say(state.by, { n }))),
        step === 2 ? h('div', { class: 'kiosk-by', role: 'group', 'aria-label': say('by') }, (['digits', 'password'] as const).map((by) => h('button', { type: 'button', 'aria-pressed': state.by === by ? 'true' : 'false', onclick: () => { Object.assign(state, { by, proof: '', fault: '' }); draw(); } }, say(by, { n })))) : undefined,
        // Not a password field: the browser of a machine for everybody must not offer to keep what is typed.
        h('input', { id: 'field', type: 'text', class: step === 2 ? 'covered' : '', inputmode: 'none', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'field-hint', value: step === 1 ? state.caseNo : state.proof, oninput: (event) => { const { value } = event.target as HTMLInputElement; state[step === 1 ? 'caseNo' : 'proof'] = value.slice(0, 50); } }),
        h('p', { id: 'field-hint', class: 'hint' }, step === 1 ? say('caseHint') : say(state.by === 'digits' ? 'digitsHint' : 'passwordHint', { n })),
        h('div', { role: 'alert', id: 'fault', class: state.fault === '' ? 'fault empty' : 'fault' }, state.fault)),
      keypad(),
      h('div', { class: 'kiosk-actions' },
        h('button', { type: 'button', class: 'quiet', onclick: () => (step === 1 ? reset() : go('case')) }, icon('left'), say('previous')),
        h('button', { type: 'button', class: 'primary', id: 'advance', 'aria-disabled': state.asking, onclick: advance }, step === 1 ? say('next') : say(state.asking ? 'asking' : 'ask'))));
  };

  const result = (answer: InquiryAnswer): HTMLElement => h('main', { class: 'kiosk-answer' },
    h('p', { class: 'hidden', role: 'status' }, pick(answer.summary)),
    h('div', { class: 'card' }, answerView(answer, 'h1')),
    h('div', { class: 'kiosk-actions' }, h('button', { type: 'button', class: 'quiet', onclick: () => { Object.assign(state, { answer: undefined }); go('case'); } }, say('another')), h('button', { type: 'button', class: 'primary', onclick: reset }, say('finish'))));

  const draw = (): void => {
    const { screen, answer } = state;
    const bar = h('header', { class: 'kiosk-bar' }, h('span', { class: 'brand' }, pick(face.bureau)), h('span', { class: 'idle', id: 'idle', 'aria-live': 'off' }, screen === 'start' ? '' : say('idle', { n: left() })), languageButton());
    show(say('title'), bar, screen === 'start' ? start() : screen === 'answer' && answer ? result(answer) : entry(), h('div', { id: 'still', class: 'still', hidden: true, onclick: touched }));
    document.documentElement.dataset['screen'] = screen;
    document.getElementById(screen === 'start' ? 'go' : screen === 'answer' ? 'answer-title' : 'field')?.focus({ preventScroll: true });
  };

  /** Asks whether anybody is there, and goes on without an answer. */
  const tick = (): void => {
    if (state.screen === 'start') return;
    const seconds = left();
    if (seconds === 0) return reset();
    const idle = document.getElementById('idle');
    if (idle) [idle.textContent, idle.className] = [say('idle', { n: seconds }), seconds <= warnSeconds ? 'idle soon' : 'idle'];
    const still = document.getElementById('still');
    if (!still) return;
    const ask = seconds <= Math.min(warnSeconds, face.idleMs / 2000);
    if (ask && still.hidden) {
      still.replaceChildren(h('div', { class: 'card', role: 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'still-title', 'aria-describedby': 'still-left' }, h('h2', { id: 'still-title' }, say('stillThere')), h('p', { id: 'still-left' }), h('button', { type: 'button', class: 'primary', id: 'still-go' }, say('goOn')), h('button', { type: 'button', class: 'quiet', onclick: (event) => { event.stopPropagation(); reset(); } }, say('finish'))));
      still.hidden = false;
      document.getElementById('still-go')?.focus();
    } else if (!ask && !still.hidden) {
      still.hidden = true;
      document.getElementById(state.screen === 'answer' ? 'answer-title' : 'field')?.focus({ preventScroll: true });
    }
    const text = document.getElementById('still-left');
    if (ask && text) text.textContent = say('idle', { n: seconds });
  };

  const touched = (): void => {
    touchedAt = Date.now();
    tick();
  };
  // While it asks, only the answer counts, and only when the finger is up again: the touch must not fall on what lies below.
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'scroll']) window.addEventListener(kind, () => { if (document.getElementById('still')?.hidden !== false) touched(); }, { passive: true, capture: true });
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.target as HTMLElement).id === 'field') advance();
    if (event.key === 'Escape') reset();
  });
  window.addEventListener('contextmenu', (event) => event.preventDefault());
  window.addEventListener('dragstart', (event) => event.preventDefault());
  // A page that the browser kept for going back to is emptied before anybody sees it.
  window.addEventListener('pagehide', () => document.getElementById('app')!.replaceChildren());
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
  history.replaceState(null, '', '/inquiry/kiosk');
  setInterval(tick, 250);
  return draw;
}
