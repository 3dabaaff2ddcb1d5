import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections by themselves (Linux from 32768, others from 49152). */
const lowest = 12_000;
const highest = 31_999;
const attempts = 50;

/**
 * A TCP port on 127.0.0.1 that nobody listens on. Not one that the system would give to an outgoing connection: such a port is
 * taken away from a server between our look and its start, or while it is down and about to come back.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    try {
      await listenAndClose(port);
      return port;
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

function listenAndClose(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}
