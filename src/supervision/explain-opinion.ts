import { bureauTime } from '../domain/bureau-time.js';
import { GatewayFailure } from '../domain/failures.js';
import type { CaseFacts, CaseLimits, ClockLevel, ClockObject, Limit, ObjectReading } from '../domain/supervision-facts.js';
import type { OpinionReason } from '../domain/supervision-opinion.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import type { Instant } from '../domain/vocabulary.js';
import { boundOf, computeClock, measureObjects, presentCase, ruleVersionOf } from './compute-clock.js';
import { knownTo, type ReportedEvent } from './judge-delays.js';
import { dayOfSecond, secondOfDay, type Meters } from './make-meters.js';
import { countUnits } from './measure-stretch.js';

/** What we count by. */
export interface OwnCount {
  readonly facts: CaseFacts;
  readonly rules: RuleSet;
  readonly meters: Meters;
  /** The same hours on every Monday to Friday: what a body without our calendar counts. */
  readonly plainMeters: Meters;
  /** What was reported to the supervising side, and when it accepted it. */
  readonly reported: readonly ReportedEvent[];
}

/** What they say of one object at one moment; no level: they have no card. */
export interface TheirCount {
  readonly object: ClockObject;
  readonly sequence: string;
  readonly at: Instant;
  readonly level: ClockLevel | undefined;
  readonly used?: number | undefined;
  readonly committed?: number | undefined;
  readonly statutory?: number | undefined;
  readonly startsAt?: Instant | undefined;
}

/** One thing that may be otherwise with them; where several give the same, the first of them is named. */
const changes = ['known', 'calendar', 'rounding', 'ignored', 'day-after'] as const;
type Change = (typeof changes)[number];

const local = (at: Instant | undefined): string => (at === undefined ? '-' : bureauTime(at).slice(0, 19));
const reason = (code: OpinionReason['reason'], details: OpinionReason['details'] = {}): OpinionReason => ({ reason: code, details });

/**
 * Why they come to another result than we: our way of counting is tried with one thing changed, then with two and three, until it
 * gives what they say. What they say of limits and start themselves is taken as it is. A reason that changes nothing is not named.
 */
export function explainOpinion(ours: OwnCount, theirs: TheirCount): OpinionReason[] {
  return search(ours, theirs) ?? search({ ...ours, reported: asRead(ours.reported, theirs.at) }, theirs) ?? [...saidReasons(ours, theirs), reason('unexplained')];
}

/** The reasons under which our way of counting gives what they say, with what reached them as `ours` has it. */
function search(ours: OwnCount, theirs: TheirCount): OpinionReason[] | undefined {
  const said = saidReasons(ours, theirs);
  for (const tried of combinations()) {
    // A level alone is little to go by: two guesses at once would explain anything.
    if (theirs.used === undefined && tried.filter((change) => change !== 'known').length > 1) continue;
    if (!fits(ours, theirs, tried)) continue;
    const found = [...said, ...tried.flatMap((change) => reasonsOf(change, ours, theirs, tried))];
    if (found.length > 0) return found;
    return [reason('other-moment', { theirAt: local(theirs.at) })];
  }
  return undefined;
}

/**
 * An answer comes later than the reading that it answers, and their moments are whole seconds: what lay on their staging machine by
 * the end of that second they may have gone by, whenever we heard of it.
 */
function asRead(reported: readonly ReportedEvent[], at: Instant): readonly ReportedEvent[] {
  const until = new Date(Date.parse(at) + 1000).toISOString();
  return reported.map((r) => (r.stagedAt !== undefined && r.stagedAt < until && (r.acceptedAt === undefined || r.acceptedAt > at) ? { ...r, acceptedAt: at } : r));
}

/** None, then every one, then every two, then every three. */
function combinations(): Change[][] {
  const of = (n: number, from: number): Change[][] => (n === 0 ? [[]] : changes.slice(from).flatMap((c, i) => of(n - 1, from + i + 1).map((rest) => [c, ...rest])));
  return [0, 1, 2, 3].flatMap((n) => of(n, 0));
}

