import { nextState, unsentStates, type ExchangeState } from '../domain/exchange-states.js';
import type { ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, sql } from '../platform/database/sql.js';
import type { ExchangeStore } from './exchange.store.js';
import { recoveredNote } from './recovery.store.js';

/** Ends what a recovered ledger waits for in vain, where a newer version says all that there is to say. */
export class OvertakenStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly exchanges: ExchangeStore,
  ) {}

  /**
   * Ends what a newer version of the same event was sent after: it was refused, or its answer is lost with the ledger and no
   * longer matters. Returns how many.
   */
  async settleOvertaken(channel: ChannelName): Promise<number> {
    return this.database.transaction(async (runner) => {
      const { rows } = await runner.run(sql`select o.id, o.state, min(n.version) as version from exchange o join exchange n on n.channel = o.channel and n.case_no = o.case_no and n.event = o.event
        and n.sequence = o.sequence and n.version > o.version where o.channel = ${channel} and o.state in ('staged', 'picked_up', 'refused') and n.state in ('staged', 'picked_up', 'accepted', 'refused', 'superseded')
        and n.manifest_seq is not null
        and exists (select 1 from exchange_log l where l.exchange_id in (o.id, n.id) and l.note = ${recoveredNote}) group by o.id, o.state`);
      const moved = await this.exchanges.move(runner, rows.map((r) => ({
        id: String(r['id']), from: String(r['state']) as ExchangeState, to: nextState(String(r['state']) as ExchangeState, 'supersede')!, note: 'superseded', detail: `recovered: version ${String(r['version'])} of the same event was sent after it`,
      })), { actor: 'recovery' });
      return moved.length;
    });
  }

  /**
   * Of sent exchanges whose bytes and answer are both lost: where the bureau has said something newer since, that version takes
   * the place in the lane. Returns the ids that were replaced.
   */
  async replaceStranded(ids: readonly ExchangeId[]): Promise<Set<ExchangeId>> {
    const replaced = new Set<ExchangeId>();
    for (let i = 0; i < ids.length; i += 500) {
      await this.database.transaction(async (runner) => {
        const { rows } = await runner.run(sql`select o.id, o.state, o.lane_position, n.id as new_id, n.version from exchange o join exchange n on n.channel = o.channel and n.case_no = o.case_no and n.event = o.event
          and n.sequence = o.sequence and n.version > o.version where o.id in (${list(ids.slice(i, i + 500))}) and o.state in ('staged', 'picked_up') and n.state in (${list(unsentStates)})
          and not exists (select 1 from exchange z where z.channel = n.channel and z.case_no = n.case_no and z.event = n.event and z.sequence = n.sequence and z.version > o.version and z.version < n.version) order by o.id`);
        await this.database.dialect.updateMany(runner, { table: 'exchange', key: { name: 'id', kind: 'big' }, match: [], set: [{ name: 'lane_position', kind: 'big' }], rows: rows.map((r) => [r['new_id'], r['lane_position']]) });
        const moved = await this.exchanges.move(runner, rows.map((r) => {
          const from = String(r['state']) as ExchangeState;
          return { id: String(r['id']), from, to: nextState(from, 'supersede')!, note: 'superseded', detail: `recovered without bytes or answer: version ${String(r['version'])} (exchange ${String(r['new_id'])}) takes its place` };
        }), { actor: 'recovery' });
        for (const id of moved) replaced.add(id);
      });
    }
    return replaced;
  }
}
