import { writeYuan } from '../domain/money.js';
import type { ControlComparison, StatementPhase } from './reckon-statement.js';
import type { StatementRecord } from './write-statement-record.js';

const compared: Readonly<Record<ControlComparison['what'], string>> = { fees: 'JF', 'fees reversed': 'JFCZ', 'fees refunded': 'JFTF', taxes: 'SS', 'taxes refunded': 'SSTF' };
const phases: readonly (readonly [string, StatementPhase])[] = [['QC', 'opening'], ['XZ', 'new'], ['CK', 'reopened'], ['DP', 'matched'], ['RG', 'resolved'], ['QM', 'closing']];

/**
 * The statement of a closed day as the center reads it: what it returned, as statement.xsd says, in UTF-8. The same closed day
 * gives the same bytes, so that writing it again changes nothing. Names no payer.
 */
export function writeStatementXml(record: StatementRecord, closed: { readonly closedAt: string; readonly sha256: string }, channel: string): Buffer {
  const amount = (a: { count: number; fen: bigint }): string => `<BS>${a.count}</BS><JE>${writeYuan(a.fen)}</JE>`;
  const open = record.openLines.filter((o) => o.channel === channel);
  const { statement } = record;
  const lines = [
    element('TD', channel), element('KJRQ', record.day.replaceAll('-', '')), element('RJSJ', localTime(closed.closedAt)), element('ZY', closed.sha256), element('WKZYY', record.withoutControl),
    ...statement.comparisons.filter((c) => c.channel === channel).map((c) => `<HD>${element('XM', compared[c.what])}<WF>${amount(c.ours)}</WF><KZ>${amount(c.theirs)}</KZ></HD>`),
    ...statement.rows.filter((r) => r.side === 'returned' && r.channel === channel).map((r) => `<YE>${element('LB', r.kind === 'fee' ? 'JF' : 'SS')}${element('XM', r.item)}${element('DW', r.unit)}${phases.map(([name, phase]) => `<${name}>${amount(r[phase])}</${name}>`).join('')}</YE>`),
    element('CYZS', String(open.length)),
    ...open.map((o) => `<CY>${element('CYH', o.difference)}${element('JL', o.zh)}${element('BJBH', o.caseNo)}${element('YYDM', o.reason)}${element('YY', o.reasonZh)}${element('YS', yuan(o.expectedFen))}${element('FH', yuan(o.returnedFen))}${element('RQ', o.firstDay)}</CY>`),
  ];
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<RZDZD>\n${lines.filter((l) => l !== '').map((l) => `  ${l}\n`).join('')}</RZDZD>\n`);
}

/** The one name that the statement of a day has on a channel. */
export const nameStatement = (day: string): string => `statement-${day.replaceAll('-', '')}.xml`;

const yuan = (fen: bigint | undefined): string | undefined => (fen === undefined ? undefined : writeYuan(fen));

function element(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  const plain = value.replace(/[\p{Cc}\p{Surrogate}\ufffe\uffff]/gu, '\ufffd');
  return `<${name}>${plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</${name}>`;
}

/** Asia/Shanghai has had no summer time since 1991. */
function localTime(at: string): string {
  return new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}
