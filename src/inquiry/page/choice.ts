/** Language and theme of this visitor, kept like those of the ops page; the machine in the hall keeps nothing. */
export type Language = 'zh' | 'en';

let [language, theme] = [read('gateway-language') === 'en' ? ('en' as Language) : ('zh' as Language), read('gateway-theme')];
let forgetful = false;
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners: (() => void)[] = [];

export const isDark = (): boolean => theme === 'dark' || (theme !== 'light' && !forgetful && system.matches);
export const chosenLanguage = (): Language => language;
/** The words in the chosen language. */
export const pick = (words: { readonly zh: string; readonly en: string }): string => words[language];
/** Called after each change, once the page is marked with it. */
export const onChoice = (listener: () => void): void => void listeners.push(listener);

export function choose(next: { readonly language?: Language; readonly theme?: 'light' | 'dark' }): void {
  if (next.language) keep('gateway-language', (language = next.language));
  if (next.theme) keep('gateway-theme', (theme = next.theme));
  mark();
}

/** For machines that many people use: nothing is kept, and nothing of earlier visitors is taken over. */
export function beForgetful(): void {
  forgetful = true;
  [language, theme] = ['zh', 'light'];
  mark();
}

export function mark(): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.classList.toggle('dark', isDark());
  for (const listener of listeners) listener();
}

system.addEventListener('change', mark);
window.addEventListener('storage', (event) => {
  if (forgetful) return;
  if (event.key === 'gateway-language') language = event.newValue === 'en' ? 'en' : 'zh';
  if (event.key === 'gateway-theme') theme = event.newValue;
  mark();
});

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser that keeps nothing
  }
}
function keep(key: string, value: string): void {
  if (forgetful) return;
  try {
    localStorage.setItem(key, value);
  } catch {
    return; // it holds for this page then
  }
}
