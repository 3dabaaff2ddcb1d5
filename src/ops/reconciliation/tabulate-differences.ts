import { writeYuan } from '../../domain/money.js';
import type { DifferenceLine } from '../../domain/ops-reconciliation-api.js';
import type { Reasons } from '../../domain/reconciliation-rules.js';
import type { StatementSheets } from '../../reconciliation/tabulate-statement.js';

/** Differences as a table for CSV and XLSX. */
export function tabulateDifferences(lines: readonly DifferenceLine[], reasons: Reasons, language: 'zh' | 'en', note: string): StatementSheets {
  const zh = language === 'zh';
  const column = (cn: string, en: string, kind: 'text' | 'code' | 'count' | 'money' = 'text') => ({ title: zh ? cn : en, kind });
  const yuan = (fen: string | undefined): string => (fen === undefined ? '' : writeYuan(BigInt(fen)));
  return {
    title: zh ? '差异' : 'Differences', notes: [note],
    sheets: [{
      title: zh ? '差异' : 'Differences', sums: 0,
      columns: [column('差异号', 'no', 'code'), column('记录', 'record'), column('办件编号', 'case', 'code'), column('日期', 'day', 'code'), column('天数', 'days', 'count'), column('原因代码', 'reason code', 'code'), column('原因', 'reason'), column('应收(元)', 'charged', 'money'),
        column('返回(元)', 'returned', 'money'), column('涉及日', 'concerns', 'code'), column('经办人', 'with'), column('状态', 'state'), column('下一步', 'next')],
      rows: lines.map((d) => [
        d.id, d[language], d.caseNo ?? '', d.day, String(d.ageDays), d.reason, reasons[d.reason].text[language], yuan(d.expectedFen), yuan(d.returnedFen), d.refersToDay ?? '', d.assignedTo ?? '',
        d.open ? (zh ? '未处理' : 'open') : `${zh ? '已了结' : 'closed'}${d.closedHow === undefined ? '' : ` ${d.closedHow}`}`, reasons[d.reason].next[language],
      ]),
    }],
  };
}
