import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { channelSchema, gatewaySchema, type ChannelSettings, type ConfigFault, type Settings } from '../../domain/settings.js';
import { streamSchema, type StreamDefinition } from '../../domain/stream.js';
import { nationalYears } from '../calendar/national-years.adapter.js';
import { calendarSchema, readCalendar } from '../calendar/read-calendar.js';
import { checkSettings, type Located } from './check-settings.js';
import { checkAgainstSchema, placeOf } from './describe-issues.js';
import { mergeNodes, parseSettingsFile, type Node } from './parse-settings-file.js';
import { formatKey, resolveVariables, type Lookup, type Resolved } from './resolve-variables.js';

/** The settings, or everything that is wrong with them at once; never both. */
export type LoadedSettings = { readonly settings: Settings; readonly faults: readonly [] } | { readonly settings?: undefined; readonly faults: readonly ConfigFault[] };

/**
 * Reads default.yaml, the file that GATEWAY_CONFIG names over it, calendar.yaml, channels/*.yaml and streams/<name>.yaml.
 * Channels with `enabled: false` are checked, except for missing variables, and left out.
 */
export function loadSettings({ configDir, env }: { configDir: string; env: Readonly<Record<string, string | undefined>> }): LoadedSettings {
  const faults: ConfigFault[] = [];
  const lookup = lookupIn(env);
  const read = (file: string, name: string, expected: string): Node | undefined => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      faults.push({ file: name, key: '', expected: `${expected} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` });
      return undefined;
    }
    const parsed = parseSettingsFile(name, text);
    faults.push(...parsed.faults);
    return parsed.faults.length === 0 ? parsed.root : undefined;
  };
  const check = <T extends z.ZodType>(schema: T, resolved: Resolved, options?: { ignoreMissing: boolean }): Located<z.output<T>> | undefined => {
    const checked = checkAgainstSchema(schema, resolved, options);
    faults.push(...checked.faults);
    return checked.value === undefined ? undefined : { value: checked.value, at: (...keys) => ({ ...placeOf(resolved, keys), key: formatKey(keys) }) };
  };

  let root = read(path.join(configDir, 'default.yaml'), 'default.yaml', 'a readable file');
  if (env.GATEWAY_CONFIG) {
    const local = read(env.GATEWAY_CONFIG, env.GATEWAY_CONFIG, 'the file that GATEWAY_CONFIG names to be readable');
    root = root && local && mergeNodes(root, local);
  }
  const resolvedGateway = root && resolveVariables(root, lookup);
  const gateway = resolvedGateway && check(gatewaySchema, resolvedGateway);

  const channels: Located<ChannelSettings>[] = [];
  for (const name of listYaml(path.join(configDir, 'channels'))) {
    if (name.endsWith('.yml')) faults.push({ file: `channels/${name}`, key: '', expected: 'a name that ends in .yaml' });
    const node = name.endsWith('.yml') ? undefined : read(path.join(configDir, 'channels', name), `channels/${name}`, 'a readable file');
    if (!node) continue;
    const resolved = resolveVariables(node, lookup);
    const disabled = (resolved.value as { enabled?: unknown }).enabled === false;
    const channel = check(channelSchema, resolved, { ignoreMissing: disabled });
    if (channel && !disabled) channels.push(channel);
  }

  const streams: Located<StreamDefinition>[] = [];
  const wanted: unknown = (resolvedGateway?.value as { bureau?: { streams?: unknown } } | undefined)?.bureau?.streams;
  for (const [index, name] of (Array.isArray(wanted) ? wanted : []).entries()) {
    const place = { ...placeOf(resolvedGateway!, ['bureau', 'streams', index]), key: `bureau.streams[${index}]` };
    if (typeof name !== 'string' || !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) {
      faults.push({ ...place, expected: 'a plain name, of a file in streams/' });
      continue;
    }
    if (!listYaml(path.join(configDir, 'streams')).includes(`${name}.yaml`)) {
      faults.push({ ...place, expected: `a stream for which there is a file streams/${name}.yaml` });
      continue;
    }
    const node = read(path.join(configDir, 'streams', `${name}.yaml`), `streams/${name}.yaml`, 'a readable file');
    const stream = node && check(streamSchema, resolveVariables(node, lookup));
    if (!stream) continue;
    if (stream.value.stream !== name) faults.push({ ...stream.at('stream'), expected: `${name}, as the file is called` });
    streams.push(stream);
  }

  const calendarNode = read(path.join(configDir, 'calendar.yaml'), 'calendar.yaml', 'a readable file with the working calendar');
  const calendarFile = calendarNode && check(calendarSchema, resolveVariables(calendarNode, lookup));
  const calendar = calendarFile && readCalendar(calendarFile, nationalYears());
  if (calendar) faults.push(...calendar.faults);

  if (gateway) faults.push(...checkSettings(gateway, channels, streams));
  if (!gateway || !calendar || faults.length > 0) return { faults };
  return { settings: { ...gateway.value, calendar: calendar.table, channels: channels.map((channel) => channel.value), streamDefinitions: streams.map((stream) => stream.value) }, faults: [] };
}

/** Environment variables; NAME_FILE names a file with the value, as container secrets come. */
function lookupIn(env: Readonly<Record<string, string | undefined>>): Lookup {
  return (name) => {
    const value = env[name];
    const file = env[`${name}_FILE`];
    if (value && file) return { problem: `only one of ${name} and ${name}_FILE to be set` };
    if (value) return { value };
    if (!file) return undefined;
    try {
      const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      return content === '' ? { problem: `the file that ${name}_FILE names to hold the value (it is empty)` } : { value: content };
    } catch (error) {
      return { problem: `the file that ${name}_FILE names to be readable (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` };
    }
  };
}

function listYaml(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
