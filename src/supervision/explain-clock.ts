import { sayInEnglish, type Saying } from '../domain/clock-sayings.js';
import type { CaseFacts, ClockLevel, ExplainedLine, Explanation } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import { boundOf, crossingsOf, measureObjects, presentCase, ruleVersionOf, type Measured, type MeasuredLimit } from './compute-clock.js';
import type { JudgedPause } from './judge-pauses.js';
import { dayOfSecond, dayText, secondOfDay, type Meters } from './make-meters.js';

interface Piece {
  readonly from: number;
  readonly until: number;
  readonly counts: boolean;
  readonly saying: Saying;
  readonly units: number;
  /** A whole day; neighbours of the same kind are told in one line. */
  readonly whole: boolean;
  readonly days: number;
  /** Working seconds of the day, to show parts of it. */
  readonly length: number;
}

const iso = (second: number): string => new Date(second * 1000).toISOString();
const shown = (second: number): string => new Date((second + 8 * 3_600) * 1000).toISOString().slice(0, 19).replace('T', ' ');
const pad = (n: number): string => String(n).padStart(2, '0');
const clockText = (seconds: number): string => `${Math.floor(seconds / 3_600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;

/**
 * The arithmetic of every monitored object, line by line. It counts day by day from the calendar itself, not from the sums
 * that the clock uses, so that the two can be compared.
 */
export function explainClock(facts: CaseFacts, rules: RuleSet, meters: Meters, nowMs: number): Explanation[] {
  const now = Math.floor(nowMs / 1000);
  const version = ruleVersionOf(rules, facts, nowMs);
  if (!version) return [];
  const measured = measureObjects(facts, presentCase(facts, now), version, meters, now);
  return measured.map((m): Explanation => {
    if ('light' in m) return { object: m.object, sequence: m.sequence, lines: [say('note', { code: 'not-monitored', why: m.because ?? '' })] };
    const until = Math.min(now, m.endedAt ?? now);
    const lines: ExplainedLine[] = [
      say('note', { code: 'rules', version: version.version, from: version.from, source: version.source, calendar: meters.calendar.version }),
      say('note', { code: 'start', object: m.object, at: iso(m.startsAt), rule: version.start }),
      ...(m.object === 'case' && facts.limits ? [say('note', { code: 'limits', source: facts.limits.source }), ...(facts.limits.note === undefined ? [] : [say('note', { code: 'limits-note', note: facts.limits.note })])] : []),
      ...(m.endedAt === undefined ? [] : [say('note', { code: 'ended', at: iso(m.endedAt), outcome: m.because })]),
      ...m.limits[0]!.pauses.map(({ pause: p, suspends, why }) => say('note', { code: 'pause', kind: p.kind, sequence: p.sequence, title: p.title, from: p.from, until: p.until, suspends, why, approved: p.approved })),
    ];
    // Both limits mostly count the same way and need one account only.
    const accounts = m.limits.filter((l, i) => m.limits.findIndex((o) => o.meter === l.meter) === i);
    for (const l of accounts) {
      const pieces = merge(list(l, boundOf(l.meter, until), meters));
      if (accounts.length > 1) lines.push(say('note', { code: 'account', unit: unitOf(l) }));
      let sum = 0;
      for (const p of pieces) {
        sum += p.units;
        lines.push({ kind: 'interval', from: iso(p.from), until: iso(p.until), counts: p.counts, text: sayInEnglish(p.saying), saying: p.saying, added: amount(p.units, l, p.length), sum: amount(sum, l, p.length) });
      }
      for (const o of m.limits.filter((x) => x.meter === l.meter)) lines.push(result(o, sum, pieces.at(-1)?.length ?? 1));
    }
    const crossings = crossingsOf(m, version);
    for (const c of crossings) lines.push(say('result', tellCrossing(c, until, m)));
    return { object: m.object, sequence: m.sequence, lines };
  });
}

const say = (kind: 'note' | 'result', saying: Saying): ExplainedLine => ({ kind, text: sayInEnglish(saying), saying });
const unitOf = (l: MeasuredLimit): 'W' | 'N' | 'H' => (l.limit.unit === 'I' ? 'W' : l.limit.unit);

/** Days, parts of days, hours: 4 d 1:30:00. */
function amount(units: number, l: MeasuredLimit, dayLength: number): string {
  if (l.meter.axis === 'days') return `${units} d`;
  if (unitOf(l) === 'H') return clockText(units);
  const days = Math.floor(units / l.meter.size);
  return `${days} d ${clockText(Math.round(((units - days * l.meter.size) * dayLength) / l.meter.size))}`;
}

function result(l: MeasuredLimit, sum: number, dayLength: number): ExplainedLine {
  const used = Math.ceil(sum / l.meter.size);
  return say('result', { code: 'result', limit: l.name, length: l.limit.length, unit: unitOf(l), used: amount(sum, l, dayLength), rounded: l.meter.axis === 'seconds' ? used : undefined, remaining: l.limit.length - used });
}

function tellCrossing(c: { level: ClockLevel; limit: 'committed' | 'statutory'; second: number }, until: number, m: Measured): Saying {
  const base = { code: 'crossing' as const, level: c.level, ...(m.limits.length > 1 ? { limit: c.limit } : {}) };
  if (c.second <= until) return { ...base, how: 'reached', at: iso(c.second) };
  if (m.endedAt !== undefined) return { ...base, how: 'not-reached' };
  return Number.isFinite(c.second) ? { ...base, how: 'will', at: iso(c.second) } : { ...base, how: 'while-suspended' };
}

/** The account in pieces of a day or less. `bound` is a second, or the day after the last one counted. */
function list(l: MeasuredLimit, bound: number, meters: Meters): Piece[] {
  const out: Piece[] = [];
  const suspending = l.pauses.filter((p) => p.suspends);
  if (l.meter.axis === 'days') {
    for (let day = l.from; day < bound; day++) {
      const by = suspending.filter((p) => p.from <= day && day < p.until);
      out.push(piece(secondOfDay(day), secondOfDay(day + 1), day, by, l, meters));
    }
    return out;
  }
  for (let day = dayOfSecond(l.from); secondOfDay(day) < bound; day++) {
    const [from, until] = [Math.max(l.from, secondOfDay(day)), Math.min(bound, secondOfDay(day + 1))];
    const cuts = [...new Set([from, until, ...suspending.flatMap((p) => [p.from, p.until])])].filter((x) => x >= from && x <= until).sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i++) {
      const by = suspending.filter((p) => p.from <= cuts[i]! && cuts[i]! < p.until);
      out.push(piece(cuts[i]!, cuts[i + 1]!, day, by, l, meters));
    }
  }
  return out;
}

function piece(from: number, until: number, day: number, by: readonly JudgedPause[], l: MeasuredLimit, meters: Meters): Piece {
  const { calendar } = meters;
  const whole = from === secondOfDay(day) && until === secondOfDay(day + 1);
  const calendarDays = unitOf(l) === 'N';
  const spans = calendarDays ? [{ fromMs: 0, untilMs: 86_400_000 }] : calendar.spansOf(dayText(day));
  const length = spans.reduce((sum, s) => sum + s.untilMs - s.fromMs, 0) / 1000;
  const base = { from, until, whole, days: 1, length: length || 1 };
  if (by.length > 0) return { ...base, counts: false, units: 0, saying: { code: 'suspended', by: by.map((p) => ({ kind: p.pause.kind, sequence: p.pause.sequence })) } };
  if (calendarDays) return { ...base, counts: true, units: l.meter.axis === 'days' ? 1 : until - from, saying: { code: 'calendar-time' } };
  const described = calendar.describeDay(dayText(day));
  if (length === 0) return { ...base, counts: false, units: 0, saying: { code: 'free', because: described.because === 'weekend' ? 'weekend' : 'free', reason: described.reason } };
  const working = (spans?: readonly string[]): Saying => ({ code: 'working', days: 1, spans, reason: described.reason });
  if (l.meter.axis === 'days') return { ...base, counts: true, units: 1, saying: working() };
  const inside = spans.map((s): [number, number] => [Math.max(from, secondOfDay(day) + s.fromMs / 1000), Math.min(until, secondOfDay(day) + s.untilMs / 1000)]).filter(([a, b]) => b > a);
  const worked = inside.reduce((sum, [a, b]) => sum + b - a, 0);
  const units = unitOf(l) === 'H' ? worked : (worked * l.meter.size) / length;
  if (worked === 0) return { ...base, counts: false, units: 0, saying: { code: 'outside-hours' } };
  return { ...base, counts: true, units, saying: worked === length ? working() : working(inside.map(([a, b]) => `${shown(a).slice(11)}-${shown(b).slice(11)}`)) };
}

/** Neighbouring days that count, or do not count, for the same reason as one piece. */
function merge(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const p of pieces) {
    const last = out.at(-1);
    const same = last !== undefined && last.until === p.from && sayInEnglish(last.saying) === sayInEnglish(p.saying);
    // A suspension and calendar time run through days and nights; working days are put together only where they are whole.
    const together = same && (p.saying.code === 'suspended' || p.saying.code === 'calendar-time' || (last.whole && p.whole && last.length === p.length));
    if (together) out[out.length - 1] = { ...last, until: p.until, units: last.units + p.units, days: last.days + 1 };
    else out.push(p);
  }
  return out.map((p) => (p.days > 1 && p.saying.code === 'working' ? { ...p, saying: { ...p.saying, days: p.days } } : p));
}
