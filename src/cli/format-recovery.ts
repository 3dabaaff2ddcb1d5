import type { RecoveryPlan } from '../delivery/recovery.processor.js';
import { formatTable, indent, plural } from './format-terminal.js';

/** What recovering did after the manifests were recorded. */
export interface RecoveryDone {
  /** Acknowledgement files that the inbox had lost. */
  readonly acknowledgementFiles: number;
  /** Cases read again from the bureau, and exchanges opened for what it says now; undefined when it could not be reached, with the reason. */
  readonly bureau: { readonly cases: number; readonly opened: number } | { readonly problem: string };
  /** Messages whose bytes came back: from the staging machine, by rendering them to the same hash; and those that did not. */
  readonly bytes: { readonly read: number; readonly rendered: number; readonly missing: number };
  readonly superseded: number;
  /** Without an answer: still waiting on the staging machine, sent again, and those that cannot be. */
  readonly waiting: number;
  readonly resent: number;
  readonly stranded: readonly string[];
}

const strandedLimit = 20;

const meaning = {
  lost: 'the ledger has no such exchange: written as staged',
  unsent: 'the ledger has it as not sent: becomes staged, with the bytes that were sent',
  known: 'the ledger has it as sent: stays as it is',
  conflicting: 'the ledger has it as sent with other bytes: stays as it is; give it to a developer',
} as const;

export function formatRecovery(channel: string, plan: RecoveryPlan, done: RecoveryDone | undefined, ordered: boolean): string {
  const parts: string[] = [`Channel ${channel}: the ledger ends with manifest ${plan.ledgerLast ?? 'none'}, the staging machine shows ${plan.stagingLast === undefined ? 'none' : `manifest ${plan.stagingLast}`} as its newest.`];
  const rows = (Object.keys(meaning) as (keyof typeof meaning)[]).filter((proof) => plan.lines[proof] > 0).map((proof) => [String(plan.lines[proof]), meaning[proof]]);
  if (plan.manifests === 0 && plan.fault === undefined) parts.push('No manifest is missing in the ledger.');
  if (plan.manifests > 0) parts.push(`${ordered ? 'Recovered' : 'Would recover'} ${plural(plan.manifests, 'manifest')}${rows.length === 0 ? '' : `:\n${indent(formatTable(['messages', 'what'], rows))}`}`);
  if (plan.fault) parts.push(`${ordered ? 'It ended' : 'It would end'} there: ${plan.fault.text}\n  → ${plan.fault.remedy}`);
  if (done) {
    parts.push([
      `Acknowledgement files taken in again: ${done.acknowledgementFiles}`,
      'problem' in done.bureau ? `Cases were not read again: ${done.bureau.problem}\n  → run gateway completeness --run when the bureau answers` : `Cases read again from the bureau: ${done.bureau.cases}; exchanges opened for what it says now: ${done.bureau.opened}`,
      `Bytes of messages that came back: ${done.bytes.read} from the staging machine, ${done.bytes.rendered} by rendering them to the same hash; not: ${Math.max(0, done.bytes.missing)}`,
      `Ended because a newer version was sent after them or takes their place: ${done.superseded}`,
      `Without an answer: ${done.resent} sent again, ${done.waiting} still wait on the staging machine, ${done.stranded.length} cannot be sent again`,
    ].join('\n'));
    if (done.stranded.length > 0) {
      parts.push(`Cannot be sent again, because their bytes are lost: exchanges ${done.stranded.slice(0, strandedLimit).join(', ')}${done.stranded.length > strandedLimit ? ', ...' : ''}\n  → ask the receiver to send their acknowledgements again; or correct the cases in the bureau and run this again: the next version takes their place`);
    }
  }
  if (!ordered) parts.push('Nothing was changed. Add --yes to do it.');
  return `${parts.join('\n\n')}\n`;
}
