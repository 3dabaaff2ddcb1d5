import { normalizePayer } from './normalize-payer.js';
import type { CaseSnapshot, Row } from './snapshot.js';

/** Which columns of a stream people look a case up by; `column` or `child.column`. */
export interface SearchColumns {
  readonly item?: string | undefined;
  readonly persons: readonly string[];
}
export interface SearchKeys {
  /** Code of the item. */
  readonly item?: string | undefined;
  /** Names, identity and telephone numbers as `searchTerm` writes them. */
  readonly terms: readonly string[];
}

const longest = 100;

/** What names a person, without what people write differently; undefined for what is too short to look for. */
export function searchTerm(value: string | null | undefined): string | undefined {
  const plain = normalizePayer(value)?.replaceAll('-', '').slice(0, longest);
  return plain === undefined || [...plain].length < 2 ? undefined : plain;
}

/** The keys of a snapshot, each once. */
export function searchKeys(columns: SearchColumns | undefined, snapshot: Pick<CaseSnapshot, 'case' | 'children'>): SearchKeys {
  if (!columns) return { terms: [] };
  const valuesOf = (path: string): (string | null | undefined)[] => {
    const [first, second] = path.split('.') as [string, string | undefined];
    return second === undefined ? [snapshot.case[first]] : (snapshot.children[first] ?? []).map((row: Row) => row[second]);
  };
  const terms = new Set(columns.persons.flatMap(valuesOf).flatMap((v) => searchTerm(v) ?? []));
  const item = columns.item === undefined ? undefined : valuesOf(columns.item)[0];
  return { item: item === null || item === undefined || item === '' ? undefined : item.slice(0, 60), terms: [...terms] };
}
