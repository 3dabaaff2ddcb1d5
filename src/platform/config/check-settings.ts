import { conditionPaths } from '../../domain/conditions.js';
import type { ChannelSettings, ConfigFault, GatewaySettings, StagingSettings } from '../../domain/settings.js';
import { parsePath } from '../../domain/source-path.js';
import type { EventDefinition, StreamDefinition } from '../../domain/stream.js';
import { supervisionStream } from '../../domain/supervision-stream.js';
import { nearestKey } from './nearest-key.js';

/** A checked file together with where its keys stand. */
export interface Located<T> {
  readonly value: T;
  at(...path: PropertyKey[]): { readonly file: string; readonly line: number; readonly key: string };
}

/** What one schema alone cannot see: names that must exist elsewhere, addresses that must fit, places that must differ. */
export function checkSettings(gateway: Located<GatewaySettings>, channels: readonly Located<ChannelSettings>[], streams: readonly Located<StreamDefinition>[]): ConfigFault[] {
  return [...checkAddresses(gateway), ...streams.flatMap(checkStream), ...checkChannels(gateway.value, channels, streams)];
}

function checkAddresses({ value, at }: Located<GatewaySettings>): ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const side of ['bureau', 'ledger'] as const) {
    const { engine, url } = value[side];
    const schemes = engine === 'mssql' ? ['mssql:', 'sqlserver:'] : ['postgres:', 'postgresql:'];
    const address = readUrl(url);
    const form = `${engine === 'mssql' ? 'mssql://user:password@host:1433/database' : 'postgres://user:password@host:5432/database'}`;
    if (!schemes.includes(`${url.split(':')[0] ?? ''}:`)) faults.push({ ...at(side, 'url'), expected: `${form}, because ${side}.engine is ${engine}` });
    else if (!address?.host || url.split('@').length > 2) faults.push({ ...at(side, 'url'), expected: `${form} (special characters in the password written as %40 for @, %23 for #, %2F for /)` });
    else if (address.pathname.length < 2) faults.push({ ...at(side, 'url'), expected: `${form}, with the name of the database at the end` });
  }
  const { backend, url } = value.queue;
  const wanted = backend === 'redis' ? /^rediss?:\/\// : /^postgres(ql)?:\/\//;
  if (!wanted.test(url) || !readUrl(url)?.host) faults.push({ ...at('queue', 'url'), expected: `${backend === 'redis' ? 'redis://host:6379' : 'postgres://user:password@host:5432/database'}, because queue.backend is ${backend}` });
  if (value.retry.maxDelayMs < value.retry.firstDelayMs) faults.push({ ...at('retry', 'maxDelayMs'), expected: 'at least retry.firstDelayMs' });
  return faults;
}

/** Undefined when it is no address; the text itself is never quoted, there is a password in it. */
function readUrl(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

function checkStream({ value: stream, at }: Located<StreamDefinition>): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const known = (name: string, names: readonly string[], what: string, ...path: PropertyKey[]): void => {
    if (names.includes(name)) return;
    const near = nearestKey(name, names);
    faults.push({ ...at(...path), expected: `${what}${near === undefined ? '' : `; did you mean ${near}?`}` });
  };
  if (stream.stream === supervisionStream.stream) faults.push({ ...at('stream'), expected: `another name: ${supervisionStream.stream} is the gateway's own stream` });
  known(stream.key, Object.keys(stream.columns), 'a name listed in columns', 'key');
  known(stream.removalEvent, Object.keys(stream.events), 'an event of this stream', 'removalEvent');
  for (const [name, child] of Object.entries(stream.children)) {
    const columns = Object.keys(child.columns);
    known(child.key, columns, `a name listed in children.${name}.columns`, 'children', name, 'key');
    if (!child.attachment) continue;
    for (const part of ['fileName', 'signature'] as const) known(child.attachment[part], columns, `a name listed in children.${name}.columns`, 'children', name, 'attachment', part);
    // The bytes are fetched on their own and only when the signature changed.
    if (columns.includes(child.attachment.content)) faults.push({ ...at('children', name, 'columns', child.attachment.content), expected: 'the column of the bytes in attachment.content only' });
  }
  for (const [name, event] of Object.entries(stream.events)) {
    if (event.each !== undefined) known(event.each, Object.keys(stream.children), 'a child of this stream', 'events', name, 'each');
    for (const { path, place } of eventPaths(event)) {
      const problem = checkPath(path, event, stream);
      if (problem !== undefined) faults.push({ ...at('events', name, ...place), expected: problem });
    }
  }
  return faults;
}

function eventPaths(event: EventDefinition): { path: string; place: PropertyKey[] }[] {
  const phases = Array.isArray(event.phase) ? event.phase : [];
  return [
    ...(typeof event.at === 'string' ? [{ path: event.at, place: ['at'] }] : event.at.map((path, index) => ({ path, place: ['at', index] }))),
    ...(event.when ? conditionPaths(event.when).map((path) => ({ path, place: ['when'] })) : []),
    ...phases.flatMap((phase, index) => (phase.when ? conditionPaths(phase.when).map((path) => ({ path, place: ['phase', index, 'when'] })) : [])),
  ];
}

