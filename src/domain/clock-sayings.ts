import type { Day } from './reconciliation-records.js';
import type { Instant } from './vocabulary.js';

/** What a supplement or special procedure does to the clock, and why. */
export type PauseWhy =
  | 'ends-before-it-begins' | 'supplements-never' | 'before-acceptance' | 'supplement' | 'no-notice' | 'no-length' | 'until-it-ends' | 'special' | 'approved' | 'capped';

type PauseKind = 'supplement' | 'special';

/** One line of the arithmetic as a code with its facts; how it reads in English and Chinese stands below. */
export type Saying =
  | { readonly code: 'rules'; readonly version: string; readonly from: Day; readonly source: string; readonly calendar: string }
  | { readonly code: 'start'; readonly object: string; readonly at: Instant; readonly rule: 'moment' | 'day-after' }
  | { readonly code: 'limits'; readonly source: string }
  | { readonly code: 'limits-note'; readonly note: string }
  | { readonly code: 'ended'; readonly at: Instant; readonly outcome?: string | undefined }
  | { readonly code: 'pause'; readonly kind: PauseKind; readonly sequence: string; readonly title: string; readonly from: Instant; readonly until?: Instant | undefined; readonly suspends: boolean; readonly why: PauseWhy; readonly approved?: { readonly length: number; readonly unit: string } | undefined }
  | { readonly code: 'account'; readonly unit: 'W' | 'N' | 'H' }
  | { readonly code: 'suspended'; readonly by: readonly { readonly kind: PauseKind; readonly sequence: string }[] }
  | { readonly code: 'calendar-time' }
  | { readonly code: 'free'; readonly because: 'weekend' | 'free'; readonly reason?: string | undefined }
  | { readonly code: 'working'; readonly days: number; readonly spans?: readonly string[] | undefined; readonly reason?: string | undefined }
  | { readonly code: 'outside-hours' }
  | { readonly code: 'result'; readonly limit: 'committed' | 'statutory'; readonly length: number; readonly unit: 'W' | 'N' | 'H'; readonly used: string; readonly rounded?: number | undefined; readonly remaining: number }
  | { readonly code: 'crossing'; readonly level: 'warning' | 'yellow' | 'red'; readonly limit?: 'committed' | 'statutory' | undefined; readonly how: 'reached' | 'not-reached' | 'will' | 'while-suspended'; readonly at?: Instant | undefined }
  | { readonly code: 'not-monitored'; readonly why: string }
  /** Amounts in yuan. */
  | { readonly code: 'breach'; readonly charge: string; readonly feeItem: string; readonly amount: string; readonly expected?: string | undefined; readonly detail: string };

/** An instant in Shanghai to the second. */
const shown = (instant: Instant): string => new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

const unitWords = { W: 'working days', N: 'calendar days', H: 'working hours' } as const;
const whyWords: Readonly<Record<PauseWhy, string>> = {
  'ends-before-it-begins': 'it ends before it begins: correct it in the bureau', 'supplements-never': 'a supplement does not suspend under these rules', 'before-acceptance': 'asked for before the acceptance',
  supplement: 'supplement asked for after the acceptance', 'no-notice': 'the applicant was not told in writing (no notice number)', 'no-length': 'no approved length', 'until-it-ends': 'no approved length: it suspends until it ends',
  special: 'special procedure', approved: 'special procedure, {} approved', capped: 'special procedure, {} approved; after that the clock runs again',
};

