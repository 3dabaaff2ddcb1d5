import { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { WireProxy } from '../../src/simulator/chaos/wire-proxy.adapter.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';

let proxy: WireProxy;
let db: DatabaseAdapter;
beforeEach(async () => {
  const url = new URL(await freshDatabase());
  proxy = await WireProxy.start({ host: '127.0.0.1', port: Number(url.port) });
  url.port = String(proxy.port);
  db = await DatabaseAdapter.open({ engine: 'postgres', url: url.toString(), poolSize: 3, statementTimeoutMs: 500, applicationName: 'wire' });
  await db.run(sql`create table t (n integer not null)`);
});
afterEach(async () => {
  await db.close();
  await proxy.close();
});
afterAll(stopPostgres);

const insert = (n: number): Promise<void> => db.transaction(async (runner) => void (await runner.run(sql`insert into t (n) values (${n})`)));
const held = async (): Promise<number[]> => (await db.run(sql`select n from t order by n`)).rows.map((r) => Number(r['n']));
/** Whether work failed, as one that nobody has to look at. */
const failure = (work: Promise<unknown>): Promise<boolean> => work.then(() => { throw new Error('it went through'); }, (error: unknown) => db.dialect.isTransient(error));

it('a line that went silent fails its statement in time, and the next goes over a new connection', async () => {
  const both = Promise.all([failure(db.run(sql`select pg_sleep(${raw('60')})`)), failure(db.transaction((runner) => runner.run(sql`select pg_sleep(${raw('60')})`)))]);
  proxy.setMode('hang');
  const began = Date.now();
  expect(await both).toEqual([true, true]);
  expect(Date.now() - began).toBeLessThan(30_000);
  proxy.setMode('pass');
  await insert(1);
  expect(await held()).toEqual([1]);
});

it('a statement that only takes long is not cut by an answer limit above it', async () => {
  await db.run(sql`select pg_sleep(${raw('0.3')})`);
});

it('tripwires strike before the commit, or after it and before it is heard of', async () => {
  let sprung = 0;
  proxy.lay({ texts: ['insert into t (', 'COMMIT\0'], at: 'before', spring: () => void (sprung += 1) });
  expect(await failure(insert(1))).toBe(true);
  expect([sprung, await held()]).toEqual([1, []]);
  proxy.lay({ texts: ['insert into t (', 'COMMIT\0'], at: 'answered', spring: () => void (sprung += 1) });
  expect(await failure(insert(2))).toBe(true);
  expect([sprung, await held()]).toEqual([2, [2]]);
  await insert(3); // it strikes once
  expect([sprung, await held()]).toEqual([2, [2, 3]]);
});

it('what was rolled back leads to no commit', async () => {
  let sprung = 0;
  proxy.lay({ texts: ['insert into t (', 'COMMIT\0'], at: 'before', spring: () => void (sprung += 1) });
  await expect(db.transaction(async (runner) => { await runner.run(sql`insert into t (n) values (1)`); throw new Error('changed my mind'); })).rejects.toThrow('changed my mind');
  await db.transaction((runner) => runner.run(sql`select 1 as one`));
  expect(sprung).toBe(0);
});

it('cuts, refuses, and keeps answers back', async () => {
  proxy.setMode('refuse');
  expect(await failure(insert(1))).toBe(true);
  proxy.setMode('pass');
  await insert(2);
  proxy.dropAnswers = true;
  expect(await failure(db.run(sql`insert into t (n) values (3)`))).toBe(true);
  proxy.dropAnswers = false;
  expect(await held()).toEqual([2, 3]);
});
