import type { MappedMessage } from '../ops/dry-run/render-case.js';
import { formatFindings } from './format-findings.js';
import { indent, plural } from './format-terminal.js';

export interface MappedCase {
  readonly stream: string;
  readonly caseNo: string;
  readonly versionsFrom: 'ledger' | 'none';
  readonly ledgerProblem?: string | undefined;
  readonly messages: readonly MappedMessage[];
}

export function formatMapped(mapped: MappedCase): string {
  const parts = mapped.messages.map(formatMessage);
  if (mapped.versionsFrom === 'none') parts.push(`The ledger was not asked for versions (${mapped.ledgerProblem ?? 'not reached'}): each is shown as the first.`);
  const wrong = mapped.messages.filter((m) => m.findings.length > 0 || m.failure !== undefined).length;
  parts.push(mapped.messages.length === 0 ? `Case ${mapped.caseNo} has no event that a channel wants.` : `Case ${mapped.caseNo}: ${plural(mapped.messages.length, 'message')}, ${wrong === 0 ? 'all could be sent' : `${wrong} with findings`}. Nothing was changed.`);
  return `${parts.join('\n\n')}\n`;
}

function formatMessage(m: MappedMessage): string {
  const lines = [
    `=== ${m.channel} ${m.event} ${m.sequence}  v${m.version} ${m.operation}  at ${m.at}`,
    `    message id ${m.messageId}; ${m.standing}`,
  ];
  if (m.sha256 !== undefined) lines.push(`    ${m.size} bytes in ${m.encoding}, sha256 ${m.sha256}`);
  for (const a of m.attachments) lines.push(`    scanned file ${a.signature}${a.broken ? ': its content is missing or does not have this signature' : ''}`);
  if (m.xml !== '') lines.push(m.xml);
  if (m.notes.length > 0) lines.push('Notes (do not hold it back):', indent(formatFindings(m.notes)));
  if (m.findings.length > 0) lines.push('Findings (it would be parked):', indent(formatFindings(m.findings)));
  if (m.failure) lines.push(`It would be parked: ${m.failure.code}: ${m.failure.text}`, `  → ${m.failure.remedy}`);
  return lines.join('\n');
}
