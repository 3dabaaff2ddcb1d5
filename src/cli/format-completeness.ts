import type { CompletenessFigures, CompletenessFinding, CompletenessRun } from '../ledger/completeness.store.js';
import { formatDuration, formatInstant, formatTable, indent, plural } from './format-terminal.js';

/** A comparison with the cases that it found not to be equal. */
export interface ShownRun extends CompletenessRun {
  readonly cases: readonly CompletenessFinding[];
}

/** What a comparison found, in words: `3 differ, 1 gone`, or `all equal`. */
export function findingsText(figures: CompletenessFigures | undefined): string {
  if (figures === undefined) return 'nothing known';
  const words = { missing: 'missing in the ledger', differs: 'recorded otherwise', gone: 'gone from the bureau', 'exchange-missing': 'without an exchange', unreadable: 'unreadable' } as const;
  const found = (Object.keys(words) as (keyof typeof words)[]).filter((r) => figures.findings[r] > 0).map((r) => `${figures.findings[r]} ${words[r]}`);
  return found.length === 0 ? 'all equal' : found.join(', ');
}

export function formatCompleteness(runs: readonly ShownRun[], now: Date, justRun: boolean): string {
  if (runs.length === 0) return 'No comparison was made yet. Add --run to make one now.\n';
  const parts = [formatTable(
    ['stream', 'kind', 'when', 'by', 'outcome', 'cases', 'read', 'found', 'captured', 'opened', 'removed', 'took'],
    runs.map((r) => {
      const f = r.figures;
      return [
        r.stream, r.kind, justRun ? formatInstant(r.startedAt) : `${formatDuration(now.getTime() - Date.parse(r.startedAt))} ago`, r.causedBy, r.outcome ?? 'not ended', String(f?.bureauCases ?? '-'), String(f?.read ?? '-'),
        findingsText(f), String(f?.captured ?? '-'), String(f?.opened ?? '-'), String(f?.removed ?? '-'), f === undefined ? '-' : formatDuration(f.ms),
      ];
    }),
  )];
  const newest = runs.find((r) => r.cases.length > 0);
  if (newest) parts.push(`Found ${justRun ? 'now' : formatInstant(newest.startedAt)}:\n${indent(formatTable(['case', 'reason', 'detail'], newest.cases.map((c) => [c.caseNo, c.reason, c.detail ?? ''])))}`);
  const heldBack = runs.reduce((n, r) => n + (r.figures?.heldBack ?? 0), 0);
  if (justRun && heldBack > 0) parts.push(`${plural(heldBack, 'case')} without an exchange were only reported, because there are more than completeness.openLimit.\n  → when a channel or an event is new, that is expected; --open-all opens them`);
  return `${parts.join('\n\n')}\n`;
}
