/*
 * The ops page. Vue 3, Element Plus and nothing from elsewhere; the server refuses inline scripts and styles.
 *
 * How an area is added (Channels, Audit, ...):
 *   areas/<area>/routes.ts   export default [{ path, name, component: () => import('./some.vue'), meta: { title: { zh, en }, nav?: { order, group }, needs?: 'GET audit' } }]
 *                            is found by itself; `needs` hides the page from roles that may not use that route of the API.
 *   areas/<area>/words.ts    export const words = bilingual({ zh: {...}, en: {...} }); in a component `const w = speak(words)`, in its template `w.title`.
 *                            A text with a number in it is a function: `found: (n: number) => `${n} 条``. English must have the same keys.
 *   areas/<area>/*.vue       starts with <page-header :title="w.title" :hint="w.hint">, which holds the page's h1, and its buttons in the slot.
 * What to use:
 *   call('GET exchanges/:id', { params: { id }, query | body })   typed by OpsCalls; throws CallError, which <error-state :error> and tell(error) show in words.
 *   load(() => call(...)) from parts/load.ts                       value, error, loading and again() for what a page reads.
 *   may('POST actions')                                            hides a button that the role may not use.
 *   parts/: page-header, data-table (columns, selection, server paging), light-badge, state-tag, time-text, copy-text, empty-state, error-state,
 *           reason-dialog (confirm, with a reason), export-button, panel-box; ask.ts: tell(error), done(text).
 *   Element Plus by name: import { ElButton } from 'element-plus' brings its styles along. No `autosize` on a textarea, nor a static style="..." in a
 *   template (the policy refuses style attributes in HTML; :style bindings are fine). Colours only from styles/theme.css, so that dark works.
 */
import { createApp } from 'vue';
import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import './styles/theme.css';
import './styles/base.css';
import App from './app.vue';
import { startLive } from './live.js';
import { router } from './router.js';

createApp(App).use(router).mount('#app');
startLive();
