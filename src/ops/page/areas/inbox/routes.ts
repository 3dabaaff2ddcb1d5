import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/inbox', name: 'inbox', component: () => import('./inbox.vue'), meta: { title: { zh: '收件箱', en: 'Inbox' }, nav: { order: 40, group: 'work' }, needs: 'GET inbox' } },
  { path: '/inbox/answers', name: 'inbox-answers', component: () => import('./answers.vue'), meta: { title: { zh: '待判定回执', en: 'Answers to decide' }, needs: 'GET acknowledgements' } },
  { path: '/inbox/rejected', name: 'inbox-rejected', component: () => import('./rejected.vue'), meta: { title: { zh: '被拒请求', en: 'Rejected requests' }, needs: 'GET rejections' } },
  { path: '/inbox/entries/:id', name: 'inbox-entry', component: () => import('./entry.vue'), meta: { title: { zh: '收件', en: 'Entry' }, needs: 'GET inbox/:id' } },
] satisfies RouteRecordRaw[];
