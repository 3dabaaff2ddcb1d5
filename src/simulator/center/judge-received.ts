import type { AnomalyKind, Verdict } from './center-case.store.js';
import { judgeOrder, refusalCodes, type OrderRule } from './judge-order.js';
import type { MessageHead, ReceivedMessage } from './read-message.js';

/** Makes the center refuse messages that it would take; for tests and for runs with bad luck. */
export interface RefusalRule {
  readonly code: string;
  readonly reason: string;
  /** Which messages; none given means every one. Runs while the message is open, `field` reads any element. */
  readonly when?: ((message: ReceivedMessage) => boolean) | undefined;
  /** How many messages in all are refused; none given means without end. Counted down as it is used. */
  times?: number | undefined;
  /** Share of the matching messages, 0..1; none given means all of them. */
  readonly rate?: number | undefined;
}

/** What the center's record says about a message before it is taken. */
export interface RecordView {
  readonly verdict: Verdict | undefined;
  readonly latestVersion: number;
  readonly stands: (message: string, sequence?: string) => boolean;
}

export type Judgement =
  | { outcome: 'apply' }
  | { outcome: 'duplicate'; verdict: Verdict }
  | { outcome: 'conflict'; code: string; reason: string }
  | { outcome: 'refuse'; code: string; reason: string; anomaly?: { kind: AnomalyKind; detail: string } };

/** Judges a readable message: same key and bytes again, same key with other bytes, older version, order, refusal rules. */
export function judgeReceived(
  message: ReceivedMessage,
  sha256: string,
  record: RecordView,
  rules: { order: readonly OrderRule[]; refusals: readonly RefusalRule[]; random: () => number },
): Judgement {
  if (record.verdict) {
    if (record.verdict.sha256 === sha256) return { outcome: 'duplicate', verdict: record.verdict };
    return { outcome: 'conflict', code: '905', reason: refusalCodes['905'] };
  }
  if (message.version < record.latestVersion) {
    const detail = `version ${String(message.version)} after ${String(record.latestVersion)}`;
    return { outcome: 'refuse', code: '906', reason: refusalCodes['906'], anomaly: { kind: 'version-regressed', detail } };
  }
  const missing = judgeOrder(rules.order, message, record.stands);
  if (missing) return { outcome: 'refuse', code: missing, reason: refusalCodes[missing] };
  const rule = rules.refusals.find(
    (r) => (r.times === undefined || r.times > 0) && (r.when?.(message) ?? true) && (r.rate === undefined || rules.random() < r.rate),
  );
  if (!rule) return { outcome: 'apply' };
  if (rule.times !== undefined) rule.times -= 1;
  return { outcome: 'refuse', code: rule.code, reason: rule.reason };
}

/** What HEAD says otherwise than the manifest, by name; undefined where both name the same message. */
export function headDifference(head: MessageHead, entry: { messageId: string; message: string; caseNo: string; version: number }): string | undefined {
  const differing = (['messageId', 'message', 'caseNo', 'version'] as const).filter((name) => head[name] !== entry[name]);
  return differing.length === 0 ? undefined : `HEAD and manifest differ in ${differing.join(', ')}`;
}
