import type { InquiryFace } from '../../domain/inquiry-answer';
import { chosenLanguage, choose, isDark, pick } from './choice';
import { h, icon } from './element';
import type { Reply } from './call';
import { say } from './words';

/** The head that web, desk and list share. */
export function head(face: InquiryFace, more: readonly HTMLElement[] = []): HTMLElement {
  return h('header', { class: 'head' },
    h('a', { class: 'brand', href: '/inquiry/' }, h('span', { class: 'brand-sign' }, icon('search')), h('span', {}, pick(face.bureau))),
    h('nav', { class: 'tools' }, ...more, languageButton(), themeButton()));
}

export const languageButton = (): HTMLElement => h('button', { type: 'button', class: 'quiet', lang: chosenLanguage() === 'zh' ? 'en' : 'zh-CN', 'aria-label': say('languageLabel'), onclick: () => choose({ language: chosenLanguage() === 'zh' ? 'en' : 'zh' }) }, say('language'));
const themeButton = (): HTMLElement => h('button', { type: 'button', class: 'quiet square', 'aria-label': say(isDark() ? 'light' : 'dark'), title: say(isDark() ? 'light' : 'dark'), onclick: () => choose({ theme: isDark() ? 'light' : 'dark' }) }, icon(isDark() ? 'sun' : 'moon'));

/** Why there is no answer, in words, with how long to wait. */
export function sayRefusal(reply: Exclude<Reply<unknown>, { answer: unknown }>): string {
  if ('offline' in reply) return say('offline');
  const { retryAfterSeconds: seconds } = reply.refusal;
  const wait = seconds === undefined ? '' : seconds > 90 ? say('waitMinutes', { n: Math.ceil(seconds / 60) }) : say('waitSeconds', { n: seconds });
  return [pick(reply.refusal), wait].filter((t) => t !== '').join(chosenLanguage() === 'zh' ? '' : ' ');
}

/** Replaces what is shown; the title follows. */
export function show(title: string, ...content: readonly HTMLElement[]): void {
  document.title = title;
  document.getElementById('app')!.replaceChildren(...content);
}