/** Why an event cannot read the path; undefined when it can. */
function checkPath(text: string, event: EventDefinition, stream: StreamDefinition): string | undefined {
  const path = parsePath(text);
  if (path === undefined) return 'case.<column>, item.<column> or <child>[<column>=<value>].<column>';
  const child = path.kind === 'item' ? event.each : path.kind === 'first' ? path.child : undefined;
  if (path.kind === 'each' || path.kind === 'message') return 'case.<column> or item.<column>: an event is read before there is a message';
  if (path.kind === 'item' && child === undefined) return 'case.<column>: this event has no each, so there is no item';
  const columns = child === undefined ? stream.columns : stream.children[child]?.columns;
  if (columns === undefined) return path.kind === 'first' ? `a child of this stream instead of ${path.child}` : undefined; // a wrong each is told already
  if (columns[path.column] !== undefined) return undefined;
  const near = nearestKey(path.column, Object.keys(columns));
  return `a column that the stream lists instead of ${text}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function checkChannels(gateway: GatewaySettings, channels: readonly Located<ChannelSettings>[], streams: readonly Located<StreamDefinition>[]): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const names = new Map<string, string>();
  const places = new Map<string, string>();
  for (const { value: channel, at } of channels) {
    const other = names.get(channel.channel);
    if (other !== undefined) faults.push({ ...at('channel'), expected: `a name of its own; ${other} has the same` });
    else names.set(channel.channel, at('channel').file);

    if (!gateway.bureau.streams.includes(channel.stream)) {
      faults.push({ ...at('stream'), expected: `one of bureau.streams: ${gateway.bureau.streams.join(', ')}` });
    }
    const stream = streams.find((candidate) => candidate.value.stream === channel.stream)?.value;
    for (const event of stream ? Object.keys(channel.messages) : []) {
      if (stream?.events[event] !== undefined) continue;
      const near = nearestKey(event, Object.keys(stream?.events ?? {}));
      faults.push({ ...at('messages', event), expected: `an event of the stream ${channel.stream}${near === undefined ? '' : `; did you mean ${near}?`}` });
    }
    faults.push(...checkSupervision(gateway, { value: channel, at }, stream));
    for (const { key, directory } of stagingPlaces(channel.staging, channel.returns !== undefined)) {
      const holder = places.get(directory);
      if (holder === undefined) places.set(directory, at(...key).file);
      else faults.push({ ...at(...key), expected: `a directory of its own on the staging machine; ${holder === at(...key).file ? 'another key of this channel' : holder} uses the same` });
    }
  }
  return faults;
}

/** What the gateway's own stream reports on a channel. Its events and the bureau's stand in one lane and under one list of names. */
function checkSupervision(gateway: GatewaySettings, { value: channel, at }: Located<ChannelSettings>, stream: StreamDefinition | undefined): ConfigFault[] {
  if (channel.supervision === undefined) return [];
  const faults: ConfigFault[] = [];
  const { body, messages } = channel.supervision;
  const own = Object.keys(supervisionStream.events);
  if (!gateway.supervision.bodies.includes(body)) faults.push({ ...at('supervision', 'body'), expected: `one of supervision.bodies: ${gateway.supervision.bodies.join(', ') || '(there is none)'}` });
  if (channel.stream !== gateway.supervision.stream) faults.push({ ...at('stream'), expected: `${gateway.supervision.stream}, the stream whose clocks are kept (supervision.stream), because this channel reports clocks` });
  for (const event of Object.keys(messages)) {
    const near = nearestKey(event, own);
    if (!own.includes(event)) faults.push({ ...at('supervision', 'messages', event), expected: `one of ${own.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}` });
    else if (stream?.events[event] !== undefined) faults.push({ ...at('supervision', 'messages', event), expected: `a name that is no event of the stream ${channel.stream} too` });
  }
  return faults;
}

/** Each directory of a channel, named so that two channels that would write into the same one are seen. */
function stagingPlaces(staging: StagingSettings, takesReturns: boolean): { key: PropertyKey[]; directory: string }[] {
  const machine = staging.adapter === 'sftp' ? `sftp ${staging.sftp?.username ?? ''}@${staging.sftp?.host.toLowerCase() ?? ''}:${staging.sftp?.port ?? 22}` : `directory ${staging.directory?.path.replace(/\/+$/, '') ?? ''}`;
  return (['outboxDir', 'manifestDir', 'acknowledgementDir', ...(takesReturns ? (['returnDir', 'receiptDir', 'statementDir'] as const) : [])] as const).map((name) => ({ key: ['staging', name], directory: `${machine} ${staging[name].replace(/^\.?\/+|\/+$/g, '')}` }));
}
