import { writeNoticeMail } from '../../src/alarm/write-notice.js';
import type { AlarmCondition, AlarmKind } from '../../src/domain/alarm-kinds.js';
import { planAlarms, planNotice, type Alarm } from '../../src/ledger/plan-alarms.js';

const minute = 60_000;
const t0 = Date.parse('2026-11-24T02:00:00.000Z');
const seen = (key: string, over: Partial<AlarmCondition> = {}): AlarmCondition => ({ key, kind: key.split(':')[0] as AlarmKind, severity: 'warning', text: `${key} is wrong`, remedy: 'mend it', ...over });
const rules = { instance: 'yiyang', groupMs: minute, remindEveryMs: 60 * minute };

/** A ledger of alarms in memory, looked at every minute unless told otherwise. */
class Stage {
  rows = new Map<string, Alarm>();
  notices: string[] = [];
  mails: ReturnType<typeof writeNoticeMail>[] = [];
  private last: number | undefined;
  constructor(private readonly settleMs: number, private readonly groupMs = 0) {}
  look(atMinute: number, conditions: readonly AlarmCondition[]): this {
    const nowMs = t0 + atMinute * minute;
    for (const a of planAlarms([...this.rows.values()], conditions, nowMs, this.settleMs)) this.rows.set(a.key, a);
    const planned = planNotice([...this.rows.values()], nowMs, `n${atMinute}`, this.last, { ...rules, groupMs: this.groupMs });
    if (planned) {
      for (const a of planned.told) this.rows.set(a.key, a);
      this.last = nowMs;
      const names = (groups: typeof planned.notice.raised): string => groups.map((g) => `${g.kind}×${g.count}`).join(' ');
      const parts = [['new', planned.notice.raised], ['standing', planned.notice.standing], ['over', planned.notice.ended]] as const;
      this.notices.push(`${atMinute}: ${parts.filter(([, groups]) => groups.length > 0).map(([what, groups]) => `${what} ${names(groups)}`).join('; ')}`);
      this.mails.push(writeNoticeMail(planned.notice));
    }
    return this;
  }
}
const told = (s: Stage): string[] => s.notices;

it('tells once, reminds, and says when it is over', () => {
  const s = new Stage(0);
  for (let m = 0; m <= 130; m += 10) s.look(m, [seen('breaker-open:center')]);
  s.look(131, []).look(132, []);
  expect(told(s)).toEqual(['0: new breaker-open×1', '60: standing breaker-open×1', '120: standing breaker-open×1', '131: over breaker-open×1']);
});

it('says nothing of what lasts less than the settling time', () => {
  const s = new Stage(2 * minute);
  s.look(0, [seen('oldest-due:center')]).look(1, [seen('oldest-due:center')]).look(2, []).look(3, [seen('oldest-due:center')]).look(4, []);
  expect(told(s)).toEqual([]);
  s.look(10, [seen('oldest-due:center')]).look(12, [seen('oldest-due:center')]).look(13, []).look(14, []).look(15, []);
  expect(told(s)).toEqual(['12: new oldest-due×1', '15: over oldest-due×1']);
});

it('a short absence does not end it, and one that flaps stays longer each time', () => {
  const s = new Stage(minute);
  const it = [seen('queue-unreachable')];
  s.look(0, it).look(1, it); // raised
  s.look(2, []).look(2.5, it).look(3, []).look(3.9, it); // each absence is shorter than a minute
  expect(told(s)).toEqual(['1: new queue-unreachable×1']);
  s.look(5, []).look(6, []); // over after a minute
  s.look(7, it).look(8, it); // the second time
  s.look(9, []).look(10, []); // a minute is not enough any more
  s.look(11, []); // two are
  s.look(12, it).look(13, it).look(14, []).look(16, []).look(17, []).look(18, []);
  expect(told(s)).toEqual(['1: new queue-unreachable×1', '6: over queue-unreachable×1', '8: new queue-unreachable×1', '11: over queue-unreachable×1', '13: new queue-unreachable×1', '18: over queue-unreachable×1']);
  expect(s.rows.get('queue-unreachable')?.count).toBe(3);
  s.look(24 * 60 + 20, it).look(24 * 60 + 21, it); // after a quiet day it counts from the beginning
  expect(s.rows.get('queue-unreachable')?.count).toBe(1);
});

