import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readCodeList, type CodeList } from '../domain/read-code-list.js';
import { returnMappingSchema, type ReturnList } from '../domain/return-language.js';
import type { ChannelSettings, ConfigFault } from '../domain/settings.js';
import { checkAgainstSchema, placeOf } from '../platform/config/describe-issues.js';
import { parseSettingsFile } from '../platform/config/parse-settings-file.js';
import { formatKey, resolveVariables } from '../platform/config/resolve-variables.js';
import { readElementModel } from '../platform/read-element-model.js';
import { compileReturnMapping, type CompiledReturn } from './compile-return-mapping.js';

/** The mappings of what a channel returns. */
export type ReturnMappings = ReadonlyMap<string, readonly CompiledReturn[]>;

/**
 * Reads and compiles the return mappings of every channel that has any. All faults are collected with file, line and key; where
 * there are any the gateway must not start.
 */
export function loadReturnMappings(dir: string, channels: readonly Pick<ChannelSettings, 'channel' | 'returns'>[]): { mappings: ReturnMappings; faults: ConfigFault[] } {
  const faults: ConfigFault[] = [];
  const compiled = new Map<string, CompiledReturn | undefined>();
  const mappings = new Map<string, CompiledReturn[]>();
  for (const channel of channels) {
    const mine: CompiledReturn[] = [];
    for (const below of channel.returns?.messages ?? []) {
      if (!compiled.has(below)) compiled.set(below, load(path.join(dir, below), faults));
      const one = compiled.get(below);
      if (!one) continue;
      if (mine.some((m) => m.root === one.root)) faults.push({ file: `channels/${channel.channel}.yaml`, key: 'returns.messages', expected: `each root element once (${one.root} stands twice)` });
      mine.push(one);
    }
    mappings.set(channel.channel, mine);
  }
  return { mappings, faults };
}

function load(folder: string, faults: ConfigFault[]): CompiledReturn | undefined {
  const file = path.join(folder, 'mapping.yaml');
  if (!existsSync(file)) {
    faults.push({ file, key: 'returns.messages', expected: 'a return mapping, since a channel names it' });
    return undefined;
  }
  const { root, faults: wrong } = parseSettingsFile(file, readFileSync(file, 'utf8'));
  const resolved = resolveVariables(root, () => undefined);
  const checked = wrong.length > 0 ? { faults: wrong } : checkAgainstSchema(returnMappingSchema, resolved);
  faults.push(...checked.faults);
  const mapping = 'value' in checked ? checked.value : undefined;
  if (!mapping) return undefined;
  const fault = (key: readonly (string | number)[], expected: string): unknown => faults.push({ ...placeOf(resolved, key), key: formatKey(key), expected });
  const xsdFile = path.join(folder, mapping.xsd);
  if (!existsSync(xsdFile)) {
    fault(['xsd'], `an XSD beside the mapping ('${mapping.xsd}' is not there)`);
    return undefined;
  }
  const judged = compileXsd(xsdFile, mapping.root, faults);
  if (!judged) return undefined;
  const codeLists = new Map<string, CodeList>();
  for (const name of codesOf({ each: '', fields: mapping.head, lists: mapping.lists })) {
    const listFile = [path.join(folder, 'codes'), path.join(path.dirname(folder), 'codes')].map((f) => path.join(f, `${name}.csv`)).find((f) => existsSync(f));
    if (listFile === undefined) continue;
    const { list, faults: bad } = readCodeList(name, readFileSync(listFile, 'utf8'));
    faults.push(...bad.map((f) => ({ file: listFile, ...f })));
    codeLists.set(name, list);
  }
  const result = compileReturnMapping({ mapping, ...judged, codeLists });
  for (const f of result.faults) fault(f.key, f.expected);
  return result.compiled;
}

function compileXsd(file: string, root: string, faults: ConfigFault[]): Pick<CompiledReturn, 'model' | 'validator'> | undefined {
  const text = readFileSync(file, 'utf8');
  const { model, faults: wrong } = readElementModel(text, root);
  faults.push(...wrong.map((f) => ({ file, key: f.key, line: f.line, expected: f.expected })));
  if (!model) return undefined;
  try {
    const document = XmlDocument.fromString(text);
    try {
      return { model, validator: XsdValidator.fromDoc(document) };
    } finally {
      document.dispose();
    }
  } catch (error) {
    const detail = (error as { details?: readonly { line?: number; message?: string }[] }).details?.[0];
    faults.push({ file, key: 'schema', line: detail?.line ?? 1, expected: `an XSD that libxml2 compiles (${(detail?.message ?? String(error)).trim()})` });
    return undefined;
  }
}

function codesOf(list: ReturnList): Set<string> {
  return new Set([...list.fields.flatMap((f) => (f.codes === undefined ? [] : [f.codes])), ...Object.values(list.lists ?? {}).flatMap((l) => [...codesOf(l)])]);
}
