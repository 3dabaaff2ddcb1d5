import type { CaseSnapshot, Row } from './snapshot.js';
import type { Condition } from './conditions.js';

/**
 * Where a value comes from. The grammar is closed:
 *   case.<column>                       the root row
 *   item.<column>                       the child row the event is about (an event with `each`)
 *   each.<column>                       the row of the repeat being rendered (mappings only)
 *   <child>[<column>=<value>].<column>  the first child row that matches
 *   message.<id|event|version|operation|at|channel|sequence>   facts of the message itself (mappings only)
 */
export type SourcePath =
  | { kind: 'case' | 'item' | 'each' | 'message'; column: string }
  | { kind: 'first'; child: string; where?: { column: string; value: string }; column: string };

/** What a path is read against. */
export interface Scope {
  readonly snapshot: CaseSnapshot;
  readonly item?: Row;
  readonly each?: Row;
  readonly message?: Row;
}

const plain = /^(case|item|each|message)\.([A-Za-z_][A-Za-z0-9_]*)$/;
const first = /^([A-Za-z_][A-Za-z0-9_]*)\[(?:([A-Za-z_][A-Za-z0-9_]*)=([^\]]*))?\]\.([A-Za-z_][A-Za-z0-9_]*)$/;

/** Parses a path; undefined when it is not in the grammar. */
export function parsePath(text: string): SourcePath | undefined {
  const p = plain.exec(text);
  if (p) return { kind: p[1] as 'case', column: p[2]! };
  const f = first.exec(text);
  if (!f) return undefined;
  return { kind: 'first', child: f[1]!, column: f[4]!, ...(f[2] ? { where: { column: f[2], value: f[3]! } } : {}) };
}

const parsed = new Map<string, SourcePath>();
function cachedPath(text: string): SourcePath {
  let path = parsed.get(text);
  if (!path) {
    path = parsePath(text);
    if (!path) throw new Error(`'${text}' is not a source path`);
    parsed.set(text, path);
  }
  return path;
}

/** The value at a path, or null where the row or the column has none. */
export function readPath(path: SourcePath | string, scope: Scope): string | null {
  const p = typeof path === 'string' ? cachedPath(path) : path;
  switch (p.kind) {
    case 'case':
      return scope.snapshot.case[p.column] ?? null;
    case 'item':
      return scope.item?.[p.column] ?? null;
    case 'each':
      return scope.each?.[p.column] ?? null;
    case 'message':
      return scope.message?.[p.column] ?? null;
    case 'first': {
      const rows = scope.snapshot.children[p.child] ?? [];
      const row = p.where ? rows.find((r) => r[p.where!.column] === p.where!.value) : rows[0];
      return row?.[p.column] ?? null;
    }
  }
}

const blank = (v: string | null): boolean => v === null || v.trim() === '';

/** Whether a condition holds in a scope. */
export function testCondition(condition: Condition, scope: Scope): boolean {
  if ('all' in condition) return condition.all.every((c) => testCondition(c, scope));
  if ('any' in condition) return condition.any.some((c) => testCondition(c, scope));
  if ('not' in condition) return !testCondition(condition.not, scope);
  const value = readPath(condition.path, scope);
  if ('equals' in condition) return value !== null && value.trim() === condition.equals;
  if ('in' in condition) return value !== null && condition.in.includes(value.trim());
  if ('present' in condition) return !blank(value) === condition.present;
  const other = readPath('before' in condition ? condition.before : condition.notBefore, scope);
  if (blank(value) || blank(other)) return false;
  return 'before' in condition ? value! < other! : value! >= other!;
}
