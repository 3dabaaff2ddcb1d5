import type { AlarmKind } from './alarm-kinds.js';
import { formatDuration, formatDurationZh } from './format-duration.js';
import { ledgerFaults, type LedgerFault } from './ledger-faults.js';

/** A sentence in both languages. */
export interface AlarmWords {
  readonly en: string;
  readonly zh: string;
}

/** `1 case`, `3 cases`. */
export function count(n: number, what: string): string {
  return `${n} ${n === 1 ? what : `${what}s`}`;
}

const en = formatDuration;
const zh = formatDurationZh;
const channel = (name: string, said: AlarmWords): AlarmWords => ({ en: `channel ${name}: ${said.en}`, zh: `通道 ${name}：${said.zh}` });
const stream = (name: string, said: AlarmWords): AlarmWords => ({ en: `stream ${name}: ${said.en}`, zh: `数据流 ${name}：${said.zh}` });
const more = (found: { readonly count: number; readonly shown: readonly unknown[] }): string => (found.count > found.shown.length ? ' ...' : '');

interface Silence { readonly channel: string; readonly count: number; readonly forMs: number; readonly withinMs: number }
/** Records of reconciliation; of more than are shown the count alone tells. */
interface Found { readonly count: number; readonly shown: readonly AlarmWords[] }
const records = (found: Found, what: AlarmWords): AlarmWords => ({
  en: `${found.count} ${what.en}: ${found.shown.map((i) => i.en).join(', ')}${more(found)}`, zh: `${found.count} 条${what.zh}：${found.shown.map((i) => i.zh).join('、')}${more(found)}`,
});
export interface CardFacts { readonly level: string; readonly body: string; readonly caseNo: string; readonly object: string; readonly sequence: string; readonly itemCode?: string | undefined; readonly used: number; readonly limits: string }
const levelsZh: Readonly<Record<string, string>> = { warning: '预警', yellow: '黄牌', red: '红牌' };
const oddZh: Readonly<Record<string, string>> = { contradictory: '互相矛盾的', unknown: '无法对应的', unreadable: '无法读取的' };
const findingZh: Readonly<Record<string, string>> = { missing: '缺失', altered: '被改动', misread: '接收方读到的内容不符', foreign: '外来', renamed: '被改名', doubled: '重复', 'half-written': '未写完', unlisted: '未列入清单', overdue: '逾期未取', uncollected: '未收取', unrecorded: '台账未记录' };
const card = (c: CardFacts): AlarmWords => ({
  en: `${c.level} card of ${c.body} for case ${c.caseNo}${c.object === 'case' ? '' : ` (${c.object} ${c.sequence})`}, item ${c.itemCode ?? 'unknown'}: used ${c.used}, limits ${c.limits}`,
  zh: `${c.body} 对办件 ${c.caseNo} ${c.object === 'case' ? '' : `（${c.object === 'special' ? '特别程序' : '环节'} ${c.sequence}）`}发${levelsZh[c.level] ?? c.level}，事项 ${c.itemCode ?? '不明'}：已用 ${c.used}，时限 ${c.limits}`,
});

