import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL puts values of two kilobytes and more aside, in pieces with an index of their own, which costs a fifth of writing
 * them. What fits into a page stays in the row from now on; a manifest, which does not, is put aside as it is.
 */
export class KeepValuesInRow1764002700000 implements MigrationInterface {
  readonly name = 'KeepValuesInRow1764002700000';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.connection.options.type === 'mssql') return;
    for (const table of ['case_snapshot', 'message']) await runner.query(`alter table ${table} set (toast_tuple_target = 8160)`);
    await runner.query(`alter table manifest alter column content set storage external`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
