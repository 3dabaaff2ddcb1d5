import { createPostgresBackend, Queue, runMigrations, withBackend, Worker, type ConnectionOptions } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { GatewaySettings } from '../../domain/settings.js';
import type { GatewayLog } from '../log.adapter.js';

/** What a worker can be rung for. The key is a channel name (or `all`); the ledger says what is due there. */
export const bells = ['render', 'deliver', 'read', 'return'] as const;
export type Bell = (typeof bells)[number];

interface BellJob {
  readonly key: string;
}

interface QueueHandle {
  add(name: string, data: BellJob, opts: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}
interface WorkerHandle {
  close(force?: boolean): Promise<void>;
  on(event: 'error' | 'failed', listener: (...args: never[]) => void): unknown;
}

/** A line to Redis on which a command has no answer for this long is made anew; longer than a worker's blocking wait (5 s). */
const silentLimitMs = 15_000;

/** How long ringing may take before it counts as lost: the ledger's sweep rings again. */
const ringLimitMs = 2_000;

/**
 * BullMQ as a doorbell: a job says «look at the ledger», nothing else. One job per bell and key is under way at a time; a
 * ring during it causes exactly one more. Losing the queue loses no work, the relay rings for whatever is due.
 */
export class DoorbellAdapter {
  private readonly queues = new Map<Bell, QueueHandle>();
  private readonly workers: WorkerHandle[] = [];
  private readonly redis: Redis | undefined;
  private lastError = '';
  private closing = false;

  private constructor(
    private readonly settings: GatewaySettings['queue'],
    private readonly log: GatewayLog,
  ) {
    if (settings.backend === 'redis') {
      // A ring that cannot be sent now fails now: nothing is kept in memory for a Redis that is gone.
      this.redis = new Redis(settings.url, { maxRetriesPerRequest: 1, enableOfflineQueue: false, lazyConnect: true, socketTimeout: silentLimitMs, retryStrategy: (n) => Math.min(200 * n, 2_000) });
      this.redis.on('error', (error) => this.noteError(error));
    }
  }

  /** Connects; throws when the queue cannot be used as configured (volatile Redis, no PostgreSQL). */
  static async open(settings: GatewaySettings['queue'], log: GatewayLog): Promise<DoorbellAdapter> {
    const bell = new DoorbellAdapter(settings, log);
    if (bell.redis) {
      await bell.redis.connect().catch((error: unknown) => {
        bell.redis!.disconnect();
        throw error;
      });
      const faults = await volatileRedisFaults(bell.redis);
      if (faults.length > 0 && !settings.allowVolatile) {
        bell.redis.disconnect();
        throw new Error(`Redis would lose the queue: ${faults.join('; ')}. Mend redis.conf, or set queue.allowVolatile (the ledger rings again after a loss, at the price of delay)`);
      }
    } else {
      const client = new pg.Client({ connectionString: settings.url });
      await client.connect();
      try {
        await runMigrations(client as never);
      } finally {
        await client.end();
      }
    }
    for (const name of bells) bell.queues.set(name, bell.makeQueue(name));
    return bell;
  }

  /** Rings; never throws. False when the ring was lost, which costs one sweep. */
  async ring(bell: Bell, key: string): Promise<boolean> {
    if (this.closing) return false;
    const limit = new AbortController();
    try {
      const rung = this.queues.get(bell)!.add(bell, { key }, {
        deduplication: { id: `${bell}-${key}`, keepLastIfActive: true },
        removeOnComplete: true,
        removeOnFail: true,
      });
      const late = new Promise<never>((_, reject) => {
        const timer = setTimeout(() => reject(new Error('the queue did not answer in time')), ringLimitMs);
        limit.signal.addEventListener('abort', () => clearTimeout(timer));
      });
      await Promise.race([rung, late]);
      return true;
    } catch (error) {
      this.noteError(error as Error);
      return false;
    } finally {
      limit.abort();
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
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    };
    const work = async (job: { data: BellJob }): Promise<void> => handle(job.data.key);
    const worker = (
      this.settings.backend === 'redis'
        ? new Worker<BellJob>(this.name(bell), work, { ...options, connection: { url: this.settings.url, maxRetriesPerRequest: null, socketTimeout: silentLimitMs } as ConnectionOptions })
        : new this.postgres.Worker<BellJob>(this.name(bell), work, { ...options, connection: { connectionString: this.settings.url, max: 3 } })
    ) as unknown as WorkerHandle;
    worker.on('error', (error: Error) => this.noteError(error));
    worker.on('failed', (_job: unknown, error: Error) => this.log.error({ bell, err: error }, 'a bell was answered with an error; the sweep rings again'));
    this.workers.push(worker);
  }

  /** Whether the queue answers; for the readiness probe. */
  async healthy(): Promise<boolean> {
    if (!this.redis) return true;
    return this.redis.status === 'ready' && (await this.redis.ping().catch(() => '')) === 'PONG';
  }

  /** Stops taking bells, waits for those under way. */
  async stopAnswering(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((w) => w.close()));
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.stopAnswering();
    await Promise.all([...this.queues.values()].map((q) => q.close()));
    this.redis?.disconnect();
  }

  private readonly postgres = withBackend(createPostgresBackend);

  private name(bell: Bell): string {
    return this.settings.backend === 'redis' ? bell : `${this.settings.prefix}-${bell}`;
  }

  private makeQueue(bell: Bell): QueueHandle {
    const queue = (
      this.settings.backend === 'redis'
        ? new Queue<BellJob>(this.name(bell), { prefix: this.settings.prefix, connection: this.redis as unknown as ConnectionOptions, skipWaitingForReady: true } as never)
        : new this.postgres.Queue<BellJob>(this.name(bell), { connection: { connectionString: this.settings.url, max: 2 } })
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

/** Reasons why this Redis may forget jobs. Read from INFO, which restricted accounts may use where CONFIG is closed. */
export async function volatileRedisFaults(redis: Redis): Promise<string[]> {
  const info = await redis.info();
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim();
  const faults: string[] = [];
  if (field('aof_enabled') === '0') faults.push('appendonly is off, expected appendonly yes');
  const policy = field('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') faults.push(`maxmemory-policy is ${policy}, expected noeviction`);
  return faults;
}
