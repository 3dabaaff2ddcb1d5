import { createServer } from 'node:net';

/** A TCP port on 127.0.0.1 that was free a moment ago; the caller binds it at once and tries another when it lost the race. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no TCP address was given'));
        else resolve(address.port);
      });
    });
  });
}

/** Tries a start on a free port again when somebody else took the port in between (three times at the most). */
export async function launchOnFreePort<T>(launch: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(await freePort());
    } catch (error) {
      const taken = error instanceof Error && /Address already in use|bind.*in use/i.test(error.message);
      if (!taken || attempt === 3) throw error;
    }
  }
}
