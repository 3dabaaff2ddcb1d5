import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL puts values of two kilobytes and more aside, in pieces with an index of their own, which costs a fifth of writing
 * them. A snapshot that fits into a page stays in its row from now on; messages do not, whose sizes are read far more often than
 * their bytes. A manifest is put aside as it is, not compressed.
 */
export class KeepValuesInRow1764002700000 implements MigrationInterface {
  readonly name = 'KeepValuesInRow1764002700000';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.connection.options.type === 'mssql') return;
    await runner.query(`alter table case_snapshot set (toast_tuple_target = 8160)`);
    await runner.query(`alter table manifest alter column content set storage external`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
