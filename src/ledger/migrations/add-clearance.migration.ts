import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What was said of each case's fees and taxes, change by change; what of it the bureau has; statements owed to the center. */
export class AddClearance1764001810000 implements MigrationInterface {
  readonly name = 'AddClearance1764001810000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [int, long, instant, flag] = [d.type('int'), d.type('long'), d.type('instant'), d.type('flag')];
    // How far matches and differences were followed; identity numbers, read under the lock of matching.
    await runner.query(`insert into reconciliation_position (name, position, position_version) values ('clearance-matches', 0, 0)`);
    await runner.query(`insert into reconciliation_position (name, position, position_version) values ('clearance-differences', 0, 0)`);
    await runner.query(`create table clearance_mark (id ${d.identity}, case_no ${text(60)} not null)`);
    await runner.query(`create table clearance (
      id ${d.identity}, case_no ${text(60)} not null, return_no ${int} not null, state ${text(20)} not null, cleared ${flag} not null, detail ${long} not null, digest ${text(64)} not null, decided_at ${instant} not null,
      is_current ${flag} not null default 1, given_before ${flag} not null, due_at ${instant} not null, attempts ${int} not null default 0, failure ${text(400)}, written_at ${instant}, written_no ${int},
      constraint clearance_once unique (case_no, return_no))`);
    await runner.query(`create unique index clearance_current on clearance (case_no) where is_current = 1`);
    await runner.query(`create index clearance_owed on clearance (id) where written_at is null`);
    await runner.query(`create index clearance_owed_case on clearance (case_no, id) where written_at is null`);
    await runner.query(`create index clearance_contradicted on clearance (id) where is_current = 1 and given_before = 1 and cleared = 0`);
    // An item that was taken apart is looked up by either side.
    await runner.query(`create index match_line_undone_returned on match_line (returned_id) where live = 0 and returned_id is not null`);
    await runner.query(`create index difference_first on difference (first_day, id) where is_open = 1`);
    await runner.query(`create table statement_file (
      id ${d.identity}, channel ${text(20)} not null, day ${text(10)} not null, file_name ${text(200)} not null, sha256 ${text(64)}, due_at ${instant} not null, attempts ${int} not null default 0, failure ${text(400)}, written_at ${instant},
      constraint statement_file_once unique (channel, day))`);
    await runner.query(`create index statement_file_owed on statement_file (id) where written_at is null`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: what was said of cases is not taken back'));
  }
}
