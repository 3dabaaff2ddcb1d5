import { GatewayFailure } from '../../domain/failures.js';

const temporaryPattern = /^\..+\.[0-9a-f]{12}\.part$/;

/** `.<finalName>.<token>.part`: hidden from receivers that skip dot files, told apart from foreign files by its token. */
export function temporaryName(finalName: string, token: string): string {
  return `.${finalName}.${token}.part`;
}

/** Whether a name is one that temporaryName() makes; the token is 12 hex digits. */
export function isTemporaryName(name: string): boolean {
  return temporaryPattern.test(name);
}

/** The name that a temporary file was to get; undefined for any other name. */
export function finalNameOf(temporary: string): string | undefined {
  return isTemporaryName(temporary) ? temporary.slice(1, -'.000000000000.part'.length) : undefined;
}

/** The path of a file; a name or directory that could lead elsewhere is a defect of ours, never sent to the machine. */
export function stagedPath(directory: string, name: string): string {
  return `${checkedDirectory(directory)}/${checkedName(name)}`;
}

/** The directory as given, when none of its parts is empty, `.` or `..`. */
export function checkedDirectory(directory: string): string {
  const parts = directory.replace(/^\//, '').split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new GatewayFailure('unexpected', `"${directory}" is not a directory name for the staging machine`);
  }
  return directory;
}

/** A directory and its parents, outermost first: `a/b` gives `a`, `a/b`. */
export function directoryChain(directory: string): string[] {
  const lead = checkedDirectory(directory).startsWith('/') ? '/' : '';
  const parts = directory.replace(/^\//, '').split('/');
  return parts.map((_, index) => lead + parts.slice(0, index + 1).join('/'));
}

function checkedName(name: string): string {
  // 255 bytes is what file systems take; the temporary name adds 19.
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name) || Buffer.byteLength(name) > 255) {
    throw new GatewayFailure('unexpected', `"${name}" is not a file name for the staging machine`);
  }
  return name;
}
