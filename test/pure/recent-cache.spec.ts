import { RecentCache } from '../../src/ledger/recent-cache.js';

it('keeps the newest up to its limit, and nothing heavier than the limit', () => {
  const cache = new RecentCache<string>(10);
  cache.put('a', 'A', 4);
  cache.put('b', 'B', 4);
  cache.put('c', 'C', 4);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([undefined, 'B', 'C']);
  cache.put('huge', 'H', 11);
  expect([cache.get('huge'), cache.get('b')]).toEqual([undefined, 'B']);
  cache.put('b', 'B2', 6);
  expect([cache.get('b'), cache.get('c')]).toEqual(['B2', 'C']);
  cache.drop('b');
  cache.put('d', 'D', 6);
  expect([cache.get('c'), cache.get('d')]).toEqual(['C', 'D']);
});
