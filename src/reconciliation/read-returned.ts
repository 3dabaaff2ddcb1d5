import { ParseOption, XmlDocument, XmlElement, XmlLibError, XmlParseError, XmlValidateError } from 'libxml2-wasm';
import { readYuan } from '../domain/money.js';
import { lookUpCode } from '../domain/read-code-list.js';
import type { ReturnFault, ReturnOutcome } from '../domain/return-outcomes.js';
import { decodeDocument, doctypeAt, placeOf, type DocumentEncoding } from '../platform/decode-document.js';
import type { CompiledField, CompiledGroup, CompiledReturn } from './compile-return-mapping.js';
import { countBytes } from './count-bytes.js';
import { describeSchemaFault } from './describe-schema-fault.js';
import { parseDay, parseMoment } from './parse-day.js';

export type Value = string | number | bigint | undefined;

/** One repeated element as it was read, with the place for faults that only a comparison finds. */
export interface Row {
  readonly values: Readonly<Record<string, Value>>;
  readonly lists: Readonly<Record<string, readonly Row[]>>;
  readonly path: string;
  readonly line: number;
}

export type ReadDocument =
  | { readonly ok: true; readonly mapping: CompiledReturn; readonly content: Row }
  | { readonly ok: false; readonly outcome: ReturnOutcome; readonly faults: readonly ReturnFault[]; readonly mapping?: CompiledReturn | undefined; readonly content?: Row | undefined };

/** Faults that are told at the most; more of them help nobody. */
export const faultLimit = 50;

// Nothing outside the document is ever loaded, no entity is put in; lines beyond 65535 keep their number.
const parseOption = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NOCDATA | ParseOption.XML_PARSE_BIG_LINES;

/** Reads a returned file by the mapping of its root element; everything wrong with its bytes, its form and its single values. */
export function readReturned(bytes: Uint8Array, charset: string, mappings: readonly CompiledReturn[]): ReadDocument {
  const fail = (outcome: ReturnOutcome, fault: ReturnFault): ReadDocument => ({ ok: false, outcome, faults: [fault] });
  const decoded = decodeDocument(bytes, charset);
  if ('fault' in decoded) return fail(decoded.fault.cutOff ? 'truncated' : 'encoding', { path: '/', expected: decoded.fault.expected });
  const { text, encoding } = decoded;
  const doctype = doctypeAt(text);
  if (doctype !== undefined) return fail('not-xml', { path: '/', line: placeOf(text, doctype).line, expected: 'no DOCTYPE' });
  let document: XmlDocument;
  try {
    document = XmlDocument.fromString(text, { option: parseOption });
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error;
    const line = error.details[0]?.line;
    return endsOpen(text)
      ? fail('truncated', { path: '/', line: placeOf(text, text.length).line, expected: 'the end tag of the root element at the end' })
      : fail('not-xml', { path: '/', line, expected: 'well-formed XML' });
  }
  try {
    const mapping = mappings.find((m) => m.root === document.root.name && document.root.namespaceUri === '');
    if (!mapping) return fail('unknown-kind', { path: '/', line: document.root.line, expected: `one of the root elements ${mappings.map((m) => m.root).join(', ')}, without a namespace` });
    return readDocument(document, mapping, encoding);
  } finally {
    document.dispose();
  }
}

/** Whether the root element that the text begins with is not closed at its end. */
function endsOpen(text: string): boolean {
  const root = /<([A-Za-z_][\w.-]*)/.exec(text.replace(/^\s*(<\?[^]*?\?>|<!--[^]*?-->|\s)*/, ''))?.[1];
  return root === undefined ? text.trim() === '' || /^\s*<\?xml/.test(text) : !new RegExp(`(</${root}\\s*>|<${root}[^<>]*/>)\\s*(<!--[^]*-->\\s*)?$`).test(text);
}

function readDocument(document: XmlDocument, mapping: CompiledReturn, encoding: DocumentEncoding): ReadDocument {
  try {
    mapping.validator.validate(document);
  } catch (error) {
    if (!(error instanceof XmlValidateError || error instanceof XmlLibError)) throw error;
    return { ok: false, outcome: 'schema', mapping, faults: error.details.slice(0, faultLimit).map((d) => describeSchemaFault(d, document, mapping)) };
  }
  const reading: Reading = { encoding, day: '', faults: [] };
  const content = readRow(document.root, mapping, '', reading);
  const first = reading.faults[0];
  if (!first) return { ok: true, mapping, content };
  // One outcome for the file: that of the first kind of fault; all faults are told.
  return { ok: false, outcome: first.outcome, mapping, content, faults: reading.faults.slice(0, faultLimit).map(({ path, line, expected }) => ({ path, line, expected })) };
}

