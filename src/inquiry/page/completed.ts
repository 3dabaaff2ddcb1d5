import type { CompletedDay, InquiryFace } from '../../domain/inquiry-answer';
import { readCompleted } from './call';
import { pick } from './choice';
import { h, icon } from './element';
import { head, sayRefusal, show } from './frame';
import { say, sayDay } from './words';

/** 办结公示: day by day, for everybody. What is looked at stands in the address, so that it can be passed on. */
export function open(face: InquiryFace): () => void {
  let [list, fault] = [undefined as CompletedDay | undefined, ''];
  let asked = 0;

  const query = (): Record<string, string> => Object.fromEntries([...new URLSearchParams(location.search)].filter(([key]) => ['day', 'item', 'page'].includes(key)));
  const load = async (): Promise<void> => {
    const mine = (asked += 1);
    const reply = await readCompleted(query());
    if (mine !== asked) return;
    [list, fault] = 'answer' in reply ? [reply.answer, ''] : [undefined, sayRefusal(reply)];
    draw();
  };
  const go = (next: Record<string, string | undefined>): void => {
    const text = new URLSearchParams(Object.entries(next).filter((e): e is [string, string] => e[1] !== undefined && e[1] !== '')).toString();
    history.pushState(null, '', `/inquiry/completed${text === '' ? '' : `?${text}`}`);
    void load();
  };

  const table = (l: CompletedDay): HTMLElement => {
    const { item } = query();
    const step = (day: string | undefined, key: 'earlier' | 'later2'): HTMLElement => h('button', { type: 'button', class: 'quiet', disabled: day === undefined, onclick: () => go({ day, item }) }, key === 'earlier' ? icon('left') : undefined, say(key), key === 'later2' ? icon('right') : undefined);
    return h('section', { class: 'card list' },
      h('div', { class: 'list-tools' },
        h('div', { class: 'days' }, step(l.earlier, 'earlier'), h('label', { class: 'hidden', for: 'day' }, say('day')), h('input', { id: 'day', type: 'date', value: l.day, onchange: (event) => go({ day: (event.target as HTMLInputElement).value, item }) }), step(l.later, 'later2')),
        h('label', { class: 'items' }, h('span', { class: 'hidden' }, say('item')), h('select', { id: 'item', onchange: (event) => go({ item: (event.target as HTMLSelectElement).value }) }, h('option', { value: '' }, say('allItems')), l.items.map((i) => h('option', { value: i.code, selected: i.code === item }, i.name))))),
      h('h2', { id: 'day-title', 'aria-live': 'polite' }, sayDay(l.day), l.lines.length === 0 ? undefined : h('span', { class: 'tag plain' }, say('count', { n: l.lines.length }) + (l.next === undefined ? '' : '+'))),
      l.lines.length === 0 ? h('p', { class: 'nothing' }, say(l.items.length === 0 ? 'notPublished' : 'nothingThen'))
        : h('table', { 'aria-labelledby': 'day-title' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, say('applicant')), h('th', { scope: 'col' }, say('item')), h('th', { scope: 'col' }, say('caseNo')))),
          h('tbody', {}, l.lines.map((line) => h('tr', {}, h('td', {}, line.applicants), h('td', {}, line.item.name), h('td', { class: 'number' }, line.caseNo))))),
      l.next === undefined && query()['page'] === undefined ? undefined : h('div', { class: 'bar' }, query()['page'] === undefined ? undefined : h('button', { type: 'button', class: 'quiet', onclick: () => go({ day: l.day, item }) }, say('firstPage')), l.next === undefined ? undefined : h('button', { type: 'button', class: 'quiet', onclick: () => go({ day: l.day, item, page: l.next }) }, say('nextPage'), icon('right'))));
  };

  const draw = (): void => {
    const focus = document.activeElement?.id;
    show(`${say('completedTitle')} · ${pick(face.bureau)}`, head(face),
      h('main', { class: 'page one' }, h('div', { class: 'intro' }, h('h1', {}, say('completedTitle')), h('p', {}, say('completedLead'))), fault === '' ? undefined : h('div', { role: 'alert', class: 'fault' }, fault), list ? table(list) : undefined,
        h('p', { class: 'foot' }, h('a', { class: 'link', href: '/inquiry/' }, icon('left'), say('back')), h('a', { class: 'link', href: '/api/inquiry/completed.atom' }, say('feed')))));
    if (focus) document.getElementById(focus)?.focus();
  };
  window.addEventListener('popstate', () => void load());
  void load();
  return draw;
}
