import { createHash } from 'node:crypto';
import { alarmWords } from '../domain/alarm-words.js';
import type { ClockJudge } from '../domain/supervision-cards.js';
import type { CaseFacts, ClockLevel } from '../domain/supervision-facts.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { Instant } from '../domain/vocabulary.js';
import { WorkingCalendar, type CalendarTable } from '../domain/working-calendar.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { BreachStore } from '../ledger/breach.store.js';
import type { CardStore } from '../ledger/card.store.js';
import { FactsMoved, type ClockStore, type KnownFacts } from '../ledger/clock.store.js';
import type { ReportStore } from '../ledger/report.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { deriveFacts } from './derive-facts.js';
import { judgeBreach } from './judge-breach.js';
import { makeJudge } from './judge-case.js';
import type { Supervision } from './load-supervision.adapter.js';
import { makeMeters, type Meters } from './make-meters.js';

export interface SupervisionSettings {
  /** Bodies whose clocks are kept; rule sets of that name exist. */
  readonly bodies: readonly string[];
  /** How long a card waits before it is asked again whether the capture knows its moment. */
  readonly askAgainMs: number;
  /** Rows in one transaction. */
  readonly batch: number;
  /** Levels whose cards are told to people. */
  readonly notify: readonly ClockLevel[];
  readonly stream: string;
}

export interface SupervisionParts {
  readonly store: ClockStore;
  readonly cards: CardStore;
  /** Where charges are reconciled. */
  readonly breaches?: BreachStore | undefined;
  /** Looks through everything for what supervising bodies were never told; none where no channel tells them. */
  readonly reports?: Pick<ReportStore, 'sweep'> | undefined;
  readonly alarms: AlarmStore;
  readonly supervision: Supervision;
  readonly calendar: CalendarTable;
  /** The calendar at this moment, where local days may be decided while it runs; `calendar` otherwise. */
  readonly inForce?: (() => Promise<CalendarTable>) | undefined;
  readonly settings: SupervisionSettings;
  readonly clock: Clock;
  readonly log: GatewayLog;
}

/** More new cards than this are told as one. */
const toldEach = 20;
const toldForMs = 24 * 3_600_000;

export interface SupervisionRound {
  readonly followed: number;
  readonly due: number;
  readonly recomputed: number;
  readonly cards: number;
}

/**
 * Follows the recorded snapshots, keeps the clock of every case and issues cards. Nothing is searched for: an event brings its
 * snapshot, a crossing stands in an index, a new calendar or rule set is walked through once.
 */
export class SupervisionPoller {
  private calendar: CalendarTable;
  private meters: Meters;
  private readonly since: Instant;

  constructor(private readonly parts: SupervisionParts) {
    this.calendar = parts.calendar;
    this.meters = makeMeters(new WorkingCalendar(parts.calendar));
    this.since = parts.clock.iso();
  }

  /** Names what the clocks are computed by; another one has all of them computed anew. */
  private get stamp(): string {
    return createHash('sha256').update(JSON.stringify([this.calendar.version, this.parts.supervision.digest, this.parts.settings.bodies])).digest('hex').slice(0, 40);
  }

  /** One round; `goOn` prolongs the lease, false means another process took over. */
  async look(goOn: () => Promise<boolean>): Promise<SupervisionRound> {
    const { store, settings } = this.parts;
    const total = { followed: 0, due: 0, recomputed: 0, cards: 0 };
    const { judge, patient, known } = await this.judges();
    try {
      for (;;) {
        const step = await this.follow(judge, patient);
        total.followed += step.followed;
        total.cards += step.cards;
        if (step.followed < settings.batch) break;
        // What is not followed yet may be the suspension that forbids a card: nothing is judged by time before.
        if (!(await goOn())) return total;
      }
      for (;;) {
        const step = await this.followRemovals(judge);
        total.cards += step.cards;
        if (step.removed < settings.batch) break;
        if (!(await goOn())) return total;
      }
      for (;;) {
        const step = await store.recomputeAll(judge, this.stamp, settings.batch);
        total.recomputed += step.seen;
        total.cards += step.cards;
        if (!step.left || !(await goOn())) break;
      }
      for (;;) {
        const step = await store.recomputeDue(judge, settings.batch);
        total.due += step.due;
        total.cards += step.cards;
        if (step.due < settings.batch || !(await goOn())) break;
      }
      total.cards += await this.followBreaches(judge);
      await this.sweepReports(known, goOn);
      await this.tellCards();
    } catch (error) {
      if (!(error instanceof FactsMoved)) throw error;
    }
    if (total.cards > 0) this.parts.log.info(total, 'cards were issued');
    return total;
  }

