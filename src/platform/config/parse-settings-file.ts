import { LineCounter, isAlias, isMap, isScalar, isSeq, parse, parseDocument, type Node as YamlNode } from 'yaml';
import type { ConfigFault } from '../../domain/settings.js';

/** A settings file as a tree that knows where each thing stands; variables are still names in it. */
export type Node =
  | { readonly kind: 'map'; readonly file: string; readonly line: number; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: 'list'; readonly file: string; readonly line: number; readonly items: readonly Node[] }
  | { readonly kind: 'text'; readonly file: string; readonly line: number; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'value'; readonly file: string; readonly line: number; readonly value: unknown };
/** A key with its own line, as a block value stands below its key. */
export interface Entry {
  readonly line: number;
  readonly node: Node;
}

/** Parses YAML; faults name line and kind of the mistake but never quote the text, which may be a secret. */
export function parseSettingsFile(file: string, text: string): { root: Node; faults: ConfigFault[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const faults = document.errors.map((error): ConfigFault => ({
    file, key: '', line: lines.linePos(error.pos[0]).line,
    expected: error.code === 'DUPLICATE_KEY' ? 'each key once in its section' : `well-formed YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`,
  }));
  const lineOf = (node: unknown): number => {
    const range = (node as { range?: [number, number, number] | null } | null)?.range;
    return range ? lines.linePos(range[0]).line : 1;
  };
  const convert = (node: unknown, line: number): Node => {
    if (isAlias(node)) return convert(node.resolve(document) ?? null, line);
    if (isMap(node)) {
      const entries = new Map<string, Entry>();
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : '';
        const keyLine = lineOf(pair.key);
        entries.set(key, { line: keyLine, node: convert(pair.value as YamlNode | null, keyLine) });
      }
      return { kind: 'map', file, line, entries };
    }
    if (isSeq(node)) return { kind: 'list', file, line, items: node.items.map((item) => convert(item, lineOf(item))) };
    if (isScalar(node) && typeof node.value === 'string') return { kind: 'text', file, line: lineOf(node), text: node.value, quoted: node.type !== 'PLAIN' };
    return { kind: 'value', file, line, value: isScalar(node) ? node.value : null };
  };
  const root = convert(document.contents, 1);
  if (faults.length === 0 && root.kind !== 'map') faults.push({ file, key: '', line: 1, expected: 'a YAML mapping with keys' });
  return { root, faults };
}

/** The second over the first: sections are merged key by key, everything else is replaced. */
export function mergeNodes(under: Node, over: Node): Node {
  if (under.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below ? { line: entry.line, node: mergeNodes(below.node, entry.node) } : entry);
  }
  return { ...under, entries };
}

/** What a substituted plain scalar is: a number, true, false, a `[list]`; anything else stays text. */
export function typePlainText(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (/^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text)) return Number(text);
  if (!/^\[.*\]$/s.test(text)) return text;
  try {
    const list: unknown = parse(text);
    return Array.isArray(list) ? list : text;
  } catch {
    // Not a list after all: the schema will say what it expected.
    return text;
  }
}
