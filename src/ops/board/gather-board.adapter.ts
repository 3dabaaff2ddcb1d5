import type { Board, BoardCase, BoardCases, BoardQuery, Trends } from '../../domain/ops-board-api.js';
import { GatewayFailure } from '../../domain/failures.js';
import type { CaseSnapshot } from '../../domain/snapshot.js';
import type { RuleSet } from '../../domain/supervision-rules.js';
import type { BoardFilter, BoardPlace, BoardStore, KeptClock, PlaceCount } from '../../ledger/board.store.js';
import type { CardViewStore } from '../../ledger/card-view.store.js';
import type { Clock } from '../../platform/clock.js';
import { computeClock } from '../../supervision/compute-clock.js';
import { countStreak, monthsUpTo } from './count-streak.js';
import { groupPlaces } from './group-places.js';
import type { BoardRules } from './supervision-rules.adapter.js';

interface BoardParts {
  readonly rules: BoardRules;
  readonly store: BoardStore;
  readonly cards: CardViewStore;
  readonly clock: Clock;
}
interface Counted {
  readonly places: readonly PlaceCount[];
  readonly untold: number;
  readonly streak: Board['streak'];
  readonly cards: Board['cards'];
}

/** One look at the ledger serves everybody who looks within this. */
const freshMs = 3_000;
/** Months that are over change only by late entries. */
const trendsFreshMs = 60_000;

/** Lights of all open cases, and the cases themselves with their clocks as of now. */
export class BoardView {
  private readonly counted = new Map<string, { atMs: number; value: Promise<Counted> }>();
  private readonly trended = new Map<string, { atMs: number; value: Promise<Trends> }>();
  private readonly titles = new Map<string, string>();

  constructor(private readonly parts: BoardParts) {}

  async board(q: BoardQuery): Promise<Board> {
    const rules = this.parts.rules.of(q.body);
    const nowMs = this.now();
    const { places, ...counted } = await this.once(this.counted, rules.body, freshMs, () => this.count(rules.body, nowMs));
    const groups = groupPlaces(places, q);
    const items = await Promise.all(groups.items.map(async (g) => ({ ...g, title: await this.titleOf(rules.body, g.key) })));
    return { at: new Date(nowMs).toISOString(), body: rules.body, bodies: this.parts.rules.bodies, ...groups, items, ...counted };
  }

  /** Somebody decided about a card: the next look counts anew. */
  forget(): void {
    this.counted.clear();
  }

  async cases(filter: Omit<BoardFilter, 'body' | 'cases'> & { readonly body?: string | undefined; readonly casePrefix?: string | undefined }, after: string | undefined, limit: number): Promise<BoardCases> {
    const rules = this.parts.rules.of(filter.body);
    const { casePrefix, ...rest } = filter;
    const found = await this.parts.store.soonest({ ...rest, body: rules.body, ...(casePrefix === undefined ? {} : { cases: { stream: this.parts.rules.stream, prefix: casePrefix } }) }, placeOf(after), limit + 1);
    const nowMs = this.now();
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return { at: new Date(nowMs).toISOString(), cases: shown.map((k) => this.line(k, rules, nowMs)), ...(found.length > limit && last ? { next: `${last.dueAt ?? ''}_${last.id}` } : {}) };
  }

  trends(body: string | undefined, count: number): Promise<Trends> {
    const rules = this.parts.rules.of(body);
    return this.once(this.trended, `${rules.body} ${count}`, trendsFreshMs, async () => {
      const months = monthsUpTo(this.now(), count);
      return { body: rules.body, months: await Promise.all(months.map(async (m) => ({ month: m.month, ...(await this.parts.store.closedBetween(rules.body, m.from, m.until)) }))) };
    });
  }

  /** Kept clocks change at crossings only; what is used of a limit changes every day, so it is read anew. */
  private line(k: KeptClock, rules: RuleSet, nowMs: number): BoardCase {
    const { facts } = k;
    const base = { caseNo: k.caseNo, itemCode: facts.itemCode, section: facts.section, office: facts.office, acceptedAt: facts.acceptedAt };
    try {
      const o = computeClock(facts, rules, this.parts.rules.meters, nowMs).objects[0]!;
      const limit = o.limits[0];
      return { ...base, state: o.state, light: o.light, level: o.level, used: limit?.used, limit: limit?.limit.length, unit: limit?.limit.unit, remaining: limit?.remaining, dueAt: limit?.dueAt, nextAt: o.nextAt };
    } catch (error) {
      if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') return { ...base, state: 'not-monitored', light: 'none' };
      throw error;
    }
  }

  private async count(body: string, nowMs: number): Promise<Counted> {
    const { store, cards } = this.parts;
    const [places, untold, overdue, beganAt, waiting, valid] = await Promise.all([store.places(body), store.untold(body), store.overdue(body), store.beganAt(), cards.waiting(body), cards.valid(body)]);
    return { places, untold, streak: countStreak(overdue.now, overdue.last, beganAt, nowMs), cards: { ...waiting, valid } };
  }

  private async titleOf(body: string, item: string): Promise<string | undefined> {
    if (item === '') return undefined;
    const known = this.titles.get(item);
    if (known !== undefined) return known === '' ? undefined : known;
    const text = await this.parts.store.snapshotOfItem(body, item);
    const title = text === undefined || text === '' ? undefined : ((JSON.parse(text) as CaseSnapshot).case['item_name'] ?? undefined);
    this.titles.set(item, title ?? '');
    return title;
  }

  private once<T>(kept: Map<string, { atMs: number; value: Promise<T> }>, key: string, forMs: number, make: () => Promise<T>): Promise<T> {
    const nowMs = this.now();
    const known = kept.get(key);
    if (known && nowMs >= known.atMs && nowMs - known.atMs < forMs) return known.value;
    const value = make();
    kept.set(key, { atMs: nowMs, value });
    value.catch(() => { kept.delete(key); });
    return value;
  }

  private now(): number {
    return this.parts.clock.now().getTime();
  }
}

function placeOf(after: string | undefined): BoardPlace | undefined {
  if (after === undefined) return undefined;
  const [dueAt, id] = after.split('_') as [string, string];
  return { id, ...(dueAt === '' ? {} : { dueAt }) };
}
