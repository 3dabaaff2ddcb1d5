import type { Day, MessageBalance } from '../domain/reconciliation-records.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { sql } from '../platform/database/sql.js';

function balanceOf(direction: 'out' | 'in', r: Record<string, unknown>): MessageBalance {
  const [sent, accepted, refused] = [Number(r['sent']), Number(r['accepted']), Number(r['refused'])];
  return { direction, channel: String(r['channel']), event: String(r['event']), sent, accepted, refused, unanswered: sent - accepted - refused };
}

/** Both ways: what was sent against what was accepted. Writes nothing. */
export class MessageBalanceStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** By the manifest that put them on the staging machine, in the day of Asia/Shanghai; sent = accepted + refused + unanswered. */
  async ofDay(day: Day, runner: Runner = this.database): Promise<MessageBalance[]> {
    const at = (ms: number): unknown => this.database.dialect.value('instant', new Date(ms).toISOString());
    const startMs = Date.parse(`${day}T00:00:00+08:00`);
    const { rows } = await runner.run(sql`select e.channel, e.event, count(*) as sent, sum(case when e.state = 'accepted' then 1 else 0 end) as accepted, sum(case when e.state = 'refused' then 1 else 0 end) as refused
      from manifest m join exchange e on e.channel = m.channel and e.manifest_seq = m.seq where m.staged_at >= ${at(startMs)} and m.staged_at < ${at(startMs + 86_400_000)} group by e.channel, e.event order by e.channel, e.event`);
    // The other way: what the center returned, by the day on which it was judged; a file without its receipt is unanswered.
    const back = await runner.run(sql`select channel, coalesce(kind, 'unknown') as event, count(*) as sent, sum(case when taken = 1 and receipt_written_at is not null then 1 else 0 end) as accepted,
      sum(case when taken = 0 and receipt_written_at is not null then 1 else 0 end) as refused
      from return_file where is_current = 1 and judged_at >= ${at(startMs)} and judged_at < ${at(startMs + 86_400_000)} group by channel, coalesce(kind, 'unknown') order by channel, coalesce(kind, 'unknown')`);
    return [...rows.map((r) => balanceOf('out', r)), ...back.rows.map((r) => balanceOf('in', r))];
  }
}
