import type { MigrationInterface, QueryRunner } from 'typeorm';
import { mssqlDialect } from '../../platform/database/mssql-dialect.adapter.js';
import { postgresDialect } from '../../platform/database/postgres-dialect.adapter.js';

/**
 * Match lines without a number of their own: what is settled by SQL alone comes by the million, and of its cost half was keeping
 * indexes. Two unique ones stay, which make an item be in one live match at the most; all others leave such lines out.
 */
export class NarrowMatchLine1764002300000 implements MigrationInterface {
  readonly name = 'NarrowMatchLine1764002300000';

  async up(runner: QueryRunner): Promise<void> {
    const d = runner.connection.options.type === 'mssql' ? mssqlDialect : postgresDialect;
    const text = (n: number): string => d.type('text', n);
    const [big, instant, flag] = [d.type('big'), d.type('instant'), d.type('flag')];
    const columns = ['match_no', 'expected_id', 'returned_id', 'rule_name', 'outcome', 'statement_day', 'run_id', 'matched_at', 'payer_amount', 'part', 'pinned', 'resolution_id', 'live', 'undone_at', 'undone_day', 'undone_by', 'undone_why'].join(', ');
    // A line of several says which of them it is; one that stands alone says 0.
    const table = (name: string): string => `create table ${name} (
      match_no ${big} not null, expected_id ${big}, returned_id ${big}, rule_name ${text(40)} not null, outcome ${text(10)} not null, statement_day ${text(10)} not null, run_id ${big} not null, matched_at ${instant} not null,
      payer_amount ${text(60)}, part ${flag} not null default 0, pinned ${flag} not null default 0, resolution_id ${big}, live ${flag} not null default 1, undone_at ${instant}, undone_day ${text(10)}, undone_by ${text(80)}, undone_why ${text(60)})`;

    // Who follows matches follows new items, which hold all that SQL settles, and the numbers of all other matches. It goes on where it was.
    await runner.query(`insert into reconciliation_position (name, position, position_version) select 'clearance-items', coalesce(
      (select min(r.from_position) from reconciliation_run r join match_line m on m.run_id = r.id join reconciliation_position c on c.name = 'clearance-matches' where m.match_no < 0 and m.id > c.position),
      (select p.position from reconciliation_position p where p.name = 'matches')), 0`);
    await runner.query(`update reconciliation_position set position = coalesce(
      (select min(m.match_no) - 1 from match_line m where m.match_no > 0 and m.id > reconciliation_position.position), (select c.value from counter c where c.name = 'match')) where name = 'clearance-matches'`);

    await runner.query(table('match_line_kept'));
    await runner.query(`insert into match_line_kept (${columns}) select ${columns.replace(' part,', ' case when part = 1 then row_number() over (partition by match_no order by id) else 0 end,')} from match_line`);
    await runner.query(`drop table match_line`);
    await runner.query(table('match_line'));
    await runner.query(`insert into match_line (${columns}) select ${columns} from match_line_kept`);
    await runner.query(`drop table match_line_kept`);
    await runner.query(`create unique index match_line_expected on match_line (expected_id) where expected_id is not null and live = 1`);
    await runner.query(`create unique index match_line_returned on match_line (returned_id) where returned_id is not null and live = 1`);
    await runner.query(`create index match_line_number on match_line (match_no) where match_no > 0`);
    await runner.query(`create index match_line_undone_expected on match_line (expected_id) where live = 0 and expected_id is not null`);
    await runner.query(`create index match_line_undone_returned on match_line (returned_id) where live = 0 and returned_id is not null`);
    await runner.query(`create index match_line_payer on match_line (payer_amount) where live = 1 and payer_amount is not null`);
    await runner.query(d.coarseIndex('match_line_day', 'match_line', 'statement_day'));
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the ledger is evidence: its matches are not rewritten back'));
  }
}
