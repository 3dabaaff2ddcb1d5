import { throughStates, unsentStates } from '../domain/exchange-states.js';
import { isSkipped, skippedFrom } from '../domain/lane-position.js';
import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, sql } from '../platform/database/sql.js';
import type { ExchangeStore } from './exchange.store.js';
import { fileNameOf, messageIdOf } from './name-message.js';
import type { LatestExchange, OpenedExchange } from './plan-exchanges.js';

/** What is opened for one case. */
export interface CaseOpening {
  readonly caseNo: CaseNo;
  /** The snapshot they are rendered from, unless one names its own. */
  readonly snapshotId: string;
  /** Code of the item, for searches. */
  readonly item?: string | undefined;
  /** What stands of the case already; says whether its lanes are busy. */
  readonly latest: readonly LatestExchange[];
  readonly open: readonly OpenedExchange[];
}

const exchangeColumns: readonly Column[] = [
  { name: 'id', kind: 'big' },
  { name: 'channel', kind: 'text' },
  { name: 'stream', kind: 'text' },
  { name: 'case_no', kind: 'text' },
  { name: 'event', kind: 'text' },
  { name: 'sequence', kind: 'text' },
  { name: 'version', kind: 'int' },
  { name: 'operation', kind: 'text' },
  { name: 'state', kind: 'text' },
  { name: 'lane_position', kind: 'big' },
  { name: 'head', kind: 'flag' },
  { name: 'urgent', kind: 'flag' },
  { name: 'snapshot_id', kind: 'big' },
  { name: 'event_digest', kind: 'text' },
  { name: 'event_at', kind: 'text' },
  { name: 'message_id', kind: 'text' },
  { name: 'file_name', kind: 'text' },
  { name: 'captured_at', kind: 'instant' },
  { name: 'state_since', kind: 'instant' },
  { name: 'due_at', kind: 'instant' },
  { name: 'item', kind: 'text' },
];

/** Opens exchanges in their lanes, for whoever finds that something is to be reported: the capture, or an administrator. */
export class OpeningStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly exchanges: ExchangeStore,
    private readonly laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
  ) {}

  /** Inside the caller's transaction. Gives the ids in the order of the openings, which is the order of the lanes. */
  async open(runner: Runner, stream: string, openings: readonly CaseOpening[], by: { actor: string; note: string; now: string }): Promise<ExchangeId[]> {
    const opens = openings.flatMap((p) => p.open.map((o) => ({ ...p, o })));
    if (opens.length === 0) return [];
    const first = await this.take(runner, 'exchange', opens.length);
    const superseded: { oldId: string; newId: string; lanePosition: string }[] = [];
    const headTaken = new Set<string>();
    const rows = opens.map(({ caseNo, snapshotId, item, latest, o }, i) => {
      const id = String(first + BigInt(i));
      const lane = `${o.channel}\u0000${caseNo}`;
      const through = throughStates(this.laneRules.get(o.channel) ?? 'accepted');
      const laneBusy = latest.some((l) => l.channel === o.channel && !through.includes(l.state) && !(o.supersedes?.id === l.id) && !isSkipped(l.lanePosition));
      const head = (o.supersedes !== undefined || !laneBusy) && !headTaken.has(lane);
      headTaken.add(lane);
      if (o.supersedes) superseded.push({ oldId: o.supersedes.id, newId: id, lanePosition: o.supersedes.lanePosition });
      return [
        id, o.channel, stream, caseNo, o.event, o.sequence, o.version, o.operation, 'captured', id, head ? 1 : 0, o.urgent ? 1 : 0,
        o.snapshotId ?? snapshotId, o.digest, o.at, messageIdOf(o, caseNo), fileNameOf(id, o, caseNo), by.now, by.now, by.now, item ?? null,
      ];
    });
    await this.database.dialect.insertMany(runner, 'exchange', exchangeColumns, rows);
    await this.exchanges.log(runner, rows.map((r) => ({ exchangeId: String(r[0]), to: 'captured', note: by.note })), by.actor, by.now);
    await this.exchanges.supersede(runner, superseded, by.actor);
    await this.carryUrgency(runner, opens);
    return rows.map((r) => String(r[0]));
  }

  /** What stands before an urgent message in its lane holds it up, so it goes as early as that one would. */
  private async carryUrgency(runner: Runner, opens: readonly (CaseOpening & { o: OpenedExchange })[]): Promise<void> {
    const behind = opens.filter(({ caseNo, latest, o }) => o.urgent && (latest.some((l) => l.channel === o.channel) || opens.some((other) => other.caseNo === caseNo && other.o.channel === o.channel && !other.o.urgent)));
    for (const channel of new Set(behind.map(({ o }) => o.channel))) {
      const caseNos = [...new Set(behind.filter(({ o }) => o.channel === channel).map((b) => b.caseNo))];
      await runner.run(sql`update exchange set urgent = 1 where channel = ${channel} and case_no in (${list(caseNos)}) and urgent = 0 and state in (${list(unsentStates)})
        and lane_position < (select max(n.lane_position) from exchange n where n.channel = exchange.channel and n.case_no = exchange.case_no and n.urgent = 1 and n.lane_position < ${String(skippedFrom)} and n.state in (${list(unsentStates)}))`);
    }
  }

  /** The first of `n` numbers, taken inside the transaction so that a rollback gives them back. */
  async take(runner: Runner, counter: 'exchange' | 'snapshot', n: number): Promise<bigint> {
    await runner.run(sql`update counter set value = value + ${n} where name = ${counter}`);
    const { rows } = await runner.run(sql`select value from counter where name = ${counter}`);
    return BigInt(String(rows[0]!['value'])) - BigInt(n) + 1n;
  }
}
