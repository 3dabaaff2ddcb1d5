import { amountInChinese, examinedInChinese, levelsInChinese, limitsInChinese, outcomeInChinese, reasonInChinese, sayInChinese } from '../../domain/clock-sayings.js';
import type { EventShares } from '../../domain/exchange-delays.js';
import type { CardDetail } from '../../domain/ops-board-api.js';
import type { ExplainedLine } from '../../domain/supervision-facts.js';
import type { Proof } from './compose-proof.js';

const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const shown = (instant: string | undefined): string => (instant === undefined ? '—' : new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '));

const style = `body{font:14px/1.55 "Noto Sans CJK SC","Microsoft YaHei",SimSun,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#111}
h1{font-size:1.4rem;margin:0 0 .75rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.25rem .45rem;text-align:left;vertical-align:top}th{background:#eee;font-weight:600}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.o td{color:#666}.h{font-family:monospace;word-break:break-all;font-size:.85em}
.m{border:1px solid #999;border-left:4px solid #b45309;padding:.4rem .7rem;margin:.8rem 0}.sign{margin-top:2.5rem;display:flex;gap:4rem}
td{overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}@media print{@page{size:A4;margin:14mm}body{margin:0;font-size:9.5pt}}`;

const objects: Readonly<Record<string, string>> = { case: '办件', special: '特别程序', certificate: '发证', 'pre-acceptance': '受理前', step: '环节', charge: '收费' };
const states: Readonly<Record<string, string>> = { issued: '已发出', appealed: '申诉中', confirmed: '已确认', revoked: '已撤销' };
const events: Readonly<Record<string, string>> = { application: '申请', acceptance: '受理', process: '环节', step: '环节', 'special-start': '特别程序开始', 'special-end': '特别程序结束', 'supplement-notice': '补正告知', 'supplement-received': '补正收件', result: '办结', material: '材料', charge: '收费' };
const places = { gateway: '网关', 'staging machine': '中间机', center: '中心' } as const;

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [d, h, m, s] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return [d > 0 ? `${d} 天` : '', h > 0 ? `${h} 小时` : '', m > 0 ? `${m} 分` : '', d === 0 && h === 0 ? `${s} 秒` : ''].filter((x) => x !== '').join(' ');
}

