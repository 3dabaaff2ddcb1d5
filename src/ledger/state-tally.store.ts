import { settledStates, type ExchangeState } from '../domain/exchange-states.js';
import type { ExchangeId } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';

/** Rows that are summed up at once. */
const batch = 5000;
/** Fewer rows than this are read as fast as one. */
const worthwhile = 200;

const settled = raw(settledStates.map((s) => `'${s}'`).join(', '));

/**
 * Notes which exchanges came to a final state or left one, inside the transaction that moved them and after it did: one row per
 * channel and state. What is on its way is counted where it stands, so moves between other states cost nothing here.
 */
export async function tallyMoved(runner: Runner, moves: readonly { readonly id: ExchangeId; readonly from: ExchangeState; readonly to: ExchangeState }[]): Promise<void> {
  const came = moves.filter((m) => settledStates.includes(m.to)).map((m) => m.id);
  if (came.length > 0) await runner.run(sql`insert into exchange_tally (channel, state, delta) select channel, state, count(*) from exchange where id in (${list(came)}) group by channel, state`);
  for (const state of settledStates) {
    const left = moves.filter((m) => m.from === state).map((m) => m.id);
    if (left.length > 0) await runner.run(sql`insert into exchange_tally (channel, state, delta) select channel, ${raw(`'${state}'`)}, 0 - count(*) from exchange where id in (${list(left)}) group by channel`);
  }
}

/** Keeps the tally of final states short, and compares it with the exchanges themselves. */
export class StateTallyStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** Puts one row in the place of many. Returns how many it took away; two at once share the work or one does nothing. */
  async fold(): Promise<number> {
    return this.database.transaction(async (runner) => {
      const top = this.database.dialect.top(batch);
      const { hint, suffix } = this.database.dialect.lockRows;
      const { rows } = await runner.run(sql`select ${raw(top.prefix)} id, channel, state, delta from exchange_tally ${raw(hint)} order by id ${raw(top.suffix)} ${raw(suffix)}`);
      if (rows.length < worthwhile) return 0;
      const sums = new Map<string, { channel: unknown; state: unknown; delta: bigint }>();
      for (const r of rows) {
        const key = `${String(r['channel'])} ${String(r['state'])}`;
        sums.set(key, { channel: r['channel'], state: r['state'], delta: (sums.get(key)?.delta ?? 0n) + BigInt(String(r['delta'])) });
      }
      await runner.run(sql`delete from exchange_tally where id in (${list(rows.map((r) => String(r['id'])))})`);
      await this.database.dialect.insertMany(
        runner, 'exchange_tally', [{ name: 'channel', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'delta', kind: 'big' }],
        [...sums.values()].filter((s) => s.delta !== 0n).map((s) => [s.channel, s.state, String(s.delta)]),
      );
      return rows.length;
    });
  }

  /**
   * Counts the exchanges and adds what the tally lacks, as of one moment, so that moves meanwhile change nothing. Finds something
   * only where rows were changed past the gateway. Returns how many counts were wrong.
   */
  async mend(): Promise<number> {
    const { affected } = await this.database.run(sql`insert into exchange_tally (channel, state, delta) select channel, state, sum(n) from (
      select channel, state, count(*) as n from exchange where state in (${settled}) group by channel, state
      union all select channel, state, 0 - sum(delta) from exchange_tally group by channel, state) d group by channel, state having sum(n) <> 0`);
    return affected;
  }
}
