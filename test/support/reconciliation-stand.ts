import type { FeeRecord, TaxRecord } from '../../src/domain/reconciliation-records.js';
import { dayOf } from '../../src/domain/reckon-days.js';
import { ChargeStore } from '../../src/ledger/charge.store.js';
import { MatchStore } from '../../src/ledger/match.store.js';
import { ReturnedRecordStore } from '../../src/ledger/returned-record.store.js';
import type { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { ChargePoller } from '../../src/reconciliation/charge.poller.js';
import { loadStandards } from '../../src/reconciliation/load-standards.adapter.js';
import { ReconciliationPoller } from '../../src/reconciliation/reconciliation.poller.js';
import { pino } from 'pino';

/** Facts as they arrive, through the stores that the gateway itself uses. */
export interface Facts {
  /** A case with charges, as its snapshot shows it. */
  charge(caseNo: string, charges: readonly { code?: string; yuan: string; item?: string; payer?: string; taxes?: string; no?: string }[]): Promise<void>;
  pay(serial: string, more: Partial<FeeRecord> & { yuan: number; code?: string; item?: string }): Promise<void>;
  slip(ticketNo: string, caseNo: string, more?: Partial<TaxRecord>): Promise<void>;
  /** The control file of a day, by what the ledger holds, plus what is given. */
  control(day: string, issue?: number, more?: { count?: number; fen?: bigint }): Promise<void>;
  match(): Promise<void>;
}

export function factsOf(db: DatabaseAdapter, clock: Clock, channel = 'center'): Facts {
  const { standards } = loadStandards('config/reconciliation');
  const records = new ReturnedRecordStore(db, clock);
  const log = pino({ level: 'silent' });
  const go = (): Promise<boolean> => Promise.resolve(true);
  let files = 0;
  const file = (kind: string): { channel: string; inboxId: string; fileId: string; issue: number } => ({ channel, inboxId: '1', fileId: `${kind}-${++files}`, issue: 1 });
  return {
    async charge(caseNo, charges) {
      const { rows } = await db.run(sql`select coalesce(max(id), 0) as id from case_snapshot`);
      const id = Number(rows[0]!['id']) + 1;
      const body = {
        case: { case_no: caseNo, item_code: 'DJ05', status: 'HANDLING' },
        children: {
          parcels: [{ land_use: charges.some((c) => c.item === 'GT0102') ? '商服用地' : '城镇住宅用地' }], applicants: [{ role: 'APPLICANT' }],
          charges: charges.map((c, i) => ({ charge_no: c.no ?? String(i + 1), fee_item_code: c.item ?? 'GT0101', fee_item_name: c.item === 'GT0102' ? '不动产登记费(非住宅)' : '不动产登记费(住宅)', amount: c.yuan, exempt: '0', exempt_reason: null, payer: c.payer ?? '欧阳小明', payment_code: c.code ?? null, tax_kinds: c.taxes ?? null })),
        },
      };
      await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${id}, 'case', ${caseNo}, '', ${JSON.stringify(body)}, ${clock.iso()})`);
    },
    async pay(serial, { yuan, code, item, ...more }) {
      const day = more.day ?? dayOf(clock.iso());
      const feeItemCode = item ?? (yuan === 550 ? 'GT0102' : 'GT0101');
      const fen = BigInt(Math.round(yuan * 100));
      await db.transaction((r) => records.record(r, {
        ...file('fee'), fees: [{
          serial, paymentCode: code, caseNo: undefined, unitCode: '430900001', lines: [{ feeItemCode, feeItemName: undefined, amountFen: fen }], amountFen: fen, day, paidAt: `${day.replaceAll('-', '')}T100000`, payer: undefined, method: '1', status: 'paid', originalSerial: undefined, ...more,
        }],
      }));
    },
    async slip(ticketNo, caseNo, more = {}) {
      const day = more.day ?? dayOf(clock.iso());
      await db.transaction((r) => records.record(r, {
        ...file('tax'), taxes: [{ ticketNo, authorityCode: '14309000000', taxpayerNo: '430900SAMPLE0001', taxpayerName: '欧阳小明', caseNo, contractNo: 'HT1', taxKind: '契税', party: 'transferee', taxableFen: 10_000_000n, dueFen: 300_000n, paidFen: 300_000n, day, paidAt: `${day.replaceAll('-', '')}T110000`, status: 'paid', originalTicketNo: undefined, ...more }],
      }));
    },
    async control(day, issue = 1, more = {}) {
      const fees = await db.run(sql`select status, count(*) as n, sum(amount_fen) as fen from fee_record where channel = ${channel} and day = ${day} and statement_day >= ${day} and superseded_at is null group by status`);
      const taxes = await db.run(sql`select status, count(*) as n, sum(paid_fen) as fen from tax_record where channel = ${channel} and day = ${day} and statement_day >= ${day} and superseded_at is null group by status`);
      const of = (rows: Record<string, unknown>[], status: string): { count: number; fen: bigint } => {
        const row = rows.find((r) => r['status'] === status);
        return { count: Number(row?.['n'] ?? 0), fen: BigInt(String(row?.['fen'] ?? 0)) };
      };
      const [paid, back, refund, tax, taxBack] = [of(fees.rows, 'paid'), of(fees.rows, 'reversed'), of(fees.rows, 'refunded'), of(taxes.rows, 'paid'), of(taxes.rows, 'refunded')];
      await db.transaction((r) => records.record(r, {
        channel, inboxId: '2', fileId: `control-${day}`, issue, control: {
          day, issue, files: [], fees: { count: paid.count + (more.count ?? 0), amountFen: paid.fen + (more.fen ?? 0n), reversedCount: back.count, reversedFen: back.fen, refundCount: refund.count, refundFen: refund.fen },
          taxes: { count: tax.count, amountFen: tax.fen, refundCount: taxBack.count, refundFen: taxBack.fen },
        },
      }));
    },
    async match() {
      await new ChargePoller(new ChargeStore(db, clock), standards!, log).poll(go);
      await new ReconciliationPoller(new MatchStore(db, clock), standards!, 200_000, log).poll(go);
    },
  };
}
