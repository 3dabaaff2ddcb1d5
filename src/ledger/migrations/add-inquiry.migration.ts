import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What the inquiry finds cases by, follows the snapshots with, and counts tries in. All of it can be made anew from the snapshots. */
export class AddInquiry1764001800000 implements MigrationInterface {
  readonly name = 'AddInquiry1764001800000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, instant] = [d.type('big'), d.type('int'), d.type('instant')];
    const prefix = d.engine === 'postgres' ? ' varchar_pattern_ops' : '';
    const statements = [
      `create table inquiry_position (name ${text(20)} not null primary key, position ${big} not null, position_version ${big} not null, stamp ${text(64)})`,
      `insert into inquiry_position (name, position, position_version) values ('cases', 0, 0)`,
      `create table inquiry_case (
         stream ${text(80)} not null, case_no ${text(60)} not null, snapshot_id ${big} not null, item_code ${text(60)}, item_name ${text(300)}, applicants ${text(300)} not null,
         applied_on ${text(10)}, granted_on ${text(10)}, certificate_on ${text(10)}, state ${text(12)} not null, primary key (stream, case_no))`,
      `create index inquiry_case_granted on inquiry_case (granted_on, item_code) where granted_on is not null`,
      `create index inquiry_case_certificate on inquiry_case (certificate_on, item_code) where certificate_on is not null`,
      // Found by the proof itself: a wrong proof and an unknown case are the same event, a row that is not there.
      `create table inquiry_proof (digest ${text(64)} not null, stream ${text(80)} not null, case_no ${text(60)} not null, kind ${text(10)} not null, primary key (digest, stream, case_no))`,
      `create index inquiry_proof_case on inquiry_proof (stream, case_no)`,
      `create table inquiry_name (stream ${text(80)} not null, case_no ${text(60)} not null, ordinal ${int} not null, search_name ${text(300)} not null, primary key (stream, case_no, ordinal))`,
      `create index inquiry_name_search on inquiry_name (search_name${prefix})`,
      // Neither addresses nor case numbers stand here, only their digests under the key.
      `create table inquiry_try (scope ${text(10)} not null, subject ${text(64)} not null, tries ${int} not null, began_at ${instant} not null, blocked_until ${instant}, primary key (scope, subject))`,
      `create index inquiry_try_began on inquiry_try (began_at)`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger only goes forward'));
  }
}
