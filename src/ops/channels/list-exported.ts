import type { ExportedField } from '../../domain/ops-channel-api.js';
import { isPersonalColumn } from '../../domain/mask-personal.js';
import type { SourcePath } from '../../domain/source-path.js';
import type { CompiledField, CompiledMapping, LeafNode, MappingNode } from '../../mapping/compiled-mapping.js';

/** Every element that a mapping may write and where its value comes from: what leaves the house, field by field. */
export function listExported(mapping: CompiledMapping): ExportedField[] {
  const { tables } = mapping;
  const columnOf = (path: SourcePath, child: string | undefined): { table: string; column: string } | undefined => {
    if (path.kind === 'message') return undefined;
    if (path.kind === 'case') return { table: tables.case, column: path.column };
    const of = path.kind === 'first' ? path.child : path.kind === 'each' ? child : tables.item;
    return { table: of === undefined ? tables.case : (tables.children[of]?.table ?? of), column: path.column };
  };
  const describe = (leaf: LeafNode, field: CompiledField, child: string | undefined): ExportedField => {
    const head = { element: leaf.path, title: leaf.name, mandatory: leaf.mandatory, codes: field.codes?.name };
    if (!field.from) return { ...head, kind: 'fixed', source: field.value ?? field.whenBlank ?? '', personal: false };
    const from = columnOf(field.from, child);
    if (!from) return { ...head, kind: 'message', source: field.from.column, personal: false };
    return { ...head, kind: 'column', source: `${from.table}.${from.column}`, personal: isPersonalColumn(from.column) };
  };
  const walk = (nodes: readonly MappingNode[], child: string | undefined): ExportedField[] => nodes.flatMap((node): ExportedField[] => {
    if (node.kind === 'leaf') return node.fields.map((field) => describe(node, field, child));
    return walk(node.children, node.kind === 'repeat' ? node.child : child);
  });
  const attached = mapping.attachments;
  const files: ExportedField[] = attached
    ? [{ element: '(file)', title: 'scanned file', kind: 'column', source: `${tables.children[attached.child]?.table ?? attached.child}.${attached.fileName}`, mandatory: false, personal: true }]
    : [];
  return [...walk(mapping.root.children, undefined), ...files];
}
