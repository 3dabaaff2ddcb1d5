import type { Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Who asks looks at the times of the rows too: so near is near enough, and saves half of the looks. */
const nearEnough = 2_000n;

/** Between which numbers the first exchange captured at or after `at` is: numbers ascend with the time, so some ten looks at the primary key come near it. */
export async function numberAt(database: DatabaseAdapter, at: Instant): Promise<{ first: string; end: string }> {
  const { rows } = await database.run(sql`select max(id) as last from exchange`);
  let [low, high] = [0n, BigInt(String(rows[0]?.['last'] ?? '0')) + 1n];
  const top = database.dialect.top(1);
  while (high - low > nearEnough) {
    const middle = (low + high) / 2n;
    const found = await database.run(sql`select ${raw(top.prefix)} id, captured_at from exchange where id >= ${String(middle)} order by id ${raw(top.suffix)}`);
    const r = found.rows[0];
    if (!r || Date.parse(instantText(r['captured_at'])) >= Date.parse(at)) high = middle;
    else low = BigInt(String(r['id'])) + 1n > middle ? BigInt(String(r['id'])) : middle;
  }
  return { first: String(low), end: String(high) };
}
