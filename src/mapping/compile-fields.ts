import type { Condition } from '../domain/conditions.js';
import type { FieldMapping } from '../domain/mapping-language.js';
import type { SourcePath } from '../domain/source-path.js';
import { columnsRead, compilePath, conditionFaults, pathFault, readColumns, readsEach, type PathContext } from './check-source-paths.js';
import { compileCheck } from './compile-check.js';
import type { CompiledCheck, CompiledField } from './compiled-mapping.js';
import type { CodeList } from '../domain/read-code-list.js';
import type { ElementModel, TextType } from '../platform/read-element-model.js';
import { compileTransform, type CompiledTransform } from './transforms.js';

/** One thing wrong in a mapping file, by the keys that lead to its place. */
export interface KeyFault {
  readonly key: readonly (string | number)[];
  readonly expected: string;
}

export interface RepeatDraft {
  readonly child: string;
  readonly when?: Condition | undefined;
  readonly where?: Condition | undefined;
}

/** The fields of a mapping by the element they write; paths are from below the root. */
export interface FieldDrafts {
  readonly leaves: ReadonlyMap<string, readonly CompiledField[]>;
  readonly repeats: ReadonlyMap<string, RepeatDraft>;
  /** Every element that has something written in it, at any depth. */
  readonly touched: ReadonlySet<string>;
  readonly reads: ReadonlySet<string>;
  readonly codeListsUsed: ReadonlySet<string>;
  readonly faults: readonly KeyFault[];
  /** Path of the repeated element around (not at) a path. */
  repeatPathAround(path: string): string | undefined;
  /** Child of that repeat. */
  repeatAround(path: string): string | undefined;
}

interface FieldSources extends PathContext {
  readonly model: ElementModel;
  readonly codeLists: ReadonlyMap<string, CodeList>;
}

function findElement(model: ElementModel, path: string): ElementModel | undefined {
  return path.split('/').reduce<ElementModel | undefined>((m, name) => m?.children?.find((c) => c.name === name), model);
}

/** Why the XSD would never take this text; undefined where only the value itself can tell. */
function textFault(type: TextType, text: string): string | undefined {
  if (type.enumeration && !type.enumeration.includes(text)) return `one of ${type.enumeration.join(', ')}`;
  const length = [...text].length;
  if (type.maxLength !== undefined && length > type.maxLength) return `at most ${type.maxLength} characters`;
  if (type.minLength !== undefined && length < type.minLength) return `at least ${type.minLength} characters`;
  return undefined;
}

