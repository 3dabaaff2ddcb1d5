import type { Deadlock } from './read-deadlocks.js';
import type { LoadCounts, StormVerdict, SupervisionTally, Violation, ViolationKind } from './witness.js';

export interface FaultRun {
  readonly name: string;
  readonly phase: 'alone' | 'mixed';
  /** Milliseconds since the storm began. */
  readonly atMs: number;
  readonly lastedMs: number;
  /** Of a fault that came alone: from its end until nothing was on its way. */
  readonly settledMs?: number | undefined;
}

export interface StormReport {
  readonly seed: number;
  readonly queue: 'redis' | 'postgres';
  readonly minutes: number;
  readonly load: LoadCounts;
  readonly faults: readonly FaultRun[];
  readonly killPoints: { readonly visited: readonly string[]; readonly known: number };
  /** From the end of all faults and of the load until nothing was on its way; undefined: it did not settle in time. */
  readonly settledMs: number | undefined;
  readonly settleLimitMs: number;
  /** From the death of the polling process to the next poll by another, with the lease of production. */
  readonly takeoverMs: number | undefined;
  readonly takeoverLimitMs: number;
  /** Transactions of the gateway that stood in each other's way; one of them was broken off and done again. */
  readonly deadlocks: readonly Deadlock[];
  readonly processes: readonly { readonly name: string; readonly starts: number; readonly failures: readonly string[] }[];
  readonly verdict: StormVerdict;
}

const kinds: readonly [ViolationKind, string][] = [
  ['lost', 'lost'], ['doubled', 'applied twice'], ['disorder', 'out of order'], ['false-success', 'false success'], ['altered', 'altered'], ['misjudged', 'lights or cards misjudged'], ['unsettled', 'unsettled'], ['unexplained', 'unexplained'],
];

const mostOfKind = 30;

/** Whether the storm was survived. */
export function survived(report: StormReport): boolean {
  return report.verdict.violations.length === 0 && report.settledMs !== undefined && report.settledMs <= report.settleLimitMs && (report.takeoverMs ?? 0) <= report.takeoverLimitMs;
}

function tellSupervised({ lights, cards, lightsInTime, punctual }: SupervisionTally): string[] {
  return [
    `lights     last one of ${lights.judged} cases compared with the rows (${lights.lit} lit, ${lights.grey} grey, ${lights.onEdge} changing just then), ${lights.waiting} wait; ${lightsInTime} never before their moment`,
    `cards      ${cards.judged} compared with the rows, ${cards.exact} of them to the second, ${cards.doubtful} withdrawn by later entries, ${cards.waiting} wait; ${cards.due} crossings have theirs; of ${punctual.cases} cases with punctual entries ${punctual.crossed} limits passed and ${punctual.spared} were spared`,
  ];
}

/** Thousands of one kind must not hide the one of another. */
export function tellViolations(violations: readonly Violation[]): string[] {
  return kinds.flatMap(([kind]) => {
    const ofKind = violations.filter((v) => v.kind === kind);
    return [...ofKind.slice(0, mostOfKind).map((v) => `  ${v.kind} ${v.channel} ${v.caseNo} ${v.messageId ?? ''}: ${v.text}`), ...(ofKind.length > mostOfKind ? [`  ${kind}: ${ofKind.length - mostOfKind} more`] : [])];
  });
}

/** The report for a person. */
export function writeStormReport(report: StormReport): string {
  const { verdict, load } = report;
  const out: string[] = [];
  const seconds = (ms: number | undefined): string => (ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s`);
  out.push(
    `Storm of ${report.minutes.toFixed(1)} minutes, seed ${report.seed}, queue on ${report.queue}: ${survived(report) ? 'SURVIVED' : 'NOT SURVIVED'}`, '',
    `bureau     ${load.cases} cases, ${load.changes} stages, ${load.corrections} corrections, ${load.childOnly} child-only changes, ${load.lateCommits} late commits, ${load.wide} wide transactions, ${load.withdrawals} withdrawals, ${load.deletions} deletions${load.deadlines > 0 ? `, ${load.deadlines} limits made to pass, ${load.standstills} of them stopped or closed before` : ''}`,
    `checked    ${verdict.checked.cases} cases, ${verdict.checked.expected} expected events, ${verdict.checked.exchanges} exchanges, ${verdict.checked.applied} messages applied, ${verdict.checked.files} files`,
    `result     ${kinds.map(([kind, text]) => `${text} ${verdict.violations.filter((v) => v.kind === kind).length}`).join(', ')}`,
    ...(verdict.supervised === undefined ? [] : tellSupervised(verdict.supervised)),
    `attempts   per message p50 ${verdict.attempts.p50}, p95 ${verdict.attempts.p95}, most ${verdict.attempts.max}`,
    `settled    ${seconds(report.settledMs)} after the last fault (limit ${seconds(report.settleLimitMs)})`,
    `takeover   ${report.takeoverMs === undefined ? 'not measured' : `${seconds(report.takeoverMs)} (limit ${seconds(report.takeoverLimitMs)})`}`,
    `deaths     ${report.killPoints.visited.length} of ${report.killPoints.known} critical points visited; starts ${report.processes.map((p) => `${p.name} ${p.starts}`).join(', ')}`,
    '', 'fault                     times  longest to settle',
  );
  for (const name of [...new Set(report.faults.map((f) => f.name))].sort()) {
    const runs = report.faults.filter((f) => f.name === name);
    const settled = runs.flatMap((r) => (r.settledMs === undefined ? [] : [r.settledMs]));
    out.push(`${name.padEnd(26)}${String(runs.length).padStart(5)}  ${settled.length === 0 ? '(mixed only)' : seconds(Math.max(...settled))}`);
  }
  const failures = report.processes.flatMap((p) => p.failures.map((f) => `${p.name}: ${f}`));
  if (failures.length > 0) out.push('', 'processes that ended by themselves and were started again:', ...failures.slice(0, 20).map((f) => `  ${f}`));
  if (report.deadlocks.length > 0) out.push('', 'broken off by the ledger because they waited for each other, and done again:', ...report.deadlocks.slice(0, 10).map((d) => `  ${d.times} times: ${d.statements.join(' | ')}`));
  if (verdict.parked.length > 0) out.push('', 'waiting for a person, with the reason shown:', ...verdict.parked.slice(0, 30).map((p) => `  ${p.channel} ${p.caseNo} ${p.event}: ${p.state}, ${p.code}${p.behind > 0 ? `, ${p.behind} behind it` : ''}`));
  if (verdict.violations.length > 0) out.push('', 'VIOLATIONS:', ...tellViolations(verdict.violations));
  return `${out.join('\n')}\n`;
}
