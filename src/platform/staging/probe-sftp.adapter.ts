import { stagedPath, temporaryName } from './name-staged-file.js';
import { classifyOverSftp, flushDirectory } from './put-over-sftp.adapter.js';
import { openFlags, type Answer, type SftpSession } from './sftp-session.adapter.js';
import type { Capabilities } from './staging-machine.js';
import { nextToken } from './temporary-token.adapter.js';

/**
 * Tries with two temporary files in the outbox what a server does, whatever it announces: some overwrite on a plain rename,
 * some announce fsync@openssh.com and refuse it. Fails as a delivery would when nothing can be written there.
 */
export async function probeSftp(session: SftpSession, directory: string): Promise<Capabilities> {
  const token = nextToken();
  const first = stagedPath(directory, temporaryName('probe-a', token));
  const second = stagedPath(directory, temporaryName('probe-b', token));
  try {
    const [fsync] = await Promise.all([touch(session, first), touch(session, second)]);
    const renameRefusesExisting = !(await attempt(session, (done) => session.rename(first, second, done)));
    if (!renameRefusesExisting) await touch(session, first);
    const posixRename = await attempt(session, (done) => session.posixRename(first, second, done));
    const directoryFsync = fsync && (await flushDirectory(session, directory)) === undefined;
    return { serverVersion: session.serverVersion, renameRefusesExisting, posixRename, fsync, directoryFsync, maxOpenHandles: session.maxOpenHandles };
  } catch (error) {
    throw await classifyOverSftp(session, 'probe', { path: directory, directory, neededBytes: 1 }, error);
  } finally {
    // What is not there (any more) cannot be removed: the answers do not matter.
    await Promise.allSettled([first, second].map((path) => attempt(session, (done) => session.remove(path, done))));
  }
}

/** Creates a file, writes one byte, says whether fsync worked; throws what open, write or close answered. */
async function touch(session: SftpSession, path: string): Promise<boolean> {
  const handle = await answered<Buffer>((done) => session.open(path, openFlags.createReadWrite, done));
  const written = answered<unknown>((done) => session.write(handle, Buffer.from('\n'), 0, 1, done));
  const flushed = attempt(session, (done) => session.fsync(handle, done));
  const closed = answered<unknown>((done) => session.close(handle, done));
  const [, works] = await Promise.all([written, flushed, closed]);
  return works;
}

/** Whether a request succeeded; only a lost connection is thrown. */
function attempt(session: SftpSession, request: (done: Answer<unknown>) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    request((error) => {
      if (error !== undefined && session.ended !== undefined) reject(session.ended);
      else resolve(error === undefined);
    });
  });
}

/** A request's answer as a promise. */
export function answered<T>(request: (done: Answer<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    request((error, value) => (error === undefined ? resolve(value as T) : reject(error as Error)));
  });
}
