import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { DryRange, DryRangeRequest } from '../../domain/ops-dry-run-api.js';
import type { Settings } from '../../domain/settings.js';
import type { OperatorViewStore } from '../../ledger/operator-view.store.js';
import type { SnapshotViewStore } from '../../ledger/snapshot-view.store.js';
import type { Clock } from '../../platform/clock.js';
import type { GatewayLog } from '../../platform/log.adapter.js';
import { refuse } from '../refusal.js';
import type { DryRuns } from './dry-run.adapter.js';
import { FindingGroups } from './group-findings.js';
import { renderCase } from './render-case.js';

interface DryRangeParts {
  readonly settings: Settings;
  readonly runs: DryRuns;
  readonly snapshots: SnapshotViewStore;
  readonly operator: OperatorViewStore;
  readonly clock: Clock;
  readonly log: GatewayLog;
}
interface Run { readonly user: string; readonly groups: FindingGroups; view: Omit<DryRange, 'groups' | 'messages' | 'good' | 'bad'> }

const mostCases = 5_000;
const pageCases = 25;
/** Runs that are kept to be looked at, of all users together. */
const keptRuns = 20;

/**
 * Dry runs over many cases as the ledger last saw them: the bureau is not asked. One at a time in a process, which keeps what
 * came of it for its user; it ends with the process.
 */
export class DryRanges {
  private readonly runs = new Map<string, Run>();

  constructor(private readonly parts: DryRangeParts) {}

  async start(asked: DryRangeRequest, user: string): Promise<DryRange> {
    if ([...this.runs.values()].some((r) => r.view.state === 'running')) throw refuse('too-many-requests', 'another dry run is under way in this process; wait for it or let its user cancel it', { retryAfterSeconds: 15 });
    const streams = this.parts.runs.streams(asked.stream).map((s) => s.stream);
    const run: Run = { user, groups: new FindingGroups(), view: { id: randomUUID(), state: 'running', startedAt: this.parts.clock.iso(), total: 0, more: false, done: 0 } };
    this.runs.set(run.view.id, run);
    if (this.runs.size > keptRuns) this.runs.delete(this.runs.keys().next().value!);
    const ids = await this.parts.snapshots.newestBetween(streams, asked.from, asked.to, mostCases + 1).catch((error: unknown) => {
      this.runs.delete(run.view.id);
      throw error;
    });
    run.view = { ...run.view, total: Math.min(ids.length, mostCases), more: ids.length > mostCases };
    void this.work(run, ids.slice(0, mostCases), asked);
    return shown(run);
  }

  find(id: string, user: string): DryRange {
    return shown(this.own(id, user));
  }

  cancel(id: string, user: string): DryRange {
    const run = this.own(id, user);
    if (run.view.state === 'running') this.end(run, 'cancelled');
    return shown(run);
  }

  /** No run keeps a process from stopping. */
  stop(): void {
    for (const run of this.runs.values()) if (run.view.state === 'running') this.end(run, 'cancelled');
  }

  private async work(run: Run, ids: readonly string[], asked: DryRangeRequest): Promise<void> {
    const { runs, snapshots, operator, settings, log } = this.parts;
    try {
      await runs.withMappings(asked.mapping, async (mappings) => {
        for (let i = 0; i < ids.length && run.view.state === 'running'; i += pageCases) {
          const page = ids.slice(i, i + pageCases);
          for (const snapshot of await snapshots.bodies(page)) {
            // The transfers and polls of this process get their turn.
            await setImmediate();
            if (run.view.state !== 'running') return;
            const stream = settings.streamDefinitions.find((s) => s.stream === snapshot.stream)!;
            const latest = await operator.latest(snapshot.stream, snapshot.caseNo);
            for (const m of renderCase({ settings, stream, mappings, snapshot, broken: new Set(), latest, channel: asked.channel, event: asked.event, describe: (f) => f.detail })) run.groups.add(snapshot.caseNo, m);
          }
          run.view = { ...run.view, done: Math.min(ids.length, i + pageCases) };
        }
      });
      if (run.view.state === 'running') this.end(run, 'done');
    } catch (error) {
      log.error({ err: error }, 'a dry run over many cases failed');
      this.end(run, 'failed', error instanceof Error ? error.message.slice(0, 300) : 'unknown');
    }
  }

  private end(run: Run, state: DryRange['state'], problem?: string): void {
    run.view = { ...run.view, state, endedAt: this.parts.clock.iso(), ...(problem === undefined ? {} : { problem }) };
  }

  private own(id: string, user: string): Run {
    const run = this.runs.get(id);
    if (run?.user !== user) throw refuse('not-found', 'there is no such dry run of yours here; it ends with the process that did it');
    return run;
  }
}

function shown({ view, groups }: Run): DryRange {
  return { ...view, messages: groups.messages, good: groups.good, bad: groups.messages - groups.good, groups: groups.list() };
}
