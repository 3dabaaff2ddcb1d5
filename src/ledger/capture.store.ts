import type { CaseSnapshot } from '../domain/snapshot.js';
import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { AttachmentStore, type ScannedFile } from './attachment.store.js';
import { type ExchangeStore } from './exchange.store.js';
import { instantText } from './exchange-row.js';
import { latestColumns, latestExchange } from './latest-exchange.js';
import { OpeningStore } from './opening.store.js';
import type { RecentCache } from './recent-cache.js';
import { addSent } from './sent-versions.store.js';
import { planExchanges, planRemoval, type DerivedEvent, type ExchangePlan, type LatestExchange } from './plan-exchanges.js';

/** A case as it was read, ready to be recorded. */
export interface CapturedCase {
  readonly caseNo: CaseNo;
  /** JSON of the snapshot. */
  readonly body: string;
  /** SHA-256 of body. */
  readonly digest: string;
  /** What body is the JSON of; without it the rendering reads the body back. */
  readonly snapshot?: CaseSnapshot;
  /** How many rows each child has; a row that is deleted leaves no other trace. */
  readonly childCounts?: string;
  readonly events: readonly DerivedEvent[];
}

export interface WatermarkRow {
  readonly stream: string;
  readonly position: string;
  /** Counts moves; the compare of the watermark's compare-and-set. */
  readonly positionVersion: string;
  readonly ceiling?: string | undefined;
  readonly ceilingSince?: string | undefined;
  readonly heldBack: boolean;
  readonly polledAt?: string | undefined;
  readonly movedAt?: string | undefined;
  readonly faultCode?: string | undefined;
  readonly faultDetail?: string | undefined;
  readonly faultSince?: string | undefined;
}

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

/** Digest of a head whose case is to be read again; no snapshot has it. */
export const unknownDigest = 'unknown';

/** Thrown when another process moved the watermark first; nothing was written. */
export class WatermarkMoved extends Error {}

