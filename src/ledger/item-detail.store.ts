import type { ItemId, ItemKind } from '../domain/reconciliation-outcomes.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';

/** A field of an item as it is kept; those of a person are marked. */
export interface KeptField {
  readonly key: string;
  readonly value: string;
  readonly money?: true;
  readonly personal?: true;
}
export interface KeptItem {
  readonly fields: readonly KeptField[];
  /** Lines of a fee record. */
  readonly lines: readonly { readonly code: string; readonly name: string | undefined; readonly fen: bigint }[];
}

type Shape = readonly (readonly [column: string, key: string, as?: 'money' | 'personal'])[];
/** What is shown of each kind, in this order. */
const shapes: Readonly<Record<ItemKind, { readonly table: string; readonly shape: Shape }>> = {
  charge: {
    table: 'charge', shape: [['fee_item_code', 'feeItem'], ['fee_item_name', 'feeItemName'], ['amount_fen', 'amount', 'money'], ['payment_code', 'paymentCode'], ['payer', 'payer', 'personal'], ['item_code', 'itemCode'], ['exempt_reason', 'exemptReason'],
      ['tax_kinds', 'taxKinds'], ['version', 'version'], ['ended_day', 'endedDay'], ['ended_why', 'endedWhy']],
  },
  'tax-expectation': { table: 'tax_expectation', shape: [['tax_kind', 'taxKind'], ['party', 'party'], ['basis', 'basis'], ['item_code', 'itemCode'], ['ended_day', 'endedDay'], ['ended_why', 'endedWhy']] },
  'fee-record': {
    table: 'fee_record', shape: [['serial', 'serial'], ['status', 'status'], ['amount_fen', 'amount', 'money'], ['payment_code', 'paymentCode'], ['payer', 'payer', 'personal'], ['unit_code', 'unit'], ['method', 'method'], ['paid_at', 'paidAt'],
      ['original_serial', 'originalSerial'], ['file_id', 'file'], ['issue', 'issue'], ['version', 'version'], ['superseded_day', 'supersededDay']],
  },
  'tax-record': {
    table: 'tax_record', shape: [['ticket_no', 'ticketNo'], ['status', 'status'], ['tax_kind', 'taxKind'], ['party', 'party'], ['taxable_fen', 'taxable', 'money'], ['due_fen', 'due', 'money'], ['paid_fen', 'paid', 'money'], ['taxpayer_name', 'payer', 'personal'],
      ['taxpayer_no', 'taxpayerNo', 'personal'], ['authority_code', 'unit'], ['contract_no', 'contractNo'], ['paid_at', 'paidAt'], ['original_ticket_no', 'originalSerial'], ['file_id', 'file'], ['issue', 'issue'], ['version', 'version'], ['superseded_day', 'supersededDay']],
  },
};

/** Everything that is kept of single items, to be looked at. Writes nothing. */
export class ItemDetailStore {
  constructor(private readonly database: DatabaseAdapter) {}

  async read(id: ItemId, kind: ItemKind): Promise<KeptItem> {
    const { table, shape } = shapes[kind];
    const { rows } = await this.database.run(sql`select * from ${raw(table)} where id = ${id}`);
    const row = rows[0] ?? {};
    const fields = shape.flatMap(([column, key, as]): KeptField[] => {
      const value = row[column];
      if (value === null || value === undefined || value === '') return [];
      return [{ key, value: String(value), ...(as === 'money' ? { money: true as const } : as === 'personal' ? { personal: true as const } : {}) }];
    });
    if (kind !== 'fee-record') return { fields, lines: [] };
    const lines = await this.database.run(sql`select fee_item_code, fee_item_name, amount_fen from fee_line where record_id = ${id} order by line_no`);
    return { fields, lines: lines.rows.map((l) => ({ code: String(l['fee_item_code']), name: l['fee_item_name'] === null ? undefined : String(l['fee_item_name']), fen: BigInt(String(l['amount_fen'])) })) };
  }
}
