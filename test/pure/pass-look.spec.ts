import { passLook, type Look } from '../../src/capture/pass-look.js';

const compare = (a: string, b: string): number => Number(a) - Number(b);
/** Up to when everything is known after each of these looks (`mark newest`) at 1, 2, 3 …; a dot where a look says nothing new. */
function knownAfter(looks: readonly string[]): string {
  let waiting: Look | undefined;
  return looks.map((text, i) => {
    const [mark, newest] = text.split(' ');
    const passed = passLook(waiting, { at: String(i + 1), mark: mark!, newest: newest! }, compare);
    waiting = passed.waiting;
    return passed.known ?? '.';
  }).join(' ');
}

test.each<[string, readonly string[], string]>([
  ['nothing is open: each look is known', ['5 5', '5 5', '9 9'], '1 2 3'],
  ['one stays open, others commit behind it: nothing from the first look behind it on', ['5 5', '5 7', '5 8', '5 9'], '1 . . .'],
  ['it ends: all up to the look', ['5 5', '5 7', '8 8'], '1 . 3'],
  ['something is always open, each for a short time: the look before', ['5 7', '7 9', '9 12', '12 13'], '. 1 2 3'],
  ['the mark moves and does not reach what was the newest', ['5 9', '7 10', '8 11', '9 12', '12 14'], '. . . 1 4'],
  ['the bureau was restored and gives out lower marks', ['5 900', '3 7', '7 8'], '. . 2'],
])('%s', (_, looks, known) => {
  expect(knownAfter(looks)).toBe(known);
});
