import { ParseOption, XmlDocument, XmlElement } from 'libxml2-wasm';

/** A document that arrived and cannot be read; the message says why and quotes none of its content. */
export class UnreadableDocument extends Error {}

const parseOptions = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET;

/**
 * The text of XML bytes by their own declaration (UTF-8 or GB18030, the GB family read as its superset), without the
 * declaration. Decoded here and not by libxml2, which reads four-byte GB18030 wrongly.
 */
export function decodeDocument(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 200)).toString('latin1');
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?encoding=["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1]?.toUpperCase() ?? 'UTF-8';
  const label = declared === 'UTF-8' ? 'utf-8' : ['GB18030', 'GBK', 'GB2312'].includes(declared) ? 'gb18030' : undefined;
  if (!label) throw new UnreadableDocument(`encoding ${declared} is not taken`);
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes).replace(/^<\?xml[^>]*\?>/, '');
  } catch (cause) {
    throw new UnreadableDocument(`the bytes are not ${declared}`, { cause });
  }
}

/** Parses a decoded document, hands it to `read` and frees it; a DOCTYPE is refused before anything is expanded. */
export function withDocument<T>(text: string, read: (document: XmlDocument) => T): T {
  if (/<!DOCTYPE/i.test(text)) throw new UnreadableDocument('a document type declaration is not taken');
  let document: XmlDocument;
  try {
    document = XmlDocument.fromString(text, { option: parseOptions });
  } catch (cause) {
    throw new UnreadableDocument('not well-formed XML', { cause });
  }
  try {
    return read(document);
  } finally {
    document.dispose();
  }
}

/** The first child element of an element; a message may have hundreds, so they are not all visited. */
export function firstChildElement(parent: XmlElement): XmlElement | undefined {
  let node = parent.firstChild;
  while (node !== null && !(node instanceof XmlElement)) node = node.next;
  return node ?? undefined;
}

/** The child elements of an element, in their order. */
export function childElements(parent: XmlElement): XmlElement[] {
  const children: XmlElement[] = [];
  for (let node = parent.firstChild; node !== null; node = node.next) if (node instanceof XmlElement) children.push(node);
  return children;
}
