import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What comparing the bureau with the ledger came to. */
export class CreateCompleteness1764000200000 implements MigrationInterface {
  readonly name = 'CreateCompleteness1764000200000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [int, long, instant] = [d.type('int'), d.type('long'), d.type('instant')];
    await runner.query(`create table completeness_run (
      id ${text(40)} not null primary key, stream ${text(80)} not null, kind ${text(10)} not null, caused_by ${text(80)} not null,
      started_at ${instant} not null, ended_at ${instant}, outcome ${text(20)}, figures ${long})`);
    await runner.query(`create index completeness_run_stream on completeness_run (stream, started_at)`);
    await runner.query(`create table completeness_finding (
      run_id ${text(40)} not null, case_no ${text(60)} not null, reason ${text(40)} not null, detail ${text(400)}, primary key (run_id, case_no))`);
    // What a bucket of case numbers looked like on both sides when all its cases were last found equal.
    await runner.query(`create table completeness_bucket (
      stream ${text(80)} not null, bucket ${text(60)} not null, cases ${int} not null, bureau_digest ${text(64)} not null, ledger_digest ${text(64)} not null,
      verified_at ${instant} not null, primary key (stream, bucket))`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: what was compared is not taken back'));
  }
}
