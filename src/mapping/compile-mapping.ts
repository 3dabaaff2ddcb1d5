import { createHash } from 'node:crypto';
import type { XsdValidator } from 'libxml2-wasm';
import type { MappingFile } from '../domain/mapping-language.js';
import { eventTimePaths } from '../domain/event-item.js';
import { parsePath } from '../domain/source-path.js';
import type { EventDefinition, StreamDefinition } from '../domain/stream.js';
import { columnsRead, conditionFaults, readColumns, readsEach } from './check-source-paths.js';
import { compileFields, type FieldDrafts, type KeyFault } from './compile-fields.js';
import type { AttachmentSource, CompiledMapping, CompiledNote, CompiledRule, GroupNode, LeafNode, MappingNode } from './compiled-mapping.js';
import type { CodeList } from '../domain/read-code-list.js';
import type { ElementModel } from '../platform/read-element-model.js';

/** Everything a mapping is compiled from; texts are the files as they stand. */
export interface MappingSources {
  readonly channel: string;
  /** Event in the channel's table of messages under which the mapping stands. */
  readonly event: string;
  /** Stream of the channel. */
  readonly stream: StreamDefinition;
  readonly mapping: MappingFile;
  readonly mappingText: string;
  readonly xsdText: string;
  readonly model: ElementModel;
  readonly validator: XsdValidator;
  readonly codeLists: ReadonlyMap<string, CodeList>;
}

/** Compiles a mapping; all that is wrong with it is in `faults`, keyed by the place in the file, and none is thrown. */
export function compileMapping(sources: MappingSources): { mapping?: CompiledMapping; faults: KeyFault[] } {
  const { mapping, stream, model } = sources;
  const faults: KeyFault[] = [];
  if (mapping.stream !== stream.stream) faults.push({ key: ['stream'], expected: `${stream.stream}, the stream of channel ${sources.channel}` });
  if (mapping.event !== sources.event) faults.push({ key: ['event'], expected: `${sources.event}, under which channel ${sources.channel} lists this mapping` });
  if (mapping.message !== mapping.event) faults.push({ key: ['message'], expected: `${mapping.event}: a message is named like its event` });
  const event = Object.hasOwn(stream.events, mapping.event) ? stream.events[mapping.event] : undefined;
  if (!event) {
    faults.push({ key: ['event'], expected: `an event of stream ${stream.stream}: ${Object.keys(stream.events).join(', ')}` });
    return { faults };
  }
  const eventAt = eventTimePaths(event).flatMap((text) => {
    const path = parsePath(text);
    if (!path) faults.push({ key: ['event'], expected: `an event whose time is a source path (in the stream it is ${text})` });
    return path ?? [];
  });
  const drafts = compileFields(mapping.fields, { stream, event, model, codeLists: sources.codeLists });
  faults.push(...drafts.faults);
  const rules = compileRules(mapping, stream, event, drafts, faults);
  const attachments = attachmentSource(mapping, stream, faults);
  const root = buildRoot(model, drafts, rules, faults);
  const notes = root ? compileNotes(mapping, stream, event, root, faults) : [];
  if (faults.length > 0 || !root) return { faults };

  const reads = new Set(drafts.reads);
  for (const rule of mapping.rules) for (const c of readColumns(rule.when, drafts.repeatAround(rule.require))) reads.add(c);
  if (reads.delete('message.at')) for (const path of eventAt) for (const c of columnsRead(path, undefined)) reads.add(c);
  if (attachments) for (const c of [attachments.key, attachments.fileName, attachments.signature]) reads.add(`${attachments.child}.${c}`);
  const hash = createHash('sha256').update(sources.mappingText).update('\0').update(sources.xsdText);
  for (const name of [...drafts.codeListsUsed].sort()) hash.update(`\0${name}\0${sources.codeLists.get(name)?.text ?? ''}`);
  return {
    faults,
    mapping: {
      channel: sources.channel,
      stream: mapping.stream,
      event: mapping.event,
      message: mapping.message,
      title: mapping.title,
      digest: hash.digest('hex'),
      reads: [...reads].sort(),
      root,
      eventAt,
      notes,
      attachments,
      tables: {
        case: stream.table,
        item: event.each,
        children: Object.fromEntries(Object.entries(stream.children).map(([name, c]) => [name, { table: c.table, key: c.key }])),
      },
      validator: sources.validator,
    },
  };
}

interface PlacedRules {
  readonly byPath: ReadonlyMap<string, readonly CompiledRule[]>;
}

