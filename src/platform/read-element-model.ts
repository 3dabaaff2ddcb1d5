import { XMLParser } from 'fast-xml-parser';

/**
 * The order and the occurrence of elements, read from an XSD of the simple kind we write: nested xs:sequence of xs:element
 * with inline or named types, and xs:restriction of simple types. Whatever else stands in the XSD is a fault, so that the
 * order we write in and the order the XSD demands cannot differ. What a value may be is judged by libxml2, not here.
 */

/** What may stand in an element without child elements; only what findings and checks at start need. */
export interface TextType {
  /** Built-in type at the root of the restrictions, without prefix: `string`, `decimal`, ... */
  readonly base: string;
  /** Characters, not bytes. */
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly patterns: readonly string[];
  readonly enumeration?: readonly string[] | undefined;
}

export interface ElementModel {
  readonly name: string;
  /** Names from below the root, joined by `/`; empty for the root. */
  readonly path: string;
  readonly minOccurs: number;
  /** Infinity where unbounded. */
  readonly maxOccurs: number;
  /** Set where the element holds text. */
  readonly text?: TextType | undefined;
  /** Set where the element holds elements, in the order of the XSD. */
  readonly children?: readonly ElementModel[] | undefined;
}

export interface XsdFault {
  readonly key: string;
  readonly line: number;
  readonly expected: string;
}

interface Node {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
  readonly line: number;
}

type RawNode = Record<string | symbol, unknown>;
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  captureMetaData: true,
});
const metaData = XMLParser.getMetaDataSymbol() as unknown as symbol;
const xsdNamespace = 'http://www.w3.org/2001/XMLSchema';
const elementAttributes = new Set(['name', 'type', 'minOccurs', 'maxOccurs', 'id']);
const facetTags = new Set([
  'length', 'minLength', 'maxLength', 'pattern', 'enumeration', 'whiteSpace', 'totalDigits', 'fractionDigits', 'minInclusive', 'maxInclusive', 'minExclusive', 'maxExclusive',
]);
const deepest = 16;

function toNodes(raw: readonly RawNode[], lineOf: (index: number) => number): Node[] {
  const nodes: Node[] = [];
  for (const entry of raw) {
    const tag = Object.keys(entry).find((k) => k !== ':@');
    if (tag === undefined || tag.startsWith('#') || tag.startsWith('?')) continue;
    const index = (entry[metaData] as { startIndex?: number } | undefined)?.startIndex ?? 0;
    nodes.push({
      tag,
      attributes: (entry[':@'] as Record<string, string> | undefined) ?? {},
      children: toNodes(entry[tag] as RawNode[], lineOf),
      line: lineOf(index),
    });
  }
  return nodes;
}

