import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/board', name: 'board', component: () => import('./board.vue'), meta: { title: { zh: '时限看板', en: 'Deadlines' }, nav: { order: 40, group: 'now' }, needs: 'GET board' } },
  { path: '/board/cases/:case', name: 'board-case', component: () => import('./one-case.vue'), meta: { title: { zh: '办件时限', en: 'Clock of a case' }, needs: 'GET board/cases/:case' } },
  { path: '/cards', name: 'cards', component: () => import('./cards.vue'), meta: { title: { zh: '红黄牌', en: 'Cards' }, nav: { order: 45, group: 'work' }, needs: 'GET board/cards' } },
  { path: '/cards/:id', name: 'card', component: () => import('./one-card.vue'), meta: { title: { zh: '牌', en: 'Card' }, needs: 'GET board/cards/:id' } },
] satisfies RouteRecordRaw[];
