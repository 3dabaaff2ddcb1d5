import { setImmediate } from 'node:timers/promises';
import { bureauTime } from '../domain/bureau-time.js';
import { asFailure, GatewayFailure } from '../domain/failures.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { Subscription } from '../domain/subscription.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import { WatermarkMoved, type CaptureStore, type WatermarkRow } from '../ledger/capture.store.js';
import type { CapturedCase } from '../ledger/captured-case.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { MetricsAdapter } from '../platform/metrics.adapter.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import type { Position } from './bureau-marks.js';
import { BureauReader, type Ceiling, type ChangeSet } from './bureau-reader.adapter.js';
import { captureCase } from './capture-case.js';
import { passLook, type Look } from './pass-look.js';
import { storeScans } from './store-scans.adapter.js';

/** Cases read; those whose snapshot was new; exchanges opened. */
export interface PollResult {
  readonly read: number;
  readonly changed: number;
  readonly opened: number;
  /** Why it ended early; told with the stream. */
  readonly failure?: string | undefined;
}

export interface PollSettings {
  readonly batchCases: number;
  readonly standingAlarmMs: number;
}

/** Cases that changed, as they were read. */
interface Page {
  /** Before the ceiling was asked for. */
  readonly at: Instant;
  readonly ceiling: Ceiling;
  readonly changes: ChangeSet;
  readonly caseNos: readonly CaseNo[];
  readonly found: ReadonlyMap<CaseNo, CaseSnapshot>;
  readonly unreadable: ReadonlyMap<CaseNo, string>;
}

/** How long an idle poll may leave the position as it is: an empty range costs nothing to read again. */
const idlePersistMs = 30_000;
const columnCheckMs = 10_000;
const coveredLimit = 200_000;
/** A poll that is under way moves the watermark with each page; somewhere between two of them there is room. */
const captureAttempts = 20;
/** Cases after which the transfers of this process get their turn: a page in one go would stall them. */
const breathEvery = 16;

/**
 * Polls one stream of the bureau.
 * Enters as: a change in a case table. Leaves as: captured, with the watermark moved in the same transaction. Can fail
 * with: bureau-*, row-unreadable. If run twice: the watermark's compare-and-set lets one win; a case read twice is one.
 */
export class CapturePoller {
  private covered = new Map<CaseNo, string>();
  private persistedAt = 0;
  private columnsCheckedAt = 0;
  private standingTold = false;
  private recording = false;
  private waiting: Look | undefined;

  constructor(
    private readonly reader: BureauReader,
    private readonly stream: StreamDefinition,
    private readonly subscriptions: readonly Subscription[],
    private readonly store: CaptureStore,
    private readonly doorbell: Pick<DoorbellAdapter, 'ring'>,
    private readonly settings: PollSettings,
    private readonly clock: Clock,
    private readonly log: GatewayLog,
    private readonly metrics: MetricsAdapter,
  ) {}

  /** Whether cases that changed are being recorded; an idle look does not count. */
  get carrying(): boolean {
    return this.recording;
  }

  /** Reads what changed until nothing is left or `goOn` says stop. A failure is recorded with the stream and not thrown. */
  async poll(goOn: () => Promise<boolean>): Promise<PollResult> {
    const total = { read: 0, changed: 0, opened: 0 };
    let ahead: Promise<Page> | undefined;
    try {
      const watermark = await this.store.watermark(this.stream.stream);
      let version = watermark.positionVersion;
      let position = watermark.position;
      let size = Math.ceil(this.settings.batchCases / 4); // and grows: the first of a burst are on their way soon, the many behind share what a page costs
      let page = await this.readPage(JSON.parse(position) as Position, size, true);
      await this.noteLook(watermark, page.ceiling);
      for (;;) {
        this.recording = page.caseNos.length > 0;
        // The next page is read while this one is recorded; the watermark's compare-and-set keeps their order.
        size = Math.min(2 * size, this.settings.batchCases);
        ahead = page.changes.more ? this.readPage(page.changes.next, size, false, page) : undefined;
        ahead?.catch(() => undefined); // awaited below; a page that fails to be recorded ends the poll first
        const step = await this.recordPage(page, { position, positionVersion: version });
        if (step.moved) {
          version = String(BigInt(version) + 1n);
          position = JSON.stringify(page.changes.next);
        }
        total.read += page.found.size;
        total.changed += step.changed;
        total.opened += step.opened;
        if (!ahead) {
          await this.noteKnown(page);
          break;
        }
        page = await ahead;
        if (!(await goOn())) break; // another process goes on from the watermark; what was read ahead here is dropped
      }
      this.metrics.polls.inc({ stream: this.stream.stream, outcome: 'ok' });
    } catch (error) {
      await ahead?.catch(() => undefined);
      return error instanceof WatermarkMoved ? total : { ...total, failure: await this.noteFailure(error) };
    } finally {
      this.recording = false;
    }
    return total;
  }

