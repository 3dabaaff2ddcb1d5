import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { itemOf } from '../../src/domain/event-item.js';
import type { MessageFacts } from '../../src/domain/receiver-messages.js';
import type { ChannelSettings } from '../../src/domain/settings.js';
import type { CaseSnapshot, Row } from '../../src/domain/snapshot.js';
import { streamSchema } from '../../src/domain/stream.js';
import { findStream, supervisionStream } from '../../src/domain/supervision-stream.js';
import type { CompiledMapping } from '../../src/mapping/compiled-mapping.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { produceMessage } from '../../src/mapping/produce-message.js';
import type { RenderedMessage } from '../../src/mapping/render-message.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const mappingsDir = path.join(root, 'mappings');
const readYaml = (file: string): unknown => parse(readFileSync(path.join(root, file), 'utf8'));
const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

export const stream = streamSchema.parse(readYaml('config/streams/case.yaml'));
export type Channel = Pick<ChannelSettings, 'channel' | 'stream' | 'messages' | 'supervision' | 'encoding' | 'illegalCharacters'>;
export const channels = ['center', 'provincial', 'supervision'].map((name) => readYaml(`config/channels/${name}.yaml`) as Channel);
export const { mappings, faults } = loadMappings({ dir: mappingsDir, streams: [stream], channels });

/** What a sample changes in the land case that all samples share: columns of the case, whole lists of children. */
export interface Change {
  readonly case?: Row;
  readonly children?: Readonly<Record<string, readonly Row[]>>;
}
/** A file `samples/<name>.json` beside a mapping; the expected message is `<name>.xml` beside it. */
interface SampleFile {
  readonly title: string;
  readonly message: Pick<MessageFacts, 'id' | 'version' | 'operation' | 'at' | 'sequence'>;
  readonly change?: Change;
}
export interface Sample {
  readonly name: string;
  readonly title: string;
  readonly mapping: CompiledMapping;
  readonly channel: Channel;
  readonly facts: MessageFacts;
  readonly snapshot: CaseSnapshot;
  /** The expected message. */
  readonly golden: string;
}

/** The case all samples start from: every column has a value of its own, so that a swapped element cannot hide. */
export const landCase = readJson<CaseSnapshot>(path.join(mappingsDir, 'samples/land-case.json'));

/** The same of the gateway's own stream: clocks, cards and answers of that case. */
export const supervisionCase = readJson<CaseSnapshot>(path.join(mappingsDir, 'samples/supervision-case.json'));

/** Every message of a channel with the directory of its mapping. */
export const messagesOf = (channel: Channel): Record<string, string> => ({ ...channel.messages, ...channel.supervision?.messages });

export function changed(snapshot: CaseSnapshot, change: Change = {}): CaseSnapshot {
  return { ...snapshot, case: { ...snapshot.case, ...change.case }, children: { ...snapshot.children, ...change.children } };
}

export const samples: readonly Sample[] = channels.flatMap((channel) =>
  Object.entries(messagesOf(channel)).flatMap(([event, below]) => {
    const folder = path.join(mappingsDir, below, 'samples');
    const mapping = mappings.find((m) => m.channel === channel.channel && m.event === event);
    if (!mapping) return []; // its faults are told by the first test
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map((file): Sample => {
        const { title, message, change } = readJson<SampleFile>(path.join(folder, file));
        const name = `${below}/${path.basename(file, '.json')}`;
        return { name, title, mapping, channel, facts: { ...message, channel: channel.channel, event }, snapshot: changed(mapping.stream === supervisionStream.stream ? supervisionCase : landCase, change), golden: path.join(folder, file.replace(/json$/, 'xml')) };
      });
  }),
);

export function sampleOf(name: string): Sample {
  const sample = samples.find((s) => s.name === name);
  if (!sample) throw new Error(`no sample ${name}`);
  return sample;
}

export function produce(sample: Pick<Sample, 'mapping' | 'channel' | 'facts' | 'snapshot'>): RenderedMessage {
  const { mapping, channel, facts, snapshot } = sample;
  return produceMessage(mapping, snapshot, itemOf(findStream([stream], mapping.stream)!, facts.event, facts.sequence, snapshot), facts, channel);
}

/** Text of every element of a message by its path, rows of a repeat numbered from 1: `BODY/SQRLIST/SQR[2]/SQRMC`. */
export function elementTexts(xml: string): Map<string, string> {
  const out = new Map<string, string>();
  const open: { name: string; counts: Map<string, number> }[] = [];
  const lists = new Set(['SQR', 'DLR', 'ZD', 'CL', 'ZZ', 'SF', 'CERTIFICATE']);
  for (const m of xml.matchAll(/<(\/?)([A-Z][A-Z0-9_]*)>([^<]*)/g)) {
    const [, close, tag, text] = m as unknown as [string, string, string, string];
    if (close) open.pop();
    else {
      const counts = open.at(-1)?.counts;
      const index = (counts?.get(tag) ?? 0) + 1;
      counts?.set(tag, index);
      open.push({ name: lists.has(tag) ? `${tag}[${index}]` : tag, counts: new Map() });
      if (text.trim() !== '') out.set(open.slice(1).map((o) => o.name).join('/'), text);
    }
  }
  return out;
}