/** Checks and compiles the fields of a mapping against stream, XSD and code lists. */
export function compileFields(fields: readonly FieldMapping[], sources: FieldSources): FieldDrafts {
  const leaves = new Map<string, CompiledField[]>();
  const repeats = new Map<string, RepeatDraft>();
  const touched = new Set<string>(['']);
  const reads = new Set<string>();
  const codeListsUsed = new Set<string>();
  const faults: KeyFault[] = [];

  const repeatPathAround = (path: string): string | undefined => [...repeats.keys()].find((r) => path.startsWith(`${r}/`));
  const touch = (path: string): void => {
    const names = path.split('/');
    names.forEach((_, i) => touched.add(names.slice(0, i + 1).join('/')));
  };
  const noteReads = (path: SourcePath, repeat: string | undefined): void => {
    if (path.kind === 'message' && path.column === 'at') reads.add('message.at');
    for (const c of columnsRead(path, repeat)) reads.add(c);
  };
  const noteCondition = (condition: Condition | undefined, key: KeyFault['key'], context: PathContext): void => {
    if (!condition) return;
    for (const expected of conditionFaults(condition, context)) faults.push({ key, expected });
    for (const c of readColumns(condition, context.repeat)) reads.add(c);
  };

  function compileLeaf(field: FieldMapping, path: string, key: KeyFault['key'], context: PathContext): void {
    const fault = (name: string, expected: string, ...rest: (string | number)[]): unknown => faults.push({ key: [...key, name, ...rest], expected });
    const type = findElement(sources.model, path)?.text;
    if (!type) {
      fault('to', findElement(sources.model, path) ? `an element that holds text ('${path}' holds elements)` : `an element of the XSD ('${path}' is none)`);
      return;
    }
    const before = leaves.get(path);
    if (before?.some((f) => f.when === undefined)) fault('to', `${path} once: a field before writes it without a condition`);
    if (field.where !== undefined) fault('where', 'where only beside repeat');
    noteCondition(field.when, [...key, 'when'], context);
    let from: SourcePath | undefined;
    if (field.from !== undefined) {
      const compiled = compilePath(field.from, context);
      if (typeof compiled === 'string') fault('from', compiled);
      else {
        from = compiled;
        noteReads(compiled, context.repeat);
      }
    }
    for (const name of ['value', 'whenBlank'] as const) {
      const text = field[name];
      const wrong = text === undefined ? undefined : textFault(type, text);
      if (wrong !== undefined) fault(name, `what the XSD takes for ${path}: ${wrong}`);
    }
    if (field.value !== undefined) {
      for (const name of ['transform', 'codes', 'whenBlank', 'check'] as const) if (field[name] !== undefined) fault(name, `no ${name} beside a fixed value`);
    }
    const transforms: CompiledTransform[] = [];
    field.transform?.forEach((use, i) => {
      const compiled = compileTransform(use);
      if (typeof compiled === 'string') fault('transform', compiled, i);
      else transforms.push(compiled);
    });
    const codes = field.codes === undefined ? undefined : compileCodes(field.codes, type, path, fault);
    const check = field.check === undefined ? undefined : compileFieldCheck(field.check, from, context, fault);
    touch(path);
    leaves.set(path, [...(before ?? []), { from, value: field.value, when: field.when, transforms, codes, whenBlank: field.whenBlank, check }]);
  }

  function compileCodes(name: string, type: TextType, path: string, fault: (name: string, expected: string) => unknown): CodeList | undefined {
    const list = sources.codeLists.get(name);
    codeListsUsed.add(name);
    if (!list) {
      fault('codes', `a code list: codes/${name}.csv of the channel or ${name}.csv beside the mapping`);
      return undefined;
    }
    const wrong = [...list.entries.values()].flat().filter((e) => textFault(type, e.target) !== undefined);
    if (wrong[0]) {
      fault('codes', `only targets that the XSD takes for ${path} (${textFault(type, wrong[0].target)}); ${name}.csv line ${wrong.map((e) => e.line).join(', ')}`);
    }
    return list;
  }

  function compileFieldCheck(use: string, from: SourcePath | undefined, context: PathContext, fault: (name: string, expected: string) => unknown): CompiledCheck | undefined {
    const check = compileCheck(use, from);
    const expected = typeof check === 'string' ? check : check.reads && pathFault(check.reads, context);
    if (typeof check === 'string' || expected !== undefined) {
      fault('check', expected ?? use);
      return undefined;
    }
    if (check.reads) noteReads(check.reads, context.repeat);
    return check;
  }

  function compileRepeat(field: FieldMapping, child: string, key: KeyFault['key']): void {
    const fault = (name: string, expected: string): unknown => faults.push({ key: [...key, name], expected });
    const target = findElement(sources.model, field.to);
    if (!target?.children) fault('to', `an element of the XSD that holds elements ('${field.to}' is none)`);
    else if (target.maxOccurs === 1) fault('to', `an element that may stand several times ('${field.to}' may stand once)`);
    if (!Object.hasOwn(sources.stream.children, child)) {
      fault('repeat', `one of the children ${Object.keys(sources.stream.children).join(', ')} ('${child}' is none)`);
      return;
    }
    if (repeats.has(field.to) || repeatPathAround(field.to) !== undefined) fault('to', `${field.to} once, and not inside another repeat`);
    const context: PathContext = { stream: sources.stream, event: sources.event, repeat: child };
    if (field.when && readsEach(field.when)) fault('when', 'no each: `when` is about the whole repeat; rows are chosen by `where`');
    noteCondition(field.when, [...key, 'when'], { ...context, repeat: undefined });
    noteCondition(field.where, [...key, 'where'], context);
    reads.add(`${child}.${sources.stream.children[child]!.key}`);
    touch(field.to);
    repeats.set(field.to, { child, when: field.when, where: field.where });
    if (!target?.children) return;
    field.fields?.forEach((inner, i) => {
      const at = [...key, 'fields', i];
      if (inner.repeat !== undefined) faults.push({ key: [...at, 'repeat'], expected: 'no repeat inside a repeat: children have no children' });
      else compileLeaf(inner, `${field.to}/${inner.to}`, at, context);
    });
  }

  fields.forEach((field, i) => {
    if (field.repeat !== undefined) compileRepeat(field, field.repeat, ['fields', i]);
  });
  fields.forEach((field, i) => {
    if (field.repeat !== undefined) return;
    if (repeatPathAround(field.to) !== undefined) faults.push({ key: ['fields', i, 'to'], expected: `a place outside the repeat ${repeatPathAround(field.to)}` });
    else compileLeaf(field, field.to, ['fields', i], { stream: sources.stream, event: sources.event });
  });
  const repeatAround = (path: string): string | undefined => repeats.get(repeatPathAround(path) ?? '')?.child;
  return { leaves, repeats, touched, reads, codeListsUsed, faults, repeatPathAround, repeatAround };
}