function fits(ours: OwnCount, theirs: TheirCount, tried: readonly Change[], reported = ours.reported): boolean {
  const read = readAs(ours, theirs, tried, reported);
  if (read === undefined) return theirs.level === undefined && theirs.used === undefined;
  const { object, exact } = read;
  if (!tried.includes('rounding')) return object?.level === theirs.level && (theirs.used === undefined || object?.limits[0]?.used === theirs.used);
  // Another rounding gives another level by itself; only the number can be compared.
  return theirs.used !== undefined && exact !== undefined && Math.ceil(exact) !== theirs.used && (Math.floor(exact) === theirs.used || Math.round(exact) === theirs.used);
}

/** Our clock with what they say of limits and start, and with these things changed; undefined where the calendar does not reach. */
function readAs(ours: OwnCount, theirs: TheirCount, tried: readonly Change[], reported = ours.reported): { object: ObjectReading | undefined; exact: number | undefined } | undefined {
  let facts = tried.includes('known') ? knownTo(ours.facts, reported, theirs.at) : ours.facts;
  if (tried.includes('ignored')) facts = { ...facts, pauses: facts.pauses.filter((p) => theirs.object === 'special' && p.sequence === theirs.sequence) };
  if (theirs.object === 'case') facts = { ...facts, limits: limitsOf(facts.limits, theirs), acceptedAt: startOf(facts, theirs, tried) };
  if (theirs.object === 'special') facts = { ...facts, pauses: facts.pauses.map((p) => (p.sequence === theirs.sequence && p.approved && theirs.committed !== undefined ? { ...p, approved: { ...p.approved, length: theirs.committed } } : p)) };
  const meters = tried.includes('calendar') ? ours.plainMeters : ours.meters;
  try {
    const object = computeClock(facts, ours.rules, meters, Date.parse(theirs.at)).objects.find((o) => o.object === theirs.object && o.sequence === theirs.sequence);
    return { object, exact: exactly(facts, ours.rules, meters, theirs) };
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') return undefined;
    throw error;
  }
}

function startOf(facts: CaseFacts, theirs: TheirCount, tried: readonly Change[]): Instant | undefined {
  if (facts.acceptedAt === undefined) return undefined;
  if (theirs.startsAt !== undefined) return theirs.startsAt;
  return tried.includes('day-after') ? dayAfter(facts.acceptedAt) : facts.acceptedAt;
}

const dayAfter = (at: Instant): Instant => new Date(secondOfDay(dayOfSecond(Math.floor(Date.parse(at) / 1000)) + 1) * 1000).toISOString();

function limitsOf(limits: CaseLimits | undefined, theirs: TheirCount): CaseLimits | undefined {
  if (limits === undefined) return undefined;
  const with_ = (limit: Limit | undefined, length: number | undefined): Limit | undefined => (length === undefined ? limit : limit ? { ...limit, length } : length > 0 ? { length, unit: 'W' } : undefined);
  return { ...limits, committed: with_(limits.committed, theirs.committed), statutory: with_(limits.statutory, theirs.statutory) };
}

/** Used time of the first limit before it is rounded. */
function exactly(facts: CaseFacts, rules: RuleSet, meters: Meters, theirs: TheirCount): number | undefined {
  const now = Math.floor(Date.parse(theirs.at) / 1000);
  const version = ruleVersionOf(rules, facts, now * 1000);
  const measured = version && measureObjects(facts, presentCase(facts, now), version, meters, now).find((m) => m.object === theirs.object && m.sequence === theirs.sequence);
  if (!measured || 'light' in measured) return undefined;
  const [limit] = measured.limits;
  return limit && countUnits(limit.meter, limit.from, boundOf(limit.meter, Math.min(now, measured.endedAt ?? now)), limit.suspended) / limit.meter.size;
}

