import type { StagingStep } from './classify-staging-error.js';
import type { SftpSession } from './sftp-session.adapter.js';

const requestsPerFile = 16;

export interface TransferFault {
  readonly step: StagingStep;
  readonly error: unknown;
}

/**
 * Compares an open file with `bytes`, after writing them when `write` is set, and closes it in any case. One byte more than
 * expected is asked for, so that a surplus shows. `same` is false for missing, surplus or other bytes.
 */
export function transferFile(
  session: SftpSession,
  handle: Buffer,
  bytes: Buffer,
  how: { readonly write: boolean; readonly fsync: boolean },
  done: (fault: TransferFault | undefined, same: boolean) => void,
): void {
  const { chunkBytes } = session;
  const chunks = Math.floor(bytes.length / chunkBytes) + 1;
  let next = 0;
  let waiting = 0;
  let closing = false;
  let same = true;
  let fault: TransferFault | undefined;

  const settle = (step: StagingStep, error: unknown): void => {
    if (error !== undefined) fault ??= { step, error };
    waiting -= 1;
    if (closing && waiting === 0) return done(fault, same);
    if (!closing) pump();
  };
  const pump = (): void => {
    while (next < chunks && waiting < requestsPerFile && same && fault === undefined) sendChunk();
    if (closing || (next < chunks && same && fault === undefined)) return;
    closing = true;
    if (how.fsync && same && fault === undefined) {
      waiting += 1;
      session.fsync(handle, (error) => settle('flush', error));
    }
    waiting += 1;
    session.close(handle, (error) => settle('close', error));
  };
  const sendChunk = (): void => {
    const offset = next * chunkBytes;
    const length = Math.min(chunkBytes, bytes.length - offset);
    next += 1;
    if (how.write && length > 0) {
      waiting += 1;
      session.write(handle, bytes, offset, length, (error) => settle('write', error));
    }
    waiting += 1;
    session.read(handle, offset, next === chunks ? length + 1 : length, (error, data) => {
      if (data !== undefined && (data.length !== length || bytes.compare(data, 0, length, offset, offset + length) !== 0)) same = false;
      settle('read back', error);
    });
  };
  pump();
}
