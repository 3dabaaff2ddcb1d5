import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What searches by item and applicant, actions in parts, orders for a second person and the memory of failures need. */
export class AddOpsActions1764001200000 implements MigrationInterface {
  readonly name = 'AddOpsActions1764001200000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [int, long, instant] = [d.type('int'), d.type('long'), d.type('instant')];
    // Beginnings of names are looked for by code, whatever order the database was made with.
    const byCode = d.engine === 'postgres' ? 'collate "C"' : '';
    const statements = [
      `alter table exchange add item ${text(60)}`,
      `create index exchange_item on exchange (item, id)`,
      // What names a person in a case: as it stood in any snapshot, without spaces. Goes when the contents of the case go.
      `create table case_person (
         term ${text(100)} ${byCode} not null, stream ${text(80)} not null, case_no ${text(60)} not null, primary key (term, stream, case_no))`,
      `create index case_person_case on case_person (stream, case_no)`,
      // Held ones wait for a person like the others.
      d.engine === 'postgres' ? `drop index exchange_standing` : `drop index exchange_standing on exchange`,
      `create index exchange_standing on exchange (state, id) where state in ('parked', 'refused', 'held', 'superseded', 'cancelled')`,
      `alter table ops_action add facts ${long}`,
      `alter table ops_action add tries ${int} not null default 0`,
      `create table ops_action_part (
         token ${text(36)} not null, part ${int} not null, done_count ${int} not null, not_done_count ${int} not null, result_lines ${long} not null, primary key (token, part))`,
      `create index ops_action_state on ops_action (state, claimed_until)`,
      `create table ops_order (
         id ${text(36)} not null primary key, kind ${text(20)} not null, subject ${text(200)} not null, facts ${long} not null, reason ${text(1000)}, ordered_by ${text(40)} not null, ordered_at ${instant} not null,
         until_at ${instant} not null, state ${text(12)} not null, decided_by ${text(40)}, decided_at ${instant}, note ${text(1000)})`,
      `create index ops_order_state on ops_order (state, ordered_at)`,
      `create table failure_group (
         cause_key ${text(32)} not null primary key, cause ${long} not null, seen_first_at ${instant} not null, first_at ${instant} not null, last_at ${instant} not null, example ${d.type('big')} not null,
         most ${int} not null, reopened ${int} not null default 0, reopened_at ${instant}, closed_at ${instant})`,
      `create index failure_group_closed on failure_group (closed_at)`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its orders are not taken back'));
  }
}
