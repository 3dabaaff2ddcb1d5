import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far the charges outside the tariff were followed for cards. */
export class AddBreaches1764001900000 implements MigrationInterface {
  readonly name = 'AddBreaches1764001900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`insert into supervision_position (name, position, position_version) values ('breaches', 0, 0)`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }
}