/** What exactly is wrong, said with its facts; every kind of alarm in both languages. No personal data, no secrets. */
export const alarmWords = {
  'capture-silent': (f: { stream: string; forMs: number; withinMs: number }) => stream(f.stream, { en: `no change for ${en(f.forMs)} of working time, expected within ${en(f.withinMs)}`, zh: `已有 ${zh(f.forMs)}工作时间没有变化，预期 ${zh(f.withinMs)}内` }),
  'pick-up-silent': (f: Silence) => channel(f.channel, { en: `${count(f.count, 'message')} not picked up, the oldest for ${en(f.forMs)} of working time, expected within ${en(f.withinMs)}`, zh: `${f.count} 份报文未被取走，最久的已等 ${zh(f.forMs)}工作时间，预期 ${zh(f.withinMs)}内` }),
  'acknowledgement-silent': (f: Silence) => channel(f.channel, { en: `${count(f.count, 'message')} not acknowledged, the oldest for ${en(f.forMs)} of working time, expected within ${en(f.withinMs)}`, zh: `${f.count} 份报文未收到回执，最久的已等 ${zh(f.forMs)}工作时间，预期 ${zh(f.withinMs)}内` }),
  'return-files-silent': (f: { channel: string; forMs: number; withinMs: number }) => channel(f.channel, { en: `no return file for ${en(f.forMs)} of working time, expected within ${en(f.withinMs)}`, zh: `已有 ${zh(f.forMs)}工作时间没有回传文件，预期 ${zh(f.withinMs)}内` }),
  'oldest-due': (f: { channel: string; count: number; forMs: number }) => channel(f.channel, { en: `${count(f.count, 'exchange')} due, the oldest for ${en(f.forMs)}`, zh: `${f.count} 条交换到期未处理，最久的已等 ${zh(f.forMs)}` }),
  'lanes-blocked': (f: { channel: string; count: number; forMs?: number | undefined }) => channel(f.channel, { en: `${count(f.count, 'case')} waiting for a person${f.forMs === undefined ? '' : `, the oldest for ${en(f.forMs)} of working time`}`, zh: `${f.count} 个办件等待人工处理${f.forMs === undefined ? '' : `，最久的已等 ${zh(f.forMs)}工作时间`}` }),
  'breaker-open': (f: { channel: string; forMs?: number | undefined; code?: string | undefined }) => channel(f.channel, { en: `stands still${f.forMs === undefined ? '' : ` for ${en(f.forMs)}`}: ${f.code ?? 'its breaker is open'}`, zh: `已停止${f.forMs === undefined ? '' : ` ${zh(f.forMs)}`}：${f.code ?? '断路器已断开'}` }),
  'channel-paused': (f: { channel: string; forMs: number; carried: boolean }) => channel(f.channel, f.carried
    ? { en: `a package has been carried by hand for ${en(f.forMs)} of working time`, zh: `手工递送的数据包已在途 ${zh(f.forMs)}工作时间` }
    : { en: `paused for ${en(f.forMs)} of working time`, zh: `已暂停 ${zh(f.forMs)}工作时间` }),
  'stream-fault': (f: { stream: string; forMs: number; code: string }) => ({ en: `stream ${f.stream} cannot be captured since ${en(f.forMs)}: ${f.code}`, zh: `数据流 ${f.stream} 已有 ${zh(f.forMs)}无法采集：${f.code}` }),
  'polling-stopped': (f: { stream: string; agoMs?: number | undefined }) => ({ en: `stream ${f.stream} was last polled ${f.agoMs === undefined ? 'never' : `${en(f.agoMs)} ago`}`, zh: `数据流 ${f.stream} ${f.agoMs === undefined ? '从未轮询过' : `最近一次轮询在 ${zh(f.agoMs)}前`}` }),
  'watermark-standing': (f: { stream: string; forMs: number }) => stream(f.stream, { en: `an open transaction has held the watermark back for ${en(f.forMs)}`, zh: `未结束的事务已使水位停滞 ${zh(f.forMs)}` }),
  'disk-low': (f: { host: string; path: string } & ({ problem: string } | { freeMiB: number; percent: string; minFreeMiB: number; minFreePercent: number })) => ('problem' in f
    ? { en: `${f.host} ${f.path} cannot be looked at: ${f.problem}`, zh: `${f.host} ${f.path} 无法查看：${f.problem}` }
    : { en: `${f.host} ${f.path} has ${f.freeMiB} MiB free (${f.percent} %), wanted at least ${f.minFreeMiB} MiB and ${f.minFreePercent} %`, zh: `${f.host} ${f.path} 剩余 ${f.freeMiB} MiB（${f.percent} %），要求至少 ${f.minFreeMiB} MiB 和 ${f.minFreePercent} %` }),
  'ledger-large': (f: { sizeMiB: number; maxMiB: number }) => ({ en: `the ledger takes ${f.sizeMiB} MiB, configured are ${f.maxMiB} MiB`, zh: `台账已占 ${f.sizeMiB} MiB，设定为 ${f.maxMiB} MiB` }),
  'ledger-unfit': (f: { faults: readonly LedgerFault[] }) => ({ en: `the ledger: ${f.faults.map((n) => ledgerFaults[n].text).join('; ')}`, zh: `台账数据库：${f.faults.map((n) => ledgerFaults[n].zh).join('；')}` }),
  'queue-unreachable': (f: { problem: string }) => ({ en: `the queue does not answer: ${f.problem}`, zh: `队列没有应答：${f.problem}` }),
  'queue-volatile': (f: { faults: readonly string[] }) => ({ en: `Redis may forget its jobs: ${f.faults.join('; ')}`, zh: `Redis 可能丢失任务：${f.faults.join('；')}` }),
  'queue-emptied': () => ({ en: 'Redis forgot everything; everything due was rung for again', zh: 'Redis 数据被清空，全部到期任务已重新唤醒' }),
  'calendar-year-missing': (f: { year: number; now: boolean }) => (f.now
    ? { en: `the working calendar does not hold ${f.year}: silence is not watched and no deadline is computed`, zh: `工作日历缺少 ${f.year} 年：无法监测静默，也无法计算时限` }
    : { en: `the working calendar does not hold ${f.year} yet`, zh: `工作日历尚无 ${f.year} 年` }),
  'mirror-findings': (f: { channel: string; kind: string; count: number }) => channel(f.channel, { en: `${count(f.count, `${f.kind} file`)} on the staging machine`, zh: `中间机上有 ${f.count} 个${findingZh[f.kind] ?? f.kind}文件` }),
  'completeness-findings': (f: { stream: string; agoMs: number; count?: number | undefined }) => stream(f.stream, f.count === undefined
    ? { en: `the comparison failed, compared ${en(f.agoMs)} ago`, zh: `${zh(f.agoMs)}前的核对失败` }
    : { en: `${count(f.count, 'case')} not as in the ledger, compared ${en(f.agoMs)} ago`, zh: `${zh(f.agoMs)}前核对，${f.count} 个办件与台账不一致` }),
  'completeness-held': (f: { stream: string; agoMs: number; count: number }) => stream(f.stream, { en: `missing exchanges of ${count(f.count, 'case')} were not opened, compared ${en(f.agoMs)} ago`, zh: `${zh(f.agoMs)}前核对，${f.count} 个办件缺失的交换未补发` }),
  'acknowledgement-odd': (f: { channel: string; class: string; count: number; withinMs: number }) => channel(f.channel, { en: `${count(f.count, `${f.class} acknowledgement`)} in the last ${en(f.withinMs)}`, zh: `最近 ${zh(f.withinMs)}内有 ${f.count} 条${oddZh[f.class] ?? f.class}回执` }),
  'worker-killed': (f: { channel: string; count: number }) => channel(f.channel, { en: `${count(f.count, 'exchange')} parked because they ended their worker again and again`, zh: `${f.count} 条交换多次使工作进程终止，已挂起` }),
  'notifier-failed': (f: { notifier: string; count: number; forMs: number; failure: string }) => ({ en: `${count(f.count, 'notice')} not sent by ${f.notifier}, the oldest for ${en(f.forMs)}: ${f.failure}`, zh: `${f.count} 条告警未能经 ${f.notifier} 发出，最久的已等 ${zh(f.forMs)}：${f.failure}` }),
  'dead-man-failed': (f: { host: string; way: 'file' | 'url'; problem: string }) => ({ en: `${f.host}: the sign of life by ${f.way} cannot be given: ${f.problem}`, zh: `${f.host}：存活信号无法经${f.way === 'file' ? '文件' : '网址'}发出：${f.problem}` }),
  'card-issued': (f: { cards: readonly CardFacts[] }): AlarmWords => {
    const first = card(f.cards[0]!);
    if (f.cards.length === 1) return first;
    const of = (level: string): number => f.cards.filter((c) => c.level === level).length;
    const levels = ['warning', 'yellow', 'red'];
    return { en: `${f.cards.length} cards: ${levels.map((l) => `${of(l)} ${l}`).join(', ')}; the first: ${first.en}`, zh: `共 ${f.cards.length} 张：${levels.map((l) => `${levelsZh[l]!} ${of(l)}`).join('、')}；第一张：${first.zh}` };
  },
  'query-open': (f: { count: number; shown: readonly { no: string; caseNo: string }[]; answerBy?: string | undefined }) => ({
    en: `${f.count} queries (督办) are not answered: ${f.shown.map((q) => `${q.no} about case ${q.caseNo}`).join(', ')}${f.answerBy === undefined ? '' : `; the first is to be answered by ${f.answerBy}`}`,
    zh: `${f.count} 件督办未答复：${f.shown.map((q) => `${q.no}（办件 ${q.caseNo}）`).join('、')}${f.answerBy === undefined ? '' : `；最早须于 ${f.answerBy} 前答复`}`,
  }),
  'settlement-contradicted': (f: Found) => records(f, { en: 'taken back or corrected after the day was closed', zh: '在日结后被退付、冲正或更正' }),
  'clearance-contradicted': (f: { count: number; shown: readonly string[] }) => ({ en: `${count(f.count, 'case')} ${f.count === 1 ? 'was' : 'were'} cleared and ${f.count === 1 ? 'is' : 'are'} not any more: ${f.shown.join(', ')}${more(f)}`, zh: `${f.count} 个办件曾经结清、现已不再结清：${f.shown.join('、')}${more(f)}` }),
  'write-back-failed': (f: { count: number; oldest: string; failure?: string | undefined }) => ({ en: `${f.count} ${f.count === 1 ? 'clearance is' : 'clearances are'} not in the bureau's return table, the oldest since ${f.oldest}: ${f.failure ?? 'not tried yet'}`, zh: `${f.count} 条结清结果未写入业务库返回表，最早的自 ${f.oldest} 起：${f.failure ?? '尚未尝试'}` }),
  'statement-not-delivered': (f: { count: number; shown: readonly string[]; failure: string }) => ({ en: `${f.count} ${f.count === 1 ? 'statement is' : 'statements are'} not on the staging machine: ${f.shown.join(', ')}: ${f.failure}`, zh: `${f.count} 份对账单未送达中间机：${f.shown.join('、')}：${f.failure}` }),
  'charge-irregular': (f: Found) => records(f, { en: 'outside the tariff', zh: '不符合收费标准' }),
  'suspense-old': (f: Found & { days: number }) => records(f, { en: `open for more than ${f.days} days`, zh: `超过 ${f.days} 天未处理` }),
  'inquiry-guessed': (f: { perHour: number }) => ({ en: `more than ${f.perHour} wrong tries within an hour`, zh: `一小时内错误尝试超过 ${f.perHour} 次` }),
  'stage-alarm': (f: AlarmWords): AlarmWords => f,
} as const satisfies Record<AlarmKind, (facts: never) => AlarmWords>;
