/** What the doorbell uses of BullMQ's queues and workers, the same for both of its backends. */

/** A job carries no more than the key that was rung for. */
export interface BellJob {
  readonly key: string;
}

export interface QueueHandle {
  getJobCounts(...types: string[]): Promise<Record<string, number>>;
  obliterate(options: { force: boolean }): Promise<void>;
  add(name: string, data: BellJob, opts: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface WorkerHandle {
  close(force?: boolean): Promise<void>;
  on(event: 'error' | 'failed', listener: (...args: never[]) => void): unknown;
}
