import type { ExchangeState } from '../domain/exchange-states.js';
import type { CaseNo, ChannelName, Instant, Sha256 } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Where one reported event was when; an instant is missing where it was not there yet. */
export interface EventTimeline {
  readonly exchangeId: string;
  readonly channel: ChannelName;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly state: ExchangeState;
  /** What the bureau says when it happened (its own entry may be later). */
  readonly happenedAt: Instant;
  readonly capturedAt: Instant;
  readonly stagedAt?: Instant | undefined;
  readonly pickedUpAt?: Instant | undefined;
  readonly acceptedAt?: Instant | undefined;
  /** What was sent: its id, the hash of its bytes and the manifest that lists it. */
  readonly messageId: string;
  readonly sha256?: Sha256 | undefined;
  readonly manifestSeq?: string | undefined;
}

/** Reads a case as the ledger holds it. */
export class CaseTimelineStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** The newest snapshot of a case that still has its contents. */
  async latestSnapshot(stream: string, caseNo: CaseNo): Promise<{ body: string; takenAt: Instant; removedAt?: Instant | undefined } | undefined> {
    const { rows } = await this.database.run(sql`select s.body, s.taken_at, h.removed_at from case_head h join case_snapshot s on s.id = h.snapshot_id where h.stream = ${stream} and h.case_no = ${caseNo}`);
    const row = rows[0];
    if (!row || String(row['body']) === '') return undefined;
    return { body: String(row['body']), takenAt: instantText(row['taken_at']), removedAt: row['removed_at'] === null ? undefined : instantText(row['removed_at']) };
  }

  /** Every reported event of a case in the order of capture; of each version the first time it reached a state. */
  async ofCase(stream: string, caseNo: CaseNo): Promise<EventTimeline[]> {
    return (await this.ofCases(stream, [caseNo])).get(caseNo) ?? [];
  }

  /** As above, of many cases. */
  async ofCases(stream: string, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, EventTimeline[]>> {
    const out = new Map<CaseNo, EventTimeline[]>();
    if (caseNos.length === 0) return out;
    // The key of exchanges begins with the channel.
    const channels = (await this.database.run(sql`select channel from channel_state`)).rows.map((r) => String(r['channel']));
    const { rows } = await this.database.run(sql`select e.id, e.case_no, e.channel, e.event, e.sequence, e.version, e.state, e.event_at, e.captured_at, e.message_id, e.sha256, e.manifest_seq,
      (select min(l.at) from exchange_log l where l.exchange_id = e.id and l.to_state = 'staged') as staged_at,
      (select min(l.at) from exchange_log l where l.exchange_id = e.id and l.to_state = 'picked_up') as picked_up_at,
      (select min(l.at) from exchange_log l where l.exchange_id = e.id and l.to_state = 'accepted') as accepted_at
      from exchange e where e.channel in (${list(channels)}) and e.case_no in (${list(caseNos)}) and e.stream = ${stream} and e.state not in (${list(['cancelled'])}) order by e.id ${raw('')}`);
    const at = (v: unknown): Instant | undefined => (v === null || v === undefined ? undefined : instantText(v));
    for (const r of rows) {
      const caseNo = String(r['case_no']);
      const known = out.get(caseNo) ?? [];
      out.set(caseNo, known);
      known.push({
        exchangeId: String(r['id']), channel: String(r['channel']), event: String(r['event']), sequence: String(r['sequence']), version: Number(r['version']), state: String(r['state']) as ExchangeState,
        happenedAt: bureauInstant(String(r['event_at'])), capturedAt: instantText(r['captured_at']), stagedAt: at(r['staged_at']), pickedUpAt: at(r['picked_up_at']), acceptedAt: at(r['accepted_at']),
        messageId: String(r['message_id']), sha256: r['sha256'] === null ? undefined : String(r['sha256']), manifestSeq: r['manifest_seq'] === null ? undefined : String(r['manifest_seq']),
      });
    }
    return out;
  }

  /** Exchanges of these events that were captured before a moment and are not accepted, the oldest first. */
  async unaccepted(stream: string, events: readonly string[], capturedBefore: Instant, limit: number): Promise<{ exchangeId: string; caseNo: CaseNo }[]> {
    const channels = (await this.database.run(sql`select channel from channel_state`)).rows.map((r) => String(r['channel']));
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, case_no from exchange where channel in (${list(channels)}) and state in (${list(['captured', 'rendered', 'staged', 'picked_up', 'parked', 'refused'])})
      and event in (${list(events)}) and stream = ${stream} and captured_at <= ${this.database.dialect.value('instant', capturedBefore)} order by id ${raw(top.suffix)}`);
    return rows.map((r) => ({ exchangeId: String(r['id']), caseNo: String(r['case_no']) }));
  }
}

/** Bureau time (Asia/Shanghai, no zone) as UTC ISO text. */
function bureauInstant(text: string): Instant {
  const ms = Date.parse(`${text.slice(0, 23).replace(' ', 'T')}${text.length <= 10 ? 'T00:00:00' : ''}+08:00`);
  return Number.isNaN(ms) ? text : new Date(ms).toISOString();
}
