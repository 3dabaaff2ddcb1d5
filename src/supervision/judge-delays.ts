import type { Delays, EventShares, ExchangeDelay } from '../domain/exchange-delays.js';
import type { CaseFacts, ClockLevel, ClockReading, Pause } from '../domain/supervision-facts.js';
import { clockLevels } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import type { Instant } from '../domain/vocabulary.js';
import { computeClock } from './compute-clock.js';
import type { Meters } from './make-meters.js';

/** What the ledger says of one reported event. */
export interface ReportedEvent {
  readonly exchangeId: string;
  readonly channel: string;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly happenedAt: Instant;
  readonly capturedAt: Instant;
  readonly stagedAt?: Instant | undefined;
  readonly pickedUpAt?: Instant | undefined;
  readonly acceptedAt?: Instant | undefined;
}

export const weightOf = (level: ClockLevel | undefined): number => (level === undefined ? -1 : clockLevels.indexOf(level));

/**
 * Whose time it was. For each receiver the clock is computed a second time with what it had accepted; where its level was
 * higher than by what had happened and was known here, the exchange caused it, and the late events are the proof.
 */
export function judgeDelays(facts: CaseFacts, rules: RuleSet, meters: Meters, nowMs: number, reported: readonly ReportedEvent[]): Delays {
  const now = new Date(nowMs).toISOString();
  const known = reported.filter((r) => r.capturedAt <= now);
  const events = known.map((r) => shareOf(r, now));
  const caused = [...new Set(known.map((r) => r.channel))].flatMap((channel) => {
    const own = known.filter((r) => r.channel === channel);
    // Levels only change when the receiver's knowledge or the clock does: each moment something was accepted, and now.
    const moments = [...new Set([...own.flatMap((r) => (r.acceptedAt === undefined || r.acceptedAt > now ? [] : [new Date(Date.parse(r.acceptedAt) - 1000).toISOString()])), now])].sort();
    return moments.flatMap((moment): ExchangeDelay[] => {
      const theirs = caseOf(computeClock(knownTo(facts, own, moment), rules, meters, Date.parse(moment)));
      if (theirs?.level === undefined) return [];
      const reached = theirs.reached.find((c) => c.level === theirs.level)!.at;
      const ours = caseOf(computeClock(facts, rules, meters, Date.parse(reached)))?.level;
      if (weightOf(ours) >= weightOf(theirs.level)) return [];
      const late = own.filter((r) => r.happenedAt <= reached && r.capturedAt <= reached && (r.acceptedAt === undefined || r.acceptedAt > reached)).map((r) => shareOf(r, now));
      return late.length === 0 ? [] : [{ channel, level: theirs.level, ours, at: reached, late }];
    }).filter((d, i, all) => all.findIndex((o) => o.level === d.level && o.at === d.at) === i);
  });
  return { events, caused };
}

export const caseOf = (reading: ClockReading): ClockReading['objects'][number] | undefined => reading.objects[0];

/** The case as a receiver knew it at a moment: without what it had not accepted. */
export function knownTo(facts: CaseFacts, reported: readonly ReportedEvent[], moment: Instant): CaseFacts {
  const has = (event: string, sequence = '1'): boolean => {
    const versions = reported.filter((r) => r.event === event && r.sequence === sequence);
    // An event that is not sent on this channel is not late there.
    return versions.length === 0 || versions.some((r) => r.acceptedAt !== undefined && r.acceptedAt <= moment);
  };
  const pauses = facts.pauses.flatMap((p): Pause[] => {
    const [start, stop] = p.kind === 'special' ? ['special-start', 'special-end'] : ['supplement-notice', 'supplement-received'];
    if (!has(start!, p.sequence)) return [];
    return [p.until !== undefined && !has(stop!, p.sequence) ? { ...p, until: undefined } : p];
  });
  const ended = has('result');
  return { ...facts, pauses, ...(has('acceptance') ? {} : { acceptedAt: undefined }), ...(ended ? {} : { closedAt: undefined, withdrawnAt: undefined, removedAt: undefined }) };
}

function shareOf(r: ReportedEvent, now: Instant): EventShares {
  const seen = (at: Instant | undefined): number | undefined => (at === undefined || at > now ? undefined : Date.parse(at));
  const [happened, captured, end] = [Date.parse(r.happenedAt), Date.parse(r.capturedAt), Date.parse(now)];
  const accepted = seen(r.acceptedAt);
  const staged = seen(r.stagedAt) ?? accepted;
  const pickedUp = seen(r.pickedUpAt) ?? accepted;
  return {
    exchangeId: r.exchangeId, channel: r.channel, event: r.event, sequence: r.sequence, version: r.version, happenedAt: r.happenedAt,
    bureauMs: Math.max(0, captured - happened), gatewayMs: Math.max(0, (staged ?? end) - captured), stagingMs: staged === undefined ? 0 : Math.max(0, (pickedUp ?? end) - staged),
    centerMs: pickedUp === undefined ? 0 : Math.max(0, (accepted ?? end) - pickedUp), acceptedAt: accepted === undefined ? undefined : r.acceptedAt,
    waitsAt: accepted !== undefined ? undefined : staged === undefined ? 'gateway' : pickedUp === undefined ? 'staging machine' : 'center',
  };
}
