/**
 * The SFTP version 3 requests that the simulated staging machine understands (draft-ietf-secsh-filexfer-02), read with our
 * own code: ssh2's server side answers INIT with a fixed VERSION packet and cannot offer extensions, so the simulator takes
 * the bare subsystem channel and speaks the protocol itself.
 */
export type SftpRequest =
  | { kind: 'init'; id: 0; version: number }
  | { kind: 'open'; id: number; path: string; flags: number; mode: number | undefined }
  | { kind: 'close' | 'fstat' | 'fsetstat' | 'readdir' | 'fsync'; id: number; handle: number }
  | { kind: 'read'; id: number; handle: number; offset: number; length: number }
  | { kind: 'write'; id: number; handle: number; offset: number; bytes: Buffer }
  | { kind: 'lstat' | 'stat' | 'setstat' | 'opendir' | 'remove' | 'mkdir' | 'rmdir' | 'realpath'; id: number; path: string }
  | { kind: 'rename' | 'posix-rename'; id: number; path: string; target: string }
  | { kind: 'unsupported'; id: number };

const pathRequests = { 7: 'lstat', 9: 'setstat', 11: 'opendir', 13: 'remove', 14: 'mkdir', 15: 'rmdir', 16: 'realpath', 17: 'stat' } as const;
const handleRequests = { 4: 'close', 8: 'fstat', 10: 'fsetstat', 12: 'readdir' } as const;

/** Flags of OPEN (section 6.3). */
export const openFlags = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** One request from a whole packet (type byte first, without the length); throws a RangeError where it is cut short. */
export function readSftpRequest(packet: Buffer): SftpRequest {
  let at = 1;
  const uint32 = (): number => {
    at += 4;
    return packet.readUInt32BE(at - 4);
  };
  const uint64 = (): number => {
    at += 8;
    return Number(packet.readBigUInt64BE(at - 8));
  };
  const bytes = (): Buffer => {
    const length = uint32();
    if (at + length > packet.length) throw new RangeError('a string runs over the end of its packet');
    at += length;
    return packet.subarray(at - length, at);
  };
  const text = (): string => bytes().toString('utf8');
  /** Our handles are four bytes; anything else names no open file and is answered so by whoever looks it up. */
  const handle = (): number => {
    const raw = bytes();
    return raw.length === 4 ? raw.readUInt32BE(0) : 0;
  };

  const type = packet.readUInt8(0);
  if (type === 1) return { kind: 'init', id: 0, version: uint32() };
  const id = uint32();
  if (type in pathRequests) return { kind: pathRequests[type as keyof typeof pathRequests], id, path: text() };
  if (type in handleRequests) return { kind: handleRequests[type as keyof typeof handleRequests], id, handle: handle() };
  if (type === 3) {
    const path = text();
    const flags = uint32();
    const attributes = uint32();
    if (attributes & 1) at += 8;
    if (attributes & 2) at += 8;
    return { kind: 'open', id, path, flags, mode: attributes & 4 ? uint32() & 0o7777 : undefined };
  }
  if (type === 5) return { kind: 'read', id, handle: handle(), offset: uint64(), length: uint32() };
  if (type === 6) return { kind: 'write', id, handle: handle(), offset: uint64(), bytes: bytes() };
  if (type === 18) return { kind: 'rename', id, path: text(), target: text() };
  if (type === 200) {
    const extension = text();
    if (extension === 'posix-rename@openssh.com') return { kind: 'posix-rename', id, path: text(), target: text() };
    if (extension === 'fsync@openssh.com') return { kind: 'fsync', id, handle: handle() };
  }
  return { kind: 'unsupported', id };
}
