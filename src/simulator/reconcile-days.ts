import { writeYuan } from '../domain/money.js';
import { addDays, dayOf } from '../domain/reckon-days.js';
import type { ReconciliationParts } from '../ops/reconciliation/reconciliation-parts.adapter.js';
import type { ShownStatement } from '../reconciliation/statement.adapter.js';

const sum = (a: { count: number; fen: bigint }): string => `${a.count}/${writeYuan(a.fen)}`;

/** opening + new + reopened − matched − resolved = closing, for both sides, in count and yuan. */
function balanceLines({ record }: ShownStatement): string[] {
  return (['expected', 'returned'] as const).map((side) => {
    const t = record.statement.total[side];
    return `  ${side.padEnd(8)} opening ${sum(t.opening)} + new ${sum(t.new)} + reopened ${sum(t.reopened)} − matched ${sum(t.matched)} − resolved ${sum(t.resolved)} = closing ${sum(t.closing)}${t.off.count === 0 && t.off.fen === 0n ? '' : '  DOES NOT TIE OUT'}`;
  });
}

/**
 * Reconciles every day from the first to today to its end: waits until everything was looked at, prints the statement with its
 * balance, the control totals and what stays open, and closes the day. True when every day is closed.
 */
export async function reconcileDays(parts: ReconciliationParts, say: (line: string) => void, waitMs = 60_000): Promise<boolean> {
  const today = dayOf(parts.clock.iso());
  let good = true;
  for (let day = (await parts.statements.firstDay()) ?? addDays(today, 1); day <= today; day = addDays(day, 1)) {
    let shown = await parts.statement.show(day);
    const until = Date.now() + waitMs;
    while (!shown.closed && shown.record.obstacles.some((o) => o.code === 'unexamined' || o.code === 'control-missing') && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      shown = await parts.statement.show(day);
    }
    if (!shown.closed) {
      const closed = await parts.statement.close(day, { actor: 'admin demo', origin: 'cli', address: '' }, shown.record.obstacles.some((o) => o.code === 'control-missing') ? 'nothing came back on this day' : undefined);
      if (!closed.closed) {
        say(`\n${day} cannot be closed:\n${closed.record.obstacles.map((o) => `  - ${o.en}`).join('\n')}`);
        good = false;
        continue;
      }
      shown = await parts.statement.show(day);
    }
    const { record } = shown;
    const reasons = new Map<string, { count: number; en: string }>();
    for (const o of record.openLines) reasons.set(o.reason, { count: (reasons.get(o.reason)?.count ?? 0) + 1, en: o.reasonEn });
    say([
      `\nDaily statement 日终对账单 ${day}: ${record.statement.tiesOut ? 'ties out' : 'DOES NOT TIE OUT'}, closed by ${shown.closed?.closedBy ?? '?'}`, ...balanceLines(shown),
      ...record.statement.comparisons.filter((c) => c.theirs.count + c.ours.count > 0).map((c) => `  ${c.what.padEnd(14)} ours ${sum(c.ours)}, control file of ${c.channel} ${sum(c.theirs)}: ${c.ours.count === c.theirs.count && c.ours.fen === c.theirs.fen ? 'agrees' : 'DIFFERS'}`),
      ...[...reasons].sort((a, b) => b[1].count - a[1].count).map(([code, r]) => `  open ${String(r.count).padStart(4)} ${code}: ${r.en}`),
    ].join('\n'));
    if (!record.statement.tiesOut) good = false;
  }
  return good;
}

/** What the bureau's return table holds; waits until nothing is owed to it. */
export async function tellReturnTable(parts: ReconciliationParts, rows: () => Promise<{ rows: number; cleared: number }>, say: (line: string) => void, waitMs = 60_000): Promise<boolean> {
  const until = Date.now() + waitMs;
  let owed: number;
  while ((owed = (await parts.said.owing()).count) > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 250));
  const found = await rows();
  say(`return table land_return 税费结清返回表: ${found.rows} rows, ${found.cleared} cases cleared${owed > 0 ? `; ${owed} STILL OWED` : ''}`);
  return owed === 0;
}
