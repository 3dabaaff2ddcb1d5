import { bilingual } from '../language.js';

/** Words of the shared parts. */
export const words = bilingual({
  zh: {
    copy: '复制', copied: '已复制', cancel: '取消', confirm: '确定', close: '关闭', retry: '重试', working: '正在处理…', loading: '正在加载…',
    reason: '原因', reasonHint: '写明原因，将记入审计日志', reasonNeeded: '请填写原因（至少 3 个字）',
    export: '导出', exporting: '正在导出…', columns: '显示列', next: '下一页', previous: '上一页', first: '第一页', selectAll: '选择本页全部', select: (what: string) => `选择 ${what}`,
    none: '没有内容', failed: '没有成功', ago: (text: string) => `${text}前`, inFuture: (text: string) => `${text}后`, retryAfter: (text: string) => `${text}后可再试`, logId: '日志编号',
    green: '正常', yellow: '注意', red: '异常', said: '服务器说明', refresh: '刷新',
  },
  en: {
    copy: 'Copy', copied: 'Copied', cancel: 'Cancel', confirm: 'Confirm', close: 'Close', retry: 'Try again', working: 'Working…', loading: 'Loading…',
    reason: 'Reason', reasonHint: 'Say why; it stands in the audit log', reasonNeeded: 'A reason is needed (at least 3 characters)',
    export: 'Export', exporting: 'Exporting…', columns: 'Columns', next: 'Next page', previous: 'Previous page', first: 'First page', selectAll: 'Select all of this page', select: (what: string) => `Select ${what}`,
    none: 'Nothing here', failed: 'Not done', ago: (text: string) => `${text} ago`, inFuture: (text: string) => `in ${text}`, retryAfter: (text: string) => `try again in ${text}`, logId: 'Log id',
    green: 'Fine', yellow: 'Attention', red: 'Trouble', said: 'The server said', refresh: 'Refresh',
  },
});

/** What an error code of the API means to a person; the server's own text (English) stands below it. */
export const errorWords = bilingual<Record<string, string>>({
  zh: {
    'bad-request': '填写的内容有误', 'not-signed-on': '登录已结束，请重新登录', 'wrong-login': '用户名或密码不对', locked: '失败次数过多，账户已暂时锁定', 'too-many-requests': '操作太频繁，请稍候', 'password-change-needed': '请先修改密码',
    csrf: '页面已过期，请刷新后再试', forbidden: '您的角色不能进行此操作', 'not-found': '没有找到', gone: '已失效：预览过期，或者已有人执行', 'weak-password': '新密码不符合要求', 'too-large': '数量或内容超过上限', unexpected: '出现意外错误', 'no-answer': '网关没有应答，请检查网络',
    'second-person': '需要另一人确认', 'not-possible': '现在不能这样处理',
  },
  en: {
    'bad-request': 'Something in the input is wrong', 'not-signed-on': 'The session has ended; sign on again', 'wrong-login': 'User name or password is wrong', locked: 'Too many failures: locked for a while', 'too-many-requests': 'Too many requests; wait a little', 'password-change-needed': 'Change your password first',
    csrf: 'The page is out of date; load it again', forbidden: 'Your role may not do this', 'not-found': 'Not found', gone: 'No longer valid: the preview ran out, or somebody performed it', 'weak-password': 'The new password does not meet the rules', 'too-large': 'More than is allowed', unexpected: 'Something failed that nobody foresaw', 'no-answer': 'The gateway does not answer; look at the network',
    'second-person': 'A second person has to confirm', 'not-possible': 'This cannot be done as things stand',
  },
});

/** States of an exchange, in the words of the office. */
export const stateWords = bilingual<Record<string, string>>({
  zh: { captured: '已采集', rendered: '已生成', staged: '已送出', picked_up: '已取走', accepted: '已接收', refused: '被退回', parked: '待处理', superseded: '已替代', cancelled: '已取消', held: '已扣留' },
  en: { captured: 'Captured', rendered: 'Rendered', staged: 'Staged', picked_up: 'Picked up', accepted: 'Accepted', refused: 'Refused', parked: 'Parked', superseded: 'Superseded', cancelled: 'Cancelled', held: 'Held' },
});

/** Events of a case, each the name of a message. */
export const eventWords = bilingual<Record<string, string>>({
  zh: {
    application: '申请', 'supplement-notice': '补正告知', 'supplement-received': '补正受理', acceptance: '受理', refusal: '不予受理', 'process-step': '过程', 'special-start': '特别程序开始', 'special-end': '特别程序结束', result: '办结', pickup: '领取',
  },
  en: {
    application: 'Application', 'supplement-notice': 'Supplement notice', 'supplement-received': 'Supplement received', acceptance: 'Acceptance', refusal: 'Refusal', 'process-step': 'Process step', 'special-start': 'Special procedure start', 'special-end': 'Special procedure end', result: 'Result', pickup: 'Pickup',
  },
});
