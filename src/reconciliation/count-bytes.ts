/** Bytes of a text in the encoding that a file came in; GB 18030 writes its two-byte characters as GBK does, the rest in four. */
export function countBytes(text: string, encoding: 'utf-8' | 'gb18030'): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text, 'utf8');
  let bytes = 0;
  for (const c of text) bytes += c < '\u0080' ? 1 : twoByte().has(c) ? 2 : 4;
  return bytes;
}

let table: ReadonlySet<string> | undefined;

/** Every character with a two-byte code, read off the decoder once: its table is the one that the files are read with. */
function twoByte(): ReadonlySet<string> {
  if (table) return table;
  const decoder = new TextDecoder('gb18030');
  const found = new Set<string>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue;
      const text = decoder.decode(Uint8Array.of(lead, trail));
      if ([...text].length === 1 && text !== '\ufffd') found.add(text);
    }
  }
  return (table = found);
}