  /**
   * Looks for what no mark shows: deleted rows. Cases that are gone are recorded so; a case that has lost or won rows of a
   * child is read again. Returns how many cases were gone.
   */
  async sweepRemovals(goOn: () => Promise<boolean>): Promise<number> {
    let gone = 0;
    try {
      for (let after = ''; ; ) {
        const known = await this.store.presentCases(this.stream.stream, after, 500);
        if (known.length === 0) break;
        const there = await this.reader.counts(known.map((k) => k.caseNo));
        gone += await this.recordGone(known.filter((k) => !there.has(k.caseNo)).map((k) => k.caseNo));
        const other = known.filter((k) => k.childCounts !== undefined && there.has(k.caseNo) && there.get(k.caseNo) !== k.childCounts);
        if (other.length > 0) await this.capture(other.map((k) => k.caseNo));
        after = known.at(-1)!.caseNo;
        if (!(await goOn())) break;
      }
    } catch (error) {
      if (!(error instanceof WatermarkMoved)) await this.noteFailure(error); // polls are busy; the next sweep sees it again
    }
    return gone;
  }

  /**
   * Reads the named cases now and records them, whatever the watermark says; the watermark's compare-and-set keeps it in turn
   * with polls, so that nothing older is written over something newer. Throws what reading or recording throws.
   */
  async capture(caseNos: readonly CaseNo[]): Promise<PollResult> {
    for (let attempt = 1; ; attempt += 1) {
      const from = await this.store.watermark(this.stream.stream);
      await this.checkColumns();
      const ceiling = await this.reader.ceiling();
      const read = await this.reader.readEach(caseNos);
      const changes: ChangeSet = { caseNos, marks: new Map(), next: JSON.parse(from.position) as Position, more: true };
      try {
        const step = await this.recordPage({ at: this.clock.iso(), ceiling, changes, caseNos, ...read }, from);
        return { read: read.found.size, changed: step.changed, opened: step.opened };
      } catch (error) {
        if (!(error instanceof WatermarkMoved) || attempt >= captureAttempts) throw error;
      }
    }
  }

  private async readPage(position: Position, size: number, first: boolean, before?: Page): Promise<Page> {
    const { reader } = this;
    const at = this.clock.iso();
    const ceiling = await reader.ceiling();
    const changes = await reader.changes(position, ceiling, size, first);
    // A case that was read when the ceiling stood above this mark has nothing new in it. Only what is recorded counts, or
    // what the page before holds: if that page fails to be recorded, this one is dropped with it.
    const mode = this.stream.watermark.mode;
    const caseNos = changes.caseNos.filter((c) => {
      const covered = mode === 'rowversion' ? (before?.found.has(c) ? before.ceiling.mark : this.covered.get(c)) : undefined;
      return covered === undefined || reader.dialect.compareMarks(mode, changes.marks.get(c)!, covered) >= 0;
    });
    if (caseNos.length === 0) return { at, ceiling, changes, caseNos, found: new Map(), unreadable: new Map() };
    await this.checkColumns();
    const { found, unreadable } = await reader.readEach(caseNos);
    return { at, ceiling, changes, caseNos, found, unreadable };
  }

  private async noteLook(watermark: WatermarkRow, ceiling: Ceiling): Promise<void> {
    const heldBack = ceiling.mark !== ceiling.newest;
    await this.store.notePoll(this.stream.stream, { ceiling: ceiling.mark, heldBack });
    this.noteStanding(watermark.ceiling === ceiling.mark && heldBack ? watermark.ceilingSince : undefined);
  }

  /** The last page of a poll is recorded, and with it all below its ceiling: a poll that failed or was left says nothing of the kind. */
  private async noteKnown({ at, ceiling }: Page): Promise<void> {
    const { mode, overlapSeconds } = this.stream.watermark;
    const { known, waiting } = passLook(this.waiting, { at, ...ceiling }, (a, b) => this.reader.dialect.compareMarks(mode, a, b));
    this.waiting = waiting;
    // Times are written before they are committed: what the overlap is for may still come.
    if (known !== undefined) await this.store.noteKnown(this.stream.stream, mode === 'timestamp' ? new Date(Date.parse(known) - overlapSeconds * 1000).toISOString() : known);
  }

