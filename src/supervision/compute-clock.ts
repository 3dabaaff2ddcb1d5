import type { CaseFacts, CaseOutcome, ClockLevel, ClockObject, ClockReading, Crossing, Limit, ObjectReading, Pause, ReadLimit } from '../domain/supervision-facts.js';
import { clockLevels } from '../domain/supervision-facts.js';
import type { Levels, RuleSet, RuleVersion, Threshold } from '../domain/supervision-rules.js';
import { judgePauses, secondOf, uniteStretches, type JudgedPause, type Stretch } from './judge-pauses.js';
import { dayOfSecond, dayText, secondOfDay, type Meter, type Meters } from './make-meters.js';
import { countUnits, findCrossing } from './measure-stretch.js';

/** The case as of one moment: what happens later has not happened yet. Seconds since 1970. */
export interface PresentCase {
  readonly acceptedAt?: number | undefined;
  readonly outcome?: CaseOutcome | undefined;
  readonly endedAt?: number | undefined;
  /** Gone from the bureau, however it had ended before. */
  readonly removedAt?: number | undefined;
  readonly pauses: readonly Pause[];
}

/** One thing to measure, as the rules see it. */
export interface Measured {
  readonly object: ClockObject;
  readonly sequence: string;
  readonly startsAt: number;
  readonly endedAt?: number | undefined;
  readonly because?: string | undefined;
  readonly limits: readonly MeasuredLimit[];
  readonly levels: Levels;
}

/** A limit with what it is measured by: counting begins at `from`, without what is suspended. */
export interface MeasuredLimit {
  readonly name: 'committed' | 'statutory';
  readonly limit: Limit;
  readonly meter: Meter;
  readonly from: number;
  readonly pauses: readonly JudgedPause[];
  readonly suspended: readonly Stretch[];
}

const iso = (second: number): string => new Date(second * 1000).toISOString();
/** The instant an axis position stands for: with whole days the beginning of the day that was counted last. */
const instantOf = (meter: Meter, x: number): number => (meter.axis === 'seconds' ? x : secondOfDay(x - 1));
/** Up to where is counted at a moment: with whole days the present one is included. */
export const boundOf = (meter: Meter, second: number): number => (meter.axis === 'seconds' ? second : dayOfSecond(second) + 1);

/** The version of a rule set that holds for a case: the one in force on the day of acceptance, or of application before that. */
export function ruleVersionOf(rules: RuleSet, facts: CaseFacts, nowMs: number): RuleVersion | undefined {
  const since = facts.acceptedAt ?? facts.appliedAt;
  const day = dayText(dayOfSecond(since === undefined ? Math.floor(nowMs / 1000) : secondOf(since)));
  return rules.versions.findLast((v) => v.from <= day);
}

/**
 * The clock of a case: how much of its limits is used at `nowMs` (epoch milliseconds), which levels are reached, and when the
 * next one will be. Computes only. Throws calendar-year-missing where a year that was lived through is not in the calendar.
 */
export function computeClock(facts: CaseFacts, rules: RuleSet, meters: Meters, nowMs: number): ClockReading {
  const now = Math.floor(nowMs / 1000);
  const base = { body: rules.body, calendarVersion: meters.calendar.version, at: iso(now) };
  const version = ruleVersionOf(rules, facts, nowMs);
  if (!version) return { ...base, ruleVersion: '', objects: [notMonitored('case', '1', 'no version of the rules was in force on its day')] };
  const present = presentCase(facts, now);
  const objects = measureObjects(facts, present, version, meters, now).map((m) => ('light' in m ? m : readObject(m, version, now)));
  const nexts = [...objects.flatMap((o) => (o.nextAt === undefined ? [] : [o.nextAt])), ...announced(facts, now)].sort();
  const openEnded = objects.some((o) => o.state !== 'closed' && o.state !== 'not-monitored');
  const reading: ClockReading = { ...base, ruleVersion: version.version, outcome: present.outcome, objects, nextAt: nexts[0] };
  const calendarEndsAt = iso(meters.endsAt);
  // Whatever is open must be looked at again where the calendar ends: by then somebody has brought the next year, or is told.
  return openEnded && (nexts[0] === undefined || nexts[0] > calendarEndsAt) && meters.endsAt > now ? { ...reading, nextAt: calendarEndsAt, calendarEndsAt } : reading;
}

