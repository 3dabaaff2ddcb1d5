import { XMLParser } from 'fast-xml-parser';

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false, parseAttributeValue: false, trimValues: true, ignoreDeclaration: true, processEntities: true });

/** Every text of an XML document with its path, repeated elements numbered from 1. */
export function leavesOf(xml: string): Map<string, string> {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) value.forEach((v, i) => walk(v, `${path}[${i + 1}]`));
    else if (typeof value === 'object' && value !== null) for (const [name, v] of Object.entries(value)) walk(v, name === '#text' ? path : `${path}/${name}`);
    else leaves.set(path, String(value));
  };
  walk(parser.parse(xml), '');
  return leaves;
}

/** What differs between two messages, in the order of the later one; what is gone comes last. */
export function compareLeaves(before: string, after: string): { readonly path: string; readonly before?: string | undefined; readonly after?: string | undefined }[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const changed = [...now].filter(([path, value]) => old.get(path) !== value).map(([path, value]) => ({ path, before: old.get(path), after: value }));
  const gone = [...old].filter(([path]) => !now.has(path)).map(([path, value]) => ({ path, before: value, after: undefined }));
  return [...changed, ...gone];
}
