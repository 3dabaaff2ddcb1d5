import type { Instant } from '../domain/vocabulary.js';
import type { CalendarTable } from '../domain/working-calendar.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { overlayLocalDays, type LocalDay, type LocalDayKind } from './overlay-local-days.js';

/** One decision about one day; later ones go over it. */
export interface LocalDayChange extends LocalDay {
  readonly id: string;
  readonly at: Instant;
  readonly by: string;
}

/** Local days that people decide while the gateway runs. Lines are added and never changed: the newest of a day counts. */
export class LocalDayStore {
  private known: { readonly upTo: string; readonly table: CalendarTable } | undefined;

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly file: CalendarTable,
  ) {}

  /** The calendar in force at this moment, the same object as long as nothing was decided anew. One look at a primary key. */
  async inForce(): Promise<CalendarTable> {
    const { rows } = await this.database.run(sql`select coalesce(max(id), 0) as up_to from local_day_change`);
    const upTo = String(rows[0]!['up_to']);
    if (this.known?.upTo !== upTo) this.known = { upTo, table: overlayLocalDays(this.file, await this.decided()) };
    return this.known.table;
  }

  /** What holds of each day that somebody decided on. */
  async decided(): Promise<LocalDayChange[]> {
    const { rows } = await this.database.run(sql`select * from local_day_change c where id = (select max(d.id) from local_day_change d where d.day_text = c.day_text) order by day_text`);
    return rows.map(change);
  }

  async decide(runner: Runner, days: readonly string[], kind: LocalDayKind, reason: string, by: string): Promise<void> {
    const at = this.clock.iso();
    await this.database.dialect.insertMany(
      runner, 'local_day_change', [{ name: 'day_text', kind: 'text' }, { name: 'kind', kind: 'text' }, { name: 'reason', kind: 'text' }, { name: 'at', kind: 'instant' }, { name: 'by_actor', kind: 'text' }],
      days.map((day) => [day, kind, reason, at, by.slice(0, 80)]),
    );
  }

  /** All decisions, newest first. */
  async history(limit: number): Promise<LocalDayChange[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from local_day_change order by id desc ${raw(top.suffix)}`);
    return rows.map(change);
  }
}

function change(r: Record<string, unknown>): LocalDayChange {
  return { id: String(r['id']), day: String(r['day_text']), kind: String(r['kind']) as LocalDayKind, reason: String(r['reason']), at: instantText(r['at']), by: String(r['by_actor']) };
}
