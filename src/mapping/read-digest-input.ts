import { eventTime } from '../domain/event-item.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';
import { readPath, testCondition, type Scope } from '../domain/source-path.js';
import type { CompiledMapping, CompiledRule, LeafNode, MappingNode } from './compiled-mapping.js';

/**
 * Canonical text of exactly what the mapping sends of this event: the trimmed values behind every element that would be
 * written, the rows of its repeats, the signatures of its attachments, and whether its rules demand something. Two snapshots
 * with the same text make the same message but for its number and operation, so a change that alters nothing that is sent
 * sends nothing. Conditions are judged as for a correction (operation U).
 */
export function readDigestInput(mapping: CompiledMapping, snapshot: CaseSnapshot, item: Row | undefined): string {
  const at = eventTime(mapping.eventAt, item ? { snapshot, item } : { snapshot });
  const message: Row = { at, operation: 'U', channel: mapping.channel, event: mapping.event };
  const scope: Scope = item ? { snapshot, item, message } : { snapshot, message };
  const out: string[] = [];
  collect(mapping.root, scope, out);
  const files = mapping.attachments;
  if (files) {
    for (const row of snapshot.children[files.child] ?? []) {
      out.push('+', text(row[files.key] ?? null), text(row[files.fileName] ?? null), text(row[files.signature] ?? null));
    }
  }
  return JSON.stringify(out);
}

const text = (value: string | null): string => (value === null ? '' : value.trim());

function collect(node: MappingNode, scope: Scope, out: string[]): void {
  switch (node.kind) {
    case 'leaf':
      collectLeaf(node, scope, out);
      return;
    case 'group':
      for (const child of node.children) collect(child, scope, out);
      return;
    case 'repeat': {
      collectRules(node.rules, scope, out);
      if (node.when && !testCondition(node.when, scope)) {
        out.push('-');
        return;
      }
      for (const each of scope.snapshot.children[node.child] ?? []) {
        const inner: Scope = { ...scope, each };
        if (node.where && !testCondition(node.where, inner)) continue;
        out.push('+');
        for (const child of node.children) collect(child, inner, out);
      }
      out.push('.');
    }
  }
}

function collectLeaf(leaf: LeafNode, scope: Scope, out: string[]): void {
  collectRules(leaf.rules, scope, out);
  const { fields } = leaf;
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i]!;
    if (field.when) {
      if (!testCondition(field.when, scope)) continue;
      out.push(String(i));
    }
    // Facts of the message differ from version to version; of them only the event's time comes from the bureau.
    if (field.from && (field.from.kind !== 'message' || field.from.column === 'at')) out.push(text(readPath(field.from, scope)));
    if (field.check?.reads) out.push(text(readPath(field.check.reads, scope)));
    return;
  }
  out.push('-');
}

function collectRules(rules: readonly CompiledRule[], scope: Scope, out: string[]): void {
  for (const rule of rules) out.push(testCondition(rule.when, scope) ? '!' : '');
}
