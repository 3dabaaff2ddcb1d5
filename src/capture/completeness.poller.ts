import { randomUUID } from 'node:crypto';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { Subscription } from '../domain/subscription.js';
import { tellNightlyDue } from '../domain/tell-nightly-due.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { CaptureStore } from '../ledger/capture.store.js';
import { completenessReasons, type CompletenessFigures, type CompletenessFinding, type CompletenessKind, type CompletenessReason, type CompletenessRun, type CompletenessStore } from '../ledger/completeness.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { BureauReader } from './bureau-reader.adapter.js';
import type { Position } from './bureau-marks.js';
import { captureCase } from './capture-case.js';
import type { CapturePoller } from './capture.poller.js';
import { BucketSums, bucketOf, differingBuckets, eventKey, isDue, marksText, missingEvents, type BucketSum } from './compare-buckets.js';

export interface CompletenessParts {
  readonly stream: StreamDefinition;
  readonly subscriptions: readonly Subscription[];
  readonly reader: BureauReader;
  readonly capture: Pick<CapturePoller, 'capture'>;
  readonly store: CaptureStore;
  readonly completeness: CompletenessStore;
  readonly settings: { readonly batchCases: number; readonly openLimit: number; readonly at: string; readonly fullEveryDays: number };
  readonly clock: Clock;
  readonly log: GatewayLog;
}

export interface CompletenessRequest {
  readonly kind: CompletenessKind;
  /** Who asked: `nightly`, `admin ann`. */
  readonly causedBy: string;
  /** Missing exchanges are opened however many cases there are. */
  readonly openAll?: boolean | undefined;
}

/** Case numbers in one page of the cheap comparison. */
const markPage = 5_000;

type Counts = { -readonly [K in keyof CompletenessFigures]: K extends 'findings' ? Record<CompletenessReason, number> : CompletenessFigures[K] };

/** One comparison while it runs. */
interface Pass {
  readonly id: string;
  readonly request: CompletenessRequest;
  readonly counts: Counts;
  /** Buckets in which something was not equal, or not yet. */
  readonly unsettled: Set<string>;
}

/**
 * Compares the bureau with the ledger, bucket by bucket.
 * Enters as: any case of the bureau or the ledger. Leaves as: captured, where the ledger lacked something. Can fail with:
 * bureau-*. If run twice: what is captured is captured once; only one process should look at a time, two only cost double.
 */
export class CompletenessPoller {
  private readonly startedAt: Date;

  constructor(private readonly parts: CompletenessParts) {
    this.startedAt = parts.clock.now();
  }

  /** Compares everything; what differs is captured right then and reported. A failure is recorded with the run, then thrown. */
  async check(request: CompletenessRequest, goOn: () => Promise<boolean>): Promise<CompletenessRun> {
    const { completeness, clock, stream, log } = this.parts;
    const startedAt = clock.iso();
    const pass: Pass = { id: randomUUID(), request, counts: noCounts(), unsettled: new Set() };
    await completeness.begin({ id: pass.id, stream: stream.stream, kind: request.kind, causedBy: request.causedBy });
    let outcome: 'complete' | 'stopped' | 'failed' = 'failed';
    try {
      outcome = (await this.run(pass, goOn)) ? 'complete' : 'stopped';
    } finally {
      pass.counts.ms = clock.now().getTime() - Date.parse(startedAt);
      await completeness.end(pass.id, outcome, pass.counts);
      const { findings, ...figures } = pass.counts;
      log.info({ stream: stream.stream, kind: request.kind, outcome, ...figures, ...findings }, 'the bureau was compared with the ledger');
    }
    return { id: pass.id, stream: stream.stream, kind: request.kind, causedBy: request.causedBy, startedAt, endedAt: clock.iso(), outcome, figures: pass.counts };
  }

  /** The comparison of the night, where it is due: every so many days a full one, else the quick one. Undefined when it is not. */
  async nightly(goOn: () => Promise<boolean>): Promise<CompletenessRun | undefined> {
    const { completeness, clock, stream, settings } = this.parts;
    const now = clock.now();
    const [last] = await completeness.runs(1, { stream: stream.stream });
    // One that a crash or a takeover ended early is no comparison: it is made again.
    const since = last?.outcome === undefined || last.outcome === 'stopped' ? (await completeness.runs(1, { stream: stream.stream, complete: true }))[0]?.startedAt : last.startedAt;
    if (!tellNightlyDue(now, settings.at, since === undefined ? this.startedAt : new Date(since))) return undefined;
    const [full] = await completeness.runs(1, { stream: stream.stream, kind: 'full', complete: true });
    // Half a day less, so that the hour at which the last one ended does not put it off by a day.
    const isOld = full === undefined || now.getTime() - Date.parse(full.startedAt) >= (settings.fullEveryDays - 0.5) * 86_400_000;
    return this.check({ kind: isOld ? 'full' : 'quick', causedBy: 'nightly' }, goOn);
  }

