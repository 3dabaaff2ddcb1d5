import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Settings } from '../../src/domain/settings.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { MappingProcessor } from '../../src/mapping/mapping.processor.js';
import { sql } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { channels, landCase, mappings, stream } from '../golden/sample-messages.js';
import { onEveryEngine } from '../support/engines.js';
import { freshDatabase } from '../support/postgres.js';

onEveryEngine((engine) => {
  it('renders what may have ended its worker alone, after the others, and parks what did it too often', async () => {
    const clock = new SystemClock();
    const lines: { msg: string; exchanges?: string[] }[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as { msg: string }) });
    const ledger = await engine.open(await engine.fresh('alone'), true);
    const doorbell = await DoorbellAdapter.open({ backend: 'postgres', url: await freshDatabase('queue'), prefix: 't', allowVolatile: false, lockMs: 5000, stalledCheckMs: 5000 }, log);
    try {
      const rules = new Map([['center', 'accepted' as const]]);
      const retry = { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 };
      const exchanges = new ExchangeStore(ledger, clock, rules, retry);
      const body = JSON.stringify({ case: landCase.case, children: landCase.children });
      const acceptance = { channel: 'center', event: 'acceptance', sequence: '1', at: '2026-11-02 09:00:00.000', phase: 30, urgent: false, digest: 'd' };
      await new CaptureStore(ledger, clock, exchanges, rules).record('case', Array.from({ length: 8 }, (_, i) => ({ caseNo: `C${i}`, body, digest: randomUUID(), events: [acceptance] })));
      const ids = (await ledger.run(sql`select id from exchange order by id`)).rows.map((r) => String(r['id']));
      // What deaths leave behind: claims that lapsed, each counted.
      for (const [i, crashes] of [[1, 2], [2, 3], [4, 2], [6, 1]] as const) await ledger.run(sql`update exchange set crashes = ${crashes} where id = ${ids[i]!}`);

      const settings = { channels, streamDefinitions: [stream], render: { batch: 5, threadFrom: 0 }, relay: { claimMs: 60_000 }, retry } as unknown as Settings;
      await new MappingProcessor({ settings, mappings, exchanges, messages: new MessageStore(ledger, clock, exchanges), doorbell, log, metrics: new MetricsAdapter({ processMetrics: false }) }).handle('center');

      expect(lines.filter((l) => l.msg === 'rendered').map((l) => l.exchanges)).toEqual([[ids[0], ids[3]], [ids[1]], [ids[4]], [ids[5]], [ids[6], ids[7]]]);
      const { rows } = await ledger.run(sql`select id, state, crashes, failure_code, failure_detail from exchange where state <> 'rendered' or crashes > 0`);
      expect(rows.map((r) => ({ ...r, id: String(r['id']) }))).toEqual([expect.objectContaining({ id: ids[2], state: 'parked', failure_code: 'worker-killed', failure_detail: expect.stringContaining('3 times') as unknown })]);
    } finally {
      await doorbell.close();
      await ledger.close();
    }
  });
});