/** What had happened by a moment. */
export function presentCase(facts: CaseFacts, now: number): PresentCase {
  const known = (instant: string | undefined): number | undefined => {
    const second = instant === undefined ? undefined : secondOf(instant);
    return second === undefined || second > now ? undefined : second;
  };
  const pauses = facts.pauses.flatMap((p): Pause[] => (known(p.from) === undefined ? [] : p.until !== undefined && known(p.until) === undefined ? [{ ...p, until: undefined }] : [p]));
  const acceptedAt = known(facts.acceptedAt);
  const [withdrawn, refused, closed, removed] = [known(facts.withdrawnAt), known(facts.refusedAt), known(facts.closedAt), known(facts.removedAt)];
  const closedAs: CaseOutcome = facts.result === 'VOID' ? 'void' : facts.result === 'RETURN' ? 'returned' : 'closed';
  const ended = (outcome: CaseOutcome, ...at: (number | undefined)[]): PresentCase => ({ acceptedAt, outcome, endedAt: Math.min(...at.filter((x) => x !== undefined)), removedAt: removed, pauses });
  // A withdrawal is written down as a closing too; the withdrawal is what it was.
  if (withdrawn !== undefined) return ended('withdrawn', withdrawn, closed);
  if (closed !== undefined) return ended(closedAs, closed);
  if (refused !== undefined) return ended('refused', refused);
  if (removed !== undefined) return ended('removed', removed);
  return { acceptedAt, pauses };
}

/** What the facts say of the future (clocks differ, dates are entered beforehand): it has to be looked at then. */
function announced(facts: CaseFacts, now: number): string[] {
  const all = [facts.acceptedAt, facts.refusedAt, facts.withdrawnAt, facts.closedAt, ...facts.pauses.flatMap((p) => [p.from, p.until]), ...facts.steps.flatMap((s) => [s.from, s.until])];
  return all.flatMap((x) => (x !== undefined && secondOf(x) > now ? [iso(secondOf(x))] : []));
}

const notMonitored = (object: ClockObject, sequence: string, because: string): ObjectReading => ({ object, sequence, state: 'not-monitored', light: 'none', because, limits: [], reached: [] });

/** Everything that the rules measure of a case, the case first; a reading at once where it is not monitored. */
export function measureObjects(facts: CaseFacts, present: PresentCase, rules: RuleVersion, meters: Meters, now: number): (Measured | ObjectReading)[] {
  return [measureCase(facts, present, rules, meters), ...specials(present, rules, meters, now), ...others(facts, present, rules, meters, now)];
}

function measureCase(facts: CaseFacts, present: PresentCase, rules: RuleVersion, meters: Meters): Measured | ObjectReading {
  const startsAt = present.acceptedAt;
  if (startsAt === undefined) return notMonitored('case', '1', present.outcome === undefined ? 'not accepted yet' : `${present.outcome} before it was accepted`);
  if (facts.limits?.committed?.unit === 'I' && !rules.immediate.monitored) return notMonitored('case', '1', 'immediate cases are not monitored under these rules');
  const limits = (['committed', 'statutory'] as const).flatMap((name) => {
    const limit = facts.limits?.[name];
    return limit && limit.length > 0 ? [measureLimit(name, limit, startsAt, { pauses: present.pauses, acceptedAt: startsAt }, rules, meters)] : [];
  });
  if (limits.length === 0) return notMonitored('case', '1', 'it has no limit');
  return { object: 'case', sequence: '1', startsAt, endedAt: present.endedAt === undefined ? undefined : Math.max(present.endedAt, startsAt), because: present.outcome, limits, levels: rules.case };
}

const noPauses = { pauses: [], acceptedAt: 0 };

