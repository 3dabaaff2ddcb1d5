import type { ExchangeState } from '../domain/exchange-states.js';
import type { Operation } from '../domain/vocabulary.js';
import type { LatestExchange } from './plan-exchanges.js';

/** Columns of `exchange` that tell what stands of an event; `latestExchange` reads them. */
export const latestColumns = 'id, channel, case_no, event, sequence, version, operation, state, event_digest, event_at, lane_position, snapshot_id, tried, urgent, item';

/** A row of those columns in the words of the planning. */
export function latestExchange(r: Readonly<Record<string, unknown>>): LatestExchange {
  return {
    id: String(r['id']), channel: String(r['channel']), event: String(r['event']), sequence: String(r['sequence']), version: Number(r['version']),
    operation: String(r['operation']) as Operation, state: String(r['state']) as ExchangeState, digest: String(r['event_digest']), at: String(r['event_at']),
    lanePosition: String(r['lane_position']), snapshotId: String(r['snapshot_id']), tried: Number(r['tried']) > 0, urgent: Number(r['urgent']) === 1,
    ...(r['item'] === null || r['item'] === undefined ? {} : { item: String(r['item']) }),
  };
}
