import { alarmKinds, type AlarmCondition, type AlarmKind, type AlarmSeverity } from '../domain/alarm-kinds.js';
import type { AlarmSettings } from '../domain/alarm-settings.js';
import { formatDuration } from '../domain/format-duration.js';

/** What the gateway stands on: disks, queue, ledger, its own ways of telling. */
export interface HouseFacts {
  /** Name of the machine whose disks were looked at. */
  readonly host: string;
  readonly disks: readonly { readonly path: string; readonly freeBytes?: number | undefined; readonly totalBytes?: number | undefined; readonly problem?: string | undefined }[];
  readonly queue: { readonly problem?: string | undefined; readonly volatile: readonly string[] };
  readonly allowVolatile: boolean;
  readonly ledgerBytes?: number | undefined;
  readonly notifiers: readonly { readonly notifier: string; readonly waiting: number; readonly sinceMs: number; readonly failure: string }[];
  readonly completeness: readonly { readonly stream: string; readonly endedMs: number; readonly outcome: string; readonly findings: number; readonly heldBack: number }[];
}

const miB = 1024 * 1024;

export function judgeHouse(facts: HouseFacts, alarms: AlarmSettings, nowMs: number): AlarmCondition[] {
  return [...judgeDisks(facts, alarms), ...judgeQueue(facts), ...judgeLedger(facts, alarms), ...judgeNotifiers(facts, nowMs), ...judgeCompleteness(facts, nowMs)];
}

/** The condition of a kind; the key is the kind and what tells it apart from others of its kind. */
export function condition(kind: AlarmKind, name: string, text: string, more: { severity?: AlarmSeverity | undefined; remedy?: string | undefined; channel?: string | undefined } = {}): AlarmCondition {
  return { key: name === '' ? kind : `${kind}:${name}`.slice(0, 160), kind, severity: more.severity ?? alarmKinds[kind].severity, channel: more.channel, text, remedy: more.remedy ?? alarmKinds[kind].remedy };
}

/** `1 case`, `3 cases`. */
export function count(n: number, what: string): string {
  return `${n} ${n === 1 ? what : `${what}s`}`;
}

function judgeDisks({ host, disks }: HouseFacts, alarms: AlarmSettings): AlarmCondition[] {
  const { minFreePercent, minFreeMiB } = alarms.disks;
  return disks.flatMap(({ path, freeBytes, totalBytes, problem }) => {
    if (problem !== undefined) return [condition('disk-low', `${host}:${path}`, `${host} ${path} cannot be looked at: ${problem}`, { remedy: 'correct alarms.disks.paths, or mount it', severity: 'warning' })];
    if (freeBytes === undefined || totalBytes === undefined || totalBytes === 0) return [];
    const percent = (freeBytes / totalBytes) * 100;
    if (percent >= minFreePercent && freeBytes >= minFreeMiB * miB) return [];
    return [condition('disk-low', `${host}:${path}`, `${host} ${path} has ${Math.floor(freeBytes / miB)} MiB free (${percent.toFixed(1)} %), wanted at least ${minFreeMiB} MiB and ${minFreePercent} %`)];
  });
}

function judgeQueue({ queue, allowVolatile }: HouseFacts): AlarmCondition[] {
  if (queue.problem !== undefined) return [condition('queue-unreachable', '', `the queue does not answer: ${queue.problem}`)];
  if (allowVolatile || queue.volatile.length === 0) return [];
  return [condition('queue-volatile', '', `Redis may forget its jobs: ${queue.volatile.join('; ')}`)];
}

function judgeLedger({ ledgerBytes }: HouseFacts, { ledgerMaxMiB }: AlarmSettings): AlarmCondition[] {
  if (ledgerMaxMiB === 0 || ledgerBytes === undefined || ledgerBytes <= ledgerMaxMiB * miB) return [];
  return [condition('ledger-large', '', `the ledger takes ${Math.floor(ledgerBytes / miB)} MiB, configured are ${ledgerMaxMiB} MiB`)];
}

function judgeNotifiers({ notifiers }: HouseFacts, nowMs: number): AlarmCondition[] {
  return notifiers.map((n) => condition('notifier-failed', n.notifier, `${count(n.waiting, 'notice')} not sent by ${n.notifier}, the oldest for ${formatDuration(nowMs - n.sinceMs)}: ${n.failure}`));
}

function judgeCompleteness({ completeness }: HouseFacts, nowMs: number): AlarmCondition[] {
  return completeness.flatMap((c) => {
    const ago = `compared ${formatDuration(nowMs - c.endedMs)} ago`;
    return [
      ...(c.findings > 0 ? [condition('completeness-findings', c.stream, `stream ${c.stream}: ${count(c.findings, 'case')} not as in the ledger, ${ago}`)] : []),
      ...(c.heldBack > 0 ? [condition('completeness-held', c.stream, `stream ${c.stream}: missing exchanges of ${count(c.heldBack, 'case')} were not opened, ${ago}`)] : []),
      ...(c.outcome === 'failed' ? [condition('completeness-findings', `${c.stream}:failed`, `stream ${c.stream}: the comparison failed, ${ago}`, { remedy: 'look at the log of the scheduler; gateway completeness --run tries again' })] : []),
    ];
  });
}
