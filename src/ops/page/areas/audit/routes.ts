import type { RouteRecordRaw } from 'vue-router';

export default [{ path: '/audit', name: 'audit', component: () => import('./audit.vue'), meta: { title: { zh: '审计日志', en: 'Audit log' }, nav: { order: 80, group: 'house' }, needs: 'GET audit' } }] satisfies RouteRecordRaw[];
