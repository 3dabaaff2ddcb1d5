import type { ControlTotals, Day } from '../domain/reconciliation-records.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { compareDayFiles, type DayFileStanding } from './compare-day-files.js';
import { returnFile, type ReturnFile } from './return-file-row.js';
import { controlTotals } from './returned-record-row.js';

/** The returned files of an accounting day beside its control file. */
export interface ReturnedDay {
  readonly channel: ChannelName;
  readonly day: Day;
  readonly control: ControlTotals | undefined;
  readonly files: readonly DayFileStanding[];
}

/** What became of returned files, to be looked at. Writes nothing. */
export class ReturnViewStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** The newest judgements, newest first. */
  async latest(channel: ChannelName, limit: number): Promise<ReturnFile[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from return_file where channel = ${channel} and is_current = 1 order by id desc ${raw(top.suffix)}`);
    return rows.map(returnFile);
  }

  /** The current judgement of an inbox entry. */
  async byInbox(inboxId: string): Promise<ReturnFile | undefined> {
    const { rows } = await this.database.run(sql`select * from return_file where inbox_id = ${inboxId} and is_current = 1`);
    return rows[0] && returnFile(rows[0]);
  }

  /** Files judged since then that somebody has to see to: refused and not mended since, or otherwise than the control file says. */
  async unmended(channel: ChannelName, since: Instant): Promise<ReturnFile[]> {
    const { rows } = await this.database.run(sql`select * from return_file r where r.channel = ${channel} and r.is_current = 1 and r.judged_at >= ${this.database.dialect.value('instant', since)}
      and (r.taken = 0 or r.outcome = 'differs-from-control') and not exists (
        select 1 from return_file t where t.channel = r.channel and t.is_current = 1 and t.taken = 1 and t.id > r.id and (t.file_name = r.file_name or (t.file_id = r.file_id and t.issue >= r.issue)))
      order by r.id`);
    return rows.map(returnFile);
  }

  /** Receipts that have been owed since before then. */
  async receiptsOwed(channel: ChannelName, before: Instant): Promise<ReturnFile[]> {
    const { rows } = await this.database.run(sql`select * from return_file where channel = ${channel} and receipt_due_at is not null and receipt_written_at is null and judged_at < ${this.database.dialect.value('instant', before)} order by id`);
    return rows.map(returnFile);
  }

  async day(channel: ChannelName, day: Day): Promise<ReturnedDay> {
    const top = this.database.dialect.top(1);
    const found = await this.database.run(sql`select ${raw(top.prefix)} * from control_total where channel = ${channel} and day = ${day} order by issue desc ${raw(top.suffix)}`);
    const control = found.rows[0] && controlTotals(found.rows[0]);
    const { rows } = await this.database.run(sql`select * from return_file where channel = ${channel} and day = ${day} and is_current = 1 order by id`);
    return { channel, day, control, files: compareDayFiles(control?.files ?? [], rows.map(returnFile)) };
  }
}
