import type { MessageEntry } from '../center/center-case.store.js';
import { deriveExpected } from './derive-expected.js';
import { compareBig, keyOf, type Evidence } from './gather-evidence.js';
import type { Violation, ViolationKind } from './witness.js';

/** What the center applied, judged by itself and against the ledger: twice, in the wrong order, other bytes. */
export function checkApplied(evidence: Evidence): Violation[] {
  const byCase = new Map<string, MessageEntry[]>();
  for (const entry of evidence.applied) byCase.set(entry.caseNo, [...(byCase.get(entry.caseNo) ?? []), entry]);
  return [...checkDoubled(evidence), ...[...byCase].flatMap(([caseNo, entries]) => [...checkPhases(evidence, caseNo, entries), ...checkLane(evidence, entries)]), ...checkBytes(evidence)];
}

function of(evidence: Evidence, kind: ViolationKind, entry: MessageEntry, text: string): Violation {
  return { kind, channel: evidence.channel, caseNo: entry.caseNo, messageId: entry.messageId, text };
}

const nameOf = (e: MessageEntry): string => `${e.message} ${e.sequence} version ${e.version}`;

function checkDoubled(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const seenIds = new Set<string>();
  const seenVersions = new Set<string>();
  const last = new Map<string, MessageEntry>();
  for (const entry of evidence.applied) {
    const key = keyOf(entry.caseNo, entry.message, entry.sequence);
    const before = last.get(key);
    last.set(key, entry);
    if (seenIds.has(entry.messageId)) {
      violations.push(of(evidence, 'doubled', entry, `${nameOf(entry)} was applied more than once`));
      continue;
    }
    seenIds.add(entry.messageId);
    const version = `${key}\n${entry.version}`;
    if (seenVersions.has(version)) {
      violations.push(of(evidence, 'doubled', entry, `${nameOf(entry)} was applied under two message ids`));
      continue;
    }
    seenVersions.add(version);
    if (before === undefined) continue;
    if (entry.version < before.version) violations.push(of(evidence, 'disorder', entry, `${nameOf(entry)} was applied after version ${before.version}`));
    else if (isNeedless(evidence, before, entry)) violations.push(of(evidence, 'doubled', entry, `${nameOf(entry)} says the same as the version before it, and nothing had changed in between`));
  }
  return violations;
}

/**
 * Two versions in a row with the same content. Legal where a value went and came back: then another version lies between, or
 * the later one was opened for the other value and corrected before it left. Legal too where the case was deleted and is back,
 * and where the receiver denied on purpose what it had applied, so that somebody had it sent once more.
 */
function isNeedless(evidence: Evidence, before: MessageEntry, entry: MessageEntry): boolean {
  if (entry.version !== before.version + 1 || (entry.operation === 'D') !== (before.operation === 'D')) return false;
  const [first, second] = [evidence.center.contents.get(before.messageId), evidence.center.contents.get(entry.messageId)];
  if (first === undefined || second === undefined || contentOf(first) !== contentOf(second)) return false;
  const notesOf = (e: MessageEntry): readonly string[] => evidence.byMessageId.get(e.messageId)?.notes ?? [];
  if (notesOf(entry).includes('corrected-in-bureau')) return false;
  if (evidence.has('acknowledgements-wrong') && notesOf(before).includes('refused') && notesOf(entry).includes('opened-by-retry')) return false;
  return !evidence.applied.some((e) => e.caseNo === entry.caseNo && e.message === 'result' && e.operation === 'D' && e.number > before.number && e.number < entry.number);
}

/** Everything a message says but its number, version and operation. */
function contentOf(texts: Readonly<Record<string, readonly string[]>>): string {
  return JSON.stringify(Object.entries(texts).filter(([element]) => !['HEAD/MSGID', 'HEAD/VERSION', 'HEAD/OPERATION'].includes(element)));
}

/**
 * The order that the documents demand, from the bureau's rows and the journal alone: application, what came before acceptance,
 * acceptance or refusal, steps by number, result, pickup; a special procedure and a supplement begin before they end. Judged by
 * when each was first applied; what was taken back and stands anew (a reopened case goes on, and is closed once more) may come
 * later than what it had preceded, so as the later one it counts from then.
 */