/** Records what was captured: snapshots, exchanges and the watermark in one transaction. */
export class CaptureStore {
  private readonly opening: OpeningStore;
  private readonly attachments: AttachmentStore;

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    private readonly laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
    /** Filled with what was recorded, for the rendering that follows in this process. */
    private readonly recent?: RecentCache<CaseSnapshot>,
  ) {
    this.attachments = new AttachmentStore(database, clock);
    this.opening = new OpeningStore(database, exchanges, laneRules);
  }

  /** The stream's watermark; made on first use. */
  async watermark(stream: string): Promise<WatermarkRow> {
    await this.database.dialect.insertMany(
      this.database, 'watermark',
      [{ name: 'stream', kind: 'text' }, { name: 'position', kind: 'long' }, { name: 'position_version', kind: 'big' }],
      [[stream, '{}', '0']], ['stream'],
    );
    const { rows } = await this.database.run(sql`select * from watermark where stream = ${stream}`);
    return watermarkRow(rows[0]!);
  }

  async watermarks(): Promise<WatermarkRow[]> {
    const { rows } = await this.database.run(sql`select * from watermark order by stream`);
    return rows.map(watermarkRow);
  }

  /** Notes that the bureau was looked at, and since when the ceiling stands still. */
  async notePoll(stream: string, seen: { ceiling: string; heldBack: boolean }): Promise<void> {
    const now = this.value(this.clock.iso());
    await this.database.run(sql`update watermark set polled_at = ${now}, fault_code = null, fault_detail = null, fault_since = null,
      ceiling_since = case when ceiling = ${seen.ceiling} then ceiling_since else ${now} end, ceiling = ${seen.ceiling}, held_back = ${seen.heldBack ? 1 : 0} where stream = ${stream}`);
  }

  /** Stops a stream's record: what is wrong, since when. The position stays. */
  async noteFault(stream: string, code: string, detail: string): Promise<void> {
    const now = this.value(this.clock.iso());
    await this.database.run(sql`update watermark set fault_since = case when fault_code = ${code} then fault_since else ${now} end,
      fault_code = ${code}, fault_detail = ${detail.slice(0, 1000)} where stream = ${stream}`);
  }

  /** Which of these scanned files the ledger does not hold, or not any more. */
  unknownAttachments(signatures: readonly string[]): Promise<string[]> {
    return this.attachments.unknown(signatures);
  }

  storeAttachments(files: readonly ScannedFile[]): Promise<void> {
    return this.attachments.store(files);
  }

  /**
   * Records cases and moves the watermark in one transaction. A case whose snapshot is the one recorded last costs a
   * comparison and writes nothing. Throws WatermarkMoved when another process was first.
   */
  async record(stream: string, cases: readonly CapturedCase[], move?: { positionVersion: string; position: string }): Promise<CaptureResult> {
    const committed: (() => void)[] = [];
    const result = await this.database.transaction(async (runner) => {
      if (move) await this.moveWatermark(runner, stream, move);
      const heads = await this.heads(runner, stream, cases.map((c) => c.caseNo));
      const changed = cases.filter((c) => heads.get(c.caseNo)?.digest !== c.digest || heads.get(c.caseNo)?.removed === true);
      if (changed.length === 0) return { changed: 0, opened: 0, refreshed: 0, cancelled: 0, exchanges: [], channels: [] };

      const snapshotIds = await this.opening.take(runner, 'snapshot', changed.length);
      const now = this.clock.iso();
      await this.database.dialect.insertMany(runner, 'case_snapshot', snapshotColumns, changed.map((c, i) => [String(snapshotIds + BigInt(i)), stream, c.caseNo, c.digest, c.body, now]));
      await this.putHeads(runner, stream, changed.map((c, i) => ({ caseNo: c.caseNo, digest: c.digest, childCounts: c.childCounts?.slice(0, 400) ?? null, snapshotId: String(snapshotIds + BigInt(i)), isNew: !heads.has(c.caseNo) })), now);

      // Numbers of a transaction that rolls back are given out again: nothing is kept before the commit.
      changed.forEach((c, i) => committed.push(() => { if (c.snapshot) this.recent?.put(String(snapshotIds + BigInt(i)), c.snapshot, c.body.length); }));

      const latest = await this.latest(runner, stream, changed.filter((c) => heads.has(c.caseNo)).map((c) => c.caseNo));
      const plans = changed.map((c, i) => ({
        caseNo: c.caseNo,
        snapshotId: String(snapshotIds + BigInt(i)),
        latest: latest.get(c.caseNo) ?? [],
        plan: planExchanges(c.events, latest.get(c.caseNo) ?? [], { reappeared: heads.get(c.caseNo)?.removed === true, reportVanished: true }),
      }));
      return { changed: changed.length, ...(await this.apply(runner, stream, plans, now)) };
    });
    for (const keep of committed) keep();
    return result;
  }

  /** Records that cases are gone from the bureau. */
  async recordRemoved(stream: string, caseNos: readonly CaseNo[], removal: { event: string; channels: readonly ChannelName[]; at: string }): Promise<CaptureResult> {
    return this.database.transaction(async (runner) => {
      const now = this.clock.iso();
      const { hint, suffix } = this.database.dialect.lockRows;
      const { rows } = await runner.run(sql`select * from case_head ${raw(hint)} where stream = ${stream} and removed_at is null and case_no in (${list(caseNos)}) ${raw(suffix)}`);
      if (rows.length === 0) return { changed: 0, opened: 0, refreshed: 0, cancelled: 0, exchanges: [], channels: [] };
      const gone = rows.map((r) => ({ caseNo: String(r['case_no']), snapshotId: String(r['snapshot_id']) }));
      await runner.run(sql`update case_head set removed_at = ${this.value(now)} where stream = ${stream} and case_no in (${list(gone.map((g) => g.caseNo))})`);
      const latest = await this.latest(runner, stream, gone.map((g) => g.caseNo));
      const plans = gone.map((g) => ({ ...g, latest: latest.get(g.caseNo) ?? [], plan: planRemoval(latest.get(g.caseNo) ?? [], removal) }));
      return { changed: gone.length, ...(await this.apply(runner, stream, plans, now)) };
    });
  }

  /** Marks a case whose row cannot be read; the fault goes when the case is recorded again. */
  async noteCaseFault(stream: string, caseNo: CaseNo, code: string, detail: string): Promise<void> {
    const now = this.clock.iso();
    const set = sql`fault_code = ${code}, fault_detail = ${detail.slice(0, 1000)}`;
    const { affected } = await this.database.run(sql`update case_head set ${set} where stream = ${stream} and case_no = ${caseNo}`);
    if (affected > 0) return;
    await this.database.dialect.insertMany(
      this.database, 'case_head',
      [{ name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'snapshot_id', kind: 'big' }, { name: 'digest', kind: 'text' }, { name: 'seen_at', kind: 'instant' }, { name: 'fault_code', kind: 'text' }, { name: 'fault_detail', kind: 'text' }],
      [[stream, caseNo, '0', 'unreadable', now, code, detail.slice(0, 1000)]], ['stream', 'case_no'],
    );
  }

  /** Makes the next reading of these cases compare every event with what was reported, although their snapshot may be the one recorded last. */
  async forgetDigests(stream: string, caseNos: readonly CaseNo[], runner: Runner = this.database): Promise<void> {
    await runner.run(sql`update case_head set digest = ${unknownDigest} where stream = ${stream} and case_no in (${list(caseNos)})`);
  }

  /** Cases after `after` that wait for such a reading, in the ledger's order. */
  async forgottenCases(stream: string, after: string, limit: number): Promise<string[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} case_no from case_head where stream = ${stream} and digest = ${unknownDigest} and case_no > ${after} order by case_no ${raw(top.suffix)}`);
    return rows.map((r) => String(r['case_no']));
  }

  /** Case numbers after `after` that the ledger holds as present, in the ledger's order. */
  async presentCases(stream: string, after: string, limit: number): Promise<{ caseNo: CaseNo; childCounts: string | undefined }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} case_no, child_counts from case_head where stream = ${stream} and removed_at is null and case_no > ${after} order by case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ caseNo: String(r['case_no']), childCounts: r['child_counts'] === null ? undefined : String(r['child_counts']) }));
  }

  private async apply(
    runner: Runner,
    stream: string,
    plans: readonly { caseNo: CaseNo; snapshotId: string; latest: readonly LatestExchange[]; plan: ExchangePlan }[],
    now: string,
  ): Promise<{ opened: number; refreshed: number; cancelled: number; exchanges: ExchangeId[]; channels: ChannelName[] }> {
    const channels = new Set<ChannelName>(plans.flatMap((p) => p.plan.open.map((o) => o.channel)));
    const opened = await this.opening.open(runner, stream, plans.map((p) => ({ ...p, open: p.plan.open })), { actor: 'capture', note: 'captured', now });

    const refreshes = plans.flatMap((p) => p.plan.refresh.map((r) => ({ ...r, snapshotId: p.snapshotId, channel: p.latest.find((l) => l.id === r.id)!.channel })));
    // The claim is taken away on purpose: a rendering that is under way must not win over the newer snapshot.
    const refreshed = await this.database.dialect.updateMany(runner, {
      table: 'exchange',
      key: { name: 'id', kind: 'big' },
      match: [{ name: 'state', kind: 'text' }],
      set: [{ name: 'snapshot_id', kind: 'big' }, { name: 'event_digest', kind: 'text' }, { name: 'event_at', kind: 'text' }, { name: 'due_at', kind: 'instant' }, { name: 'state_since', kind: 'instant' }],
      also: raw(`state = 'captured', parked_from = null, failure_code = null, failure_detail = null, attempts = 0, crashes = 0, claim_token = null, claimed_until = null`),
      where: raw('t.tried = 0'),
      rows: refreshes.map((r) => [r.id, r.from, r.snapshotId, r.digest, r.at, now, now]),
    });
    for (const r of refreshes) channels.add(r.channel);
    await this.exchanges.log(runner, refreshes.map((r) => ({ exchangeId: r.id, from: r.from, to: 'captured', note: 'corrected-in-bureau' })), 'capture', now);

    const cancels = plans.flatMap((p) => p.plan.cancel);
    const cancelled = await this.exchanges.move(runner, cancels.map((c) => ({ id: c.id, from: c.from, to: 'cancelled' as const, note: 'cancelled', detail: 'the event no longer stands in the bureau and was never sent' })), { actor: 'capture' });
    return { opened: opened.length, refreshed: refreshed.length, cancelled: cancelled.length, exchanges: [...opened, ...refreshed], channels: [...channels] };
  }

  private async moveWatermark(runner: Runner, stream: string, move: { positionVersion: string; position: string }): Promise<void> {
    const { affected } = await runner.run(sql`update watermark set position = ${move.position}, position_version = position_version + 1, moved_at = ${this.value(this.clock.iso())}
      where stream = ${stream} and position_version = ${move.positionVersion}`);
    if (affected !== 1) throw new WatermarkMoved(`the watermark of ${stream} was moved by another process`);
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

  /** The newest exchange of each event of the cases, locked: an acknowledgement of the same lane waits for us or we for it. */
  private async latest(runner: Runner, stream: string, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, LatestExchange[]>> {
    const out = new Map<CaseNo, LatestExchange[]>();
    if (caseNos.length === 0) return out;
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select ${raw(latestColumns)}
      from exchange e ${raw(hint)} where stream = ${stream} and case_no in (${list(caseNos)}) and channel in (${list([...this.laneRules.keys()])})
      and version = (select max(v.version) from exchange v where v.channel = e.channel and v.case_no = e.case_no and v.event = e.event and v.sequence = e.sequence)
      order by id ${raw(suffix)}`);
    for (const r of rows) {
      const caseNo = String(r['case_no']);
      const entry = latestExchange(r);
      const known = out.get(caseNo);
      if (known) known.push(entry);
      else out.set(caseNo, [entry]);
    }
    await addSent(runner, stream, out);
    return out;
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const instant = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));

function watermarkRow(r: Record<string, unknown>): WatermarkRow {
  return {
    stream: String(r['stream']), position: String(r['position']), positionVersion: String(r['position_version']), ceiling: text(r['ceiling']),
    ceilingSince: instant(r['ceiling_since']), heldBack: Number(r['held_back']) === 1, polledAt: instant(r['polled_at']), movedAt: instant(r['moved_at']),
    faultCode: text(r['fault_code']), faultDetail: text(r['fault_detail']), faultSince: instant(r['fault_since']),
  };
}
