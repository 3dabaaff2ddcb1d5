import type { XsdValidator } from 'libxml2-wasm';
import type { CodeList } from '../domain/read-code-list.js';
import { returnTargets, type ReturnField, type ReturnKind, type ReturnList, type ReturnMappingFile, type Target, type TargetGroup } from '../domain/return-language.js';
import type { ElementModel } from '../platform/read-element-model.js';

/** One target with the element it is read from. */
export interface CompiledField {
  readonly to: string;
  readonly from: string;
  readonly target: Target;
  readonly codes?: CodeList | undefined;
  readonly bytes?: number | undefined;
  readonly pattern?: RegExp | undefined;
}

export interface CompiledGroup {
  readonly fields: readonly CompiledField[];
  readonly lists: readonly (CompiledGroup & { readonly name: string; readonly each: readonly string[] })[];
}

/** A return mapping, ready to read with. */
export interface CompiledReturn extends CompiledGroup {
  readonly message: string;
  readonly kind: ReturnKind;
  readonly root: string;
  readonly model: ElementModel;
  readonly validator: XsdValidator;
}

export interface KeyFault {
  readonly key: readonly (string | number)[];
  readonly expected: string;
}

interface Sources {
  readonly mapping: ReturnMappingFile;
  readonly model: ElementModel;
  readonly validator: XsdValidator;
  readonly codeLists: ReadonlyMap<string, CodeList>;
}

/** Checks a mapping against its XSD, its code lists and the targets of its kind; all faults at once, each with its key. */
export function compileReturnMapping({ mapping, model, validator, codeLists }: Sources): { compiled?: CompiledReturn; faults: readonly KeyFault[] } {
  const faults: KeyFault[] = [];
  const group = compileGroup({ fields: mapping.head, lists: mapping.lists }, returnTargets[mapping.kind], model, ['head'], ['lists'], codeLists, faults);
  return faults.length > 0 ? { faults } : { compiled: { ...group, message: mapping.message, kind: mapping.kind, root: mapping.root, model, validator }, faults };
}

type Key = readonly (string | number)[];

function compileGroup(
  source: { fields: readonly ReturnField[]; lists?: Record<string, ReturnList> | undefined }, targets: TargetGroup, model: ElementModel, fieldsKey: Key, listsKey: Key, codeLists: ReadonlyMap<string, CodeList>, faults: KeyFault[],
): CompiledGroup {
  const fields: CompiledField[] = [];
  for (const [i, field] of source.fields.entries()) {
    const compiled = compileField(field, targets, model, [...fieldsKey, i], codeLists, faults);
    if (fields.some((f) => f.to === field.to)) faults.push({ key: [...fieldsKey, i, 'to'], expected: `each target once ('${field.to}' stands twice)` });
    if (compiled) fields.push(compiled);
  }
  for (const [name, target] of Object.entries(targets.fields)) {
    if (!target.optional && !source.fields.some((f) => f.to === name)) faults.push({ key: fieldsKey, expected: `a field for ${name}, which is needed` });
  }
  const lists: CompiledGroup['lists'][number][] = [];
  const wanted = targets.lists ?? {};
  for (const name of Object.keys(wanted)) if (source.lists?.[name] === undefined) faults.push({ key: listsKey, expected: `the list ${name}` });
  for (const [name, list] of Object.entries(source.lists ?? {})) {
    const key = [...listsKey, name];
    const inner = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    const element = find(model, list.each);
    if (!inner) faults.push({ key, expected: `one of the lists ${Object.keys(wanted).join(', ') || '(there is none here)'}` });
    else if (!element?.children) faults.push({ key: [...key, 'each'], expected: `an element with elements inside, as the XSD has it ('${list.each}' is none)` });
    else lists.push({ name, each: list.each.split('/'), ...compileGroup(list, inner, element, [...key, 'fields'], [...key, 'lists'], codeLists, faults) });
  }
  return { fields, lists };
}

function compileField(field: ReturnField, targets: TargetGroup, model: ElementModel, key: Key, codeLists: ReadonlyMap<string, CodeList>, faults: KeyFault[]): CompiledField | undefined {
  const before = faults.length;
  const target = Object.hasOwn(targets.fields, field.to) ? targets.fields[field.to] : undefined;
  if (!target) faults.push({ key: [...key, 'to'], expected: `one of ${Object.keys(targets.fields).join(', ')} ('${field.to}' is none)` });
  const element = find(model, field.from);
  if (!element?.text || !onceBelow(model, field.from)) faults.push({ key: [...key, 'from'], expected: `an element that holds text and stands at most once there, as the XSD has it ('${field.from}' is none)` });
  const codes = field.codes === undefined ? undefined : codeLists.get(field.codes);
  if (field.codes !== undefined && !codes) faults.push({ key: [...key, 'codes'], expected: `a code list codes/${field.codes}.csv` });
  if (target?.words && field.codes === undefined) faults.push({ key, expected: `a code list that leads to ${target.words.join(', ')}` });
  const strange = target?.words && codes ? [...codes.entries.values()].flat().find((e) => !target.words!.includes(e.target)) : undefined;
  if (strange) faults.push({ key: [...key, 'codes'], expected: `only ${target!.words!.join(', ')} as targets (line ${strange.line} of the list has another)` });
  const pattern = compilePattern(field.pattern);
  if (field.pattern !== undefined && !pattern) faults.push({ key: [...key, 'pattern'], expected: 'a regular expression' });
  if (target && target.type !== 'text' && (codes || pattern)) faults.push({ key, expected: `no codes and no pattern: ${field.to} is of type ${target.type}` });
  if (!target || faults.length > before) return undefined;
  return { to: field.to, from: field.from, target, codes, bytes: field.bytes, pattern };
}

function compilePattern(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function find(model: ElementModel, path: string): ElementModel | undefined {
  return path.split('/').reduce<ElementModel | undefined>((at, name) => at?.children?.find((c) => c.name === name), model);
}

function onceBelow(model: ElementModel, path: string): boolean {
  let at: ElementModel | undefined = model;
  for (const name of path.split('/')) {
    at = at?.children?.find((c) => c.name === name);
    if (!at || at.maxOccurs > 1) return false;
  }
  return true;
}
