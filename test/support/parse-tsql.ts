import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A parser of Transact-SQL; it learns while it parses, so one serves a whole file of tests. */
export class TsqlParser {
  private readonly worker = new Worker(new URL('./parse-tsql.worker.mjs', import.meta.url));

  /** What the grammar has against each batch, one call at a time: where and what; undefined when it is Transact-SQL. */
  async faults(batches: readonly string[]): Promise<(string | undefined)[]> {
    const different = [...new Set(batches)];
    this.worker.postMessage(different);
    const [faults] = (await once(this.worker, 'message')) as [(string | undefined)[]];
    const found = new Map(different.map((batch, i) => [batch, faults[i]]));
    return batches.map((batch) => found.get(batch));
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
