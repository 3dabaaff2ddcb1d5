import { createHash, randomBytes } from 'node:crypto';
import type { SftpSettings, StagingSettings } from '../../src/domain/settings.js';
import type { PutOutcome, StagedFile } from '../../src/platform/staging/staging-machine.js';

/** A file for the staging machine with random bytes, or the given ones. */
export function stagedFile(finalName: string, content: number | Buffer = 6_000, more: Partial<StagedFile> = {}): StagedFile {
  const bytes = typeof content === 'number' ? randomBytes(content) : content;
  return { directory: 'in', finalName, bytes, sha256: createHash('sha256').update(bytes).digest('hex'), lookFirst: false, ...more };
}

/** Each outcome in a word: written, found, or the failure's code (with `?` when the file may be published all the same). */
export function inWords(outcomes: readonly PutOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.ok ? outcome.how : outcome.failure.code + (outcome.mayBePublished ? '?' : '')));
}

interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly hostKeySha256: string | string[];
  readonly privateKeyFile?: string;
  readonly password?: string;
}

/** Settings of a channel's staging section for a test server. */
export function sftpSettings(server: ServerAddress, more: Partial<SftpSettings> = {}, fsync = true): StagingSettings {
  const { host, port, username, hostKeySha256, privateKeyFile, password } = server;
  return {
    adapter: 'sftp',
    sftp: { host, port, username, hostKeySha256, privateKeyFile, password, inFlight: 64, connectTimeoutMs: 10_000, operationTimeoutMs: 10_000, keepaliveMs: 10_000, ...more },
    outboxDir: 'in',
    manifestDir: 'manifest',
    acknowledgementDir: 'ack',
    returnDir: 'return',
    receiptDir: 'receipt',
    statementDir: 'statement',
    archiveDir: 'archive',
    asideDir: 'aside',
    fsync,
  };
}

export function directorySettings(path: string, fsync = true): StagingSettings {
  return { adapter: 'directory', directory: { path }, outboxDir: 'in', manifestDir: 'manifest', acknowledgementDir: 'ack', returnDir: 'return', receiptDir: 'receipt', statementDir: 'statement', archiveDir: 'archive', asideDir: 'aside', fsync };
}
