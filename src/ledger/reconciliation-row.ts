import type { ChargeItem, Difference, FeeItem, ItemId, TaxExpectation, TaxItem } from '../domain/reconciliation-outcomes.js';
import type { FeeRecord, PaymentStatus } from '../domain/reconciliation-records.js';
import type { Column } from '../platform/database/dialect.js';
import { instantText, maybeInstant } from './exchange-row.js';

type Row = Record<string, unknown>;
const text = (r: Row, name: string): string => String(r[name]);
const maybe = (r: Row, name: string): string | undefined => (r[name] === null || r[name] === undefined ? undefined : String(r[name]));
const fen = (r: Row, name: string): bigint => BigInt(String(r[name]));

export function chargeItem(r: Row): ChargeItem {
  return {
    id: text(r, 'id'), stream: text(r, 'stream'), caseNo: text(r, 'case_no'), itemCode: maybe(r, 'item_code'), chargeNo: text(r, 'charge_no'), version: Number(r['version']),
    feeItemCode: text(r, 'fee_item_code'), feeItemName: text(r, 'fee_item_name'), amountFen: fen(r, 'amount_fen'), exempt: Number(r['exempt']) === 1, exemptReason: maybe(r, 'exempt_reason'),
    payer: maybe(r, 'payer'), payerKey: maybe(r, 'payer_key'), paymentCode: maybe(r, 'payment_code'), taxKinds: text(r, 'tax_kinds').split(',').filter((k) => k !== ''), day: text(r, 'day'),
    recordedAt: instantText(r['recorded_at']) ?? '', current: r['ended_at'] === null, statementDay: text(r, 'statement_day'), endedDay: maybe(r, 'ended_day'),
  };
}

export function taxExpectation(r: Row): TaxExpectation {
  return {
    id: text(r, 'id'), stream: text(r, 'stream'), caseNo: text(r, 'case_no'), itemCode: maybe(r, 'item_code'), taxKind: text(r, 'tax_kind'), party: text(r, 'party') as TaxExpectation['party'],
    day: text(r, 'day'), statementDay: text(r, 'statement_day'), endedDay: maybe(r, 'ended_day'),
  };
}

export function feeItem(r: Row, lines: FeeRecord['lines']): FeeItem {
  return {
    id: text(r, 'id'), channel: text(r, 'channel'), serial: text(r, 'serial'), paymentCode: maybe(r, 'payment_code'), caseNo: maybe(r, 'case_no'), unitCode: text(r, 'unit_code'), lines, amountFen: fen(r, 'amount_fen'),
    day: text(r, 'day'), paidAt: text(r, 'paid_at'), payer: maybe(r, 'payer'), payerKey: maybe(r, 'payer_key'), method: maybe(r, 'method'), status: text(r, 'status') as PaymentStatus, originalSerial: maybe(r, 'original_serial'),
    statementDay: text(r, 'statement_day'), supersededDay: maybe(r, 'superseded_day'), supersededBy: maybe(r, 'superseded_by'),
  };
}

export function taxItem(r: Row): TaxItem {
  return {
    id: text(r, 'id'), channel: text(r, 'channel'), ticketNo: text(r, 'ticket_no'), authorityCode: text(r, 'authority_code'), taxpayerNo: text(r, 'taxpayer_no'), taxpayerName: maybe(r, 'taxpayer_name'),
    caseNo: maybe(r, 'case_no'), contractNo: maybe(r, 'contract_no'), taxKind: text(r, 'tax_kind'), party: text(r, 'party') as TaxItem['party'], taxableFen: fen(r, 'taxable_fen'), dueFen: fen(r, 'due_fen'), paidFen: fen(r, 'paid_fen'),
    day: text(r, 'day'), paidAt: text(r, 'paid_at'), status: text(r, 'status') as PaymentStatus, originalTicketNo: maybe(r, 'original_ticket_no'),
    statementDay: text(r, 'statement_day'), supersededDay: maybe(r, 'superseded_day'), supersededBy: maybe(r, 'superseded_by'),
  };
}

