/** Status codes of SFTP version 3 (section 7). */
export const sftpStatus = { ok: 0, endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, badMessage: 5, unsupported: 8 } as const;
export type SftpStatus = (typeof sftpStatus)[keyof typeof sftpStatus];

/** What a reply says of a file; sizes in bytes, times in whole seconds since 1970. */
export interface SftpAttributes {
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly accessedAt: number;
  readonly modifiedAt: number;
}

export interface SftpName {
  readonly name: string;
  readonly attributes?: SftpAttributes;
}

export type SftpReply =
  | { kind: 'version'; extensions: readonly string[] }
  | { kind: 'status'; status: SftpStatus; text: string }
  | { kind: 'handle'; handle: number }
  | { kind: 'data'; bytes: Buffer }
  | { kind: 'names'; names: readonly SftpName[] }
  | { kind: 'attributes'; attributes: SftpAttributes };

function uint32(...values: number[]): Buffer {
  const buffer = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, i) => buffer.writeUInt32BE(value >>> 0, i * 4));
  return buffer;
}

function sized(content: string | Buffer): Buffer[] {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return [uint32(bytes.length), bytes];
}

function attributeBytes(a: SftpAttributes): Buffer {
  const size = Buffer.allocUnsafe(8);
  size.writeBigUInt64BE(BigInt(a.size));
  // Flags: size, owner, permissions, times.
  return Buffer.concat([uint32(1 | 2 | 4 | 8), size, uint32(a.uid, a.gid, a.mode, a.accessedAt, a.modifiedAt)]);
}

/** `ls -l` line of a name; ssh2-sftp-client takes the kind of an entry from its first letter. */
export function longName({ name, attributes }: SftpName): string {
  if (!attributes) return name;
  const letters = 'rwxrwxrwx';
  const rights = [...letters].map((letter, i) => (attributes.mode & (1 << (8 - i)) ? letter : '-')).join('');
  const kind = (attributes.mode & 0o170000) === 0o040000 ? 'd' : '-';
  const day = new Date(attributes.modifiedAt * 1000).toISOString().slice(0, 10);
  return `${kind}${rights} 1 ${String(attributes.uid)} ${String(attributes.gid)} ${String(attributes.size)} ${day} ${name}`;
}

/** The whole packet of a reply, with its length in front. */
export function writeSftpReply(id: number, reply: SftpReply): Buffer {
  const parts: Buffer[] = [];
  const begin = (type: number): void => {
    parts.push(Buffer.from([type]));
    if (reply.kind !== 'version') parts.push(uint32(id));
  };
  switch (reply.kind) {
    case 'version':
      begin(2);
      parts.push(uint32(3), ...reply.extensions.flatMap((name) => [...sized(name), ...sized('1')]));
      break;
    case 'status':
      begin(101);
      parts.push(uint32(reply.status), ...sized(reply.text), ...sized(''));
      break;
    case 'handle':
      begin(102);
      parts.push(...sized(uint32(reply.handle)));
      break;
    case 'data':
      begin(103);
      parts.push(...sized(reply.bytes));
      break;
    case 'names':
      begin(104);
      parts.push(uint32(reply.names.length));
      for (const name of reply.names) {
        parts.push(...sized(name.name), ...sized(longName(name)), name.attributes ? attributeBytes(name.attributes) : uint32(0));
      }
      break;
    case 'attributes':
      begin(105);
      parts.push(attributeBytes(reply.attributes));
      break;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32(body.length), body]);
}
