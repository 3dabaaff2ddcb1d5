import type { AlarmCondition, AlarmKind, AlarmRemedy } from '../domain/alarm-kinds.js';
import type { AlarmSettings, Expectations } from '../domain/alarm-settings.js';
import { alarmWords, type AlarmWords } from '../domain/alarm-words.js';
import type { MirrorFindingKind } from '../domain/mirror-findings.js';
import type { WorkingCalendar } from '../domain/working-calendar.js';
import { condition, judgeHouse, type HouseFacts } from './judge-house.js';

/** Count and the oldest one's beginning, in epoch milliseconds. */
export interface Waiting {
  readonly count: number;
  readonly oldestMs: number;
}

export interface StreamFacts {
  readonly stream: string;
  /** When a change was last captured. Epoch milliseconds here and below. */
  readonly lastChangeMs?: number | undefined;
  readonly polledMs?: number | undefined;
  /** Since when an open transaction in the bureau holds the watermark back. */
  readonly heldBackMs?: number | undefined;
  readonly fault?: { readonly code: string; readonly sinceMs: number; readonly remedy: string } | undefined;
}

export interface ChannelFacts {
  readonly channel: string;
  readonly silences: Omit<Expectations, 'captureMs'>;
  readonly pausedMs?: number | undefined;
  /** Since when a package is carried by hand. */
  readonly carriedMs?: number | undefined;
  readonly breaker?: { readonly sinceMs?: number | undefined; readonly code?: string | undefined; readonly remedy?: string | undefined } | undefined;
  readonly due?: Waiting | undefined;
  readonly blocked?: Waiting | undefined;
  readonly staged?: Waiting | undefined;
  readonly unanswered?: Waiting | undefined;
  readonly killed?: Waiting | undefined;
  readonly lastReturnMs?: number | undefined;
  readonly odd: readonly { readonly class: string; readonly count: number }[];
  readonly mirror: readonly { readonly kind: MirrorFindingKind; readonly count: number }[];
}

/** All that the watch looks at, taken at one moment. */
export interface StandingFacts extends HouseFacts {
  /** Since when there has been a watch: nothing is silent for longer than somebody listens. */
  readonly watchingMs: number;
  readonly streams: readonly StreamFacts[];
  readonly channels: readonly ChannelFacts[];
}

export interface StandingRules {
  readonly alarms: AlarmSettings;
  readonly captureMs: number;
  readonly standingMs: number;
}

/** Findings that need nobody, or that the expectation of a pick-up tells in working time. */
const quietFindings: readonly MirrorFindingKind[] = ['unlisted', 'overdue'];

/** Everything that is wrong at `nowMs`. */
export function judgeStanding(facts: StandingFacts, rules: StandingRules, calendar: WorkingCalendar, nowMs: number): AlarmCondition[] {
  const clock = workingClock(calendar, nowMs);
  return [
    ...facts.streams.flatMap((s) => judgeStream(s, facts.watchingMs, rules, clock, nowMs)),
    ...facts.channels.flatMap((c) => judgeChannel(c, facts.watchingMs, rules.alarms, clock, nowMs)),
    ...judgeCalendar(calendar, nowMs),
    ...judgeHouse(facts, rules.alarms, nowMs),
  ];
}

/** Working time from an instant until now; undefined where the calendar lacks a year, which is an alarm of its own. */
type WorkingClock = (sinceMs: number) => number | undefined;

function workingClock(calendar: WorkingCalendar, nowMs: number): WorkingClock {
  const yearOf = (ms: number): number => new Date(ms + 8 * 3_600_000).getUTCFullYear();
  return (sinceMs) => {
    for (let year = yearOf(sinceMs); year <= yearOf(nowMs); year++) if (!calendar.hasYear(year)) return undefined;
    return calendar.workingMsBetween(Math.min(sinceMs, nowMs), nowMs);
  };
}

/** Working time since then when it is over the limit; undefined otherwise, or where the limit is off. */
function over(clock: WorkingClock, sinceMs: number, limitMs: number): number | undefined {
  const worked = limitMs === 0 ? undefined : clock(sinceMs);
  return worked !== undefined && worked > limitMs ? worked : undefined;
}

function judgeStream(s: StreamFacts, watchingMs: number, rules: StandingRules, clock: WorkingClock, nowMs: number): AlarmCondition[] {
  const found: AlarmCondition[] = [];
  const polledAgo = nowMs - (s.polledMs ?? watchingMs);
  if (s.fault) {
    found.push(condition('stream-fault', s.stream, alarmWords['stream-fault']({ stream: s.stream, forMs: nowMs - s.fault.sinceMs, code: s.fault.code }), { remedy: { en: s.fault.remedy } }));
  } else if (polledAgo > rules.alarms.pollAgeMs) {
    found.push(condition('polling-stopped', s.stream, alarmWords['polling-stopped']({ stream: s.stream, agoMs: s.polledMs === undefined ? undefined : polledAgo })));
  }
  if (s.heldBackMs !== undefined && nowMs - s.heldBackMs > rules.standingMs) {
    found.push(condition('watermark-standing', s.stream, alarmWords['watermark-standing']({ stream: s.stream, forMs: nowMs - s.heldBackMs })));
  }
  // What cannot be read is silent for a reason that is told.
  const silent = s.fault ? undefined : over(clock, Math.max(s.lastChangeMs ?? watchingMs, 0), rules.captureMs);
  if (silent !== undefined) found.push(condition('capture-silent', s.stream, alarmWords['capture-silent']({ stream: s.stream, forMs: silent, withinMs: rules.captureMs })));
  return found;
}

