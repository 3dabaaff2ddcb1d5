import { ParseOption, XmlDocument, XmlValidateError, type XmlElement } from 'libxml2-wasm';
import { GatewayFailure } from '../domain/failures.js';
import type { Finding } from '../domain/mapping-language.js';
import { testCondition, type Scope } from '../domain/source-path.js';
import type { CompiledMapping, LeafNode, MappingNode } from './compiled-mapping.js';
import { findField } from './describe-source.js';
import type { TextType } from '../platform/read-element-model.js';
import { chooseField } from './render-message.js';

// No external entity, no network: the text is our own, yet nothing in a value may open a door.
const parseOption = { option: ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET };

interface Step {
  readonly name: string;
  /** From 1, among siblings of the same name. */
  readonly index: number;
}

/**
 * Judges a rendered message by its XSD; every error becomes a finding that names element, table and column, and never shows
 * the value. What is judged is the document in UTF-8: libxml2-wasm reads four-byte GB 18030 wrongly, without an error.
 */
export function validateMessage(mapping: CompiledMapping, utf8: Uint8Array, scope: Scope): Finding[] {
  const document = XmlDocument.fromBuffer(utf8, parseOption);
  try {
    mapping.validator.validate(document);
    return [];
  } catch (error) {
    if (!(error instanceof XmlValidateError) || error.details.length === 0) throw new GatewayFailure('mapping-broken', `message ${mapping.message} could not be judged`, { cause: error });
    const findings = new Map<string, Finding>();
    for (const detail of error.details) {
      const finding = toFinding(mapping, stepsOf(document, detail.xpath), detail.message, scope);
      // libxml2 tells a broken facet and then once more that the value is none of the type: the first says more.
      if (!findings.has(finding.element)) findings.set(finding.element, finding);
    }
    return [...findings.values()];
  } finally {
    document.dispose();
  }
}

/** Names and places from the root down, also where libxml2 gives a positional path such as `/*` + `/*[14]`. */
function stepsOf(document: XmlDocument, xpath: string | undefined): Step[] {
  const steps: Step[] = [];
  let node = xpath === undefined ? null : (document.get(xpath) as XmlElement | null);
  while (node) {
    let index = 1;
    for (let before = node.prev; before; before = before.prev) if ('name' in before && before.name === node.name) index += 1;
    steps.unshift({ name: node.name, index });
    node = node.parent;
  }
  return steps;
}

function toFinding(mapping: CompiledMapping, steps: readonly Step[], message: string, scope: Scope): Finding {
  let children: readonly MappingNode[] = mapping.root.children;
  let at = scope;
  let repeat: string | undefined;
  let leaf: LeafNode | undefined;
  const names: string[] = [];
  for (const step of steps.slice(1)) {
    const node = children.find((c) => c.name === step.name);
    names.push(node?.kind === 'repeat' || step.index > 1 ? `${step.name}[${step.index}]` : step.name);
    if (!node) break;
    if (node.kind === 'leaf') {
      leaf = node;
      break;
    }
    if (node.kind === 'repeat') {
      const rows = (scope.snapshot.children[node.child] ?? []).filter((each) => !node.where || testCondition(node.where, { ...scope, each }));
      const each = rows[step.index - 1];
      if (each) at = { ...scope, each };
      repeat = node.child;
    }
    children = node.children;
  }
  const element = names.length > 0 ? names.join('/') : mapping.root.name;
  const { rule, text, action } = explain(message, leaf?.type);
  return findField(mapping, { element, scope: at, repeat }, leaf && chooseField(leaf, at), rule, text, action);
}

/** The rule in short words. Only counts, limits, patterns and code lists are taken from libxml2, never the value. */
function explain(message: string, type: TextType | undefined): { rule: string; text: string; action?: string } {
  const facet = /\[facet '(\w+)'\]/.exec(message)?.[1];
  const length = /has a length of '(\d+)'/.exec(message)?.[1];
  switch (facet) {
    case 'maxLength':
    case 'length':
      return { rule: 'length', text: `${length ?? 'too many'} characters, expected at most ${type?.maxLength ?? 'fewer'}`, action: 'shorten' };
    case 'minLength':
      return { rule: 'length', text: `${length ?? 'too few'} characters, expected at least ${type?.minLength ?? 'more'}`, action: 'complete' };
    case 'pattern':
      return { rule: 'pattern', text: `expected the pattern ${type?.patterns.join(' and ') ?? 'of the XSD'}` };
    case 'enumeration':
      return { rule: 'code', text: `expected one of ${type?.enumeration?.join(', ') ?? 'the codes of the XSD'}` };
    case undefined:
      break;
    default: {
      const limit = /\('([\d.+-]+)'\)\.\s*$/.exec(message)?.[1];
      return { rule: facet, text: `the value breaks ${facet} of the XSD${limit === undefined ? '' : `, which is ${limit}`}` };
    }
  }
  if (message.includes('is not a valid value of')) return { rule: 'type', text: `expected a value of type ${type?.base ?? 'of the XSD'}` };
  if (message.includes('This element is not expected')) return { rule: 'order', text: 'the XSD does not take the element here, or not so many of them' };
  if (message.includes('Missing child element')) return { rule: 'required', text: 'an element inside is missing' };
  return { rule: 'xsd', text: 'the element breaks the XSD' };
}
