import type { CaseFacts, ExplainedLine, Explanation } from '../domain/supervision-facts.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import { boundOf, crossingsOf, measureObjects, presentCase, ruleVersionOf, type Measured, type MeasuredLimit } from './compute-clock.js';
import type { JudgedPause } from './judge-pauses.js';
import { dayOfSecond, dayText, secondOfDay, type Meters } from './make-meters.js';

interface Piece {
  readonly from: number;
  readonly until: number;
  readonly counts: boolean;
  readonly text: string;
  readonly units: number;
  /** A whole day; neighbours of the same kind are told in one line. */
  readonly whole: boolean;
  readonly days: number;
  /** Working seconds of the day, to show parts of it. */
  readonly length: number;
}

const iso = (second: number): string => new Date(second * 1000).toISOString();
const shown = (second: number): string => new Date((second + 8 * 3_600) * 1000).toISOString().slice(0, 19).replace('T', ' ');
const unitWords = { W: 'working days', N: 'calendar days', H: 'working hours' } as const;
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
    if ('light' in m) return { object: m.object, sequence: m.sequence, lines: [note(`not monitored: ${m.because ?? ''}`)] };
    const until = Math.min(now, m.endedAt ?? now);
    const lines: ExplainedLine[] = [
      note(`rules ${version.version} in force from ${version.from} (${version.source}); calendar ${meters.calendar.version}`),
      note(`${m.object === 'case' ? 'accepted' : 'began'} ${shown(m.startsAt)}; ${version.start === 'moment' ? 'the clock starts at that moment' : 'the clock starts with the day after'}`),
      ...(m.object === 'case' && facts.limits ? [note(`limits: ${facts.limits.source}`), ...(facts.limits.note === undefined ? [] : [note(facts.limits.note)])] : []),
      ...(m.endedAt === undefined ? [] : [note(`ended ${shown(m.endedAt)}${m.because === undefined ? '' : `: ${m.because}`}`)]),
      ...m.limits[0]!.pauses.map((p) => note(tellPause(p))),
    ];
    // Both limits mostly count the same way and need one account only.
    const accounts = m.limits.filter((l, i) => m.limits.findIndex((o) => o.meter === l.meter) === i);
    for (const l of accounts) {
      const pieces = merge(list(l, boundOf(l.meter, until), meters));
      if (accounts.length > 1) lines.push(note(`in ${unitWords[unitOf(l)]}:`));
      let sum = 0;
      for (const p of pieces) {
        sum += p.units;
        lines.push({ kind: 'interval', from: iso(p.from), until: iso(p.until), counts: p.counts, text: p.text, added: amount(p.units, l, p.length), sum: amount(sum, l, p.length) });
      }
      for (const o of m.limits.filter((x) => x.meter === l.meter)) lines.push(result(o, sum, pieces.at(-1)?.length ?? 1));
    }
    const crossings = crossingsOf(m, version);
    for (const c of crossings) lines.push({ kind: 'result', text: tellCrossing(c, until, m) });
    return { object: m.object, sequence: m.sequence, lines };
  });
}

const note = (text: string): ExplainedLine => ({ kind: 'note', text });
const unitOf = (l: MeasuredLimit): 'W' | 'N' | 'H' => (l.limit.unit === 'I' ? 'W' : l.limit.unit);

function tellPause(p: JudgedPause): string {
  const span = `${shown(Date.parse(p.pause.from) / 1000)} to ${p.pause.until === undefined ? 'now' : shown(Date.parse(p.pause.until) / 1000)}`;
  return `${p.pause.kind} ${p.pause.sequence} ${p.pause.title}, ${span}: ${p.suspends ? 'suspends' : 'does not suspend'}: ${p.why}`;
}

/** Days, parts of days, hours: 4 d 1:30:00. */
function amount(units: number, l: MeasuredLimit, dayLength: number): string {
  if (l.meter.axis === 'days') return `${units} d`;
  if (unitOf(l) === 'H') return clockText(units);
  const days = Math.floor(units / l.meter.size);
  return `${days} d ${clockText(Math.round(((units - days * l.meter.size) * dayLength) / l.meter.size))}`;
}

function result(l: MeasuredLimit, sum: number, dayLength: number): ExplainedLine {
  const used = Math.ceil(sum / l.meter.size);
  const rounded = l.meter.axis === 'seconds' ? `, rounded up ${used}` : '';
  const remaining = l.limit.length - used;
  return { kind: 'result', text: `${l.name} limit ${l.limit.length} ${unitWords[unitOf(l)]}: used ${amount(sum, l, dayLength)}${rounded}, ${remaining >= 0 ? `${remaining} left` : `${-remaining} over`}` };
}

function tellCrossing(c: { level: string; limit: string; second: number }, until: number, m: Measured): string {
  const of = m.limits.length > 1 ? ` (${c.limit} limit)` : '';
  if (c.second <= until) return `${c.level}${of}: reached ${shown(c.second)}`;
  if (m.endedAt !== undefined) return `${c.level}${of}: not reached`;
  return Number.isFinite(c.second) ? `${c.level}${of}: will be reached ${shown(c.second)}, if nothing happens before` : `${c.level}${of}: not while it is suspended`;
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
  if (by.length > 0) return { ...base, counts: false, units: 0, text: `suspended by ${by.map((p) => `${p.pause.kind} ${p.pause.sequence}`).join(' and ')}` };
  if (calendarDays) return { ...base, counts: true, units: l.meter.axis === 'days' ? 1 : until - from, text: 'calendar time' };
  const described = calendar.describeDay(dayText(day));
  if (length === 0) return { ...base, counts: false, units: 0, text: described.reason ?? (described.because === 'weekend' ? 'weekend' : 'free day') };
  const why = described.reason === undefined ? '' : ` (${described.reason})`;
  if (l.meter.axis === 'days') return { ...base, counts: true, units: 1, text: `working day${why}` };
  const inside = spans.map((s): [number, number] => [Math.max(from, secondOfDay(day) + s.fromMs / 1000), Math.min(until, secondOfDay(day) + s.untilMs / 1000)]).filter(([a, b]) => b > a);
  const worked = inside.reduce((sum, [a, b]) => sum + b - a, 0);
  const units = unitOf(l) === 'H' ? worked : (worked * l.meter.size) / length;
  if (worked === 0) return { ...base, counts: false, units: 0, text: 'outside working hours' };
  return { ...base, counts: true, units, text: `working ${worked === length ? 'day' : inside.map(([a, b]) => `${shown(a).slice(11)}-${shown(b).slice(11)}`).join(', ')}${why}` };
}

/** Neighbouring days that count, or do not count, for the same reason as one piece. */
function merge(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const p of pieces) {
    const last = out.at(-1);
    const same = last !== undefined && last.until === p.from && last.text === p.text;
    // A suspension and calendar time run through days and nights; working days are put together only where they are whole.
    const together = same && (p.text.startsWith('suspended') || p.text === 'calendar time' || (last.whole && p.whole && last.length === p.length));
    if (together) out[out.length - 1] = { ...last, until: p.until, units: last.units + p.units, days: last.days + 1 };
    else out.push(p);
  }
  return out.map((p) => (p.days > 1 && p.counts && p.text.startsWith('working day') ? { ...p, text: p.text.replace('working day', `${p.days} working days`) } : p));
}
