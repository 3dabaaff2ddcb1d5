import type { ReconciliationRules, Tier } from '../domain/reconciliation-rules.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql, type Sql } from '../platform/database/sql.js';

export interface ExactWindow {
  /** Items after `from` up to `to` are new. */
  readonly from: string;
  readonly to: string;
  readonly firstOpenDay: string;
  readonly runId: string;
  readonly now: unknown;
}

/** The first tier, when it is of the kind that SQL alone can decide: one charge, one payment, one payment code. */
export function exactTier(rules: ReconciliationRules): Tier | undefined {
  const tier = rules.tiers[0];
  return tier?.key === 'payment-code' && tier.shape === 'one' && !tier.compare.includes('day') ? tier : undefined;
}

/**
 * Settles in three statements what has only one possible outcome: charges with nothing due, and charges and payments that alone
 * carry a payment code and agree. The engine would settle them the same; it gets everything else. Returns how many lines.
 */
export async function settleExact(runner: Runner, tier: Tier | undefined, w: ExactWindow): Promise<number> {
  // A line of SQL's own stands alone, so the item's id, negative, is number enough and needs no sorting.
  const none = await runner.run(sql`
    insert into match_line (match_no, expected_id, rule_name, outcome, statement_day, run_id, matched_at)
    select -c.id, c.id, 'nothing-due', 'resolved', case when c.statement_day < ${w.firstOpenDay} then ${w.firstOpenDay} else c.statement_day end, ${raw(w.runId)}, ${w.now}
    from charge c where c.id > ${w.from} and c.id <= ${w.to} and c.ended_at is null and c.version = 1 and (c.exempt = 1 or c.amount_fen = 0) and c.payment_code is null
      and not exists (select 1 from difference d where d.is_open = 1 and d.case_no is not null and d.case_no = c.case_no and d.item_kind = 'fee-record')`);
  if (!tier) return none.affected;
  // Grouped by code: one pair means one charge and one payment, and the sum is 1 only of a single pair that agrees. What is older than
  // the pair's newer side is looked up by index, so that a day costs a day; the planner sees that there is nothing older when all is new.
  const insert = (newer: Sql): Sql => sql`
    insert into match_line (match_no, expected_id, returned_id, rule_name, outcome, statement_day, run_id, matched_at)
    select -x.returned_id, x.expected_id, x.returned_id, ${raw(`'${tier.rule}'`)}, 'matched', case when x.statement_day < ${w.firstOpenDay} then ${w.firstOpenDay} else x.statement_day end, ${raw(w.runId)}, ${w.now}
    from (
      select min(c.id) as expected_id, min(r.id) as returned_id, min(r.serial) as serial, min(case when r.statement_day < c.statement_day then c.statement_day else r.statement_day end) as statement_day
      from fee_record r join charge c on c.payment_code = r.payment_code
      where ${newer}
        and not exists (select 1 from match_line m where m.live = 1 and m.expected_id is not null and m.expected_id = c.id)
        and not exists (select 1 from match_line m where m.live = 0 and m.expected_id is not null and m.expected_id = c.id)
        and not exists (select 1 from match_line m where m.live = 1 and m.returned_id is not null and m.returned_id > ${w.from} and m.returned_id = r.id)
      group by r.payment_code
      having sum(case when ${agrees(tier)} and c.ended_at is null and c.version = 1 and c.exempt = 0 and c.amount_fen > 0
        and r.status = 'paid' and r.superseded_at is null and r.version = 1 and r.line_count = 1 then 1 else 2 end) = 1) x
    where not exists (select 1 from fee_record o where o.original_serial is not null and o.original_serial = x.serial)
      and not exists (select 1 from fee_record o where o.version > 1 and o.serial = x.serial)`;
  const arrived = await runner.run(insert(sql`r.id > ${w.from} and r.id <= ${w.to} and c.id <= ${w.to}
        and not exists (select 1 from fee_record o where o.id <= ${w.from} and o.payment_code = r.payment_code)
        and not exists (select 1 from charge o where o.id <= ${w.from} and o.payment_code = r.payment_code and o.id <> c.id)`));
  const charged = await runner.run(insert(sql`c.id > ${w.from} and c.id <= ${w.to} and r.id <= ${w.from}
        and not exists (select 1 from fee_record o where o.id > ${w.from} and o.id <= ${w.to} and o.payment_code = c.payment_code)
        and not exists (select 1 from charge o where o.id <= ${w.from} and o.payment_code = c.payment_code)`));
  return none.affected + arrived.affected + charged.affected;
}

/** The tier's criteria in SQL; a side that says nothing does not speak against the other. */
function agrees(tier: Tier): Sql {
  const parts: Record<Tier['compare'][number], string> = {
    case: '(r.case_no is null or r.case_no = c.case_no)',
    code: 'r.payment_code = c.payment_code',
    item: 'r.fee_item_code = c.fee_item_code',
    payer: '(r.payer_key is null or c.payer_key is null or r.payer_key = c.payer_key)',
    amount: tier.toleranceFen === 0 ? 'r.amount_fen = c.amount_fen' : `abs(r.amount_fen - c.amount_fen) <= ${tier.toleranceFen}`,
    day: '1 = 1',
  };
  return raw(tier.compare.map((criterion) => parts[criterion]).join(' and '));
}
