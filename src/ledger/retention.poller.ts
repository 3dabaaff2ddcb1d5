import { randomUUID } from 'node:crypto';
import { tellNightlyDue } from '../domain/tell-nightly-due.js';
import type { Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { nothingPruned, type PrunedKind, type RetentionFigures, type RetentionStore } from './retention.store.js';

export interface RetentionSettings {
  readonly scheduled: boolean;
  readonly keepDays: number;
  /** Cases in one transaction. */
  readonly batch: number;
  /** Local time in Asia/Shanghai of the nightly run. */
  readonly at: string;
}

const dayMs = 86_400_000;
/** Attachments hold megabytes: their rows are written in smaller batches. */
const attachmentBatch = 50;

/**
 * Prunes contents that nobody needs any more.
 * Enters as: settled exchanges. Leaves as: the same without their bytes. Can fail with: what the ledger throws. If run twice:
 * what is pruned is not found again; two at once share the work by the locks on exchanges.
 */
export class RetentionPoller {
  private readonly startedAt: Date;

  constructor(
    private readonly store: RetentionStore,
    private readonly settings: RetentionSettings,
    private readonly clock: Clock,
    private readonly log: GatewayLog,
  ) {
    this.startedAt = clock.now();
  }

  /** The youngest moment up to which anything may ever be pruned. */
  latestBefore(): Instant {
    return new Date(this.clock.now().getTime() - this.settings.keepDays * dayMs).toISOString();
  }

  /** The run of the night, where it is switched on and due. */
  async nightly(goOn: () => Promise<boolean>): Promise<void> {
    if (!this.settings.scheduled) return;
    const last = await this.store.last();
    if (!tellNightlyDue(this.clock.now(), this.settings.at, last === undefined ? this.startedAt : new Date(last.startedAt))) return;
    await this.prune(this.latestBefore(), 'nightly', goOn);
  }

  /** What a run would take out. Changes nothing. */
  async plan(before: Instant, goOn: () => Promise<boolean>): Promise<RetentionFigures> {
    return (await this.walk(before, false, goOn, () => undefined)).figures;
  }

  /** Prunes what was settled before a moment that is old enough; the run and what it took out are recorded. */
  async prune(before: Instant, causedBy: string, goOn: () => Promise<boolean>): Promise<RetentionFigures> {
    if (before > this.latestBefore()) throw new RangeError(`nothing younger than ${this.settings.keepDays} days is pruned`);
    const id = randomUUID();
    await this.store.begin({ id, causedBy, before });
    let figures = nothingPruned;
    let outcome: 'complete' | 'stopped' | 'failed' = 'failed';
    try {
      outcome = (await this.walk(before, true, goOn, (f) => { figures = f; })).complete ? 'complete' : 'stopped';
    } finally {
      await this.store.end(id, outcome, figures);
      this.log.info({ before, outcome, causedBy, ...figures }, 'contents were pruned');
    }
    return figures;
  }

  private async walk(before: Instant, prune: boolean, goOn: () => Promise<boolean>, tell: (figures: RetentionFigures) => void): Promise<{ complete: boolean; figures: RetentionFigures }> {
    const { store, settings } = this;
    let figures = nothingPruned;
    const add = (f: Partial<RetentionFigures>): void => {
      figures = sum(figures, f);
      tell(figures);
    };
    for (let after = { stream: '', caseNo: '' }; ; ) {
      const cases = await store.cases(before, after, settings.batch);
      if (cases.length === 0) break;
      add(prune ? await store.prune(cases, before) : await store.weigh(cases, before));
      after = cases.at(-1)!;
      if (!(await goOn())) return { complete: false, figures };
    }
    for (let after: string | undefined = '0'; after !== undefined; ) {
      const { last, ...inbox } = await store.inbox(before, after, settings.batch, prune);
      add({ inbox });
      after = last;
      if (!(await goOn())) return { complete: false, figures };
    }
    // What messages still name is asked after they were pruned; in a plan they count as they stand.
    const wanted = await store.wantedAttachments(goOn);
    if (wanted === undefined) return { complete: false, figures };
    for (let after: string | undefined = ''; after !== undefined; ) {
      const { last, ...attachments } = await store.attachments(before, wanted, after, attachmentBatch, prune);
      add({ attachments });
      after = last;
      if (!(await goOn())) return { complete: false, figures };
    }
    return { complete: true, figures };
  }
}

function sum(a: RetentionFigures, b: Partial<RetentionFigures>): RetentionFigures {
  const kind = (x: PrunedKind, y: PrunedKind | undefined): PrunedKind => ({ count: x.count + (y?.count ?? 0), bytes: x.bytes + (y?.bytes ?? 0) });
  return {
    cases: a.cases + (b.cases ?? 0), logLines: a.logLines + (b.logLines ?? 0), messages: kind(a.messages, b.messages), snapshots: kind(a.snapshots, b.snapshots),
    inbox: kind(a.inbox, b.inbox), attachments: kind(a.attachments, b.attachments),
  };
}
