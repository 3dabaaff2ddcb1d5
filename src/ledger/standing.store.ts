import { skippedFrom } from '../domain/lane-position.js';
import type { LedgerFault } from '../domain/ledger-faults.js';
import type { MirrorFindingKind } from '../domain/mirror-findings.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, type Sql, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { findLedgerFaults } from './open-ledger.adapter.js';

/** How many there are and since when the oldest stands, in epoch milliseconds. */
export interface Standing {
  readonly count: number;
  readonly oldestMs: number;
}

/** How one channel stands. */
export interface ChannelStanding {
  readonly channel: ChannelName;
  /** Work of the gateway itself that nobody has done. */
  readonly due?: Standing | undefined;
  /** Lanes whose head waits for a person. */
  readonly blocked?: Standing | undefined;
  readonly staged?: Standing | undefined;
  /** Staged or picked up, neither accepted nor refused, since it was staged. */
  readonly unanswered?: Standing | undefined;
  readonly killed?: Standing | undefined;
  readonly lastReturnMs?: number | undefined;
  /** Since when a package is carried by hand, which keeps the channel standing. */
  readonly carriedMs?: number | undefined;
  readonly odd: readonly { readonly class: string; readonly count: number }[];
  readonly mirror: readonly { readonly kind: MirrorFindingKind; readonly count: number }[];
}

/** What the last ended comparison of a stream with the ledger came to. */
export interface CompletenessStanding {
  readonly stream: string;
  readonly endedMs: number;
  readonly outcome: string;
  readonly findings: number;
  readonly heldBack: number;
}

/** What the watch asks of the ledger. Writes nothing; every question goes along an index, however large the ledger is. */
export class StandingStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  async channels(channels: readonly ChannelName[], oddWindowMs: number): Promise<ChannelStanding[]> {
    if (channels.length === 0) return [];
    const mine = sql`e.channel in (${list(channels)})`;
    const oldest = (where: Sql): Sql => sql`select e.channel as channel, count(*) as n, min(e.state_since) as oldest from exchange e where ${mine} and ${where} group by e.channel`;
    const [due, blocked, staged, unanswered, killed, carried, returns, odd, mirror] = await Promise.all([
      this.standing(oldest(sql`(e.state = 'captured' or (e.state = 'rendered' and e.head = 1))`)),
      this.standing(oldest(sql`e.state in ('parked', 'refused', 'held') and e.head = 1 and e.lane_position < ${String(skippedFrom)}`)),
      this.standing(oldest(sql`e.state = 'staged'`)),
      this.standing(sql`select e.channel as channel, count(*) as n, min(coalesce(m.staged_at, e.state_since)) as oldest from exchange e
        left join manifest m on m.channel = e.channel and m.seq = e.manifest_seq where ${mine} and e.state in ('staged', 'picked_up') group by e.channel`),
      this.standing(oldest(sql`e.state = 'parked' and e.failure_code = 'worker-killed'`)),
      this.standing(sql`select channel, count(*) as n, min(created_at) as oldest from hand_over where state = 'open' group by channel`),
      this.database.run(sql`select channel, max(judged_at) as last from return_file where taken = 1 group by channel`),
      this.odd(channels, oddWindowMs),
      this.database.run(sql`select channel, kind, count(*) as n from mirror_finding where gone_at is null group by channel, kind order by channel, kind`),
    ]);
    return channels.map((channel) => {
      const last = returns.rows.find((r) => r['channel'] === channel)?.['last'];
      return {
        channel, due: due.get(channel), blocked: blocked.get(channel), staged: staged.get(channel), unanswered: unanswered.get(channel), killed: killed.get(channel),
        carriedMs: carried.get(channel)?.oldestMs,
        lastReturnMs: last === undefined || last === null ? undefined : Date.parse(instantText(last)),
        odd: odd.filter((o) => o.channel === channel),
        mirror: mirror.rows.filter((r) => r['channel'] === channel).map((r) => ({ kind: String(r['kind']) as MirrorFindingKind, count: Number(r['n']) })),
      };
    });
  }

  /** When a change of this stream was last captured, in epoch milliseconds. */
  async lastChange(stream: string): Promise<number | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} taken_at from case_snapshot where stream = ${stream} order by id desc ${raw(top.suffix)}`);
    return rows[0] && Date.parse(instantText(rows[0]['taken_at']));
  }

  async completeness(): Promise<CompletenessStanding[]> {
    const { rows } = await this.database.run(sql`select stream, ended_at, outcome, figures from completeness_run r where ended_at is not null
      and started_at = (select max(n.started_at) from completeness_run n where n.stream = r.stream and n.ended_at is not null) order by stream`);
    return rows.map((r) => {
      const figures = JSON.parse(String(r['figures'] ?? '{}')) as { findings?: Record<string, number>; heldBack?: number };
      return {
        stream: String(r['stream']), endedMs: Date.parse(instantText(r['ended_at'])), outcome: String(r['outcome']),
        findings: Object.values(figures.findings ?? {}).reduce((sum, n) => sum + n, 0), heldBack: figures.heldBack ?? 0,
      };
    });
  }

  /** What makes the ledger's database unfit now; it was not when the gateway started. */
  faults(): Promise<LedgerFault[]> {
    return findLedgerFaults(this.database);
  }

  /** Bytes of the ledger's database. */
  async size(): Promise<number> {
    const { rows } = await this.database.run(this.database.dialect.engine === 'postgres'
      ? sql`select pg_database_size(current_database()) as bytes`
      : sql`select sum(cast(size as bigint)) * 8192 as bytes from sys.database_files`);
    return Number(rows[0]!['bytes']);
  }

  private async odd(channels: readonly ChannelName[], windowMs: number): Promise<{ channel: ChannelName; class: string; count: number }[]> {
    if (windowMs === 0) return [];
    const since = this.database.dialect.value('instant', this.clock.after(-windowMs));
    const { rows } = await this.database.run(sql`select channel, class, count(*) as n from acknowledgement where class in ('contradictory', 'unknown') and channel in (${list(channels)}) and received_at > ${since} and aside_at is null group by channel, class
      union all select channel, class, count(*) from inbox where state = 'read' and due_at > ${since} and class = 'unreadable' and aside_at is null and channel in (${list(channels)}) group by channel, class`);
    return rows.map((r) => ({ channel: String(r['channel']), class: String(r['class']), count: Number(r['n']) }));
  }

  private async standing(statement: Sql): Promise<Map<ChannelName, Standing>> {
    const { rows } = await this.database.run(statement);
    return new Map(rows.map((r) => [String(r['channel']), { count: Number(r['n']), oldestMs: Date.parse(instantText(r['oldest'])) }]));
  }
}
