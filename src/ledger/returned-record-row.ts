import type { ControlTotals, Day } from '../domain/reconciliation-records.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';
import type { Column } from '../platform/database/dialect.js';

const column = (kind: Column['kind']) => (name: string): Column => ({ name, kind });
const text = column('text');
const big = column('big');
const int = column('int');
const instant = column('instant');

/** Columns in the order in which rows of returned records are written. */
export const feeColumns: readonly Column[] = [
  big('id'), text('channel'), text('serial'), text('status'), int('version'), text('payment_code'), text('case_no'), text('unit_code'), big('amount_fen'), int('line_count'), text('fee_item_code'),
  text('day'), text('statement_day'), text('paid_at'), text('payer'), text('payer_key'), text('method'), text('original_serial'), text('digest'), big('inbox_id'), text('file_id'), int('issue'), instant('recorded_at'),
];
export const lineColumns: readonly Column[] = [big('record_id'), int('line_no'), text('fee_item_code'), text('fee_item_name'), big('amount_fen')];
export const taxColumns: readonly Column[] = [
  big('id'), text('channel'), text('ticket_no'), text('status'), int('version'), text('authority_code'), text('taxpayer_no'), text('taxpayer_name'), text('case_no'), text('contract_no'), text('tax_kind'), text('party'),
  big('taxable_fen'), big('due_fen'), big('paid_fen'), text('day'), text('statement_day'), text('paid_at'), text('original_ticket_no'), text('digest'), big('inbox_id'), text('file_id'), int('issue'), instant('recorded_at'),
];
export const controlColumns: readonly Column[] = [
  text('channel'), text('day'), int('issue'), big('fee_count'), big('fee_fen'), big('fee_reversed_count'), big('fee_reversed_fen'), big('fee_refund_count'), big('fee_refund_fen'),
  big('tax_count'), big('tax_fen'), big('tax_refund_count'), big('tax_refund_fen'), { name: 'files', kind: 'long' }, big('inbox_id'), instant('recorded_at'),
];

export function controlRow(channel: ChannelName, c: Omit<ControlTotals, 'channel'>, inboxId: string, now: Instant): unknown[] {
  return [
    channel, c.day, c.issue, c.fees.count, String(c.fees.amountFen), c.fees.reversedCount, String(c.fees.reversedFen), c.fees.refundCount, String(c.fees.refundFen),
    c.taxes.count, String(c.taxes.amountFen), c.taxes.refundCount, String(c.taxes.refundFen), JSON.stringify(c.files), inboxId, now,
  ];
}

export function controlTotals(r: Record<string, unknown>): ControlTotals {
  const number = (name: string): number => Number(r[name]);
  const fen = (name: string): bigint => BigInt(String(r[name]));
  return {
    channel: String(r['channel']), day: String(r['day']) as Day, issue: number('issue'),
    fees: { count: number('fee_count'), amountFen: fen('fee_fen'), reversedCount: number('fee_reversed_count'), reversedFen: fen('fee_reversed_fen'), refundCount: number('fee_refund_count'), refundFen: fen('fee_refund_fen') },
    taxes: { count: number('tax_count'), amountFen: fen('tax_fen'), refundCount: number('tax_refund_count'), refundFen: fen('tax_refund_fen') },
    files: JSON.parse(String(r['files'])) as ControlTotals['files'],
  };
}