function judgeChannel(c: ChannelFacts, watchingMs: number, alarms: AlarmSettings, clock: WorkingClock, nowMs: number): AlarmCondition[] {
  const { channel, silences } = c;
  const found: AlarmCondition[] = [];
  const add = (kind: AlarmKind, said: AlarmWords, more: { remedy?: AlarmRemedy | undefined; part?: string } = {}): void => {
    found.push(condition(kind, more.part === undefined ? channel : `${channel}:${more.part}`, said, { remedy: more.remedy, channel }));
  };
  if (c.breaker) {
    const { sinceMs, code, remedy } = c.breaker;
    add('breaker-open', alarmWords['breaker-open']({ channel, forMs: sinceMs === undefined ? undefined : nowMs - sinceMs, code }), { remedy: remedy === undefined ? undefined : { en: remedy } });
  }
  const paused = c.pausedMs === undefined ? undefined : over(clock, c.pausedMs, alarms.pausedMs);
  if (paused !== undefined) add('channel-paused', alarmWords['channel-paused']({ channel, forMs: paused, carried: false }), { remedy: { en: `gateway resume ${channel}`, zh: `用 gateway resume ${channel} 恢复` } });
  const carried = c.carriedMs === undefined ? undefined : over(clock, c.carriedMs, alarms.pausedMs);
  if (carried !== undefined) {
    add('channel-paused', alarmWords['channel-paused']({ channel, forMs: carried, carried: true }), { part: 'package', remedy: { en: 'gateway hand-over: confirm or cancel the package', zh: '请在“手工递送”中（或用 gateway hand-over）确认或收回数据包' } });
  }
  // A channel that stands still for a known reason leaves its work undone for the same reason.
  if (c.due && !c.breaker && c.pausedMs === undefined && c.carriedMs === undefined && alarms.oldestDueMs > 0 && nowMs - c.due.oldestMs > alarms.oldestDueMs) {
    add('oldest-due', alarmWords['oldest-due']({ channel, count: c.due.count, forMs: nowMs - c.due.oldestMs }));
  }
  if (c.blocked) {
    const waited = over(clock, c.blocked.oldestMs, alarms.blockedLanesMs);
    const many = alarms.blockedLanes > 0 && c.blocked.count >= alarms.blockedLanes;
    if (waited !== undefined || many) add('lanes-blocked', alarmWords['lanes-blocked']({ channel, count: c.blocked.count, forMs: waited }));
  }
  const silence = (kind: 'pick-up-silent' | 'acknowledgement-silent', waiting: Waiting | undefined, limitMs: number): void => {
    const silent = waiting && over(clock, waiting.oldestMs, limitMs);
    if (waiting && silent !== undefined) add(kind, alarmWords[kind]({ channel, count: waiting.count, forMs: silent, withinMs: limitMs }));
  };
  silence('pick-up-silent', c.staged, silences.pickUpMs);
  silence('acknowledgement-silent', c.unanswered, silences.acknowledgementMs);
  const noReturn = over(clock, c.lastReturnMs ?? watchingMs, silences.returnFilesMs);
  if (noReturn !== undefined) add('return-files-silent', alarmWords['return-files-silent']({ channel, forMs: noReturn, withinMs: silences.returnFilesMs }));
  if (c.killed) add('worker-killed', alarmWords['worker-killed']({ channel, count: c.killed.count }));
  for (const odd of c.odd) if (odd.count > 0) add('acknowledgement-odd', alarmWords['acknowledgement-odd']({ channel, class: odd.class, count: odd.count, withinMs: alarms.oddAcknowledgementsMs }), { part: odd.class });
  for (const finding of c.mirror) {
    if (finding.count > 0 && !quietFindings.includes(finding.kind)) add('mirror-findings', alarmWords['mirror-findings']({ channel, kind: finding.kind, count: finding.count }), { part: finding.kind, remedy: { en: `gateway mirror --channel ${channel}`, zh: `请用 gateway mirror --channel ${channel} 查看` } });
  }
  return found;
}

function judgeCalendar(calendar: WorkingCalendar, nowMs: number): AlarmCondition[] {
  const missing = calendar.missingYear(nowMs);
  if (missing === undefined) return [];
  const now = new Date(nowMs + 8 * 3_600_000).getUTCFullYear();
  return [missing === now
    ? condition('calendar-year-missing', String(missing), alarmWords['calendar-year-missing']({ year: missing, now: true }), { severity: 'critical' })
    : condition('calendar-year-missing', String(missing), alarmWords['calendar-year-missing']({ year: missing, now: false }))];
}
