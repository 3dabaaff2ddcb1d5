import type { z } from 'zod';
import type { ConfigFault } from '../../domain/settings.js';
import { nearestKey } from './nearest-key.js';
import { formatKey, type Resolved } from './resolve-variables.js';

type Issue = z.core.$ZodIssue;

/** Checks a resolved file against its schema; the value is there only when nothing is wrong. */
export function checkAgainstSchema<T extends z.ZodType>(schema: T, resolved: Resolved, options: { ignoreMissing?: boolean } = {}): { value?: z.output<T>; faults: ConfigFault[] } {
  let input = resolved.value;
  let result = schema.safeParse(input);
  if (!result.success) {
    // The schema decides whether `8480` from the environment is a number or a text of digits.
    const wantsText = flatten(result.error.issues).filter((issue) => issue.code === 'invalid_type' && issue.expected === 'string' && resolved.texts.has(formatKey(issue.path)));
    if (wantsText.length > 0) {
      input = structuredClone(input);
      for (const issue of wantsText) put(input, issue.path, resolved.texts.get(formatKey(issue.path)));
      result = schema.safeParse(input);
    }
  }
  const faults = options.ignoreMissing === true ? [] : [...resolved.faults];
  if (result.success) return faults.length === 0 ? { value: result.data, faults } : { faults };
  for (const issue of flatten(result.error.issues)) {
    const key = formatKey(issue.path);
    // A rule about a whole section says nothing new when a key of it could not be had.
    if (resolved.told.has(key) || (issue.code === 'custom' && [...resolved.told].some((told) => told.startsWith(`${key}.`)))) continue;
    faults.push(...describe(issue, schema, resolved, input));
  }
  return { faults };
}

/** Where a key stands; for one that is not there, the section that should hold it. */
export function placeOf(resolved: Resolved, path: readonly PropertyKey[]): { file: string; line: number } {
  for (let length = path.length; length > 0; length--) {
    const place = resolved.places.get(formatKey(path.slice(0, length)));
    if (place) return place;
  }
  return resolved.places.get('') ?? { file: '', line: 1 };
}

function describe(issue: Issue, schema: z.ZodType, resolved: Resolved, input: unknown): ConfigFault[] {
  const fault = (path: readonly PropertyKey[], expected: string): ConfigFault => ({ ...placeOf(resolved, path), key: formatKey(path), expected });
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const near = nearestKey(key, known);
      return fault([...issue.path, key], near === undefined ? `one of the keys ${known.join(', ')}` : `a known key; did you mean ${near}?`);
    });
  }
  const missing = issue.code !== 'custom' && issue.code !== 'invalid_key' && valueAt(input, issue.path) === undefined;
  const variable = missing ? resolved.emptied.get(formatKey(issue.path)) : undefined;
  const expected = expectation(issue);
  if (variable !== undefined) return [fault(issue.path, `${expected}; the environment variable ${variable} is empty`)];
  return [fault(issue.path, missing ? `${expected}; the key is missing` : expected)];
}

/** In words, from what the schema wants; the value itself is never looked at, it may be a secret. */
function expectation(issue: Issue): string {
  const words: Readonly<Record<string, string>> = { string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list, e.g. [a, b]', object: 'a section with keys', record: 'a section with keys' };
  switch (issue.code) {
    case 'invalid_type':
      return words[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? `at least ${issue.minimum} ${issue.origin === 'string' ? 'characters' : 'entries'}` : `at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array' ? `at most ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'entries'}` : `at most ${issue.maximum}`;
    case 'invalid_format':
      return issue.message.startsWith('expected ') ? issue.message.slice('expected '.length) : `a text of the form ${'pattern' in issue ? String(issue.pattern) : issue.format}`;
    case 'invalid_key':
      return `a key that is ${issue.issues.map(expectation).join(', ')}`;
    case 'invalid_union':
      return 'one of the forms that config/default.yaml describes';
    default:
      return issue.message.replace(/^expected /, '');
  }
}

/** Alternatives: only the one that comes nearest is worth talking about. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
    const branches = issue.errors.map((branch) => flatten(branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue)));
    const distance = (branch: Issue[]): number => branch.reduce((sum, inner) => sum + (inner.code === 'invalid_type' && inner.path.length === issue.path.length ? 100 : inner.code === 'unrecognized_keys' ? inner.keys.length : 1), 0);
    return branches.reduce((best, branch) => (distance(branch) < distance(best) ? branch : best));
  });
}

/** Keys that the schema knows at a path. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const definition = schema.def as unknown as { type: string; shape?: Record<string, z.ZodType>; innerType?: z.ZodType; valueType?: z.ZodType; element?: z.ZodType; options?: z.ZodType[]; in?: z.ZodType; getter?: () => z.ZodType };
  const [first, ...rest] = path;
  switch (definition.type) {
    case 'object':
      if (first === undefined) return Object.keys(definition.shape ?? {});
      return definition.shape?.[String(first)] ? knownKeys(definition.shape[String(first)]!, rest) : [];
    case 'record':
      return first === undefined || !definition.valueType ? [] : knownKeys(definition.valueType, rest);
    case 'array':
      return first === undefined || !definition.element ? [] : knownKeys(definition.element, rest);
    case 'union':
      return [...new Set((definition.options ?? []).flatMap((option) => knownKeys(option, path)))];
    case 'lazy':
      return definition.getter ? knownKeys(definition.getter(), path) : [];
    case 'pipe':
      return definition.in ? knownKeys(definition.in, path) : [];
    default:
      return definition.innerType ? knownKeys(definition.innerType, path) : [];
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined), input);
}

function put(input: unknown, path: readonly PropertyKey[], value: unknown): void {
  const holder = valueAt(input, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof holder === 'object' && holder !== null && last !== undefined) (holder as Record<PropertyKey, unknown>)[last] = value;
}
