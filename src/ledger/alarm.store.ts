import { alarmKinds, type AlarmCondition, type AlarmKind, type AlarmRemedy } from '../domain/alarm-kinds.js';
import type { AlarmWords } from '../domain/alarm-words.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, ColumnKind, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { planAlarms, planNotice, type Alarm, type NoticeRules } from './plan-alarms.js';

/** How alarms are damped and told. */
export interface AlarmRules extends NoticeRules {
  readonly settleMs: number;
  readonly notifiers: readonly string[];
}

/** Something a stage found wrong by itself. */
export interface RaisedAlarm {
  readonly severity?: AlarmCondition['severity'];
  readonly channel?: ChannelName;
  /** It is over by itself after this; without it the stage clears it. */
  readonly forMs?: number;
}

const column = (name: string, kind: ColumnKind): Column => ({ name, kind });
const columns: readonly Column[] = [
  column('kind', 'text'), column('severity', 'text'), column('channel', 'text'), column('alarm_text', 'text'), column('remedy', 'text'), column('origin', 'text'), column('since', 'instant'),
  column('last_seen', 'instant'), column('absent_since', 'instant'), column('raised_at', 'instant'), column('times', 'int'), column('notified_at', 'instant'), column('ended_at', 'instant'),
  column('end_notified_at', 'instant'), column('until_at', 'instant'), column('acknowledged_by', 'text'), column('acknowledged_at', 'instant'),
  column('text_zh', 'text'), column('remedy_zh', 'text'),
];

/** How long the end of an alarm is kept in memory for its end notice; a watch that stood still for longer says nothing. */
const recentMs = 7 * 24 * 3_600_000;
const lock = 'watch';
const lastNotice = 'last-notice';