function measureLimit(name: MeasuredLimit['name'], limit: Limit, startsAt: number, by: { pauses: readonly Pause[]; acceptedAt: number }, rules: RuleVersion, meters: Meters): MeasuredLimit {
  const { length, unit } = limit.unit === 'I' ? rules.immediate : { length: limit.length, unit: limit.unit };
  const meter = meters.of(rules.measure, unit);
  const from = meter.axis === 'seconds' ? startsAt : dayOfSecond(startsAt) + (rules.start === 'day-after' ? 1 : 0);
  const pauses = judgePauses(by.pauses, by.acceptedAt, rules, meter.axis, meters);
  return { name, limit: { length, unit }, meter, from, pauses, suspended: uniteStretches(pauses.filter((p) => p.suspends)) };
}

function specials(present: PresentCase, rules: RuleVersion, meters: Meters, now: number): (Measured | ObjectReading)[] {
  const levels = rules.special;
  if (!levels) return [];
  return present.pauses.filter((p) => p.kind === 'special').map((p): Measured | ObjectReading => {
    if (!p.approved || p.approved.length <= 0) return notMonitored('special', p.sequence, 'it has no approved length');
    const startsAt = secondOf(p.from);
    const runsOn = levels.runsOnAfterClose && present.outcome === 'closed';
    // Of a case that is gone from the bureau nobody can enter an end any more.
    const endedAt = earliest(startsAt, [p.until === undefined ? undefined : secondOf(p.until), runsOn ? present.removedAt : present.endedAt], now);
    return { object: 'special', sequence: p.sequence, startsAt, endedAt, limits: [measureLimit('committed', p.approved, startsAt, noPauses, rules, meters)], levels };
  });
}

/** The first of these that has happened, not before the start. */
function earliest(startsAt: number, ends: readonly (number | undefined)[], now: number): number | undefined {
  const known = ends.filter((x) => x !== undefined && x <= now) as number[];
  return known.length === 0 ? undefined : Math.max(startsAt, Math.min(...known));
}

function others(facts: CaseFacts, present: PresentCase, rules: RuleVersion, meters: Meters, now: number): Measured[] {
  const out: Measured[] = [];
  const { certificate, preAcceptance, steps } = rules;
  const { acceptedAt, endedAt } = present;
  if (certificate && present.outcome === 'closed' && facts.result === 'PASS' && endedAt !== undefined && !certificate.exceptItems.includes(facts.itemCode ?? '')) {
    // Its day is known, not its hour: the beginning of that day, so that nobody is late by what is not known.
    const issued = facts.certificateOn === undefined ? undefined : secondOfDay(Date.parse(`${facts.certificateOn}T00:00:00Z`) / 86_400_000);
    out.push({ object: 'certificate', sequence: '1', startsAt: endedAt, endedAt: earliest(endedAt, [issued, present.removedAt], now), limits: [measureLimit('committed', certificate, endedAt, noPauses, rules, meters)], levels: certificate });
  }
  const appliedAt = facts.appliedAt === undefined ? undefined : secondOf(facts.appliedAt);
  if (preAcceptance && appliedAt !== undefined && appliedAt <= now && preAcceptance.sources.includes(facts.source ?? '')) {
    const asked = present.pauses.filter((p) => p.kind === 'supplement').map((p) => secondOf(p.from));
    out.push({ object: 'pre-acceptance', sequence: '1', startsAt: appliedAt, endedAt: earliest(appliedAt, [acceptedAt, endedAt, ...asked], now), limits: [measureLimit('committed', preAcceptance, appliedAt, noPauses, rules, meters)], levels: preAcceptance });
  }
  for (const step of steps && acceptedAt !== undefined ? facts.steps : []) {
    const limit = steps!.limits.find((l) => l.stage === step.stage);
    const startsAt = secondOf(step.from);
    if (!limit || startsAt > now) continue;
    const until = step.until === undefined ? undefined : secondOf(step.until);
    out.push({ object: 'step', sequence: step.sequence, startsAt, endedAt: earliest(startsAt, [until, endedAt], now), limits: [measureLimit('committed', limit, startsAt, { pauses: present.pauses, acceptedAt: acceptedAt! }, rules, meters)], levels: steps! });
  }
  return out;
}

