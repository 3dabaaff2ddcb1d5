import { readFileSync } from 'node:fs';
import type { CaseFacts, CaseLimits, ClockReading, Limit, ObjectReading, Pause } from '../../src/domain/supervision-facts.js';
import type { RuleSet } from '../../src/domain/supervision-rules.js';
import { WorkingCalendar, type CalendarDay } from '../../src/domain/working-calendar.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { computeClock } from '../../src/supervision/compute-clock.js';
import { makeMeters, type Meters } from '../../src/supervision/make-meters.js';
import { readRuleSet } from '../../src/supervision/read-rule-set.js';

const hour = 3_600_000;
export const officeHours = [{ spans: [{ fromMs: 8.5 * hour, untilMs: 12 * hour }, { fromMs: 14.5 * hour, untilMs: 17.5 * hour }] }];

export function shippedRules(name: string): RuleSet {
  const { rules, faults } = readRuleSet(`${name}.yaml`, readFileSync(`config/supervision/${name}.yaml`, 'utf8'));
  if (!rules) throw new Error(JSON.stringify(faults));
  return rules;
}
export const hunan = shippedRules('hunan');
export const guangdong = shippedRules('guangdong');

export function metersWith(local: readonly CalendarDay[] = [], hours: WorkingCalendar['table']['hours'] = officeHours): Meters {
  return makeMeters(new WorkingCalendar({ version: 'test', national: nationalYears(), local, hours }));
}
export const meters = metersWith();

/** A moment in Shanghai as UTC ISO text; the other way round without the year where it is the one given. */
export const at = (text: string): string => new Date(`${text.replace(' ', 'T')}+08:00`).toISOString();
export const shown = (iso: string | undefined): string | undefined => iso && new Date(Date.parse(iso) + 8 * hour).toISOString().slice(0, 19).replace('T', ' ');

export const days = (length: number, unit: Limit['unit'] = 'W'): Limit => ({ length, unit });
export const limits = (committed: number | Limit | undefined, statutory?: number | Limit): CaseLimits => {
  const limit = (l: number | Limit | undefined): Limit | undefined => (typeof l === 'number' ? days(l) : l);
  return { committed: limit(committed), statutory: limit(statutory), source: 'test' };
};

/** A case accepted at a Shanghai time with limits 7 and 10 working days, unless told otherwise. */
export function accepted(when: string, more: Partial<CaseFacts> = {}): CaseFacts {
  return { acceptedAt: at(when), limits: limits(7, 10), pauses: [], steps: [], ...more };
}
let number = 0;
export function special(from: string, until: string | undefined, approved: number | Limit | undefined, more: Partial<Pause> = {}): Pause {
  return { kind: 'special', sequence: String(++number), title: '专家评审', from: at(from), until: until === undefined ? undefined : at(until), approved: typeof approved === 'number' ? days(approved) : approved, noticeNo: '告知〔2026〕1号', ...more };
}
export function supplement(from: string, until: string | undefined, more: Partial<Pause> = {}): Pause {
  return { kind: 'supplement', sequence: String(++number), title: '补正', from: at(from), until: until === undefined ? undefined : at(until), ...more };
}

export function readClock(facts: CaseFacts, rules: RuleSet, now: string, by: Meters = meters): ClockReading {
  return computeClock(facts, rules, by, Date.parse(at(now)));
}
export function readCase(facts: CaseFacts, rules: RuleSet, now: string, by: Meters = meters): ObjectReading {
  return readClock(facts, rules, now, by).objects[0]!;
}
/** `state used/limit…`, e.g. `warning 5/7 5/10`. */
export function brief(facts: CaseFacts, rules: RuleSet, now: string, by: Meters = meters): string {
  const o = readCase(facts, rules, now, by);
  return [o.state, ...(o.state === 'closed' ? [o.level ?? 'none'] : []), ...o.limits.map((l) => `${l.used}/${l.limit.length}`)].join(' ');
}
