import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayFailure } from '../../domain/failures.js';
import { classifyStagingError, codeOf, type StagingStep } from './classify-staging-error.js';
import { checkedDirectory, isTemporaryName, stagedPath, temporaryName } from './name-staged-file.js';
import type { Capabilities, PutOptions, PutOutcome, ReadOutcome, StagedEntry, StagedFile, StagingMachine } from './staging-machine.js';
import { nextToken } from './temporary-token.adapter.js';

/** The thread pool of Node has four threads; more files at once only wait for them. */
const defaultInFlight = 8;
// File systems without hard links (SMB, FAT, some FUSE) answer with these.
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** A staging machine whose disk is mounted here (NFS, SMB, a shared folder). The mount itself is never created. */
export class DirectoryStagingAdapter implements StagingMachine {
  constructor(
    private readonly root: string,
    private readonly outbox: { readonly directory: string; readonly fsync: boolean },
  ) {}

  async put(files: readonly StagedFile[], options: PutOptions = {}): Promise<PutOutcome[]> {
    const outcomes = new Array<PutOutcome>(files.length);
    const queue = files.entries();
    const work = async (): Promise<void> => {
      for (const [index, file] of queue) outcomes[index] = await this.putOne(file);
    };
    await Promise.all(Array.from({ length: Math.min(files.length, options.inFlight ?? defaultInFlight) }, work));
    if (!this.outbox.fsync) return outcomes;
    const failures = new Map<string, GatewayFailure>();
    for (const directory of new Set(files.filter((_, index) => outcomes[index]?.ok).map((file) => file.directory))) {
      const failure = await this.flushDirectory(directory);
      if (failure !== undefined) failures.set(directory, failure);
    }
    return outcomes.map((outcome, index) => {
      const failure = failures.get(files[index]?.directory ?? '');
      return outcome.ok && failure !== undefined ? { finalName: outcome.finalName, ok: false, failure, mayBePublished: true } : outcome;
    });
  }

  async list(directory: string): Promise<StagedEntry[]> {
    return this.entries(directory, (name) => !name.startsWith('.'));
  }

