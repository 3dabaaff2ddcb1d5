import { createHash } from 'node:crypto';
import { GatewayFailure } from '../domain/failures.js';
import type { Finding } from '../domain/mapping-language.js';
import type { MessageFacts } from '../domain/receiver-messages.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';
import { readPath, testCondition, type Scope } from '../domain/source-path.js';
import type { Sha256 } from '../domain/vocabulary.js';
import type { CompiledField, CompiledMapping, CompiledRule, GroupNode, LeafNode, MappingNode, RepeatNode } from './compiled-mapping.js';
import { findField, remedyFor } from './describe-source.js';
import { encodeText, escapeText, hasIllegalCharacters, splitIllegalCharacters, uncarried, type ChannelEncoding } from './encode-text.js';
import { lookUpCode } from '../domain/read-code-list.js';

/** What of a channel decides about the bytes. */
export interface ChannelText {
  readonly encoding: ChannelEncoding;
  readonly illegalCharacters: 'finding' | 'remove';
}

/** A scanned file that travels before the message, as the bureau names it. */
export interface RenderedAttachment {
  readonly child: string;
  readonly key: string;
  readonly fileName: string;
  readonly signature: string;
}

export interface RenderedMessage {
  /** The document with its declaration. */
  readonly text: string;
  /** The document without it; what is judged by the XSD, whatever the encoding. */
  readonly body: string;
  /** Set where there are no findings. The same input always gives the same bytes. */
  readonly bytes?: Buffer | undefined;
  /** SHA-256 over `bytes`. */
  readonly sha256?: Sha256 | undefined;
  readonly findings: readonly Finding[];
  /** What was changed on purpose (characters removed by the channel's policy); does not hold the message back. */
  readonly notes: readonly Finding[];
  readonly attachments: readonly RenderedAttachment[];
}

interface Pass {
  readonly mapping: CompiledMapping;
  /** Day on which codes must be valid, `YYYY-MM-DD`. */
  readonly day: string;
  /** Set in the second pass, which looks at every value because the whole could not be carried. */
  readonly characters?: ChannelText | undefined;
  readonly findings: Finding[];
  /** Findings of rules; they stay although the group around them is left out. */
  readonly ruleFindings: Finding[];
  readonly notes: Finding[];
  /** Non-blank values written so far. */
  filled: number;
  repeat?: { readonly path: string; readonly child: string; index: number } | undefined;
}

/** Facts of the message as `message.*` reads them. */
export function messageRow(mapping: CompiledMapping, facts: MessageFacts): Row {
  return {
    id: facts.id,
    channel: facts.channel,
    event: mapping.event,
    version: String(facts.version),
    operation: facts.operation,
    at: facts.at,
    sequence: facts.sequence,
  };
}

/**
 * Renders one event of a case. The text comes from one small serializer and not from XMLBuilder: element names are fixed by
 * the XSD, every value passes `escapeText`, and the builder alone would cost four times as much as the rest of the rendering.
 */
export function renderMessage(mapping: CompiledMapping, snapshot: CaseSnapshot, item: Row | undefined, facts: MessageFacts, channel: ChannelText): RenderedMessage {
  if (mapping.tables.item !== undefined && !item) throw new GatewayFailure('mapping-broken', `message ${mapping.message} without its row of ${mapping.tables.item}`);
  const message = messageRow(mapping, facts);
  const scope: Scope = item ? { snapshot, item, message } : { snapshot, message };
  const declaration = `<?xml version="1.0" encoding="${channel.encoding}"?>`;
  const run = (characters?: ChannelText): { body: string; pass: Pass } => {
    const pass: Pass = { mapping, day: facts.at.slice(0, 10), characters, findings: [], ruleFindings: [], notes: [], filled: 0 };
    return { body: renderGroup(mapping.root, scope, pass), pass };
  };

  let { body, pass } = run();
  let bytes = hasIllegalCharacters(body) ? undefined : encodeText(declaration + body, channel.encoding);
  if (!bytes) {
    ({ body, pass } = run(channel));
    bytes = hasIllegalCharacters(body) ? undefined : encodeText(declaration + body, channel.encoding);
  }
  const findings = [...pass.findings, ...pass.ruleFindings];
  if (!bytes && findings.length === 0) throw new GatewayFailure('mapping-broken', `a fixed text of message ${mapping.message} cannot be written in ${channel.encoding}`);
  const fixed = findings.length === 0 && bytes ? { bytes, sha256: createHash('sha256').update(bytes).digest('hex') } : {};
  for (const note of mapping.notes) {
    if (!testCondition(note.when, scope)) continue;
    pass.notes.push(findField(mapping, { element: note.about.path, scope, repeat: undefined }, chooseField(note.about, scope), 'odd', note.text, 'if it is a mistake, correct'));
  }
  return { text: declaration + body, body, findings, notes: pass.notes, attachments: attachmentsOf(mapping, snapshot), ...fixed };
}

