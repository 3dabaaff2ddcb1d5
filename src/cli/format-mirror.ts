import type { MirroredDirectory, StoredFinding } from '../ledger/mirror.store.js';
import { describeReplay } from '../ledger/plan-replay.js';
import type { ReplayLine, ReplayOutcome } from '../ledger/replay.store.js';
import { formatInstant, formatTable, indent, plural } from './format-terminal.js';

/** One channel's look, and what an order came to. */
export interface ChannelMirror {
  readonly channel: string;
  readonly directories: readonly MirroredDirectory[];
  readonly hashed: number;
  readonly unhashed: number;
  readonly findings: readonly (StoredFinding & { readonly remedy: string })[];
  readonly swept?: { readonly files: readonly string[]; readonly tooYoung: number; readonly failed: readonly { name: string; why: string }[] } | undefined;
  readonly restored?: {
    readonly aside: readonly string[];
    readonly manifests: readonly string[];
    readonly beside: readonly string[];
    readonly replay: readonly ReplayLine[];
    readonly moved?: readonly { readonly from: string; readonly to: string }[];
    readonly put?: readonly string[];
    readonly failed?: readonly { readonly name: string; readonly why: string }[];
    readonly replayed?: readonly ReplayOutcome[];
  } | undefined;
}

const named = 50;

export function formatMirror(mirrors: readonly ChannelMirror[], how: { readonly done: boolean; readonly ordered: boolean }): string {
  return `${mirrors.map((m) => formatChannel(m, how)).join('\n')}${how.ordered && !how.done ? '\nNothing was changed. Add --yes to do it.\n' : ''}`;
}

function formatChannel(m: ChannelMirror, how: { readonly done: boolean }): string {
  const looked = m.directories.map((d) => (d.failure === undefined ? `${d.directory} ${plural(d.files, 'file')}` : `${d.directory} CANNOT BE LISTED (${d.failure.code}: ${d.failure.detail})`));
  const parts = [`${m.channel}: ${looked.join(', ')}; ${m.hashed} read${m.unhashed > 0 ? `, ${m.unhashed} new ones left for the next look` : ''}`];
  if (m.findings.length === 0) parts.push('  Everything fits.');
  else {
    parts.push(indent(formatTable(['finding', 'file', 'exchange', 'since', 'detail'], m.findings.slice(0, named).map((f) => [f.kind, `${f.directory}/${f.name}`, f.exchangeId ?? '', formatInstant(f.firstSeen), f.detail]))));
    if (m.findings.length > named) parts.push(`  ... ${m.findings.length - named} more; --json lists all`);
    for (const [kind, remedy] of new Map(m.findings.map((f) => [f.kind, f.remedy]))) parts.push(`  ${kind}: ${remedy}`);
  }
  if (m.swept) {
    parts.push(`  ${how.done ? 'Removed' : 'Would remove'} ${plural(m.swept.files.length - m.swept.failed.length, 'temporary file')}${m.swept.tooYoung > 0 ? `; ${m.swept.tooYoung} not yet seen for an hour` : ''}`);
    for (const f of m.swept.failed) parts.push(`  FAILED ${f.name}: ${f.why}`);
  }
  if (m.restored) {
    const { aside, manifests, beside, replay, moved, put, failed, replayed } = m.restored;
    if (!how.done) {
      if (aside.length > 0) parts.push(`  Would move aside: ${aside.slice(0, named).join(', ')}`);
      if (manifests.length > 0) parts.push(`  Would put there again: the files of ${plural(beside.length, 'exchange')}, then ${manifests.join(', ')}`);
      if (replay.length > 0) parts.push(`  Would act on:\n${indent(formatTable(['exchange', 'state', 'what'], replay.slice(0, named).map((l) => [l.id, l.state, describeReplay(l.step)])), '    ')}`);
      if (aside.length + manifests.length + replay.length === 0) parts.push('  Nothing to restore.');
    } else {
      for (const f of moved ?? []) parts.push(`  moved ${f.from} to ${f.to}`);
      if ((put ?? []).length > 0) parts.push(`  put there again: ${put!.slice(0, named).join(', ')}`);
      for (const f of failed ?? []) parts.push(`  FAILED ${f.name}: ${f.why}`);
      if ((replayed ?? []).length > 0) parts.push(indent(formatTable(['exchange', 'outcome'], replayed!.slice(0, named).map((l) => [l.id, `${l.outcome}: ${l.text}`]))));
    }
  }
  return `${parts.join('\n')}\n`;
}
