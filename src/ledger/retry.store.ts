import type { ExchangeState } from '../domain/exchange-states.js';
import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { condition, type ExchangeFilter } from './exchange-view.store.js';
import type { ExchangeMove, ExchangeStore } from './exchange.store.js';
import { latestColumns, latestExchange } from './latest-exchange.js';
import { OpeningStore, type CaseOpening } from './opening.store.js';
import { planRetry, type RetryCandidate, type RetryStep } from './plan-retry.js';

export interface RetryRequest {
  readonly filter: ExchangeFilter;
  /** Parked in rendered: render anew, where the bytes never left the house. */
  readonly render: boolean;
}

export interface RetryLine {
  readonly exchange: RetryCandidate;
  readonly step: RetryStep;
  /** The exchange that takes its place; only after it was done. */
  readonly newId?: ExchangeId | undefined;
  /** Meant to be done, but it had moved by then. */
  readonly movedMeanwhile?: boolean | undefined;
}

/** Exchanges of one transaction. */
const batchSize = 500;

/** An administrator's retry: back to the state that something was parked in, or the next version of what was refused. */
export class RetryStore {
  private readonly opening: OpeningStore;

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
  ) {
    this.opening = new OpeningStore(database, exchanges, laneRules);
  }

  /** What a retry would do, exchange by exchange, in the order of their numbers. Changes nothing. */
  async *plan(request: RetryRequest): AsyncGenerator<readonly RetryLine[]> {
    yield* this.pages(async (after, last) => (await this.candidates(this.database, request.filter, after, last, false)).map((exchange) => ({ exchange, step: planRetry(exchange, request) })));
  }

  /** Does it: one transaction a batch, in which everything is looked at again under lock. Each batch stands when it is given out. */
  async *perform(request: RetryRequest, actor: string): AsyncGenerator<readonly RetryLine[]> {
    yield* this.pages((after, last) =>
      this.database.transaction(async (runner) => {
        const lines = (await this.candidates(runner, request.filter, after, last, true)).map((exchange): RetryLine => ({ exchange, step: planRetry(exchange, request) }));
        const now = this.clock.iso();
        const moved = new Set(await this.exchanges.move(runner, lines.flatMap(({ exchange, step }) => moveOf(exchange, step)), { actor }));
        const opened = await this.openNext(runner, lines, actor, now);
        return lines.map((line) => ({
          ...line,
          ...(line.step.action === 'open' ? { newId: opened.get(line.exchange.id) } : {}),
          ...((line.step.action === 'return' || line.step.action === 'yield') && !moved.has(line.exchange.id) ? { movedMeanwhile: true } : {}),
        }));
      }),
    );
  }

  /** Only up to the number that was the newest at the beginning: what a retry opens is not retried by it. */
  private async *pages(page: (after: string, last: string) => Promise<readonly RetryLine[]>): AsyncGenerator<readonly RetryLine[]> {
    const { rows } = await this.database.run(sql`select max(id) as last from exchange`);
    const last = String(rows[0]?.['last'] ?? '0');
    for (let after = '0'; ; ) {
      const lines = await page(after, last);
      if (lines.length > 0) yield lines;
      if (lines.length < batchSize) return;
      after = lines.at(-1)!.exchange.id;
    }
  }

  private async candidates(runner: Runner, filter: ExchangeFilter, after: string, last: string, lock: boolean): Promise<RetryCandidate[]> {
    const top = this.database.dialect.top(batchSize);
    const { hint, suffix } = lock ? this.database.dialect.lockRows : { hint: '', suffix: '' };
    const { rows } = await runner.run(sql`select ${raw(top.prefix)} ${raw(latestColumns)}, stream, parked_from from exchange ${raw(hint)}
      where ${condition(filter)} and id > ${after} and id <= ${last} order by id ${raw(top.suffix)} ${raw(suffix)}`);
    const refused = rows.filter((r) => r['state'] === 'refused').map((r) => String(r['id']));
    const [newer, doubtful] = [await this.newer(runner, refused), await this.alsoAccepted(runner, refused)];
    return rows.map((r) => ({
      ...latestExchange(r),
      caseNo: String(r['case_no']),
      stream: String(r['stream']),
      ...(r['parked_from'] === null ? {} : { parkedFrom: String(r['parked_from']) as ExchangeState }),
      ...newer.get(String(r['id'])),
      alsoAccepted: doubtful.has(String(r['id'])),
    }));
  }

  private async alsoAccepted(runner: Runner, ids: readonly ExchangeId[]): Promise<Set<ExchangeId>> {
    if (ids.length === 0) return new Set();
    const { rows } = await runner.run(sql`select distinct exchange_id from acknowledgement where exchange_id in (${list(ids)}) and level = 'accepted' and class = 'contradictory' and aside_at is null`);
    return new Set(rows.map((r) => String(r['exchange_id'])));
  }

  private async newer(runner: Runner, ids: readonly ExchangeId[]): Promise<Map<ExchangeId, Pick<RetryCandidate, 'newer' | 'highest'>>> {
    if (ids.length === 0) return new Map();
    const { rows } = await runner.run(sql`select o.id as old_id, n.id, n.version, n.state from exchange o join exchange n on n.channel = o.channel and n.case_no = o.case_no
      and n.event = o.event and n.sequence = o.sequence and n.version > o.version where o.id in (${list(ids)}) order by n.version`);
    const found = new Map<ExchangeId, Pick<RetryCandidate, 'newer' | 'highest'>>();
    for (const r of rows) {
      const [id, version] = [String(r['old_id']), Number(r['version'])];
      // One that was cancelled stands in nobody's way; its number is used up all the same.
      const newer = r['state'] === 'cancelled' ? found.get(id)?.newer : { id: String(r['id']), version, state: String(r['state']) as ExchangeState };
      found.set(id, { newer, highest: version });
    }
    return found;
  }

  /** The next versions of what was refused, in the order of their lanes. */
  private async openNext(runner: Runner, lines: readonly RetryLine[], actor: string, now: string): Promise<Map<ExchangeId, ExchangeId>> {
    const refused = lines.flatMap(({ exchange, step }) => (step.action === 'open' ? [{ ...exchange, next: step.version }] : [])).sort((a, b) => (BigInt(a.lanePosition) < BigInt(b.lanePosition) ? -1 : 1));
    const opened = new Map<ExchangeId, ExchangeId>();
    for (const stream of new Set(refused.map((r) => r.stream))) {
      const ofStream = refused.filter((r) => r.stream === stream);
      const snapshots = await this.newestSnapshots(runner, stream, [...new Set(ofStream.map((r) => r.caseNo))]);
      const openings = ofStream.map((r): CaseOpening => ({
        caseNo: r.caseNo,
        // Read under the same lock as the exchange: a correction that is captured meanwhile waits and then finds the new version.
        snapshotId: snapshots.get(r.caseNo) ?? r.snapshotId,
        latest: [],
        item: r.item,
        open: [{
          channel: r.channel, event: r.event, sequence: r.sequence, version: r.next, at: r.at, urgent: r.urgent, digest: r.digest,
          operation: r.operation === 'D' ? 'D' : 'U',
          supersedes: { id: r.id, lanePosition: r.lanePosition },
          // What no longer stands in the bureau is reported from the snapshot that last showed it.
          ...(r.operation === 'D' ? { snapshotId: r.snapshotId } : {}),
        }],
      }));
      const ids = await this.opening.open(runner, stream, openings, { actor, note: 'opened-by-retry', now });
      ids.forEach((id, i) => opened.set(ofStream[i]!.id, id));
    }
    return opened;
  }

  private async newestSnapshots(runner: Runner, stream: string, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, string>> {
    const { rows } = await runner.run(sql`select case_no, snapshot_id from case_head where stream = ${stream} and case_no in (${list(caseNos)}) and snapshot_id > 0`);
    return new Map(rows.map((r) => [String(r['case_no']), String(r['snapshot_id'])]));
  }
}

function moveOf(exchange: RetryCandidate, step: RetryStep): ExchangeMove[] {
  if (step.action === 'return') {
    const anew = step.to === 'captured' ? 'rendered anew from its snapshot' : 'with the same bytes';
    return [{ id: exchange.id, from: exchange.state, to: step.to, note: 'retried', detail: anew }];
  }
  if (step.action === 'yield') return [{ id: exchange.id, from: 'refused', to: 'superseded', note: 'superseded', detail: `by exchange ${step.to}` }];
  return [];
}
