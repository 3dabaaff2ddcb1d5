import type { ConfigFault } from '../../domain/settings.js';
import { typePlainText, type Node } from './parse-settings-file.js';

/** Answer to one variable: its value, that it is not set (or empty), or why it cannot be had. */
export type Lookup = (name: string) => { readonly value: string } | { readonly problem: string } | undefined;

/** A file's content with variables in place, and where each key of it stands. */
export interface Resolved {
  readonly value: unknown;
  readonly faults: readonly ConfigFault[];
  /** Keys (in path form) whose value is missing for a reason that `faults` already tells. */
  readonly told: ReadonlySet<string>;
  /** Text of keys that were typed after substitution, for schemas that want the text (a password of digits only). */
  readonly texts: ReadonlyMap<string, string>;
  /** Keys left out because their variable is empty, with its name. */
  readonly emptied: ReadonlyMap<string, string>;
  readonly places: ReadonlyMap<string, { readonly file: string; readonly line: number }>;
}

/** `a.b[0].c`, as faults name keys. */
export function formatKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`), '');
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
const malformed = /\$\{/;

/** Puts variables in: `${NAME}` must be set, `${NAME:-text}` falls back; an empty result takes the key away. */
export function resolveVariables(root: Node, lookup: Lookup): Resolved {
  const faults: ConfigFault[] = [];
  const told = new Set<string>();
  const texts = new Map<string, string>();
  const emptied = new Map<string, string>();
  const places = new Map<string, { file: string; line: number }>();

  const resolveText = (node: Extract<Node, { kind: 'text' }>, key: string): unknown => {
    const names: string[] = [];
    let failed = false;
    const fail = (expected: string): string => {
      failed = true;
      faults.push({ file: node.file, key, line: node.line, expected });
      return '';
    };
    const text = node.text.replace(variable, (_all, name: string, fallback: string | undefined) => {
      names.push(name);
      const answer = lookup(name);
      if (answer === undefined) return fallback ?? fail(`the environment variable ${name} (or ${name}_FILE) to be set, e.g. ${name}=${exampleFor(key)}`);
      return 'problem' in answer ? fail(answer.problem) : answer.value;
    });
    if (malformed.test(node.text.replace(variable, ''))) fail('variables as ${NAME} or ${NAME:-default}');
    if (failed) {
      told.add(key);
      return undefined;
    }
    if (names.length === 0) return node.text;
    if (text === '') {
      emptied.set(key, names.join(', '));
      return undefined;
    }
    // Only a value that is one variable and nothing else gets a type; in quotes it is text.
    if (node.quoted || node.text.replace(variable, '') !== '') return text;
    texts.set(key, text);
    return typePlainText(text);
  };

  const walk = (node: Node, path: readonly PropertyKey[]): unknown => {
    const key = formatKey(path);
    switch (node.kind) {
      case 'value':
        return node.value ?? undefined;
      case 'text':
        return resolveText(node, key);
      case 'list': {
        const list: unknown[] = [];
        for (const [index, item] of node.items.entries()) {
          const itemPath = [...path, index];
          places.set(formatKey(itemPath), { file: item.file, line: item.line });
          const value = walk(item, itemPath);
          // A missing item keeps its place so that the later ones keep their names; an emptied one is left out on purpose.
          if (value !== undefined || told.has(formatKey(itemPath))) list.push(value);
        }
        return list;
      }
      case 'map': {
        const map: Record<string, unknown> = {};
        for (const [name, entry] of node.entries) {
          const entryPath = [...path, name];
          places.set(formatKey(entryPath), { file: entry.node.file, line: entry.line });
          const value = walk(entry.node, entryPath);
          if (value !== undefined) Object.defineProperty(map, name, { value, enumerable: true, writable: true, configurable: true });
        }
        return map;
      }
    }
  };
  places.set('', { file: root.file, line: root.line });
  return { value: walk(root, []), faults, told, texts, emptied, places };
}

/** What a value may look like, shown where one is missing; never a usable secret. */
function exampleFor(key: string): string {
  if (key === 'bureau.url') return 'mssql://reader:PASSWORD@10.0.0.5:1433/land';
  if (key === 'queue.url') return 'redis://127.0.0.1:6379';
  if (key.endsWith('url')) return 'postgres://gateway:PASSWORD@127.0.0.1:5432/ledger';
  if (key.includes('hostKeySha256')) return 'SHA256:... (ssh-keyscan HOST | ssh-keygen -lf -)';
  if (key.includes('secrets')) return '"whsec_$(openssl rand -base64 32)"';
  if (key.endsWith('host')) return '10.0.0.9';
  if (key.endsWith('privateKeyFile')) return '/etc/gateway/staging_key';
  if (key.endsWith('path')) return '/mnt/staging';
  return '...';
}
