import type { CaseSnapshot } from '../domain/snapshot.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Cases as the ledger last saw them, for who looks at many. Writes nothing. */
export class SnapshotViewStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** Numbers of the newest snapshots of cases that were taken between two instants, the newest first. */
  async newestBetween(streams: readonly string[], from: Instant, to: Instant, limit: number): Promise<string[]> {
    const [first, end] = [await this.numberAt(from), await this.numberAt(to)];
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} s.id from case_snapshot s join case_head h on h.stream = s.stream and h.case_no = s.case_no and h.snapshot_id = s.id
      where s.id >= ${first} and s.id < ${end} and s.stream in (${list(streams)}) and h.removed_at is null order by s.id desc ${raw(top.suffix)}`);
    return rows.map((r) => String(r['id']));
  }

  /** Bodies in the order of their numbers, without those that were pruned. */
  async bodies(ids: readonly string[]): Promise<CaseSnapshot[]> {
    const { rows } = await this.database.run(sql`select id, stream, case_no, body from case_snapshot where id in (${list(ids)}) order by id desc`);
    return rows.flatMap((r) => (String(r['body']) === '' ? [] : [{ ...(JSON.parse(String(r['body'])) as Pick<CaseSnapshot, 'case' | 'children'>), stream: String(r['stream']), caseNo: String(r['case_no']) as CaseNo }]));
  }

  /** The first number that was taken at or after an instant: numbers ascend with the time, so some looks at the primary key find it. */
  private async numberAt(at: Instant): Promise<string> {
    const { rows } = await this.database.run(sql`select max(id) as last from case_snapshot`);
    let [low, high] = [0n, BigInt(String(rows[0]?.['last'] ?? '0')) + 1n];
    const top = this.database.dialect.top(1);
    while (low < high) {
      const middle = (low + high) / 2n;
      const found = await this.database.run(sql`select ${raw(top.prefix)} id, taken_at from case_snapshot where id >= ${String(middle)} order by id ${raw(top.suffix)}`);
      const r = found.rows[0];
      if (!r || Date.parse(instantText(r['taken_at'])) >= Date.parse(at)) high = middle;
      else low = BigInt(String(r['id'])) + 1n;
    }
    return String(low);
  }
}
