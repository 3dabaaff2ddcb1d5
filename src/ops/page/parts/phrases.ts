import { language } from '../language.js';

/** Sentences of the gateway (English) in Chinese; what is not here is shown as it is. */
const whole: Readonly<Record<string, string>> = {
  // timeline
  'picked-up': '接收方已取走', accepted: '接收方已接收', refused: '接收方退回',
  captured: '已采集', rendered: '已生成报文', staged: '已送到中间机', parked: '转为待处理', retried: '已重试', 'opened-by-retry': '因重试产生的新版本', 'sent-again': '已重发（内容不变）', superseded: '已被新版本替代', cancelled: '已取消', 'corrected-in-bureau': '业务系统中已更正', renamed: '已改名', 'delivered-by-hand': '已手工送达',
  'skipped-in-lane': '已在顺序中跳过', held: '已扣留', released: '已放行', skipped: '已跳过', 'applied-acknowledgement': '收到回执', 'duplicate-acknowledgement': '收到重复回执', 'late-acknowledgement': '收到迟到回执', 'contradictory-acknowledgement': '收到矛盾回执', 'early-acknowledgement': '收到提前回执', recovered: '已从清单恢复',
  // previews
  'rendered anew from its snapshot': '按快照重新生成报文', 'delivered with the same bytes': '按原内容送出', cancelled_: '取消', 'the receiver has accepted it': '接收方已接收，不再处理', 'a newer version has taken its place': '已有新版本替代', 'it was cancelled': '已取消',
  'nothing stopped it: it is waiting to be rendered, or to be tried again by itself': '没有受阻：正等待生成或自动重试', 'nothing stopped it: it is waiting for its turn in the lane, or to be tried again by itself': '没有受阻：正等待前序报文或自动重试',
  'the receiver has it and has not answered yet; if it got lost on the way, replay sends it again': '已送到接收方，尚未回执；如在途中丢失，可重发', 'its bytes may lie on the staging machine already, so they stay as they are; retry without --render': '内容可能已在中间机上，不能重新生成；请直接重试',
  'due anyway: its worker is woken': '本就到期：唤醒处理', 'sent again with the same bytes, id and name': '按原内容、原报文号重发', 'it waits for a person: retry it': '正待人工处理：请用重试',
  'the receiver can have it already': '接收方可能已收到', 'the receiver has it': '接收方已取走', 'the receiver refused it: it stands still already': '已被退回，本就停止', 'it waits for a person: it stands still already': '正待人工处理，本就停止', 'it is held already': '已经扣留', 'the receiver refused it: it waits for a person already': '已被退回，正待人工处理', 'it waits for a person already': '正待人工处理',
  'an administrator holds it: release it first': '已被扣留，请先放行', 'nothing stopped it: it is waiting to be rendered': '没有受阻：正等待生成', 'nothing stopped it: it is waiting for its turn in the lane': '没有受阻：正等待前序报文', 'nothing waits for it any more': '后面没有报文在等待它', 'goes on: rendered, then sent in its turn': '继续：生成后依次发送', 'goes on: sent in its turn with the bytes that it has': '继续：按原内容依次发送', 'a manifest that is just being delivered lists it': '正在送出的清单含有它，请稍候', 'it is in a hand-over package': '在手工递送的数据包中', 'a worker has it in hand; try again in a minute': '正在处理中，请一分钟后再试', 'held until it is released': '扣留，直到放行', 'waits for a person': '转为待人工处理', 'its lane does not wait for it any more': '后面的报文已不再等待它', 'its lane does not wait for it: this channel goes on once a message is staged': '该通道送达即继续，后面的报文不等待它',
  // passwords
  'a password has at least 12 characters; a sentence is easy to keep in mind': '至少 12 个字符；用一句话作密码容易记', 'a password has at most 128 characters': '最多 128 个字符', 'a password has no control characters': '不能含控制字符', 'the new password is the old one': '新密码与旧密码相同', 'a password does not contain the name of its user': '不能包含用户名', 'a password has at least 6 different characters': '至少要有 6 种不同字符', 'this password is made of words that are tried first': '由最先被猜的词组成，请换一个',
  'the current password is wrong': '当前密码不对',
  // findings
  'at least one is required': '至少需要一条', 'an element inside is missing': '缺少下级元素', 'the element breaks the XSD': '不符合 XSD', 'the XSD does not take the element here, or not so many of them': 'XSD 不允许此处出现该元素，或数量过多', 'expected a date that exists': '应为存在的日期', 'expected a date and time that exist': '应为存在的日期和时间', required: '必填', 'a value is required': '必填', 'expected 1 or 0': '应为 1 或 0',
  'give the exchange number to a developer': '请将交换号提供给开发人员',
};

