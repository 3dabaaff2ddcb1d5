import { throughStates, type ExchangeState } from '../domain/exchange-states.js';
import { isSkipped } from '../domain/lane-position.js';
import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, sql } from '../platform/database/sql.js';
import type { ExchangeStore } from './exchange.store.js';
import { planStandStill, type StandStillKind, type StandStillStep } from './plan-stand-still.js';
import { readUnderWay } from './under-way.store.js';

export interface StandStillLine {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly caseNo: CaseNo;
  readonly event: string;
  readonly version: number;
  readonly state: ExchangeState;
  readonly step: StandStillStep;
}

const notes = { hold: 'held', release: 'released', park: 'parked', skip: 'skipped-in-lane' } as const;

/** An administrator keeps exchanges back, lets them go, parks them, or lets their lane go on without them. */
export class StandStillStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    private readonly laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
  ) {}

  /** What it would do. At most 1000 ids. */
  plan(kind: StandStillKind, ids: readonly ExchangeId[]): Promise<StandStillLine[]> {
    return this.lines(this.database, kind, ids, false);
  }

  /** Does it, in one transaction in which everything is looked at again under lock. */
  async perform(kind: StandStillKind, ids: readonly ExchangeId[], reason: string, actor: string): Promise<StandStillLine[]> {
    return this.database.transaction(async (runner) => {
      const lines = await this.lines(runner, kind, ids, true);
      const can = lines.flatMap((l) => (l.step.action === 'move' ? [{ ...l, to: l.step.to }] : []));
      if (kind === 'skip') {
        await this.exchanges.skip(runner, can, { actor, reason });
        return lines;
      }
      const moved = new Set(await this.exchanges.move(runner, can.map((l) => ({
        id: l.id, from: l.state, to: l.to, note: notes[kind], ...(kind === 'park' ? { failureCode: 'parked-by-person', failureDetail: reason } : { detail: reason }),
      })), { actor }));
      // Locked above, so that all move; a move that did not take place would say so.
      return lines.map((l) => (l.step.action === 'move' && !moved.has(l.id) ? { ...l, step: { action: 'none' as const, why: 'it moved meanwhile' } } : l));
    });
  }

  private async lines(runner: Runner, kind: StandStillKind, ids: readonly ExchangeId[], lock: boolean): Promise<StandStillLine[]> {
    const found = await readUnderWay(this.database, runner, ids, { nowMs: this.clock.now().getTime(), lock });
    const behind = await this.behind(runner, ids);
    return found.map(({ exchange: e, claimed, manifest }) => ({
      id: e.id, channel: e.channel, caseNo: e.caseNo, event: e.event, version: e.version, state: e.state,
      step: planStandStill(kind, { state: e.state, parkedFrom: e.parkedFrom, claimed, manifest, skipped: isSkipped(e.lanePosition), laneRule: this.laneRules.get(e.channel) ?? 'accepted', behind: behind.get(e.id) ?? [] }),
    }));
  }

  private async behind(runner: Runner, ids: readonly ExchangeId[]): Promise<Map<ExchangeId, { id: ExchangeId; event: string }[]>> {
    const { rows } = await runner.run(sql`select e.id, n.id as next_id, n.event, n.state, n.channel, n.lane_position from exchange e join exchange n on n.channel = e.channel and n.case_no = e.case_no and n.lane_position > e.lane_position
      where e.id in (${list(ids)}) order by e.id, n.lane_position`);
    const out = new Map<ExchangeId, { id: ExchangeId; event: string }[]>();
    for (const r of rows) {
      if (throughStates(this.laneRules.get(String(r['channel'])) ?? 'accepted').includes(String(r['state']) as ExchangeState) || isSkipped(String(r['lane_position']))) continue;
      const known = out.get(String(r['id'])) ?? [];
      out.set(String(r['id']), [...known, { id: String(r['next_id']), event: String(r['event']) }]);
    }
    return out;
  }
}
