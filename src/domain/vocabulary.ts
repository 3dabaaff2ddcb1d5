/**
 * One word per thing. The Chinese term is what the bureau and the center say; the English word is what the code says.
 * Types here are names for strings so that a signature tells what it wants; none of them is ever a JS number.
 */

/** 办件编号: the bureau's number of a case, 1..50 characters, unique in its stream. */
export type CaseNo = string;
/** Ledger identity of an exchange: a decimal bigint as text, ascending in the order of capture. */
export type ExchangeId = string;
/** What the receiver knows a message by: 32 hexadecimal digits derived from channel, case, event, sequence and version. */
export type MessageId = string;
/** Name of a channel (one receiver with its own staging machine, mappings, encoding): `center`, `provincial`. */
export type ChannelName = string;
/** Name of an event of a case (`acceptance`, `process-step`), also the name of the message that reports it. */
export type EventName = string;
/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Sha256 = string;
/** UTC instant as ISO 8601 with milliseconds and `Z`. */
export type Instant = string;

/** What is done with the receiver's record: I first report, U re-report after a correction, D the event no longer stands. */
export type Operation = 'I' | 'U' | 'D';

/** The house's words with their Chinese terms; the command line, the ops page and the README take them from here. */
export const vocabulary = {
  case: '办件',
  exchange: '交换',
  message: '报文',
  channel: '通道',
  lane: '队列道',
  stagingMachine: '中间机',
  acknowledgement: '回执',
  manifest: '清单',
  charge: '应收',
  feeRecord: '缴费记录',
  taxRecord: '税收记录',
  difference: '差异',
  statement: '对账单',
  clearance: '结清',
  clock: '时限',
  card: '牌',
  captured: '已采集',
  rendered: '已生成',
  staged: '已上中间机',
  picked_up: '已取走',
  accepted: '已接收',
  refused: '被退回',
  parked: '待处理',
  held: '已挂起',
  superseded: '已被替代',
  cancelled: '已取消',
} as const;
