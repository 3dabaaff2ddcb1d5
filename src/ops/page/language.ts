import { computed, ref, watchEffect, type ComputedRef } from 'vue';

export type Language = 'zh' | 'en';
/** A text in both languages. */
export interface Both { readonly zh: string; readonly en: string }

const kept = 'gateway-language';
const remembered = readKept();

/** The language of the page: what was chosen last, Chinese otherwise. */
export const language = ref<Language>(remembered === 'en' ? 'en' : 'zh');

watchEffect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
});

// Another window of this page was switched.
window.addEventListener('storage', (event) => {
  if (event.key === kept && (event.newValue === 'zh' || event.newValue === 'en')) language.value = event.newValue;
});

export function chooseLanguage(next: Language): void {
  language.value = next;
  try {
    localStorage.setItem(kept, next);
  } catch {
    // A browser that keeps nothing: the choice lasts until the page is closed.
    return;
  }
}

/** Words in both languages; English must have the keys of Chinese and no others. Values are texts or functions that give texts. */
export function bilingual<W extends object>(both: { readonly zh: W; readonly en: NoInfer<W> }): { readonly zh: W; readonly en: W } {
  return both;
}

/** The words in the language of the page; in a template `w.title` just follows the switch. */
export function speak<W extends object>(both: { readonly zh: W; readonly en: W }): ComputedRef<W> {
  return computed(() => both[language.value]);
}

export const say = (both: Both): string => both[language.value];

function readKept(): string | null {
  try {
    return localStorage.getItem(kept);
  } catch {
    return null;
  }
}
