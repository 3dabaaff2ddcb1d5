import type { Day, MessageBalance } from '../domain/reconciliation-records.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { sql } from '../platform/database/sql.js';

/** Sent against accepted. Writes nothing. */
export class MessageBalanceStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** By the manifest that put them on the staging machine, in the day of Asia/Shanghai; sent = accepted + refused + unanswered. */
  async ofDay(day: Day, runner: Runner = this.database): Promise<MessageBalance[]> {
    const at = (ms: number): unknown => this.database.dialect.value('instant', new Date(ms).toISOString());
    const startMs = Date.parse(`${day}T00:00:00+08:00`);
    const { rows } = await runner.run(sql`select e.channel, e.event, count(*) as sent, sum(case when e.state = 'accepted' then 1 else 0 end) as accepted, sum(case when e.state = 'refused' then 1 else 0 end) as refused
      from manifest m join exchange e on e.channel = m.channel and e.manifest_seq = m.seq where m.staged_at >= ${at(startMs)} and m.staged_at < ${at(startMs + 86_400_000)} group by e.channel, e.event order by e.channel, e.event`);
    return rows.map((r) => {
      const [sent, accepted, refused] = [Number(r['sent']), Number(r['accepted']), Number(r['refused'])];
      return { channel: String(r['channel']), event: String(r['event']), sent, accepted, refused, unanswered: sent - accepted - refused };
    });
  }
}
