import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';

const shown = (rows: readonly { channel: unknown; state: unknown; count: unknown }[]): string[] => rows.map((r) => `${String(r.channel)} ${String(r.state)} ${String(r.count)}`).sort();

/** What the ledger says of its exchanges by state, and what counting every one of them says. */
export async function stateCounts(db: DatabaseAdapter): Promise<{ told: string[]; counted: string[] }> {
  const told = await new ExchangeViewStore(db, new SystemClock()).counts();
  const { rows } = await db.run(raw('select channel, state, count(*) as n from exchange group by channel, state'));
  return { told: shown(told), counted: shown(rows.map((r) => ({ channel: r['channel'], state: r['state'], count: r['n'] }))) };
}
