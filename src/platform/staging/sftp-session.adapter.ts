import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import ssh2, { type ConnectConfig, type FileEntryWithStats, type SFTPWrapper, type Stats } from 'ssh2';
import { asFailure, GatewayFailure } from '../../domain/failures.js';
import type { SftpSettings } from '../../domain/settings.js';
import { codeOf, sftpStatus } from './classify-staging-error.js';
import { matchHostKey, type HostKeyMatch } from './match-host-key.js';

/** Called exactly once: with the error, or with the value. An error of the server carries its SFTP status as `code`. */
export type Answer<T> = (error: unknown, value?: T) => void;

export const openFlags = { read: 0x01, createReadWrite: 0x01 | 0x02 | 0x08 | 0x10 } as const;
const keptScratchBuffers = 64;
// Below what ssh2 sends in one request to any server (31 952 bytes). A longer one it splits, and sends the rest only after
// the answer to the first part: behind a close that was sent meanwhile.
const largestChunkBytes = 28 * 1024;

/**
 * One SSH connection with one SFTP channel. It adds to ssh2 what ssh2 leaves open: the pinned host key, an end to waiting
 * (no answer at all for `operationTimeoutMs` while something is asked for ends the connection), and that every request is
 * answered once, also when the connection is lost (ssh2 drops requests on a closed channel without a word). Callbacks
 * instead of promises, because a delivery of thousands of files passes here.
 */
