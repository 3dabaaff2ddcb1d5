import { alarmKinds, type AlarmKind, type AlarmSeverity } from './alarm-kinds.js';
import type { ChannelName, Instant } from './vocabulary.js';

/** What a notice says of one alarm. */
export interface NoticedAlarm {
  readonly key: string;
  readonly channel?: ChannelName | undefined;
  readonly text: string;
  readonly remedy: string;
  readonly since: Instant;
  readonly endedAt?: Instant | undefined;
}

/** Alarms of one kind and severity. */
export interface NoticeGroup {
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
  readonly title: string;
  readonly titleZh: string;
  readonly remedyZh: string;
  /** All of them; `alarms` holds the first. */
  readonly count: number;
  readonly alarms: readonly NoticedAlarm[];
}

/** One notice: what is new, what still stands, what is over. The body of the webhook. */
export interface Notice {
  readonly type: 'gateway.alarms' | 'gateway.alarms.test';
  readonly id: string;
  readonly at: Instant;
  readonly instance: string;
  /** Alarms that stand after this notice. */
  readonly open: number;
  readonly raised: readonly NoticeGroup[];
  readonly standing: readonly NoticeGroup[];
  readonly ended: readonly NoticeGroup[];
}

interface Groupable extends NoticedAlarm {
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
}

const shownPerGroup = 10;

/** Many of a kind as one group with a count; critical ones first, then the larger groups. */
export function groupAlarms(alarms: readonly Groupable[]): NoticeGroup[] {
  const groups = new Map<string, Groupable[]>();
  for (const alarm of alarms) {
    const name = `${alarm.severity} ${alarm.kind}`;
    groups.set(name, [...(groups.get(name) ?? []), alarm]);
  }
  const rank = (g: NoticeGroup): number => (g.severity === 'critical' ? 0 : 1);
  return [...groups.values()]
    .map((members): NoticeGroup => {
      const { kind, severity } = members[0]!;
      const { text, zh, remedyZh } = alarmKinds[kind];
      return {
        kind, severity, title: text, titleZh: zh, remedyZh, count: members.length,
        alarms: members.slice(0, shownPerGroup).map(({ key, channel, text: what, remedy, since, endedAt }) => ({ key, channel, text: what, remedy, since, endedAt })),
      };
    })
    .sort((a, b) => rank(a) - rank(b) || b.count - a.count || a.kind.localeCompare(b.kind, 'en'));
}

/** A notice that says nothing but that the way works. */
export function testNotice(id: string, at: Instant, instance: string): Notice {
  return { type: 'gateway.alarms.test', id, at, instance, open: 0, raised: [], standing: [], ended: [] };
}
