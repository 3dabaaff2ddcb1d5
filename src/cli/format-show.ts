import type { Finding } from '../domain/mapping-language.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';
import type { TimelineEntry } from '../ledger/exchange-view.store.js';
import type { AcknowledgementFacts, ManifestFacts } from '../ledger/operator-view.store.js';
import { formatFindings } from './format-findings.js';
import { formatInstant, formatTable, indent } from './format-terminal.js';

export interface ShownExchange {
  readonly exchange: Omit<ExchangeRow, 'claimToken'> & { readonly claimed: boolean };
  readonly failure?: { readonly code: string; readonly detail?: string | undefined; readonly kind?: string | undefined; readonly text?: string | undefined; readonly remedy?: string | undefined } | undefined;
  readonly message?: { readonly size: number; readonly prunedAt?: string | undefined; readonly sha256: string; readonly encoding: string; readonly renderedAt: string; readonly attachments: readonly { readonly fileName: string; readonly size: number; readonly sha256: string }[] } | undefined;
  readonly manifest?: ManifestFacts | undefined;
  readonly findings: readonly Finding[];
  readonly acknowledgements: readonly AcknowledgementFacts[];
  readonly timeline: readonly TimelineEntry[];
}

export interface ShownCase {
  readonly stream: string;
  readonly caseNo: string;
  readonly removedAt?: string | undefined;
  readonly faultCode?: string | undefined;
  readonly faultDetail?: string | undefined;
}

/** Exchanges in full, those of one case in the order of capture; before them what is odd about the case itself. */
export function formatShown(shown: readonly ShownExchange[], cases: readonly ShownCase[]): string {
  const parts = cases.flatMap((c) => [
    ...(c.removedAt === undefined ? [] : [`case ${c.caseNo} is gone from the bureau since ${formatInstant(c.removedAt)}`]),
    ...(c.faultCode === undefined ? [] : [`case ${c.caseNo} cannot be read: ${c.faultCode}: ${c.faultDetail ?? ''}`]),
  ]);
  if (shown.length === 0) parts.push('No exchange was opened: no channel wants an event of this case.');
  if (shown.length > 1) {
    parts.push(formatTable(['exchange', 'channel', 'event', 'seq', 'version', 'op', 'state', 'failure'], shown.map(({ exchange: e }) => [e.id, e.channel, e.event, e.sequence, `v${e.version}`, e.operation, e.state, e.failureCode ?? ''])));
  }
  return `${[...parts, ...shown.map(formatExchange)].join('\n\n')}\n`;
}

function formatExchange(s: ShownExchange): string {
  const e = s.exchange;
  const facts: [string, string][] = [
    ['state', `${e.state} since ${formatInstant(e.stateSince)}${e.parkedFrom === undefined ? '' : ` (parked in ${e.parkedFrom})`}${e.claimed ? ', being worked on' : ''}`],
    ['event', `${e.event}, sequence ${e.sequence}, version ${e.version}, operation ${e.operation}, at ${e.eventAt} bureau time`],
    ['captured', formatInstant(e.capturedAt)],
    ['message id', e.messageId],
    ['file', e.fileName],
  ];
  if (s.message) facts.push(['bytes', `${s.message.size} (${s.message.encoding}), sha256 ${s.message.sha256}${s.message.prunedAt === undefined ? '' : `; pruned ${formatInstant(s.message.prunedAt)}`}`]);
  for (const a of s.message?.attachments ?? []) facts.push(['attachment', `${a.fileName}, ${a.size} bytes, sha256 ${a.sha256}`]);
  if (s.manifest) facts.push(['manifest', `${s.manifest.fileName}, ${s.manifest.state}${s.manifest.stagedAt === undefined ? '' : ` ${formatInstant(s.manifest.stagedAt)}`}`]);
  if (e.state === 'captured' || e.state === 'rendered') facts.push(['due', `${formatInstant(e.dueAt)}, ${e.attempts} attempts failed`]);
  if (s.failure) {
    facts.push(['failure', [s.failure.code, s.failure.text, s.failure.detail].filter((t) => t !== undefined).join(': ')]);
    if (s.failure.remedy !== undefined) facts.push(['what to do', s.failure.remedy]);
  }
  const parts = [`Exchange ${e.id}: ${e.channel}, case ${e.caseNo}`, ...facts.map(([name, value]) => `  ${name.padEnd(11)} ${value}`)];
  if (s.findings.length > 0) parts.push('  findings', indent(formatFindings(s.findings), '    '));
  if (s.acknowledgements.length > 0) {
    parts.push('  acknowledgements', indent(formatTable(['received', 'level', 'class', 'code', 'reason', 'from'], s.acknowledgements.map((a) => [formatInstant(a.receivedAt), a.level, a.class, a.code ?? '', a.reason ?? '', `${a.source}, inbox ${a.inboxId}`])), '    '));
  }
  parts.push('  timeline', indent(formatTable(['at', 'who', 'what', 'move', 'detail'], s.timeline.map((t) => [formatInstant(t.at), t.actor, t.note, moveOf(t), t.detail ?? ''])), '    '));
  return parts.join('\n');
}

function moveOf(t: TimelineEntry): string {
  if (t.to === undefined) return '';
  return t.from === undefined ? t.to : `${t.from} → ${t.to}`;
}
