import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { WorkingSet } from '../../src/domain/reconciliation-outcomes.js';
import { MatchStore, type MatchOptions } from '../../src/ledger/match.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import { raw } from '../../src/platform/database/sql.js';
import { matchRecords } from '../../src/reconciliation/match-records.js';
import { anyFacts, standards, tell } from '../support/reconciliation-facts.js';
import { clearFacts, insertFacts, renumber, standingOutcome } from '../support/reconciliation-ledger.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const now = '2026-11-21T04:00:00.000Z';
class FixedClock extends Clock {
  now(): Date {
    return new Date(now);
  }
}
const options: MatchOptions = { rules: standards.rules, settle: matchRecords, batchItems: 1_000_000, pageItems: 3 };

describe('matching in the ledger', () => {
  let db: DatabaseAdapter;
  let store: MatchStore;
  beforeAll(async () => {
    db = await openPostgres(await freshDatabase('matching'), true);
    store = new MatchStore(db, new FixedClock());
  });
  afterAll(async () => {
    await db.close();
    await stopPostgres();
  });

  const arrive = async (facts: WorkingSet, cuts: readonly number[], order: readonly number[], more: Partial<MatchOptions>): Promise<string[]> => {
    await clearFacts(db);
    const all = [...facts.charges, ...facts.expectations, ...facts.fees, ...facts.taxes];
    const shuffled = all.map((x, i) => ({ x, k: order[i % order.length]! * 7919 + i * order[0]! })).sort((a, b) => (a.k % 101) - (b.k % 101)).map(({ x }) => x);
    // A version of a charge never arrives before the one it replaces.
    const ordered = shuffled.sort((a, b) => ('version' in a && 'version' in b && a.caseNo === b.caseNo && a.chargeNo === b.chargeNo ? a.version - b.version : 0));
    const ids = new Map<string, string>();
    const bounds = [...new Set([0, ...cuts.map((c) => c % (ordered.length + 1)), ordered.length])].sort((a, b) => a - b);
    for (let i = 1; i < bounds.length; i++) {
      for (const [k, v] of await insertFacts(db, ordered.slice(bounds[i - 1], bounds[i]), facts)) ids.set(k, v);
      await store.run({ ...options, ...more });
    }
    const set = renumber(facts, ids);
    const held = await standingOutcome(db, set);
    expect(held).toEqual(tell(matchRecords(set, { rules: standards.rules, today: '2026-11-21', firstOpenDay: '' }), set));
    return held;
  };

  it('gives what the engine gives over everything at once, however the facts arrive, by SQL or not', async () => {
    await fc.assert(
      fc.asyncProperty(anyFacts, fc.array(fc.nat(20), { maxLength: 4 }), fc.array(fc.nat(100), { minLength: 5, maxLength: 5 }), async (facts, cuts, order) => {
        const bySql = await arrive(facts, cuts, order, {});
        const byEngine = await arrive(facts, cuts, [...order].reverse(), { exact: false });
        expect(byEngine).toEqual(bySql);
        // Looking again at everything changes nothing and writes nothing.
        const before = (await db.run(raw('select (select count(*) from match_line) as lines, (select count(*) from difference) as differences'))).rows;
        await db.run(raw(`update reconciliation_position set position = 0 where name = 'matches'`));
        await store.run({ ...options, exact: false });
        expect((await db.run(raw('select (select count(*) from match_line) as lines, (select count(*) from difference) as differences'))).rows).toEqual(before);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 25), interruptAfterTimeLimit: Number(process.env['LIMIT'] ?? 20_000) },
    );
  }, 400_000);
});
