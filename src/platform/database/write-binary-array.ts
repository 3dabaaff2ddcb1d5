import type { ColumnKind } from './dialect.js';

/** Element types of PostgreSQL by our kinds: object identifier, and fixed size in bytes where there is one. */
const elements: Readonly<Record<ColumnKind, { oid: number; fixed?: 2 | 4 | 8 }>> = {
  big: { oid: 20, fixed: 8 },
  int: { oid: 23, fixed: 4 },
  flag: { oid: 21, fixed: 2 },
  instant: { oid: 1184, fixed: 8 },
  text: { oid: 25 },
  long: { oid: 25 },
  bytes: { oid: 17 },
};
/** Milliseconds from 1970 to 2000-01-01, where PostgreSQL begins to count microseconds. */
const epochMs = 946_684_800_000;
const header = 20;

/**
 * One column of many rows as PostgreSQL's binary array (array_send's form): no quoting on our side, no parsing on the other.
 * Values as the Dialect takes them: text, decimal text or number, ISO 8601 instants, Buffers, null.
 */
export function writeBinaryArray(kind: ColumnKind, values: readonly unknown[]): Buffer {
  const { oid, fixed } = elements[kind];
  if (fixed !== undefined) return writeFixed(kind, oid, fixed, values);
  // Three bytes are the most that UTF-8 takes for one UTF-16 unit; the buffer is cut to what was written.
  let most = header;
  for (const v of values) most += 4 + (v === null ? 0 : v instanceof Uint8Array ? v.length : String(v).length * 3);
  const out = Buffer.allocUnsafe(most);
  let nulls = 0;
  let at = header;
  for (const v of values) {
    if (v === null) {
      nulls = 1;
      at = out.writeInt32BE(-1, at);
    } else if (v instanceof Uint8Array) {
      at = out.writeInt32BE(v.length, at);
      out.set(v, at);
      at += v.length;
    } else {
      const size = out.write(String(v), at + 4, 'utf8');
      out.writeInt32BE(size, at);
      at += 4 + size;
    }
  }
  writeHeader(out, nulls, oid, values.length);
  return out.subarray(0, at);
}

function writeFixed(kind: ColumnKind, oid: number, size: 2 | 4 | 8, values: readonly unknown[]): Buffer {
  const out = Buffer.allocUnsafe(header + values.length * (4 + size));
  let nulls = 0;
  let at = header;
  for (const v of values) {
    if (v === null) {
      nulls = 1;
      at = out.writeInt32BE(-1, at);
      continue;
    }
    at = out.writeInt32BE(size, at);
    if (size === 8) at = out.writeBigInt64BE(kind === 'instant' ? BigInt(instantMs(v) - epochMs) * 1000n : BigInt(v as string | number), at);
    else at = size === 4 ? out.writeInt32BE(Number(v), at) : out.writeInt16BE(Number(v), at);
  }
  writeHeader(out, nulls, oid, values.length);
  return out.subarray(0, at);
}

function writeHeader(out: Buffer, nulls: number, oid: number, count: number): void {
  out.writeInt32BE(1, 0); // dimensions
  out.writeInt32BE(nulls, 4);
  out.writeInt32BE(oid, 8);
  out.writeInt32BE(count, 12);
  out.writeInt32BE(1, 16); // lower bound
}

function instantMs(value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : Date.parse(String(value));
  if (Number.isNaN(ms)) throw new RangeError(`expected an instant as ISO 8601, not '${String(value).slice(0, 40)}'`);
  return ms;
}
