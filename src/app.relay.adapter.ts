import type { AcknowledgementStore } from './ledger/acknowledgement.store.js';
import type { ExchangeViewStore } from './ledger/exchange-view.store.js';
import type { InboxStore } from './ledger/inbox.store.js';
import type { ReturnFileStore } from './ledger/return-file.store.js';
import type { GatewayLog } from './platform/log.adapter.js';
import type { Bell, DoorbellAdapter } from './platform/queue/doorbell.adapter.js';

export interface RelayParts {
  readonly doorbell: DoorbellAdapter;
  readonly view: ExchangeViewStore;
  readonly inbox: InboxStore;
  readonly acknowledgements: AcknowledgementStore;
  readonly returnFiles: ReturnFileStore;
  readonly log: GatewayLog;
}

type Handle = (channel: string) => Promise<void>;

/** A bell that was not heard for so many times quietMs, although ringing it succeeds, gets a new client. */
const renewAfterQuiets = 6;

/** Something that the ledger says is due, as `bell channel`. */
type Due = `${Bell} ${string}`;

/**
 * Stands between what the ledger says is due and those who do it. It rings for it, since the queue may have lost every bell;
 * and where the queue brings no bells at all (it is away, or its client is stuck), a worker answers what is due without it.
 */
export class RelayAdapter {
  private readonly handlers = new Map<Bell, Handle>();
  /** When a bell was heard last in this process; milliseconds of a clock that nobody sets. */
  private readonly heardAt = new Map<Bell, number>();
  private readonly renewedAt = new Map<Bell, number>();
  /** Renderings and deliveries under way. */
  private carried = 0;
  private dueBefore: ReadonlySet<Due> = new Set();
  private readonly running = new Map<Due, Promise<void>>();
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private told = false;

  constructor(
    private readonly parts: RelayParts,
    /** Due work for which no bell was heard for this long, and on which nobody is, is done without one. */
    private readonly quietMs: number,
  ) {}

  /** Whether this process is rendering or delivering. */
  get carrying(): boolean {
    return this.carried > 0;
  }

  async ring(): Promise<void> {
    for (const due of await this.due()) {
      const { bell, channel } = read(due);
      await this.parts.doorbell.ring(bell, channel);
    }
  }

  /** Lets this process answer a bell, and look for itself where none comes. `work` must bear being run twice, also at once. */
  answer(bell: Bell, concurrency: number, work: Handle): void {
    const handle = bell === 'render' || bell === 'deliver' ? this.counted(work) : work;
    this.handlers.set(bell, handle);
    this.heardAt.set(bell, performance.now());
    this.parts.doorbell.answer(bell, concurrency, async (channel) => {
      this.heard(bell);
      try {
        await handle(channel);
      } finally {
        this.heard(bell);
      }
    });
    this.timer ??= setInterval(() => {
      this.looking ??= this.look()
        .catch((error: unknown) => this.parts.log.warn({ err: error }, 'what is due could not be asked for'))
        .finally(() => (this.looking = undefined));
    }, Math.ceil(this.quietMs / 3));
  }

  /** No new looks; waits for what was begun without a bell. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.handlers.clear();
    await this.looking;
    await Promise.all(this.running.values());
  }

  private counted(work: Handle): Handle {
    return async (channel) => {
      this.carried += 1;
      try {
        await work(channel);
      } finally {
        this.carried -= 1;
      }
    };
  }

  private heard(bell: Bell): void {
    this.heardAt.set(bell, performance.now());
    if (this.told) this.parts.log.info({ bell }, 'the queue brings bells again');
    this.told = false;
  }

  private async look(): Promise<void> {
    const due = new Set(await this.due());
    // What was not due at the last look may have a bell on its way.
    const waiting = [...due].filter((d) => this.dueBefore.has(d) && !this.running.has(d));
    this.dueBefore = due;
    const quiet = waiting.filter((d) => performance.now() - this.heardAt.get(read(d).bell)! >= this.quietMs);
    if (quiet.length === 0) return;
    const busy = await this.parts.doorbell.busyBells();
    for (const d of quiet) {
      const { bell, channel } = read(d);
      const handle = this.handlers.get(bell);
      if (handle === undefined || busy.has(bell)) continue;
      if (!this.told) this.parts.log.warn({ bell, channel }, 'the queue brings no bells: this process does without it what the ledger says is due');
      this.told = true;
      await this.renew(bell, channel);
      this.running.set(d, handle(channel)
        .catch((error: unknown) => this.parts.log.error({ bell, channel, err: error }, 'due work failed; it is looked for again'))
        .finally(() => this.running.delete(d)));
    }
  }

  /** While the queue is away nothing is made anew: clients would pile up that wait for it. */
  private async renew(bell: Bell, channel: string): Promise<void> {
    const since = Math.max(this.heardAt.get(bell)!, this.renewedAt.get(bell) ?? 0);
    if (performance.now() - since < renewAfterQuiets * this.quietMs || !(await this.parts.doorbell.ring(bell, channel))) return;
    this.renewedAt.set(bell, performance.now());
    this.parts.log.warn({ bell }, 'the queue answers and brings no bells: its client is made anew');
    this.parts.doorbell.renew(bell);
  }

  private async due(): Promise<Due[]> {
    const { view, inbox, acknowledgements, returnFiles } = this.parts;
    const [moving, reading, early, returned, owing] = [await view.dueChannels(), await inbox.channelsDue(), await acknowledgements.channelsWithEarly(), await inbox.channelsDue('return'), await returnFiles.channelsOwing()];
    return [...new Set<Due>([
      ...moving.map((m): Due => `${m.state === 'captured' ? 'render' : 'deliver'} ${m.channel}`),
      ...[...reading, ...early].map((channel): Due => `read ${channel}`),
      ...[...returned, ...owing].map((channel): Due => `return ${channel}`),
    ])];
  }
}

function read(due: Due): { bell: Bell; channel: string } {
  const space = due.indexOf(' ');
  return { bell: due.slice(0, space) as Bell, channel: due.slice(space + 1) };
}
