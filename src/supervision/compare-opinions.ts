import type { CardState } from '../domain/supervision-cards.js';
import type { ClockLevel, ClockObject } from '../domain/supervision-facts.js';
import type { OpinionDifference, OpinionDifferenceKind, OpinionReason, OpinionResult, StoredOpinion } from '../domain/supervision-opinion.js';
import { bureauTime } from '../domain/bureau-time.js';
import { GatewayFailure } from '../domain/failures.js';
import type { Instant } from '../domain/vocabulary.js';
import { computeClock } from './compute-clock.js';
import { explainOpinion, type OwnCount, type TheirCount } from './explain-opinion.js';
import { weightOf } from './judge-delays.js';

/** A card of ours, as far as a comparison needs it. */
export interface OwnCard {
  readonly id: string;
  readonly object: ClockObject;
  readonly sequence: string;
  readonly level: ClockLevel;
  readonly state: CardState;
  readonly crossedAt: Instant;
  readonly limits: string;
  readonly used: number;
  /** When it was revoked, where it was. */
  readonly revokedAt?: Instant | undefined;
}

export interface ComparedCase {
  /** Undefined where we have no such case. */
  readonly ours: OwnCount | undefined;
  /** Of the body that the supervising side goes by. */
  readonly cards: readonly OwnCard[];
  /** Cards of theirs that are in force. */
  readonly opinions: readonly StoredOpinion[];
  /** Whatever they judged before this moment is listed; undefined: nothing is known to be missing. */
  readonly listedUntil: Instant | undefined;
}

const levelOf = (result: OpinionResult): ClockLevel | undefined => (result === 'normal' ? undefined : result);
const standing = (o: StoredOpinion): boolean => o.result !== 'normal' && (o.state === 'issued' || o.state === 'pending' || o.state === 'supervised');
const heaviest = <T>(of: readonly T[], level: (item: T) => ClockLevel | undefined): T | undefined => [...of].sort((a, b) => weightOf(level(b)) - weightOf(level(a)))[0];

/** How their judgement of a case differs from ours, object by object, and why. Complaints and consultations have no clock here. */
export function compareOpinions(c: ComparedCase): OpinionDifference[] {
  const about = c.opinions.filter((o) => o.subject === 'case');
  const keys = new Map([...about, ...c.cards].map((x) => [`${x.object} ${x.sequence}`, { object: x.object, sequence: x.sequence }]));
  return [...keys.values()].flatMap(({ object, sequence }) => {
    const is = (x: { object: ClockObject; sequence: string }): boolean => x.object === object && x.sequence === sequence;
    return compareObject(c, about.filter(is), c.cards.filter(is));
  });
}

function compareObject(c: ComparedCase, said: readonly StoredOpinion[], cards: readonly OwnCard[]): OpinionDifference[] {
  const theirs = heaviest(said.filter(standing), (o) => levelOf(o.result));
  // Without a card of theirs a word that all is normal counts as well as a list that does not name it.
  const heard = said.filter((o) => o === theirs || o.result === 'normal').map((o) => o.judgedAt);
  const until = [...heard, ...(c.listedUntil === undefined ? [] : [c.listedUntil])].sort().at(-1);
  const cardAt = (at: Instant | undefined): OwnCard | undefined => (at === undefined ? undefined : heaviest(cards.filter((x) => x.state !== 'revoked' && x.crossedAt <= at), (x) => x.level));
  if (theirs === undefined) {
    const ours = cardAt(until);
    return ours ? [onlyOurs(c, said, ours, until!)] : [];
  }
  const ours = cardAt(theirs.judgedAt);
  const level = levelOf(theirs.result);
  if (ours?.level !== level) {
    const revoked = cards.find((x) => x.state === 'revoked' && x.level === level);
    const decided = revoked ? [{ reason: 'revoked-by-us' as const, details: { at: local(revoked.revokedAt) } }] : ours && takenBack(said, ours);
    return [differ(ours ? 'other-level' : 'only-theirs', theirs, ours, decided ?? explain(c, theirs))];
  }
  if (ours === undefined) return [];
  // They judge every night: what we gave since then would be listed by now.
  const later = cardAt(until);
  if (later && weightOf(later.level) > weightOf(level)) return [differ('other-level', theirs, later, takenBack(said, later) ?? explain(c, theirs, until))];
  return compareNumbers(c, theirs, ours);
}

