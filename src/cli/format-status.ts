import { exchangeStates } from '../domain/exchange-states.js';
import type { CompletenessRun } from '../ledger/completeness.store.js';
import { findingsText } from './format-completeness.js';
import type { RejectionSum } from '../ledger/rejection.store.js';
import { formatDuration, formatInstant, formatTable, indent } from './format-terminal.js';

export interface ChannelStatus {
  readonly channel: string;
  readonly configured: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly oldestOpenMs?: number | undefined;
  readonly lanesBlocked: number;
  readonly paused?: { readonly reason?: string | undefined } | undefined;
  readonly breaker?: { readonly since?: string | undefined; readonly probeAt?: string | undefined; readonly code?: string | undefined; readonly detail?: string | undefined; readonly remedy?: string | undefined } | undefined;
  readonly lastSuccessAt?: string | undefined;
  readonly lastManifest?: { readonly seq: string; readonly fileName: string; readonly state: string; readonly stagedAt?: string | undefined } | undefined;
  readonly oddAcknowledgements: Readonly<Record<string, number>>;
}

export interface GatewayStatus {
  readonly at: string;
  readonly channels: readonly ChannelStatus[];
  readonly streams: readonly {
    readonly stream: string;
    readonly polledAt?: string | undefined;
    readonly movedAt?: string | undefined;
    readonly heldBackSince?: string | undefined;
    readonly fault?: { readonly code: string; readonly detail?: string | undefined; readonly since?: string | undefined; readonly remedy?: string | undefined } | undefined;
  }[];
  /** The newest comparison of each stream with the bureau. */
  readonly compared: readonly CompletenessRun[];
  readonly caseFaults: readonly { readonly stream: string; readonly caseNo: string; readonly code: string; readonly detail: string }[];
  readonly moreCaseFaults: boolean;
  /** Requests that were not let in within the last day, the most frequent first. */
  readonly rejections: readonly RejectionSum[];
  readonly leases: readonly { readonly name: string; readonly holder: string }[];
  readonly alarms: readonly { readonly key: string; readonly severity: string; readonly since: string; readonly text: string; readonly remedy: string; readonly acknowledgedBy?: string | undefined }[];
  /** What a person should look at; empty when nothing. */
  readonly attention: readonly string[];
}

export function formatStatus(status: GatewayStatus, now: Date): string {
  const age = (iso: string | undefined): string => (iso === undefined ? 'never' : `${formatDuration(now.getTime() - Date.parse(iso))} ago`);
  const parts: string[] = [];
  const states = exchangeStates.filter((s) => status.channels.some((c) => (c.counts[s] ?? 0) > 0));
  const shown = states.length === 0 ? (['captured'] as const) : states;
  parts.push(formatTable(
    ['channel', ...shown, 'oldest open', 'lanes blocked', 'last manifest'],
    status.channels.map((c) => [
      c.channel, ...shown.map((s) => String(c.counts[s] ?? 0)), c.oldestOpenMs === undefined ? '-' : formatDuration(c.oldestOpenMs), String(c.lanesBlocked),
      c.lastManifest ? `${c.lastManifest.fileName} ${c.lastManifest.state === 'staged' ? age(c.lastManifest.stagedAt) : 'prepared, not yet staged'}` : '-',
    ]),
  ));
  for (const c of status.channels) {
    if (!c.configured) parts.push(`${c.channel}: not configured any more; what stands of it in the ledger does not move`);
    if (c.paused) parts.push(`${c.channel}: PAUSED: ${c.paused.reason ?? 'no reason given'} (npm run gateway -- resume ${c.channel})`);
    if (c.breaker) {
      parts.push([
        `${c.channel}: STANDS STILL since ${c.breaker.since === undefined ? '?' : formatInstant(c.breaker.since)}: ${[c.breaker.code, c.breaker.detail].filter((t) => t !== undefined).join(': ')}`,
        ...(c.breaker.remedy === undefined ? [] : [`  → ${c.breaker.remedy}`]),
        ...(c.breaker.probeAt === undefined ? [] : [`  next probe ${formatInstant(c.breaker.probeAt)}`]),
      ].join('\n'));
    }
    const odd = Object.entries(c.oddAcknowledgements);
    if (odd.length > 0) parts.push(`${c.channel}: ${odd.map(([name, n]) => `${n} ${name}`).join(', ')} acknowledgements`);
  }
  for (const s of status.streams) {
    parts.push([
      `stream ${s.stream}: polled ${age(s.polledAt)}, watermark moved ${age(s.movedAt)}${s.heldBackSince === undefined ? '' : `, held back by an open transaction in the bureau since ${formatInstant(s.heldBackSince)}`}`,
      ...(s.fault === undefined ? [] : [`  FAULT since ${s.fault.since === undefined ? '?' : formatInstant(s.fault.since)}: ${s.fault.code}: ${s.fault.detail ?? ''}`, ...(s.fault.remedy === undefined ? [] : [`  → ${s.fault.remedy}`])]),
    ].join('\n'));
  }
  for (const r of status.compared) parts.push(`stream ${r.stream}: compared with the bureau (${r.kind}) ${age(r.startedAt)}: ${r.outcome === 'complete' ? `${r.figures?.bureauCases ?? 0} cases, ${findingsText(r.figures)}` : (r.outcome ?? 'not ended')}`);
  if (status.streams.length === 0) parts.push('No stream was read yet.');
  if (status.caseFaults.length > 0) {
    parts.push(`Cases that cannot be read${status.moreCaseFaults ? ' (the first of more)' : ''}:\n${indent(formatTable(['stream', 'case', 'code', 'detail'], status.caseFaults.map((f) => [f.stream, f.caseNo, f.code, f.detail])))}`);
  }
  if (status.rejections.length > 0) {
    const most = status.rejections.slice(0, 10);
    parts.push(`Requests that were not let in within a day${status.rejections.length > most.length ? ` (the most frequent of ${status.rejections.length})` : ''}:\n${indent(formatTable(['channel', 'from', 'why', 'times', 'last'], most.map((r) => [r.channel ?? '-', r.remote, r.reason, String(r.count), age(r.lastAt)])))}`);
  }
  if (status.alarms.length > 0) {
    parts.push(`Alarms (gateway alarms):\n${status.alarms.map((a) => `  ${a.severity === 'critical' ? 'CRITICAL' : 'warning'}  ${a.key}, ${age(a.since)}: ${a.text}${a.acknowledgedBy === undefined ? '' : ` (taken care of by ${a.acknowledgedBy})`}\n    → ${a.remedy}`).join('\n')}`);
  }
  if (status.leases.length > 0) parts.push(`Leases:\n${indent(formatTable(['what', 'held by'], status.leases.map((l) => [l.name, l.holder])))}`);
  parts.push(status.attention.length === 0 ? 'Nothing needs attention.' : `Needs attention:\n${status.attention.map((a) => `  - ${a}`).join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}
