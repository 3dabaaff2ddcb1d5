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

const openPoller = (carrying: () => boolean, mostAsideMs: number): JobPoller => {
  const clock = new SystemClock();
  return new JobPoller(new SchedulerRegistry(), new LeaseStore(db, clock, 'one', 60_000), pino({ level: 'silent' }), new PollRequestStore(db, clock), carrying, mostAsideMs);
};

async function withJobs(carrying: () => boolean, mostAsideMs: number, work: (runs: Record<'leads' | 'follows', number>) => Promise<void>): Promise<void> {
  const poller = openPoller(carrying, mostAsideMs);
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

/** One run of a job that follows, in batches without end; `leads` beats beside it. */
async function withBatches(carrying: () => boolean, mostAsideMs: number, work: (done: { batches: number; beats: number }) => Promise<void>): Promise<void> {
  const poller = openPoller(carrying, mostAsideMs);
  const done = { batches: 0, beats: 0 };
  const run = async (goOn: () => Promise<boolean>): Promise<void> => {
    while (await goOn()) done.batches += 1;
  };
  poller.start([{ name: 'leads', everyMs: 10, run: () => Promise.resolve((done.beats += 1)) }, { name: 'follows', everyMs: 10, stepsAside: true, run }]);
  try {
    await work(done);
  } finally {
    await poller.stop();
  }
}

test('a long run gives way between its batches when cases begin to be carried, and goes on afterwards', async () => {
  let carrying = false;
  await withBatches(() => carrying, 600_000, async (done) => {
    await until(() => done.batches >= 3);
    carrying = true;
    const { batches, beats } = done;
    await until(() => done.beats >= beats + 20);
    expect(done.batches).toBeLessThanOrEqual(batches + 1); // the batch that was under way
    carrying = false;
    await until(() => done.batches >= batches + 4);
  });
});

test('a long run gives way only for so long, and no more once it has', async () => {
  let carrying = false;
  await withBatches(() => carrying, 100, async (done) => {
    await until(() => done.batches >= 3);
    carrying = true;
    const { batches } = done;
    await until(() => done.batches >= batches + 20);
  });
});
