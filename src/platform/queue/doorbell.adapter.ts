import { createPostgresBackend, Queue, runMigrations, withBackend, Worker, type ConnectionOptions } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { GatewaySettings } from '../../domain/settings.js';
import type { GatewayLog } from '../log.adapter.js';
import type { BellJob, QueueHandle, WorkerHandle } from './bell-handles.js';
import { dropMarks, readEpoch, redisSeconds } from './redis-marks.adapter.js';
import { judgeRedisInfo } from './judge-redis-info.js';
import { postgresLine } from './postgres-line.js';

/** What a worker can be rung for. The key is a channel name (or `all`); the ledger says what is due there. */
export const bells = ['render', 'deliver', 'read', 'return'] as const;
export type Bell = (typeof bells)[number];

/** How many jobs one bell has. Stalled: active, but nobody holds their lock. */
export interface BellDepth {
  readonly bell: Bell;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly stalled: number;
}

/** A line to the queue on which a command has no answer for this long is made anew; longer than a worker's blocking wait on Redis (5 s). */
const defaultSilentMs = 15_000;

/** How soon a worker asks again after an error of the queue; the default of 15 s would be felt after every hiccup. */
const retryDelayMs = 1_000;

/** How long work under way and connections may take to end at a stop. */
const closeLimitMs = 15_000;

/** How long ringing may take before it counts as lost: the ledger's sweep rings again. */
const ringLimitMs = 2_000;
/** A mark older than this is no news. */
const staleEpochSeconds = 60;

/**
 * BullMQ as a doorbell: a job says «look at the ledger», nothing else. One job per bell and key is under way at a time; a
 * ring during it causes exactly one more. Losing the queue loses no work, the relay rings for whatever is due.
 */
export class DoorbellAdapter {
  private readonly queues = new Map<Bell, QueueHandle>();
  private readonly answering: { readonly bell: Bell; readonly begin: () => WorkerHandle; worker: WorkerHandle }[] = [];
  private readonly redis: Redis | undefined;
  private lastError = '';
  private closing = false;
  /** Told by Redis as long as it forgets nothing. */
  private epoch: string | undefined;

  private constructor(
    private readonly settings: GatewaySettings['queue'],
    private readonly log: GatewayLog,
    private readonly silentMs: number,
  ) {
    if (settings.backend === 'redis') {
      // A ring that cannot be sent now fails now: nothing is kept in memory for a Redis that is gone.
      this.redis = new Redis(settings.url, { maxRetriesPerRequest: 1, enableOfflineQueue: false, lazyConnect: true, socketTimeout: silentMs, retryStrategy: (n) => Math.min(200 * n, 2_000) });
      this.redis.on('error', (error) => this.noteError(error));
    }
  }

  /** Connects; throws when the queue cannot be used as configured (volatile Redis, no PostgreSQL). */
  static async open(settings: GatewaySettings['queue'], log: GatewayLog, silentMs = defaultSilentMs): Promise<DoorbellAdapter> {
    const bell = new DoorbellAdapter(settings, log, silentMs);
    if (bell.redis) {
      await bell.redis.connect().catch((error: unknown) => {
        bell.redis!.disconnect();
        // The driver rejects with "Connection is closed"; why it was closed came as an event before.
        throw bell.lastError === '' ? error : new Error(bell.lastError, { cause: error });
      });
      const faults = await volatileRedisFaults(bell.redis);
      if (faults.length > 0 && !settings.allowVolatile) {
        bell.redis.disconnect();
        throw new Error(`Redis would lose the queue: ${faults.join('; ')}. Mend redis.conf, or set queue.allowVolatile (the ledger rings again after a loss, at the price of delay)`);
      }
    } else {
      const client = new pg.Client(postgresLine(settings.url, silentMs));
      await client.connect();
      try {
        await runMigrations(client as never);
      } finally {
        await client.end();
      }
    }
    for (const name of bells) bell.queues.set(name, bell.makeQueue(name));
    bell.epoch = bell.redis && (await readEpoch(bell.redis, bell.epochKey));
    return bell;
  }