function checkPhases(evidence: Evidence, caseNo: string, entries: readonly MessageEntry[]): Violation[] {
  const bureauCase = evidence.input.bureau.cases.get(caseNo);
  if (bureauCase === undefined) return [];
  const [first, anew] = [new Map<string, MessageEntry>(), new Map<string, MessageEntry>()];
  for (const e of entries) {
    const key = keyOf(caseNo, e.message, e.sequence);
    if (e.operation === 'D') anew.delete(key);
    else for (const known of [first, anew]) if (!known.has(key)) known.set(key, e);
  }
  const standing = deriveExpected(bureauCase).flatMap((expected) => {
    const key = keyOf(caseNo, expected.event, expected.sequence);
    const entry = first.get(key);
    return entry === undefined ? [] : [{ ...expected, entry, anew: anew.get(key) }];
  });
  const violations: Violation[] = [];
  const mustPrecede = (a: (typeof standing)[number], b: (typeof standing)[number]): boolean => {
    if (a.phase !== b.phase) return a.phase < b.phase;
    if (a.event === b.event && a.event === 'process-step') return Number(a.sequence) < Number(b.sequence);
    if (a.sequence !== b.sequence) return false;
    return (a.event === 'special-start' && b.event === 'special-end') || (a.event === 'supplement-notice' && b.event === 'supplement-received');
  };
  for (const later of standing) {
    const entry = later.anew;
    if (entry === undefined) continue; // taken back: its standing is judged by the rules of arrival
    const late = standing.find((earlier) => mustPrecede(earlier, later) && earlier.entry.number > entry.number);
    if (late !== undefined) violations.push(of(evidence, 'disorder', entry, `${nameOf(entry)} was applied before ${nameOf(late.entry)}`));
  }
  return violations;
}

/** The order that the ledger promised. */
function checkLane(evidence: Evidence, entries: readonly MessageEntry[]): Violation[] {
  const violations: Violation[] = [];
  let before: { entry: MessageEntry; position: string } | undefined;
  for (const entry of entries) {
    const position = evidence.byMessageId.get(entry.messageId)?.lanePosition;
    if (position === undefined) continue;
    if (before !== undefined && compareBig(position, before.position) < 0) violations.push(of(evidence, 'disorder', entry, `${nameOf(entry)} was applied after ${nameOf(before.entry)}, which stands behind it in its lane`));
    else before = { entry, position };
  }
  return violations;
}

/** One message id has one content, everywhere and always; what was applied is what the ledger sent and the archive holds. */
function checkBytes(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const harmed = evidence.has('files-altered');
  const seen = new Map<string, Set<string>>();
  const see = (messageId: string, sha256: string | null): void => {
    if (sha256 === null || sha256 === '') return;
    const digests = seen.get(messageId) ?? new Set<string>();
    seen.set(messageId, digests.add(sha256));
  };
  for (const m of evidence.input.ledger.manifests) if (m.channel === evidence.channel) for (const line of m.messages) see(line.messageId, line.sha256);
  for (const m of evidence.center.manifests) for (const line of m.messages) see(line.messageId, line.sha256);
  for (const e of evidence.messages) if (!harmed || e.event === 'applied') see(e.messageId, e.sha256);
  for (const e of evidence.exchanges) if (seen.has(e.messageId)) see(e.messageId, e.sha256);
  for (const [messageId, digests] of seen) {
    if (digests.size > 1) violations.push({ kind: 'altered', channel: evidence.channel, caseNo: evidence.byMessageId.get(messageId)?.caseNo ?? '', messageId, text: `${digests.size} different contents were seen under one message id` });
  }
  for (const e of evidence.exchanges) {
    if (e.keptSha256 !== null && e.sha256 !== null && e.keptSha256 !== e.sha256) {
      violations.push({ kind: 'altered', channel: evidence.channel, caseNo: e.caseNo, messageId: e.messageId, text: 'the bytes in the ledger are not those whose hash it names' });
    }
  }
  const archived = new Set([...evidence.center.files.values()]);
  for (const entry of evidence.applied) {
    if (!evidence.byMessageId.has(entry.messageId)) violations.push(of(evidence, 'unexplained', entry, `${nameOf(entry)} was applied and the ledger knows no such message`));
    if (!harmed && !archived.has(entry.sha256)) violations.push(of(evidence, 'altered', entry, `the center holds no file with the bytes of ${nameOf(entry)} that it applied`));
  }
  return violations;
}
