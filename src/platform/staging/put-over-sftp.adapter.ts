import { GatewayFailure } from '../../domain/failures.js';
import { classifyFailedWrite, classifyStagingError, needsSpaceCheck, codeOf, sftpStatus, type StagingStep } from './classify-staging-error.js';
import { stagedPath, temporaryName } from './name-staged-file.js';
import { openFlags, type SftpSession } from './sftp-session.adapter.js';
import { transferFile } from './transfer-file.adapter.js';
import type { Capabilities, PutOutcome, StagedFile } from './staging-machine.js';
import { nextToken } from './temporary-token.adapter.js';

export interface PutPlan {
  readonly capabilities: Capabilities;
  readonly inFlight: number;
  readonly fsync: boolean;
}

/**
 * Puts many files over one session, `inFlight` at once, each in three round trips: open; write, read back, flush and close
 * sent together; rename. The protocol has requests on one file done in the order in which they were sent (filexfer-02, 4.1),
 * and closing publishes nothing; only the rename does, and it is not sent before what came back was compared.
 *
 * Never overwriting: a plain SSH_FXP_RENAME must fail when the name exists; OpenSSH does it with link(2), so there is no
 * race. Where the probe saw a server overwrite all the same, the name is looked for while the bytes travel, and
 * the rename follows only when it was free; two writers of one name could then meet, but names carry the exchange's number.
 */
export function putOverSftp(session: SftpSession, files: readonly StagedFile[], plan: PutPlan): Promise<PutOutcome[]> {
  return new Promise((resolve) => {
    const outcomes = new Array<PutOutcome>(files.length);
    let next = 0;
    let unfinished = files.length;
    const startNext = (): void => {
      const index = next;
      const file = files[index];
      if (file === undefined) return;
      next += 1;
      new FilePut(session, file, plan, (outcome) => {
        outcomes[index] = outcome;
        unfinished -= 1;
        if (unfinished === 0) resolve(plan.fsync && plan.capabilities.directoryFsync ? flushDirectories(session, files, outcomes) : outcomes);
        else startNext();
      }).start();
    };
    if (unfinished === 0) resolve(outcomes);
    for (let slot = 0; slot < plan.inFlight; slot += 1) startNext();
  });
}

/** One file on its way; every path through it ends in exactly one outcome. */
class FilePut {
  private finalPath = '';
  private temporaryPath = '';
  private mayBePublished: boolean;

  constructor(
    private readonly session: SftpSession,
    private readonly file: StagedFile,
    private readonly plan: PutPlan,
    private readonly finish: (outcome: PutOutcome) => void,
  ) {
    this.mayBePublished = file.lookFirst;
  }

  start(): void {
    try {
      this.finalPath = stagedPath(this.file.directory, this.file.finalName);
      this.temporaryPath = stagedPath(this.file.directory, temporaryName(this.file.finalName, nextToken()));
    } catch (error) {
      const failure = classifyStagingError('open', this.file.finalName, error);
      queueMicrotask(() => this.fail(failure));
      return;
    }
    if (!this.file.lookFirst) return this.send();
    this.lookAtFinal((error, found) => {
      if (error !== undefined) return this.fail(error);
      this.mayBePublished = false;
      if (found === 'same') return this.finish({ finalName: this.file.finalName, ok: true, how: 'found' });
      if (found === 'other') return this.fail(this.nameTaken());
      this.send();
    });
  }

  private send(): void {
    this.session.open(this.temporaryPath, openFlags.createReadWrite, (error, handle) => {
      if (handle === undefined) return this.failStep('open', error);
      let transferred = false;
      let nameFree: boolean | undefined = this.plan.capabilities.renameRefusesExisting ? true : undefined;
      const publishWhenReady = (): void => {
        if (!transferred || nameFree === undefined) return;
        if (nameFree) this.publish();
        else this.settleTakenName();
      };
      transferFile(this.session, handle, this.file.bytes, { write: true, fsync: this.plan.fsync && this.plan.capabilities.fsync }, (failed, same) => {
        if (failed !== undefined) return this.withoutTemporary(() => this.failStep(failed.step, failed.error));
        if (!same) return this.withoutTemporary(() => this.fail(new GatewayFailure('content-differs', `${this.temporaryPath}: what was read back is not what was written`)));
        transferred = true;
        publishWhenReady();
      });
      if (nameFree !== undefined) return;
      this.session.stat(this.finalPath, (failed) => {
        // Any other error shows up again in the rename; the look only has to find a name that is taken.
        nameFree = failed !== undefined;
        publishWhenReady();
      });
    });
  }

  private publish(): void {
    const { renameRefusesExisting, posixRename } = this.plan.capabilities;
    this.mayBePublished = true;
    const renamed = (error: unknown): void => {
      if (error === undefined) return this.finish({ finalName: this.file.finalName, ok: true, how: 'written' });
      if (error instanceof GatewayFailure) return this.fail(error); // the connection is gone: nobody knows
      this.mayBePublished = false;
      if (codeOf(error) === sftpStatus.permissionDenied) return this.withoutTemporary(() => this.failStep('rename', error));
      this.settleTakenName(error);
    };
    if (renameRefusesExisting || !posixRename) this.session.rename(this.temporaryPath, this.finalPath, renamed);
    else this.session.posixRename(this.temporaryPath, this.finalPath, renamed);
  }