/** Alone writes alarms. Everything that changes them waits for one row, so that any number of schedulers tells a thing once. */
export class AlarmStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /**
   * Records what the watch found and puts the notice that is due on its ways, in one transaction. Gives the alarms that stand.
   */
  async note(conditions: readonly AlarmCondition[], rules: AlarmRules, noticeId: string): Promise<Alarm[]> {
    return this.locked(async (runner) => {
      const nowMs = this.clock.now().getTime();
      const before = await this.recent(runner, conditions.map((c) => c.key));
      const changed = planAlarms(before, conditions, nowMs, rules.settleMs);
      const after = new Map([...before, ...changed].map((a) => [a.key, a]));
      const planned = planNotice([...after.values()], nowMs, noticeId, await this.memory(lastNotice, runner), rules);
      if (planned) {
        const now = this.clock.iso();
        await this.database.dialect.insertMany(
          runner, 'alarm_notice',
          [column('notice_id', 'text'), column('notifier', 'text'), column('payload', 'long'), column('state', 'text'), column('created_at', 'instant'), column('due_at', 'instant')],
          rules.notifiers.map((notifier) => [noticeId, notifier, JSON.stringify(planned.notice), 'queued', now, now]),
        );
        await this.remember(lastNotice, runner);
        for (const a of planned.told) after.set(a.key, a);
      }
      const keys = new Set([...changed, ...(planned?.told ?? [])].map((a) => a.key));
      await this.write(runner, [...keys].map((k) => after.get(k)!), new Set(before.map((a) => a.key)));
      await this.remember(lock, runner);
      return [...after.values()].filter((a) => a.raisedAt !== undefined && a.endedAt === undefined);
    });
  }

  /**
   * A stage found something wrong that the watch cannot see. The key names it as long as it lasts; saying it again refreshes
   * it. It is told like any other alarm, and is over when the stage calls `clear` with the key.
   */
  async raise(key: string, kind: AlarmKind, said: AlarmWords, remedy: AlarmRemedy = { en: alarmKinds[kind].remedy }, more: RaisedAlarm = {}): Promise<void> {
    await this.locked(async (runner) => {
      const nowMs = this.clock.now().getTime();
      const before = await this.recent(runner, [key]);
      const known = before.find((a) => a.key === key);
      const condition: AlarmCondition = { key, kind, severity: more.severity ?? alarmKinds[kind].severity, channel: more.channel, text: said.en.slice(0, 1000), textZh: said.zh.slice(0, 1000), remedy: remedy.en.slice(0, 1000), remedyZh: (remedy.zh ?? alarmKinds[kind].remedyZh).slice(0, 1000) };
      // settleMs without end: whether it lasts is judged at the next look of the watch.
      const row = planAlarms(known ? [known] : [], [condition], nowMs, Number.POSITIVE_INFINITY)[0]!;
      const untilAt = more.forMs === undefined ? undefined : this.clock.after(more.forMs);
      await this.write(runner, [{ ...row, origin: 'stage', untilAt }], new Set(known ? [key] : []));
    });
  }

  /** What `raise` said is over; an unknown key is fine. */
  async clear(key: string): Promise<void> {
    await this.locked((runner) => runner.run(sql`update alarm set absent_since = ${this.value(this.clock.iso())} where alarm_key = ${key} and origin = 'stage' and ended_at is null and absent_since is null`));
  }

  /** Somebody takes care of it: no reminders until it ends. False when no such alarm stands. */
  async acknowledge(key: string, by: string): Promise<boolean> {
    const { affected } = await this.locked((runner) => runner.run(sql`update alarm set acknowledged_by = ${by.slice(0, 80)}, acknowledged_at = ${this.value(this.clock.iso())}
      where alarm_key = ${key} and raised_at is not null and ended_at is null`));
    return affected === 1;
  }

  /** Alarms that stand, the oldest first. */
  async open(): Promise<Alarm[]> {
    const { rows } = await this.database.run(sql`select * from alarm where raised_at is not null and ended_at is null order by raised_at, alarm_key`);
    return rows.map(alarmRow);
  }

  /** Every alarm there ever was, the last time it came, newest first. */
  async all(): Promise<Alarm[]> {
    const { rows } = await this.database.run(sql`select * from alarm where raised_at is not null order by raised_at desc, alarm_key`);
    return rows.map(alarmRow);
  }

  /** When the watch last looked, in epoch milliseconds. */
  lastLook(): Promise<number | undefined> {
    return this.memory(lock);
  }

  /** Since when each of these names has been said, without a break; names of the group that are not said are forgotten. */
  async sinceWhen(group: string, names: readonly string[]): Promise<Map<string, number>> {
    const prefix = `${group}:`;
    const keyed = names.map((n) => prefix + n);
    await this.database.dialect.insertMany(this.database, 'alarm_memory', [column('name', 'text'), column('at', 'instant')], keyed.map((k) => [k, this.clock.iso()]), ['name']);
    await this.database.run(sql`delete from alarm_memory where name like ${`${prefix}%`} and name not in (${list(['', ...keyed])})`);
    const { rows } = await this.database.run(sql`select name, at from alarm_memory where name in (${list(keyed)})`);
    return new Map(rows.map((r) => [String(r['name']).slice(prefix.length), Date.parse(instantText(r['at']))]));
  }

  /** A write that touches nothing else: whether the ledger can be written at all. */
  async proveWritable(name: string): Promise<void> {
    await this.remember(`alive:${name}`, this.database);
  }

  /** One writer at a time: the first look makes the row, everybody after waits for it. */
  private async locked<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    await this.database.dialect.insertMany(this.database, 'alarm_memory', [column('name', 'text'), column('at', 'instant')], [[lock, new Date(0).toISOString()]], ['name']);
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      await runner.run(sql`select name from alarm_memory ${raw(hint)} where name = ${lock} ${raw(suffix)}`);
      return work(runner);
    });
  }

  private async recent(runner: Runner, keys: readonly string[]): Promise<Alarm[]> {
    const since = this.value(this.clock.after(-recentMs));
    const { rows } = await runner.run(sql`select * from alarm where ended_at is null or alarm_key in (${list(keys)}) or (end_notified_at is null and notified_at is not null and ended_at > ${since})`);
    return rows.map(alarmRow);
  }

  private async write(runner: Runner, rows: readonly Alarm[], known: ReadonlySet<string>): Promise<void> {
    const values = (a: Alarm): unknown[] => [
      a.key, a.kind, a.severity, a.channel ?? null, a.text.slice(0, 1000), a.remedy.slice(0, 1000), a.origin, a.since, a.lastSeen, a.absentSince ?? null, a.raisedAt ?? null, a.count,
      a.notifiedAt ?? null, a.endedAt ?? null, a.endNotifiedAt ?? null, a.untilAt ?? null, a.acknowledgedBy ?? null, a.acknowledgedAt ?? null,
      a.textZh?.slice(0, 1000) ?? null, a.remedyZh?.slice(0, 1000) ?? null,
    ];
    const { dialect } = this.database;
    await dialect.insertMany(runner, 'alarm', [column('alarm_key', 'text'), ...columns], rows.filter((a) => !known.has(a.key)).map(values));
    await dialect.updateMany(runner, { table: 'alarm', key: column('alarm_key', 'text'), match: [], set: columns, rows: rows.filter((a) => known.has(a.key)).map(values) });
  }

  private async memory(name: string, runner: Runner = this.database): Promise<number | undefined> {
    const { rows } = await runner.run(sql`select at from alarm_memory where name = ${name}`);
    const at = rows[0] && Date.parse(instantText(rows[0]['at']));
    return at === undefined || at === 0 ? undefined : at;
  }

  private async remember(name: string, runner: Runner): Promise<void> {
    const now = this.clock.iso();
    const { affected } = await runner.run(sql`update alarm_memory set at = ${this.value(now)} where name = ${name}`);
    if (affected === 0) await this.database.dialect.insertMany(runner, 'alarm_memory', [column('name', 'text'), column('at', 'instant')], [[name, now]], ['name']);
  }

  private value(instant: Instant): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const instant = (v: unknown): Instant | undefined => (v === null || v === undefined ? undefined : instantText(v));

function alarmRow(r: Record<string, unknown>): Alarm {
  return {
    key: String(r['alarm_key']), kind: String(r['kind']) as AlarmKind, severity: String(r['severity']) as Alarm['severity'], channel: text(r['channel']), text: String(r['alarm_text']), remedy: String(r['remedy']), textZh: text(r['text_zh']), remedyZh: text(r['remedy_zh']),
    origin: String(r['origin']) as Alarm['origin'], since: instantText(r['since']), lastSeen: instantText(r['last_seen']), absentSince: instant(r['absent_since']), raisedAt: instant(r['raised_at']),
    count: Number(r['times']), notifiedAt: instant(r['notified_at']), endedAt: instant(r['ended_at']), endNotifiedAt: instant(r['end_notified_at']), untilAt: instant(r['until_at']),
    acknowledgedBy: text(r['acknowledged_by']), acknowledgedAt: instant(r['acknowledged_at']),
  };
}
