import { parentPort, workerData } from 'node:worker_threads';
import type { StreamDefinition } from '../domain/stream.js';
import { findStream } from '../domain/supervision-stream.js';
import { loadMappings, type MappingPlaces } from './load-mappings.adapter.js';
import { renderJob, type RenderJob, type RenderOutcome } from './render-job.js';
import type { ChannelText } from './render-message.js';

/** What the thread is started with: plain data, and nothing of a channel that rendering does not need. */
export interface RenderThreadData {
  readonly dir: string;
  readonly streams: readonly StreamDefinition[];
  readonly channels: readonly (MappingPlaces['channels'][number] & ChannelText)[];
}

/** The thread's first word: what it read. */
export interface RenderReady {
  readonly digests: readonly string[];
  readonly faults: number;
}

/** A batch to render, or that nothing more comes. */
export type RenderAsked = { readonly id: number; readonly jobs: readonly RenderJob[] } | 'end';

/** Outcomes in the order of the jobs. */
export interface RenderAnswer {
  readonly id: number;
  readonly outcomes: readonly RenderOutcome[];
}

/** Runs inside the thread: reads the mappings once, then renders what it is handed, batch after batch. */
function main(port: NonNullable<typeof parentPort>, data: RenderThreadData): void {
  const { mappings, faults } = loadMappings(data);
  const texts = new Map(data.channels.map((c): [string, ChannelText] => [c.channel, { encoding: c.encoding, illegalCharacters: c.illegalCharacters }]));
  const ground = { mappings, findStream: (name: string) => findStream(data.streams, name)!, textOf: (channel: string) => texts.get(channel)! };
  const ready: RenderReady = { digests: mappings.map((m) => `${m.channel} ${m.event} ${m.digest}`), faults: faults.length };
  port.postMessage(ready);
  port.on('message', (asked: RenderAsked) => {
    if (asked === 'end') return port.close();
    const { id, jobs } = asked;
    const outcomes = jobs.map((job) => renderJob(job, ground));
    // The bytes of a batch travel in one piece, which changes hands without being copied.
    const all = new Uint8Array(outcomes.reduce((sum, o) => sum + ('bytes' in o ? o.bytes.length : 0), 0));
    let at = 0;
    const sent = outcomes.map((o) => {
      if (!('bytes' in o)) return o;
      all.set(o.bytes, at);
      at += o.bytes.length;
      return { ...o, bytes: all.subarray(at - o.bytes.length, at) };
    });
    const answer: RenderAnswer = { id, outcomes: sent };
    port.postMessage(answer, [all.buffer]);
  });
}

if (parentPort) main(parentPort, workerData as RenderThreadData);
