import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** Users, sessions and actions of the ops page, the audit chain, and what its searches need. */
export class CreateOps1764000800000 implements MigrationInterface {
  readonly name = 'CreateOps1764000800000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, long, instant, flag] = [d.type('big'), d.type('int'), d.type('long'), d.type('instant'), d.type('flag')];
    const statements = [
      `create table ops_user (
         name ${text(40)} not null primary key, role_name ${text(20)} not null, password_hash ${text(200)}, must_change ${flag} not null default 1, disabled ${flag} not null default 0,
         failures ${int} not null default 0, locked_until ${instant}, created_at ${instant} not null, created_by ${text(80)} not null, last_login_at ${instant})`,
      // Of the token only its hash: who reads the ledger cannot take over a session.
      `create table ops_session (
         token_hash ${text(64)} not null primary key, id ${text(36)} not null, user_name ${text(40)} not null, sign_on ${text(10)} not null, address ${text(60)} not null, agent ${text(200)} not null,
         created_at ${instant} not null, seen_at ${instant} not null, ends_at ${instant} not null, ended_at ${instant})`,
      `create index ops_session_user on ops_session (user_name, ends_at)`,
      `create table ops_action (
         token ${text(36)} not null primary key, kind ${text(20)} not null, reason ${text(1000)}, by_user ${text(40)} not null, state ${text(12)} not null, plan_lines ${long} not null, result_lines ${long},
         created_at ${instant} not null, until_at ${instant} not null, claimed_until ${instant}, finished_at ${instant})`,
      // The instant is text here: the hash is over exactly these characters, and engines write instants differently.
      `create table audit_line (
         seq ${big} not null primary key, at ${text(24)} not null, actor ${text(80)} not null, origin ${text(8)} not null, address ${text(60)} not null, act ${text(60)} not null,
         subject ${text(200)} not null, outcome ${text(10)} not null, detail ${text(2000)} not null, previous_hash ${text(64)} not null, line_hash ${text(64)} not null)`,
      // One row: who appends holds it, so that the chain has one end however many processes write.
      `create table audit_head (name ${text(10)} not null primary key, seq ${big} not null, line_hash ${text(64)} not null)`,
      `insert into audit_head (name, seq, line_hash) values ('audit', 0, '${'0'.repeat(64)}')`,
      // Searches go from the newest backwards. States on the way are searched along the primary key, where they are the newest;
      // an index over them would cost each move of each exchange one entry more.
      `create index exchange_standing on exchange (state, id) where state in ('parked', 'refused', 'superseded', 'cancelled')`,
      `create index exchange_failure on exchange (failure_code, id) where failure_code is not null`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: the audit log is not taken back'));
  }
}
