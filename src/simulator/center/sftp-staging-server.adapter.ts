import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ParsedKey, ServerChannel } from 'ssh2';
import { openFlags, readSftpRequest, type SftpRequest } from './read-sftp-request.js';
import { SftpRefusal, StagingFiles } from './staging-files.adapter.js';
import { tellErrorCode } from './tell-error-code.js';
import { sftpStatus, writeSftpReply, type SftpReply } from './write-sftp-reply.js';

/** What the staging machine does wrong; every switch may be moved while it runs and holds from the next request on. */
export interface StagingFaults {
  /** Both kinds of rename are answered with FAILURE. */
  refuseRename: boolean;
  /** The extension posix-rename@openssh.com is not offered to sessions that begin while this is set. */
  withoutPosixRename: boolean;
  /** Writes are answered with FAILURE "No space left on device". */
  diskFull: boolean;
  /** Opening for writing, removing, renaming and making directories are answered with PERMISSION_DENIED. */
  denyWrite: boolean;
  /** Writes are answered with OK and thrown away. */
  loseWrites: boolean;
  /** Every login fails. */
  refuseLogin: boolean;
  /** A connection that has written this many bytes is not answered any more. */
  hangAfterBytes: number | undefined;
  /** A connection that has written this many bytes is cut in the middle of the write. */
  cutAfterBytes: number | undefined;
  /** Wait before each answer, as a far machine would. */
  delayMs: number;
}

/** A staging machine without faults. */
export function noStagingFaults(): StagingFaults {
  return { refuseRename: false, withoutPosixRename: false, diskFull: false, denyWrite: false, loseWrites: false, refuseLogin: false, hangAfterBytes: undefined, cutAfterBytes: undefined, delayMs: 0 };
}

/** Somebody who watches the requests, to strike at one of them. */
export type SftpObserver = (kind: SftpRequest['kind'], when: 'before' | 'after') => void;

export interface SftpStagingSettings {
  /** Existing directory that the account sees as `/`. */
  readonly root: string;
  /** Directory where the host key is kept from one start to the next. */
  readonly keyDir: string;
  readonly host?: string | undefined;
  /** 0 or none: a free port, kept over goOffline and goOnline. */
  readonly port?: number | undefined;
  readonly username: string;
  readonly password?: string | undefined;
  /** Public keys in OpenSSH form (`ssh-ed25519 AAAA…`) that may log in. */
  readonly publicKeys?: readonly string[] | undefined;
}

/** A real SFTP server over a local directory, for machines without sshd; see StagingFaults for what it can do wrong. */
export class SftpStagingServer {
  private server: Server | undefined;
  private boundPort: number;
  /** Open connections by the address and port they come from: the socket is what a cut destroys. */
  private readonly sockets = new Map<string, Socket>();
  private readonly ssh: InstanceType<typeof ssh2.Server>;
  /** Told of every request before it is carried out and after it was, before the answer leaves. */
  observer: SftpObserver | undefined;

  private constructor(
    private readonly settings: SftpStagingSettings,
    hostKey: string,
    private readonly allowedKeys: readonly ParsedKey[],
    /** `SHA256:…` as `ssh-keygen -l` prints it. */
    readonly hostKeySha256: string,
    readonly faults: StagingFaults,
  ) {
    this.boundPort = settings.port ?? 0;
    this.ssh = new ssh2.Server({ hostKeys: [hostKey] }, (connection, info) => this.serve(connection, `${info.ip} ${String(info.port)}`));
  }

  /** Starts to listen; rejects when the port is taken. */
  static async start(settings: SftpStagingSettings, faults: StagingFaults = noStagingFaults()): Promise<SftpStagingServer> {
    const hostKey = await keptHostKey(settings.keyDir);
    const digest = createHash('sha256').update(parsedKey(hostKey).getPublicSSH()).digest('base64');
    const allowedKeys = (settings.publicKeys ?? []).map(parsedKey);
    const server = new SftpStagingServer(settings, hostKey, allowedKeys, `SHA256:${digest.replace(/=+$/, '')}`, faults);
    await server.goOnline();
    return server;
  }

  get host(): string {
    return this.settings.host ?? '127.0.0.1';
  }

  get port(): number {
    return this.boundPort;
  }

  get connectionCount(): number {
    return this.sockets.size;
  }

