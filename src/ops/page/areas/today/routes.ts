import type { RouteRecordRaw } from 'vue-router';

export default [{ path: '/', name: 'today', component: () => import('./today.vue'), meta: { title: { zh: '今日', en: 'Today' }, nav: { order: 10, group: 'now' }, needs: 'GET today' } }] satisfies RouteRecordRaw[];
