import pg from 'pg';

/** committed: the database said so. lost: it rolled back. unknown: the connection broke while it committed. */
export type Outcome = 'committed' | 'lost' | 'unknown';

/** Transactions in the bureau that survive its restart and cut connections; what came of each is told, never thrown. */
export class StormConnection {
  private readonly pool: pg.Pool;
  /** The last fault, for whoever wonders why nothing happens; null when there was none. */
  lastFault: string | null = null;

  constructor(bureauUrl: string, connections: number) {
    this.pool = new pg.Pool({ connectionString: bureauUrl, max: connections, connectionTimeoutMillis: 5_000, application_name: 'storm load' });
    // A connection that the server ends raises its event beside the failed query; without a listener it would end the process.
    this.pool.on('error', (error) => this.note(error));
    this.pool.on('connect', (client) => client.on('error', (error) => this.note(error)));
  }

  /** Does the work in one transaction. */
  async transact(work: (client: pg.ClientBase) => Promise<void>): Promise<Outcome> {
    let client: pg.PoolClient | undefined;
    let committing = false;
    try {
      client = await this.pool.connect();
      await client.query('begin');
      await work(client);
      committing = true;
      await client.query('commit');
      client.release();
      return 'committed';
    } catch (error) {
      this.note(error);
      client?.release(true);
      return committing ? 'unknown' : 'lost';
    }
  }

  /** Reads something; undefined when the database does not answer. */
  async read<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T | undefined> {
    let found: T | undefined;
    const outcome = await this.transact(async (client) => void (found = await work(client)));
    return outcome === 'committed' ? found : undefined;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private note(error: unknown): void {
    this.lastFault = String(error).slice(0, 200);
  }
}
