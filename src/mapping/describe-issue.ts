import { isAlias, isMap, isPair, isScalar, isSeq, type Document, type LineCounter } from 'yaml';
import type { z } from 'zod';

type Key = readonly (string | number)[];

/** Line, from 1, of the place that the keys lead to; of the nearest one that exists where it is missing. */
export function lineOfKey(document: Document, lines: LineCounter, key: Key): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const name of key) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((p) => isPair(p) && isScalar(p.key) && String(p.key.value) === String(name));
      if (!pair) break;
      offset = (pair.key as { range?: readonly number[] | null }).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(name)];
      if (item === undefined) break;
      offset = (item as { range?: readonly number[] | null }).range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return lines.linePos(offset).line;
}

/** Keys as a person writes them: `fields[3].from`. */
export function writeKey(key: Key): string {
  return key.reduce<string>((text, name) => (typeof name === 'number' ? `${text}[${name}]` : text === '' ? name : `${text}.${name}`), '');
}

/** What a zod issue says, in the words of the other faults. */
export function describeIssue(issue: z.core.$ZodIssue): { key: (string | number)[]; expected: string } {
  const key = issue.path.map((p) => (typeof p === 'number' ? p : String(p)));
  switch (issue.code) {
    case 'unrecognized_keys':
      return { key: [...key, ...issue.keys.slice(0, 1)], expected: `no key ${issue.keys.join(', ')}: the language of mappings does not have it` };
    case 'invalid_union':
      return { key, expected: 'one of the forms of the mapping language (see mapping.schema.json)' };
    case 'invalid_type':
      return { key, expected: issue.expected === 'string' ? 'text (in quotes, where it looks like a number)' : `${issue.expected}` };
    default:
      return { key, expected: issue.message };
  }
}
