import { Redis } from 'ioredis';
import pg from 'pg';
import { pino } from 'pino';
import type { GatewaySettings } from '../../src/domain/settings.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { WireProxy } from '../../src/simulator/chaos/wire-proxy.adapter.js';
import { startRedisServer, type RedisServer } from '../../src/simulator/servers/redis-server.adapter.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

const log = pino({ level: 'silent' });
let redis: RedisServer;
let admin: Redis;
const opened: DoorbellAdapter[] = [];
let runs = 0;

beforeAll(async () => {
  redis = await startRedisServer();
  admin = new Redis(redis.url, { maxRetriesPerRequest: 1, retryStrategy: () => 50 });
  admin.on('error', () => undefined); // it is killed on purpose
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((d) => d.close()));
});
afterAll(async () => {
  admin.disconnect();
  await redis.stop();
  await stopPostgres();
});

const settingsOf = (backend: 'redis' | 'postgres', url: string): GatewaySettings['queue'] => ({ backend, url, prefix: `care${process.pid}x${++runs}`, allowVolatile: false, lockMs: 2_000, stalledCheckMs: 500 });
async function open(settings: GatewaySettings['queue'], silentMs?: number): Promise<DoorbellAdapter> {
  const doorbell = await DoorbellAdapter.open(settings, log, silentMs);
  opened.push(doorbell);
  return doorbell;
}
async function until(good: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await good())) {
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
/** A worker that counts, and holds a bell while told to. */
function answering(doorbell: DoorbellAdapter): { answered: string[]; hold: () => () => void } {
  const answered: string[] = [];
  let held: Promise<void> | undefined;
  doorbell.answer('render', 2, async (key) => {
    answered.push(key);
    await held;
  });
  return { answered, hold: () => { let free = (): void => undefined; held = new Promise((resolve) => { free = () => { held = undefined; resolve(); }; }); return free; } };
}

it('notices FLUSHALL once in each process, whoever comes first afterwards, and rings go on', async () => {
  const settings = settingsOf('redis', redis.url);
  const [relay, other] = [await open(settings), await open(settings)];
  const { answered } = answering(other);
  expect([await relay.emptied(), await other.emptied()]).toEqual([false, false]);
  await relay.ring('render', 'center');
  await until(() => answered.length === 1, 'the first ring');
  await redis.flushAll();
  const late = await open(settings); // a process that starts in between marks the empty Redis first
  expect([await relay.emptied(), await relay.emptied(), await other.emptied(), await late.emptied()]).toEqual([true, false, true, false]);
  await relay.ring('render', 'center');
  await until(() => answered.length === 2, 'a ring after FLUSHALL');
});

it('says nothing of a Redis that was killed and kept its file, something of one that lost it', async () => {
  const settings = settingsOf('redis', redis.url);
  const relay = await open(settings);
  await admin.call('WAITAOF', '1', '0', '1000').catch(() => admin.set('x', '1')); // Redis before 7.2 has no WAITAOF
  await until(async () => /aof_pending_bio_fsync:0/.test(await admin.info()), 'the file');
  await new Promise<void>((resolve, reject) => { admin.bgrewriteaof().then(() => resolve(), reject); });
  await until(async () => /aof_rewrite_in_progress:0/.test(await admin.info()) && /aof_rewrite_scheduled:0/.test(await admin.info()), 'the rewrite');
  await redis.kill();
  expect(await relay.emptied()).toBe(false);
  expect((await relay.standing()).problem).toBeDefined();
  await redis.restart();
  await until(async () => (await relay.standing()).problem === undefined, 'Redis');
  expect(await relay.emptied()).toBe(false);
  await admin.flushall();
  expect(await relay.emptied()).toBe(true);
});

it('tells what makes Redis forget while it runs', async () => {
  const relay = await open(settingsOf('redis', redis.url));
  expect(await relay.standing()).toEqual({ volatile: [] });
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await admin.config('SET', 'appendonly', 'no');
  expect(await relay.standing()).toEqual({ volatile: ['appendonly is off, expected appendonly yes', 'maxmemory-policy is allkeys-lru, expected noeviction'] });
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  await admin.config('SET', 'appendonly', 'yes');
  await until(async () => (await relay.standing()).volatile.length === 0, 'health');
});

describe.each(['redis', 'postgres'] as const)('the bells on %s', (backend) => {
  const fresh = async (): Promise<GatewaySettings['queue']> => settingsOf(backend, backend === 'redis' ? redis.url : await freshDatabase('queue'));

  it('are counted, removed, and rung again while workers run', async () => {
    const settings = await fresh();
    const ringer = await open(settings);
    const { answered, hold } = answering(await open(settings));
    const free = hold();
    await ringer.ring('render', 'center');
    await until(() => answered.length === 1, 'the first ring');
    for (const key of ['center', 'provincial', 'third', 'fourth']) await ringer.ring('render', key); // two are answered at a time
    await ringer.ring('read', 'center'); // nobody answers this one
    await until(async () => (await ringer.depths())[0]!.active === 2, 'two at work');
    expect((await ringer.depths()).filter((d) => d.waiting + d.active > 0)).toEqual([
      { bell: 'render', waiting: 2, active: 2, delayed: 0, stalled: 0 }, { bell: 'read', waiting: 1, active: 0, delayed: 0, stalled: 0 },
    ]);
    await ringer.silence();
    expect((await ringer.depths()).filter((d) => d.waiting + d.active + d.delayed > 0)).toEqual([]);
    await ringer.ring('render', 'center'); // although the one before is still at work
    free();
    await until(() => answered.filter((k) => k === 'center').length === 2, 'the ring after the removal');
    await ringer.ring('render', 'fifth');
    await until(() => answered.includes('fifth'), 'rings as before');
    await until(async () => (await ringer.depths())[0]!.active === 0, 'an idle queue');
  });

  it('whose worker died count as stalled', async () => {
    const settings = await fresh();
    const ringer = await open(settings);
    await ringer.ring('render', 'center');
    if (backend === 'redis') {
      await admin.rpoplpush(`${settings.prefix}:render:wait`, `${settings.prefix}:render:active`);
    } else {
      const client = new pg.Client({ connectionString: settings.url });
      await client.connect();
      await client.query(`update bullmq.job set state = 'active', lock_token = 'dead', locked_until_ms = 1 where queue = $1`, [`${settings.prefix}-render`]);
      await client.end();
    }
    expect((await ringer.depths())[0]).toEqual({ bell: 'render', waiting: 0, active: 1, delayed: 0, stalled: 1 });
  });
});

it('a mark that swallows every ring on Redis is removed', async () => {
  const settings = settingsOf('redis', redis.url);
  const ringer = await open(settings);
  await ringer.ring('render', 'center');
  await admin.del(`${settings.prefix}:render:wait`);
  await ringer.ring('render', 'center');
  expect((await ringer.depths())[0]!.waiting).toBe(0); // swallowed
  await ringer.silence();
  await ringer.ring('render', 'center');
  expect((await ringer.depths())[0]!.waiting).toBe(1);
});

it('a Redis that hangs without an answer holds nobody up', async () => {
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: redis.port } });
  try {
    const relay = await open(settingsOf('redis', redis.url.replace(String(redis.port), String(proxy.port))));
    proxy.stall();
    expect(await relay.emptied()).toBe(false);
    expect((await relay.standing()).problem).toContain('the queue did not answer in time');
    expect(await relay.ring('render', 'center')).toBe(false);
  } finally {
    await Promise.all([...opened.splice(0).map((d) => d.close()), proxy.close()]);
  }
});

it('bells on PostgreSQL are rung over new lines after the old ones went silent for ever, and a client made anew answers them', async () => {
  const settings = settingsOf('postgres', await freshDatabase('queue'));
  const url = new URL(settings.url);
  const proxy = await WireProxy.start({ host: url.hostname, port: Number(url.port) });
  try {
    url.port = String(proxy.port);
    const doorbell = await open({ ...settings, url: url.href }, 1_000);
    const { answered } = answering(doorbell);
    await doorbell.ring('render', 'before');
    await until(() => answered.length === 1, 'the first ring');
    proxy.setMode('hang');
    expect(await doorbell.ring('render', 'during')).toBe(false);
    proxy.setMode('pass'); // for new lines; those that were open stay silent
    await until(async () => doorbell.ring('render', 'after'), 'a ring over new lines');
    // BullMQ's own client may have noticed by then or not; one made anew need not.
    doorbell.renew('render');
    await until(async () => (await doorbell.ring('render', 'again')) && answered.includes('again'), 'an answer');
    proxy.cut(); // a worker that stops says goodbye on the silent line too, and would wait for the answer
    await Promise.all(opened.splice(0).map((d) => d.close()));
  } finally {
    await proxy.close();
  }
});
