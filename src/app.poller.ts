import { setTimeout } from 'node:timers/promises';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { LeaseStore } from './ledger/lease.store.js';
import type { PollRequestStore } from './ledger/poll-request.store.js';
import type { GatewayLog } from './platform/log.adapter.js';

/** Something done again and again by one process at a time. */
export interface ScheduledJob {
  readonly name: string;
  readonly everyMs: number;
  /** It only follows what was recorded: while cases are being carried it gives way, for `mostAsideMs` at the longest. */
  readonly stepsAside?: boolean;
  /** `goOn` prolongs the lease during long work; false means another process took over and the work must end. */
  run(goOn: () => Promise<boolean>): Promise<unknown>;
}

/** How often it is asked whether somebody wants a job to run now. */
const requestLookMs = 1_000;
/** How often a run that gives way looks whether it may go on. */
const asideLookMs = 25;

/**
 * Runs jobs on intervals of @nestjs/schedule under a lease in the ledger: however many processes run, one does the job, and
 * another takes over when it dies. A job that is still running when its time comes again is not started twice. What people ask
 * for on the ops page stands in the ledger; the process that holds the job's lease does it and says so there.
 */
export class JobPoller {
  private readonly running = new Map<string, Promise<void>>();
  private readonly answering = new Set<string>();
  private stopping = false;

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly leases: LeaseStore,
    private readonly log: GatewayLog,
    private readonly requests: PollRequestStore,
    /** Whether this process has cases on their way to a receiver. */
    private readonly carrying: () => boolean = () => false,
    private readonly mostAsideMs = 5_000,
  ) {}

  start(jobs: readonly ScheduledJob[]): void {
    for (const job of jobs) {
      this.tick(job);
      this.registry.addInterval(job.name, setInterval(() => this.tick(job), job.everyMs));
    }
    this.registry.addInterval('poll-requests', setInterval(() => void this.lookAtRequests(jobs), requestLookMs));
  }

  /** No new runs; waits for those under way, then gives the leases back. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const name of this.registry.getIntervals()) this.registry.deleteInterval(name);
    await Promise.all(this.running.values());
    await this.leases.releaseAll().catch((error: unknown) => this.log.warn({ err: error }, 'leases could not be given back; they run out by themselves'));
  }

  private async lookAtRequests(jobs: readonly ScheduledJob[]): Promise<void> {
    try {
      for (const [target, id] of await this.requests.open()) {
        const job = jobs.find((j) => j.name === target);
        if (!job || this.answering.has(target)) continue;
        this.answering.add(target);
        void this.answer(job, id).finally(() => this.answering.delete(target));
      }
    } catch (error) {
      this.log.warn({ err: error }, 'the ledger cannot be asked for requests; it is asked again');
    }
  }

  /** A run that began before it was asked says nothing of what was asked. */
  private async answer(job: ScheduledJob, request: string): Promise<void> {
    await this.running.get(job.name);
    this.tick(job, request);
    await this.running.get(job.name);
  }

  /**
   * What follows waits for what leads, before it begins and between its batches, yet not for ever: so long in all for one run, and
   * not when somebody asked for it.
   */
  private givingWay(job: ScheduledJob): () => Promise<void> {
    let leftMs = job.stepsAside === true ? this.mostAsideMs : 0;
    return async () => {
      for (let since = performance.now(); leftMs > 0 && this.carrying() && !this.stopping && !this.answering.has(job.name); ) {
        await setTimeout(Math.min(asideLookMs, leftMs));
        const now = performance.now();
        leftMs -= now - since;
        since = now;
      }
    };
  }

  private tick(job: ScheduledJob, request?: string): void {
    if (this.stopping || this.running.has(job.name)) return;
    const giveWay = this.givingWay(job);
    const goOn = async (): Promise<boolean> => {
      await giveWay();
      return !this.stopping && (await this.leases.hold(job.name));
    };
    const run = (async (): Promise<void> => {
      try {
        if (!(await goOn())) return;
        const result = await job.run(goOn);
        if (request !== undefined) await this.requests.close(job.name, request, 'done', JSON.stringify(result ?? {}));
      } catch (error) {
        this.log.error({ job: job.name, err: error }, 'a scheduled job failed; it runs again at its next time');
        if (request !== undefined) await this.requests.close(job.name, request, 'failed', error instanceof Error ? error.name : 'error').catch(() => undefined);
      } finally {
        this.running.delete(job.name);
      }
    })();
    this.running.set(job.name, run);
  }
}
