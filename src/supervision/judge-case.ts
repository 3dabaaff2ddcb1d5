import type { ClockJudge, ClockSubject, DueCard, ExaminedCard, JudgedClock, StoredCard } from '../domain/supervision-cards.js';
import type { CaseFacts, ClockReading, ObjectReading } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import { GatewayFailure } from '../domain/failures.js';
import type { Instant } from '../domain/vocabulary.js';
import { computeClock } from './compute-clock.js';
import { explainClock } from './explain-clock.js';
import type { Meters } from './make-meters.js';

export interface JudgeRules {
  readonly rules: ReadonlyMap<string, RuleSet>;
  readonly meters: Meters;
  /** Bodies whose clocks are kept. */
  readonly bodies: readonly string[];
  /** What ended before gets no card, a case or a part of it: nobody supervised it then. */
  readonly beganAt: Instant;
  /** Up to when nothing of a stream can be unknown; undefined where that cannot be said. */
  readonly knownUntil: (stream: string) => Instant | undefined;
  /** How long until a card that waits for the capture is looked at again. */
  readonly waitMs: number;
}

/** The arithmetic as the ledger's stores want it. */
export function makeJudge(by: JudgeRules): ClockJudge {
  return {
    bodies: by.bodies,
    judge: (subject, now) => judgeCase(subject, now, by),
    examine: (subject, card) => examineCard(subject, card, by),
  };
}

/**
 * The clock of a case with the cards that are due. A card is due only when everything that was in the bureau at its moment is
 * known here: what is on its way may be the suspension that forbids it. Until then it waits.
 */
function judgeCase(subject: ClockSubject, now: Instant, by: JudgeRules): JudgedClock {
  const { facts } = subject;
  const rules = by.rules.get(subject.body)!;
  let reading: ClockReading;
  try {
    reading = computeClock(facts, rules, by.meters, Date.parse(now));
  } catch (error) {
    // Without the year nothing can be said: no card, and no light that might be wrong. A new calendar recomputes everything.
    if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') return { state: 'not-monitored', light: 'none', live: true, faultCode: error.code, cards: [] };
    throw error;
  }
  const known = by.knownUntil(subject.stream) ?? '';
  const ends = [facts.closedAt, facts.withdrawnAt, facts.refusedAt, facts.removedAt].filter((x) => x !== undefined).sort();
  const caseEnd = reading.outcome === undefined ? undefined : ends[0];
  const supervised = (endedAt: Instant | undefined): boolean => endedAt === undefined || endedAt >= by.beganAt;
  const reached = supervised(caseEnd) ? reading.objects.filter((o) => supervised(o.endedAt)).flatMap((o) => o.reached.map((c) => ({ o, c }))) : [];
  const due = reached.filter(({ c }) => c.at <= known);
  const waits = due.length < reached.length ? new Date(Date.parse(now) + by.waitMs).toISOString() : undefined;
  const [first] = reading.objects;
  const limit = first!.limits[0];
  return {
    state: first!.state, level: first!.level, light: first!.light, used: limit?.used, remaining: limit?.remaining, dueAt: limit?.dueAt, outcome: reading.outcome, endedAt: first!.endedAt,
    nextAt: [waits, reading.nextAt].filter((x) => x !== undefined).sort()[0],
    live: reading.nextAt !== undefined || reading.objects.some((o) => o.state !== 'closed' && o.state !== 'not-monitored') || reading.outcome === undefined,
    cards: due.map(({ o, c }): DueCard => ({ object: o.object, sequence: o.sequence, level: c.level, crossedAt: c.at, limits: tellLimits(o), used: o.limits[0]!.used, evidence: evidenceOf(facts, o, reading, rules, by.meters, now) })),
  };
}

const tellLimits = (o: ObjectReading): string => o.limits.map((l) => `${l.limit.length} ${l.limit.unit} ${l.name}`).join(', ');

function evidenceOf(facts: CaseFacts, o: ObjectReading, reading: ClockReading, rules: RuleSet, meters: Meters, now: Instant): string {
  const arithmetic = explainClock(facts, rules, meters, Date.parse(now)).find((e) => e.object === o.object && e.sequence === o.sequence);
  return JSON.stringify({ at: now, ruleVersion: reading.ruleVersion, calendarVersion: reading.calendarVersion, facts, reading: o, lines: arithmetic?.lines ?? [] });
}

/** Whether a card would be issued for its own moment with what is known today. */
function examineCard(subject: ClockSubject, card: StoredCard, by: JudgeRules): ExaminedCard {
  // A charge is no matter of time; whether it still breaks the tariff is asked where that is known.
  if (card.object === 'charge') return { stands: card.stands, note: '' };
  let reading: ClockReading;
  try {
    reading = computeClock(subject.facts, by.rules.get(subject.body)!, by.meters, Date.parse(card.issuedAt));
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') return { stands: true, note: 'cannot be examined: the calendar lacks the year' };
    throw error;
  }
  const object = reading.objects.find((o) => o.object === card.object && o.sequence === card.sequence);
  const stands = object?.reached.some((c) => c.level === card.level) === true;
  const used = object?.limits.map((l) => `${l.used} of ${l.limit.length} ${l.limit.unit}`).join(', ') ?? '';
  const told = object === undefined ? 'what it was issued for is not there any more' : `${object.state}${used === '' ? '' : `, used ${used}`}${object.because === undefined ? '' : ` (${object.because})`}`;
  return { stands, note: `with what is known today the moment of the card reads: ${told}; ${stands ? 'it would be issued' : 'it would not be issued'}` };
}
