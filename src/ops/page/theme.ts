import { ref, watchEffect } from 'vue';

export type Theme = 'auto' | 'light' | 'dark';
const kept = 'gateway-theme';
const preference = window.matchMedia('(prefers-color-scheme: dark)');
const systemDark = ref(preference.matches);
preference.addEventListener('change', (event) => (systemDark.value = event.matches));

export const theme = ref<Theme>(readKept());
/** Whether the page is dark now; charts draw by it. */
export const dark = ref(false);

watchEffect(() => {
  dark.value = theme.value === 'dark' || (theme.value === 'auto' && systemDark.value);
  document.documentElement.classList.toggle('dark', dark.value);
});

window.addEventListener('storage', (event) => {
  if (event.key === kept) theme.value = event.newValue === 'light' || event.newValue === 'dark' ? event.newValue : 'auto';
});

export function chooseTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(kept, next);
  } catch {
    // As with the language.
    return;
  }
}

function readKept(): Theme {
  try {
    const value = localStorage.getItem(kept);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto';
  }
}
