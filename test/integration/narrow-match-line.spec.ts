import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ClearanceRecordStore } from '../../src/ledger/clearance-record.store.js';
import { ledgerMigrations } from '../../src/ledger/migrations/ledger.migration.js';
import { NarrowMatchLine1764002300000 } from '../../src/ledger/migrations/narrow-match-line.migration.js';
import { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

let url: string;
beforeAll(async () => {
  url = await freshDatabase('narrow');
});
afterAll(stopPostgres);

it('carries a ledger of before over: every line, which part of its match it is, and how far clearance has followed', async () => {
  const before = await DatabaseAdapter.open({ engine: 'postgres', url, poolSize: 2, applicationName: 'test' }, { migrations: ledgerMigrations.filter((m) => m !== NarrowMatchLine1764002300000) });
  await before.source.runMigrations();
  const rows = [
    // match_no, expected, returned, part, live, run: two lines of SQL's own, a match of three, one taken apart and its successor.
    '(-11, 1, 11, 0, 1, 1)', '(2, 2, 12, 1, 1, 1)', '(2, 3, null, 1, 1, 1)', '(2, 4, null, 1, 1, 1)', '(3, 5, 13, 0, 0, 1)', '(-14, 6, 14, 0, 1, 4)', '(5, 5, 15, 0, 1, 4)',
  ];
  await before.run(raw(`insert into match_line (match_no, expected_id, returned_id, part, live, run_id, rule_name, outcome, statement_day, matched_at) select x.*, 'payment-code', 'matched', '2026-11-20', now() from (values ${rows.join(', ')}) x (match_no, expected_id, returned_id, part, live, run_id)`));
  for (const [id, from, to] of [[1, 0, 13], [4, 13, 15]]) await before.run(raw(`insert into reconciliation_run (id, started_at, from_position, to_position) values (${id}, now(), ${from}, ${to})`));
  await before.run(raw(`update reconciliation_position set position = 15 where name = 'matches'`));
  await before.run(raw(`update reconciliation_position set position = 5 where name = 'clearance-matches'`));
  await before.run(raw(`update counter set value = 5 where name = 'match'`));
  await before.run(raw(`insert into charge (id, stream, case_no, charge_no, version, fee_item_code, fee_item_name, amount_fen, exempt, tax_kinds, tariff_facts, digest, day, statement_day, snapshot_id, recorded_at)
    select i, 'case', 'C' || i, '1', 1, 'x', 'x', 1, 0, '', '{}', '', '2026-11-20', '2026-11-20', 0, now() from generate_series(1, 6) g(i)`));
  await before.close();

  const db = await openPostgres(url, true);
  try {
    expect((await db.run(raw('select match_no, part, expected_id, returned_id, live from match_line order by match_no, part'))).rows.map((r) => Object.values(r).map((v) => (v === null ? '-' : String(v as string))).join(' '))).toEqual(
      ['-14 0 6 14 1', '-11 0 1 11 1', '2 1 2 12 1', '2 2 3 - 1', '2 3 4 - 1', '3 0 5 13 0', '5 0 5 15 1']);
    await expect(db.run(raw(`insert into match_line (match_no, returned_id, rule_name, outcome, statement_day, run_id, matched_at) values (9, 12, 'x', 'matched', '2026-11-20', 9, now())`))).rejects.toThrow(/match_line_returned/);
    await expect(db.run(raw(`insert into match_line (match_no, expected_id, rule_name, outcome, statement_day, run_id, matched_at) values (9, 6, 'x', 'matched', '2026-11-20', 9, now())`))).rejects.toThrow(/match_line_expected/);
    // What was not followed then is followed now, and nothing of what was.
    expect(await new ClearanceRecordStore(db, new SystemClock()).follow()).toBe(false);
    expect((await db.run(raw('select case_no from clearance_mark order by case_no'))).rows).toEqual([{ case_no: 'C5' }, { case_no: 'C6' }]);
    expect((await db.run(raw(`select name, position from reconciliation_position where name like 'clearance-%' order by name`))).rows).toEqual([
      { name: 'clearance-differences', position: '0' }, { name: 'clearance-items', position: '15' }, { name: 'clearance-matches', position: '5' }]);
  } finally {
    await db.close();
  }
});
