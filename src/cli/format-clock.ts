import type { ClockReading, ExplainedLine, Explanation, ObjectReading } from '../domain/supervision-facts.js';
import type { CardLogRow, CardRow } from '../ledger/card.store.js';
import { formatTable, indent } from './format-terminal.js';

/** An instant in Shanghai to the second. */
export const shanghai = (iso: string | undefined): string => (iso === undefined ? '' : new Date(Date.parse(iso) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '));

const unitWords = { W: 'working days', N: 'calendar days', H: 'working hours', I: 'immediate' } as const;

/** The reading of every object and, below it, its arithmetic. */
export function formatClock(caseNo: string, reading: ClockReading, explanations: readonly Explanation[]): string {
  const parts = [`Case ${caseNo} at ${shanghai(reading.at)} under ${reading.body} (${reading.ruleVersion === '' ? 'no version in force' : reading.ruleVersion})${reading.outcome === undefined ? '' : `, ${reading.outcome}`}`];
  for (const o of reading.objects) {
    const lines = explanations.find((e) => e.object === o.object && e.sequence === o.sequence)?.lines ?? [];
    parts.push(`${title(o)}: ${o.state}${o.state === 'closed' && o.level !== undefined ? ` with a ${o.level} level` : ''}${o.light === 'none' ? '' : `, light ${o.light}`}${o.because === undefined || o.state === 'closed' ? '' : ` (${o.because})`}`);
    if (o.limits.length > 0) {
      parts.push(indent(formatTable(['limit', '', 'used', 'left', 'in time until'], o.limits.map((l) => [l.name, `${l.limit.length} ${unitWords[l.limit.unit]}`, String(l.used), String(l.remaining), l.dueAt === undefined ? 'open' : shanghai(l.dueAt)]))));
      parts.push(indent(formatLines(lines)));
    }
  }
  if (reading.calendarEndsAt !== undefined) parts.push(`The working calendar ends ${shanghai(reading.calendarEndsAt)}: what comes later is not known yet.`);
  return parts.join('\n');
}

const title = (o: ObjectReading): string => (o.object === 'case' ? 'Case' : `${o.object[0]!.toUpperCase()}${o.object.slice(1)} ${o.sequence}`);

function formatLines(lines: readonly ExplainedLine[]): string {
  const out: string[] = [];
  let block: ExplainedLine[] = [];
  const flush = (): void => {
    if (block.length === 0) return;
    out.push(formatTable(['from', 'until', '', 'why', 'adds', 'sum'], block.map((l) => [shanghai(l.from), shanghai(l.until), l.counts ? '+' : '-', l.text, l.added ?? '', l.sum ?? ''])));
    block = [];
  };
  for (const line of lines) {
    if (line.kind === 'interval') block.push(line);
    else {
      flush();
      out.push(`${line.kind === 'result' ? '= ' : ''}${line.text}`);
    }
  }
  flush();
  return out.join('\n');
}

/** Cards as a table. */
export function formatCards(cards: readonly CardRow[]): string {
  if (cards.length === 0) return 'No card.\n';
  return `${formatTable(['card', 'case', 'of', 'level', 'item', 'section', 'crossed', 'issued', 'used', 'limits', 'state', ''], cards.map((c) => [
    c.id, c.caseNo, c.object === 'case' ? c.body : `${c.body} ${c.object} ${c.sequence}`, c.level, c.itemCode ?? '', c.section ?? '', shanghai(c.crossedAt), shanghai(c.issuedAt), String(c.used), c.limits, c.state, c.stands ? '' : 'would not be issued today',
  ]))}\n`;
}

/** One card with its evidence and what became of it. */
export function formatCard(card: CardRow, evidence: unknown, log: readonly CardLogRow[]): string {
  const lines = (evidence as { lines?: readonly ExplainedLine[] }).lines ?? [];
  const parts = [
    formatCards([card]).trimEnd(),
    ...(card.examinedNote === undefined ? [] : [`Examined ${shanghai(card.examinedAt)}: ${card.examinedNote}`]),
    `Arithmetic of the moment it was issued:\n${indent(formatLines(lines))}`,
    log.length === 0 ? 'Nobody has acted on it.' : `What became of it:\n${indent(formatTable(['at', 'who', 'move', 'reason'], log.map((l) => [shanghai(l.at), l.actor, l.from === l.to ? l.to : `${l.from ?? ''} → ${l.to}`, l.reason])))}`,
  ];
  return `${parts.join('\n\n')}\n`;
}
