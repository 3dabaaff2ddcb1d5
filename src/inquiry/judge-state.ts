import type { InquiryState } from '../domain/inquiry-answer.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';

/** A value of a bureau row; blank is none. */
export const textOf = (row: Row | undefined, name: string): string | undefined => row?.[name]?.trim() || undefined;
/** The day of a bureau date or time. */
export function dayOf(row: Row | undefined, name: string): string | undefined {
  const found = /^\d{4}-\d\d-\d\d/.exec(textOf(row, name) ?? '');
  return found?.[0];
}
export const childrenOf = (snapshot: CaseSnapshot, name: string): readonly Row[] => snapshot.children[name] ?? [];

/** Supplements that were asked for and have not come. */
export const openSupplements = (s: CaseSnapshot): readonly Row[] => childrenOf(s, 'supplements').filter((r) => textOf(r, 'notified_at') !== undefined && textOf(r, 'received_at') === undefined);
/** The special procedure that runs. */
export const openSpecial = (s: CaseSnapshot): Row | undefined => childrenOf(s, 'specials').findLast((r) => textOf(r, 'started_at') !== undefined && textOf(r, 'ended_at') === undefined);

const results: Readonly<Record<string, InquiryState>> = { PASS: 'granted', DENY: 'denied', RETURN: 'returned', VOID: 'void', EXPIRED: 'ended', OTHER: 'ended' };

/** How a case stands. What ended it counts before what still seems open: a withdrawn case waits for no supplement. */
export function judgeState(s: CaseSnapshot): InquiryState {
  const { case: row } = s;
  if (textOf(row, 'withdrawn_at') !== undefined || textOf(row, 'status') === 'WITHDRAWN') return 'withdrawn';
  if (textOf(row, 'closed_at') !== undefined) {
    const state = results[textOf(row, 'result_code') ?? ''] ?? 'ended';
    return state === 'granted' && childrenOf(s, 'pickups').some((p) => textOf(p, 'picked_at') !== undefined) ? 'collected' : state;
  }
  if (textOf(row, 'status') === 'VOID') return 'void';
  const accepted = textOf(row, 'accepted_at') !== undefined;
  if (!accepted && textOf(row, 'refused_at') !== undefined) return 'refused';
  if (openSupplements(s).length > 0) return 'supplement';
  if (!accepted) return 'applied';
  return openSpecial(s) ? 'suspended' : 'handling';
}
