import { bilingual } from '../../language.js';

export const words = bilingual({
  zh: {
    title: '审计日志', hint: '谁在何时做了什么、看了什么，允许的和拒绝的都在；逐行以散列相连，不能不留痕迹地改动', export: '导出 CSV', seq: '序号', at: '时间', actor: '人员', origin: '来自', origins: { page: '页面', cli: '命令行' } as Record<string, string>, action: '动作', object: '对象', outcome: '结果', outcomes: { done: '完成', ordered: '已下达', refused: '被拒', failed: '失败' } as Record<string, string>, detail: '详情', any: '全部', from: '从', to: '到', actorHint: '如 ops li.na', actionHint: '如 login', objectHint: '如 exchange 42', empty: '没有符合的记录', emptyHint: '换个条件；全部清空可看最近的记录。',
    chain: '完整性', head: '链尾', verifying: '正在核对…', verify: '立即核对', whole: (n: string) => `${n} 行逐行相连，未被改动`, broken: '日志被改动过', brokenHint: '请保留台账现状，与备份和中心持有的清单比对：gateway audit verify', anchors: (n: number) => `${n} 个清单为证`, upTo: (seq: string) => `核对到第 ${seq} 行`, never: '尚未核对',
    actions: {
      login: '登录', logout: '退出', password: '修改密码', 'session.revoke': '结束登录', 'user.create': '建立用户', 'user.change': '修改用户', 'user.delete': '删除用户', 'personal.view': '查看个人信息', 'personal.download': '下载原始内容', 'channel.pause': '暂停通道', 'channel.resume': '恢复通道', 'channel.poll': '立即查看通道', 'channel.test': '测试连接', 'stream.poll': '立即查看业务库', 'calendar.decide': '登记本地日', 'inbox.aside': '搁置收件', 'inbox.read-again': '重新读取收件', 'acknowledgement.link': '指定回执', 'acknowledgement.aside': '搁置回执', 'audit.export': '导出日志', 'alarm.acknowledge': '接手告警',
    } as Record<string, string>,
  },
  en: {
    title: 'Audit log', hint: 'Who did or saw what, and when, allowed or refused; each line carries the hash of the one before, so none can be changed unseen', export: 'Export CSV', seq: 'No.', at: 'At', actor: 'Who', origin: 'From', origins: { page: 'page', cli: 'command line' }, action: 'Action', object: 'Object', outcome: 'Outcome', outcomes: { done: 'done', ordered: 'ordered', refused: 'refused', failed: 'failed' }, detail: 'Detail', any: 'All', from: 'From', to: 'To', actorHint: 'e.g. ops li.na', actionHint: 'e.g. login', objectHint: 'e.g. exchange 42', empty: 'No such line', emptyHint: 'Ask for something else; without any condition the newest lines are shown.',
    chain: 'Integrity', head: 'End of the chain', verifying: 'Looking through it…', verify: 'Look through it now', whole: (n: string) => `${n} lines, each follows the one before: nothing was changed`, broken: 'The log was changed', brokenHint: 'Keep the ledger as it is, and compare with a backup and with the manifests at the center: gateway audit verify', anchors: (n: number) => `${n} manifests anchor it`, upTo: (seq: string) => `verified up to line ${seq}`, never: 'not looked through yet',
    actions: {
      login: 'sign on', logout: 'sign out', password: 'change of password', 'session.revoke': 'session ended', 'user.create': 'user made', 'user.change': 'user changed', 'user.delete': 'user deleted', 'personal.view': 'personal data seen', 'personal.download': 'bytes downloaded', 'channel.pause': 'channel paused', 'channel.resume': 'channel resumed', 'channel.poll': 'look at a channel', 'channel.test': 'connection tried', 'stream.poll': 'look at the bureau', 'calendar.decide': 'local day decided', 'inbox.aside': 'entry set aside', 'inbox.read-again': 'entry read again', 'acknowledgement.link': 'answer linked', 'acknowledgement.aside': 'answer set aside', 'audit.export': 'log exported', 'alarm.acknowledge': 'alarm taken over',
    },
  },
});
