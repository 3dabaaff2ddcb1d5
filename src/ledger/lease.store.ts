import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { sql } from '../platform/database/sql.js';
import type { Clock } from '../platform/clock.js';

/** Who may do what only one process does at a time. A holder that dies is replaced when its lease runs out. */
export class LeaseStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    readonly holder: string,
    private readonly lengthMs: number,
  ) {}

  /** Takes or prolongs the lease; false while another holder's has not run out. */
  async hold(name: string): Promise<boolean> {
    const now = this.value(this.clock.iso());
    const until = this.value(this.clock.after(this.lengthMs));
    const { affected } = await this.database.run(sql`update lease set until_at = ${until}, taken_at = case when holder = ${this.holder} then taken_at else ${now} end, holder = ${this.holder}
      where name = ${name} and (holder = ${this.holder} or until_at < ${now})`);
    if (affected === 1) return true;
    const inserted = await this.database.dialect.insertMany(
      this.database, 'lease',
      [{ name: 'name', kind: 'text' }, { name: 'holder', kind: 'text' }, { name: 'until_at', kind: 'instant' }, { name: 'taken_at', kind: 'instant' }],
      [[name, this.holder, this.clock.after(this.lengthMs), this.clock.iso()]], ['name'],
    );
    return inserted === 1;
  }

  /** Gives back every lease of this process, so that a clean stop costs nobody a wait. */
  async releaseAll(): Promise<void> {
    await this.database.run(sql`delete from lease where holder = ${this.holder}`);
  }

  async holders(): Promise<{ name: string; holder: string }[]> {
    const { rows } = await this.database.run(sql`select name, holder from lease where until_at >= ${this.value(this.clock.iso())} order by name`);
    return rows.map((r) => ({ name: String(r['name']), holder: String(r['holder']) }));
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}
