import type { RouteRecordRaw } from 'vue-router';

export default [{ path: '/failures', name: 'failures', component: () => import('./failures.vue'), meta: { title: { zh: '失败', en: 'Failures' }, nav: { order: 12, group: 'now' }, needs: 'GET failures' } }] satisfies RouteRecordRaw[];
