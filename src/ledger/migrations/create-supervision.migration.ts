import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** Facts of cases as they became known, the clock of each case, cards and what became of them. */
export class CreateSupervision1764000700000 implements MigrationInterface {
  readonly name = 'CreateSupervision1764000700000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, long, instant, flag] = [d.type('big'), d.type('int'), d.type('long'), d.type('instant'), d.type('flag')];
    await runner.query(`create table supervision_position (name ${text(40)} not null primary key, position ${big} not null, position_version ${big} not null, stamp ${text(60)}, began_at ${instant})`);
    await runner.query(`insert into supervision_position (name, position, position_version) values ('facts', 0, 0)`);
    await runner.query(`insert into supervision_position (name, position, position_version) values ('recompute', 0, 0)`);
    // One row for each change of what is known; nothing is overwritten.
    await runner.query(`create table case_fact (
      id ${d.identity}, stream ${text(80)} not null, case_no ${text(60)} not null, digest ${text(64)} not null, facts ${long} not null, snapshot_id ${big} not null, known_at ${instant} not null)`);
    await runner.query(`create index case_fact_case on case_fact (stream, case_no)`);
    // Rows change with every crossing: room in each page keeps those updates beside the row.
    await runner.query(`create table clock_state (
      id ${d.identity}, stream ${text(80)} not null, case_no ${text(60)} not null, body ${text(20)} not null, item_code ${text(60)}, section ${text(60)}, office ${text(200)},
      facts ${long} not null, digest ${text(64)} not null, clock_state ${text(14)} not null, clock_level ${text(8)}, light ${text(6)} not null,
      used ${int}, remaining ${int}, due_at ${instant}, next_crossing_at ${instant}, outcome ${text(10)}, live ${flag} not null, gone ${flag} not null default 0, carded ${flag} not null default 0,
      fault_code ${text(60)}, computed_at ${instant} not null, constraint clock_state_once unique (stream, case_no, body)) ${d.engine === 'postgres' ? 'with (fillfactor = 80)' : ''}`);
    await runner.query(`create index clock_state_next on clock_state (next_crossing_at) where next_crossing_at is not null`);
    await runner.query(`create index clock_state_light on clock_state (body, light, due_at) where live = 1`);
    await runner.query(`create index case_head_removed on case_head (stream, case_no) where removed_at is not null`);
    await runner.query(`create table card (
      id ${d.identity}, stream ${text(80)} not null, case_no ${text(60)} not null, body ${text(20)} not null, clock_object ${text(16)} not null, sequence ${text(60)} not null, card_level ${text(8)} not null,
      item_code ${text(60)}, section ${text(60)}, office ${text(200)}, crossed_at ${instant} not null, issued_at ${instant} not null, limits ${text(200)} not null, used ${int} not null, evidence ${long} not null,
      state ${text(10)} not null, stands ${flag} not null default 1, examined_at ${instant}, examined_note ${text(1000)}, notified_at ${instant},
      constraint card_once unique (stream, case_no, body, clock_object, sequence, card_level))`);
    await runner.query(`create index card_state on card (state, issued_at)`);
    await runner.query(`create index card_unnotified on card (id) where notified_at is null`);
    await runner.query(`create table card_log (
      id ${d.identity}, card_id ${big} not null, at ${instant} not null, actor ${text(80)} not null, from_state ${text(10)}, to_state ${text(10)} not null, reason ${text(1000)} not null)`);
    await runner.query(`create index card_log_card on card_log (card_id)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its cards are not taken back'));
  }
}