  /** The name could not be had: is it because the same bytes lie there already, because others do, or for another reason? */
  private settleTakenName(renameError?: unknown): void {
    this.lookAtFinal((error, found) => {
      this.withoutTemporary(() => {
        if (error !== undefined) return this.fail(error);
        if (found === 'same') return this.finish({ finalName: this.file.finalName, ok: true, how: 'found' });
        if (found === 'other') return this.fail(this.nameTaken());
        if (renameError !== undefined) return this.failStep('rename', renameError);
        this.fail(new GatewayFailure('staging-interrupted', `${this.finalPath} was there before the rename and is gone now`));
      });
    });
  }

  private lookAtFinal(done: (failure: GatewayFailure | undefined, found?: 'same' | 'other' | 'absent') => void): void {
    this.session.open(this.finalPath, openFlags.read, (error, handle) => {
      if (codeOf(error) === sftpStatus.noSuchFile) return done(undefined, 'absent');
      if (handle === undefined) return done(classifyStagingError('look', this.finalPath, error));
      transferFile(this.session, handle, this.file.bytes, { write: false, fsync: false }, (failed, same) => {
        if (failed !== undefined) return done(classifyStagingError('look', this.finalPath, failed.error));
        done(undefined, same ? 'same' : 'other');
      });
    });
  }

  /** Removes the temporary file and goes on; one that cannot be removed stays for the sweep (listTemporaries). */
  private withoutTemporary(then: () => void): void {
    this.session.remove(this.temporaryPath, then);
  }

  private failStep(step: StagingStep, error: unknown): void {
    const place = { path: this.finalPath, directory: this.file.directory, neededBytes: this.file.bytes.length };
    void classifyOverSftp(this.session, step, place, error).then((failure) => this.fail(failure));
  }

  private nameTaken(): GatewayFailure {
    return new GatewayFailure('name-taken', `${this.finalPath} holds other content than ours (SHA-256 ${this.file.sha256}, ${this.file.bytes.length} bytes)`);
  }

  private fail(failure: GatewayFailure): void {
    this.finish({ finalName: this.file.finalName, ok: false, failure, mayBePublished: this.mayBePublished });
  }
}

/** An error of one step as a failure; where the server says only `Failure`, its free space is asked for. Never rejects. */
export function classifyOverSftp(
  session: SftpSession,
  step: StagingStep,
  place: { readonly path: string; readonly directory: string; readonly neededBytes: number },
  error: unknown,
): Promise<GatewayFailure> {
  if (!needsSpaceCheck(step, error)) return Promise.resolve(classifyStagingError(step, place.path, error));
  return new Promise((resolve) => {
    session.statvfs(place.directory, (_unsupported, space) => resolve(classifyFailedWrite(step, place.path, place.neededBytes, freeSpace(space))));
  });
}

/** Free space from a statvfs@openssh.com answer; a file system that counts no files (btrfs) has no limit of them. */
function freeSpace(answer: unknown): { freeBytes: number; freeFiles: number } | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(answer));
  const [block, blocks, files, freeFiles] = ['f_frsize', 'f_bavail', 'f_files', 'f_favail'].map((name) => fields.get(name));
  if (typeof block !== 'number' || typeof blocks !== 'number') return undefined;
  return { freeBytes: block * blocks, freeFiles: typeof freeFiles === 'number' && files !== 0 ? freeFiles : Number.MAX_SAFE_INTEGER };
}

/** Flushes the directories once per put, so that the renames survive a power cut; without it those files count as unknown. */
async function flushDirectories(session: SftpSession, files: readonly StagedFile[], outcomes: readonly PutOutcome[]): Promise<PutOutcome[]> {
  const directories = new Set(files.filter((_, index) => outcomes[index]?.ok).map((file) => file.directory));
  const failures = new Map<string, GatewayFailure>();
  await Promise.all(
    [...directories].map(async (directory) => {
      const error = await flushDirectory(session, directory);
      if (error !== undefined) failures.set(directory, classifyStagingError('flush', directory, error));
    }),
  );
  return outcomes.map((outcome, index) => {
    const failure = failures.get(files[index]?.directory ?? '');
    if (!outcome.ok || failure === undefined) return outcome;
    return { finalName: outcome.finalName, ok: false, failure, mayBePublished: true };
  });
}

/** fsync@openssh.com on a directory (its rename table); gives the error, if any. */
export function flushDirectory(session: SftpSession, directory: string): Promise<unknown> {
  return new Promise((resolve) => {
    session.open(directory, openFlags.read, (error, handle) => {
      if (handle === undefined) return resolve(error);
      session.fsync(handle, (flushError) => {
        session.close(handle, (closeError) => resolve(flushError ?? closeError));
      });
    });
  });
}