function render(node: MappingNode, scope: Scope, pass: Pass): string {
  return node.kind === 'leaf' ? renderLeaf(node, scope, pass) : node.kind === 'group' ? renderGroup(node, scope, pass) : renderRepeat(node, scope, pass);
}

function renderGroup(group: GroupNode, scope: Scope, pass: Pass): string {
  const filledBefore = pass.filled;
  const findingsBefore = pass.findings.length;
  let inner = '';
  for (const child of group.children) inner += render(child, scope, pass);
  if (!group.mandatory && (inner === '' || (group.hasSources && pass.filled === filledBefore))) {
    pass.findings.length = findingsBefore; // nothing of it is there, so nothing of it is missing
    return '';
  }
  return `\n${group.open}${inner}${group.close}`;
}

function renderRepeat(repeat: RepeatNode, scope: Scope, pass: Pass): string {
  let out = '';
  const place = { path: repeat.path, child: repeat.child, index: 0 };
  if (!repeat.when || testCondition(repeat.when, scope)) {
    pass.repeat = place;
    for (const each of scope.snapshot.children[repeat.child] ?? []) {
      const inner: Scope = { ...scope, each };
      if (repeat.where && !testCondition(repeat.where, inner)) continue;
      place.index += 1;
      pass.filled += 1;
      out += `\n${repeat.open}`;
      for (const child of repeat.children) out += render(child, inner, pass);
      out += repeat.close;
    }
    pass.repeat = undefined;
  }
  if (place.index > 0) return out;
  const source = pass.mapping.tables.children[repeat.child]?.table ?? repeat.child;
  const broken = repeat.rules.filter((rule) => testCondition(rule.when, scope));
  const remedy = remedyFor(source, 'enter a row of');
  // One row too few is one finding, however many rules ask for what would stand in it.
  if (broken.length > 0) pass.ruleFindings.push({ element: repeat.path, source, rule: 'rule', text: broken.map((rule) => rule.text).join('; '), remedy });
  if (!repeat.mandatory) return '';
  if (broken.length === 0) pass.findings.push({ element: repeat.path, source, rule: 'required', text: 'at least one is required', remedy });
  return repeat.open + repeat.close;
}

/** The alternative that is written: the first whose condition holds. */
export function chooseField(leaf: LeafNode, scope: Scope): CompiledField | undefined {
  for (const field of leaf.fields) if (!field.when || testCondition(field.when, scope)) return field;
  return undefined;
}

function renderLeaf(leaf: LeafNode, scope: Scope, pass: Pass): string {
  const field = chooseField(leaf, scope);
  if (field?.value !== undefined) {
    if (field.value === '' && leaf.rules.length > 0) judgeRules(leaf.rules, leaf, field, scope, pass);
    return leaf.open + escapeText(field.value) + leaf.close;
  }
  const value = field ? readValue(leaf, field, scope, pass) : '';
  if (value !== '') return leaf.open + escapeText(value) + leaf.close;
  if (field?.whenBlank !== undefined && field.whenBlank !== '') return leaf.open + escapeText(field.whenBlank) + leaf.close;
  const shown = field ?? leaf.fields.find((f) => f.from !== undefined);
  const broken = judgeRules(leaf.rules, leaf, shown, scope, pass);
  if (field?.whenBlank === '') return leaf.open + leaf.close;
  if (!leaf.mandatory) return '';
  if (!broken) find(leaf, shown, scope, pass, 'required', 'a value is required', 'fill');
  return leaf.open + leaf.close;
}

