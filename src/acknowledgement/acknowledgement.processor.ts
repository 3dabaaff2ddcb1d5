import type { XsdValidator } from 'libxml2-wasm';
import type { ChannelName } from '../domain/vocabulary.js';
import { MovedMeanwhile, type AcknowledgementStore, type ReadEntry, type Recorded } from '../ledger/acknowledgement.store.js';
import type { InboxEntry, InboxStore } from '../ledger/inbox.store.js';
import { nextAttempt, type RetryPolicy } from '../ledger/next-attempt.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { describeFaults } from './describe-faults.js';
import { readAcknowledgements } from './read-acknowledgements.js';

export interface AcknowledgementParts {
  readonly inbox: InboxStore;
  readonly acknowledgements: AcknowledgementStore;
  readonly schema: XsdValidator;
  readonly doorbell: Pick<DoorbellAdapter, 'ring'>;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly metrics: MetricsAdapter;
  readonly retry: RetryPolicy;
  /** How long a worker may hold an entry before another takes it. */
  readonly claimMs: number;
}

const claimEntries = 200;
/** Acknowledgements that are recorded in one transaction, unless a single entry has more. */
const recordLimit = 5_000;

/**
 * Reads what came in and moves the exchanges that it speaks of.
 * Enters as: unread entries of the inbox. Leaves as: picked_up, accepted, refused, or a fact that moved nothing. Can fail
 * with: refused-by-receiver (of the exchange); an entry that cannot be read is kept as unreadable. If run twice: an entry ends
 * once, in the transaction that records what it held.
 */
export class AcknowledgementProcessor {
  private stopping = false;

  constructor(private readonly parts: AcknowledgementParts) {}

  stop(): void {
    this.stopping = true;
  }

  /** Applies what came early and is due now, then reads until nothing unread is due on the channel. */
  async handle(channel: ChannelName): Promise<void> {
    for (let more = true; more && !this.stopping;) {
      const early = await this.parts.acknowledgements.applyEarly(channel);
      this.tell(channel, early);
      more = early.more;
    }
    while (!this.stopping) {
      const entries = await this.parts.inbox.claimUnread(channel, claimEntries, this.parts.claimMs);
      if (entries.length === 0) return;
      await this.read(channel, entries);
    }
  }

  private async read(channel: ChannelName, entries: readonly InboxEntry[]): Promise<void> {
    let batch: ReadEntry[] = [];
    let size = 0;
    for (const entry of entries) {
      const acknowledgements = await this.acknowledgementsOf(entry);
      if (acknowledgements === undefined) continue;
      if (batch.length > 0 && size + acknowledgements.length > recordLimit) {
        await this.record(channel, batch, entries);
        [batch, size] = [[], 0];
      }
      batch.push({ inboxId: entry.id, channel, receivedAt: entry.receivedAt, acknowledgements });
      size += acknowledgements.length;
    }
    if (batch.length > 0) await this.record(channel, batch, entries);
  }

  private async acknowledgementsOf(entry: InboxEntry): Promise<ReadEntry['acknowledgements'] | undefined> {
    const { inbox, schema, retry } = this.parts;
    // An entry that was taken up again and again without an end took its workers with it.
    if (entry.attempts > retry.maxAttempts) {
      await this.giveUp(entry, `taken up ${entry.attempts - 1} times without an end`);
      return undefined;
    }
    try {
      const document = readAcknowledgements(entry.content, entry.contentType, { schema, channel: entry.channel });
      if (document.ok) return document.acknowledgements;
      await inbox.finish(inbox.database, [{ id: entry.id, class: 'unreadable', detail: describeFaults(document.faults) }]);
      this.parts.log.warn({ channel: entry.channel, inbox: entry.id, faults: document.faults.length, first: document.faults[0] }, 'what came in cannot be read');
      return undefined;
    } catch (error) {
      await this.failed(entry, error);
      return undefined;
    }
  }

  /** Together where it goes, one by one where it does not, so that one entry's trouble is its own. */
  private async record(channel: ChannelName, batch: readonly ReadEntry[], entries: readonly InboxEntry[]): Promise<void> {
    try {
      this.tell(channel, await this.parts.acknowledgements.record(channel, batch));
    } catch (error) {
      if (batch.length === 1) {
        await this.failed(entries.find((e) => e.id === batch[0]!.inboxId)!, error);
        return;
      }
      this.parts.log.warn({ channel, entries: batch.length, err: error }, 'a batch of acknowledgements failed; its entries are taken one by one');
      for (const one of batch) await this.record(channel, [one], entries);
    }
  }

  private async failed(entry: InboxEntry, error: unknown): Promise<void> {
    const { inbox, clock, log, retry } = this.parts;
    const passing = error instanceof MovedMeanwhile || inbox.database.dialect.isTransient(error);
    log.error({ channel: entry.channel, inbox: entry.id, passing, err: error }, 'an inbox entry could not be recorded');
    if (passing) await inbox.postpone(entry.id, nextAttempt(entry.attempts, retry, clock.now(), Math.random()), nameOf(error));
    else await this.giveUp(entry, `unexpected: ${nameOf(error)}`);
  }

  private async giveUp(entry: InboxEntry, detail: string): Promise<void> {
    await this.parts.inbox.finish(this.parts.inbox.database, [{ id: entry.id, class: 'unreadable', detail }]);
    this.parts.metrics.failures.inc({ stage: 'read', channel: entry.channel, code: 'unexpected' });
  }

  private tell(channel: ChannelName, recorded: Recorded): void {
    if (Object.keys(recorded.classes).length === 0) return;
    for (const [state, n] of Object.entries(recorded.moved)) this.parts.metrics.moves.inc({ channel, state }, n);
    this.parts.log.info({ channel, ...recorded.classes, exchanges: recorded.exchanges }, 'acknowledgements recorded');
    // A lane that got free has its next message due; the sweep would find it too, later.
    if ((recorded.moved.accepted ?? 0) + (recorded.moved.refused ?? 0) > 0) void this.parts.doorbell.ring('deliver', channel);
  }
}

/** Class and code only: driver errors quote values. */
function nameOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return `${error instanceof Error ? error.name : 'error'}${typeof code === 'string' ? ` ${code}` : ''}`;
}