/** What they say themselves and we do not. */
function saidReasons({ facts }: OwnCount, theirs: TheirCount): OpinionReason[] {
  const found: OpinionReason[] = [];
  const own = theirs.object === 'special' ? { committed: facts.pauses.find((p) => p.sequence === theirs.sequence)?.approved, statutory: undefined, source: '' } : theirs.object === 'case' ? facts.limits : undefined;
  const other = (length: number | undefined, limit: Limit | undefined): boolean => length !== undefined && length !== (limit?.length ?? 0);
  if (own && (other(theirs.committed, own.committed) || (theirs.object === 'case' && other(theirs.statutory, own.statutory)))) {
    found.push(reason('limit-version', {
      theirCommitted: String(theirs.committed ?? '-'), theirStatutory: String(theirs.statutory ?? '-'), ourCommitted: String(own.committed?.length ?? '-'), ourStatutory: String(own.statutory?.length ?? '-'), letter: own.source === '' ? '' : ` (${own.source})`,
    }));
  }
  if (theirs.object === 'case' && theirs.startsAt !== undefined && facts.acceptedAt !== undefined && Math.abs(Date.parse(theirs.startsAt) - Date.parse(facts.acceptedAt)) >= 1000) {
    found.push(reason('counting-start', { theirStart: local(theirs.startsAt), ourStart: local(facts.acceptedAt) }));
  }
  return found;
}

function reasonsOf(change: Change, ours: OwnCount, theirs: TheirCount, tried: readonly Change[]): OpinionReason[] {
  switch (change) {
    case 'known':
      return notReceived(ours, theirs).filter(({ event }) => !fits(ours, theirs, tried, asReceived(ours.reported, event, theirs.at))).map(({ code, event }) => reason(code, {
        judgedAt: local(theirs.at), event: event.event, sequence: event.sequence, capturedAt: local(event.capturedAt), stagedAt: local(event.stagedAt), acceptedAt: local(event.acceptedAt),
      }));
    case 'ignored':
      return ours.facts.pauses.filter((p) => p.from <= theirs.at && p.sequence !== (theirs.object === 'special' ? theirs.sequence : '')).map((p) => {
        const start = earliest(ours.reported, p.kind === 'special' ? 'special-start' : 'supplement-notice', p.sequence);
        return reason('suspension-ignored', { event: p.kind, sequence: p.sequence, acceptedAt: local(start?.acceptedAt) });
      });
    case 'calendar':
      return [reason('other-calendar')];
    case 'day-after':
      return ours.facts.acceptedAt === undefined ? [] : [reason('counting-start', { theirStart: local(dayAfter(ours.facts.acceptedAt)), ourStart: local(ours.facts.acceptedAt) })];
    case 'rounding': {
      const read = readAs(ours, theirs, tried);
      return [reason('rounding', { exact: (read?.exact ?? 0).toFixed(2), theirs: String(theirs.used), ours: String(Math.ceil(read?.exact ?? 0)) })];
    }
  }
}

/** Of an event that was sent in several versions the one that they accepted first. */
function earliest(reported: readonly ReportedEvent[], event: string, sequence: string): ReportedEvent | undefined {
  return reported.filter((r) => r.event === event && r.sequence === sequence).sort((a, b) => ((a.acceptedAt ?? '~') < (b.acceptedAt ?? '~') ? -1 : 1))[0];
}

/** What had happened by their moment, was known to us, and had not reached them. */
function notReceived({ facts, reported }: OwnCount, theirs: TheirCount): { code: OpinionReason['reason']; event: ReportedEvent }[] {
  const missing = (code: OpinionReason['reason'], event: string, sequence: string, happened: Instant | undefined): { code: OpinionReason['reason']; event: ReportedEvent }[] => {
    const first = earliest(reported, event, sequence);
    if (first === undefined || happened === undefined || happened > theirs.at || (first.acceptedAt !== undefined && first.acceptedAt <= theirs.at)) return [];
    return [{ code, event: first }];
  };
  return [
    ...missing('acceptance-not-received', 'acceptance', '1', facts.acceptedAt),
    ...facts.pauses.flatMap((p) => {
      const [start, stop] = p.kind === 'special' ? ['special-start', 'special-end'] : ['supplement-notice', 'supplement-received'];
      const began = missing('suspension-not-received', start!, p.sequence, p.from);
      return began.length > 0 ? began : missing('resumption-not-received', stop!, p.sequence, p.until);
    }),
    ...missing('closing-not-received', 'result', '1', facts.closedAt ?? facts.withdrawnAt),
  ];
}

const asReceived = (reported: readonly ReportedEvent[], event: ReportedEvent, at: Instant): readonly ReportedEvent[] =>
  reported.map((r) => (r === event || (r.event === 'special-end' && event.event === 'special-start' && r.sequence === event.sequence) ? { ...r, acceptedAt: at } : r));