/** A line in English, as the command line prints it. */
export function sayInEnglish(s: Saying): string {
  switch (s.code) {
    case 'rules': return `rules ${s.version} in force from ${s.from} (${s.source}); calendar ${s.calendar}`;
    case 'start': return `${s.object === 'case' ? 'accepted' : 'began'} ${shown(s.at)}; ${s.rule === 'moment' ? 'the clock starts at that moment' : 'the clock starts with the day after'}`;
    case 'limits': return `limits: ${s.source}`;
    case 'limits-note': return s.note;
    case 'ended': return `ended ${shown(s.at)}${s.outcome === undefined ? '' : `: ${s.outcome}`}`;
    case 'pause': return `${s.kind} ${s.sequence} ${s.title}, ${shown(s.from)} to ${s.until === undefined ? 'now' : shown(s.until)}: ${s.suspends ? 'suspends' : 'does not suspend'}: ${whyWords[s.why].replace('{}', s.approved ? `${s.approved.length} ${s.approved.unit}` : '')}`;
    case 'account': return `in ${unitWords[s.unit]}:`;
    case 'suspended': return `suspended by ${s.by.map((p) => `${p.kind} ${p.sequence}`).join(' and ')}`;
    case 'calendar-time': return 'calendar time';
    case 'free': return s.reason ?? (s.because === 'weekend' ? 'weekend' : 'free day');
    case 'working': return `${s.days > 1 ? `${s.days} working days` : `working ${s.spans === undefined ? 'day' : s.spans.join(', ')}`}${s.reason === undefined ? '' : ` (${s.reason})`}`;
    case 'outside-hours': return 'outside working hours';
    case 'result': return `${s.limit} limit ${s.length} ${unitWords[s.unit]}: used ${s.used}${s.rounded === undefined ? '' : `, rounded up ${s.rounded}`}, ${s.remaining >= 0 ? `${s.remaining} left` : `${-s.remaining} over`}`;
    case 'crossing': return `${s.level}${s.limit === undefined ? '' : ` (${s.limit} limit)`}: ${s.how === 'reached' ? `reached ${shown(s.at!)}` : s.how === 'not-reached' ? 'not reached' : s.how === 'will' ? `will be reached ${shown(s.at!)}, if nothing happens before` : 'not while it is suspended'}`;
    case 'not-monitored': return `not monitored: ${s.why}`;
    case 'breach': return `charge ${s.charge}, ${s.feeItem}: ${s.amount} yuan, ${s.expected === undefined ? 'which no tariff allows' : `where the tariff says ${s.expected} yuan`} (${s.detail})`;
  }
}

const units = { W: '个工作日', N: '个自然日', H: '个工作小时', I: '（即办）' } as const;
const limitNames = { committed: '承诺', statutory: '法定' } as const;
export const levelsInChinese = { warning: '预警', yellow: '黄牌', red: '红牌' } as const satisfies Record<'warning' | 'yellow' | 'red', string>;
const kinds = { supplement: '补正', special: '特别程序' } as const;
const outcomes: Readonly<Record<string, string>> = { closed: '办结', withdrawn: '申请人撤回', refused: '不予受理', void: '作废', returned: '退件', removed: '已从业务库删除' };
const whyInChinese: Readonly<Record<PauseWhy, string>> = {
  'ends-before-it-begins': '结束早于开始，请在业务系统中更正', 'supplements-never': '按此规则补正不停表', 'before-acceptance': '在受理之前提出', supplement: '受理后一次性告知补正', 'no-notice': '没有书面告知申请人（无告知文号）',
  'no-length': '没有核准时长', 'until-it-ends': '没有核准时长，停表至其结束', special: '特别程序', approved: '特别程序，核准 {}', capped: '特别程序，核准 {}，用完后继续计时',
};
const reasons: Readonly<Record<string, string>> = {
  'not accepted yet': '尚未受理', 'immediate cases are not monitored under these rules': '按此规则即办件不监察', 'it has no limit': '没有办理时限', 'it has no approved length': '没有核准时长', 'no version of the rules was in force on its day': '当日没有生效的规则版本',
};

/** Durations of the arithmetic, `4 d 1:30:00`. */
export const amountInChinese = (amount: string): string => amount.replace(' d', ' 天');
/** How a case ended. */
export const outcomeInChinese = (outcome: string): string => outcomes[outcome] ?? outcome;
/** Limits as a card keeps them, `7 W committed, 10 W statutory`. */
export function limitsInChinese(limits: string): string {
  const charge = /^(\S+) yuan, (?:tariff (\S+) yuan|no tariff)$/.exec(limits);
  if (charge) return `收费 ${charge[1]!} 元，${charge[2] === undefined ? '无核准标准' : `核准 ${charge[2]} 元`}`;
  return limits.replace(/(\d+) ([WNHI]) (committed|statutory)/g, (_, n: string, unit: keyof typeof units, name: keyof typeof limitNames) => `${limitNames[name]} ${n} ${units[unit]}`).replaceAll('none committed', '无承诺时限').replaceAll('none statutory', '无法定时限').replaceAll(', ', '，');
}
/** Why an object is not monitored. */
export function reasonInChinese(why: string): string {
  const before = /^(\w+) before it was accepted$/.exec(why);
  return before ? `受理之前已${outcomeInChinese(before[1]!)}` : (reasons[why] ?? why);
}
const standings: Readonly<Record<string, string>> = { green: '时限之内', warning: '预警', yellow: '黄牌', red: '红牌', suspended: '停表', closed: '已结束', 'not-monitored': '不监察' };
/** What another look at the card of a charge says. */
export const chargeInOrder = 'the charge was corrected, or its difference closed; it would not be issued';
export const chargeOutside = 'the charge is outside the tariff again; it would be issued';
/** What re-examining a card said, as the card keeps it. */
export function examinedInChinese(note: string): string {
  const found = /^with what is known today the moment of the card reads: (.*?)((?:, (?:used )?\d+ of \d+ [WNHI])*)(?: \((.*)\))?; it would (not )?be issued$/.exec(note);
  if (note === chargeInOrder) return '该项收费已更正或差异已结，不会发出';
  if (note === chargeOutside) return '该项收费仍不符合核准标准，仍会发出';
  if (!found) return note.replace('cannot be examined: the calendar lacks the year', '工作日历缺少该年度，无法复核');
  const [, state, used, because, not] = found;
  const amounts = [...used!.matchAll(/(\d+) of (\d+) ([WNHI])/g)].map(([, n, length, unit]) => `${n}/${length} ${units[unit as keyof typeof units]}`).join('、');
  const told = state === 'what it was issued for is not there any more' ? '发牌的对象已不存在' : (standings[state!] ?? state!);
  return `按现在已知的情况，发牌当时应为：${told}${amounts === '' ? '' : `，已用 ${amounts}`}${because === undefined ? '' : `（${outcomes[because] ?? reasonInChinese(because)}）`}；${not === undefined ? '仍会发出' : '不会发出'}`;
}
const sourceInChinese = (source: string): string => source.replace(/^(.*), in force from (\d{4}-\d\d-\d\d)$/, '$1，自 $2 起施行').replace("the bureau's row of the case", '业务系统中该办件所记');

