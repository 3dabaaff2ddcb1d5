import { unsentStates, type ExchangeState } from '../domain/exchange-states.js';
import type { CaseNo, ChannelName, ExchangeId, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, type Sql, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { condition, type ExchangeFilter } from './exchange-view.store.js';
import type { ExchangeStore } from './exchange.store.js';
import { describeReplay, planReplay, type ReplayStep } from './plan-replay.js';
import type { RetryLine, RetryStore } from './retry.store.js';

export interface ReplayFilter extends ExchangeFilter {
  /** A window, from inclusive to exclusive, of the time of capture or of the manifest that listed it. */
  readonly window?: { readonly by: 'captured' | 'staged'; readonly from?: Instant | undefined; readonly to?: Instant | undefined } | undefined;
  /** Number of the manifest that lists it. */
  readonly manifestSeq?: string | undefined;
}

/** One exchange of a plan. */
export interface ReplayLine {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly caseNo: CaseNo;
  readonly event: string;
  readonly version: number;
  readonly state: ExchangeState;
  readonly step: ReplayStep;
}

/** What became of one exchange of a plan. */
export interface ReplayOutcome extends ReplayLine {
  /** done: as planned; none: planned not to be sent; moved: it was no longer as the plan had it, and nothing was done. */
  readonly outcome: 'done' | 'none' | 'moved';
  readonly text: string;
  /** The exchange that was opened in its place. */
  readonly newId?: ExchangeId | undefined;
}

/** Exchanges of one transaction. */
const batchSize = 500;
/** How often a batch is tried that lost against another transaction. */
const tries = 3;

/** An administrator's replay: what went lost on the way goes again, what was accepted never. */
export class ReplayStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    private readonly retry: RetryStore,
  ) {}

  /** What a replay would do, exchange by exchange in the order of their numbers. Changes nothing. */
  async *plan(filter: ReplayFilter): AsyncGenerator<readonly ReplayLine[]> {
    const { rows } = await this.database.run(sql`select max(id) as last from exchange`);
    const last = String(rows[0]?.['last'] ?? '0');
    const top = this.database.dialect.top(batchSize);
    for (let after = '0'; ; ) {
      const page = await this.database.run(sql`select ${raw(top.prefix)} id from exchange where ${condition(filter)} and ${this.more(filter)} and id > ${after} and id <= ${last} order by id ${raw(top.suffix)}`);
      const ids = page.rows.map((r) => String(r['id']));
      if (ids.length > 0) yield await this.lines(ids);
      if (ids.length < batchSize) return;
      after = ids.at(-1)!;
    }
  }

  /** Does what a plan says, batch by batch; each batch stands when it is given out. What moved since the plan is left alone. */
  async *perform(plan: readonly ReplayLine[], actor: string): AsyncGenerator<readonly ReplayOutcome[]> {
    for (let i = 0; i < plan.length; i += batchSize) yield await this.performBatch(plan.slice(i, i + batchSize), actor);
  }

  private async lines(ids: readonly ExchangeId[]): Promise<ReplayLine[]> {
    const candidates: RetryLine[] = [];
    for await (const page of this.retry.plan({ filter: { ids }, render: false })) candidates.push(...page);
    const [packages, newer, gone] = [await this.packages(ids), await this.newerSent(ids), await this.withoutBytes(ids)];
    return candidates.map(({ exchange: e, step }) => ({
      id: e.id, channel: e.channel, caseNo: e.caseNo, event: e.event, version: e.version, state: e.state,
      step: planReplay({ state: e.state, retry: step, packageId: packages.get(e.id), newerSent: newer.get(e.id), bytesGone: gone.has(e.id) }),
    }));
  }

  private async performBatch(plan: readonly ReplayLine[], actor: string): Promise<ReplayOutcome[]> {
    const of = (action: ReplayStep['action']): ReplayLine[] => plan.filter((l) => l.step.action === action);
    // The plan is made once more: whatever differs from what was agreed is left alone.
    const now = new Map((await this.lines(plan.map((l) => l.id))).map((l) => [l.id, l]));
    const same = (l: ReplayLine): boolean => now.get(l.id)?.state === l.state && describeReplay(now.get(l.id)!.step) === describeReplay(l.step);
    const resent = await this.again(() => this.resend(of('resend').filter(same), actor));
    const retried = await this.again(() => this.retryAll(of('retry').filter(same), actor));
    return plan.map((line): ReplayOutcome => {
      const planned = describeReplay(line.step);
      const moved = (why?: string): ReplayOutcome => ({ ...line, outcome: 'moved', text: why ?? `moved since the plan: ${now.get(line.id)?.state === undefined ? 'no longer there' : `it is ${now.get(line.id)!.state}`}; nothing was done` });
      // Not sent is not sent, whatever the reason became.
      if (line.step.action === 'none') return now.get(line.id)?.state === line.state ? { ...line, outcome: 'none', text: planned } : moved();
      if (!same(line)) return moved();
      if (line.step.action === 'ring') return { ...line, outcome: 'done', text: planned };
      if (line.step.action === 'resend') return resent.has(line.id) ? { ...line, outcome: 'done', text: planned } : moved('moved since the plan, or a later message of its lane is just being delivered; nothing was done');
      const done = retried.get(line.id);
      return done === undefined ? moved() : { ...line, outcome: 'done', text: planned, ...(done.newId === undefined ? {} : { newId: done.newId }) };
    });
  }

  /**
   * Back to rendered, to be delivered again. In the same transaction the later messages of the lanes are locked, so that none
   * of them is claimed before the receiver can have the earlier one again; one that is being delivered keeps its lane as it is.
   */
  private async resend(lines: readonly ReplayLine[], actor: string): Promise<Set<ExchangeId>> {
    if (lines.length === 0) return new Set();
    return this.database.transaction(async (runner) => {
      const ids = lines.map((l) => l.id);
      const { hint, suffix } = this.database.dialect.lockRows;
      await runner.run(sql`select id from exchange ${raw(hint)} where id in (${list(ids)}) order by id ${raw(suffix)}`);
      const later = await runner.run(sql`select o.id as id, n.claimed_until from exchange o join exchange n ${raw(hint)} on n.channel = o.channel and n.case_no = o.case_no and n.lane_position > o.lane_position
        where o.id in (${list(ids)}) and n.state = 'rendered' order by n.id ${raw(suffix)}`);
      const nowMs = this.clock.now().getTime();
      const listed = await runner.run(sql`select o.id as id from exchange o join exchange n on n.channel = o.channel and n.case_no = o.case_no and n.lane_position > o.lane_position
        join manifest f on f.channel = n.channel and f.seq = n.manifest_seq where o.id in (${list(ids)}) and n.state = 'rendered' and f.state in ('prepared', 'carried')`);
      const claimed = later.rows.filter((r) => r['claimed_until'] !== null && Date.parse(instantText(r['claimed_until'])) > nowMs);
      const busy = new Set([...claimed, ...listed.rows].map((r) => String(r['id'])));
      const moved = await this.exchanges.move(
        runner, lines.filter((l) => !busy.has(l.id)).map((l) => ({ id: l.id, from: l.state, to: 'rendered' as const, note: 'sent-again', detail: `ordered while ${l.state}: the same bytes under the same name` })), { actor });
      // It leaves the manifest that listed it, and delivery has to look at the staging machine before it writes.
      if (moved.length > 0) await runner.run(sql`update exchange set manifest_seq = null, tried = case when tried < 1 then 1 else tried end where id in (${list(moved)})`);
      return new Set(moved);
    });
  }

  private async retryAll(lines: readonly ReplayLine[], actor: string): Promise<Map<ExchangeId, RetryLine>> {
    const done = new Map<ExchangeId, RetryLine>();
    if (lines.length === 0) return done;
    for await (const page of this.retry.perform({ filter: { ids: lines.map((l) => l.id), states: ['parked', 'refused'] }, render: false }, actor)) {
      for (const line of page) if (line.step.action !== 'none' && line.movedMeanwhile !== true) done.set(line.exchange.id, line);
    }
    return done;
  }

  private async again<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt === tries || !this.database.dialect.isTransient(error)) throw error;
      }
    }
  }

  private more(filter: ReplayFilter): Sql {
    let where = sql`1 = 1`;
    if (filter.manifestSeq !== undefined) where = sql`${where} and manifest_seq = ${filter.manifestSeq}`;
    const { window } = filter;
    if (window === undefined) return where;
    const at = (instant: Instant): unknown => this.database.dialect.value('instant', instant);
    const inside = (column: string): Sql => sql`${window.from === undefined ? sql`1 = 1` : sql`${raw(column)} >= ${at(window.from)}`} and ${window.to === undefined ? sql`1 = 1` : sql`${raw(column)} < ${at(window.to)}`}`;
    if (window.by === 'captured') return sql`${where} and ${inside('captured_at')}`;
    return sql`${where} and exists (select 1 from manifest f where f.channel = exchange.channel and f.seq = exchange.manifest_seq and ${inside('f.staged_at')})`;
  }

  /** Exchanges that are carried by hand, with their package. */
  private async packages(ids: readonly ExchangeId[]): Promise<Map<ExchangeId, string>> {
    const { rows } = await this.database.run(sql`select e.id, f.package_id from exchange e join manifest f on f.channel = e.channel and f.seq = e.manifest_seq
      where e.id in (${list(ids)}) and f.state = 'carried'`);
    return new Map(rows.map((r) => [String(r['id']), String(r['package_id'])]));
  }

  private async withoutBytes(ids: readonly ExchangeId[]): Promise<Set<ExchangeId>> {
    const { rows } = await this.database.run(sql`select e.id from exchange e where e.id in (${list(ids)}) and e.state in ('staged', 'picked_up')
      and not exists (select 1 from message m where m.exchange_id = e.id and m.pruned_at is null)`);
    return new Set(rows.map((r) => String(r['id'])));
  }

  private async newerSent(ids: readonly ExchangeId[]): Promise<Map<ExchangeId, { id: ExchangeId; version: number }>> {
    const { rows } = await this.database.run(sql`select o.id as old_id, n.id, n.version from exchange o join exchange n on n.channel = o.channel and n.case_no = o.case_no
      and n.event = o.event and n.sequence = o.sequence and n.version > o.version
      where o.id in (${list(ids)}) and o.state in ('staged', 'picked_up') and n.state not in (${list([...unsentStates, 'cancelled'])}) order by n.version`);
    return new Map(rows.map((r) => [String(r['old_id']), { id: String(r['id']), version: Number(r['version']) }]));
  }
}