it('many of a kind are one group with a count, critical ones first, the first ten named', () => {
  const s = new Stage(0);
  const many = Array.from({ length: 14 }, (_, i) => seen(`mirror-findings:c${i}`, { kind: 'mirror-findings' }));
  s.look(0, [...many, seen('queue-unreachable', { severity: 'critical' })]);
  expect(told(s)).toEqual(['0: new queue-unreachable×1 mirror-findings×14']);
  const { subject, text } = s.mails[0]!;
  expect(subject).toBe('[yiyang] 【严重 critical】15 项新告警 new: 队列服务无响应');
  expect(text).toContain('【警告 warning】中间机内容与台账不一致 the staging machine does not hold what the ledger says × 14');
  expect(text).toContain('另有 4 项 and 4 more');
  expect(text).toContain('2026-11-24 10:00:00');
  expect(text).toContain('→ mend it');
});

it('gathers news for a while, but does not keep a critical one', () => {
  const s = new Stage(0, 5 * minute);
  s.look(0, [seen('oldest-due:a')]).look(1, [seen('oldest-due:a'), seen('oldest-due:b')]).look(2, [seen('oldest-due:a'), seen('oldest-due:b'), seen('lanes-blocked:a')]);
  expect(told(s)).toEqual(['0: new oldest-due×1']);
  s.look(5, [seen('oldest-due:a'), seen('oldest-due:b')]); // lanes-blocked came and went unsaid
  expect(told(s).at(-1)).toBe('5: new oldest-due×1');
  s.look(6, [seen('oldest-due:a'), seen('oldest-due:b'), seen('breaker-open:a', { severity: 'critical' })]);
  expect(told(s).at(-1)).toBe('6: new breaker-open×1');
  expect(s.notices).toHaveLength(3);
});

it('an acknowledged alarm gives no reminders but an end, and is news again when it becomes critical', () => {
  const s = new Stage(0);
  s.look(0, [seen('calendar-year-missing:2027')]);
  s.rows.set('calendar-year-missing:2027', { ...s.rows.get('calendar-year-missing:2027')!, acknowledgedBy: 'admin', acknowledgedAt: new Date(t0).toISOString() });
  s.look(200, [seen('calendar-year-missing:2027')]);
  expect(told(s)).toHaveLength(1);
  s.look(300, [seen('calendar-year-missing:2027', { severity: 'critical' })]);
  expect(told(s).at(-1)).toBe('300: new calendar-year-missing×1');
  expect(s.rows.get('calendar-year-missing:2027')).toMatchObject({ severity: 'critical', acknowledgedBy: undefined });
  s.look(301, []);
  expect(told(s).at(-1)).toBe('301: over calendar-year-missing×1');
});

it('what a stage raised stands without the watch, until it is cleared or its time is over', () => {
  const s = new Stage(0);
  const raised = (key: string, over: Partial<Alarm>): Alarm => ({ ...planAlarms([], [seen(key)], t0, Infinity)[0]!, origin: 'stage', ...over });
  s.rows.set('queue-emptied', raised('queue-emptied', { untilAt: new Date(t0 + 10 * minute).toISOString() }));
  s.rows.set('stage-alarm:x', raised('stage-alarm:x', {}));
  s.look(1, []).look(9, []);
  expect(told(s)).toEqual(['1: new queue-emptied×1 stage-alarm×1']);
  s.look(10, []);
  expect(told(s).at(-1)).toBe('10: over queue-emptied×1');
  s.rows.set('stage-alarm:x', { ...s.rows.get('stage-alarm:x')!, absentSince: new Date(t0 + 11 * minute).toISOString() });
  s.look(11, []);
  expect(told(s).at(-1)).toBe('11: over stage-alarm×1');
});

it('an unchanged ended alarm is not written again', () => {
  const s = new Stage(0);
  s.look(0, [seen('queue-volatile')]).look(1, []);
  expect(planAlarms([...s.rows.values()], [], t0 + 2 * minute, 0)).toEqual([]);
});