  /** False when it had to stop. */
  private async run(pass: Pass, goOn: () => Promise<boolean>): Promise<boolean> {
    const { completeness, stream } = this.parts;
    const verified = await completeness.verified(stream.stream);
    const bureau = await this.sumBureau(goOn);
    const ledger = bureau && (await this.sumLedger(goOn));
    if (!bureau || !ledger) return false;
    const differing = differingBuckets(bureau, ledger, verified);
    const wanted = pass.request.kind === 'full' ? new Set([...bureau.keys(), ...ledger.keys()]) : differing;
    pass.counts.bureauCases = total(bureau);
    pass.counts.ledgerCases = total(ledger);
    pass.counts.buckets = new Set([...bureau.keys(), ...ledger.keys()]).size;
    pass.counts.bucketsRead = wanted.size;
    if (wanted.size === 0) return true;
    if (!(await this.readBureau(pass, wanted, goOn)) || !(await this.readLedger(pass, wanted, goOn))) return false;
    await completeness.verify(stream.stream, [...wanted].filter((b) => !pass.unsettled.has(b)).map((bucket) => ({
      bucket, cases: bureau.get(bucket)?.cases ?? 0, bureau: bureau.get(bucket)?.digest ?? '', ledger: ledger.get(bucket)?.digest ?? '',
    })));
    return true;
  }

  /** The cheap form of the bureau: keys, counts of rows and newest marks; no contents. */
  private async sumBureau(goOn: () => Promise<boolean>): Promise<Map<string, BucketSum> | undefined> {
    const sums = new BucketSums();
    for (let after = ''; ; ) {
      const keys = await this.parts.reader.keys(after, markPage);
      if (keys.length === 0) return sums.result();
      const last = keys.at(-1)!;
      for (const [caseNo, marks] of await this.parts.reader.marks({ after, last })) if (marks[this.parts.stream.table]) sums.add(caseNo, marksText(marks));
      after = last;
      if (!(await goOn())) return undefined;
    }
  }

  private async sumLedger(goOn: () => Promise<boolean>): Promise<Map<string, BucketSum> | undefined> {
    const { stream, subscriptions, completeness } = this.parts;
    const channels = [...new Set(subscriptions.map((s) => s.channel))];
    const sums = new BucketSums();
    for (let after = ''; ; ) {
      const page = await completeness.page(stream.stream, channels, after, markPage);
      if (page.length === 0) return sums.result();
      for (const head of page) sums.add(head.caseNo, `${head.digest} ${head.exchanges}`);
      after = page.at(-1)!.caseNo;
      if (!(await goOn())) return undefined;
    }
  }

  private async readBureau(pass: Pass, wanted: ReadonlySet<string>, goOn: () => Promise<boolean>): Promise<boolean> {
    const { batchCases } = this.parts.settings;
    let waiting: CaseNo[] = [];
    for (let after = ''; ; ) {
      const keys = await this.parts.reader.keys(after, markPage);
      waiting.push(...keys.filter((c) => wanted.has(bucketOf(c))));
      const enough = keys.length === 0 ? 1 : batchCases;
      while (waiting.length >= enough) {
        await this.compare(pass, waiting.slice(0, batchCases));
        waiting = waiting.slice(batchCases);
        if (!(await goOn())) return false;
      }
      if (keys.length === 0) return true;
      after = keys.at(-1)!;
    }
  }

  /** What our own capture would record now, against what it recorded. */
  private async compare(pass: Pass, caseNos: readonly CaseNo[]): Promise<void> {
    const { reader, store, completeness, stream } = this.parts;
    // Taken before the cases are read: a case that changes from now on has a mark above it, and polls will come to it.
    const position = JSON.parse((await store.watermark(stream.stream)).position) as Position;
    const { found, unreadable } = await reader.readEach(caseNos);
    const heads = await completeness.heads(stream.stream, caseNos);
    pass.counts.read += found.size + unreadable.size;
    const suspects: CompletenessFinding[] = [];
    const equal: CaseNo[] = [];
    const derived = new Map<CaseNo, ReturnType<typeof captureCase>['events']>();
    for (const [caseNo, snapshot] of found) {
      const head = heads.get(caseNo);
      const captured = this.captured(snapshot);
      if (captured === undefined) {
        if (head?.faulty !== true) suspects.push({ caseNo, reason: 'unreadable' });
      } else if (head === undefined || head.removed) suspects.push({ caseNo, reason: 'missing', detail: head ? 'the ledger holds it as gone from the bureau' : undefined });
      else if (head.digest !== captured.digest) suspects.push({ caseNo, reason: 'differs' });
      else {
        equal.push(caseNo);
        derived.set(caseNo, captured.events);
      }
    }
    for (const [caseNo, detail] of unreadable) if (heads.get(caseNo)?.faulty !== true) suspects.push({ caseNo, reason: 'unreadable', detail });
    if (equal.length > 0) {
      const known = new Set((await completeness.events(stream.stream, equal)).map((e) => `${e.caseNo}\u0000${eventKey(e)}`));
      for (const caseNo of equal) {
        const missing = missingEvents(derived.get(caseNo)!.map((e) => ({ ...e, channel: `${caseNo}\u0000${e.channel}` })), known);
        if (missing.length > 0) suspects.push({ caseNo, reason: 'exchange-missing', detail: missing.map((e) => `${e.event} ${e.sequence}`).join(', ') });
      }
    }
    if (suspects.length > 0) await this.settle(pass, suspects, position);
  }

