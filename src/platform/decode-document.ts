
/** What was expected of the bytes as a whole. */
export interface DecodingFault {
  readonly path: '/';
  readonly expected: string;
  /** The bytes end inside a character: something was cut off. */
  readonly cutOff?: true;
}

export type DocumentEncoding = 'utf-8' | 'gb18030';

/** The labels of the WHATWG Encoding Standard that a receiver may use. GBK and GB2312 are read as GB18030, their superset. */
const encodings: Readonly<Record<string, DocumentEncoding>> = {
  'utf-8': 'utf-8', utf8: 'utf-8', 'us-ascii': 'utf-8', gb18030: 'gb18030', gbk: 'gb18030', gb2312: 'gb18030', cp936: 'gb18030',
};

const declaration = /^(\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*)(["'])([A-Za-z0-9._-]{1,40})\2/;

/** `application/xml; charset=GBK` in its parts, in lower case; the charset is empty where none is named. */
export function splitContentType(contentType: string): { readonly type: string; readonly charset: string } {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((p) => /^\s*charset\s*=\s*"?([a-z0-9._-]{1,40})"?\s*$/.exec(p)?.[1]).find((c) => c !== undefined);
  return { type: type.trim(), charset: charset ?? '' };
}

/**
 * Bytes as text, strictly: a byte order mark decides, then the XML declaration, then the charset of the content type, then
 * UTF-8. The declaration goes before the charset, because HTTP clients add a charset nobody thought about. An encoding named
 * in the declaration is replaced by UTF-8, since the parser gets text.
 */
export function decodeDocument(bytes: Uint8Array, charset: string): { readonly text: string; readonly encoding: DocumentEncoding } | { readonly fault: DecodingFault } {
  const head = Buffer.from(bytes.subarray(0, 300)).toString('latin1');
  if (/^(\xff\xfe|\xfe\xff)/.test(head)) return { fault: { path: '/', expected: 'UTF-8, GB18030 or GBK' } };
  const marked = head.startsWith('\xef\xbb\xbf') ? 'utf-8' : head.startsWith('\x84\x31\x95\x33') ? 'gb18030' : undefined;
  const named = marked ?? (declaration.exec(head)?.[3] ?? (charset === '' ? 'utf-8' : charset)).toLowerCase();
  const encoding = Object.hasOwn(encodings, named) ? encodings[named] : undefined;
  if (encoding === undefined) return { fault: { path: '/', expected: 'UTF-8, GB18030 or GBK' } };
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes).replace(/^\ufeff/, '');
    return { text: text.replace(declaration, '$1$2UTF-8$2'), encoding };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { fault: { path: '/', expected: `bytes that are ${encoding === 'utf-8' ? 'UTF-8' : 'GB18030'} throughout`, ...(endsInCharacter(bytes, encoding) ? { cutOff: true } : {}) } };
    throw error;
  }
}

function endsInCharacter(bytes: Uint8Array, encoding: DocumentEncoding): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false;
    throw error;
  }
}

/** Where a DOCTYPE stands: it can only come before the root, after white space, comments and processing instructions. */
export function doctypeAt(text: string): number | undefined {
  let at = 0;
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
    const end = text.startsWith('<?', at) ? text.indexOf('?>', at) + 2 : text.startsWith('<!--', at) ? text.indexOf('-->', at + 4) + 3 : 0;
    if (end < at + 2) return text.slice(at, at + 9).toUpperCase() === '<!DOCTYPE' ? at : undefined;
    at = end;
  }
}

/** Line and column, from 1, of an offset in a text. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}
