import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Settings } from '../domain/settings.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { CompiledMapping } from './compiled-mapping.js';
import type { RenderJob, RenderOutcome } from './render-job.js';
import type { RenderAnswer, RenderAsked, RenderReady, RenderThreadData } from './render-thread-entry.adapter.js';

/** Megabytes of short-lived memory: a batch fits, so that nothing of it is kept by mistake. */
const youngMb = 96;

/** How long an end waits for the thread. */
const endLimitMs = 10_000;

interface Waiting {
  readonly resolve: (outcomes: readonly RenderOutcome[] | undefined) => void;
}

/**
 * A thread that renders and judges messages, so that transfers and statements of this process go on meanwhile. It is started by the first
 * large batch, and where there is none (not up yet, ended, or the mapping files are no longer those that this process started
 * with) the caller renders by itself: the same code over the same text gives the same bytes.
 */
export class RenderThread {
  private worker: Worker | undefined;
  private state: 'none' | 'starting' | 'ready' | 'unfit' = 'none';
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;
  /** The thread has said its first word, or ended without one. */
  private loaded: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Pick<Settings, 'mappingsDir' | 'streamDefinitions' | 'channels'>,
    private readonly mappings: readonly CompiledMapping[],
    private readonly log: GatewayLog,
    /** The compiled entry; sources that run without being compiled have none. */
    private readonly entry: URL = new URL('./render-thread-entry.adapter.js', import.meta.url),
  ) {}

  /** Undefined where the thread cannot do it; then it is the caller's. */
  async render(jobs: readonly RenderJob[]): Promise<readonly RenderOutcome[] | undefined> {
    if (this.state === 'none') this.start();
    if (this.state !== 'ready') return undefined;
    const id = (this.last += 1);
    return new Promise((resolve) => {
      this.waiting.set(id, { resolve });
      this.worker!.postMessage({ id, jobs } satisfies RenderAsked);
    });
  }

  /**
   * Ends the thread behind the batches that it has. It is asked to, and not before it said its first word: V8 of Node 22 ends the
   * whole process when a thread is ended from outside while it loads its modules.
   */
  async close(): Promise<void> {
    this.state = 'unfit';
    const { worker } = this;
    if (worker === undefined || !(await inTime(this.loaded))) return; // it has no more to do, and does not keep the process
    if (this.worker !== worker) return; // it ended without a word
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage('end' satisfies RenderAsked);
    if (!(await inTime(ended))) await worker.terminate();
  }

  private start(): void {
    if (!existsSync(this.entry)) {
      this.state = 'unfit';
      return;
    }
    this.state = 'starting';
    const { mappingsDir, streamDefinitions, channels } = this.settings;
    const data: RenderThreadData = {
      dir: mappingsDir, streams: streamDefinitions,
      channels: channels.filter((c) => c.enabled).map(({ channel, stream, messages, supervision, encoding, illegalCharacters }) => ({ channel, stream, messages, supervision, encoding, illegalCharacters })),
    };
    const worker = new Worker(this.entry, { workerData: data, name: 'render', resourceLimits: { maxYoungGenerationSizeMb: youngMb } });
    worker.unref();
    this.worker = worker;
    this.loaded = new Promise((resolve) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => resolve());
    });
    worker.on('message', (message: RenderReady | RenderAnswer) => ('digests' in message ? this.judge(message) : this.answer(message)));
    worker.on('error', (error) => this.log.error({ err: error }, 'the rendering thread ended; messages are rendered without it'));
    worker.on('exit', () => {
      this.worker = undefined;
      // One that ended before it was ready would end again with every batch.
      this.state = this.state === 'ready' ? 'none' : 'unfit';
      for (const { resolve } of this.waiting.values()) resolve(undefined);
      this.waiting.clear();
    });
  }

  private judge({ digests, faults }: RenderReady): void {
    const read = new Set(digests);
    const same = faults === 0 && this.mappings.every((m) => read.has(`${m.channel} ${m.event} ${m.digest}`));
    if (same) {
      if (this.state === 'starting') this.state = 'ready';
      return;
    }
    this.log.warn('the mapping files are not those with which this process started: messages are rendered as they stood then, without a thread, until the next start');
    void this.close();
  }

  private answer({ id, outcomes }: RenderAnswer): void {
    this.waiting.get(id)?.resolve(outcomes);
    this.waiting.delete(id);
  }
}

async function inTime(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), endLimitMs); });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}
