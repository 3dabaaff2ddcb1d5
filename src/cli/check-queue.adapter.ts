import { Redis } from 'ioredis';
import pg from 'pg';
import type { Settings } from '../domain/settings.js';
import { volatileRedisFaults } from '../platform/queue/doorbell.adapter.js';
import { fault, good, warning, type CheckLine } from './check-line.js';
import { exitCodes } from './cli-context.js';
import { describeAddress, describeError } from '../platform/describe-error.js';

const area = 'queue';
const connectLimitMs = 5_000;

/** The queue: whether it answers, and whether it would forget its jobs. */
export async function checkQueue(settings: Settings): Promise<CheckLine[]> {
  const { backend, url } = settings.queue;
  try {
    return backend === 'redis' ? await checkRedis(settings) : await checkPostgres(url);
  } catch (error) {
    return [fault(area, `${describeAddress(url)} cannot be reached: ${describeError(error)}`, 'check queue.url (QUEUE_URL) and the network; a running gateway goes on by its sweep, but does not start', exitCodes.unavailable)];
  }
}

async function checkRedis({ queue }: Settings): Promise<CheckLine[]> {
  let first: Error | undefined;
  const redis = new Redis(queue.url, { lazyConnect: true, maxRetriesPerRequest: 0, enableOfflineQueue: false, retryStrategy: () => null, connectTimeout: connectLimitMs });
  // The client tells why the connection broke here only; what connect() throws is just "Connection is closed".
  redis.on('error', (error) => { first ??= error; });
  try {
    await redis.connect().catch((error: unknown) => { throw first ?? error; });
    const faults = await volatileRedisFaults(redis);
    const lines = [good(area, `${describeAddress(queue.url)} answers`)];
    if (faults.length === 0) lines.push(good(area, 'Redis keeps its jobs (append-only file, no eviction)'));
    const remedy = 'redis.conf: appendonly yes, maxmemory-policy noeviction';
    for (const f of faults) lines.push(queue.allowVolatile ? warning(area, `Redis may forget jobs: ${f}`, `${remedy}; a loss costs delay, no data`) : fault(area, `Redis may forget jobs: ${f}`, `${remedy}; or set queue.allowVolatile`));
    return lines;
  } finally {
    redis.disconnect();
  }
}

async function checkPostgres(url: string): Promise<CheckLine[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectLimitMs });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; may: boolean; there: boolean }>(
      `select current_setting('server_version_num') as version, has_database_privilege(current_database(), 'create') as may, to_regnamespace('bullmq') is not null as there`);
    const row = rows[0]!;
    const lines = [good(area, `${describeAddress(url)} answers`)];
    if (Number(row.version) < 130_000) lines.push(fault(area, `PostgreSQL ${Math.floor(Number(row.version) / 10_000)} is too old for the queue`, 'use PostgreSQL 13 or newer, or queue.backend: redis'));
    if (!row.there && !row.may) lines.push(fault(area, 'the schema bullmq is missing and the account may not create it', 'GRANT CREATE ON DATABASE to the account of queue.url'));
    else lines.push(good(area, row.there ? 'the tables of the queue are there' : 'the tables of the queue are made at the first start'));
    return lines;
  } finally {
    await client.end();
  }
}
