import type { SnapshotText } from '../domain/snapshot.js';
import type { CaseNo, ChannelName } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { AttachmentStore, type ScannedFile } from './attachment.store.js';
import { type ExchangeStore } from './exchange.store.js';
import { instantText } from './exchange-row.js';
import type { RecentCache } from './recent-cache.js';
import type { CapturedCase } from './captured-case.js';
import { RecordingStore, type CaptureResult } from './recording.store.js';

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

/** Digest of a head whose case is to be read again; no snapshot has it. */
export const unknownDigest = 'unknown';

/** Thrown when another process moved the watermark first; nothing was written. */
export class WatermarkMoved extends Error {}

/** Records what was captured: snapshots, exchanges and the watermark in one transaction. */
export class CaptureStore {
  private readonly recording: RecordingStore;
  private readonly attachments: AttachmentStore;

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    exchanges: ExchangeStore,
    laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
    /** Filled with what was recorded, for the rendering that follows in this process. */
    private readonly recent?: RecentCache<SnapshotText>,
  ) {
    this.attachments = new AttachmentStore(database, clock);
    this.recording = new RecordingStore(database, clock, exchanges, laneRules);
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

  /** Notes that all that the bureau held at this moment is recorded; never earlier than what was noted. */
  async noteKnown(stream: string, until: string): Promise<void> {
    const at = this.value(until);
    await this.database.run(sql`update watermark set known_until = ${at} where stream = ${stream} and (known_until is null or known_until < ${at})`);
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
      return this.recording.record(runner, stream, cases, (snapshotId, c) => committed.push(() => this.recent?.put(snapshotId, { stream, caseNo: c.caseNo, body: c.body }, c.body.length)));
    });
    for (const keep of committed) keep();
    return result;
  }

  /** Records that cases are gone from the bureau. */
  async recordRemoved(stream: string, caseNos: readonly CaseNo[], removal: { event: string; channels: readonly ChannelName[]; at: string }): Promise<CaptureResult> {
    return this.database.transaction((runner) => this.recording.recordRemoved(runner, stream, caseNos, removal));
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

  /** Whether an error came out of the ledger, for whoever works with the bureau at the same time; passing: it goes by itself. */
  raised(error: unknown): boolean {
    return this.database.raised(error);
  }

  isPassing(error: unknown): boolean {
    return this.database.dialect.isTransient(error);
  }

  private async moveWatermark(runner: Runner, stream: string, move: { positionVersion: string; position: string }): Promise<void> {
    const { affected } = await runner.run(sql`update watermark set position = ${move.position}, position_version = position_version + 1, moved_at = ${this.value(this.clock.iso())}
      where stream = ${stream} and position_version = ${move.positionVersion}`);
    if (affected !== 1) throw new WatermarkMoved(`the watermark of ${stream} was moved by another process`);
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
