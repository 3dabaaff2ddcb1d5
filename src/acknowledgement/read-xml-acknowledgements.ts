import { ParseOption, XmlDocument, XmlElement, XmlLibError, XmlParseError, XmlValidateError, type ErrorDetail, type XsdValidator } from 'libxml2-wasm';
import type { Acknowledgement } from '../domain/receiver-messages.js';
import { checkAcknowledgement, documentLimits, expectations, type AcknowledgementDocument, type DocumentFault } from './check-acknowledgement.js';
import { doctypeAt, placeOf } from '../platform/decode-document.js';

// Nothing outside the document is ever loaded, no entity is put in; lines beyond 65535 keep their number.
const parseOption = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NOCDATA | ParseOption.XML_PARSE_BIG_LINES;
const tooDeep = `boolean(${'/*'.repeat(documentLimits.depth + 1)})`;
const names = new Set(['ACKNOWLEDGEMENTS', 'ACK', 'ID', 'LEVEL', 'SHA256', 'CODE', 'REASON', 'TIME']);

const fail = (...faults: DocumentFault[]): AcknowledgementDocument => ({ ok: false, faults });

/** Reads XML that was decoded already. `schema` is mappings/<channel>/return/acknowledgement/acknowledgement.xsd, compiled. */
export function readXmlAcknowledgements(text: string, schema: XsdValidator): AcknowledgementDocument {
  const doctype = doctypeAt(text);
  if (doctype !== undefined) return fail({ path: '/', ...placeOf(text, doctype), expected: 'no DOCTYPE' });
  let document: XmlDocument;
  try {
    document = XmlDocument.fromString(text, { option: parseOption });
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error;
    const first = error.details[0];
    return fail({ path: '/', ...(first ? { line: first.line, column: first.col } : {}), expected: `well-formed XML of at most ${documentLimits.depth} levels` });
  }
  try {
    return readDocument(document, schema);
  } finally {
    document.dispose();
  }
}

function readDocument(document: XmlDocument, schema: XsdValidator): AcknowledgementDocument {
  if (document.eval(tooDeep) === true) return fail({ path: '/', expected: `at most ${documentLimits.depth} levels` });
  const count = document.eval(`count(/*/*)`);
  if (typeof count !== 'number' || count > documentLimits.acknowledgements) return fail({ path: '/ACKNOWLEDGEMENTS', expected: `at most ${documentLimits.acknowledgements} acknowledgements` });
  try {
    schema.validate(document);
  } catch (error) {
    if (!(error instanceof XmlValidateError || error instanceof XmlLibError)) throw error;
    return fail(...error.details.slice(0, documentLimits.faults).map(schemaFault));
  }
  const read: Acknowledgement[] = [];
  const faults: DocumentFault[] = [];
  for (const element of childrenOf(document.root)) {
    const fields: Record<string, string> = {};
    for (const field of childrenOf(element)) fields[field.name.toLowerCase()] = field.content;
    const checked = checkAcknowledgement(fields);
    if ('acknowledgement' in checked) read.push(checked.acknowledgement);
    else for (const field of checked.faults) faults.push({ path: `/ACKNOWLEDGEMENTS/ACK[${read.length + 1}]${field === '' ? '' : `/${field.toUpperCase()}`}`, line: element.line, expected: field === '' ? 'what acknowledgement.xsd allows' : expectations[field] });
    if (faults.length > 0) break; // the schema judged before; this is what it cannot say
  }
  if (faults.length > 0) return fail(...faults);
  const channel = document.root.attr('CHANNEL')?.content;
  return { ok: true, acknowledgements: read, ...(channel === undefined ? {} : { channel }) };
}

function childrenOf(element: XmlElement): XmlElement[] {
  const children: XmlElement[] = [];
  for (let node = element.firstChild; node !== null; node = node.next) if (node instanceof XmlElement) children.push(node);
  return children;
}

/** The schema's finding without the values that libxml2 quotes: only names that stand in the schema are passed on. */
function schemaFault(detail: ErrorDetail): DocumentFault {
  const steps = (detail.xpath ?? '/').split('/').filter((s) => s !== '');
  const path = `/${steps.map((s) => (names.has(s.replace(/\[\d+\]$/, '')) ? s : '*')).join('/')}`;
  const missingAttribute = /: The attribute '([A-Z]+)' is required but missing/.exec(detail.message)?.[1];
  const forbiddenAttribute = /: The attribute '[^']*' is not allowed/.test(detail.message);
  const nextElements = /Expected is (?:one of )?\( ([A-Z0-9, ]+) \)\./.exec(detail.message)?.[1];
  const unexpected = /This element is not expected\./.test(detail.message);
  const last = (steps.at(-1) ?? '').replace(/\[\d+\]$/, '').toLowerCase();
  const attribute = /attribute 'CHANNEL': \[facet/.test(detail.message);
  const expected =
    missingAttribute !== undefined ? `attribute ${missingAttribute}`
    : forbiddenAttribute ? 'no attribute but CHANNEL of the root'
    : nextElements !== undefined ? `here: ${nextElements}`
    : unexpected ? 'no further element here'
    : attribute ? expectations.channel
    : steps.length <= 1 && !path.startsWith('/ACKNOWLEDGEMENTS') ? 'the root ACKNOWLEDGEMENTS without a namespace'
    : last in expectations ? expectations[last as keyof typeof expectations]
    : 'what acknowledgement.xsd allows';
  return { path, line: detail.line, expected };
}