  /** Rings; never throws. False when the ring was lost, which costs one sweep. */
  async ring(bell: Bell, key: string): Promise<boolean> {
    if (this.closing) return false;
    try {
      await inTime(() => this.queues.get(bell)!.add(bell, { key }, {
        deduplication: { id: `${bell}-${key}`, keepLastIfActive: true },
        removeOnComplete: true,
        removeOnFail: true,
      }));
      return true;
    } catch (error) {
      this.noteError(error as Error);
      return false;
    }
  }

  /** Lets this process answer a bell. `handle` must bear being run twice. */
  answer(bell: Bell, concurrency: number, handle: (key: string) => Promise<void>): void {
    const options = {
      prefix: this.settings.prefix,
      concurrency,
      lockDuration: this.settings.lockMs,
      stalledInterval: this.settings.stalledCheckMs,
      maxStalledCount: 1_000,
      runRetryDelay: retryDelayMs,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    };
    const work = async (job: { data: BellJob }): Promise<void> => handle(job.data.key);
    const begin = (): WorkerHandle => {
      const worker = (
        this.settings.backend === 'redis'
          ? new Worker<BellJob>(this.name(bell), work, { ...options, connection: { url: this.settings.url, maxRetriesPerRequest: null, socketTimeout: this.silentMs } as ConnectionOptions })
          : new this.postgres.Worker<BellJob>(this.name(bell), work, { ...options, connection: { ...postgresLine(this.settings.url, this.silentMs), max: 3 } })
      ) as unknown as WorkerHandle;
      worker.on('error', (error: Error) => this.noteError(error));
      worker.on('failed', (_job: unknown, error: Error) => this.log.error({ bell, err: error }, 'a bell was answered with an error; the sweep rings again'));
      return worker;
    };
    this.answering.push({ bell, begin, worker: begin() });
  }

  /**
   * Begins anew to answer a bell whose client hears nothing although the queue answers: BullMQ's may wait for ever on a line that
   * went silent. The old one is not waited for; should it hear again, two answer, and the claims in the ledger keep them apart.
   */
  renew(bell: Bell): void {
    if (this.closing) return;
    for (const one of this.answering.filter((a) => a.bell === bell)) {
      const old = one.worker;
      one.worker = one.begin();
      void this.orLeave(old.close(true)).catch((error: unknown) => this.noteError(error as Error));
    }
  }

  /** Whether the queue answers; for the readiness probe. */
  async healthy(): Promise<boolean> {
    if (!this.redis) return true;
    return this.redis.status === 'ready' && (await this.redis.ping().catch(() => '')) === 'PONG';
  }

  /**
   * Whether Redis forgot everything since this process last asked (FLUSHALL, a restart without its file): a mark that every
   * process reads at its start is gone or another. A Redis that does not answer has not forgotten yet.
   */
  async emptied(): Promise<boolean> {
    const { redis } = this;
    if (!redis || this.closing) return false;
    try {
      return await inTime(async () => {
        const epoch = await readEpoch(redis, this.epochKey);
        if (epoch === this.epoch) return false;
        this.epoch = epoch;
        // A process that has not asked for long learns of what another has noticed long ago.
        return (await redisSeconds(redis)) - Number(epoch.split(' ')[0]) < staleEpochSeconds;
      });
    } catch (error) {
      this.noteError(error as Error);
      return false;
    }
  }

  /** How the queue's server stands: why it cannot be used, or why it may forget. */
  async standing(): Promise<{ problem?: string | undefined; volatile: string[] }> {
    try {
      return await inTime(async () => {
        if (this.redis) {
          const { configuration, condition } = judgeRedisInfo(await this.redis.info());
          return { volatile: [...configuration, ...condition] };
        }
        await this.queues.get('render')!.getJobCounts('waiting');
        return { volatile: [] };
      });
    } catch (error) {
      return { problem: this.lastError || String((error as Error).message), volatile: [] };
    }
  }

  /** Throws when the queue does not answer. */
  async depths(): Promise<BellDepth[]> {
    return Promise.all(bells.map(async (bell) => {
      const [counts, stalled] = await Promise.all([this.queues.get(bell)!.getJobCounts('waiting', 'active', 'delayed'), this.stalled(bell)]);
      return { bell, waiting: counts['waiting'] ?? 0, active: counts['active'] ?? 0, delayed: counts['delayed'] ?? 0, stalled };
    }));
  }