function compileRules(mapping: MappingFile, stream: StreamDefinition, event: EventDefinition, drafts: FieldDrafts, faults: KeyFault[]): PlacedRules {
  const byPath = new Map<string, CompiledRule[]>();
  const place = (path: string, rule: CompiledRule): unknown => byPath.set(path, [...(byPath.get(path) ?? []), rule]);
  mapping.rules.forEach((rule, i) => {
    const around = drafts.repeatAround(rule.require);
    for (const expected of conditionFaults(rule.when, { stream, event, repeat: around })) faults.push({ key: ['rules', i, 'when'], expected });
    const compiled: CompiledRule = { when: rule.when, text: rule.text };
    const repeat = drafts.repeats.get(rule.require);
    if (!drafts.leaves.has(rule.require) && !repeat) {
      faults.push({ key: ['rules', i, 'require'], expected: `an element that a field of this mapping writes ('${rule.require}' is none)` });
      return;
    }
    if (repeat && readsEach(rule.when)) faults.push({ key: ['rules', i, 'when'], expected: 'no each: whether a repeated element is there is judged without a row' });
    place(rule.require, compiled);
    // Where no row is there at all, an element demanded inside the repeat is missing too.
    const outer = drafts.repeatPathAround(rule.require);
    if (!repeat && outer !== undefined && !readsEach(rule.when)) place(outer, compiled);
  });
  return { byPath };
}

/** Notes judge what is sent, but nothing is sent because of them: what they read does not count among the mapping's reads. */
function compileNotes(mapping: MappingFile, stream: StreamDefinition, event: EventDefinition, root: GroupNode, faults: KeyFault[]): CompiledNote[] {
  return mapping.notes.flatMap((note, i) => {
    for (const expected of conditionFaults(note.when, { stream, event })) faults.push({ key: ['notes', i, 'when'], expected });
    const about = leafAt(root, note.about);
    if (!about) faults.push({ key: ['notes', i, 'about'], expected: `an element outside lists that a field of this mapping writes ('${note.about}' is none)` });
    return about ? [{ when: note.when, text: note.text, about }] : [];
  });
}

function leafAt(group: GroupNode, path: string): LeafNode | undefined {
  for (const child of group.children) {
    if (child.kind === 'leaf' && child.path === path) return child;
    const found = child.kind === 'group' ? leafAt(child, path) : undefined;
    if (found) return found;
  }
  return undefined;
}

function attachmentSource(mapping: MappingFile, stream: StreamDefinition, faults: KeyFault[]): AttachmentSource | undefined {
  if (mapping.attachments === undefined) return undefined;
  const child = Object.hasOwn(stream.children, mapping.attachments) ? stream.children[mapping.attachments] : undefined;
  if (!child?.attachment) {
    faults.push({ key: ['attachments'], expected: 'a child of the stream that has an attachment' });
    return undefined;
  }
  return { child: mapping.attachments, key: child.key, fileName: child.attachment.fileName, signature: child.attachment.signature };
}

/** The tree of what is written, in the order of the XSD whatever the order of the mapping. */
function buildRoot(model: ElementModel, drafts: FieldDrafts, rules: PlacedRules, faults: KeyFault[]): GroupNode | undefined {
  const missing = (path: string): unknown => faults.push({ key: ['fields'], expected: `a field for ${path}, which the XSD demands` });

  function build(m: ElementModel): MappingNode | undefined {
    const names = { name: m.name, path: m.path, open: `<${m.name}>`, close: `</${m.name}>`, mandatory: m.minOccurs > 0 };
    if (m.text) {
      const fields = drafts.leaves.get(m.path);
      if (fields) return { kind: 'leaf', ...names, type: m.text, fields, rules: rules.byPath.get(m.path) ?? [] };
      if (names.mandatory) missing(m.path);
      return undefined;
    }
    if (!names.mandatory && !drafts.touched.has(m.path)) return undefined;
    const children = (m.children ?? []).map(build).filter((c) => c !== undefined);
    const repeat = drafts.repeats.get(m.path);
    if (repeat) return { kind: 'repeat', ...names, ...repeat, children, rules: rules.byPath.get(m.path) ?? [] };
    const hasSources = children.some((c) => (c.kind === 'leaf' ? c.fields.some((f) => f.from !== undefined) : c.kind === 'repeat' || c.hasSources));
    return { kind: 'group', ...names, children, hasSources };
  }

  const root = build({ ...model, minOccurs: 1 });
  return root?.kind === 'group' ? root : undefined;
}
