import { Redis } from 'ioredis';
import { startRedisServer, type RedisServer } from '../../src/simulator/servers/redis-server.adapter.js';

describe('a private Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());
  const ask = async <T>(question: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(server.url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: null });
    client.on('error', () => undefined); // the answer to connect() says it
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  };

  test('has the settings of production, forgets on demand, survives a kill with its file', async () => {
    expect(await ask((client) => client.config('GET', 'appendonly', 'maxmemory-policy'))).toEqual(expect.arrayContaining(['appendonly', 'yes', 'maxmemory-policy', 'noeviction']));
    await ask((client) => client.set('a', '1'));
    await server.flushAll();
    expect(await ask((client) => client.get('a'))).toBeNull();
    await ask(async (client) => {
      await client.config('SET', 'appendfsync', 'always');
      await client.set('b', '2');
    });
    await server.kill();
    await expect(ask((client) => client.get('b'))).rejects.toThrow();
    await server.restart();
    expect(await ask((client) => client.get('b'))).toBe('2');
  });
});
