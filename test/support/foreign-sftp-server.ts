import { generateKeyPairSync } from 'node:crypto';
import ssh2, { type SFTPWrapper } from 'ssh2';
import { matchHostKey } from '../../src/platform/staging/match-host-key.js';

/** The manners of a server that is not OpenSSH; every field may be changed while it runs. */
export interface Manners {
  /** A plain rename overwrites, as some servers on Windows do. */
  overwritesOnRename: boolean;
  /** What a write really stores. */
  stores: (bytes: Buffer) => Buffer;
  /** Status (0 to 8) answered to every write, e.g. 4 for a full disk; undefined: it works. */
  writeStatus: number | undefined;
  /** Asks for the password with keyboard-interactive instead of password. */
  asksInteractively: boolean;
}

/** An SFTP server of version 3 without any extension, files in memory, password login. */
export interface ForeignSftpServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly hostKeySha256: string;
  readonly files: Map<string, Buffer>;
  readonly manners: Manners;
  stop(): Promise<void>;
}

const status = ssh2.utils.sftp.STATUS_CODE;

export async function startForeignSftpServer(): Promise<ForeignSftpServer> {
  const username = 'gateway';
  const password = 'a password for this test only';
  const files = new Map<string, Buffer>();
  const manners: Manners = { overwritesOnRename: false, stores: (bytes) => bytes, writeStatus: undefined, asksInteractively: false };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'pkcs1', format: 'pem' } });
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    client.on('error', () => client.end()); // the client went away in the middle of a test: expected
    client.on('authentication', (attempt) => {
      if (attempt.username !== username) return attempt.reject();
      if (attempt.method === 'password' && !manners.asksInteractively) return attempt.password === password ? attempt.accept() : attempt.reject();
      if (attempt.method === 'keyboard-interactive' && manners.asksInteractively) {
        return attempt.prompt([{ prompt: 'Password: ', echo: false }], (answers) => (answers[0] === password ? attempt.accept() : attempt.reject()));
      }
      attempt.reject([manners.asksInteractively ? 'keyboard-interactive' : 'password']);
    });
    client.on('session', (accept) => accept().on('sftp', (acceptSftp) => serve(acceptSftp(), files, manners)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address was given');
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  return {
    host: '127.0.0.1',
    port: address.port,
    username,
    password,
    hostKeySha256: matchHostKey(key.getPublicSSH(), []).fingerprint,
    files,
    manners,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function serve(sftp: SFTPWrapper, files: Map<string, Buffer>, manners: Manners): void {
  const handles = new Map<string, string>();
  let counter = 0;
  const path = (handle: Buffer): string => handles.get(handle.toString()) ?? '';
  sftp.on('OPEN', (id, name, flags) => {
    const creates = (flags & 0x08) !== 0;
    if (!creates && !files.has(name)) return sftp.status(id, status.NO_SUCH_FILE);
    if (creates) files.set(name, Buffer.alloc(0));
    counter += 1;
    handles.set(String(counter), name);
    sftp.handle(id, Buffer.from(String(counter)));
  });
  sftp.on('WRITE', (id, handle, offset, data) => {
    if (manners.writeStatus !== undefined) return sftp.status(id, manners.writeStatus);
    const stored = manners.stores(data);
    const before = files.get(path(handle)) ?? Buffer.alloc(0);
    const after = Buffer.alloc(Math.max(before.length, offset + stored.length));
    before.copy(after);
    stored.copy(after, offset);
    files.set(path(handle), after);
    sftp.status(id, status.OK);
  });
  sftp.on('READ', (id, handle, offset, length) => {
    const part = (files.get(path(handle)) ?? Buffer.alloc(0)).subarray(offset, offset + length);
    if (part.length === 0) sftp.status(id, status.EOF);
    else sftp.data(id, part);
  });
  sftp.on('CLOSE', (id, handle) => sftp.status(id, handles.delete(handle.toString()) ? status.OK : status.FAILURE));
  sftp.on('REMOVE', (id, name) => sftp.status(id, files.delete(name) ? status.OK : status.NO_SUCH_FILE));
  sftp.on('STAT', (id, name) => {
    const bytes = files.get(name);
    if (bytes === undefined) return sftp.status(id, status.NO_SUCH_FILE);
    sftp.attrs(id, { mode: 0o100644, uid: 0, gid: 0, size: bytes.length, atime: 0, mtime: 0 });
  });
  sftp.on('RENAME', (id, from, to) => {
    const bytes = files.get(from);
    if (bytes === undefined) return sftp.status(id, status.NO_SUCH_FILE);
    if (files.has(to) && !manners.overwritesOnRename) return sftp.status(id, status.FAILURE);
    files.delete(from);
    files.set(to, bytes);
    sftp.status(id, status.OK);
  });
}
