import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/dry-run', name: 'dry-run', component: () => import('./dry-run.vue'), meta: { title: { zh: '试运行', en: 'Dry run' }, nav: { order: 50, group: 'work' }, needs: 'POST dry-runs' } },
  { path: '/dry-run/many', name: 'dry-run-many', component: () => import('./many.vue'), meta: { title: { zh: '批量试运行', en: 'Dry run of many' }, needs: 'POST dry-runs/range' } },
] satisfies RouteRecordRaw[];
