import { crc32 } from 'node:zlib';

interface ZipFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Beyond these the format needs another form of its directory, which old unpackers do not know. */
const mostFiles = 65_000;
const mostBytes = 4_000_000_000;

/** Too much for one ZIP file. */
export class ZipTooLarge extends Error {}

/** Files as one ZIP archive, stored as they are, names in UTF-8; written as they come. `at` is the time that each says it was made, in Asia/Shanghai. */
export async function* writeZip(files: AsyncIterable<ZipFile>, at: Date): AsyncGenerator<Buffer> {
  const local = new Date(at.getTime() + 8 * 3_600_000);
  const time = (local.getUTCHours() << 11) | (local.getUTCMinutes() << 5) | (local.getUTCSeconds() >> 1);
  const day = ((local.getUTCFullYear() - 1980) << 9) | ((local.getUTCMonth() + 1) << 5) | local.getUTCDate();
  const directory: Buffer[] = [];
  let offset = 0;
  for await (const { path, bytes } of files) {
    const name = Buffer.from(path, 'utf8');
    if (directory.length >= mostFiles || offset + bytes.length > mostBytes) throw new ZipTooLarge(`more than ${mostFiles} files or ${mostBytes} bytes`);
    // Version 2.0, names in UTF-8, stored, time, day, checksum, size twice, length of the name, no extra field.
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(0x0800, 2);
    facts.writeUInt16LE(time, 6);
    facts.writeUInt16LE(day, 8);
    facts.writeUInt32LE(crc32(bytes), 10);
    facts.writeUInt32LE(bytes.length, 14);
    facts.writeUInt32LE(bytes.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    facts.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(Buffer.concat([entry, name]));
    const head = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), facts, name]);
    yield head;
    yield bytes;
    offset += head.length + bytes.length;
  }
  const all = Buffer.concat(directory);
  yield all;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(all.length, 12);
  end.writeUInt32LE(offset, 16);
  yield end;
}
