import { exchangeStates, settledStates, type ExchangeState } from '../domain/exchange-states.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Exchanges of these channels that are not through, whatever has become of them. */
export const notThrough = (channels: readonly ChannelName[]): Sql => sql`channel in (${list(channels)}) and state in (${raw(exchangeStates.filter((s) => !settledStates.includes(s)).map((s) => `'${s}'`).join(', '))})`;

/**
 * Channels that have exchanges, each found from the one before it. Who names them in a statement lets any engine read the index that
 * begins with the channel where the states asked for stand, and nowhere else.
 */
export async function channelsOf(database: DatabaseAdapter): Promise<ChannelName[]> {
  const channels: ChannelName[] = [];
  for (let after = ''; ; ) {
    const found = (await database.run(sql`select min(channel) as channel from exchange where channel > ${after}`)).rows[0]?.['channel'];
    if (found === null || found === undefined) return channels;
    after = String(found);
    channels.push(after);
  }
}

const standing: readonly ExchangeState[] = ['parked', 'refused', 'held'];

/**
 * What is not through, by channel and state, with when the oldest was captured. Counted in the index alone; of what waits for a
 * person the oldest is the first by number, of what is on its way few rows are looked at.
 */
export async function readOpenCounts(database: DatabaseAdapter): Promise<{ channel: ChannelName; state: ExchangeState; count: number; oldest: Instant }[]> {
  const { rows } = await database.run(sql`select channel, state, count(*) as n from exchange where ${notThrough(await channelsOf(database))} group by channel, state`);
  const top = database.dialect.top(1);
  const counted = await Promise.all(rows.map(async (r) => {
    const [channel, state] = [String(r['channel']), String(r['state']) as ExchangeState];
    // The state stands in the statement itself, so that an engine sees that the index of what stands still holds it.
    const found = await database.run(standing.includes(state)
      ? sql`select ${raw(top.prefix)} captured_at as oldest from exchange where state = ${raw(`'${state}'`)} and channel = ${channel} order by state, id ${raw(top.suffix)}`
      : sql`select min(captured_at) as oldest from exchange where channel = ${channel} and state = ${state}`);
    const oldest = found.rows[0]?.['oldest'];
    // Gone since it was counted.
    return oldest === null || oldest === undefined ? [] : [{ channel, state, count: Number(r['n']), oldest: instantText(oldest) }];
  }));
  return counted.flat();
}
