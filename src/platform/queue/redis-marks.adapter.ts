import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** The mark of this Redis, made by whoever asks first: since when, by its own clock, and a name of its own. */
export async function readEpoch(redis: Redis, key: string): Promise<string> {
  const known = await redis.get(key);
  if (known !== null) return known;
  await redis.set(key, `${await redisSeconds(redis)} ${randomUUID()}`, 'NX');
  return (await redis.get(key)) ?? '0';
}

/** Seconds since 1970 by the clock of Redis. */
export async function redisSeconds(redis: Redis): Promise<number> {
  return Number((await redis.time())[0]);
}

/**
 * A mark «rung already» whose job lies in no list any more would swallow every later ring. Taking away that of a ring which came
 * just now costs one bell too many.
 */
export async function dropMarks(redis: Redis, base: string): Promise<void> {
  for (let cursor = '0'; ; ) {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${base}:de:*`, 'COUNT', 1_000);
    if (keys.length > 0) await redis.del(...keys);
    if (next === '0') return;
    cursor = next;
  }
}