  private captured(snapshot: CaseSnapshot): ReturnType<typeof captureCase> | undefined {
    try {
      return captureCase(this.parts.stream, this.parts.subscriptions, snapshot);
    } catch {
      return undefined; // the capture that follows says why
    }
  }

  /** Leaves out what polls have not come to yet, captures and reports the rest. */
  private async settle(pass: Pass, suspects: readonly CompletenessFinding[], position: Position): Promise<void> {
    const { reader, store, stream, completeness, settings, log } = this.parts;
    for (const s of suspects) pass.unsettled.add(bucketOf(s.caseNo));
    const marks = await reader.marks({ caseNos: suspects.map((s) => s.caseNo) });
    const compare = (a: string, b: string): number => reader.dialect.compareMarks(stream.watermark.mode, a, b);
    const real = suspects.filter((s) => !isDue(marks.get(s.caseNo) ?? {}, position, compare, stream.watermark.mode));
    pass.counts.due += suspects.length - real.length;
    if (real.length === 0) return;
    await completeness.addFindings(pass.id, real);
    for (const s of real) pass.counts.findings[s.reason] += 1;
    log.warn({ stream: stream.stream, run: pass.id, cases: real.slice(0, 20).map((s) => `${s.caseNo} ${s.reason}`), count: real.length }, 'the ledger lacks something that stands in the bureau');

    const opening = real.filter((s) => s.reason === 'exchange-missing').map((s) => s.caseNo);
    const room = pass.request.openAll === true ? opening.length : Math.max(0, settings.openLimit - (pass.counts.findings['exchange-missing'] - opening.length));
    pass.counts.heldBack += Math.max(0, opening.length - room);
    // From here on the heads ask for it: whatever happens to this process, the next comparison captures them.
    if (opening.length > 0) await store.forgetDigests(stream.stream, opening.slice(0, room));
    await this.capture(pass, [...real.filter((s) => s.reason !== 'exchange-missing').map((s) => s.caseNo), ...opening.slice(0, room)]);
  }

  private async capture(pass: Pass, caseNos: readonly CaseNo[]): Promise<void> {
    if (caseNos.length === 0) return;
    const done = await this.parts.capture.capture(caseNos);
    pass.counts.captured += done.changed;
    pass.counts.opened += done.opened;
  }

  /** Cases that the ledger holds and the bureau no longer has. */
  private async readLedger(pass: Pass, wanted: ReadonlySet<string>, goOn: () => Promise<boolean>): Promise<boolean> {
    const { store, reader, completeness, stream, settings, log } = this.parts;
    for (let after = ''; ; ) {
      const known = (await store.presentCases(stream.stream, after, markPage)).map((k) => k.caseNo);
      if (known.length === 0) return true;
      const mine = known.filter((c) => wanted.has(bucketOf(c)));
      for (let i = 0; i < mine.length; i += settings.batchCases) {
        const batch = mine.slice(i, i + settings.batchCases);
        const there = await reader.existing(batch);
        const gone = batch.filter((c) => !there.has(c));
        if (gone.length > 0) {
          for (const caseNo of gone) pass.unsettled.add(bucketOf(caseNo));
          await completeness.addFindings(pass.id, gone.map((caseNo) => ({ caseNo, reason: 'gone' })));
          pass.counts.findings.gone += gone.length;
          pass.counts.removed += gone.length;
          log.warn({ stream: stream.stream, run: pass.id, count: gone.length }, 'cases are gone from the bureau');
          await this.parts.capture.capture(gone);
        }
        if (!(await goOn())) return false;
      }
      after = known.at(-1)!;
    }
  }
}

function noCounts(): Counts {
  return {
    bureauCases: 0, ledgerCases: 0, read: 0, buckets: 0, bucketsRead: 0, due: 0, captured: 0, opened: 0, removed: 0, heldBack: 0, ms: 0,
    findings: Object.fromEntries(completenessReasons.map((r) => [r, 0])) as Record<CompletenessReason, number>,
  };
}

const total = (sums: ReadonlyMap<string, BucketSum>): number => [...sums.values()].reduce((n, s) => n + s.cases, 0);