  /** Listens again on the same port after goOffline. */
  async goOnline(): Promise<void> {
    if (this.server) return;
    const server = createServer((socket) => this.admit(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.boundPort, this.host, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    this.boundPort = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Refuses connections and cuts those that are open, as a machine that lost its network. */
  async goOffline(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  /** Cuts every open connection; new ones are taken. */
  dropConnections(): void {
    for (const socket of this.sockets.values()) socket.destroy();
  }

  private admit(socket: Socket): void {
    const peer = `${String(socket.remoteAddress)} ${String(socket.remotePort)}`;
    this.sockets.set(peer, socket);
    socket.setNoDelay(true); // answers are small; with Nagle each one would wait for the acknowledgement of the last
    socket.on('close', () => this.sockets.delete(peer));
    this.ssh.injectSocket(socket);
  }

  private serve(connection: Connection, peer: string): void {
    const cut = (): void => void this.sockets.get(peer)?.destroy();
    connection.on('error', cut); // clients that vanish are daily business here
    connection.on('authentication', (context) => (this.mayEnter(context) ? context.accept() : context.reject(['password', 'publickey'])));
    connection.on('session', (accept) => {
      const session = accept();
      session.on('subsystem', (take, reject, info) => {
        if (info.name !== 'sftp') return reject();
        return void new SftpSession(cut, take(), this.settings.root, this.faults, (kind, when) => this.observer?.(kind, when));
      });
    });
  }

  private mayEnter(context: AuthContext): boolean {
    if (this.faults.refuseLogin || context.username !== this.settings.username) return false;
    if (context.method === 'password') return this.settings.password !== undefined && sameText(context.password, this.settings.password);
    if (context.method !== 'publickey') return false;
    const { key, signature, blob, hashAlgo } = context;
    const allowed = this.allowedKeys.find((k) => k.type === key.algo && k.getPublicSSH().equals(key.data));
    if (!allowed) return false;
    return signature === undefined || (blob !== undefined && allowed.verify(blob, signature, hashAlgo) === true);
  }
}

/** One SFTP session on its channel: cuts the stream into packets, answers them, applies the faults. */
class SftpSession {
  private readonly files: StagingFiles;
  private pending: Buffer = Buffer.alloc(0);
  private writtenBytes = 0;
  private hung = false;

  constructor(
    private readonly cut: () => void,
    private readonly channel: ServerChannel,
    root: string,
    private readonly faults: StagingFaults,
    private readonly observe: SftpObserver,
  ) {
    this.files = new StagingFiles(root);
    channel.on('data', (chunk: Buffer) => this.take(chunk));
    channel.on('end', () => channel.end());
    channel.on('close', () => void this.files.closeAll());
  }

  private take(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    while (this.pending.length >= 4) {
      const length = this.pending.readUInt32BE(0);
      if (length === 0 || length > 512 * 1024) return this.cut();
      if (this.pending.length < 4 + length) return;
      const packet = this.pending.subarray(4, 4 + length);
      this.pending = this.pending.subarray(4 + length);
      void this.handle(packet);
    }
  }

  private async handle(packet: Buffer): Promise<void> {
    if (this.hung) return;
    let request: SftpRequest;
    try {
      request = readSftpRequest(packet);
    } catch {
      this.cut(); // not SFTP: nothing after this can be understood
      return;
    }
    // Before any wait: where the fault strikes depends on the order of arrival.
    const fault = request.kind === 'write' ? this.writeFault(request) : undefined;
    if (this.faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.faults.delayMs));
    let reply: SftpReply;
    this.observe(request.kind, 'before');
    try {
      reply = await this.answer(request);
      this.observe(request.kind, 'after');
    } catch (error) {
      reply = failureReply(error);
    }
    if (fault === 'cut') return this.cut();
    if (fault === 'hang' || this.hung || !this.channel.writable) return;
    this.channel.write(writeSftpReply(request.id, reply));
  }

  /** Counts written bytes and, where a limit is reached, leaves only the part that still fits. */
  private writeFault(request: Extract<SftpRequest, { kind: 'write' }>): 'hang' | 'cut' | undefined {
    const { hangAfterBytes, cutAfterBytes } = this.faults;
    const limit = cutAfterBytes ?? hangAfterBytes;
    const room = limit === undefined ? request.bytes.length : Math.max(0, limit - this.writtenBytes);
    this.writtenBytes += request.bytes.length;
    if (limit === undefined || room >= request.bytes.length) return undefined;
    request.bytes = request.bytes.subarray(0, room);
    this.hung = true;
    return cutAfterBytes === undefined ? 'hang' : 'cut';
  }

  private async answer(request: SftpRequest): Promise<SftpReply> {
    const { faults } = this;
    switch (request.kind) {
      case 'init':
        return { kind: 'version', extensions: [...(faults.withoutPosixRename ? [] : ['posix-rename@openssh.com']), 'fsync@openssh.com'] };
      case 'unsupported':
        throw new SftpRefusal(sftpStatus.unsupported, 'not supported');
      case 'write':
        if (faults.diskFull) throw new SftpRefusal(sftpStatus.failure, 'No space left on device');
        if (faults.loseWrites) return { kind: 'status', status: sftpStatus.ok, text: 'ok' };
        break;
      case 'open':
        if (faults.denyWrite && (request.flags & openFlags.write) !== 0) throw denied();
        break;
      case 'rename':
      case 'posix-rename':
        if (faults.denyWrite) throw denied();
        if (faults.refuseRename) throw new SftpRefusal(sftpStatus.failure, 'rename is refused');
        break;
      case 'remove':
      case 'mkdir':
      case 'rmdir':
        if (faults.denyWrite) throw denied();
        break;
      default:
        break;
    }
    return this.files.answer(request);
  }
}

function denied(): SftpRefusal {
  return new SftpRefusal(sftpStatus.permissionDenied, 'permission denied');
}

function failureReply(error: unknown): SftpReply {
  if (error instanceof SftpRefusal) return { kind: 'status', status: error.status, text: error.message };
  const code = tellErrorCode(error) ?? 'failure';
  const status = code === 'ENOENT' ? sftpStatus.noSuchFile : code === 'EACCES' || code === 'EPERM' ? sftpStatus.permissionDenied : sftpStatus.failure;
  return { kind: 'status', status, text: code };
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function parsedKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** The host key of this machine: read from its folder, or made once and left there. */
async function keptHostKey(keyDir: string): Promise<string> {
  const path = join(keyDir, 'ssh_host_ed25519_key');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (tellErrorCode(error) !== 'ENOENT') throw error;
  }
  // ssh2 writes about three of a thousand ed25519 keys in a form that it cannot read itself; those are thrown away.
  let pair = ssh2.utils.generateKeyPairSync('ed25519');
  while (ssh2.utils.parseKey(pair.private) instanceof Error) pair = ssh2.utils.generateKeyPairSync('ed25519');
  await mkdir(keyDir, { recursive: true });
  await writeFile(path, pair.private, { mode: 0o600 });
  await writeFile(`${path}.pub`, pair.public);
  return pair.private;
}
