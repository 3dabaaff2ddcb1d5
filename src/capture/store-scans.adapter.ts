import type { CaseSnapshot } from '../domain/snapshot.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { Subscription } from '../domain/subscription.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { CaptureStore } from '../ledger/capture.store.js';
import type { BureauReader } from './bureau-reader.adapter.js';

/** Brings the scans that channels send and the ledger does not hold into the ledger, each once. */
export async function storeScans(
  found: ReadonlyMap<CaseNo, CaseSnapshot>, stream: StreamDefinition, subscriptions: readonly Subscription[], reader: Pick<BureauReader, 'attachments'>, store: Pick<CaptureStore, 'unknownAttachments' | 'storeAttachments'>,
): Promise<void> {
  for (const childName of new Set(subscriptions.flatMap((s) => (s.attachments ? [s.attachments] : [])))) {
    const child = stream.children[childName];
    if (!child?.attachment) continue;
    const { signature } = child.attachment;
    const bySignature = new Map<string, CaseNo>();
    for (const [caseNo, snapshot] of found) {
      for (const row of snapshot.children[childName] ?? []) {
        const s = row[signature];
        if (s) bySignature.set(s, caseNo);
      }
    }
    const unknown = await store.unknownAttachments([...bySignature.keys()]);
    if (unknown.length === 0) continue;
    const files = await reader.attachments([...new Set(unknown.map((s) => bySignature.get(s)!))], child, unknown);
    await store.storeAttachments([...new Map(files.map((f) => [f.signature, f])).values()]);
  }
}