/** The same level on both sides: the limits on the cards and the used time may differ all the same. */
function compareNumbers(c: ComparedCase, theirs: StoredOpinion, ours: OwnCard): OpinionDifference[] {
  const limit = (name: string): number | undefined => { const m = new RegExp(`(\\d+) [WNHI] ${name}`).exec(ours.limits); return m ? Number(m[1]) : undefined; };
  const [committed, statutory] = [limit('committed'), limit('statutory')];
  if ((theirs.committed !== undefined && theirs.committed !== committed) || (theirs.statutory !== undefined && statutory !== undefined && theirs.statutory !== statutory)) {
    return [differ('other-limits', theirs, ours, [{ reason: 'limit-version', details: { theirCommitted: text(theirs.committed), theirStatutory: text(theirs.statutory), ourCommitted: text(committed), ourStatutory: text(statutory), letter: c.ours?.facts.limits?.source ? ` (${c.ours.facts.limits.source})` : '' } }])];
  }
  const used = usedAt(c, theirs);
  if (theirs.used === undefined || used === undefined || used === theirs.used) return [];
  return [differ('other-used', theirs, { ...ours, used }, explain(c, theirs))];
}

function onlyOurs(c: ComparedCase, said: readonly StoredOpinion[], ours: OwnCard, at: Instant): OpinionDifference {
  const last = heaviest(said, (o) => levelOf(o.result));
  return differ('only-ours', last, ours, takenBack(said, ours) ?? (c.ours ? explainOpinion(c.ours, { object: ours.object, sequence: ours.sequence, at, level: undefined }) : [{ reason: 'case-unknown', details: {} }]));
}

/** They had the same card and took it back. */
function takenBack(said: readonly StoredOpinion[], ours: OwnCard): OpinionReason[] | undefined {
  const taken = said.find((o) => (o.state === 'revoked' || o.state === 'cancelled') && levelOf(o.result) === ours.level);
  return taken && [{ reason: 'revoked-by-them', details: { at: local(taken.judgedAt) } }];
}

function explain(c: ComparedCase, theirs: StoredOpinion, at: Instant = theirs.judgedAt): OpinionReason[] {
  if (!c.ours) return [{ reason: 'case-unknown', details: {} }];
  const target: TheirCount = { object: theirs.object, sequence: theirs.sequence, at, level: levelOf(theirs.result), used: at === theirs.judgedAt ? theirs.used : undefined, committed: theirs.committed, statutory: theirs.statutory, startsAt: theirs.startsAt };
  const own = objectAt(c, theirs);
  if (own === undefined || own.state === 'not-monitored') return [{ reason: 'not-monitored', details: { why: own?.because ?? 'nothing of it is measured' } }];
  return explainOpinion(c.ours, target);
}

function objectAt(c: ComparedCase, theirs: StoredOpinion): ReturnType<typeof computeClock>['objects'][number] | undefined {
  if (!c.ours) return undefined;
  try {
    return computeClock(c.ours.facts, c.ours.rules, c.ours.meters, Date.parse(theirs.judgedAt)).objects.find((o) => o.object === theirs.object && o.sequence === theirs.sequence);
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') return undefined;
    throw error;
  }
}

const usedAt = (c: ComparedCase, theirs: StoredOpinion): number | undefined => objectAt(c, theirs)?.limits[0]?.used;
const text = (n: number | undefined): string => (n === undefined ? '-' : String(n));
const local = (at: Instant | undefined): string => (at === undefined ? '-' : bureauTime(at).slice(0, 19));

function differ(kind: OpinionDifferenceKind, theirs: StoredOpinion | undefined, ours: OwnCard | undefined, reasons: readonly OpinionReason[]): OpinionDifference {
  const of = (theirs ?? ours)!;
  return {
    kind, object: of.object, sequence: of.sequence, reasons,
    ...(theirs ? { theirs: { id: theirs.id, theirNo: theirs.theirNo, result: theirs.result, state: theirs.state, used: theirs.used, judgedAt: theirs.judgedAt } } : {}),
    ...(ours ? { ours: { cardId: ours.id, level: ours.level, used: ours.used, at: ours.crossedAt } } : {}),
  };
}
