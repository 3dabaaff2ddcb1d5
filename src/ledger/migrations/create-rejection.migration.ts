import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/** Requests that were turned away at the door, without their content. */
export class CreateRejection1764000600000 implements MigrationInterface {
  readonly name = 'CreateRejection1764000600000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, int, instant] = [d.type('big'), d.type('int'), d.type('instant')];
    await runner.query(`create table rejection (
      id ${text(36)} not null primary key, at ${instant} not null, channel ${text(20)}, remote ${text(100)} not null, reason ${text(20)} not null,
      size ${big}, sha256 ${text(64)}, further ${int} not null default 0)`);
    await runner.query(`create index rejection_at on rejection (at)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: what was turned away is not taken back'));
  }
}
