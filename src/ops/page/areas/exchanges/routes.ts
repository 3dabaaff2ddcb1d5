import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/exchanges', name: 'exchanges', component: () => import('./exchanges.vue'), meta: { title: { zh: '交换', en: 'Exchanges' }, nav: { order: 20, group: 'work' }, needs: 'GET exchanges' } },
  { path: '/exchanges/:id', name: 'exchange', component: () => import('./exchange.vue'), meta: { title: { zh: '交换详情', en: 'Exchange' }, needs: 'GET exchanges/:id' } },
] satisfies RouteRecordRaw[];
