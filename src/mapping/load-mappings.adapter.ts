import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { LineCounter, parseDocument } from 'yaml';
import { mappingSchema, type FieldMapping, type MappingFile } from '../domain/mapping-language.js';
import type { ChannelSettings, ConfigFault } from '../domain/settings.js';
import type { StreamDefinition } from '../domain/stream.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { compileMapping } from './compile-mapping.js';
import { describeIssue, lineOfKey, writeKey } from './describe-issue.js';
import { readCodeList, type CodeList } from '../domain/read-code-list.js';
import { readElementModel, type ElementModel } from '../platform/read-element-model.js';

export interface MappingPlaces {
  /** Directory of all mappings; what channels name is below it. */
  readonly dir: string;
  readonly streams: readonly StreamDefinition[];
  readonly channels: readonly Pick<ChannelSettings, 'channel' | 'stream' | 'messages' | 'supervision'>[];
}

interface Xsd {
  readonly text: string;
  readonly model: ElementModel;
  readonly validator: XsdValidator;
}

/**
 * Reads and compiles every mapping that a channel names. All faults are collected with file, key and line, and none is
 * thrown; where there are faults the gateway must not start. Files are read once, XSDs compiled once, at start.
 */
export function loadMappings({ dir, streams, channels }: MappingPlaces): { mappings: CompiledMapping[]; faults: ConfigFault[] } {
  const mappings: CompiledMapping[] = [];
  const faults: ConfigFault[] = [];
  const codeLists = new Map<string, CodeList>();
  const xsds = new Map<string, Xsd | undefined>();

  function readText(file: string): string | undefined {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  function codeList(name: string, folders: readonly string[]): CodeList | undefined {
    const file = folders.map((folder) => path.join(folder, `${name}.csv`)).find((f) => existsSync(f));
    if (file === undefined) return undefined;
    const known = codeLists.get(file);
    if (known) return known;
    const { list, faults: wrong } = readCodeList(name, readFileSync(file, 'utf8'));
    faults.push(...wrong.map((f) => ({ file, key: f.key, line: f.line, expected: f.expected })));
    codeLists.set(file, list);
    return list;
  }

  function xsd(file: string, root: string): Xsd | undefined {
    const id = `${file}#${root}`;
    if (!xsds.has(id)) xsds.set(id, compileXsd(file, root));
    return xsds.get(id);
  }

  function compileXsd(file: string, root: string): Xsd | undefined {
    const text = readFileSync(file, 'utf8');
    let validator: XsdValidator;
    try {
      const document = XmlDocument.fromString(text);
      try {
        validator = XsdValidator.fromDoc(document);
      } finally {
        document.dispose();
      }
    } catch (error) {
      const details = (error as { details?: readonly { line?: number; message?: string }[] }).details ?? [];
      const detail = details[0];
      faults.push({ file, key: 'schema', line: detail?.line ?? 1, expected: `an XSD that libxml2 compiles (${(detail?.message ?? String(error)).trim()})` });
      return undefined;
    }
    const { model, faults: wrong } = readElementModel(text, root);
    faults.push(...wrong.map((f) => ({ file, key: f.key, line: f.line, expected: f.expected })));
    if (model) return { text, model, validator };
    validator.dispose();
    return undefined;
  }

  function load(channel: MappingPlaces['channels'][number], stream: StreamDefinition, event: string, below: string): void {
    const folder = path.join(dir, below);
    const file = path.join(folder, 'mapping.yaml');
    const text = readText(file);
    if (text === undefined) {
      faults.push({ file, key: `messages.${event}`, expected: `a mapping file, since channel ${channel.channel} sends ${event}` });
      return;
    }
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines });
    if (document.errors.length > 0) {
      faults.push(...document.errors.map((e) => ({ file, key: '', line: e.linePos?.[0].line, expected: `YAML (${e.message.split('\n')[0] ?? ''})` })));
      return;
    }
    const fault = (key: readonly (string | number)[], expected: string): unknown =>
      faults.push({ file, key: writeKey(key), line: lineOfKey(document, lines, key), expected });
    const parsed = mappingSchema.safeParse(document.toJS());
    if (!parsed.success) {
      for (const issue of parsed.error.issues) {
        const { key, expected } = describeIssue(issue);
        fault(key, expected);
      }
      return;
    }
    const mapping = parsed.data;
    const xsdFile = path.join(folder, mapping.xsd);
    if (!existsSync(xsdFile)) {
      fault(['xsd'], `an XSD beside the mapping ('${mapping.xsd}' is not there)`);
      return;
    }
    const judged = xsd(xsdFile, mapping.root);
    if (!judged) return;
    const folders = [folder, path.join(folder, 'codes'), path.join(path.dirname(folder), 'codes'), path.join(dir, channel.channel, 'codes')];
    const lists = new Map<string, CodeList>();
    for (const name of codeListsOf(mapping)) {
      const list = codeList(name, folders);
      if (list) lists.set(name, list);
    }
    const compiled = compileMapping({
      channel: channel.channel,
      event,
      stream,
      mapping,
      mappingText: text,
      xsdText: judged.text,
      model: judged.model,
      validator: judged.validator,
      codeLists: lists,
    });
    for (const f of compiled.faults) fault(f.key, f.expected);
    if (compiled.mapping) mappings.push(compiled.mapping);
  }

  for (const channel of channels) {
    const stream = streams.find((s) => s.stream === channel.stream);
    if (!stream) {
      faults.push({ file: `channels/${channel.channel}.yaml`, key: 'stream', expected: `one of the streams ${streams.map((s) => s.stream).join(', ')}` });
      continue;
    }
    for (const [event, below] of Object.entries(channel.messages)) load(channel, stream, event, below);
    for (const [event, below] of Object.entries(channel.supervision?.messages ?? {})) load(channel, supervisionStream, event, below);
  }
  return { mappings, faults };
}

function codeListsOf(mapping: MappingFile): Set<string> {
  const collect = (fields: readonly FieldMapping[]): string[] => fields.flatMap((f) => [...(f.codes === undefined ? [] : [f.codes]), ...collect(f.fields ?? [])]);
  return new Set(collect(mapping.fields));
}
