import type { GatewayFailure } from '../../domain/failures.js';

/** One file to be placed on the staging machine; its name never changes between attempts. */
export interface StagedFile {
  /** Relative to the account's root, e.g. `in`. */
  readonly directory: string;
  readonly finalName: string;
  readonly bytes: Buffer;
  /** Of `bytes`, lower-case hex; named when another file of this name is found. */
  readonly sha256: string;
  /**
   * The outcome of an earlier attempt is unknown: look for the final name before anything is sent. The same content there
   * counts as delivered, other content is `name-taken`. When the receiver took the file away meanwhile it is sent again:
   * what came of it then is for the receiver's idempotency key to say.
   */
  readonly lookFirst: boolean;
}

/** What became of one file. A failure says whether the file may lie under its final name all the same. */
export type PutOutcome =
  | { readonly finalName: string; readonly ok: true; readonly how: 'written' | 'found' }
  | { readonly finalName: string; readonly ok: false; readonly failure: GatewayFailure; readonly mayBePublished: boolean };

export interface PutOptions {
  /** Files under way at once; the settings' value unless given. */
  readonly inFlight?: number;
}

/** A regular file on the staging machine. `mtimeMs` is the other machine's clock: never decide anything on it. */
export interface StagedEntry {
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export type ReadOutcome =
  | { readonly how: 'read'; readonly bytes: Buffer }
  | { readonly how: 'missing' }
  | { readonly how: 'too-large'; readonly size: number };

/** What a staging machine was seen to do (not what it says it can). */
export interface Capabilities {
  /** The server's software, e.g. `OpenSSH_9.2p1`; `directory` for a mounted directory. */
  readonly serverVersion: string;
  /** A plain rename onto an existing name fails, as the protocol demands; then it is what publishes, without a race. */
  readonly renameRefusesExisting: boolean;
  /** posix-rename@openssh.com works. */
  readonly posixRename: boolean;
  /** fsync@openssh.com works on files. */
  readonly fsync: boolean;
  /** It works on directories too: a rename can be made to survive a power cut. */
  readonly directoryFsync: boolean;
  /** Handles the server lets one session hold, where it says so. */
  readonly maxOpenHandles?: number | undefined;
}

/**
 * The staging machine 中间机 of one channel. Everything but `put` throws a GatewayFailure; `put` never throws, each file
 * succeeds or fails by itself. A connection is opened by the first call that needs it and again after it was lost.
 */
export interface StagingMachine {
  /** Temporary name, content read back and compared, rename without ever overwriting; outcomes in the order of the files. */
  put(files: readonly StagedFile[], options?: PutOptions): Promise<PutOutcome[]>;
  /** Regular files whose names do not start with a dot, by name. */
  list(directory: string): Promise<StagedEntry[]>;
  /** Names of the directories in it, without those that start with a dot; none when it does not exist. */
  listDirectories(directory: string): Promise<string[]>;
  /** What list() and listTemporaries() give, by one look: a directory may hold very many files. */
  survey(directory: string): Promise<{ readonly files: StagedEntry[]; readonly temporaries: StagedEntry[] }>;
  /** Temporary files of this gateway, of this or of an earlier process. */
  listTemporaries(directory: string): Promise<StagedEntry[]>;
  /** Removes a temporary file of ours; any other name is refused. */
  removeTemporary(directory: string, name: string): Promise<void>;
  read(directory: string, name: string, maxBytes: number): Promise<ReadOutcome>;
  stat(directory: string, name: string): Promise<StagedEntry | undefined>;
  /** Moves without overwriting and gives the name the file has now (another one when it was taken); undefined: it was gone. */
  move(fromDirectory: string, name: string, toDirectory: string): Promise<string | undefined>;
  /** Creates what is missing, parents first. */
  ensureDirectories(directories: readonly string[]): Promise<void>;
  /** Tries in the outbox what the machine can; also a cheap check whether it lives. */
  probe(): Promise<Capabilities>;
  /** Ends the connection; a later call opens another. */
  close(): Promise<void>;
}
