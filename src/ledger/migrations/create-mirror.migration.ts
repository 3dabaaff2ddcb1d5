import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** What the mirror of the staging machines found, and the packages that are carried by hand. */
export class CreateMirror1764000100000 implements MigrationInterface {
  readonly name = 'CreateMirror1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, instant] = [d.type('big'), d.type('int'), d.type('instant')];
    // A finding that went and comes again is the same row: place and kind name it, `times` counts its coming.
    await runner.query(`create table mirror_finding (
      id ${d.identity}, channel ${text(20)} not null, directory ${text(100)} not null, name ${text(260)} not null, kind ${text(20)} not null,
      exchange_id ${big}, manifest_seq ${big}, size ${big}, sha256 ${text(64)}, detail ${text(1000)} not null,
      first_seen ${instant} not null, last_seen ${instant} not null, gone_at ${instant}, times ${int} not null default 1,
      constraint mirror_finding_once unique (channel, directory, name, kind))`);
    await runner.query(`create table mirror_look (
      channel ${text(20)} not null, directory ${text(100)} not null, looked_at ${instant} not null, files ${int} not null,
      failure_code ${text(60)}, failure_detail ${text(1000)}, primary key (channel, directory))`);
    await runner.query(`create table hand_over (
      id ${text(60)} not null primary key, channel ${text(20)} not null, state ${text(12)} not null, created_at ${instant} not null, created_by ${text(80)} not null,
      written_at ${instant}, closed_at ${instant}, closed_by ${text(80)})`);
    // A manifest that belongs to a package; when the package is taken back the gateway puts its files there itself.
    await runner.query(`alter table manifest add package_id ${text(60)}`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
