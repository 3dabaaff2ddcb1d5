import { createHash } from 'node:crypto';
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import pino from 'pino';
import type { Settings } from '../../src/domain/settings.js';
import { findStream } from '../../src/domain/supervision-stream.js';
import { renderJob, type RenderJob, type RenderOutcome } from '../../src/mapping/render-job.js';
import { RenderThread } from '../../src/mapping/render-thread.adapter.js';
import { channels, mappings, mappingsDir, root, samples, stream } from '../golden/sample-messages.js';

const entry = pathToFileURL(path.join(root, 'dist/mapping/render-thread-entry.adapter.js'));
const jobs: RenderJob[] = samples.map(({ mapping, facts, snapshot }) => ({ stream: mapping.stream, snapshot: { stream: snapshot.stream, caseNo: snapshot.caseNo, body: JSON.stringify({ case: snapshot.case, children: snapshot.children }) }, facts }));
const blank: RenderJob = { ...jobs[0]!, snapshot: { ...jobs[0]!.snapshot, body: '{"case":{},"children":{}}' } };
const broken: RenderJob = { ...jobs[0]!, snapshot: { ...jobs[0]!.snapshot, body: '{"case":' } };
const ground = { mappings, findStream: (name: string) => findStream([stream], name)!, textOf: (name: string) => channels.find((c) => c.channel === name)! };

const told = (o: RenderOutcome): unknown => ('bytes' in o ? { ...o, bytes: Buffer.from(o.bytes).toString('hex') } : o);
const open = new Set<RenderThread>();
let lines: string[] = [];
function thread(dir = mappingsDir, at = entry): RenderThread {
  const settings = { mappingsDir: dir, streamDefinitions: [stream], channels: channels.map((c) => ({ ...c, enabled: true })) } as unknown as Settings;
  const one = new RenderThread(settings, mappings, pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }), at);
  open.add(one);
  return one;
}
/** Asks until it answers for the first time: before that the caller renders by itself. */
async function answered(one: RenderThread, list: readonly RenderJob[], limitMs = 60_000): Promise<readonly RenderOutcome[]> {
  for (const until = Date.now() + limitMs; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const outcomes = await one.render(list);
    if (outcomes) return outcomes;
  }
  throw new Error('the thread never answered');
}
afterEach(async () => {
  for (const one of open) await one.close();
  open.clear();
  lines = [];
});

test('every sample, one with findings and one that breaks come out of the thread as they do without it', async () => {
  const list = [...jobs, blank, broken];
  const outcomes = await answered(thread(), list);
  const here = list.map((job) => renderJob(job, ground));
  expect(outcomes.map(told)).toEqual(here.map(told));
  expect(here.filter((o) => 'bytes' in o).length).toBeGreaterThan(20);
  expect(here.at(-2)).toMatchObject({ findings: expect.arrayContaining([expect.objectContaining({ rule: 'required' })]) as unknown });
  expect(here.at(-1)).toMatchObject({ failure: { code: 'mapping-broken' } });
  for (const o of outcomes) if ('bytes' in o) expect(createHash('sha256').update(o.bytes).digest('hex')).toBe(o.sha256);
});

test('batches that are under way together each get their own', async () => {
  const one = thread();
  await answered(one, [jobs[0]!]);
  const all = await Promise.all(jobs.map((job) => one.render([job, job])));
  expect(all.map((outcomes) => outcomes?.map(told))).toEqual(jobs.map((job) => [told(renderJob(job, ground)), told(renderJob(job, ground))]));
});

test('a thread that ends gives its batch back, and the next one starts another', async () => {
  const one = thread();
  await answered(one, [jobs[0]!]);
  const under = one.render(Array.from({ length: 2_000 }, () => jobs[0]!));
  const worker = (one as unknown as { worker: { terminate(): Promise<number> } }).worker;
  await worker.terminate();
  expect(await under).toBeUndefined();
  expect(await answered(one, [jobs[0]!])).toHaveLength(1);
});

test('an end waits for the batch that is under way, and for a thread that is still loading', async () => {
  const one = thread();
  await answered(one, [jobs[0]!]);
  const under = one.render(Array.from({ length: 500 }, () => jobs[0]!));
  await one.close();
  expect(await under).toHaveLength(500);
  expect(await one.render([jobs[0]!])).toBeUndefined();
  const other = thread();
  expect(await other.render([jobs[0]!])).toBeUndefined();
  await other.close();
  expect((other as unknown as { worker: unknown }).worker).toBeUndefined();
});

test('mapping files that changed since the start are not used: the caller goes on with what it started with', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'gateway-mappings-'));
  try {
    await cp(mappingsDir, dir, { recursive: true });
    await appendFile(path.join(dir, channels[0]!.messages['application']!, 'mapping.yaml'), '\n# another day\n');
    const one = thread(dir);
    expect(await one.render([jobs[0]!])).toBeUndefined();
    for (const until = Date.now() + 60_000; Date.now() < until && !lines.some((l) => l.includes('not those with which')); ) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lines.join('')).toContain('not those with which this process started');
    expect(await one.render([jobs[0]!])).toBeUndefined();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('where nothing is compiled there is no thread', async () => {
  const one = thread(mappingsDir, pathToFileURL(path.join(root, 'dist/mapping/absent.js')));
  expect(await one.render([jobs[0]!])).toBeUndefined();
  expect(await one.render([jobs[0]!])).toBeUndefined();
  expect(lines).toEqual([]);
});

test('a thread that ends before it is ready is not tried again with every batch', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'gateway-thread-'));
  try {
    await writeFile(path.join(dir, 'entry.mjs'), `throw new Error('no memory');`);
    const one = thread(mappingsDir, pathToFileURL(path.join(dir, 'entry.mjs')));
    expect(await one.render([jobs[0]!])).toBeUndefined();
    const state = (): string => (one as unknown as { state: string }).state;
    for (const until = Date.now() + 60_000; Date.now() < until && state() === 'starting'; ) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(state()).toBe('unfit');
    expect(await one.render([jobs[0]!])).toBeUndefined();
    expect(lines.filter((l) => l.includes('the rendering thread ended'))).toHaveLength(1);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
