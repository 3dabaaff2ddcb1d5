import type { RouteRecordRaw } from 'vue-router';

export default [
  { path: '/channels', name: 'channels', component: () => import('./channels.vue'), meta: { title: { zh: '通道与计划', en: 'Channels and schedule' }, nav: { order: 60, group: 'house' }, needs: 'GET channels/:channel' } },
  { path: '/channels/of/:channel', name: 'channel', component: () => import('./channel.vue'), meta: { title: { zh: '通道', en: 'Channel' }, needs: 'GET channels/:channel' } },
  { path: '/channels/calendar', name: 'calendar', component: () => import('./calendar.vue'), meta: { title: { zh: '工作日历', en: 'Working calendar' }, needs: 'GET calendar' } },
  { path: '/channels/mappings', name: 'mappings', component: () => import('./mappings.vue'), meta: { title: { zh: '映射与外发字段', en: 'Mappings and exported fields' }, needs: 'GET mappings' } },
] satisfies RouteRecordRaw[];