/** The element model below one root element of an XSD, or what in the XSD is outside the kind we support. */
export function readElementModel(xsdText: string, root: string): { model?: ElementModel; faults: XsdFault[] } {
  const faults: XsdFault[] = [];
  const fault = (node: Node | undefined, key: string, expected: string): void => {
    faults.push({ key, line: node?.line ?? 1, expected });
  };
  const lineOf = (index: number): number => xsdText.slice(0, index).split('\n').length;
  const schema = toNodes(parser.parse(xsdText) as RawNode[], lineOf)[0];
  const prefixName = Object.entries(schema?.attributes ?? {}).find(([k, v]) => k.startsWith('xmlns') && v === xsdNamespace)?.[0];
  const prefix = prefixName === undefined ? undefined : prefixName === 'xmlns' ? '' : `${prefixName.slice('xmlns:'.length)}:`;
  if (!schema || prefix === undefined || schema.tag !== `${prefix}schema`) {
    fault(schema, 'schema', `a schema element of ${xsdNamespace}`);
    return { faults };
  }
  if (schema.attributes['targetNamespace'] !== undefined) fault(schema, 'targetNamespace', 'no target namespace: messages have none');

  /** Name without prefix, where the tag is one of XML Schema. */
  const kind = (node: Node): string => (node.tag.startsWith(prefix) ? node.tag.slice(prefix.length) : node.tag);
  const parts = (node: Node): Node[] => node.children.filter((c) => kind(c) !== 'annotation');
  const named = (wanted: string): Map<string, Node> =>
    new Map(schema.children.filter((c) => kind(c) === wanted).map((c) => [c.attributes['name'] ?? '', c]));
  const simpleTypes = named('simpleType');
  const complexTypes = named('complexType');
  for (const child of parts(schema)) {
    if (!['element', 'simpleType', 'complexType'].includes(kind(child))) fault(child, kind(child), 'only element, simpleType and complexType at the top');
  }

  function textOfName(type: string, at: Node, path: string, depth: number): TextType {
    if (prefix !== undefined && (prefix === '' ? !simpleTypes.has(type) : type.startsWith(prefix))) return { base: type.slice(prefix.length), patterns: [] };
    const definition = simpleTypes.get(type);
    if (definition && depth < deepest) return textOf(definition, path, depth + 1);
    fault(at, path, `a type that the XSD defines ('${type}' is none)`);
    return { base: 'string', patterns: [] };
  }

  function textOf(simpleType: Node, path: string, depth: number): TextType {
    const restriction = parts(simpleType)[0];
    const base = restriction?.attributes['base'];
    if (!restriction || kind(restriction) !== 'restriction' || base === undefined) {
      fault(simpleType, path, 'a simpleType that is an xs:restriction with a base');
      return { base: 'string', patterns: [] };
    }
    const from = textOfName(base, restriction, path, depth);
    const facets = parts(restriction);
    const values = (name: string): string[] => facets.filter((f) => kind(f) === name).map((f) => f.attributes['value'] ?? '');
    for (const f of facets) if (!facetTags.has(kind(f))) fault(f, path, `a facet of XML Schema 1.0 ('${kind(f)}' is none)`);
    const count = (name: string): number | undefined => (values(name)[0] === undefined ? undefined : Number(values(name)[0]));
    const enumeration = values('enumeration');
    const pattern = values('pattern');
    return {
      base: from.base,
      minLength: count('length') ?? count('minLength') ?? from.minLength,
      maxLength: count('length') ?? count('maxLength') ?? from.maxLength,
      patterns: pattern.length > 0 ? [...from.patterns, pattern.join('|')] : from.patterns,
      enumeration: enumeration.length > 0 ? enumeration : from.enumeration,
    };
  }

  function childrenOf(complexType: Node, path: string, depth: number): ElementModel[] {
    const content = parts(complexType);
    const sequence = content[0];
    for (const a of Object.keys(complexType.attributes)) if (a !== 'name' && a !== 'id') fault(complexType, path, `a complexType without ${a}`);
    if (!sequence || content.length > 1 || kind(sequence) !== 'sequence' || Object.keys(sequence.attributes).length > 0) {
      fault(content[1] ?? sequence ?? complexType, path, 'one plain xs:sequence of elements (no choice, all, attribute, extension, mixed or repeated sequence)');
      return [];
    }
    const children: ElementModel[] = [];
    for (const child of parts(sequence)) {
      const at = [path, child.attributes['name'] ?? kind(child)].filter(Boolean).join('/');
      if (kind(child) !== 'element' || child.attributes['name'] === undefined) fault(child, at, 'only named elements in an xs:sequence');
      else if (children.some((c) => c.name === child.attributes['name'])) fault(child, at, 'each name once in an xs:sequence');
      else children.push(elementOf(child, at, depth));
    }
    return children;
  }

  function elementOf(node: Node, path: string, depth: number): ElementModel {
    for (const a of Object.keys(node.attributes)) if (!elementAttributes.has(a)) fault(node, path, `an element without ${a}`);
    const max = node.attributes['maxOccurs'] ?? '1';
    const occurs = {
      name: node.attributes['name'] ?? '',
      path,
      minOccurs: Number(node.attributes['minOccurs'] ?? '1'),
      maxOccurs: max === 'unbounded' ? Infinity : Number(max),
    };
    const inline = parts(node)[0];
    const type = node.attributes['type'];
    if (depth >= deepest) {
      fault(node, path, `no more than ${deepest} levels`);
      return { ...occurs, children: [] };
    }
    const complex = type === undefined ? (inline && kind(inline) === 'complexType' ? inline : undefined) : complexTypes.get(type);
    if (complex) return { ...occurs, children: childrenOf(complex, path, depth + 1) };
    if (type !== undefined) return { ...occurs, text: textOfName(type, node, path, 0) };
    if (inline && kind(inline) === 'simpleType') return { ...occurs, text: textOf(inline, path, 0) };
    fault(node, path, 'a type: by name, or a simpleType or complexType inside');
    return { ...occurs, text: { base: 'string', patterns: [] } };
  }

  const rootNode = parts(schema).find((c) => kind(c) === 'element' && c.attributes['name'] === root);
  if (!rootNode) {
    fault(schema, root, `a top element ${root}, the root of the mapping`);
    return { faults };
  }
  const model = elementOf(rootNode, '', 0);
  if (!model.children && faults.length === 0) fault(rootNode, root, 'a root element with elements inside');
  return faults.length > 0 ? { faults } : { model, faults };
}
