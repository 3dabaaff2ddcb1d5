import { freePort } from '../../platform/free-port.adapter.js';

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
