/** What makes a database unfit to be the ledger, in both languages, with the statement that mends it. */

interface LedgerFaultRow {
  readonly text: string;
  readonly zh: string;
  readonly remedy: string;
  /** It may forget what it committed; bearable on purpose only (`ledger.allowVolatile`). */
  readonly forgets: boolean;
}

export const ledgerFaults = {
  'fsync-off': { text: 'fsync is off: a power cut can destroy it', zh: 'fsync 已关闭，断电可能毁坏数据', remedy: 'fsync = on in postgresql.conf, then reload the server', forgets: true },
  'commits-not-awaited': { text: 'synchronous_commit is off: after a crash it has forgotten what it answered for', zh: 'synchronous_commit 已关闭，崩溃后会丢失已确认的内容', remedy: 'ALTER DATABASE <name> SET synchronous_commit = on', forgets: true },
  'commits-delayed': { text: 'commits are delayed: after a crash it has forgotten what it answered for', zh: '延迟持久化已强制开启，崩溃后会丢失已确认的内容', remedy: 'ALTER DATABASE <name> SET DELAYED_DURABILITY = DISABLED', forgets: true },
  'reads-many-moments': { text: 'its statements do not read as of one moment: counts and balances can be wrong', zh: '语句读取的不是同一时刻的数据，计数和平衡可能出错', remedy: 'ALTER DATABASE <name> SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE', forgets: false },
} as const satisfies Record<string, LedgerFaultRow>;

export type LedgerFault = keyof typeof ledgerFaults;