export class SftpSession {
  private readonly waiting = new Set<Answer<never>>();
  private readonly scratch: Buffer[] = [];
  private readonly watchdog: NodeJS.Timeout;
  private lastAnswerAt = 0;
  private gathering = false;
  private end: GatewayFailure | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly client: InstanceType<typeof ssh2.Client>,
    private readonly sftp: SFTPWrapper,
    readonly address: string,
    operationTimeoutMs: number,
  ) {
    this.watchdog = setInterval(() => {
      if (this.waiting.size > 0 && performance.now() - this.lastAnswerAt > operationTimeoutMs) {
        this.finish(new GatewayFailure('staging-interrupted', `${address} gave no answer for ${operationTimeoutMs} ms`));
      }
    }, Math.min(1_000, Math.ceil(operationTimeoutMs / 4)));
    this.watchdog.unref();
    sftp.on('error', (error: Error) => this.finish(new GatewayFailure('staging-interrupted', `${address}: ${error.message}`, { cause: error })));
  }

  /** Connects and logs in; fails with staging-unreachable, staging-host-key or staging-login. */
  static open(settings: SftpSettings): Promise<SftpSession> {
    const address = `${settings.host}:${settings.port}`;
    return new Promise((resolve, reject) => {
      const privateKey = settings.privateKeyFile === undefined ? undefined : readPrivateKey(settings.privateKeyFile, settings.passphrase);
      const client = new ssh2.Client();
      const socket = new Socket();
      let session: SftpSession | undefined;
      let shown: HostKeyMatch | undefined;
      let encrypted = false;
      const fail = (failure: GatewayFailure): void => {
        clearTimeout(timer);
        reject(failure);
        session?.finish(failure);
        socket.destroy();
      };
      const timer = setTimeout(() => fail(new GatewayFailure('staging-unreachable', `${address} gave no SFTP session within ${settings.connectTimeoutMs} ms`)), settings.connectTimeoutMs);
      client.on('error', (error: Error & { level?: string }) => {
        if (session !== undefined) return fail(new GatewayFailure('staging-interrupted', `${address}: ${error.message}`, { cause: error }));
        if (shown?.matches === false) return fail(new GatewayFailure('staging-host-key', `${address} shows ${shown.fingerprint} (${shown.type}), which is not pinned`));
        const refused = error.level === 'client-authentication' || (encrypted && error.level === undefined);
        const means = [privateKey && 'key', settings.password !== undefined && 'password'].filter(Boolean).join(' or ');
        if (refused) return fail(new GatewayFailure('staging-login', `${address} refuses user ${settings.username} with ${means}`, { cause: error }));
        fail(new GatewayFailure('staging-unreachable', `${address}: ${error.message}`, { cause: error }));
      });
      client.on('close', () => fail(new GatewayFailure(session === undefined ? 'staging-unreachable' : 'staging-interrupted', `${address} closed the connection`)));
      client.on('handshake', () => {
        encrypted = true;
      });
      client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
        // Servers that let PAM ask for the password: one hidden question is the password, anything else is not for us.
        const one = prompts.length === 1 && prompts[0]?.echo !== true && settings.password !== undefined;
        finish(one && settings.password !== undefined ? [settings.password] : []);
      });
      client.on('ready', () => {
        client.sftp((error, sftp) => {
          if (error !== undefined) return fail(new GatewayFailure('staging-login', `${address} gives user ${settings.username} no SFTP session: ${error.message}`, { cause: error }));
          clearTimeout(timer);
          session = new SftpSession(socket, client, sftp, address, settings.operationTimeoutMs);
          resolve(session);
        });
      });
      const connection: ConnectConfig = {
        sock: socket,
        username: settings.username,
        ...(settings.password === undefined ? {} : { password: settings.password, tryKeyboard: true }),
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(settings.passphrase === undefined ? {} : { passphrase: settings.passphrase }),
        hostVerifier: (key: Buffer) => {
          shown = matchHostKey(key, settings.hostKeySha256);
          return shown.matches;
        },
        readyTimeout: 0, // our own timer covers the SFTP channel too
        keepaliveInterval: settings.keepaliveMs,
      };
      try {
        socket.setNoDelay(true); // ssh2 never does: without it each request may wait 40 ms for the one before
        socket.connect(settings.port, settings.host);
        client.connect(connection);
      } catch (error) {
        return fail(asFailure(error, 'staging-unreachable'));
      }
    });
  }

  /** Why the session is over; undefined while it lives. */
  get ended(): GatewayFailure | undefined {
    return this.end;
  }

  /** The server's software as it named itself, e.g. OpenSSH_9.2p1; only for people to read. */
  get serverVersion(): string {
    const version = '_remoteVer' in this.client ? this.client._remoteVer : undefined; // ssh2 has no public name for it
    return typeof version === 'string' ? version : 'unknown';
  }

  /** How many handles the server grants one session (limits@openssh.com), where it says so. */
  get maxOpenHandles(): number | undefined {
    const limit = 'maxOpenHandles' in this.sftp ? this.sftp.maxOpenHandles : undefined;
    return typeof limit === 'number' && Number.isFinite(limit) ? limit : undefined;
  }

  /** The most bytes of one read or write; less than usual where the server says so (limits@openssh.com). */
  get chunkBytes(): number {
    const read = '_maxReadLen' in this.sftp ? this.sftp._maxReadLen : undefined; // ssh2 has no public names for them
    const write = '_maxWriteLen' in this.sftp ? this.sftp._maxWriteLen : undefined;
    return Math.min(largestChunkBytes, ...[read, write].filter((limit) => typeof limit === 'number' && limit > 0).map(Number));
  }

  open(path: string, flags: number, done: Answer<Buffer>): void {
    this.request((answer) => this.sftp.open(path, flags, answer), done);
  }
  /** At most `chunkBytes`. */
  write(handle: Buffer, bytes: Buffer, offset: number, length: number, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.write(handle, bytes, offset, length, offset, answer), done);
  }
  /** At most `chunkBytes`, fewer at the end of the file. The bytes are only valid during the callback. */
  read(handle: Buffer, offset: number, length: number, done: Answer<Buffer>): void {
    const buffer = this.scratch.pop() ?? Buffer.allocUnsafeSlow(largestChunkBytes);
    this.request<Buffer>(
      (answer) => this.sftp.read(handle, buffer, 0, length, offset, (error, count) => (error ? answer(error) : answer(undefined, buffer.subarray(0, count)))),
      (error, data) => {
        done(error, data);
        if (this.end === undefined && this.scratch.length < keptScratchBuffers) this.scratch.push(buffer);
      },
    );
  }
  close(handle: Buffer, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.close(handle, answer), done);
  }
  /** Fails without a status code when the server does not offer fsync@openssh.com. */
  fsync(handle: Buffer, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.ext_openssh_fsync(handle, answer), done);
  }
  rename(from: string, to: string, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.rename(from, to, answer), done);
  }
  posixRename(from: string, to: string, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.ext_openssh_rename(from, to, answer), done);
  }
  remove(path: string, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.unlink(path, answer), done);
  }
  stat(path: string, done: Answer<Stats>): void {
    this.request((answer) => this.sftp.stat(path, answer), done);
  }
  makeDirectory(path: string, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.mkdir(path, answer), done);
  }
  /** Asks for part after part itself, so that each counts as an answer however many files there are. */
  readDirectory(path: string, done: Answer<FileEntryWithStats[]>): void {
    this.request<Buffer>((answer) => this.sftp.opendir(path, answer), (failed, handle) => {
      if (handle === undefined) return done(failed);
      const all: FileEntryWithStats[] = [];
      const finish = (error?: unknown): void => this.close(handle, () => (error === undefined ? done(undefined, all) : done(error)));
      const next = (): void => this.request<FileEntryWithStats[]>((answer) => this.sftp.readdir(handle, answer), (error, part) => {
        if (codeOf(error) === sftpStatus.eof) return finish();
        if (part === undefined) return finish(error);
        for (const entry of part) all.push(entry);
        next();
      });
      next();
    });
  }
  statvfs(path: string, done: Answer<unknown>): void {
    this.request((answer) => this.sftp.ext_openssh_statvfs(path, answer), done);
  }

  /** Ends the session; whatever still waits is answered with the failure. */
  finish(failure: GatewayFailure): void {
    if (this.end !== undefined) return;
    this.end = failure;
    clearInterval(this.watchdog);
    for (const answer of [...this.waiting]) answer(failure);
    this.socket.destroy();
  }

  /** Says good-bye to the server and resolves when the connection is closed. */
  quit(): Promise<void> {
    return new Promise((resolve) => {
      if (this.end !== undefined) return resolve();
      this.client.once('close', () => resolve());
      const giveUp = setTimeout(() => this.socket.destroy(), 1_000);
      this.client.once('close', () => clearTimeout(giveUp));
      this.client.end();
    });
  }

  /** All requests of one tick leave in one system call instead of one each. */
  private gatherWrites(): void {
    if (this.gathering) return;
    this.gathering = true;
    this.socket.cork();
    setImmediate(() => {
      this.gathering = false;
      this.socket.uncork();
    });
  }

  private request<T>(send: (answer: Answer<T>) => void, done: Answer<T>): void {
    if (this.end !== undefined) {
      const failure = this.end;
      queueMicrotask(() => done(failure));
      return;
    }
    const answer: Answer<T> = (error, value) => {
      if (!this.waiting.delete(answer as Answer<never>)) return;
      if (error === undefined || error === null) {
        this.lastAnswerAt = performance.now();
        return done(undefined, value);
      }
      if (error instanceof GatewayFailure) return done(error);
      if (typeof codeOf(error) === 'number') {
        this.lastAnswerAt = performance.now();
        return done(error);
      }
      // Not an answer of the server: ssh2 says that there will be none.
      this.finish(new GatewayFailure('staging-interrupted', `${this.address} ended the session`, { cause: error }));
      done(this.end);
    };
    if (this.waiting.size === 0) this.lastAnswerAt = performance.now();
    this.gatherWrites();
    this.waiting.add(answer as Answer<never>);
    try {
      send(answer);
    } catch (error) {
      // ssh2 throws at once for what the server does not offer; nothing was sent
      this.waiting.delete(answer as Answer<never>);
      queueMicrotask(() => done(error));
    }
  }
}

function readPrivateKey(file: string, passphrase: string | undefined): Buffer {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (error) {
    throw new GatewayFailure('staging-login', `the private key ${file} cannot be read (${codeOf(error) ?? asFailure(error).detail})`);
  }
  const parsed = ssh2.utils.parseKey(key, passphrase);
  // The parser's message names the format or the missing passphrase, never key material.
  if (parsed instanceof Error) throw new GatewayFailure('staging-login', `the private key ${file} cannot be used: ${parsed.message}`);
  return key;
}
