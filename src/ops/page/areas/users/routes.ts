import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/users', name: 'users', component: () => import('./users.vue'), meta: { title: { zh: '用户', en: 'Users' }, nav: { order: 90, group: 'house' }, needs: 'GET users' } },
  { path: '/sessions', name: 'sessions', component: () => import('./sessions.vue'), meta: { title: { zh: '登录会话', en: 'Sessions' }, nav: { order: 95, group: 'house' }, needs: 'GET sessions' } },
] satisfies RouteRecordRaw[];
