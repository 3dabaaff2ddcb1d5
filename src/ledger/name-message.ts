import { createHash } from 'node:crypto';
import type { CaseNo, ExchangeId, MessageId } from '../domain/vocabulary.js';

/** What the receiver knows a message by: the same for the same (channel, case, event, sequence, version), whoever asks and when. */
export function messageIdOf(e: { readonly channel: string; readonly event: string; readonly sequence: string; readonly version: number }, caseNo: CaseNo): MessageId {
  return createHash('sha256').update([e.channel, caseNo, e.event, e.sequence, String(e.version)].join('\u0000')).digest('hex').slice(0, 32);
}

/** File name on the staging machine: sorts in the order of capture, never changes, holds no personal data. */
export function fileNameOf(id: ExchangeId, e: { readonly event: string; readonly version: number }, caseNo: CaseNo): string {
  return `${id.padStart(12, '0')}-${e.event}-${caseNo.replace(/[^A-Za-z0-9-]/g, '_').slice(0, 60)}-v${e.version}.xml`;
}