  /** Bells that somebody alive is answering just now; none where the queue does not say. */
  async busyBells(): Promise<Set<Bell>> {
    try {
      const depths = await inTime(() => this.depths());
      return new Set(depths.filter((d) => d.active > d.stalled).map((d) => d.bell));
    } catch (error) {
      this.noteError(error as Error);
      return new Set();
    }
  }

  /** Removes every bell that was rung, also what swallows new ones by mistake. Work under way goes on: the ledger holds its claim. */
  async silence(): Promise<void> {
    for (const bell of bells) {
      await this.queues.get(bell)!.obliterate({ force: true });
      if (this.redis) await dropMarks(this.redis, `${this.settings.prefix}:${this.name(bell)}`);
    }
  }

  /** Stops taking bells, waits for those under way. */
  async stopAnswering(): Promise<void> {
    await this.orLeave(Promise.all(this.answering.splice(0).map((a) => a.worker.close())));
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.stopAnswering();
    await this.orLeave(Promise.all([...this.queues.values()].map((q) => q.close())));
    this.redis?.disconnect();
  }

  /**
   * A worker or queue whose connection never got ready again (Redis gone, or just back) waits for it while it closes, without end.
   * After closeLimitMs it is left: it takes no more bells, and whatever was under way is found again from the ledger.
   */
  private async orLeave(closing: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => { timer = setTimeout(() => resolve('late'), closeLimitMs); });
    const end = await Promise.race([closing, late]).finally(() => clearTimeout(timer));
    if (end === 'late') this.log.warn({ limitMs: closeLimitMs }, 'the queue did not let go in time; it is left as it is');
  }

  private readonly postgres = withBackend(createPostgresBackend);

  private get epochKey(): string {
    return `${this.settings.prefix}:epoch`;
  }

  private async stalled(bell: Bell): Promise<number> {
    if (this.redis) {
      const base = `${this.settings.prefix}:${this.name(bell)}`;
      const active = await this.redis.lrange(`${base}:active`, 0, -1);
      const locked = active.length === 0 ? 0 : await this.redis.exists(...active.map((id) => `${base}:${id}:lock`));
      return active.length - locked;
    }
    const client = new pg.Client(postgresLine(this.settings.url, this.silentMs));
    await client.connect();
    try {
      const { rows } = await client.query<{ n: string }>(`select count(*) as n from bullmq.job where queue = $1 and state = 'active' and locked_until_ms < extract(epoch from clock_timestamp()) * 1000`, [this.name(bell)]);
      return Number(rows[0]!.n);
    } finally {
      await client.end();
    }
  }

  private name(bell: Bell): string {
    return this.settings.backend === 'redis' ? bell : `${this.settings.prefix}-${bell}`;
  }

  private makeQueue(bell: Bell): QueueHandle {
    const queue = (
      this.settings.backend === 'redis'
        ? new Queue<BellJob>(this.name(bell), { prefix: this.settings.prefix, connection: this.redis as unknown as ConnectionOptions, skipWaitingForReady: true } as never)
        : new this.postgres.Queue<BellJob>(this.name(bell), { connection: { ...postgresLine(this.settings.url, this.silentMs), max: 2 } })
    ) as unknown as QueueHandle;
    queue.on('error', (error) => this.noteError(error));
    return queue;
  }

  /** The same connection error comes many times a second: it is told once until it changes. */
  private noteError(error: Error): void {
    if (this.closing) return;
    const text = `${error.name}: ${error.message}`;
    if (text === this.lastError) return;
    this.lastError = text;
    this.log.warn({ err: error }, 'the queue has trouble; work goes on by the sweep');
  }
}

async function inTime<T>(ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error('the queue did not answer in time')), ringLimitMs); });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reasons why a Redis that is set up like this may forget jobs. */
export async function volatileRedisFaults(redis: Redis): Promise<string[]> {
  return [...judgeRedisInfo(await redis.info()).configuration];
}