/** A line in Chinese, as the page and the proof show it. */
export function sayInChinese(s: Saying): string {
  switch (s.code) {
    case 'rules': return `规则 ${s.version}，自 ${s.from} 起施行（${s.source}）；工作日历版本 ${s.calendar}`;
    case 'start': return `${s.object === 'case' ? '受理' : '开始'} ${shown(s.at)}；${s.rule === 'moment' ? '自该时刻起计时' : '自次日起计时'}`;
    case 'limits': return `时限依据：${sourceInChinese(s.source)}`;
    case 'limits-note': return limitsInChinese(s.note.replace(/^the bureau's row says otherwise: /, '业务系统中记载不同：'));
    case 'ended': return `结束 ${shown(s.at)}${s.outcome === undefined ? '' : `：${outcomeInChinese(s.outcome)}`}`;
    case 'pause': return `${kinds[s.kind]} ${s.sequence}${s.title === kinds[s.kind] ? '' : ` ${s.title}`}，${shown(s.from)} 至 ${s.until === undefined ? '现在' : shown(s.until)}：${s.suspends ? '停表' : '不停表'}——${whyInChinese[s.why].replace('{}', s.approved ? `${s.approved.length} ${units[s.approved.unit as keyof typeof units] ?? s.approved.unit}` : '')}`;
    case 'account': return `按${{ W: '工作日', N: '自然日', H: '工作小时' }[s.unit]}计：`;
    case 'suspended': return `停表：${s.by.map((p) => `${kinds[p.kind]} ${p.sequence}`).join('、')}`;
    case 'calendar-time': return '自然日连续计时';
    case 'free': return s.reason ?? (s.because === 'weekend' ? '周末' : '休息日');
    case 'working': return `${s.days > 1 ? `${s.days} 个工作日` : s.spans === undefined ? '工作日' : `工作时间 ${s.spans.join('、')}`}${s.reason === undefined ? '' : `（${s.reason}）`}`;
    case 'outside-hours': return '非工作时间';
    case 'result': return `${limitNames[s.limit]}时限 ${s.length} ${units[s.unit]}：已用 ${amountInChinese(s.used)}${s.rounded === undefined ? '' : `，进位为 ${s.rounded}`}，${s.remaining >= 0 ? `剩余 ${s.remaining}` : `超出 ${-s.remaining}`}`;
    case 'crossing': return `${levelsInChinese[s.level]}${s.limit === undefined ? '' : `（按${limitNames[s.limit]}时限）`}：${s.how === 'reached' ? `${shown(s.at!)} 触发` : s.how === 'not-reached' ? '未触发' : s.how === 'will' ? `如无变化将于 ${shown(s.at!)} 触发` : '停表期间不触发'}`;
    case 'breach': return `收费 ${s.charge}，${s.feeItem}：${s.amount} 元，${s.expected === undefined ? '没有核准的项目或标准' : `核准标准为 ${s.expected} 元`}（${s.detail}）`;
    case 'not-monitored': return `不监察：${reasonInChinese(s.why)}`;
  }
}
