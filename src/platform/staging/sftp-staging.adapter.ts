import { asFailure, GatewayFailure } from '../../domain/failures.js';
import type { SftpSettings } from '../../domain/settings.js';
import { classifyStagingError, codeOf, sftpStatus, type StagingStep } from './classify-staging-error.js';
import { checkedDirectory, directoryChain, isTemporaryName, stagedPath } from './name-staged-file.js';
import { answered, probeSftp } from './probe-sftp.adapter.js';
import { putOverSftp } from './put-over-sftp.adapter.js';
import { openFlags, SftpSession, type Answer } from './sftp-session.adapter.js';
import type { Capabilities, PutOptions, PutOutcome, ReadOutcome, StagedEntry, StagedFile, StagingMachine } from './staging-machine.js';
import { nextToken } from './temporary-token.adapter.js';

/** Handles left for the looks and flushes beside the files under way. */
const spareHandles = 8;

/** A staging machine behind SFTP: one connection, opened by the first call and again after it was lost. */
export class SftpStagingAdapter implements StagingMachine {
  private current: Promise<SftpSession> | undefined;
  private readonly known = new WeakMap<SftpSession, Promise<Capabilities>>();

  constructor(
    private readonly settings: SftpSettings,
    private readonly outbox: { readonly directory: string; readonly fsync: boolean },
  ) {}

  async put(files: readonly StagedFile[], options: PutOptions = {}): Promise<PutOutcome[]> {
    if (files.length === 0) return [];
    let session: SftpSession;
    let capabilities: Capabilities;
    try {
      session = await this.session();
      capabilities = await this.capabilities(session);
    } catch (error) {
      const failure = asFailure(error);
      return files.map((file) => ({ finalName: file.finalName, ok: false, failure, mayBePublished: file.lookFirst }));
    }
    const granted = (capabilities.maxOpenHandles ?? Number.MAX_SAFE_INTEGER) - spareHandles;
    const inFlight = Math.max(1, Math.min(options.inFlight ?? this.settings.inFlight, granted));
    return putOverSftp(session, files, { capabilities, inFlight, fsync: this.outbox.fsync });
  }

  async list(directory: string): Promise<StagedEntry[]> {
    return (await this.entries(directory)).filter((entry) => !entry.name.startsWith('.'));
  }

  async listDirectories(directory: string): Promise<string[]> {
    const path = checkedDirectory(directory);
    const all = await this.ask('list', path, (session, done: Answer<{ filename: string; attrs: { isDirectory(): boolean } }[]>) => session.readDirectory(path, done), []);
    return all.filter((entry) => entry.attrs.isDirectory() && !entry.filename.startsWith('.')).map((entry) => entry.filename).sort();
  }

  async listTemporaries(directory: string): Promise<StagedEntry[]> {
    return (await this.entries(directory)).filter((entry) => isTemporaryName(entry.name));
  }

  async survey(directory: string): Promise<{ files: StagedEntry[]; temporaries: StagedEntry[] }> {
    const entries = await this.entries(directory);
    return { files: entries.filter((entry) => !entry.name.startsWith('.')), temporaries: entries.filter((entry) => isTemporaryName(entry.name)) };
  }

  async removeTemporary(directory: string, name: string): Promise<void> {
    if (!isTemporaryName(name)) throw new GatewayFailure('unexpected', `${name} is not a temporary file of ours and stays`);
    const path = stagedPath(directory, name);
    await this.ask('remove', path, (session, done) => session.remove(path, done), undefined);
  }

