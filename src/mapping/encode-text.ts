import iconv from 'iconv-lite';

/** How the text of a channel becomes bytes, and what cannot. */
export type ChannelEncoding = 'UTF-8' | 'GB18030';

/**
 * 18 characters whose two-byte codes GB 18030-2022 gave them; iconv-lite 0.7 writes them as the four bytes of 2005, which a
 * receiver with the tables of 2022 reads as private-use characters. Both tables show the same glyph for the two bytes.
 */
const codes2022: Readonly<Record<string, number>> = {
  '\uFE10': 0xa6d9, '\uFE12': 0xa6da, '\uFE11': 0xa6db, '\uFE13': 0xa6dc, '\uFE14': 0xa6dd, '\uFE15': 0xa6de,
  '\uFE16': 0xa6df, '\uFE17': 0xa6ec, '\uFE18': 0xa6ed, '\uFE19': 0xa6f3, '\u9FB4': 0xfe59, '\u9FB5': 0xfe61,
  '\u9FB6': 0xfe66, '\u9FB7': 0xfe67, '\u9FB8': 0xfe6d, '\u9FB9': 0xfe7e, '\u9FBA': 0xfe90, '\u9FBB': 0xfea0,
};
const moved = /[\uFE10-\uFE19\u9FB4-\u9FBB]/;
const movedParts = /([\uFE10-\uFE19\u9FB4-\u9FBB])/;
const decoder = new TextDecoder('gb18030', { fatal: true });

function encodeGb18030(text: string): Buffer {
  if (!moved.test(text)) return iconv.encode(text, 'gb18030');
  return Buffer.concat(
    text.split(movedParts).map((part) => {
      const code = codes2022[part];
      return code === undefined ? iconv.encode(part, 'gb18030') : Buffer.from([code >> 8, code & 0xff]);
    }),
  );
}

/** The bytes of a text; undefined where they would not read back as the same text (never a `?` in its place). */
export function encodeText(text: string, encoding: ChannelEncoding): Buffer | undefined {
  if (encoding === 'UTF-8') return Buffer.from(text, 'utf8');
  const bytes = encodeGb18030(text);
  return readsBack(bytes, text) ? bytes : undefined;
}

function readsBack(bytes: Buffer, text: string): boolean {
  try {
    return decoder.decode(bytes) === text;
  } catch (error) {
    if (error instanceof TypeError) return false; // what `fatal` throws for bytes that are not GB 18030
    throw error;
  }
}

/** Characters of a text, as U+XXXX, that the encoding cannot carry; each once. */
export function uncarried(text: string, encoding: ChannelEncoding): string[] {
  return [...new Set(text)].filter((c) => encodeText(c, encoding) === undefined).map(nameCharacter);
}

// C0 controls but tab, line feed and carriage return; U+FFFE, U+FFFF; a surrogate without its other half.
const illegal = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const illegalAll = new RegExp(illegal.source, 'g');

// The same with every surrogate: four times as fast, and most texts have none.
const suspicious = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF\uD800-\uDFFF]/;

/** Whether XML 1.0 cannot carry something in the text, however it is escaped. */
export function hasIllegalCharacters(text: string): boolean {
  return suspicious.test(text) && illegal.test(text);
}

/** The characters that XML 1.0 cannot carry, as U+XXXX, each once, and the text without them. */
export function splitIllegalCharacters(text: string): { readonly found: readonly string[]; readonly rest: string } {
  return { found: [...new Set(text.match(illegalAll) ?? [])].map(nameCharacter), rest: text.replace(illegalAll, '') };
}

function nameCharacter(c: string): string {
  return `U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

const needsEscape = /[&<>\r]/;

/** Text as content of an element. A carriage return becomes a line feed, as every XML reader would make it. */
export function escapeText(text: string): string {
  if (!needsEscape.test(text)) return text;
  return text.replace(/\r\n?/g, '\n').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
