import { nextState } from '../domain/exchange-states.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import type { ExchangeStore } from './exchange.store.js';
import type { CapturedCase } from './captured-case.js';
import { latestColumns, latestExchange } from './latest-exchange.js';
import { OpeningStore } from './opening.store.js';
import { planExchanges, planRemoval, type ExchangePlan, type LatestExchange } from './plan-exchanges.js';
import { addSent } from './sent-versions.store.js';

export interface CaptureResult {
  /** Cases whose snapshot is new. */
  readonly changed: number;
  readonly opened: number;
  /** Ids of those opened and refreshed, so that logs can follow each from here. */
  readonly exchanges: readonly ExchangeId[];
  readonly refreshed: number;
  readonly cancelled: number;
  /** Channels that have something to render now. */
  readonly channels: readonly ChannelName[];
}

const snapshotColumns: readonly Column[] = [
  { name: 'id', kind: 'big' },
  { name: 'stream', kind: 'text' },
  { name: 'case_no', kind: 'text' },
  { name: 'digest', kind: 'text' },
  { name: 'body', kind: 'long' },
  { name: 'taken_at', kind: 'instant' },
];

const personColumns: readonly Column[] = [{ name: 'term', kind: 'text' }, { name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }];

/** Writes snapshots and opens what they say should be reported, inside the transaction of whoever learned of them. */
export class RecordingStore {
  private readonly opening: OpeningStore;

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    private readonly laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
  ) {
    this.opening = new OpeningStore(database, exchanges, laneRules);
  }

  /**
   * A case whose snapshot is the one recorded last costs a comparison and writes nothing. `taken` is told the number of each new
   * snapshot; numbers of a transaction that rolls back are given out again, so nothing of it may be kept before the commit.
   */
  async record(runner: Runner, stream: string, cases: readonly CapturedCase[], taken: (snapshotId: string, captured: CapturedCase) => void = () => undefined): Promise<CaptureResult> {
    const heads = await this.heads(runner, stream, cases.map((c) => c.caseNo));
    const changed = cases.filter((c) => heads.get(c.caseNo)?.digest !== c.digest || heads.get(c.caseNo)?.removed === true);
    if (changed.length === 0) return { changed: 0, opened: 0, refreshed: 0, cancelled: 0, exchanges: [], channels: [] };

    // Of a case that is new to the bureau's stream nothing can stand yet; the gateway's own stream comes to lanes that are in use.
    const known = stream === supervisionStream.stream ? changed : changed.filter((c) => heads.has(c.caseNo));
    // Before any number is taken: whoever holds exchanges takes numbers too, and one that held the numbers and waited for exchanges would wait for ever.
    await this.lockLanes(runner, known.map((c) => c.caseNo));

    const snapshotIds = await this.opening.take(runner, 'snapshot', changed.length);
    const now = this.clock.iso();
    await this.database.dialect.insertMany(runner, 'case_snapshot', snapshotColumns, changed.map((c, i) => [String(snapshotIds + BigInt(i)), stream, c.caseNo, c.digest, c.body, now]));
    await this.putHeads(runner, stream, changed.map((c, i) => ({ caseNo: c.caseNo, digest: c.digest, childCounts: c.childCounts?.slice(0, 400) ?? null, snapshotId: String(snapshotIds + BigInt(i)), isNew: !heads.has(c.caseNo) })), now);

    const persons = changed.flatMap((c) => (c.keys?.terms ?? []).map((term) => [term, stream, c.caseNo]));
    await this.database.dialect.insertMany(runner, 'case_person', personColumns, persons, personColumns.map((c) => c.name));

    changed.forEach((c, i) => taken(String(snapshotIds + BigInt(i)), c));

    // Read when the numbers are ours: what was opened while we waited for them is there to be seen.
    const { latest, lanes } = await this.latest(runner, stream, known.map((c) => c.caseNo));
    const plans = changed.map((c, i) => ({
      caseNo: c.caseNo,
      snapshotId: String(snapshotIds + BigInt(i)),
      item: c.keys?.item,
      latest: latest.get(c.caseNo) ?? [],
      lane: lanes.get(c.caseNo) ?? [],
      plan: planExchanges(c.events, latest.get(c.caseNo) ?? [], { reappeared: heads.get(c.caseNo)?.removed === true, reportVanished: true }),
    }));
    return { changed: changed.length, ...(await this.apply(runner, stream, plans, now)) };
  }

  /** Cases that are gone from where they were read. */
  async recordRemoved(runner: Runner, stream: string, caseNos: readonly CaseNo[], removal: { event: string; channels: readonly ChannelName[]; at: string }): Promise<CaptureResult> {
    const now = this.clock.iso();
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select * from case_head ${raw(hint)} where stream = ${stream} and removed_at is null and case_no in (${list(caseNos)}) ${raw(suffix)}`);
    if (rows.length === 0) return { changed: 0, opened: 0, refreshed: 0, cancelled: 0, exchanges: [], channels: [] };
    const gone = rows.map((r) => ({ caseNo: String(r['case_no']), snapshotId: String(r['snapshot_id']) }));
    await runner.run(sql`update case_head set removed_at = ${this.value(now)} where stream = ${stream} and case_no in (${list(gone.map((g) => g.caseNo))})`);
    const { latest, lanes } = await this.latest(runner, stream, gone.map((g) => g.caseNo));
    if (removal.channels.length > 0) await addSent(runner, lanes);
    const plans = gone.map((g) => ({ ...g, item: latest.get(g.caseNo)?.find((l) => l.item !== undefined)?.item, latest: latest.get(g.caseNo) ?? [], lane: lanes.get(g.caseNo) ?? [], plan: planRemoval(latest.get(g.caseNo) ?? [], removal, lanes.get(g.caseNo) ?? []) }));
    return { changed: gone.length, ...(await this.apply(runner, stream, plans, now)) };
  }

  /**
   * Holds all exchanges of these cases, those of every channel in one order: two that each came back for what the other holds
   * would wait for each other.
   */
  async lockLanes(runner: Runner, caseNos: readonly CaseNo[]): Promise<void> {
    if (caseNos.length === 0) return;
    const { hint, suffix } = this.database.dialect.lockRows;
    await runner.run(sql`select id from exchange ${raw(hint)} where case_no in (${list(caseNos)}) and channel in (${list([...this.laneRules.keys()])}) order by id ${raw(suffix)}`);
  }

  private async apply(
    runner: Runner,
    stream: string,
    plans: readonly { caseNo: CaseNo; snapshotId: string; item: string | undefined; latest: readonly LatestExchange[]; lane: readonly LatestExchange[]; plan: ExchangePlan }[],
    now: string,
  ): Promise<{ opened: number; refreshed: number; cancelled: number; exchanges: ExchangeId[]; channels: ChannelName[] }> {
    const channels = new Set<ChannelName>(plans.flatMap((p) => p.plan.open.map((o) => o.channel)));
    const opened = await this.opening.open(runner, stream, plans.map((p) => ({ ...p, latest: p.lane, open: p.plan.open })), { actor: 'capture', note: 'captured', now });

    const refreshes = plans.flatMap((p) => p.plan.refresh.map((r) => ({ ...r, snapshotId: p.snapshotId, item: p.item ?? null, channel: p.latest.find((l) => l.id === r.id)!.channel })));
    // The claim is taken away on purpose: a rendering that is under way must not win over the newer snapshot.
    const refreshed = await this.database.dialect.updateMany(runner, {
      table: 'exchange',
      key: { name: 'id', kind: 'big' },
      match: [{ name: 'state', kind: 'text' }],
      set: [{ name: 'snapshot_id', kind: 'big' }, { name: 'event_digest', kind: 'text' }, { name: 'event_at', kind: 'text' }, { name: 'due_at', kind: 'instant' }, { name: 'state_since', kind: 'instant' }, { name: 'item', kind: 'text' }],
      also: raw(`state = case when state = 'held' then 'held' else 'captured' end, parked_from = case when state = 'held' then 'captured' else null end, failure_code = null, failure_detail = null, attempts = 0, crashes = 0, claim_token = null, claimed_until = null`),
      where: raw('t.tried = 0'),
      rows: refreshes.map((r) => [r.id, r.from, r.snapshotId, r.digest, r.at, now, now, r.item]),
    });
    for (const r of refreshes) channels.add(r.channel);
    await this.exchanges.log(runner, refreshes.map((r) => ({ exchangeId: r.id, from: r.from, to: nextState(r.from, 'refresh') ?? 'captured', note: 'corrected-in-bureau' })), 'capture', now);

    const cancels = plans.flatMap((p) => p.plan.cancel);
    const cancelled = await this.exchanges.move(runner, cancels.map((c) => ({ id: c.id, from: c.from, to: 'cancelled' as const, note: 'cancelled', detail: c.from === 'refused' ? 'the case is gone from the bureau, and the receiver had refused this' : 'the event no longer stands in the bureau and was never sent' })), { actor: 'capture' });
    return { opened: opened.length, refreshed: refreshed.length, cancelled: cancelled.length, exchanges: [...opened, ...refreshed], channels: [...channels] };
  }

  private async heads(runner: Runner, stream: string, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, { digest: string; removed: boolean }>> {
    const { rows } = await runner.run(sql`select case_no, digest, removed_at from case_head where stream = ${stream} and case_no in (${list(caseNos)})`);
    return new Map(rows.map((r) => [String(r['case_no']), { digest: String(r['digest']), removed: r['removed_at'] !== null }]));
  }

  private async putHeads(runner: Runner, stream: string, heads: readonly { caseNo: CaseNo; digest: string; snapshotId: string; childCounts: string | null; isNew: boolean }[], now: string): Promise<void> {
    const fresh = heads.filter((h) => h.isNew);
    await this.database.dialect.insertMany(
      runner, 'case_head',
      [{ name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'snapshot_id', kind: 'big' }, { name: 'digest', kind: 'text' }, { name: 'child_counts', kind: 'text' }, { name: 'seen_at', kind: 'instant' }],
      fresh.map((h) => [stream, h.caseNo, h.snapshotId, h.digest, h.childCounts, now]),
    );
    await this.database.dialect.updateMany(runner, {
      table: 'case_head',
      key: { name: 'case_no', kind: 'text' },
      match: [],
      set: [{ name: 'snapshot_id', kind: 'big' }, { name: 'digest', kind: 'text' }, { name: 'child_counts', kind: 'text' }, { name: 'seen_at', kind: 'instant' }],
      also: raw('removed_at = null, fault_code = null, fault_detail = null'),
      where: sql`t.stream = ${stream}`,
      rows: heads.filter((h) => !h.isNew).map((h) => [h.caseNo, h.snapshotId, h.digest, h.childCounts, now]),
    });
  }

  /**
   * The newest exchange of each event of the cases, locked: an acknowledgement of the same lane waits for us or we for it. `lanes`
   * holds those of other streams too, which stand in the same lanes.
   */
  private async latest(runner: Runner, stream: string, caseNos: readonly CaseNo[]): Promise<{ latest: Map<CaseNo, LatestExchange[]>; lanes: Map<CaseNo, LatestExchange[]> }> {
    const latest = new Map<CaseNo, LatestExchange[]>();
    const lanes = new Map<CaseNo, LatestExchange[]>();
    if (caseNos.length === 0) return { latest, lanes };
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select stream, ${raw(latestColumns)}
      from exchange e ${raw(hint)} where case_no in (${list(caseNos)}) and channel in (${list([...this.laneRules.keys()])})
      and version = (select max(v.version) from exchange v where v.channel = e.channel and v.case_no = e.case_no and v.event = e.event and v.sequence = e.sequence)
      order by id ${raw(suffix)}`);
    for (const r of rows) {
      const entry = latestExchange(r);
      for (const known of String(r['stream']) === stream ? [latest, lanes] : [lanes]) {
        const caseNo = String(r['case_no']);
        const entries = known.get(caseNo);
        if (entries) entries.push(entry);
        else known.set(caseNo, [entry]);
      }
    }
    await addSent(runner, latest);
    return { latest, lanes };
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}
