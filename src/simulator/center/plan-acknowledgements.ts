import type { AcknowledgementLevel } from '../../domain/receiver-messages.js';
import type { JournalEntry } from './center-case.store.js';

/** An acknowledgement that must go out. */
export interface PlannedAcknowledgement {
  readonly messageId: string;
  readonly level: AcknowledgementLevel;
  readonly sha256?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
}

/** How often the center errs when it answers, each 0..1. */
export interface AnswerErrors {
  readonly duplicateRate: number;
  readonly contradictoryRate: number;
  readonly unknownIdRate: number;
}

/** What the center answers to an entry of its journal, without errors. */
export function planAcknowledgements(entry: JournalEntry): PlannedAcknowledgement[] {
  if (!('messageId' in entry) || entry.event === 'anomaly') return [];
  const { messageId, sha256, code, reason } = entry;
  const about = { messageId, ...(sha256 === '' ? {} : { sha256 }) };
  switch (entry.event) {
    case 'picked-up':
      return [{ ...about, level: 'picked-up' }];
    case 'applied':
      return [{ ...about, level: 'accepted' }];
    case 'refused':
    case 'conflict':
      return [{ ...about, level: 'refused', code, reason }];
    case 'duplicate':
      return [code === undefined ? { ...about, level: 'accepted' } : { ...about, level: 'refused', code, reason }];
  }
}

/** The planned acknowledgement and what a center that errs sends after it. */
export function withErrors(planned: PlannedAcknowledgement, errors: AnswerErrors, random: () => number): PlannedAcknowledgement[] {
  const all = [planned];
  if (random() < errors.duplicateRate) all.push(planned);
  if (planned.level !== 'picked-up' && random() < errors.contradictoryRate) {
    all.push(
      planned.level === 'accepted'
        ? { messageId: planned.messageId, sha256: planned.sha256, level: 'refused', code: '999', reason: '模拟: 前后不一致的回执' }
        : { messageId: planned.messageId, sha256: planned.sha256, level: 'accepted' },
    );
  }
  if (random() < errors.unknownIdRate) {
    const id = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
    all.push({ messageId: id, level: 'accepted' });
  }
  return all;
}
