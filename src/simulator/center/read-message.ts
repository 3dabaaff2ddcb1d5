import { XmlElement, type XsdValidator } from 'libxml2-wasm';
import { childElements, decodeDocument, firstChildElement, UnreadableDocument, withDocument } from './read-document.js';

/** The head of a message as the center reads it. */
export interface MessageHead {
  readonly messageId: string;
  readonly caseNo: string;
  /** MSGTYPE: the event that the message reports. */
  readonly message: string;
  /** XH, empty where an event happens once. */
  readonly sequence: string;
  readonly version: number;
  readonly operation: string;
  /** Every element of HEAD by name, as text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A message that can be judged; `field` answers with the first element of that name anywhere in it. */
export interface ReceivedMessage extends MessageHead {
  readonly field: (name: string) => string | undefined;
}

/** Reads a message and hands it to `judge` while its document is open; throws UnreadableDocument. */
export function withMessage<T>(bytes: Uint8Array, judge: (message: ReceivedMessage, schemaErrors: (xsd: XsdValidator) => string[]) => T): T {
  return withDocument(decodeDocument(bytes), (document) => {
    const head = readHead(document.root);
    const field = (name: string): string | undefined => document.get(`//*[local-name()='${name.replaceAll("'", '')}']`)?.content;
    return judge({ ...head, field }, (xsd) => {
      try {
        xsd.validate(document);
        return [];
      } catch (error) {
        return String(error instanceof Error ? error.message : error).split('\n').filter((line) => line !== '');
      }
    });
  });
}

function readHead(root: XmlElement): MessageHead {
  const head = firstChildElement(root);
  if (head?.name !== 'HEAD') throw new UnreadableDocument('the first element is not HEAD');
  const fields: Record<string, string> = {};
  for (const element of childElements(head)) fields[element.name] = element.content;
  const need = (name: string, form: RegExp): string => {
    const value = fields[name];
    if (value === undefined || !form.test(value)) throw new UnreadableDocument(`HEAD has no proper ${name}`);
    return value;
  };
  return {
    messageId: need('MSGID', /^[0-9a-f]{32}$/),
    caseNo: need('SBLSH', /./),
    message: need('MSGTYPE', /./),
    sequence: fields['XH'] ?? '',
    version: Number(need('VERSION', /^[1-9]\d{0,8}$/)),
    operation: need('OPERATION', /^[IUD]$/),
    fields,
  };
}