  async read(directory: string, name: string, maxBytes: number): Promise<ReadOutcome> {
    const path = stagedPath(directory, name);
    const session = await this.session();
    const handle = await this.ask<Buffer, undefined>('read', path, (_, done) => session.open(path, openFlags.read, done), undefined);
    if (handle === undefined) return { how: 'missing' };
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for (let ended = false; !ended && size <= maxBytes; ) {
        const wanted = Math.min(session.chunkBytes, maxBytes + 1 - size);
        const part = await answered<Buffer>((done) => session.read(handle, size, wanted, (error, data) => done(error, data && Buffer.from(data))));
        parts.push(part);
        size += part.length;
        ended = part.length === 0;
      }
    } catch (error) {
      throw classifyStagingError('read', path, error);
    } finally {
      // The bytes are here or the error is on its way: what closing says changes neither.
      session.close(handle, () => undefined);
    }
    return size > maxBytes ? { how: 'too-large', size } : { how: 'read', bytes: Buffer.concat(parts, size) };
  }

  async stat(directory: string, name: string): Promise<StagedEntry | undefined> {
    const path = stagedPath(directory, name);
    const stats = await this.ask('look', path, (session, done: Answer<{ size: number; mtime: number }>) => session.stat(path, done), undefined);
    return stats === undefined ? undefined : { name, size: stats.size, mtimeMs: stats.mtime * 1_000 };
  }

  async move(fromDirectory: string, name: string, toDirectory: string): Promise<string | undefined> {
    const from = stagedPath(fromDirectory, name);
    if ((await this.stat(fromDirectory, name)) === undefined) return undefined;
    for (const target of [name, `${name}.${nextToken()}`]) {
      if ((await this.stat(toDirectory, target)) !== undefined) continue;
      const to = stagedPath(toDirectory, target);
      const moved = await this.ask('move', from, (session, done) => session.rename(from, to, (error) => done(error, true)), undefined);
      if (moved !== undefined) return target;
      if ((await this.stat(fromDirectory, name)) === undefined) return undefined;
      throw new GatewayFailure('staging-denied', `move ${from}: ${toDirectory} does not exist`);
    }
    throw new GatewayFailure('name-taken', `${toDirectory} already holds ${name}`);
  }

  async ensureDirectories(directories: readonly string[]): Promise<void> {
    const all = [...new Set(directories.flatMap(directoryChain))];
    for (const directory of all) {
      const there = await this.ask('look', directory, (session, done: Answer<{ isDirectory(): boolean }>) => session.stat(directory, done), undefined);
      if (there?.isDirectory()) continue;
      await this.ask('create directory', directory, (session, done) => session.makeDirectory(directory, done), undefined);
    }
  }

  async probe(): Promise<Capabilities> {
    const session = await this.session();
    this.known.delete(session);
    return this.capabilities(session);
  }

  async close(): Promise<void> {
    const current = this.current;
    this.current = undefined;
    if (current === undefined) return;
    const [opened] = await Promise.allSettled([current]);
    if (opened.status === 'fulfilled') await opened.value.quit();
  }

  private async entries(directory: string): Promise<StagedEntry[]> {
    const path = checkedDirectory(directory);
    const session = await this.session();
    try {
      const all = await answered<{ filename: string; attrs: { size: number; mtime: number; isDirectory(): boolean; isSymbolicLink(): boolean } }[]>((done) => session.readDirectory(path, done));
      return all
        .filter((entry) => !entry.attrs.isDirectory() && !entry.attrs.isSymbolicLink()) // some servers send no file type at all
        .map((entry) => ({ name: entry.filename, size: entry.attrs.size, mtimeMs: entry.attrs.mtime * 1_000 }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw classifyStagingError('list', path, error);
    }
  }

  /** One request; what does not exist gives `missing`, any other error is classified. */
  private async ask<T, M>(step: StagingStep, path: string, request: (session: SftpSession, done: Answer<T>) => void, missing: M): Promise<T | M> {
    const session = await this.session();
    try {
      return await answered<T>((done) => request(session, done));
    } catch (error) {
      // A directory that cannot be created for want of its parent is an error, not a missing file.
      if (codeOf(error) === sftpStatus.noSuchFile && step !== 'create directory') return missing;
      throw classifyStagingError(step, path, error);
    }
  }

  private async session(): Promise<SftpSession> {
    const before = this.current;
    if (before !== undefined) {
      const session = await before;
      if (session.ended === undefined) return session;
      // Several callers may see the same dead session: only the first replaces it.
      if (this.current === before) this.current = undefined;
      return this.session();
    }
    const opening = SftpSession.open(this.settings);
    this.current = opening;
    // Observed here so that a failure forgets the attempt; the awaiting callers get it below.
    opening.catch(() => {
      if (this.current === opening) this.current = undefined;
    });
    return opening;
  }

  private capabilities(session: SftpSession): Promise<Capabilities> {
    const known = this.known.get(session);
    if (known !== undefined) return known;
    const asked = probeSftp(session, this.outbox.directory);
    this.known.set(session, asked);
    // A probe that failed (no right to write, a full disk) is made again by the next put.
    asked.catch(() => this.known.delete(session));
    return asked;
  }
}