const row = (cells: readonly string[], numbers: readonly number[] = [], head = false): string => `<tr>${cells.map((c, i) => `<${head ? 'th scope="col"' : 'td'}${numbers.includes(i) ? ' class="n"' : ''}>${escape(c)}</${head ? 'th' : 'td'}>`).join('')}</tr>`;
const table = (head: readonly string[], rows: readonly string[], numbers: readonly number[] = []): string => `<table><thead>${row(head, numbers, true)}</thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;

/** One line of the arithmetic; evidence from before the codes has its English text alone. */
const lineText = (l: ExplainedLine): string => (l.saying === undefined ? l.text : sayInChinese(l.saying));

function arithmetic(lines: readonly ExplainedLine[]): string {
  const notes = lines.filter((l) => l.kind === 'note').map((l) => `<p>${escape(lineText(l))}</p>`).join('\n');
  const intervals = lines.filter((l) => l.kind === 'interval').map((l) => row([shown(l.from), shown(l.until), l.counts === true ? '计' : '不计', lineText(l), amountInChinese(l.added ?? ''), amountInChinese(l.sum ?? '')], [4, 5]).replace('<tr>', l.counts === true ? '<tr>' : '<tr class="o">'));
  const results = lines.filter((l) => l.kind === 'result').map((l) => `<p><strong>${escape(lineText(l))}</strong></p>`).join('\n');
  return `${notes}\n${intervals.length === 0 ? '' : table(['起', '止', '是否计入', '说明', '计入', '累计'], intervals, [4, 5])}\n${results}`;
}

const name = (e: EventShares): string => `${events[e.event] ?? e.event}${e.sequence === '1' ? '' : ` ${e.sequence}`}${e.version > 1 ? `（第 ${e.version} 版）` : ''}`;

/** A page to print, in Chinese, that needs nothing from elsewhere: a card, how it was computed, and whose time it was. */
export function writeProofHtml(d: CardDetail, proof: Proof): string {
  const { card, evidence } = d;
  const caused = d.caused.map((c) => `<p class="m"><strong>交换所致：</strong>${escape(`${c.channel} 自 ${shown(c.at)} 起只能看到${levelsInChinese[c.level]}；按实际已发生的事项当时应为${c.ours === undefined ? '时限之内' : levelsInChinese[c.ours]}。迟到的报文：${c.late.map((e) => `${name(e)}（交换号 ${e.exchangeId}，发生 ${shown(e.happenedAt)},${e.acceptedAt === undefined ? '至今未被接收' : `${shown(e.acceptedAt)} 才被接收`})`).join('、')}`)}</p>`);
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>${escape(`时限监察证明 ${card.caseNo}`)}</title><style>${style}</style></head><body>
<h1>${escape(`时限监察证明：${levelsInChinese[card.level]} ${card.id} 号`)}</h1>
${table(['办件编号', '对象', '规则', '级别', '状态', '触发时间', '发出时间'], [row([card.caseNo, `${objects[card.object] ?? card.object}${card.sequence === '1' ? '' : ` ${card.sequence}`}`, card.body, levelsInChinese[card.level], states[card.state] ?? card.state, shown(card.crossedAt), shown(card.issuedAt)])])}
<p>${escape(`事项 ${card.itemCode ?? '—'}，科室 ${card.section ?? '—'}，窗口 ${card.office ?? '—'}；时限 ${limitsInChinese(card.limits)}；发出时已用 ${card.used}。`)}</p>
${d.card.stands || d.examinedNote === undefined ? '' : `<p class="m">${escape(`${examinedInChinese(d.examinedNote)}（${shown(d.examinedAt)} 复核）`)}</p>`}
${caused.join('\n')}
<h2>发出时的计算过程</h2>
<p>${escape(`计算时间 ${shown(evidence.at)}；规则 ${evidence.ruleVersion}；工作日历 ${evidence.calendarVersion}${evidence.reading.because === undefined ? '' : `;${evidence.reading.state === 'closed' ? outcomeInChinese(evidence.reading.because) : reasonInChinese(evidence.reading.because)}`}`)}</p>
${arithmetic(evidence.lines)}
<h2>时间归属</h2>
${d.events.length === 0 ? '<p>本件没有向外报送。</p>' : table(['报文', '通道', '交换号', '发生', '业务系统', '网关', '中间机', '中心', '接收'], d.events.map((e) => row([name(e), e.channel, e.exchangeId, shown(e.happenedAt), duration(e.bureauMs), duration(e.gatewayMs), duration(e.stagingMs), duration(e.centerMs), e.acceptedAt === undefined ? `未接收（在${e.waitsAt === undefined ? '—' : places[e.waitsAt]})` : shown(e.acceptedAt)], [4, 5, 6, 7])), [4, 5, 6, 7])}
${d.messages.length === 0 ? '' : `<h2>报文校验</h2>\n${table(['交换号', '通道', '报文编号', '清单号', '报文 SHA-256'], d.messages.map((m) => row([m.exchangeId, m.channel, m.messageId, m.manifestSeq ?? '—', m.sha256 ?? '—'])))}`}
<h2>处理经过</h2>
${d.log.length === 0 ? '<p>尚无人处理。</p>' : table(['时间', '何人', '状态', '理由'], d.log.map((l) => row([shown(l.at), l.actor, l.from === l.to || l.from === undefined ? (states[l.to] ?? l.to) : `${states[l.from] ?? l.from} → ${states[l.to] ?? l.to}`, l.from === l.to ? examinedInChinese(l.reason) : l.reason])))}
<h2>校验</h2>
<p>${escape(`导出 ${shown(proof.at)}，${proof.by}；审计日志第 ${proof.auditSeq} 行`)}</p>
<p>本证明 JSON 的 SHA-256：<span class="h">${proof.sha256}</span></p>
<p>发牌证据的 SHA-256：<span class="h">${d.evidenceSha256}</span></p>
<p>审计日志末行哈希：<span class="h">${proof.auditHash}</span></p>
<div class="sign"><span>经办：________</span><span>复核：________</span><span>日期：________</span></div>
</body></html>
`;
}
