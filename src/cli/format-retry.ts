import { describeOpening } from '../ledger/plan-retry.js';
import type { RetryLine } from '../ledger/retry.store.js';
import { formatTable, indent, plural } from './format-terminal.js';

/** The sum of a retry, or of what it would do. */
export interface RetrySummary {
  readonly total: number;
  /** Exchanges by what happens to them, e.g. `parked → rendered`. */
  readonly steps: readonly { readonly from: string; readonly what: string; readonly count: number }[];
  readonly lanes: number;
  readonly channels: readonly string[];
  readonly opened: readonly { readonly refused: string; readonly exchange: string }[];
  readonly cannot: readonly { readonly exchange: string; readonly state: string; readonly why: string }[];
  /** More than `cannot` names. */
  readonly cannotTotal: number;
  readonly seen: readonly string[];
  readonly laneNames: ReadonlySet<string>;
}

export const emptySummary: RetrySummary = { total: 0, steps: [], lanes: 0, channels: [], opened: [], cannot: [], cannotTotal: 0, seen: [], laneNames: new Set() };

/** How many of those that cannot be retried are named one by one. */
const namedLimit = 100;

/** The sum so far and one batch more. */
export function sumRetry(summary: RetrySummary, lines: readonly RetryLine[]): RetrySummary {
  const counts = new Map(summary.steps.map((s) => [`${s.from}\u0000${s.what}`, s]));
  const cannot = [...summary.cannot];
  const opened = [...summary.opened];
  const channels = new Set(summary.channels);
  const laneNames = new Set(summary.laneNames);
  let cannotTotal = summary.cannotTotal;
  for (const line of lines) {
    const { exchange, step } = line;
    const why = step.action === 'none' ? step.why : line.movedMeanwhile === true ? 'it moved while this ran' : undefined;
    if (why !== undefined) {
      cannotTotal += 1;
      if (cannot.length < namedLimit) cannot.push({ exchange: exchange.id, state: exchange.state, why });
      continue;
    }
    const what = whatOf(line);
    const key = `${exchange.state}\u0000${what}`;
    counts.set(key, { from: exchange.state, what, count: (counts.get(key)?.count ?? 0) + 1 });
    if (line.newId !== undefined && opened.length < namedLimit) opened.push({ refused: exchange.id, exchange: line.newId });
    channels.add(exchange.channel);
    laneNames.add(`${exchange.channel}\u0000${exchange.caseNo}`);
  }
  // Only numbers that somebody typed are looked up in it, and those are few.
  const seen = summary.total > 2_000 ? summary.seen : [...summary.seen, ...lines.map((l) => l.exchange.id)];
  return { total: summary.total + lines.length, steps: [...counts.values()], lanes: laneNames.size, channels: [...channels].sort(), opened, cannot, cannotTotal, seen, laneNames };
}

function whatOf({ step }: RetryLine): string {
  switch (step.action) {
    case 'return':
      return step.to === 'captured' ? 'captured: rendered anew' : `${step.to}: delivered with the same bytes`;
    case 'open':
      return describeOpening('superseded: the next version is opened from the newest snapshot', step);
    case 'yield':
      return 'superseded: a newer version is with the receiver already';
    case 'none':
      return 'nothing';
  }
}

export function formatRetry(summary: Omit<RetrySummary, 'seen'>, outcome: { done: boolean; missing: readonly string[]; rung?: boolean | undefined }): string {
  const parts: string[] = [];
  const can = summary.total - summary.cannotTotal;
  if (summary.total === 0) parts.push('Nothing matches.');
  if (can > 0) {
    parts.push(`${outcome.done ? 'Retried' : 'Would retry'} ${plural(can, 'exchange')} in ${plural(summary.lanes, 'lane')} (${summary.channels.join(', ')}):\n${indent(formatTable(['count', 'from', 'to'], summary.steps.map((s) => [String(s.count), s.from, s.what])))}`);
  }
  if (summary.opened.length > 0) parts.push(`Opened:\n${indent(formatTable(['refused', 'next version'], summary.opened.map((o) => [`exchange ${o.refused}`, `exchange ${o.exchange}`])))}`);
  if (summary.cannotTotal > 0) {
    parts.push(`Cannot be retried (${summary.cannotTotal}):\n${indent(formatTable(['exchange', 'state', 'why'], summary.cannot.map((c) => [c.exchange, c.state, c.why])))}${summary.cannotTotal > summary.cannot.length ? '\n  ...' : ''}`);
  }
  if (outcome.missing.length > 0) parts.push(`Not in the ledger, or not matched by the other filters: ${outcome.missing.join(', ')}`);
  if (outcome.rung === false) parts.push('The queue did not take the ring; the running gateway finds the work by itself within a second or so.');
  if (!outcome.done && can > 0) parts.push('Nothing was changed. Add --yes to do it.');
  return `${parts.join('\n\n')}\n`;
}