  private async recordPage(page: Page, from: { position: string; positionVersion: string }): Promise<{ changed: number; opened: number; moved: boolean }> {
    const { store } = this;
    const { changes, caseNos, found, unreadable } = page;
    const name = this.stream.stream;
    const move = { positionVersion: from.positionVersion, position: JSON.stringify(changes.next) };
    const now = this.clock.now().getTime();
    if (caseNos.length === 0) {
      const worth = move.position !== from.position && (changes.more || changes.caseNos.length > 0 || now - this.persistedAt > idlePersistMs);
      if (worth) {
        await store.record(name, [], move);
        this.persistedAt = now;
      }
      return { changed: 0, opened: 0, moved: worth };
    }
    await storeScans(found, this.stream, this.subscriptions, this.reader, store);
    const { captured, broken } = await this.derive(found);
    for (const [caseNo, detail] of [...unreadable, ...broken]) {
      await store.noteCaseFault(name, caseNo, 'row-unreadable', detail);
      this.log.warn({ stream: name, caseNo, code: 'row-unreadable', detail }, 'a case cannot be captured; the others go on');
    }
    const result = await store.record(name, captured, move);
    this.persistedAt = now;
    for (const c of captured) this.covered.set(c.caseNo, page.ceiling.mark);
    if (this.covered.size > coveredLimit) this.covered = new Map();
    await this.recordGone(caseNos.filter((c) => !found.has(c) && !unreadable.has(c)));
    this.metrics.captured.inc({ stream: name }, result.changed);
    if (result.changed > 0) this.log.info({ stream: name, changed: result.changed, exchanges: result.exchanges, refreshed: result.refreshed, cancelled: result.cancelled }, 'captured');
    for (const channel of result.channels) await this.doorbell.ring('render', channel);
    return { changed: result.changed, opened: result.opened, moved: true };
  }

  private async derive(found: ReadonlyMap<CaseNo, CaseSnapshot>): Promise<{ captured: CapturedCase[]; broken: Map<CaseNo, string> }> {
    const captured: CapturedCase[] = [];
    const broken = new Map<CaseNo, string>();
    let n = 0;
    for (const [caseNo, snapshot] of found) {
      if (++n % breathEvery === 0) await setImmediate();
      if (caseNo.trim() === '' || caseNo.length > 50) {
        broken.set(caseNo.slice(0, 60), `the case number has ${caseNo.length} characters, expected 1 to 50`);
        continue;
      }
      try {
        captured.push(captureCase(this.stream, this.subscriptions, snapshot));
      } catch (error) {
        broken.set(caseNo, asFailure(error).detail);
      }
    }
    return { captured, broken };
  }

  private async recordGone(caseNos: readonly CaseNo[]): Promise<number> {
    if (caseNos.length === 0) return 0;
    const channels = this.subscriptions.filter((s) => s.event === this.stream.removalEvent).map((s) => s.channel);
    const result = await this.store.recordRemoved(this.stream.stream, caseNos, { event: this.stream.removalEvent, channels, at: bureauTime(this.clock.now()) });
    for (const c of caseNos) this.covered.delete(c);
    if (result.changed > 0) this.log.info({ stream: this.stream.stream, removed: result.changed, exchanges: result.exchanges }, 'cases are gone from the bureau');
    for (const channel of result.channels) await this.doorbell.ring('render', channel);
    return result.changed;
  }

  private async checkColumns(): Promise<void> {
    const now = this.clock.now().getTime();
    if (now - this.columnsCheckedAt < columnCheckMs) return;
    await this.reader.checkColumns();
    this.columnsCheckedAt = now;
  }

  private noteStanding(since: string | undefined): void {
    const ageMs = since === undefined ? 0 : this.clock.now().getTime() - Date.parse(since);
    this.metrics.watermarkAge.set({ stream: this.stream.stream }, ageMs / 1000);
    if (ageMs < this.settings.standingAlarmMs) this.standingTold = false;
    else if (!this.standingTold) {
      this.standingTold = true;
      this.log.warn({ stream: this.stream.stream, ageSeconds: Math.round(ageMs / 1000) }, 'an open transaction in the bureau holds the watermark back; look for a forgotten session');
    }
  }

  private async noteFailure(error: unknown): Promise<string> {
    const failure = await this.explain(error);
    this.columnsCheckedAt = 0;
    this.metrics.polls.inc({ stream: this.stream.stream, outcome: failure.code });
    this.metrics.failures.inc({ stage: 'capture', channel: '', code: failure.code });
    this.log.error({ stream: this.stream.stream, code: failure.code, detail: failure.detail }, 'the stream cannot be captured');
    await this.store.noteFault(this.stream.stream, failure.code, failure.detail).catch((e: unknown) => this.log.error({ err: e }, 'the ledger cannot be written'));
    return failure.code;
  }

  /** A statement that failed on the schema is explained by the catalogue, which names the column. What the ledger failed at is not laid to the bureau. */
  private async explain(error: unknown): Promise<GatewayFailure> {
    if (error instanceof GatewayFailure) return error;
    if (this.store.raised(error)) return asFailure(error, this.store.isPassing(error) ? 'ledger-unreachable' : 'unexpected');
    if (this.reader.dialect.isSchemaError(error)) {
      const faults = await this.reader.columnFaults().catch(() => []);
      return faults[0] ?? new GatewayFailure('bureau-not-readable', asFailure(error).detail, { cause: error });
    }
    if (this.reader.database.dialect.isTransient(error)) return new GatewayFailure('bureau-unreachable', asFailure(error).detail, { cause: error });
    return asFailure(error);
  }
}
