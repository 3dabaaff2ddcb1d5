import { bilingual } from '../../language.js';

export const words = bilingual({
  zh: {
    title: '失败', hint: '按原因归在一起；处理完后自动关闭，再次出现时自动打开', none: '没有失败', noneHint: '所有交换都在正常进行。', more: '原因太多，只显示前 200 组',
    mapping: '生成报文', delivery: '送出', receiver: '接收方', channel: '通道', count: '现有', firstAt: '最早', lastAt: '最近', trend: '近 14 天', last24h: (now: number, before: number) => `近 24 小时 ${now}，之前 24 小时 ${before}`, example: '示例', list: '全部交换', remedy: '处理办法', partner: '接收方理由', field: '元素', source: '来源字段', rule: '规则', reopened: (n: number) => `再次出现 ${n} 次`, newOne: '新出现', seenFirst: '首次出现',
    closed: '最近关闭的', closedHint: '14 天内已全部处理的原因', closedAt: '关闭于', most: '最多时', retryGroup: '重试整组', trendText: (values: string) => `每日新增：${values}`, transient: '自动重试', case: '窗口人员更正', setup: '运维人员', defect: '开发人员',
  },
  en: {
    title: 'Failures', hint: 'Grouped by cause; a group closes by itself when nothing is left and opens again when it comes back', none: 'No failures', noneHint: 'All exchanges are on their way.', more: 'Too many causes: the first 200 are shown',
    mapping: 'Rendering', delivery: 'Delivery', receiver: 'Receiver', channel: 'Channel', count: 'Now', firstAt: 'First', lastAt: 'Last', trend: 'Last 14 days', last24h: (now: number, before: number) => `${now} in the last 24 hours, ${before} in the 24 before`, example: 'Example', list: 'All exchanges', remedy: 'What to do', partner: 'Receiver\'s reason', field: 'Element', source: 'Source column', rule: 'Rule', reopened: (n: number) => `came back ${n} times`, newOne: 'new', seenFirst: 'First ever',
    closed: 'Closed lately', closedHint: 'Causes of the last 14 days with nothing left', closedAt: 'Closed', most: 'Most at once', retryGroup: 'Retry the group', trendText: (values: string) => `New per day: ${values}`, transient: 'tried again by itself', case: 'a clerk corrects', setup: 'an operator', defect: 'a developer',
  },
});
