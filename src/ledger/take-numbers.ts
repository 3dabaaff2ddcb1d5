import type { Runner } from '../platform/database/dialect.js';
import { sql } from '../platform/database/sql.js';

/** The first of `n` numbers, inside the caller's transaction: the counter's row is held until its end, so numbers become visible in order. */
export async function takeNumbers(runner: Runner, counter: 'reconciliation' | 'match', n: number): Promise<bigint> {
  await runner.run(sql`update counter set value = value + ${n} where name = ${counter}`);
  const { rows } = await runner.run(sql`select value from counter where name = ${counter}`);
  return BigInt(String(rows[0]!['value'])) - BigInt(n) + 1n;
}

/** The last closed day; undefined when none is. */
export async function lastClosedDay(runner: Runner): Promise<string | undefined> {
  const { rows } = await runner.run(sql`select max(day) as day from statement_day`);
  const day: unknown = rows[0]?.['day'];
  return typeof day === 'string' ? day : undefined;
}
