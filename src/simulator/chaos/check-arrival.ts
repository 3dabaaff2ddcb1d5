import { deriveExpected, differingElements, expectedTexts, type ExpectedEvent } from './derive-expected.js';
import { isExcused, keyOf, type Evidence } from './gather-evidence.js';
import type { BureauCase, Violation, ViolationKind } from './witness.js';

/** Compares the bureau with what the center applied: lost events, stale contents, events that should not stand any more. */
export function checkArrival(evidence: Evidence): { violations: Violation[]; expected: number } {
  const violations: Violation[] = [];
  let expected = 0;
  const unreadable = new Set(evidence.input.ledger.unreadable.map((u) => u.caseNo));
  const present = new Map<string, Set<string>>();
  for (const bureauCase of evidence.input.bureau.cases.values()) {
    const keys = new Set<string>();
    present.set(bureauCase.caseNo, keys);
    for (const event of deriveExpected(bureauCase)) {
      if (!evidence.carries.has(event.event)) continue;
      keys.add(keyOf(bureauCase.caseNo, event.event, event.sequence));
      expected += 1;
      const fault = unreadable.has(bureauCase.caseNo) ? undefined : judgeEvent(evidence, bureauCase, event);
      if (fault !== undefined) violations.push(fault);
    }
  }
  const deletedAndStanding = new Set<string>();
  for (const [key, entry] of evidence.standing) {
    if (entry.operation === 'D') continue;
    const keys = present.get(entry.caseNo);
    if (keys === undefined) deletedAndStanding.add(entry.caseNo);
    else if (!keys.has(key) && !evidence.told.has(entry.message) && !isWaiting(evidence, key, entry.version) && !unreadable.has(entry.caseNo)) {
      violations.push(found(evidence, 'altered', entry.caseNo, `${entry.message} ${entry.sequence} stands at the receiver although the bureau took it back`, entry.messageId));
    }
  }
  for (const caseNo of deletedAndStanding) {
    const fault = judgeDeleted(evidence, caseNo);
    if (fault !== undefined) violations.push(fault);
  }
  return { violations, expected };
}

function found(evidence: Evidence, kind: ViolationKind, caseNo: string, text: string, messageId?: string): Violation {
  return { kind, channel: evidence.channel, caseNo, text, ...(messageId === undefined ? {} : { messageId }) };
}

/**
 * A newer version is under way or waits with a reason: what the center holds may be old for now. What is under way without a
 * reason is reported by the rules about unsettled exchanges, what the ledger says falsely by those about false success.
 */
function isWaiting(evidence: Evidence, key: string, appliedVersion: number): boolean {
  // Behind a refused withdrawal the bureau may have entered it again and taken it back again: the refusal is what waits.
  const newest = evidence.newestLive.get(key);
  return newest !== undefined && newest.version > appliedVersion;
}

function judgeEvent(evidence: Evidence, bureauCase: BureauCase, event: ExpectedEvent): Violation | undefined {
  const { caseNo } = bureauCase;
  const key = keyOf(caseNo, event.event, event.sequence);
  const name = `${event.event} ${event.sequence}`;
  const standing = evidence.standing.get(key);
  const newest = evidence.newest.get(key);
  if (standing === undefined || standing.operation === 'D') {
    if (newest === undefined) return found(evidence, 'lost', caseNo, `${name} stands in the bureau and the ledger does not know it`);
    if (newest.operation === 'D') return found(evidence, 'lost', caseNo, `${name} stands in the bureau and was reported as taken back`, newest.messageId);
    if (isWaiting(evidence, key, standing?.version ?? 0)) return undefined;
    return found(evidence, 'lost', caseNo, `${name} stands in the bureau, the ledger says ${newest.state}, the center does not hold it`, newest.messageId);
  }
  if (isWaiting(evidence, key, standing.version)) return undefined;
  const contents = evidence.center.contents.get(standing.messageId);
  if (contents === undefined) return undefined; // the bytes at the center are judged by their own rule
  const differing = differingElements(expectedTexts(evidence.channel, bureauCase, event), contents);
  if (differing.length === 0) return undefined;
  return found(evidence, 'altered', caseNo, `${name} version ${standing.version} at the center does not carry what the bureau says now: ${differing.join(', ')}`, standing.messageId);
}

/** How a result says that the case was deleted. */
const deletionMarks: Readonly<Record<string, string>> = { 'BODY/BJJGDM': '3', 'BODY/PROJECT_STATE': '7' };

/** A case that is gone from the bureau and of which the center knows something: its result must have been reported with D. */
function judgeDeleted(evidence: Evidence, caseNo: string): Violation | undefined {
  if (!evidence.carries.has('result')) return undefined;
  const entries = evidence.applied.filter((e) => e.caseNo === caseNo);
  const last = entries.at(-1);
  const result = [...evidence.standing.values()].find((e) => e.caseNo === caseNo && e.message === 'result');
  const told = evidence.center.contents.get(result?.messageId ?? '');
  // A result that was taken back is a D too; only the deletion says 3 (center) or 7 (province).
  const tellsDeletion = told === undefined || Object.entries(deletionMarks).every(([element, mark]) => told[element] === undefined || told[element].includes(mark));
  if (result?.operation === 'D' && tellsDeletion) {
    if (last === result) return undefined;
    return found(evidence, 'disorder', caseNo, `${last?.message ?? ''} was applied after the deletion of the case had been reported`, last?.messageId);
  }
  const removal = [...evidence.exchanges].filter((e) => e.caseNo === caseNo && e.event === 'result').sort((a, b) => b.version - a.version)[0];
  if (removal?.operation === 'D' && (isExcused(evidence, removal) || ['captured', 'rendered', 'staged', 'picked_up', 'accepted'].includes(removal.state))) return undefined; // judged elsewhere
  return found(evidence, 'lost', caseNo, 'the case is gone from the bureau and the center was not told');
}
