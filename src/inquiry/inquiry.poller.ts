import type { InquirySettings } from '../domain/inquiry-settings.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { FollowedCase } from '../ledger/inquiry-row.js';
import { InquiryMoved, type InquiryStore } from '../ledger/inquiry.store.js';
import type { InquiryTryStore } from '../ledger/inquiry-try.store.js';
import { deriveInquiry } from './derive-inquiry.js';
import { stampOf } from './prove-right.js';

/** Tries older than this tell nothing any more. */
const keepTriesMs = 2 * 24 * 3_600_000;

/** Follows the recorded snapshots, so that a case can be asked for; capture does not know about it. */
export class InquiryPoller {
  constructor(
    private readonly store: InquiryStore,
    private readonly tries: InquiryTryStore,
    private readonly settings: Pick<InquirySettings, 'stream' | 'identityDigits' | 'batch'>,
    private readonly key: string,
  ) {}

  /** Up to the newest snapshot; returns how many were read. `goOn` is asked before each batch. */
  async poll(goOn: () => Promise<boolean>): Promise<number> {
    const { stream, identityDigits, batch } = this.settings;
    let read = 0;
    try {
      while (await goOn()) {
        const at = await this.store.position(stampOf(this.key, identityDigits));
        const snapshots = await this.store.snapshotsAfter(at.position, batch);
        if (snapshots.length === 0) break;
        // The newest of each case; what retention emptied stays as it was followed.
        const cases = new Map<string, FollowedCase>();
        for (const s of snapshots) {
          if (s.stream !== stream || s.body === '') continue;
          const body = JSON.parse(s.body) as Pick<CaseSnapshot, 'case' | 'children'>;
          cases.set(s.caseNo, deriveInquiry({ ...body, stream: s.stream, caseNo: s.caseNo }, { key: this.key, identityDigits, snapshotId: s.id }));
        }
        await this.store.record([...cases.values()], { version: at.version, position: snapshots.at(-1)!.id });
        read += snapshots.length;
      }
    } catch (error) {
      if (!(error instanceof InquiryMoved)) throw error;
    }
    return read;
  }

  /** Forgets tries that no limit asks about any more. */
  async forget(): Promise<void> {
    await this.tries.forget(keepTriesMs);
  }
}
