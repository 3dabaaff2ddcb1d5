import { SchedulerRegistry } from '@nestjs/schedule';
import pino from 'pino';
import { JobPoller, type ScheduledJob } from '../../src/app.poller.js';
import { LeaseStore } from '../../src/ledger/lease.store.js';
import { PollRequestStore } from '../../src/ledger/poll-request.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

let db: DatabaseAdapter;
beforeAll(async () => {
  db = await openPostgres(await freshDatabase(), true);
});
afterAll(async () => {
  await db.close();
  await stopPostgres();
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

async function withJobs(carrying: () => boolean, mostAsideMs: number, work: (runs: Record<'leads' | 'follows', number>) => Promise<void>): Promise<void> {
  const clock = new SystemClock();
  const poller = new JobPoller(new SchedulerRegistry(), new LeaseStore(db, clock, 'one', 60_000), pino({ level: 'silent' }), new PollRequestStore(db, clock), carrying, mostAsideMs);
  const runs = { leads: 0, follows: 0 };
  const job = (name: 'leads' | 'follows'): ScheduledJob => ({ name, everyMs: 10, stepsAside: name === 'follows', run: () => Promise.resolve((runs[name] += 1)) });
  poller.start([job('leads'), job('follows')]);
  try {
    await work(runs);
  } finally {
    await poller.stop();
  }
}

test('what only follows steps aside while cases are being carried, and has its turn afterwards', async () => {
  let carrying = true;
  await withJobs(() => carrying, 600_000, async (runs) => {
    await until(() => runs.leads >= 20);
    expect(runs.follows).toBe(0);
    carrying = false;
    await until(() => runs.follows >= 3);
  });
});

test('under a load that never ends it gets its turn all the same', async () => {
  await withJobs(() => true, 100, async (runs) => {
    await until(() => runs.follows >= 3);
    expect(runs.leads).toBeGreaterThan(runs.follows);
  });
});
