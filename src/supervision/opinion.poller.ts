import { alarmWords } from '../domain/alarm-words.js';
import { WorkingCalendar, type CalendarTable } from '../domain/working-calendar.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { CardRow, CardStore } from '../ledger/card.store.js';
import type { CaseTimelineStore } from '../ledger/case-timeline.store.js';
import type { ClockStore } from '../ledger/clock.store.js';
import type { DueComparison, OpinionStore } from '../ledger/opinion.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { compareOpinions, type OwnCard } from './compare-opinions.js';
import type { OwnCount } from './explain-opinion.js';
import type { Supervision } from './load-supervision.adapter.js';
import { makeMeters, type Meters } from './make-meters.js';
import { plainCalendar } from './plain-calendar.js';

export interface OpinionParts {
  readonly opinions: OpinionStore;
  readonly store: Pick<ClockStore, 'factsOf'>;
  readonly cards: Pick<CardStore, 'find' | 'history'>;
  readonly timeline: Pick<CaseTimelineStore, 'ofCase'>;
  readonly alarms: Pick<AlarmStore, 'raise'>;
  readonly supervision: Supervision;
  readonly calendar: CalendarTable;
  /** The calendar at this moment, where local days may be decided while it runs; `calendar` otherwise. */
  readonly inForce?: (() => Promise<CalendarTable>) | undefined;
  readonly settings: { readonly stream: string; readonly batch: number };
  readonly clock: Clock;
  readonly log: GatewayLog;
}

/** Cards and opinions of one case that are compared at the most. */
const ofOneCase = 500;
/** Cards that are older when a list comes are not asked for in it. */
const listReachMs = 60 * 86_400_000;
/** A difference is looked at again after this long. */
const freshForMs = 3_600_000;
/** Open queries are told for so long, and told again after half of it. */
const toldForMs = 2 * 3_600_000;

/**
 * Compares what the supervising side says with our own judgement.
 * Enters as: cases whose cards, clocks or opinions changed. Leaves as: differences with their reasons, an alarm for queries that
 * nobody answered. Can fail with: nothing of its own. If run twice: the same facts give the same differences.
 */
export class OpinionPoller {
  private calendar: CalendarTable;
  private meters: Meters;
  private plainMeters: Meters;
  /** The newest list of each channel that was looked through. */
  private readonly listed = new Map<ChannelName, string>();
  private told: { readonly open: string; readonly atMs: number } | undefined;

  constructor(private readonly parts: OpinionParts) {
    this.calendar = parts.calendar;
    this.meters = makeMeters(new WorkingCalendar(parts.calendar));
    this.plainMeters = makeMeters(plainCalendar(parts.calendar));
  }

  /** One round; gives how many cases were compared. */
  async look(goOn: () => Promise<boolean>): Promise<number> {
    const { opinions, settings, clock, log, inForce } = this.parts;
    const calendar = await inForce?.();
    if (calendar && calendar.version !== this.calendar.version) {
      this.calendar = calendar;
      [this.meters, this.plainMeters] = [makeMeters(new WorkingCalendar(calendar)), makeMeters(plainCalendar(calendar))];
    }
    for (const channel of opinions.bodies.keys()) await this.followLists(channel);
    await opinions.refreshComparisons(new Date(clock.now().getTime() - freshForMs).toISOString());
    let compared = 0;
    for (let due = await opinions.dueComparisons(settings.batch); due.length > 0; due = await opinions.dueComparisons(settings.batch)) {
      const made: (DueComparison & { differences: ReturnType<typeof compareOpinions> })[] = [];
      for (const one of due) made.push({ ...one, differences: await this.compare(one) });
      await opinions.recordComparisons(made);
      compared += made.length;
      const differing = made.filter((m) => m.differences.length > 0).length;
      log.info({ compared: made.length, differing }, 'compared with the supervising side');
      if (!(await goOn())) break;
    }
    await this.tellQueries();
    return compared;
  }

  private async followLists(channel: ChannelName): Promise<void> {
    const day = await this.parts.opinions.listedUntil(channel);
    if (day === undefined || this.listed.get(channel) === day) return;
    const until = listBegins(day);
    await this.parts.opinions.wantListed(channel, new Date(Date.parse(until) - listReachMs).toISOString(), until);
    this.listed.set(channel, day);
  }

  private async compare({ channel, caseNo, body }: DueComparison): Promise<ReturnType<typeof compareOpinions>> {
    const { opinions, store, cards, timeline, supervision, settings } = this.parts;
    const rules = supervision.rules.get(body);
    if (!rules) return [];
    const facts = await store.factsOf(settings.stream, caseNo, body);
    const day = await opinions.listedUntil(channel);
    const reported = (await timeline.ofCase(settings.stream, caseNo)).filter((e) => e.channel === channel);
    const ours: OwnCount | undefined = facts && { facts, rules, meters: this.meters, plainMeters: this.plainMeters, reported };
    const own = (await cards.find({ caseNo }, ofOneCase)).filter((c) => c.body === body);
    return compareOpinions({ ours, cards: await this.ownCards(own), opinions: await opinions.opinions({ caseNo, channel }, ofOneCase), listedUntil: day === undefined ? undefined : listBegins(day) });
  }

  private async ownCards(rows: readonly CardRow[]): Promise<OwnCard[]> {
    return Promise.all(rows.map(async (c): Promise<OwnCard> => ({
      id: c.id, object: c.object, sequence: c.sequence, level: c.level, state: c.state, crossedAt: c.crossedAt, limits: c.limits, used: c.used,
      revokedAt: c.state === 'revoked' ? (await this.parts.cards.history(c.id))?.log.findLast((l) => l.to === 'revoked' && l.from !== 'revoked')?.at : undefined,
    })));
  }

  private async tellQueries(): Promise<void> {
    const { opinions, alarms, clock } = this.parts;
    if (opinions.bodies.size === 0) return;
    const open = await opinions.queries({ open: true }, 100);
    const seen = open.map((q) => q.id).join();
    const nowMs = clock.now().getTime();
    if (open.length === 0 || (this.told?.open === seen && nowMs - this.told.atMs < toldForMs / 2)) return;
    const first = open.map((q) => q.answerBy).filter((x) => x !== undefined).sort()[0];
    await alarms.raise('queries-open', 'query-open', alarmWords['query-open']({ count: open.length, shown: open.slice(0, 5).map((q) => ({ no: q.theirNo, caseNo: q.caseNo })), answerBy: first }), undefined, { forMs: toldForMs });
    this.told = { open: seen, atMs: nowMs };
  }
}

/** Whatever they judged before the day of a list began stands in it: they judge at night. */
const listBegins = (day: string): string => new Date(Date.parse(`${day}T00:00:00+08:00`)).toISOString();

