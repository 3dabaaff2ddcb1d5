import { bilingual } from '../../language.js';

export const words = bilingual({
  zh: {
    title: '今日', waiting: '正在读取网关的状况…', asOf: (time: string) => `截至 ${time}`,
    noChannels: '没有启用的通道', noChannelsHint: '在 config/channels 中启用一个通道后重新启动。',
    fine: '一切正常', oldest: (text: string) => `最久 ${text}`, ended: (superseded: string, cancelled: string) => `已替代 ${superseded} · 已取消 ${cancelled}`, funnel: '从采集到接收',
    lanes: '受阻的办件', lanesHint: (n: string) => `后面等 ${n} 条`, breaker: '断路器', closed: '闭合', open: '断开', probe: (text: string) => `${text}探测`, lastSuccess: '最近送达', never: '尚无', manifest: '最近清单', notConfigured: '已停用',
    alarms: '警报', noAlarms: '没有警报', acknowledge: '我来处理', acknowledgedBy: (who: string) => `${who} 正在处理`, since: '开始于', acknowledged: '已登记由您处理', critical: '严重', warning: '警告', house: '全局',
    throughput: '过去 24 小时的流量', latency: '从采集到回执的用时', captured: '采集', accepted: '接收', refused: '退回', p50: '一半以内', p95: '95% 以内', perBucket: (minutes: number) => `每 ${minutes} 分钟`,
    chartText: (captured: string, accepted: string, refused: string) => `过去 24 小时采集 ${captured} 条，接收 ${accepted} 条，退回 ${refused} 条`, noTraffic: '过去 24 小时没有流量',
    reading: '业务库读取', stream: '数据流', polled: '最近读取', moved: '水位移动', fault: '故障', ok: '正常',
    expected: '接下来的预期', 'pick-up': '取走文件', acknowledgement: '回执', 'return-files': '回传文件', within: (text: string) => `${text}内`, noExpected: '没有设定预期',
    forecast: '即将亮牌的办件', forecastHint: (reached: string, coming: string, hours: string) => `已到 ${reached} 件，${hours}内还有 ${coming} 件：只因报文尚未到达接收方`, noForecast: '没有因报文未到达而将亮牌的办件', card: '级别', at: '时刻', stuck: '停在', case: '办件编号',
    'level-warning': '预警', 'level-yellow': '黄牌', 'level-red': '红牌', 'wait-gateway': '网关', 'wait-staging machine': '中间机', 'wait-center': '接收方', reachedAlready: '已到',
    reconciliation: (day: string) => `${day} 对账`, 'day-closed': '已日结', 'day-ties-out': '已对平', 'day-does-not-tie-out': '未对平', 'day-quiet': '无业务', differences: (n: string) => `${n} 项差异待处理`, noDifferences: '没有待处理的差异', obstacles: (n: string) => `${n} 处阻碍日结`, contradicted: (n: string) => `${n} 件结清后又不再结清`, closedUpTo: (day: string) => `已日结至 ${day}`, openPage: '查看对账',
  },
  en: {
    title: 'Today', waiting: 'Reading how the gateway stands…', asOf: (time: string) => `as of ${time}`,
    noChannels: 'No channel is enabled', noChannelsHint: 'Enable one in config/channels and start again.',
    fine: 'All is well', oldest: (text: string) => `oldest ${text}`, ended: (superseded: string, cancelled: string) => `superseded ${superseded} · cancelled ${cancelled}`, funnel: 'From captured to accepted',
    lanes: 'Cases blocked', lanesHint: (n: string) => `${n} wait behind`, breaker: 'Breaker', closed: 'Closed', open: 'Open', probe: (text: string) => `probe ${text}`, lastSuccess: 'Last delivery', never: 'None yet', manifest: 'Last manifest', notConfigured: 'Disabled',
    alarms: 'Alarms', noAlarms: 'No alarms', acknowledge: 'I take it', acknowledgedBy: (who: string) => `${who} is on it`, since: 'Since', acknowledged: 'It is yours now', critical: 'Critical', warning: 'Warning', house: 'Everywhere',
    throughput: 'Traffic of the last 24 hours', latency: 'Time from capture to answer', captured: 'Captured', accepted: 'Accepted', refused: 'Refused', p50: 'Half within', p95: '95 % within', perBucket: (minutes: number) => `per ${minutes} min`,
    chartText: (captured: string, accepted: string, refused: string) => `In the last 24 hours ${captured} captured, ${accepted} accepted, ${refused} refused`, noTraffic: 'No traffic in the last 24 hours',
    reading: 'Reading the bureau', stream: 'Stream', polled: 'Last read', moved: 'Watermark moved', fault: 'Fault', ok: 'Fine',
    expected: 'Expected next', 'pick-up': 'Pick-up of files', acknowledgement: 'Acknowledgement', 'return-files': 'Return files', within: (text: string) => `within ${text}`, noExpected: 'No expectation is configured',
    forecast: 'Cases about to get a card', forecastHint: (reached: string, coming: string, hours: string) => `${reached} reached, ${coming} more within ${hours}: only because a message has not arrived`, noForecast: 'No case will get a card because of a message that has not arrived', card: 'Level', at: 'When', stuck: 'Waits at', case: 'Case number',
    'level-warning': 'Warning', 'level-yellow': 'Yellow', 'level-red': 'Red', 'wait-gateway': 'gateway', 'wait-staging machine': 'staging machine', 'wait-center': 'receiver', reachedAlready: 'reached',
    reconciliation: (day: string) => `Reconciliation of ${day}`, 'day-closed': 'Closed', 'day-ties-out': 'Ties out', 'day-does-not-tie-out': 'Does not tie out', 'day-quiet': 'Nothing to settle', differences: (n: string) => `${n} differences to see to`, noDifferences: 'No differences to see to', obstacles: (n: string) => `${n} obstacles to closing`, contradicted: (n: string) => `${n} cases no longer cleared`, closedUpTo: (day: string) => `closed up to ${day}`, openPage: 'To reconciliation',
  },
});