function readObject(m: Measured, rules: RuleVersion, now: number): ObjectReading {
  const until = Math.min(now, m.endedAt ?? now);
  const limits = m.limits.map((l): ReadLimit => {
    const used = Math.ceil(countUnits(l.meter, l.from, boundOf(l.meter, until), l.suspended) / l.meter.size);
    return { name: l.name, limit: l.limit, used, remaining: l.limit.length - used, dueAt: dueAt(l) };
  });
  const crossings = crossingsOf(m, rules);
  const reached = crossings.filter((c) => c.second <= until && !(m.endedAt !== undefined && c.level === 'warning' && !rules.warnAfterClose));
  const carded = m.because === undefined || !(rules.notCarded as readonly string[]).includes(m.because);
  const level = carded ? reached.at(-1)?.level : undefined;
  const common = {
    object: m.object, sequence: m.sequence, startsAt: iso(m.startsAt), limits, level,
    reached: carded ? reached.map(({ level: l, limit, second }): Crossing => ({ level: l, limit, at: iso(second) })) : [],
  };
  if (m.endedAt !== undefined) return { ...common, state: 'closed', light: 'none', because: m.because, endedAt: iso(m.endedAt) };
  const { meter, suspended, pauses } = m.limits[0]!;
  const place = meter.axis === 'seconds' ? now : dayOfSecond(now);
  // A day may be suspended as a whole although what suspended it is over; the light then shows that it is over.
  const standing = pauses.some((p) => p.suspends && p.from <= place && place < p.until && (p.pause.until === undefined || secondOf(p.pause.until) > now));
  const paused = standing && level !== 'yellow' && level !== 'red';
  const stretch = paused ? suspended.find((s) => s.from <= place && place < s.until) : undefined;
  const ends = stretch && Number.isFinite(stretch.until) ? [meter.axis === 'seconds' ? stretch.until : secondOfDay(stretch.until)] : [];
  const next = [...crossings.filter((c) => c.second > now && Number.isFinite(c.second)).map((c) => c.second), ...ends].sort((a, b) => a - b)[0];
  return {
    ...common, state: paused ? 'suspended' : (level ?? 'green'), nextAt: next === undefined ? undefined : iso(next),
    light: paused ? 'grey' : level === undefined ? 'green' : level === 'warning' || (level === 'yellow' && !isOver(m.levels.yellow)) ? 'yellow' : 'red',
  };
}

const isOver = (t: Threshold | undefined): boolean => t !== undefined && 'overBy' in t;

function dueAt(l: MeasuredLimit): string | undefined {
  const x = findCrossing(l.meter, l.from, l.suspended, l.limit.length * l.meter.size - 1);
  if (x === undefined || !Number.isFinite(x)) return undefined;
  return iso(l.meter.axis === 'seconds' ? x : secondOfDay(x) - 1);
}

/** When each level is reached as things stand, in the order of their weight; a level that no known day reaches is left out. */
export function crossingsOf(m: Measured, rules: RuleVersion): { level: ClockLevel; limit: 'committed' | 'statutory'; second: number }[] {
  return clockLevels.flatMap((level) => {
    const threshold = m.levels[level];
    const l = threshold && m.limits.find((x) => x.name === threshold.limit);
    if (!threshold || !l) return [];
    const target = targetOf(threshold, l.limit, l.meter.size, rules);
    const x = findCrossing(l.meter, l.from, l.suspended, target);
    if (x === undefined) return [];
    return [{ level, limit: l.name, second: target < 0 ? m.startsAt : Number.isFinite(x) ? Math.max(m.startsAt, instantOf(l.meter, x)) : Infinity }];
  });
}

/** The level is reached as soon as more units than this are counted; rounding up to whole days is in it. */
function targetOf(threshold: Threshold, limit: Limit, size: number, rules: RuleVersion): number {
  if ('remainingAtMost' in threshold) return (limit.length - (limit.unit === 'H' ? threshold.remainingAtMost.hours : threshold.remainingAtMost.days) - 1) * size;
  if ('usedShare' in threshold) return Math.ceil(limit.length * threshold.usedShare * size) - 1;
  return (limit.length + threshold.overBy) * size - (rules.remainingZeroIsOver ? 1 : 0);
}
