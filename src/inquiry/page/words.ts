import { chosenLanguage } from './choice';

const zh = {
  title: '办件查询', lead: '输入办件编号，查看办理进度、承诺日期和应缴税费。', caseNo: '办件编号', caseHint: '见受理通知书右上角，如 YYGT202612000001', by: '核对方式', password: '查询密码', passwordHint: '印在受理通知书上',
  digits: '证件号码后{n}位', digitsHint: '任一申请人的身份证号码或统一社会信用代码的最后{n}位，含字母X', ask: '查询', asking: '正在查询…', another: '查询另一办件', print: '打印', language: 'English', languageLabel: 'Switch to English', dark: '深色', light: '浅色',
  help: '需要帮助？', helpPhone: '咨询电话', helpWindow: '也可持身份证件到政务服务窗口查询。', helpSafe: '本页不显示完整姓名和证件号码，也不保存您输入的内容。', publicList: '办结公示', offline: '无法连接查询服务，请稍后再试。', needCase: '请输入办件编号。', needPassword: '请输入查询密码。', needDigits: '请输入证件号码的最后{n}位。',
  waitMinutes: '请在约{n}分钟后再试。', waitSeconds: '请在{n}秒后再试。',
  applicant: '申请人', applied: '申请日期', accepted: '受理日期', closed: '办结日期', step: '当前环节', since: '自{day}起', promised: '承诺办结', missing: '需要补交的材料', notified: '{day}告知', notice: '告知书{no}', payments: '税费', dueTotal: '待缴合计', yuan: '{n}元', byTax: '以税务机关核定为准', paymentCode: '缴款码', collect: '领取', reason: '原因', state: '办理状态', asOf: '截至{time}', progress: '办理进度',
  stageApplied: '申请', stageAccepted: '受理', stageHandled: '审批', stageClosed: '办结', stageCollected: '领取', done: '已完成', now: '进行中', later: '未开始',
  completedTitle: '办结公示', completedLead: '已出具办理结果的办件，姓名和编号已作隐去处理。', day: '日期', item: '事项', allItems: '全部事项', earlier: '前一天', later2: '后一天', nextPage: '下一页', firstPage: '第一页', nothingThen: '这一天没有可公示的办结办件。', notPublished: '目前没有公示的事项。', feed: '订阅(Atom)', back: '返回查询', count: '{n}件',
  start: '触摸这里开始查询', startLead: '查询办理进度、承诺日期和应缴税费', start1: '准备好受理通知书', start2: '输入办件编号', start3: '输入查询密码或证件号码后{n}位', next: '下一步', previous: '上一步', finish: '结束查询', backspace: '退格', clear: '清空', idle: '{n}秒后返回首页', stillThere: '您还在查询吗？', goOn: '继续查询', stepOf: '第{n}步，共2步', keypad: '键盘',
  deskTitle: '话务查询', name: '用户名', userPassword: '密码', signOn: '登录', signOff: '退出', wrongLogin: '用户名或密码不正确。', deskLead: '使用运维页面的账户登录；每次查看办件都会记入审计日志。', deskRole: '您的角色不能使用话务查询，请联系管理员。', changeFirst: '请先在运维页面修改初始密码。', searchLabel: '姓名、单位名称或办件编号的开头', search: '查找', found: '找到{n}件', foundNone: '没有找到。请核对姓名的写法，或询问办件编号。', foundMost: '只显示前20件，请输入更多字', readOut: '请读给来电人', copy: '复制', copied: '已复制', people: '申请人（核对来电人身份）', phone: '电话', verify: '核对来电人', verifyHint: '请来电人说出证件号码后{n}位或查询密码', fits: '相符', fitsNot: '不相符，请勿告知办件信息', keys: '快捷键：/ 查找 · ↑↓ 选择 · 回车 打开 · Esc 清除', noCase: '从左侧选择一个办件。', details: '办件详情', searchFirst: '输入至少两个字后按回车。', check: '核对',
};
const en: Record<keyof typeof zh, string> = {
  title: 'Where is my case', lead: 'Enter your case number to see the progress, the promised date and what is to be paid.', caseNo: 'Case number', caseHint: 'On your notice of acceptance, upper right: YYGT202612000001', by: 'Check by', password: 'Query password', passwordHint: 'Printed on your notice of acceptance',
  digits: 'Last {n} of ID number', digitsHint: "The last {n} characters of any applicant's identity number or credit code, the letter X included", ask: 'Ask', asking: 'Asking…', another: 'Ask for another case', print: 'Print', language: '中文', languageLabel: '切换为中文', dark: 'Dark', light: 'Light',
  help: 'Need help?', helpPhone: 'Telephone', helpWindow: 'Or ask at the service window; bring your identity card.', helpSafe: 'This page shows no full names and no identity numbers, and keeps nothing of what you enter.', publicList: 'Completed cases', offline: 'The inquiry cannot be reached. Please try again later.', needCase: 'Please enter the case number.', needPassword: 'Please enter the query password.', needDigits: 'Please enter the last {n} characters of the identity number.',
  waitMinutes: 'Please try again in about {n} minutes.', waitSeconds: 'Please try again in {n} seconds.',
  applicant: 'Applicant', applied: 'Applied on', accepted: 'Accepted on', closed: 'Completed on', step: 'Current step', since: 'since {day}', promised: 'Promised date', missing: 'Documents to hand in', notified: 'told on {day}', notice: 'notice {no}', payments: 'Fees and taxes', dueTotal: 'To pay in all', yuan: '{n} yuan', byTax: 'as the tax office assesses', paymentCode: 'Payment code', collect: 'Collecting', reason: 'Reason', state: 'State', asOf: 'as of {time}', progress: 'Progress',
  stageApplied: 'Applied', stageAccepted: 'Accepted', stageHandled: 'Handled', stageClosed: 'Completed', stageCollected: 'Pickup', done: 'done', now: 'under way', later: 'to come',
  completedTitle: 'Completed cases', completedLead: 'Cases whose result is issued. Names and case numbers are masked.', day: 'Day', item: 'Item', allItems: 'All items', earlier: 'Earlier', later2: 'Later', nextPage: 'Next page', firstPage: 'First page', nothingThen: 'Nothing to publish was completed on this day.', notPublished: 'No items are published at present.', feed: 'Subscribe (Atom)', back: 'Back to the inquiry', count: '{n} cases',
  start: 'Touch here to begin', startLead: 'See progress, promised date and what is to be paid', start1: 'Have your notice of acceptance ready', start2: 'Enter the case number', start3: 'Enter the query password or the last {n} of your ID number', next: 'Next', previous: 'Back', finish: 'Finish', backspace: 'Delete', clear: 'Clear', idle: 'Back to start in {n} s', stillThere: 'Are you still there?', goOn: 'Go on', stepOf: 'Step {n} of 2', keypad: 'Keypad',
  deskTitle: 'Hotline desk', name: 'User name', userPassword: 'Password', signOn: 'Sign on', signOff: 'Sign off', wrongLogin: 'Name or password is wrong.', deskLead: 'Sign on with your account of the ops page. Every view of a case is recorded in the audit log.', deskRole: 'Your role may not use the desk; ask an administrator.', changeFirst: 'Change your one-time password on the ops page first.', searchLabel: 'Beginning of a name or of a case number', search: 'Search', found: '{n} found', foundNone: 'Nothing found. Check how the name is written, or ask for the case number.', foundMost: 'Only the first 20; enter more', readOut: 'Read this to the caller', copy: 'Copy', copied: 'Copied', people: 'Applicants (who is calling?)', phone: 'Telephone', verify: 'Check the caller', verifyHint: 'Let the caller say the last {n} of the ID number, or the query password', fits: 'It fits', fitsNot: 'It does not fit: tell nothing', keys: 'Keys: / search · ↑↓ choose · Enter open · Esc clear', noCase: 'Choose a case on the left.', details: 'The case', searchFirst: 'Enter at least two characters and press Enter.', check: 'Check',
};

export type WordKey = keyof typeof zh;
/** A word of the page, with `{name}` replaced. */
export const say = (key: WordKey, values: Readonly<Record<string, string | number>> = {}): string =>
  (chosenLanguage() === 'zh' ? zh : en)[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));

const english = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** A day as people write it. */
export function sayDay(day: string): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  return chosenLanguage() === 'zh' ? `${year}年${month}月${date}日` : `${date} ${english[month - 1] ?? ''} ${year}`;
}
/** The same in little room. */
export const sayShortDay = (day: string): string => (chosenLanguage() === 'zh' ? sayDay(day).slice(5) : sayDay(day).slice(0, -5));
/** An instant in Shanghai, wherever the reader is. */
export function sayTime(instant: string): string {
  const local = new Date(Date.parse(instant) + 8 * 3_600_000).toISOString();
  return `${sayDay(local.slice(0, 10))} ${local.slice(11, 16)}`;
}
