import { GatewayFailure, type FailureCode } from '../../domain/failures.js';

/** What was being done when the staging machine answered with an error. */
export type StagingStep = 'open' | 'write' | 'read back' | 'flush' | 'close' | 'rename' | 'look' | 'list' | 'read' | 'move' | 'remove' | 'create directory' | 'probe';

// Status codes of SSH_FXP_STATUS: draft-ietf-secsh-filexfer-02 (version 3); 14 and 15 are of version 5 but sent by some.
export const sftpStatus = { eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, noConnection: 6, connectionLost: 7, unsupported: 8, noSpace: 14, quota: 15 } as const;

const statusCodes: Readonly<Record<number, FailureCode>> = {
  [sftpStatus.noSuchFile]: 'staging-denied',
  [sftpStatus.permissionDenied]: 'staging-denied',
  [sftpStatus.noConnection]: 'staging-interrupted',
  [sftpStatus.connectionLost]: 'staging-interrupted',
  [sftpStatus.unsupported]: 'staging-denied',
  [sftpStatus.noSpace]: 'staging-full',
  [sftpStatus.quota]: 'staging-full',
};

const systemCodes: Readonly<Record<string, FailureCode>> = {
  ENOSPC: 'staging-full',
  EDQUOT: 'staging-full',
  EACCES: 'staging-denied',
  EPERM: 'staging-denied',
  EROFS: 'staging-denied',
  ENOENT: 'staging-denied',
  ENOTDIR: 'staging-denied',
  // a mount that went away (NFS, SMB) or whose server does not answer
  ESTALE: 'staging-unreachable',
  ENOTCONN: 'staging-unreachable',
  EHOSTDOWN: 'staging-unreachable',
  EHOSTUNREACH: 'staging-unreachable',
  ETIMEDOUT: 'staging-unreachable',
  ENODEV: 'staging-unreachable',
  EIO: 'staging-interrupted',
  EAGAIN: 'staging-interrupted',
  EMFILE: 'staging-interrupted',
  ENFILE: 'staging-interrupted',
};

/**
 * Version 3 of SFTP says only `Failure` (4) for a full disk, a spent quota or a broken disk: those steps need a look at
 * the free space before they can be told apart.
 */
export function needsSpaceCheck(step: StagingStep, error: unknown): boolean {
  return codeOf(error) === sftpStatus.failure && ['open', 'write', 'flush', 'close', 'create directory', 'probe'].includes(step);
}

/** An SFTP status or a system error as a failure; `path` and step stand in the detail, an unknown code is `unexpected`. */
export function classifyStagingError(step: StagingStep, path: string, error: unknown): GatewayFailure {
  if (error instanceof GatewayFailure) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const detail = `${step} ${path}: ${text.slice(0, 200)}${code === undefined ? '' : ` (${code})`}`;
  if (typeof code === 'number') return new GatewayFailure(statusCodes[code] ?? 'staging-denied', detail, { cause: error });
  if (code !== undefined) return new GatewayFailure(systemCodes[code] ?? 'unexpected', detail, { cause: error });
  return new GatewayFailure('unexpected', detail, { cause: error });
}

/** A generic `Failure` while writing, once the free space is known (undefined: the server does not say it). */
export function classifyFailedWrite(step: StagingStep, path: string, neededBytes: number, space: { freeBytes: number; freeFiles: number } | undefined): GatewayFailure {
  if (space === undefined) return new GatewayFailure('staging-full', `${step} ${path}: the server says only "Failure" and does not tell its free space`);
  if (space.freeBytes < neededBytes || space.freeFiles === 0) {
    return new GatewayFailure('staging-full', `${step} ${path}: ${space.freeBytes} bytes and ${space.freeFiles} files free, ${neededBytes} bytes needed`);
  }
  return new GatewayFailure('staging-denied', `${step} ${path}: the server says "Failure" although its disk has space: a quota, or a broken disk`);
}

export function codeOf(error: unknown): number | string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' || typeof error.code === 'string' ? error.code : undefined;
}
