import { writeYuan } from '../domain/money.js';
import type { StatementPhase, StatementRow } from './reckon-statement.js';
import type { StatementRecord } from './write-statement-record.js';

export type Language = 'zh' | 'en';

export interface SheetColumn {
  readonly title: string;
  /** code: stays text whatever it looks like; money: yuan with two decimals. */
  readonly kind: 'text' | 'code' | 'count' | 'money';
}

/** One table of a statement; every cell is text, money in yuan. */
export interface Sheet {
  readonly title: string;
  readonly columns: readonly SheetColumn[];
  readonly rows: readonly (readonly string[])[];
  /** Rows at the end that are sums. */
  readonly sums: number;
}

export interface StatementSheets {
  readonly title: string;
  /** State of the day, and what keeps it open. */
  readonly notes: readonly string[];
  readonly sheets: readonly Sheet[];
}

const words = {
  title: { zh: '日终对账单', en: 'Daily statement' }, balance: { zh: '余额表', en: 'Balance' }, control: { zh: '控制文件核对', en: 'Control file' }, open: { zh: '差异明细', en: 'Open items' }, messages: { zh: '报文核对', en: 'Messages' },
  side: { zh: '方向', en: 'side' }, kind: { zh: '类别', en: 'kind' }, item: { zh: '收费项目/税种', en: 'item' }, unit: { zh: '执收单位/税务机关', en: 'unit' }, channel: { zh: '通道', en: 'channel' },
  opening: { zh: '期初', en: 'opening' }, new: { zh: '本日新增', en: 'new' }, reopened: { zh: '重新打开', en: 'reopened' }, matched: { zh: '对平', en: 'matched' }, resolved: { zh: '人工处理', en: 'resolved' }, closing: { zh: '期末', en: 'closing' }, off: { zh: '不平', en: 'off' },
  count: { zh: '笔数', en: 'count' }, money: { zh: '金额(元)', en: 'yuan' }, expected: { zh: '应收', en: 'expected' }, returned: { zh: '返回', en: 'returned' }, fee: { zh: '费', en: 'fee' }, tax: { zh: '税', en: 'tax' }, total: { zh: '合计', en: 'total' },
  what: { zh: '项目', en: 'what' }, ours: { zh: '我方', en: 'ours' }, theirs: { zh: '控制文件', en: 'theirs' }, verdict: { zh: '结果', en: 'result' }, agrees: { zh: '相符', en: 'agrees' }, differs: { zh: '不符', en: 'DIFFERS' },
  difference: { zh: '差异号', en: 'difference' }, record: { zh: '记录', en: 'record' }, caseNo: { zh: '办件编号', en: 'case' }, reason: { zh: '原因', en: 'reason' }, next: { zh: '下一步', en: 'next' }, since: { zh: '日期', en: 'day' }, age: { zh: '天数', en: 'days' },
  refers: { zh: '涉及日', en: 'concerns' }, assigned: { zh: '经办人', en: 'with' }, event: { zh: '报文', en: 'message' }, way: { zh: '方向', en: 'way' }, outgoing: { zh: '送出', en: 'sent out' }, incoming: { zh: '返回', en: 'came back' }, sent: { zh: '已送/已收', en: 'sent' }, accepted: { zh: '已接收', en: 'accepted' }, refused: { zh: '退回', en: 'refused' }, unanswered: { zh: '未回执', en: 'unanswered' },
} as const satisfies Record<string, { zh: string; en: string }>;
const compared = { fees: { zh: '缴款', en: 'fees' }, 'fees reversed': { zh: '冲正', en: 'fees reversed' }, 'fees refunded': { zh: '退付', en: 'fees refunded' }, taxes: { zh: '税款', en: 'taxes' }, 'taxes refunded': { zh: '退税', en: 'taxes refunded' } } as const;
const phases: readonly (StatementPhase | 'off')[] = ['opening', 'new', 'reopened', 'matched', 'resolved', 'closing', 'off'];

