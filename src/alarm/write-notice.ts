import type { Notice, NoticeGroup } from '../domain/alarm-notice.js';

/** A notice as a mail: Chinese first, then English. */
export interface NoticeMail {
  readonly subject: string;
  readonly text: string;
}

const local = (iso: string): string => new Date(Date.parse(iso) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
const total = (groups: readonly NoticeGroup[]): number => groups.reduce((sum, g) => sum + g.count, 0);

/** Times are those of Asia/Shanghai. */
export function writeNoticeMail(notice: Notice): NoticeMail {
  if (notice.type === 'gateway.alarms.test') {
    return { subject: `[${notice.instance}] 告警测试 alarm test`, text: `这是一封测试邮件，告警可以送达。\nThis is a test: alarms arrive on this way.\n\n${notice.instance}, ${local(notice.at)}\n` };
  }
  const critical = notice.raised.some((g) => g.severity === 'critical');
  const parts = [
    ...(notice.raised.length > 0 ? [`${total(notice.raised)} 项新告警 new`] : []),
    ...(notice.standing.length > 0 ? [`${total(notice.standing)} 项持续 standing`] : []),
    ...(notice.ended.length > 0 ? [`${total(notice.ended)} 项解除 ended`] : []),
  ];
  const first = notice.raised[0] ?? notice.standing[0] ?? notice.ended[0];
  const subject = `[${notice.instance}] ${critical ? '【严重 critical】' : ''}${parts.join(', ')}${first ? `: ${first.titleZh}` : ''}`;
  const sections = [
    section('新告警 New alarms', notice.raised), section('仍未解除 Still standing', notice.standing), section('已解除 Over', notice.ended),
    `当前未解除 ${notice.open} 项。${notice.open} ${notice.open === 1 ? 'alarm stands' : 'alarms stand'} now. (gateway alarms)`,
    `${notice.instance}, ${local(notice.at)}, ${notice.id}`,
  ];
  return { subject, text: `${sections.filter((s) => s !== '').join('\n\n')}\n` };
}

function section(title: string, groups: readonly NoticeGroup[]): string {
  if (groups.length === 0) return '';
  return [`=== ${title} (${total(groups)}) ===`, ...groups.map(groupText)].join('\n\n');
}

function groupText(group: NoticeGroup): string {
  const over = group.alarms.every((a) => a.endedAt !== undefined);
  const lines = group.alarms.map((a) => `- ${a.text}\n  ${local(a.since)}${a.endedAt === undefined ? ' 起 since' : ` – ${local(a.endedAt)}`}${over ? '' : `\n  → ${a.remedy}`}`);
  if (group.count > group.alarms.length) lines.push(`- …… 另有 ${group.count - group.alarms.length} 项 and ${group.count - group.alarms.length} more`);
  return [
    `${group.severity === 'critical' ? '【严重 critical】' : '【警告 warning】'}${group.titleZh} ${group.title}${group.count > 1 ? ` × ${group.count}` : ''}`,
    ...(over ? [] : [`处理办法：${group.remedyZh}`]),
    ...lines,
  ].join('\n');
}
