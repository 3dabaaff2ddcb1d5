import { describeAddress, describeError } from './describe-error.js';

/** What opens a connection at the start; an error then says which, where and why in one line, without a password. */
export async function namingConnection<T>(what: string, url: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new Error(`${what} (${describeAddress(url)}) cannot be used: ${describeError(error)}`, { cause: error });
  }
}
