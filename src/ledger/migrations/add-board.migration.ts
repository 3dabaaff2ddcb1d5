import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { CaseFacts } from '../../domain/supervision-facts.js';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

const batch = 500;

/** When each case ended, for months and streaks; ways into the open cases by light, by place and by what is due first. */
export class AddBoard1764001100000 implements MigrationInterface {
  readonly name = 'AddBoard1764001100000';

  async up(runner: QueryRunner): Promise<void> {
    const mssql = runner.connection.options.type === 'mssql';
    const d = mssql ? mssqlDialect : postgresDialect;
    await runner.query(`alter table clock_state add ended_at ${d.type('instant')}`);
    // Nothing reads by light and due moment alone.
    await runner.query(mssql ? `drop index clock_state_light on clock_state` : `drop index clock_state_light`);
    await runner.query(`create index clock_state_place on clock_state (body, section, item_code, office, light) where light <> 'none'`);
    await runner.query(`create index clock_state_due on clock_state (body, due_at, id) where light <> 'none'`);
    await runner.query(`create index clock_state_ended on clock_state (body, ended_at) where ended_at is not null`);
    await runner.query(`create index clock_state_fault on clock_state (body) where fault_code is not null`);
    await runner.query(`create index card_case on card (case_no)`);
    await this.fill(runner, mssql);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its migrations are not taken back'));
  }

  /** What ended before this column was there ended when its facts say. */
  private async fill(runner: QueryRunner, mssql: boolean): Promise<void> {
    for (let after = '0'; ; ) {
      const [top, limit] = mssql ? [`top (${batch})`, ''] : ['', `limit ${batch}`];
      const rows = (await runner.query(`select ${top} id, facts from clock_state where id > ${after} and clock_state = 'closed' order by id ${limit}`)) as { id: string; facts: string }[];
      for (const row of rows) {
        const facts = JSON.parse(row.facts) as CaseFacts;
        const ended = facts.withdrawnAt !== undefined ? earlier(facts.withdrawnAt, facts.closedAt) : (facts.closedAt ?? facts.refusedAt ?? facts.removedAt);
        // An instant of our own facts: digits, hyphens, colons, T and Z only.
        if (ended !== undefined && /^[\d:TZ.-]{20,24}$/.test(ended)) await runner.query(`update clock_state set ended_at = '${ended}' where id = ${BigInt(row.id)}`);
      }
      if (rows.length < batch) return;
      after = String(BigInt(rows.at(-1)!.id));
    }
  }
}

const earlier = (a: string, b: string | undefined): string => (b !== undefined && b < a ? b : a);
