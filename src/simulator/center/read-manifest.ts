import type { XmlElement } from 'libxml2-wasm';
import { childElements, decodeDocument, UnreadableDocument, withDocument } from './read-document.js';

export interface ManifestFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** What a manifest says of one message. */
export interface ManifestEntry extends ManifestFile {
  readonly messageId: string;
  readonly message: string;
  readonly caseNo: string;
  readonly version: number;
  readonly attachments: readonly ManifestFile[];
}

export interface ReceivedManifest {
  readonly channel: string;
  readonly sequence: number;
  /** SHA-256 of the bytes of the manifest before this one, 64 zeros in the first. */
  readonly previous: string;
  /** End of the gateway's audit log, `number:hash`; a first one has none yet. */
  readonly audit?: string | undefined;
  readonly entries: readonly ManifestEntry[];
}

/** `PREVIOUS` of the first manifest of a channel. */
export const noPrevious = '0'.repeat(64);

/** Sequence number in the name of a manifest under its final name, or undefined for any other name. */
export function manifestSequence(fileName: string): number | undefined {
  const digits = /^M(\d{1,15})\.xml$/.exec(fileName)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Reads a manifest; throws UnreadableDocument where anything it must say is missing or out of form. */
export function readManifest(bytes: Uint8Array): ReceivedManifest {
  return withDocument(decodeDocument(bytes), ({ root }) => {
    if (root.name !== 'MANIFEST') throw new UnreadableDocument('the root is not MANIFEST');
    const entries = childElements(root).map(readEntry);
    const count = attribute(root, 'COUNT', /^\d+$/);
    if (Number(count) !== entries.length) throw new UnreadableDocument(`COUNT says ${count}, there are ${String(entries.length)} files`);
    return {
      channel: attribute(root, 'CHANNEL', /./),
      sequence: Number(attribute(root, 'SEQ', /^\d{1,15}$/)),
      previous: attribute(root, 'PREVIOUS', /^[0-9a-f]{64}$/),
      ...(root.attr('AUDIT') ? { audit: attribute(root, 'AUDIT', /^[1-9]\d{0,14}:[0-9a-f]{64}$/) } : {}),
      entries,
    };
  });
}

function readEntry(element: XmlElement): ManifestEntry {
  if (element.name !== 'FILE') throw new UnreadableDocument('an element that is not FILE');
  return {
    ...readFile(element),
    messageId: attribute(element, 'ID', /^[0-9a-f]{32}$/),
    message: attribute(element, 'MESSAGE', /./),
    caseNo: attribute(element, 'CASE', /./),
    version: Number(attribute(element, 'VERSION', /^[1-9]\d{0,8}$/)),
    attachments: childElements(element).map(readFile),
  };
}

function readFile(element: XmlElement): ManifestFile {
  return {
    // A name is a name: nothing that leads to another directory, nothing that is still being written.
    name: attribute(element, 'NAME', /^[^./\\][^/\\]*$/),
    size: Number(attribute(element, 'SIZE', /^\d{1,15}$/)),
    sha256: attribute(element, 'SHA256', /^[0-9a-f]{64}$/),
  };
}

function attribute(element: XmlElement, name: string, form: RegExp): string {
  const value = element.attr(name)?.value;
  if (value === undefined || !form.test(value)) throw new UnreadableDocument(`${element.name} has no proper ${name}`);
  return value;
}