interface Reading {
  readonly encoding: DocumentEncoding;
  /** Accounting day of the file: on it codes must be valid. */
  day: string;
  readonly faults: (ReturnFault & { readonly outcome: ReturnOutcome })[];
}

function readRow(element: XmlElement, group: CompiledGroup, path: string, reading: Reading): Row {
  const leaves = new Map<string, XmlElement>();
  const repeated = new Map<string, XmlElement[]>(group.lists.map((l) => [l.each.join('/'), []]));
  collect(element, '', leaves, repeated);
  const values: Record<string, Value> = {};
  for (const field of group.fields) {
    const leaf = leaves.get(field.from);
    const value = readValue(leaf?.content.trim() ?? '', field, reading);
    if (typeof value === 'object') {
      if (reading.faults.length < faultLimit) reading.faults.push({ ...value, path: path === '' ? field.from : `${path}/${field.from}`, line: (leaf ?? element).line });
    } else values[field.to] = value;
    if (field.target.type === 'day' && typeof values[field.to] === 'string') reading.day = String(values[field.to]);
  }
  const lists: Record<string, Row[]> = {};
  for (const list of group.lists) {
    const each = list.each.join('/');
    lists[list.name] = repeated.get(each)!.map((e, i) => readRow(e, list, `${path === '' ? '' : `${path}/`}${each}[${i + 1}]`, reading));
  }
  return { values, lists, path, line: element.line };
}

function collect(element: XmlElement, prefix: string, leaves: Map<string, XmlElement>, repeated: ReadonlyMap<string, XmlElement[]>): void {
  for (let node = element.firstChild; node !== null; node = node.next) {
    if (!(node instanceof XmlElement)) continue;
    const path = prefix === '' ? node.name : `${prefix}/${node.name}`;
    const list = repeated.get(path);
    if (list) list.push(node);
    else {
      leaves.set(path, node);
      collect(node, path, leaves, repeated);
    }
  }
}

type ValueFault = { readonly outcome: ReturnOutcome; readonly expected: string };

function readValue(text: string, field: CompiledField, reading: Reading): Value | ValueFault {
  const { target } = field;
  if (text === '') return target.optional ? undefined : { outcome: 'value-unreadable', expected: 'a value' };
  if (field.bytes !== undefined && text.length * 4 > field.bytes && countBytes(text, reading.encoding) > field.bytes) {
    return { outcome: 'too-long', expected: `at most ${field.bytes} bytes in ${reading.encoding === 'utf-8' ? 'UTF-8' : 'GB18030'}` };
  }
  if (/\p{Cc}|\ufffe|\uffff/u.test(text)) return { outcome: 'value-unreadable', expected: 'no control characters' };
  if (field.pattern && !field.pattern.test(text)) return { outcome: 'value-unreadable', expected: `a value of the form ${field.pattern.source}` };
  if (field.codes) return lookUpCode(field.codes, text, reading.day) ?? { outcome: 'unknown-code', expected: `a code of the list ${field.codes.name} that is valid on the accounting day` };
  switch (target.type) {
    case 'text':
    case 'time':
      return text;
    case 'moment':
      return parseMoment(text) ?? { outcome: 'value-unreadable', expected: 'a date and time that exist, such as 20261120093000' };
    case 'sha256':
      return text.toLowerCase();
    case 'day':
      return parseDay(text) ?? { outcome: 'value-unreadable', expected: 'a day YYYYMMDD' };
    case 'count':
    case 'issue':
      return /^\d{1,9}$/.test(text) && (target.type === 'count' || Number(text) > 0) ? Number(text) : { outcome: 'value-unreadable', expected: 'a whole number' };
    case 'fen':
      return /^\d{1,13}(\.\d{1,2})?$/.test(text) ? readYuan(text) : { outcome: 'value-unreadable', expected: 'an amount in yuan with at most two decimals' };
  }
}
