import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/orders', name: 'orders', component: () => import('./orders.vue'), meta: { title: { zh: '待确认', en: 'Confirmations' }, nav: { order: 14, group: 'now' }, needs: 'GET orders' } },
  { path: '/hand-overs', name: 'hand-overs', component: () => import('./hand-overs.vue'), meta: { title: { zh: '手工递送', en: 'Delivery by hand' }, nav: { order: 48, group: 'work' }, needs: 'GET hand-overs' } },
] satisfies RouteRecordRaw[];