  async listDirectories(directory: string): Promise<string[]> {
    const found = await this.tried('list', checkedDirectory(directory), (path) => readdir(path, { withFileTypes: true }));
    return (found ?? []).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name).sort();
  }

  async listTemporaries(directory: string): Promise<StagedEntry[]> {
    return this.entries(directory, isTemporaryName);
  }

  async survey(directory: string): Promise<{ files: StagedEntry[]; temporaries: StagedEntry[] }> {
    const entries = await this.entries(directory, (name) => !name.startsWith('.') || isTemporaryName(name));
    return { files: entries.filter((entry) => !entry.name.startsWith('.')), temporaries: entries.filter((entry) => entry.name.startsWith('.')) };
  }

  async removeTemporary(directory: string, name: string): Promise<void> {
    if (!isTemporaryName(name)) throw new GatewayFailure('unexpected', `${name} is not a temporary file of ours and stays`);
    await this.tried('remove', stagedPath(directory, name), (path) => rm(path, { force: true }));
  }

  async read(directory: string, name: string, maxBytes: number): Promise<ReadOutcome> {
    const outcome = await this.tried('read', stagedPath(directory, name), async (path): Promise<ReadOutcome> => {
      const handle = await open(path, 'r');
      try {
        const { size } = await handle.stat();
        return size > maxBytes ? { how: 'too-large', size } : { how: 'read', bytes: await handle.readFile() };
      } finally {
        await handle.close();
      }
    });
    if (outcome === undefined) return { how: 'missing' };
    // It may have grown between the look at its size and the reading.
    return outcome.how === 'read' && outcome.bytes.length > maxBytes ? { how: 'too-large', size: outcome.bytes.length } : outcome;
  }

  async stat(directory: string, name: string): Promise<StagedEntry | undefined> {
    const found = await this.tried('look', stagedPath(directory, name), (path) => stat(path));
    return found === undefined ? undefined : { name, size: found.size, mtimeMs: found.mtimeMs };
  }

  async move(fromDirectory: string, name: string, toDirectory: string): Promise<string | undefined> {
    if ((await this.stat(fromDirectory, name)) === undefined) return undefined;
    for (const target of [name, `${name}.${nextToken()}`]) {
      const to = join(this.root, stagedPath(toDirectory, target));
      const moved = await this.tried('move', stagedPath(fromDirectory, name), (path) => renameWithoutOverwriting(path, to));
      if (moved === 'moved') return target;
      if (moved === 'taken') continue;
      if ((await this.stat(fromDirectory, name)) === undefined) return undefined;
      throw new GatewayFailure('staging-denied', `move ${fromDirectory}/${name}: ${toDirectory} does not exist`);
    }
    throw new GatewayFailure('name-taken', `${toDirectory} already holds ${name}`);
  }

  async ensureDirectories(directories: readonly string[]): Promise<void> {
    await this.tried('create directory', '', (root) => stat(root)).then((found) => {
      if (found === undefined) throw new GatewayFailure('staging-unreachable', `${this.root} does not exist: is it mounted?`);
    });
    for (const directory of directories) await this.tried('create directory', checkedDirectory(directory), (path) => mkdir(path, { recursive: true }));
  }

  async probe(): Promise<Capabilities> {
    const token = nextToken();
    const [first, second] = ['probe-a', 'probe-b'].map((name) => stagedPath(this.outbox.directory, temporaryName(name, token)));
    if (first === undefined || second === undefined) throw new GatewayFailure('unexpected', 'no names for the probe');
    try {
      for (const path of [first, second]) await (await open(join(this.root, path), 'wx')).close();
      const outcome = await renameWithoutOverwriting(join(this.root, first), join(this.root, second));
      const directoryFsync = (await this.flushDirectory(this.outbox.directory)) === undefined;
      return { serverVersion: 'directory', renameRefusesExisting: outcome === 'taken', posixRename: true, fsync: true, directoryFsync };
    } catch (error) {
      throw classifyStagingError('probe', this.outbox.directory, error);
    } finally {
      for (const path of [first, second]) await rm(join(this.root, path), { force: true });
    }
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  private async putOne(file: StagedFile): Promise<PutOutcome> {
    const { finalName } = file;
    let mayBePublished = file.lookFirst;
    let temporary: string | undefined;
    let step: StagingStep = 'open';
    try {
      const final = join(this.root, stagedPath(file.directory, finalName));
      temporary = join(this.root, stagedPath(file.directory, temporaryName(finalName, nextToken())));
      if (file.lookFirst) {
        step = 'look';
        const found = await compareFile(final, file.bytes);
        mayBePublished = false;
        if (found === 'same') return { finalName, ok: true, how: 'found' };
        if (found === 'other') throw this.nameTaken(file);
      }
      step = 'open';
      const handle = await open(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
      try {
        step = 'write';
        await handle.writeFile(file.bytes);
        step = 'flush';
        if (this.outbox.fsync) await handle.sync();
        step = 'read back';
        if (!(await holdsExactly(handle, file.bytes))) {
          throw new GatewayFailure('content-differs', `${file.directory}/${finalName}: what was read back is not what was written`);
        }
      } finally {
        await handle.close(); // network file systems report a failed write here
      }
      step = 'rename';
      mayBePublished = true; // a network file system may link and lose the answer
      if ((await renameWithoutOverwriting(temporary, final)) === 'moved') {
        temporary = undefined;
        return { finalName, ok: true, how: 'written' };
      }
      step = 'look';
      mayBePublished = false;
      if ((await compareFile(final, file.bytes)) === 'same') return { finalName, ok: true, how: 'found' };
      throw this.nameTaken(file);
    } catch (error) {
      return { finalName, ok: false, failure: classifyStagingError(step, `${file.directory}/${finalName}`, error), mayBePublished };
    } finally {
      if (temporary !== undefined) await this.discard(temporary);
    }
  }

  /** Removes a temporary file; one that cannot be removed stays for the sweep (listTemporaries). */
  private async discard(path: string): Promise<boolean> {
    return rm(path, { force: true }).then(
      () => true,
      () => false,
    );
  }

  private async flushDirectory(directory: string): Promise<GatewayFailure | undefined> {
    try {
      const handle = await open(join(this.root, checkedDirectory(directory)), 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      return undefined;
    } catch (error) {
      // Some network file systems cannot flush a directory; they order renames by themselves.
      if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOTSUP') return undefined;
      return classifyStagingError('flush', directory, error);
    }
  }

  private async entries(directory: string, wanted: (name: string) => boolean): Promise<StagedEntry[]> {
    const names = await this.tried('list', checkedDirectory(directory), (path) => readdir(path));
    if (names === undefined) throw new GatewayFailure('staging-denied', `list ${directory}: it does not exist`);
    const entries: StagedEntry[] = [];
    for (const name of names.filter(wanted).sort()) {
      const found = await this.tried('list', `${directory}/${name}`, (path) => lstat(path));
      if (found?.isFile()) entries.push({ name, size: found.size, mtimeMs: found.mtimeMs });
    }
    return entries;
  }

  /** One operation below the root; what does not exist gives undefined, any other error is classified. */
  private async tried<T>(step: StagingStep, path: string, operation: (fullPath: string) => Promise<T>): Promise<T | undefined> {
    try {
      return await operation(join(this.root, path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw classifyStagingError(step, path, error);
    }
  }

  private nameTaken(file: StagedFile): GatewayFailure {
    return new GatewayFailure('name-taken', `${file.directory}/${file.finalName} holds other content than ours (SHA-256 ${file.sha256}, ${file.bytes.length} bytes)`);
  }
}

/** link + unlink never overwrites; where there are no hard links the name is looked for first and then renamed. */
async function renameWithoutOverwriting(from: string, to: string): Promise<'moved' | 'taken'> {
  try {
    await link(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return 'taken';
    if (typeof code !== 'string' || !noLinks.has(code)) throw error;
    if ((await compareFile(to, Buffer.alloc(0))) !== 'absent') return 'taken';
    await rename(from, to);
    return 'moved';
  }
  await unlink(from);
  return 'moved';
}

async function compareFile(path: string, bytes: Buffer): Promise<'same' | 'other' | 'absent'> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    return (await holdsExactly(handle, bytes)) ? 'same' : 'other';
  } finally {
    await handle.close();
  }
}

/** Whether an open file holds these bytes and no more. */
async function holdsExactly(handle: FileHandle, bytes: Buffer): Promise<boolean> {
  const back = Buffer.allocUnsafe(bytes.length + 1);
  let size = 0;
  for (;;) {
    const { bytesRead } = await handle.read(back, size, back.length - size, size);
    size += bytesRead;
    if (bytesRead === 0 || size === back.length) return size === bytes.length && bytes.compare(back, 0, size) === 0;
  }
}
