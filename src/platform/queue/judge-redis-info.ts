/** Why a Redis may forget jobs. */
export interface RedisFaults {
  /** How it is set up: such a Redis is not started on. */
  readonly configuration: readonly string[];
  /** What happened to it. */
  readonly condition: readonly string[];
}

/** Reads the text of INFO, which restricted accounts may use where CONFIG is closed. */
export function judgeRedisInfo(info: string): RedisFaults {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim();
  const configuration: string[] = [];
  const condition: string[] = [];
  if (field('aof_enabled') === '0') configuration.push('appendonly is off, expected appendonly yes');
  const policy = field('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') configuration.push(`maxmemory-policy is ${policy}, expected noeviction`);
  if (field('aof_enabled') === '1') {
    if (field('aof_last_write_status') === 'err') condition.push('the last write of the append-only file failed');
    if (field('aof_last_bgrewrite_status') === 'err') condition.push('the last rewrite of the append-only file failed');
  }
  // Redis refuses writes after a failed snapshot, whether or not it also has an append-only file.
  if (field('rdb_last_bgsave_status') === 'err') condition.push('the last snapshot (bgsave) failed');
  const evicted = field('evicted_keys');
  if (evicted !== undefined && evicted !== '0') condition.push(`${evicted} keys were evicted since Redis started`);
  return { configuration, condition };
}
