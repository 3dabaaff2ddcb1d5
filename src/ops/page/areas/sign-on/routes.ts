import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/login', name: 'login', component: () => import('./login.vue'), meta: { title: { zh: '登录', en: 'Sign on' }, open: true } },
  { path: '/password', name: 'password', component: () => import('./password.vue'), meta: { title: { zh: '修改密码', en: 'Change password' } } },
] satisfies RouteRecordRaw[];
