import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What became of each returned file, and the receipts that say so. */
export class CreateReturns1764000500000 implements MigrationInterface {
  readonly name = 'CreateReturns1764000500000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, instant, long, flag] = [d.type('big'), d.type('int'), d.type('instant'), d.type('long'), d.type('flag')];
    // Who reads an entry: acknowledgements and returned files come in by different doors.
    await runner.query(`alter table inbox add kind ${text(20)} not null default 'acknowledgement'`);
    await runner.query(`create index inbox_kind_due on inbox (kind, state, due_at)`);
    // A file that is judged again gets a further row; the earlier ones stay with the receipts they were answered with.
    await runner.query(`create table return_file (
      id ${d.identity}, channel ${text(20)} not null, inbox_id ${big} not null, judgement ${int} not null, source ${text(10)} not null, file_name ${text(200)} not null,
      kind ${text(12)}, file_id ${text(80)}, issue ${int}, day ${text(10)}, size ${int} not null, sha256 ${text(64)} not null, record_count ${int},
      outcome ${text(40)} not null, taken ${flag} not null, faults ${long} not null, figures ${text(400)}, judged_at ${instant} not null, is_current ${flag} not null default 1,
      receipt_name ${text(200)} not null, receipt_due_at ${instant}, receipt_attempts ${int} not null default 0, receipt_written_at ${instant}, receipt_failure ${text(1000)},
      constraint return_file_once unique (inbox_id, judgement))`);
    // However it came, one issue of a file is taken once.
    await runner.query(`create unique index return_file_taken on return_file (channel, file_id, issue) where taken = 1 and is_current = 1`);
    await runner.query(`create index return_file_day on return_file (day, channel)`);
    await runner.query(`create index return_file_name on return_file (channel, file_name)`);
    await runner.query(`create index return_file_receipt on return_file (receipt_due_at) where receipt_due_at is not null`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: what became of returned files is not taken back'));
  }
}