/** The value as it is written, or '' where it is blank. What is wrong with it becomes findings. */
function readValue(leaf: LeafNode, field: CompiledField, scope: Scope, pass: Pass): string {
  const raw = readPath(field.from!, scope);
  let value = raw === null ? '' : raw.trim();
  if (pass.characters && value !== '') value = carriable(value, leaf, field, scope, pass, pass.characters);
  for (const transform of field.transforms) {
    if (value === '' && !transform.acceptsBlank) continue;
    const result = transform.apply(value);
    if (typeof result !== 'string') {
      pass.filled += 1;
      find(leaf, field, scope, pass, result.rule, `expected ${result.expected}`);
      return value;
    }
    value = result;
  }
  if (value === '') return '';
  pass.filled += 1;
  if (field.check) {
    const fault = field.check.judge(value, field.check.reads ? readPath(field.check.reads, scope) : null);
    if (fault) find(leaf, field, scope, pass, fault.rule, `expected ${fault.expected}`);
  }
  if (!field.codes) return value;
  const code = lookUpCode(field.codes, value, pass.day);
  if (code !== undefined) return code;
  // A short code is shown, since nobody can mend what he is not told; anything longer may be a name or a number of a person.
  const shown = /^[A-Za-z0-9._-]{1,8}$/.test(value) ? ` ${value}` : '';
  const known = field.codes.entries.has(value) ? `is not valid on ${pass.day}` : 'does not stand';
  find(leaf, field, scope, pass, 'code-unknown', `the code${shown} ${known} in code list ${field.codes.name}`, 'correct the code, or have it added to the list:');
  return value;
}

function carriable(value: string, leaf: LeafNode, field: CompiledField, scope: Scope, pass: Pass, channel: ChannelText): string {
  let rest = value;
  if (hasIllegalCharacters(value)) {
    const split = splitIllegalCharacters(value);
    rest = split.rest.trim();
    const text = `characters that XML cannot carry: ${split.found.join(', ')}`;
    if (channel.illegalCharacters === 'finding') find(leaf, field, scope, pass, 'charset', text, 'type again the value of');
    else pass.notes.push(findField(pass.mapping, placeOf(leaf, scope, pass), field, 'charset', `removed: ${text}`));
  }
  const lost = uncarried(rest, channel.encoding);
  if (lost.length > 0) {
    find(leaf, field, scope, pass, 'charset', `characters that ${channel.encoding} cannot carry: ${lost.join(', ')}`, 'replace the characters (private use: often a name typed with a local font) in');
  }
  // Nothing else is left of it, and the finding above holds it back: it is not blank as well.
  return rest === '' && channel.illegalCharacters === 'finding' ? value : rest;
}

function judgeRules(rules: readonly CompiledRule[], leaf: LeafNode, field: CompiledField | undefined, scope: Scope, pass: Pass): boolean {
  let broken = false;
  for (const rule of rules) {
    if (!testCondition(rule.when, scope)) continue;
    broken = true;
    pass.ruleFindings.push(findField(pass.mapping, placeOf(leaf, scope, pass), field, 'rule', rule.text, 'fill'));
  }
  return broken;
}

function placeOf(leaf: LeafNode, scope: Scope, pass: Pass): { element: string; scope: Scope; repeat: string | undefined } {
  const at = pass.repeat;
  return { element: at ? `${at.path}[${at.index}]${leaf.path.slice(at.path.length)}` : leaf.path, scope, repeat: at?.child };
}

function find(leaf: LeafNode, field: CompiledField | undefined, scope: Scope, pass: Pass, rule: string, text: string, action?: string): void {
  pass.findings.push(findField(pass.mapping, placeOf(leaf, scope, pass), field, rule, text, action));
}

function attachmentsOf(mapping: CompiledMapping, snapshot: CaseSnapshot): RenderedAttachment[] {
  const from = mapping.attachments;
  if (!from) return [];
  const read = (row: Row, column: string): string => row[column]?.trim() ?? '';
  return (snapshot.children[from.child] ?? [])
    .filter((row) => read(row, from.signature) !== '')
    .map((row) => ({ child: from.child, key: read(row, from.key), fileName: read(row, from.fileName), signature: read(row, from.signature) }));
}