/** A statement as tables that a clerk reads; CSV, XLSX, the printed page and the terminal all show these. */
export function tabulateStatement(record: StatementRecord, closed: { readonly closedAt: string; readonly closedBy: string; readonly intact: boolean } | undefined, language: Language): StatementSheets {
  const w = (word: keyof typeof words): string => words[word][language];
  const column = (title: string, kind: SheetColumn['kind'] = 'text'): SheetColumn => ({ title, kind });
  const amounts = (a: { count: number; fen: bigint }): string[] => [String(a.count), writeYuan(a.fen)];
  const { statement } = record;
  const row = (r: StatementRow, head: readonly string[]): string[] => [...head, ...phases.flatMap((p) => amounts(r[p]))];
  const balance: Sheet = {
    title: w('balance'), sums: 2,
    columns: [column(w('side')), column(w('kind')), column(w('item'), 'code'), column(w('unit'), 'code'), column(w('channel'), 'code'), ...phases.flatMap((p) => [column(`${w(p)} ${w('count')}`, 'count'), column(`${w(p)} ${w('money')}`, 'money')])],
    rows: [...statement.rows.map((r) => row(r, [w(r.side), w(r.kind), r.item, r.unit, r.channel])), ...(['expected', 'returned'] as const).map((side) => row(statement.total[side], [`${w(side)}${language === 'zh' ? '' : ' '}${w('total')}`, '', '', '', '']))],
  };
  const control: Sheet = {
    title: w('control'), sums: 0,
    columns: [column(w('channel'), 'code'), column(w('what')), ...(['ours', 'theirs'] as const).flatMap((s) => [column(`${w(s)} ${w('count')}`, 'count'), column(`${w(s)} ${w('money')}`, 'money')]), column(w('verdict'))],
    rows: statement.comparisons.map((c) => [c.channel, compared[c.what][language], ...amounts(c.ours), ...amounts(c.theirs), w(c.ours.count === c.theirs.count && c.ours.fen === c.theirs.fen ? 'agrees' : 'differs')]),
  };
  const maybe = (fen: bigint | undefined): string => (fen === undefined ? '' : writeYuan(fen));
  const open: Sheet = {
    title: w('open'), sums: 0,
    columns: [column(w('difference'), 'code'), column(w('record')), column(w('caseNo'), 'code'), column(w('since'), 'code'), column(w('age'), 'count'), column(w('reason')), column(`${w('expected')} ${w('money')}`, 'money'), column(`${w('returned')} ${w('money')}`, 'money'), column(w('refers'), 'code'), column(w('assigned')), column(w('next'))],
    rows: record.openLines.map((o) => [o.difference, o[language], o.caseNo ?? '', o.firstDay, String(o.ageDays), language === 'zh' ? o.reasonZh : o.reason, maybe(o.expectedFen), maybe(o.returnedFen), o.refersToDay ?? '', o.assignedTo ?? '', language === 'zh' ? o.nextZh : o.nextEn]),
  };
  const messages: Sheet = {
    title: w('messages'), sums: 0,
    columns: [column(w('way')), column(w('channel'), 'code'), column(w('event'), 'code'), column(w('sent'), 'count'), column(w('accepted'), 'count'), column(w('refused'), 'count'), column(w('unanswered'), 'count')],
    rows: record.messages.map((m) => [w(m.direction === 'in' ? 'incoming' : 'outgoing'), m.channel, m.event, String(m.sent), String(m.accepted), String(m.refused), String(m.unanswered)]),
  };
  return { title: `${w('title')} ${record.day}`, notes: notesOf(record, closed, language), sheets: [balance, control, open, messages] };
}

function notesOf(record: StatementRecord, closed: { readonly closedAt: string; readonly closedBy: string; readonly intact: boolean } | undefined, language: Language): string[] {
  const zh = language === 'zh';
  const local = (iso: string): string => `${new Date(Date.parse(iso) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')}+08`;
  const out: string[] = [];
  if (closed) {
    out.push(zh ? `已日结：${local(closed.closedAt)}，${closed.closedBy}` : `closed ${local(closed.closedAt)} by ${closed.closedBy}`);
    if (!closed.intact) out.push(zh ? '警告：存档内容与日结时不一致' : 'WARNING: these figures are not what was closed; somebody changed the ledger');
  } else {
    out.push(zh ? `未日结，截至 ${local(record.judgedAt)}` : `open; as of ${local(record.judgedAt)}`);
    out.push(record.obstacles.length === 0 ? (zh ? '账平，可以日结' : 'ties out; it can be closed') : (zh ? '不能日结：' : 'cannot be closed:'));
  }
  for (const o of record.obstacles) out.push(`- ${o[language]}`);
  if (record.withoutControl !== undefined) out.push(zh ? `无控制文件日结，原因：${record.withoutControl}` : `closed without a control file: ${record.withoutControl}`);
  if (record.unlisted > 0) out.push(zh ? `另有 ${record.unlisted} 项差异未列出` : `${record.unlisted} more open items are not listed`);
  return out;
}
