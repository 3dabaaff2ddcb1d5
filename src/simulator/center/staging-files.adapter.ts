import { constants, lstatSync, type Stats } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, rmdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { openFlags, type SftpRequest } from './read-sftp-request.js';
import { sftpStatus, type SftpAttributes, type SftpName, type SftpReply, type SftpStatus } from './write-sftp-reply.js';

/** A request that the staging machine answers with a status other than OK. */
export class SftpRefusal extends Error {
  constructor(
    readonly status: SftpStatus,
    text: string,
  ) {
    super(text);
  }
}

type Opened = { kind: 'file'; file: FileHandle; tail: Promise<unknown> } | { kind: 'directory'; path: string; left: string[] };

const ok: SftpReply = { kind: 'status', status: sftpStatus.ok, text: 'ok' };
const namesPerReply = 128;

/**
 * The files of one SFTP session below a root directory. Paths are resolved as text from `/`, so `..` ends at the root;
 * links cannot be made through SFTP here, so no path leads out of it.
 */
export class StagingFiles {
  private readonly opened = new Map<number, Opened>();
  private ended = false;
  private lastHandle = 0;

  constructor(private readonly root: string) {}

  /** Answers one request; throws SftpRefusal or the error of the file system. */
  async answer(request: Exclude<SftpRequest, { kind: 'init' | 'unsupported' }>): Promise<SftpReply> {
    switch (request.kind) {
      case 'open':
        return this.open(request.path, request.flags, request.mode);
      case 'read':
        return this.inTurn(request.handle, async (file) => {
          const buffer = Buffer.allocUnsafe(Math.min(request.length, 256 * 1024));
          const { bytesRead } = await file.read(buffer, 0, buffer.length, request.offset);
          if (bytesRead === 0) throw new SftpRefusal(sftpStatus.endOfFile, 'end of file');
          return { kind: 'data', bytes: buffer.subarray(0, bytesRead) };
        });
      case 'write':
        return this.inTurn(request.handle, async (file) => {
          let done = 0;
          while (done < request.bytes.length) {
            done += (await file.write(request.bytes, done, request.bytes.length - done, request.offset + done)).bytesWritten;
          }
          return ok;
        });
      case 'fsync':
        return this.inTurn(request.handle, async (file) => (await file.sync(), ok));
      case 'fstat':
        return this.inTurn(request.handle, async (file) => ({ kind: 'attributes', attributes: attributesOf(await file.stat()) }));
      case 'close':
        return this.close(request.handle);
      case 'opendir': {
        const path = this.local(request.path);
        return this.keep({ kind: 'directory', path, left: ['.', '..', ...(await readdir(path))] });
      }
      case 'readdir':
        return this.nextNames(request.handle);
      case 'lstat':
        return { kind: 'attributes', attributes: attributesOf(await lstat(this.local(request.path))) };
      case 'stat':
        return { kind: 'attributes', attributes: attributesOf(await stat(this.local(request.path))) };
      case 'setstat':
      case 'fsetstat':
        return ok; // times and modes carry no meaning on this machine; clients that set them must not fail
      case 'remove':
        await unlink(this.local(request.path));
        return ok;
      case 'mkdir':
        await mkdir(this.local(request.path));
        return ok;
      case 'rmdir':
        await rmdir(this.local(request.path));
        return ok;
      case 'realpath':
        return { kind: 'names', names: [{ name: posix.resolve('/', request.path) }] };
      case 'posix-rename':
        await rename(this.local(request.path), this.local(request.target));
        return ok;
      case 'rename':
        await this.renameToFreeName(this.local(request.path), this.local(request.target));
        return ok;
    }
  }

  /** Closes what the session left open. */
  async closeAll(): Promise<void> {
    this.ended = true;
    const files = [...this.opened.values()].filter((o) => o.kind === 'file');
    this.opened.clear();
    await Promise.allSettled(files.map((o) => o.tail));
    await Promise.all(files.map((o) => o.file.close()));
  }

  private local(path: string): string {
    return join(this.root, posix.resolve('/', path));
  }

  private keep(opened: Opened): SftpReply {
    this.lastHandle += 1;
    this.opened.set(this.lastHandle, opened);
    return { kind: 'handle', handle: this.lastHandle };
  }

  private async open(path: string, flags: number, mode: number | undefined): Promise<SftpReply> {
    const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_EXCL, O_APPEND } = constants;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const access = has(openFlags.write) ? (has(openFlags.read) ? O_RDWR : O_WRONLY) : O_RDONLY;
    const bits =
      access |
      (has(openFlags.create) ? O_CREAT : 0) |
      (has(openFlags.truncate) ? O_TRUNC : 0) |
      (has(openFlags.exclusive) ? O_EXCL : 0) |
      (has(openFlags.append) ? O_APPEND : 0);
    const file = await open(this.local(path), bits, mode ?? 0o640);
    if (this.ended) {
      // The connection was cut while the file was being opened: nobody will close it.
      await file.close();
      throw new SftpRefusal(sftpStatus.failure, 'the session is over');
    }
    return this.keep({ kind: 'file', file, tail: Promise.resolve() });
  }

  /** Runs what concerns one open file in the order it was asked, while other files go on. */
  private async inTurn(handle: number, work: (file: FileHandle) => Promise<SftpReply>): Promise<SftpReply> {
    const opened = this.opened.get(handle);
    if (opened?.kind !== 'file') throw new SftpRefusal(sftpStatus.failure, 'no such open file');
    const turn = opened.tail.then(() => work(opened.file));
    opened.tail = turn.catch(() => undefined); // the error goes to whoever asked; the next in line runs all the same
    return turn;
  }

  private async close(handle: number): Promise<SftpReply> {
    const opened = this.opened.get(handle);
    if (opened?.kind === 'directory') {
      this.opened.delete(handle);
      return ok;
    }
    return this.inTurn(handle, async (file) => {
      this.opened.delete(handle);
      await file.close();
      return ok;
    });
  }

  private nextNames(handle: number): SftpReply {
    const opened = this.opened.get(handle);
    if (opened?.kind !== 'directory') throw new SftpRefusal(sftpStatus.failure, 'no such open directory');
    const names: SftpName[] = [];
    for (const name of opened.left.splice(0, namesPerReply)) {
      const found = lstatSync(join(opened.path, name), { throwIfNoEntry: false });
      if (found) names.push({ name, attributes: attributesOf(found) });
    }
    if (names.length === 0 && opened.left.length === 0) throw new SftpRefusal(sftpStatus.endOfFile, 'no more names');
    return { kind: 'names', names };
  }

  /** RENAME of version 3 fails where the target exists; link and unlink do that in one atomic step for files. */
  private async renameToFreeName(from: string, to: string): Promise<void> {
    if ((await lstat(from)).isDirectory()) {
      const taken = await lstat(to).then(
        () => true,
        () => false,
      );
      if (taken) throw new SftpRefusal(sftpStatus.failure, 'the target exists');
      await rename(from, to);
      return;
    }
    await link(from, to);
    await rm(from);
  }
}

function attributesOf(s: Stats): SftpAttributes {
  return { size: s.size, uid: s.uid, gid: s.gid, mode: s.mode, accessedAt: Math.floor(s.atimeMs / 1000), modifiedAt: Math.floor(s.mtimeMs / 1000) };
}
