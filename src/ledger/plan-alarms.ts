import type { AlarmCondition, AlarmKind, AlarmSeverity } from '../domain/alarm-kinds.js';
import { groupAlarms, type Notice } from '../domain/alarm-notice.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';

/** An alarm as the ledger holds it: one row per key, used again when the same thing comes again. */
export interface Alarm {
  readonly key: string;
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
  readonly channel?: ChannelName | undefined;
  readonly text: string;
  readonly remedy: string;
  readonly textZh?: string | undefined;
  readonly remedyZh?: string | undefined;
  /** watch: judged anew each time; stage: stands until the stage clears it or `untilAt` passes. */
  readonly origin: 'watch' | 'stage';
  readonly since: Instant;
  readonly lastSeen: Instant;
  /** Not there any more since; ended once that has lasted. */
  readonly absentSince?: Instant | undefined;
  /** Undefined while it has not lasted long enough to be told. */
  readonly raisedAt?: Instant | undefined;
  /** How often it was raised without a quiet day between. */
  readonly count: number;
  readonly notifiedAt?: Instant | undefined;
  readonly endedAt?: Instant | undefined;
  readonly endNotifiedAt?: Instant | undefined;
  readonly untilAt?: Instant | undefined;
  readonly acknowledgedBy?: string | undefined;
  readonly acknowledgedAt?: Instant | undefined;
}

const quietMs = 24 * 3_600_000;
const maxDoublings = 5;

/**
 * The rows that change when `conditions` hold now. Damped: a thing is raised after `settleMs`, and ended after as long without
 * it, twice as long for each time it came back within a day.
 */
export function planAlarms(known: readonly Alarm[], conditions: readonly AlarmCondition[], nowMs: number, settleMs: number): Alarm[] {
  const now = new Date(nowMs).toISOString();
  const rows = new Map(known.map((a) => [a.key, a]));
  const seen = new Map(conditions.map((c) => [c.key, c]));
  const changed: Alarm[] = [];
  for (const condition of seen.values()) {
    const row = rows.get(condition.key);
    changed.push(settle(row && !row.endedAt ? refresh(row, condition, now) : begin(row, condition, nowMs), nowMs, settleMs));
  }
  for (const row of known) {
    if (row.endedAt || seen.has(row.key)) continue;
    const present = row.origin === 'stage' && !row.absentSince && (row.untilAt === undefined || Date.parse(row.untilAt) > nowMs);
    const next = present ? settle({ ...row, lastSeen: now }, nowMs, settleMs) : fade(row, nowMs, settleMs);
    if (next !== row) changed.push(next);
  }
  return changed;
}

function begin(before: Alarm | undefined, condition: AlarmCondition, nowMs: number): Alarm {
  const now = new Date(nowMs).toISOString();
  const quiet = before?.endedAt === undefined || nowMs - Date.parse(before.endedAt) > quietMs;
  return { ...condition, origin: 'watch', since: now, lastSeen: now, count: quiet ? 0 : before.count };
}

function refresh(row: Alarm, condition: AlarmCondition, now: Instant): Alarm {
  // What became worse is news again; a warning that somebody acknowledged is not yet a crisis that somebody did.
  const worse = row.severity === 'warning' && condition.severity === 'critical';
  return { ...row, ...condition, lastSeen: now, absentSince: undefined, ...(worse ? { notifiedAt: undefined, acknowledgedBy: undefined, acknowledgedAt: undefined } : {}) };
}

function settle(row: Alarm, nowMs: number, settleMs: number): Alarm {
  if (row.raisedAt !== undefined || nowMs - Date.parse(row.since) < settleMs) return row;
  return { ...row, raisedAt: new Date(nowMs).toISOString(), count: row.count + 1 };
}

function fade(row: Alarm, nowMs: number, settleMs: number): Alarm {
  const now = new Date(nowMs).toISOString();
  if (row.raisedAt === undefined) return { ...row, absentSince: row.absentSince ?? now, endedAt: now };
  const absentSince = row.absentSince ?? now;
  const patienceMs = settleMs * 2 ** Math.min(row.count - 1, maxDoublings);
  if (nowMs - Date.parse(absentSince) >= patienceMs) return { ...row, absentSince, endedAt: now };
  return row.absentSince === undefined ? { ...row, absentSince } : row;
}

export interface NoticeRules {
  readonly instance: string;
  readonly groupMs: number;
  readonly remindEveryMs: number;
}

/** The notice that is due, and the rows as they are once it is on its way; undefined when there is nothing to say now. */
export function planNotice(all: readonly Alarm[], nowMs: number, id: string, lastNoticeMs: number | undefined, rules: NoticeRules): { notice: Notice; told: Alarm[] } | undefined {
  const open = all.filter((a) => a.raisedAt !== undefined && a.endedAt === undefined);
  const raised = open.filter((a) => a.notifiedAt === undefined);
  const ended = all.filter((a) => a.endedAt !== undefined && a.notifiedAt !== undefined && a.endNotifiedAt === undefined);
  const standing = open.filter((a) => a.notifiedAt !== undefined && a.acknowledgedBy === undefined && nowMs - Date.parse(a.notifiedAt) >= rules.remindEveryMs);
  if (raised.length + ended.length + standing.length === 0) return undefined;
  const waits = lastNoticeMs !== undefined && nowMs - lastNoticeMs < rules.groupMs;
  if (waits && !raised.some((a) => a.severity === 'critical')) return undefined;
  const now = new Date(nowMs).toISOString();
  return {
    notice: { type: 'gateway.alarms', id, at: now, instance: rules.instance, open: open.length, raised: groupAlarms(raised), standing: groupAlarms(standing), ended: groupAlarms(ended) },
    told: [...[...raised, ...standing].map((a) => ({ ...a, notifiedAt: now })), ...ended.map((a) => ({ ...a, endNotifiedAt: now }))],
  };
}
