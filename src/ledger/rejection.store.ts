import { randomUUID } from 'node:crypto';
import type { ChannelName, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Why a request was turned away. The sender is told less: signature, address and unknown-channel look alike from outside. */
export type RejectionReason = 'signature' | 'address' | 'unknown-channel' | 'too-large' | 'media-type' | 'incomplete' | 'too-many';

export interface Rejection {
  /** As the sender claimed, where there is such a channel. */
  readonly channel?: ChannelName | undefined;
  readonly remote: string;
  readonly reason: RejectionReason;
  /** Bytes, as read or as announced. */
  readonly size?: number | undefined;
  /** Of a body that was read; the body itself is not kept. */
  readonly sha256?: Sha256 | undefined;
}

export interface RejectionSum {
  readonly channel?: ChannelName | undefined;
  readonly remote: string;
  readonly reason: RejectionReason;
  readonly count: number;
  readonly lastAt: string;
}

/** Rows that one address gets in one hour; what comes beyond is counted on its last row. */
const rowsPerRemote = 20;
/** Addresses with rows of their own in one hour; the others share the rows of `others`. */
const remotesPerHour = 50;

/** Alone writes the rejection table. Whoever is turned away cannot fill it: a process writes at most 1020 rows an hour. */
export class RejectionStore {
  private hour = '';
  private readonly seen = new Map<string, { rows: number; lastId: string; further: number }>();

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Keeps a trace of a request that was turned away. */
  async note(rejection: Rejection): Promise<void> {
    const at = this.clock.iso();
    if (at.slice(0, 13) !== this.hour) {
      this.hour = at.slice(0, 13);
      this.seen.clear();
    }
    const remote = this.seen.has(rejection.remote) || this.seen.size < remotesPerHour ? rejection.remote.slice(0, 100) : 'others';
    const seen = this.seen.get(remote) ?? { rows: 0, lastId: '', further: 0 };
    this.seen.set(remote, seen);
    if (seen.rows < rowsPerRemote) {
      // Counted before it is written: requests that come at once are bounded too.
      seen.rows += 1;
      seen.lastId = randomUUID();
      await this.database.run(sql`insert into rejection (id, at, channel, remote, reason, size, sha256) values (${seen.lastId}, ${this.value(at)}, ${rejection.channel ?? null},
        ${remote}, ${rejection.reason}, ${rejection.size ?? null}, ${rejection.sha256 ?? null})`);
      return;
    }
    seen.further += 1;
    // Written at 1, 2, 4, 8 ...: the order of magnitude is what matters, and a flood costs next to nothing.
    if ((seen.further & (seen.further - 1)) === 0) await this.database.run(sql`update rejection set further = ${seen.further} where id = ${seen.lastId}`);
  }

  /** What was turned away since an instant, summed up; counts beyond 20 an hour and address are a lower bound. */
  async since(at: string): Promise<RejectionSum[]> {
    const { rows } = await this.database.run(sql`select channel, remote, reason, sum(1 + further) as n, max(at) as last_at from rejection where at >= ${this.value(at)}
      group by channel, remote, reason order by sum(1 + further) desc, remote, reason`);
    return rows.map((r) => ({
      ...(r['channel'] === null ? {} : { channel: String(r['channel']) }),
      remote: String(r['remote']), reason: String(r['reason']) as RejectionReason, count: Number(r['n']), lastAt: instantText(r['last_at']),
    }));
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}
