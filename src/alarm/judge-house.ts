import { alarmKinds, type AlarmCondition, type AlarmKind, type AlarmRemedy, type AlarmSeverity } from '../domain/alarm-kinds.js';
import type { AlarmSettings } from '../domain/alarm-settings.js';
import { alarmWords, type AlarmWords } from '../domain/alarm-words.js';
import { ledgerFaults, type LedgerFault } from '../domain/ledger-faults.js';

/** What the gateway stands on: disks, queue, ledger, its own ways of telling. */
export interface HouseFacts {
  /** Name of the machine whose disks were looked at. */
  readonly host: string;
  readonly disks: readonly { readonly path: string; readonly freeBytes?: number | undefined; readonly totalBytes?: number | undefined; readonly problem?: string | undefined }[];
  readonly queue: { readonly problem?: string | undefined; readonly volatile: readonly string[] };
  readonly allowVolatile: boolean;
  readonly ledgerBytes?: number | undefined;
  readonly ledgerFaults: readonly LedgerFault[];
  readonly allowForgetting: boolean;
  readonly notifiers: readonly { readonly notifier: string; readonly waiting: number; readonly sinceMs: number; readonly failure: string }[];
  readonly completeness: readonly { readonly stream: string; readonly endedMs: number; readonly outcome: string; readonly findings: number; readonly heldBack: number }[];
}

const miB = 1024 * 1024;

export function judgeHouse(facts: HouseFacts, alarms: AlarmSettings, nowMs: number): AlarmCondition[] {
  return [...judgeDisks(facts, alarms), ...judgeQueue(facts), ...judgeLedger(facts, alarms), ...judgeNotifiers(facts, nowMs), ...judgeCompleteness(facts, nowMs)];
}

/** The condition of a kind; the key is the kind and what tells it apart from others of its kind. */
export function condition(kind: AlarmKind, name: string, said: AlarmWords, more: { severity?: AlarmSeverity | undefined; remedy?: AlarmRemedy | undefined; channel?: string | undefined } = {}): AlarmCondition {
  const of = alarmKinds[kind];
  return {
    key: name === '' ? kind : `${kind}:${name}`.slice(0, 160), kind, severity: more.severity ?? of.severity, channel: more.channel,
    text: said.en, textZh: said.zh, remedy: more.remedy?.en ?? of.remedy, remedyZh: more.remedy?.zh ?? of.remedyZh,
  };
}

function judgeDisks({ host, disks }: HouseFacts, alarms: AlarmSettings): AlarmCondition[] {
  const { minFreePercent, minFreeMiB } = alarms.disks;
  return disks.flatMap(({ path, freeBytes, totalBytes, problem }) => {
    if (problem !== undefined) return [condition('disk-low', `${host}:${path}`, alarmWords['disk-low']({ host, path, problem }), { remedy: { en: 'correct alarms.disks.paths, or mount it', zh: '请更正 alarms.disks.paths，或挂载该磁盘' }, severity: 'warning' })];
    if (freeBytes === undefined || totalBytes === undefined || totalBytes === 0) return [];
    const percent = (freeBytes / totalBytes) * 100;
    if (percent >= minFreePercent && freeBytes >= minFreeMiB * miB) return [];
    return [condition('disk-low', `${host}:${path}`, alarmWords['disk-low']({ host, path, freeMiB: Math.floor(freeBytes / miB), percent: percent.toFixed(1), minFreeMiB, minFreePercent }))];
  });
}

function judgeQueue({ queue, allowVolatile }: HouseFacts): AlarmCondition[] {
  if (queue.problem !== undefined) return [condition('queue-unreachable', '', alarmWords['queue-unreachable']({ problem: queue.problem }))];
  if (allowVolatile || queue.volatile.length === 0) return [];
  return [condition('queue-volatile', '', alarmWords['queue-volatile']({ faults: queue.volatile }))];
}

function judgeLedger({ ledgerBytes, ledgerFaults: found, allowForgetting }: HouseFacts, { ledgerMaxMiB }: AlarmSettings): AlarmCondition[] {
  const faults = found.filter((f) => !ledgerFaults[f].forgets || !allowForgetting);
  const unfit = faults.length === 0 ? [] : [condition('ledger-unfit', '', alarmWords['ledger-unfit']({ faults }))];
  if (ledgerMaxMiB === 0 || ledgerBytes === undefined || ledgerBytes <= ledgerMaxMiB * miB) return unfit;
  return [...unfit, condition('ledger-large', '', alarmWords['ledger-large']({ sizeMiB: Math.floor(ledgerBytes / miB), maxMiB: ledgerMaxMiB }))];
}

function judgeNotifiers({ notifiers }: HouseFacts, nowMs: number): AlarmCondition[] {
  return notifiers.map((n) => condition('notifier-failed', n.notifier, alarmWords['notifier-failed']({ notifier: n.notifier, count: n.waiting, forMs: nowMs - n.sinceMs, failure: n.failure })));
}

function judgeCompleteness({ completeness }: HouseFacts, nowMs: number): AlarmCondition[] {
  return completeness.flatMap((c) => {
    const agoMs = nowMs - c.endedMs;
    return [
      ...(c.findings > 0 ? [condition('completeness-findings', c.stream, alarmWords['completeness-findings']({ stream: c.stream, agoMs, count: c.findings }))] : []),
      ...(c.heldBack > 0 ? [condition('completeness-held', c.stream, alarmWords['completeness-held']({ stream: c.stream, agoMs, count: c.heldBack }))] : []),
      ...(c.outcome === 'failed' ? [condition('completeness-findings', `${c.stream}:failed`, alarmWords['completeness-findings']({ stream: c.stream, agoMs }), { remedy: { en: 'look at the log of the scheduler; gateway completeness --run tries again', zh: '请查看 scheduler 的日志；可用 gateway completeness --run 再试' } })] : []),
    ];
  });
}
