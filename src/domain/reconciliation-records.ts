import type { Fen } from './money.js';
import type { CaseNo, ChannelName, Instant } from './vocabulary.js';

/** What reconciliation compares: charges (应收) that the bureau expects, and fee and tax records that the center returns. */

/** A calendar day in Asia/Shanghai, `YYYY-MM-DD`. */
export type Day = string;

/** One version of one charge of a case; a changed charge is a new version, never an edit. */
export interface Charge {
  /** Decimal bigint of the ledger. */
  readonly id: string;
  readonly stream: string;
  readonly caseNo: CaseNo;
  /** Item code (事项编码) of the case: tax expectations depend on it. */
  readonly itemCode: string | undefined;
  readonly chargeNo: string;
  readonly version: number;
  readonly feeItemCode: string;
  readonly feeItemName: string;
  readonly amountFen: Fen;
  readonly exempt: boolean;
  readonly exemptReason: string | undefined;
  readonly payer: string | undefined;
  /** 缴款码; the strongest key. */
  readonly paymentCode: string | undefined;
  /** Tax kinds (税种) that must be paid for the case; carried by its first charge. */
  readonly taxKinds: readonly string[];
  /** Day on which it was charged. */
  readonly day: Day;
  readonly recordedAt: Instant;
  /** False once a newer version stands or the charge is gone from the bureau. */
  readonly current: boolean;
}

/** paid 已缴; reversed 冲正, by the bank the same day; refunded 退付, later, and linked to the original. */
export type PaymentStatus = 'paid' | 'reversed' | 'refunded';

/** One fee record (缴费记录) as the center returned it. */
export interface FeeRecord {
  readonly id: string;
  readonly channel: ChannelName;
  /** 缴款单号: unique at the center together with the status. */
  readonly serial: string;
  readonly paymentCode: string | undefined;
  readonly caseNo: CaseNo | undefined;
  /** 执收单位编码 */
  readonly unitCode: string;
  readonly lines: readonly { readonly feeItemCode: string; readonly feeItemName: string | undefined; readonly amountFen: Fen }[];
  /** Sum of the lines; negative never, the status says which way the money went. */
  readonly amountFen: Fen;
  /** Accounting day at the center; its cut-off need not be midnight. */
  readonly day: Day;
  /** Center's own time, as it came. */
  readonly paidAt: string;
  readonly payer: string | undefined;
  readonly method: string | undefined;
  readonly status: PaymentStatus;
  /** Serial of the payment that a reversal or refund takes back. */
  readonly originalSerial: string | undefined;
}

/** One tax record (税收记录): one electronic tax ticket. One contract may have several, per party and kind. */
export interface TaxRecord {
  readonly id: string;
  readonly channel: ChannelName;
  /** 电子税票号码 */
  readonly ticketNo: string;
  /** 税务机关代码 */
  readonly authorityCode: string;
  /** 纳税人识别号 */
  readonly taxpayerNo: string;
  readonly taxpayerName: string | undefined;
  readonly caseNo: CaseNo | undefined;
  readonly contractNo: string | undefined;
  /** 税种, name as in the tax table: 契税, 印花税, 增值税, 土地增值税, 个人所得税. */
  readonly taxKind: string;
  /** 0 transferor (转让方), 1 transferee (承受方), as the tax authority writes them. */
  readonly party: 'transferor' | 'transferee';
  readonly taxableFen: Fen;
  readonly dueFen: Fen;
  readonly paidFen: Fen;
  readonly day: Day;
  readonly paidAt: string;
  readonly status: PaymentStatus;
  readonly originalTicketNo: string | undefined;
}

/** The center's daily control file: what it says it returned for an accounting day. */
export interface ControlTotals {
  readonly channel: ChannelName;
  readonly day: Day;
  readonly issue: number;
  readonly fees: { readonly count: number; readonly amountFen: Fen; readonly reversedCount: number; readonly reversedFen: Fen; readonly refundCount: number; readonly refundFen: Fen };
  readonly taxes: { readonly count: number; readonly amountFen: Fen; readonly refundCount: number; readonly refundFen: Fen };
  readonly files: readonly { readonly fileName: string; readonly sha256: string; readonly size: number; readonly count: number }[];
}

/** Messages of one channel and event that were sent on a day, and what the receiver has said of them by now. */
export interface MessageBalance {
  /** in: files that came back, received against taken; their receipts are the answers. Otherwise out. */
  readonly direction?: 'out' | 'in';
  readonly channel: string;
  readonly event: string;
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
  /** Sent and not answered with accepted or refused. */
  readonly unanswered: number;
}
