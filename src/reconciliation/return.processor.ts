import { asFailure } from '../domain/failures.js';
import type { JudgedFile } from '../domain/returned-file.js';
import { isTaken } from '../domain/return-outcomes.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { InboxEntry } from '../ledger/inbox.store.js';
import { nextAttempt, type RetryPolicy } from '../ledger/next-attempt.js';
import type { ReturnFile } from '../ledger/return-file-row.js';
import { EndedMeanwhile, type ReturnFileStore } from '../ledger/return-file.store.js';
import type { Clock } from '../platform/clock.js';
import { splitContentType } from '../platform/decode-document.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { StagedFile, StagingMachine } from '../platform/staging/staging-machine.js';
import { judgeReturned } from './judge-returned.js';
import type { ReturnMappings } from './load-return-mappings.adapter.js';
import { digestReceipt, composeReceipt } from './compose-receipt.js';

export interface ReturnParts {
  readonly channels: readonly ChannelSettings[];
  readonly files: ReturnFileStore;
  readonly mappings: ReturnMappings;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  readonly retry: RetryPolicy;
  /** How long a worker may hold an entry or a receipt before another takes it. */
  readonly claimMs: number;
  staging(channel: ChannelName): StagingMachine;
}

const claimEntries = 8;
const receiptBatch = 50;

/**
 * Reads what the center returned and answers each file with a receipt.
 * Enters as: unread returned files of the inbox. Leaves as: fee records, tax records and control totals, a judgement, a receipt
 * on the staging machine. Can fail with: an outcome of return-outcomes.ts; staging-* delays receipts only. If run twice: an
 * entry ends once, in the transaction of its records; a receipt has one name and the same bytes.
 */
export class ReturnProcessor {
  private stopping = false;
  private readonly prepared = new Set<ChannelName>();

  constructor(private readonly parts: ReturnParts) {}

  stop(): void {
    this.stopping = true;
  }

  /** Reads until nothing is due on the channel, then writes the receipts that are due. */
  async handle(channelName: ChannelName): Promise<void> {
    const { files, channels, claimMs } = this.parts;
    const channel = channels.find((c) => c.channel === channelName && c.returns !== undefined);
    if (!channel) return;
    for (let entries: InboxEntry[]; !this.stopping && (entries = await files.inbox.claimUnread(channelName, claimEntries, claimMs, 'return')).length > 0;) {
      for (const entry of entries) await this.take(entry);
    }
    for (let due: ReturnFile[]; !this.stopping && (due = await files.claimReceipts(channelName, receiptBatch, claimMs)).length > 0;) {
      // What failed waits for its time; the sweep rings then.
      if (!(await this.answer(channel, due))) return;
    }
  }

  private async take(entry: InboxEntry): Promise<void> {
    const { files, retry } = this.parts;
    // An entry that was taken up again and again without an end took its workers with it.
    if (entry.attempts > retry.maxAttempts) return this.giveUp(entry, `taken up ${entry.attempts - 1} times without an end`);
    try {
      const judged = judgeReturned(entry.content, splitContentType(entry.contentType).charset, entry.source === 'http' ? undefined : entry.externalId, this.parts.mappings.get(entry.channel) ?? []);
      this.tell(await files.record({ ...entry, size: entry.content.length }, judged));
    } catch (error) {
      await this.failed(entry, error);
    }
  }

  private async failed(entry: InboxEntry, error: unknown): Promise<void> {
    const { files, clock, log, retry } = this.parts;
    if (error instanceof EndedMeanwhile) return;
    const passing = files.database.dialect.isTransient(error);
    log.error({ channel: entry.channel, inbox: entry.id, passing, err: error }, 'a returned file could not be recorded');
    if (passing) await files.inbox.postpone(entry.id, nextAttempt(entry.attempts, retry, clock.now(), Math.random()), nameOf(error));
    else await this.giveUp(entry, nameOf(error));
  }

  private async giveUp(entry: InboxEntry, why: string): Promise<void> {
    const judged: JudgedFile = { ok: false, outcome: 'not-read', faults: [{ path: '/', expected: `nothing of the center: ${why}` }] };
    this.parts.metrics.failures.inc({ stage: 'return', channel: entry.channel, code: 'unexpected' });
    this.tell(await this.parts.files.record({ ...entry, size: entry.content.length }, judged));
  }

  private tell(file: ReturnFile | undefined): void {
    if (!file) return;
    const { channel, kind, outcome, fileName, inboxId, count, figures, faults } = file;
    this.parts.metrics.returns.inc({ channel, kind: kind ?? 'unknown', outcome });
    const facts = { channel, inbox: inboxId, file: fileName, kind, outcome, records: count, figures, faults: faults.slice(0, 3) };
    if (isTaken(outcome)) this.parts.log.info(facts, 'a returned file was taken');
    else this.parts.log.warn(facts, 'a returned file was refused');
  }

  /** A receipt that cannot be written now is written later, however long that lasts; nothing else waits for it. */
  private async answer(channel: ChannelSettings, due: readonly ReturnFile[]): Promise<boolean> {
    const { files, log, metrics } = this.parts;
    const staging = this.parts.staging(channel.channel);
    const directory = channel.staging.receiptDir;
    let written = 0;
    try {
      if (!this.prepared.has(channel.channel)) {
        // The outbox too: what the machine can is tried there, and nothing may have been sent yet.
        await staging.ensureDirectories([channel.staging.outboxDir, directory]);
        this.prepared.add(channel.channel);
      }
      const staged = due.map((file): StagedFile => {
        const bytes = composeReceipt(file);
        return { directory, finalName: file.receiptName, bytes, sha256: digestReceipt(bytes), lookFirst: true };
      });
      for (const [i, outcome] of (await staging.put(staged)).entries()) {
        const file = due[i]!;
        // Its name says the same outcome of the same bytes: written by an earlier life of this ledger.
        if (outcome.ok || outcome.failure.code === 'name-taken') {
          await files.receiptWritten(file.id);
          written++;
        } else {
          // Perhaps the directory is gone: it is made again.
          this.prepared.delete(channel.channel);
          metrics.failures.inc({ stage: 'receipt', channel: channel.channel, code: outcome.failure.code });
          await this.postpone(file, `${outcome.failure.code}: ${outcome.failure.detail}`);
        }
      }
    } catch (error) {
      const failure = asFailure(error);
      this.prepared.delete(channel.channel);
      metrics.failures.inc({ stage: 'receipt', channel: channel.channel, code: failure.code });
      log.warn({ channel: channel.channel, receipts: due.length, code: failure.code, detail: failure.detail }, 'receipts cannot be written now');
      for (const file of due) await this.postpone(file, `${failure.code}: ${failure.detail}`);
    }
    return written === due.length;
  }

  private postpone(file: ReturnFile, failure: string): Promise<void> {
    return this.parts.files.receiptFailed(file.id, failure, nextAttempt(file.receiptAttempts, this.parts.retry, this.parts.clock.now(), Math.random()));
  }
}

/** Class and code only: driver errors quote values. */
function nameOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return `${error instanceof Error ? error.name : 'error'}${typeof code === 'string' ? ` ${code}` : ''}`;
}
