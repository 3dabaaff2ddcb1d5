import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/reconciliation', name: 'reconciliation', component: () => import('./statement.vue'), meta: { title: { zh: '对账', en: 'Reconciliation' }, nav: { order: 30, group: 'work' }, needs: 'GET reconciliation' } },
  { path: '/reconciliation/days/:day(\\d{4}-\\d{2}-\\d{2})', name: 'statement', component: () => import('./statement.vue'), meta: { title: { zh: '日终对账', en: 'Daily statement' }, needs: 'GET reconciliation/statements/:day' } },
  { path: '/reconciliation/differences', name: 'differences', component: () => import('./differences.vue'), meta: { title: { zh: '差异', en: 'Differences' }, needs: 'GET reconciliation/differences' } },
  { path: '/reconciliation/differences/:id(\\d+)', name: 'difference', component: () => import('./difference.vue'), meta: { title: { zh: '差异详情', en: 'Difference' }, needs: 'GET reconciliation/differences/:id' } },
  { path: '/reconciliation/decisions', name: 'decisions', component: () => import('./decisions.vue'), meta: { title: { zh: '待复核', en: 'Second person' }, needs: 'GET reconciliation/decisions' } },
  { path: '/reconciliation/cases/:case?', name: 'clearance', component: () => import('./clearance.vue'), meta: { title: { zh: '税费结清', en: 'Clearance' }, needs: 'GET reconciliation/cases/:case' } },
] satisfies RouteRecordRaw[];