/** An open or closed difference as it is kept. */
export interface DifferenceRow extends Difference {
  readonly id: string;
  readonly channel: string | undefined;
  readonly caseNo: string | undefined;
  /** Day of the item itself; its age counts from here. */
  readonly firstDay: string;
  readonly openedAt: string;
  readonly isOpen: boolean;
  readonly previousId: string | undefined;
  readonly assignedTo: string | undefined;
  readonly closedAt: string | undefined;
  readonly closedHow: string | undefined;
  readonly closedBy: string | undefined;
}

export function differenceRow(r: Row): DifferenceRow {
  return {
    id: text(r, 'id'), itemId: text(r, 'item_id'), itemKind: text(r, 'item_kind') as Difference['itemKind'], aspect: text(r, 'aspect') as Difference['aspect'], channel: maybe(r, 'channel'), caseNo: maybe(r, 'case_no'),
    reason: text(r, 'reason') as Difference['reason'], expectedFen: maybe(r, 'expected_fen') === undefined ? undefined : fen(r, 'expected_fen'), returnedFen: maybe(r, 'returned_fen') === undefined ? undefined : fen(r, 'returned_fen'),
    rule: maybe(r, 'rule_name'), criterion: maybe(r, 'criterion') as Difference['criterion'], otherId: maybe(r, 'other_id'), refersToDay: maybe(r, 'refers_to_day'), detail: maybe(r, 'detail'), firstDay: text(r, 'first_day'),
    openedAt: instantText(r['opened_at']) ?? '', isOpen: Number(r['is_open']) === 1, previousId: maybe(r, 'previous_id'), assignedTo: maybe(r, 'assigned_to'),
    closedAt: maybeInstant(r['closed_at']), closedHow: maybe(r, 'closed_how'), closedBy: maybe(r, 'closed_by'),
  };
}

export const differenceColumns: readonly Column[] = [
  { name: 'item_id', kind: 'big' }, { name: 'item_kind', kind: 'text' }, { name: 'aspect', kind: 'text' }, { name: 'channel', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'reason', kind: 'text' },
  { name: 'expected_fen', kind: 'big' }, { name: 'returned_fen', kind: 'big' }, { name: 'rule_name', kind: 'text' }, { name: 'criterion', kind: 'text' }, { name: 'other_id', kind: 'big' }, { name: 'detail', kind: 'text' },
  { name: 'first_day', kind: 'text' }, { name: 'statement_day', kind: 'text' }, { name: 'refers_to_day', kind: 'text' }, { name: 'payer_amount', kind: 'text' },
  { name: 'opened_at', kind: 'instant' }, { name: 'run_id', kind: 'big' }, { name: 'previous_id', kind: 'big' }, { name: 'assigned_to', kind: 'text' },
];

/** What a difference row says of its item besides the difference. */
export interface ItemFacts {
  readonly channel: string | undefined;
  readonly caseNo: string | undefined;
  readonly day: string;
  readonly statementDay: string;
  readonly payerAmount: string | undefined;
}

export function differenceValues(d: Difference, item: ItemFacts, by: { readonly now: string; readonly runId: string; readonly previousId: ItemId | undefined; readonly assignedTo: string | undefined }): unknown[] {
  const amount = (f: bigint | undefined): string | null => (f === undefined ? null : String(f));
  return [
    d.itemId, d.itemKind, d.aspect, item.channel ?? null, item.caseNo ?? null, d.reason, amount(d.expectedFen), amount(d.returnedFen), d.rule ?? null, d.criterion ?? null, d.otherId ?? null, d.detail?.slice(0, 400) ?? null,
    item.day, item.statementDay, d.refersToDay ?? null, item.payerAmount ?? null, by.now, by.runId, by.previousId ?? null, by.assignedTo ?? null,
  ];
}
