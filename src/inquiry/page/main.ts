import './styles.css';
import { beForgetful, mark, onChoice } from './choice';
import { readFace, type Reply } from './call';
import { h } from './element';
import { sayRefusal, show } from './frame';
import { say } from './words';
import type { InquiryFace } from '../../domain/inquiry-answer';

const faces = { kiosk: () => import('./kiosk'), desk: () => import('./desk'), completed: () => import('./completed'), web: () => import('./web') };

/** The face by the address: each brings only its own code. */
async function start(): Promise<void> {
  const asked = location.pathname.replace(/^\/inquiry\/?/, '').replace(/\/$/, '');
  const name = asked === 'kiosk' || asked === 'desk' || asked === 'completed' ? asked : 'web';
  document.documentElement.dataset['face'] = name;
  if (name === 'kiosk') beForgetful();
  const [face, module] = await Promise.all([readFace(), faces[name]()]);
  if (!('answer' in face)) return offline(face);
  const draw = module.open(face.answer);
  onChoice(draw);
  mark();
}

/** Nothing to ask yet; a machine in the hall tries again by itself. */
function offline(reply: Exclude<Reply<InquiryFace>, { answer: unknown }>): void {
  mark();
  show(say('title'), h('main', { class: 'alone' }, h('h1', {}, say('title')), h('p', { role: 'alert' }, sayRefusal(reply))));
  setTimeout(() => location.reload(), 15_000);
}

void start();
