import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Feed } from './feed-bureau.js';

/** Fills a sample bureau from a process of its own; throws when that did not end well, which says why on stderr. */
export async function feedBureau(what: Feed): Promise<void> {
  const child = fork(new URL('./feed-bureau.js', import.meta.url), { execArgv: [] });
  child.send(what);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('the bureau could not be filled');
}
