import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ChildServer, findProgram } from './child-server.adapter.js';
import { launchOnFreePort } from './launch-on-free-port.adapter.js';

export interface RedisOptions {
  /** Append-only file, flushed every second, as in production (default true). */
  readonly appendonly?: boolean;
  /** Default noeviction, as BullMQ demands. */
  readonly maxmemoryPolicy?: string;
}

/** A private Redis on a free loopback port; its data lie in a temporary folder until stop(). */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends Redis and removes its data. */
  stop(): Promise<void>;
  /** Forgets everything, as a lost Redis without a backup would. */
  flushAll(): Promise<void>;
  /** Ends Redis at once (SIGKILL), as a power cut would; restart() brings it back with what its file holds. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** Starts redis-server (Debian package redis-server) and waits until it accepts connections. */
export async function startRedisServer(options: RedisOptions = {}): Promise<RedisServer> {
  const program = findProgram('redis-server', 'redis-server');
  const dir = mkdtempSync(join(tmpdir(), 'gateway-redis-'));
  const launch = (port: number): Promise<ChildServer> =>
    ChildServer.start({
      program,
      args: ['-'],
      input: [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir "${dir}"`,
        'save ""',
        `appendonly ${(options.appendonly ?? true) ? 'yes' : 'no'}`,
        'appendfsync everysec',
        `maxmemory-policy ${options.maxmemoryPolicy ?? 'noeviction'}`,
        '',
      ].join('\n'),
      readyText: 'Ready to accept connections',
      readyTimeoutMs: 10_000,
    });
  let port = 0;
  let server = await launchOnFreePort((candidate) => {
    port = candidate;
    return launch(candidate);
  });
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    port,
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
    async flushAll() {
      const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1 });
      try {
        await client.connect();
        await client.flushall();
      } finally {
        client.disconnect();
      }
    },
    kill: () => server.stop('SIGKILL'),
    async restart() {
      await server.stop();
      server = await launch(port);
    },
  };
}
