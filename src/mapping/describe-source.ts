import type { Finding } from '../domain/mapping-language.js';
import type { Row } from '../domain/snapshot.js';
import type { Scope, SourcePath } from '../domain/source-path.js';
import type { CompiledField, CompiledMapping, SourceTables } from './compiled-mapping.js';

/** `land_applicant.cert_no (applicant_no=2)`: the bureau's own words for where a value stands. */
export function describeSource(tables: SourceTables, path: SourcePath, scope: Scope, repeat: string | undefined): string {
  switch (path.kind) {
    case 'message':
      return '';
    case 'case':
      return `${tables.case}.${path.column}`;
    case 'item':
      return describeRow(tables, tables.item, path.column, scope.item);
    case 'each':
      return describeRow(tables, repeat, path.column, scope.each);
    case 'first': {
      const rows = scope.snapshot.children[path.child] ?? [];
      const { where } = path;
      const row = where ? rows.find((r) => r[where.column] === where.value) : rows[0];
      if (row || !where) return describeRow(tables, path.child, path.column, row);
      return `${tables.children[path.child]?.table ?? path.child}.${path.column} (${where.column}=${where.value})`;
    }
  }
}

function describeRow(tables: SourceTables, child: string | undefined, column: string, row: Row | undefined): string {
  const source = child === undefined ? undefined : tables.children[child];
  if (!source) return column;
  const key = row?.[source.key];
  return `${source.table}.${column}${key === undefined || key === null ? '' : ` (${source.key}=${key})`}`;
}

/** What to do, by where the value stands. */
export function remedyFor(source: string, action: string): string {
  return source === '' ? 'give the exchange number to a developer' : `${action} ${source} in the bureau; the correction is sent by itself`;
}

/** A finding about one field. The text says what was expected, never what was found. */
export function findField(
  mapping: CompiledMapping,
  at: { readonly element: string; readonly scope: Scope; readonly repeat: string | undefined },
  field: CompiledField | undefined,
  rule: string,
  text: string,
  action = 'correct',
): Finding {
  const source = field?.from ? describeSource(mapping.tables, field.from, at.scope, at.repeat) : '';
  return { element: at.element, source, rule, text, remedy: remedyFor(source, action) };
}
