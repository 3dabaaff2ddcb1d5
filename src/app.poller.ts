import { SchedulerRegistry } from '@nestjs/schedule';
import type { LeaseStore } from './ledger/lease.store.js';
import type { GatewayLog } from './platform/log.adapter.js';

/** Something done again and again by one process at a time. */
export interface ScheduledJob {
  readonly name: string;
  readonly everyMs: number;
  /** `goOn` prolongs the lease during long work; false means another process took over and the work must end. */
  run(goOn: () => Promise<boolean>): Promise<void>;
}

/**
 * Runs jobs on intervals of @nestjs/schedule under a lease in the ledger: however many processes run, one does the job, and
 * another takes over when it dies. A job that is still running when its time comes again is not started twice.
 */
export class JobPoller {
  private readonly running = new Map<string, Promise<void>>();
  private stopping = false;

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly leases: LeaseStore,
    private readonly log: GatewayLog,
  ) {}

  start(jobs: readonly ScheduledJob[]): void {
    for (const job of jobs) {
      this.tick(job);
      this.registry.addInterval(job.name, setInterval(() => this.tick(job), job.everyMs));
    }
  }

  /** No new runs; waits for those under way, then gives the leases back. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const name of this.registry.getIntervals()) this.registry.deleteInterval(name);
    await Promise.all(this.running.values());
    await this.leases.releaseAll().catch((error: unknown) => this.log.warn({ err: error }, 'leases could not be given back; they run out by themselves'));
  }

  private tick(job: ScheduledJob): void {
    if (this.stopping || this.running.has(job.name)) return;
    const goOn = async (): Promise<boolean> => !this.stopping && (await this.leases.hold(job.name));
    const run = (async (): Promise<void> => {
      try {
        if (await this.leases.hold(job.name)) await job.run(goOn);
      } catch (error) {
        this.log.error({ job: job.name, err: error }, 'a scheduled job failed; it runs again at its next time');
      } finally {
        this.running.delete(job.name);
      }
    })();
    this.running.set(job.name, run);
  }
}
