import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** Cards and queries of the supervising side, and how its judgement of a case differs from ours. */
export class AddOpinions1764001700000 implements MigrationInterface {
  readonly name = 'AddOpinions1764001700000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, instant, long, flag] = [d.type('big'), d.type('int'), d.type('instant'), d.type('long'), d.type('flag')];
    const origin = `id ${d.identity}, channel ${text(20)} not null, inbox_id ${big} not null, file_id ${text(80)} not null, issue ${int} not null, their_no ${text(40)} not null, case_no ${text(60)} not null, received_at ${instant} not null, is_current ${flag} not null`;
    // Every file's word is a row of its own; what a later one says otherwise ends the earlier row and stays beside it.
    await runner.query(`create table supervision_opinion (
      ${origin}, subject ${text(12)} not null, clock_object ${text(16)} not null, sequence ${text(60)} not null, result ${text(8)} not null, state ${text(12)} not null, rule_code ${text(40)},
      committed ${int}, statutory ${int}, used ${int}, starts_at ${instant}, judged_at ${instant} not null, appeal ${text(12)}, department ${text(200)}, opinion_text ${text(2000)})`);
    await runner.query(`create index supervision_opinion_case on supervision_opinion (case_no, channel)`);
    await runner.query(`create index supervision_opinion_number on supervision_opinion (channel, their_no)`);
    await runner.query(`create index supervision_opinion_file on supervision_opinion (channel, file_id)`);
    await runner.query(`create table supervision_query (
      ${origin}, query_text ${text(2000)} not null, organisation ${text(200)}, department ${text(200)}, item_kind ${text(10)}, rule_code ${text(40)}, result ${text(8)},
      asked_at ${instant} not null, state_at ${instant}, answer_by ${instant}, outcome ${text(2000)}, reply ${text(2000)}, replied_by ${text(80)}, replied_at ${instant})`);
    await runner.query(`create index supervision_query_case on supervision_query (case_no, channel)`);
    await runner.query(`create index supervision_query_number on supervision_query (channel, their_no)`);
    await runner.query(`create index supervision_query_file on supervision_query (channel, file_id)`);
    await runner.query(`create table supervision_comparison (
      channel ${text(20)} not null, case_no ${text(60)} not null, body ${text(20)} not null, due ${flag} not null, differences ${long} not null, difference_count ${int} not null, compared_at ${instant},
      primary key (channel, case_no))`);
    await runner.query(`create index supervision_comparison_due on supervision_comparison (due)`);
    await runner.query(`create index supervision_comparison_open on supervision_comparison (difference_count, compared_at)`);
    await runner.query(`insert into supervision_position (name, position, position_version) values ('reports', 0, 0)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: what the supervising side said is not taken back'));
  }
}
