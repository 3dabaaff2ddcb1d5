import { watchEffect } from 'vue';
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { call, CallError, onEnd } from './call.js';
import { say, type Both } from './language.js';
import { ended, may, me, type OpsPath } from './session.js';

declare module 'vue-router' {
  interface RouteMeta {
    /** Title of the page and label of its entry in the navigation. */
    title?: Both;
    /** Stands in the navigation, in this order; pages of one group stand together. */
    nav?: { order: number; group: 'now' | 'work' | 'house' };
    /** Shown only to roles that may use this route of the API. */
    needs?: OpsPath;
    /** Open without a session. */
    open?: boolean;
  }
}

const areas = import.meta.glob<{ default: RouteRecordRaw[] }>('./areas/*/routes.ts', { eager: true });
const routes = Object.values(areas).flatMap((area) => area.default);

/** Pages of the navigation, in order. */
export const navigation = routes.filter((route) => route.meta?.nav).sort((a, b) => a.meta!.nav!.order - b.meta!.nav!.order);

export const router = createRouter({
  history: createWebHistory('/ops/'),
  routes: [...routes, { path: '/:nothing(.*)*', name: 'nothing', component: () => import('./nothing.vue'), meta: { title: { zh: '没有此页', en: 'No such page' } } }],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

let asked = false;

router.beforeEach(async (to) => {
  if (!me.value && !asked) {
    asked = true;
    try {
      me.value = await call('GET me');
    } catch (error) {
      // Nobody is signed on, or nothing answers; the login page says which.
      if (!(error instanceof CallError)) throw error;
    }
  }
  if (!me.value) return to.meta.open === true ? true : { name: 'login', query: to.fullPath === '/' ? {} : { back: to.fullPath } };
  if (me.value.mustChangePassword && to.name !== 'password') return { name: 'password', query: to.meta.open === true || to.fullPath === '/' ? {} : { back: to.fullPath } };
  // A clerk has nothing to do on these pages: the session is the desk's as well.
  if (me.value.role === 'clerk' && me.value.desk !== undefined && to.name !== 'password') {
    window.location.replace(me.value.desk);
    return false;
  }
  if (to.name === 'login') return { path: '/' };
  if (to.meta.needs !== undefined && !may(to.meta.needs)) return { name: 'nothing', params: { nothing: to.path.slice(1).split('/') }, replace: true };
  return true;
});

const product: Both = { zh: '数据交换网关', en: 'Exchange gateway' };
watchEffect(() => {
  const { title } = router.currentRoute.value.meta;
  document.title = title ? `${say(title)} · ${say(product)}` : say(product);
});

router.afterEach((to, from) => {
  // A screen reader is told that the page changed, by moving to its heading.
  if (from.matched.length > 0 && to.path !== from.path) requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true }));
});

onEnd.signedOff = (): void => {
  const now = router.currentRoute.value;
  if (now.meta.open !== true) void router.replace({ name: 'login', query: { back: now.fullPath } });
};
onEnd.mustChange = (): void => void router.replace({ name: 'password' });

/** Where to go after signing on: only below this page. */
export const backOf = (given: unknown): string => (typeof given === 'string' && /^\/(?![/\\])/.test(given) ? given : '/');

export function signOff(): void {
  me.value = undefined;
  ended.value = false;
  void router.replace({ name: 'login' });
}