const patterns: readonly (readonly [RegExp, string])[] = [
  [/^correct (.+) in the bureau; the correction is sent by itself$/, '请在业务系统中更正 $1，更正后自动发送'],
  [/^fill (.+) in the bureau; the correction is sent by itself$/, '请在业务系统中填写 $1，填写后自动发送'],
  [/^shorten (.+) in the bureau; the correction is sent by itself$/, '请在业务系统中缩短 $1，更正后自动发送'],
  [/^complete (.+) in the bureau; the correction is sent by itself$/, '请在业务系统中补全 $1，更正后自动发送'],
  [/^enter a row of (.+) in the bureau; the correction is sent by itself$/, '请在业务系统中录入 $1，录入后自动发送'],
  [/^type again the value of (.+) in the bureau; the correction is sent by itself$/, '请在业务系统中重新录入 $1，更正后自动发送'],
  [/^replace the characters .* in (\S+(?: \(.*\))?) in the bureau; the correction is sent by itself$/, '请在业务系统中替换 $1 中的字符（多为本地字体造字的人名），更正后自动发送'],
  [/^correct the code, or have it added to the list: (.+) in the bureau; the correction is sent by itself$/, '请更正代码或将其加入代码表：$1，更正后自动发送'],
  [/^if it is a mistake, correct (.+) in the bureau; the correction is sent by itself$/, '如有误，请在业务系统中更正 $1，更正后自动发送'],
  [/^characters that (\S+) cannot carry: (.+)$/, '含 $1 不能表示的字符：$2'],
  [/^the code(.*) in code list (\S+)$/, '代码表 $2 中没有此代码'],
  [/^expected a plain decimal number(.*)$/, '应为普通数字$1'],
  [/^expected at most (\d+) digits after the point(.*)$/, '小数最多 $1 位$2'],
  [/^expected a name without question marks.*$/, '姓名中不应有问号和造字（有字符丢失）'],
  [/^(\d+) characters, expected at most (\d+)$/, '$1 个字符，最多 $2 个'],
  [/^(\d+) characters, expected at least (\d+)$/, '$1 个字符，至少 $2 个'],
  [/^expected at most (\d+) characters$/, '最多 $1 个字符'],
  [/^expected one of (.+)$/, '应为以下之一：$1'],
  [/^expected the pattern (.+)$/, '应符合格式 $1'],
  [/^expected a value of type (.+)$/, '应为类型 $1'],
  [/^the value breaks (\S+) of the XSD, which is (.+)$/, '不符合 XSD 的 $1（$2）'],
  [/^expected (.+)$/, '应为：$1'],
  [/^removed: (.+)$/, '已去除：$1'],
  [/^version (\d+) is opened from the newest snapshot, in the same place of its lane$/, '按最新快照产生版本 $1，顺序不变'],
  [/^version (\d+) is opened from the newest snapshot, in the same place of its lane; the receiver also said that it accepted the refused one: ask there first$/, '按最新快照产生版本 $1，顺序不变；接收方对被退回的报文也曾回执已接受，请先向接收方核实'],
  [/^the next version is opened from the newest snapshot$/, '按最新快照产生新版本'],
  [/^the next version is opened from the newest snapshot; the receiver also said that it accepted the refused one: ask there first$/, '按最新快照产生新版本；接收方对被退回的报文也曾回执已接受，请先向接收方核实'],
  [/^superseded by exchange (\d+), which the receiver has$/, '由交换 $1 替代（接收方已有）'],
  [/^version (\d+) of the same event is (\S+) \(exchange (\d+)\)$/, '同一事件的版本 $1 处于 $2（交换 $3）'],
  [/^cancelled \((.+)\)$/, '取消（$1）'],
  [/^left alone: it is (\S+) now.*$/, '未处理：状态已变为 $1'],
  [/^nobody holds it: it is (\S+)$/, '没有被扣留：状态为 $1'],
  [/^held until it is released; (\d+) behind it in its lane wait too.*$/, '扣留，直到放行；后面 $1 条一并等待'],
  [/^waits for a person; (\d+) behind it in its lane wait too.*$/, '转为待人工处理；后面 $1 条一并等待'],
  [/^nothing waits behind it now; (.*)$/, '现在后面没有报文等待'],
  [/^(\d+) go on before the receiver has .*$/, '后面 $1 条将先于它送达，接收方可能因此退回'],
  [/^not sent: (.+)$/, '不发送：$1'],
  [/^back to (\S+)$/, '回到 $1'],
];

export function phrase(text: string): string {
  if (language.value === 'en') return text;
  if (Object.hasOwn(whole, text)) return whole[text]!;
  for (const [pattern, chinese] of patterns) if (pattern.test(text)) return text.replace(pattern, chinese);
  return text;
}