  /** Charges outside the tariff, where the rules of a body supervise them; nothing is asked for otherwise. */
  private async followBreaches(judge: ClockJudge): Promise<number> {
    const { store, breaches, supervision, settings, clock } = this.parts;
    const bodies = judge.bodies.filter((b) => supervision.rules.get(b)?.versions.some((v) => v.charges !== undefined));
    if (breaches === undefined || bodies.length === 0) return 0;
    const { beganAt } = await store.position();
    let cards = 0;
    for (;;) {
      const { version, breaches: found } = await breaches.after(settings.stream, beganAt, settings.batch);
      const last = found.at(-1);
      if (last === undefined) break;
      const subjects = await store.subjectsOf(settings.stream, bodies, found.map((b) => b.caseNo));
      const due = found.flatMap((b) => subjects.filter((s) => s.caseNo === b.caseNo).flatMap((subject) => {
        const card = judgeBreach(b, subject.facts, supervision.rules.get(subject.body)!, this.meters.calendar.version, clock.iso());
        return card === undefined ? [] : [{ subject, card }];
      }));
      cards += await breaches.issue(due, { version, position: last.differenceId });
      if (found.length < settings.batch) break;
    }
    await breaches.examine(settings.batch);
    return cards;
  }

  /** Only once everything that was in the bureau is known: a restored ledger would tell what is long overtaken. */
  private async sweepReports(known: Instant | undefined, goOn: () => Promise<boolean>): Promise<void> {
    const { reports, settings } = this.parts;
    if (reports === undefined || known === undefined || known < this.since) return;
    while ((await reports.sweep(settings.batch)).left && (await goOn()));
  }

  /** The arithmetic with what is known at this moment; the patient one issues no card, and has each that it would looked at again at once. */
  async judges(): Promise<{ judge: ClockJudge; patient: ClockJudge; known: Instant | undefined }> {
    const { store, supervision, settings, inForce } = this.parts;
    const calendar = await inForce?.();
    if (calendar && calendar.version !== this.calendar.version) {
      this.calendar = calendar;
      this.meters = makeMeters(new WorkingCalendar(calendar));
    }
    // Asked before the snapshots are followed: all that was known by then is among them.
    const known = await store.knownUntil(settings.stream);
    const { beganAt } = await store.position();
    const by = { rules: supervision.rules, meters: this.meters, bodies: settings.bodies, beganAt };
    return {
      known,
      judge: makeJudge({ ...by, waitMs: settings.askAgainMs, knownUntil: (stream) => (stream === settings.stream ? known : undefined) }),
      patient: makeJudge({ ...by, waitMs: 0, knownUntil: () => undefined }),
    };
  }

  private async follow(judge: ClockJudge, patient: ClockJudge): Promise<{ followed: number; cards: number }> {
    const { store, settings } = this.parts;
    const { position, version } = await store.position();
    const rows = await store.snapshotsAfter(position, settings.batch);
    if (rows.length === 0) return { followed: 0, cards: 0 };
    const known = rows.flatMap((row): KnownFacts[] => {
      // A pruned snapshot has no body; what it said was followed when it was recorded, or is settled for years.
      if (row.stream !== settings.stream || row.body === '') return [];
      const facts = deriveFacts(JSON.parse(row.body) as CaseSnapshot, this.parts.supervision.limits);
      return [{ stream: row.stream, caseNo: row.caseNo, snapshotId: row.id, knownAt: row.takenAt, facts, digest: digestOf(facts) }];
    });
    // Behind a full batch there may be more of the same cases.
    const { cards } = await store.record(known, rows.length < settings.batch ? judge : patient, { version, position: rows.at(-1)!.id });
    return { followed: rows.length, cards };
  }

  private async followRemovals(judge: ClockJudge): Promise<{ removed: number; cards: number }> {
    const { store, settings } = this.parts;
    const removed = await store.removedCases(judge.bodies, settings.batch);
    if (removed.length === 0) return { removed: 0, cards: 0 };
    const { cards } = await store.record(removed.map((r): KnownFacts => {
      const facts: CaseFacts = { ...r.facts, removedAt: r.removedAt };
      return { stream: r.stream, caseNo: r.caseNo, snapshotId: r.snapshotId, knownAt: r.removedAt, facts, digest: digestOf(facts) };
    }), judge);
    return { removed: removed.length, cards };
  }

  /** A card is told before it is marked as told: told twice at the worst, under the same key, which says it once. */
  private async tellCards(): Promise<void> {
    const { cards, alarms, settings } = this.parts;
    for (let fresh = await cards.unnotified(500); fresh.length > 0; fresh = await cards.unnotified(500)) {
      const told = fresh.filter((c) => settings.notify.includes(c.level));
      if (told.length <= toldEach) {
        for (const c of told) await alarms.raise(`card:${c.id}`, 'card-issued', alarmWords['card-issued']({ cards: [c] }), { en: `gateway clock ${c.caseNo} shows the arithmetic; gateway cards ${c.id} what can be done`, zh: `请用 gateway clock ${c.caseNo} 核对时限计算，用 gateway cards ${c.id} 处理` }, { severity: c.level === 'red' ? 'critical' : 'warning', forMs: toldForMs });
      } else {
        await alarms.raise(`cards:${told[0]!.id}-${told.at(-1)!.id}`, 'card-issued', alarmWords['card-issued']({ cards: told }), { en: 'gateway cards --open lists them', zh: '请用 gateway cards --open 查看' }, { severity: told.some((c) => c.level === 'red') ? 'critical' : 'warning', forMs: toldForMs });
      }
      await cards.markNotified(fresh.map((c) => c.id));
    }
  }
}

const digestOf = (facts: CaseFacts): string => createHash('sha256').update(JSON.stringify(facts)).digest('hex');
