import type { XsdValidator } from 'libxml2-wasm';
import type { AcknowledgementDocument } from './check-acknowledgement.js';
import { expectations } from './check-acknowledgement.js';
import { decodeDocument, placeOf, splitContentType } from '../platform/decode-document.js';
import { readJsonAcknowledgements } from './read-json-acknowledgements.js';
import { readXmlAcknowledgements } from './read-xml-acknowledgements.js';

/** The content types that acknowledgements come in. */
export const acceptedContentTypes = ['application/xml', 'text/xml', 'application/json'] as const;

const control = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;

/**
 * Reads a document of acknowledgements: all of it or, with the list of faults, nothing. `channel` is the one it came on.
 * Throws only when the schema or the parser itself is broken.
 */
export function readAcknowledgements(bytes: Uint8Array, contentType: string, options: { readonly schema: XsdValidator; readonly channel: string }): AcknowledgementDocument {
  const { type, charset } = splitContentType(contentType);
  if (!(acceptedContentTypes as readonly string[]).includes(type)) return { ok: false, faults: [{ path: '/', expected: acceptedContentTypes.join(', ') }] };
  const decoded = decodeDocument(bytes, charset);
  if ('fault' in decoded) return { ok: false, faults: [decoded.fault] };
  const forbidden = control.exec(decoded.text);
  if (forbidden) return { ok: false, faults: [{ path: '/', ...placeOf(decoded.text, forbidden.index), expected: 'no control characters' }] };
  const document = type === 'application/json' ? readJsonAcknowledgements(decoded.text) : readXmlAcknowledgements(decoded.text, options.schema);
  if (document.ok && document.channel !== undefined && document.channel !== options.channel) {
    return { ok: false, faults: [{ path: type === 'application/json' ? 'channel' : '/ACKNOWLEDGEMENTS/@CHANNEL', expected: expectations.channel }] };
  }
  return document;
}
