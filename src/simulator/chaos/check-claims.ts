import type { AnomalyKind } from '../center/center-case.store.js';
import { holderOf, isExcused, shownReason, type Evidence } from './gather-evidence.js';
import type { Disturbance, LedgerExchange, Violation, ViolationKind } from './witness.js';

/** What each anomaly of the center may come from; none: never. */
const anomalyCauses: Readonly<Record<AnomalyKind, readonly Disturbance[]>> = {
  'manifest-gap': ['files-removed'],
  'manifest-chain-broken': ['center-restored'],
  'manifest-unreadable': ['files-altered'],
  'manifest-conflict': ['files-altered', 'center-restored'],
  'file-missing': ['files-removed'],
  'file-differs': ['files-altered'],
  'attachment-missing': ['files-removed'],
  'attachment-differs': ['files-altered'],
  'message-unreadable': ['files-altered'],
  'message-invalid': [],
  'message-unknown': [],
  'head-differs': [],
  'version-regressed': [],
};

/** What the center's refusal codes mean; a code that is not here is a refusal by order (fault `refusals`). */
const refusalKinds: Readonly<Record<string, { readonly kind: ViolationKind; readonly causes: readonly Disturbance[]; readonly says: string }>> = {
  '001': { kind: 'altered', causes: [], says: 'breaks its XSD' },
  '904': { kind: 'altered', causes: [], says: 'is of no kind that the center knows' },
  '905': { kind: 'altered', causes: [], says: 'came with other bytes under a version that the center has' },
  '906': { kind: 'disorder', causes: [], says: 'came after a newer version' },
  // A contradictory answer may make the gateway believe in an acceptance that was none.
  '011': { kind: 'disorder', causes: ['acknowledgements-wrong'], says: 'came before its application' },
  '021': { kind: 'disorder', causes: ['acknowledgements-wrong'], says: 'came before its acceptance' },
  '030': { kind: 'disorder', causes: ['acknowledgements-wrong'], says: 'came before the message that it follows' },
  '901': { kind: 'false-success', causes: ['files-removed'], says: 'was listed in a manifest and was not there' },
  '902': { kind: 'altered', causes: ['files-altered'], says: 'was not what its manifest says' },
  '903': { kind: 'altered', causes: ['files-removed', 'files-altered'], says: 'came without the attachments that its manifest says' },
};

/** What the ledger claims and the center noted: success that was none, what still moves, what nobody explains. */
export function checkClaims(evidence: Evidence): Violation[] {
  return [...evidence.exchanges.flatMap((e) => (evidence.underWay.has(e.messageId) ? [] : judgeExchange(evidence, e))), ...checkManifests(evidence), ...checkNotes(evidence)];
}

function of(evidence: Evidence, kind: ViolationKind, e: { caseNo: string; messageId?: string | undefined }, text: string): Violation {
  return { kind, channel: evidence.channel, caseNo: e.caseNo, ...(e.messageId === undefined ? {} : { messageId: e.messageId }), text };
}

function judgeExchange(evidence: Evidence, e: LedgerExchange): Violation[] {
  const name = `${e.event} ${e.sequence} version ${e.version}`;
  const applied = evidence.appliedById.get(e.messageId);
  const violations: Violation[] = [];
  const say = (kind: ViolationKind, text: string): number => violations.push(of(evidence, kind, e, `${name}: ${text}`));
  switch (e.state) {
    case 'accepted':
      if (applied === undefined) {
        if (!isContradicted(evidence, e)) say('false-success', 'the ledger says accepted, the center has not applied it');
      } else if (applied.sha256 !== e.sha256) say('altered', 'what the center applied has another hash than the ledger says');
      break;
    case 'captured':
    case 'rendered':
      if (applied !== undefined) say('unsettled', `the center has applied it, the ledger still says ${e.state}`);
      else if (!isExcused(evidence, e)) say('unsettled', `still ${e.state}${holderOf(evidence, e) === undefined ? '' : ' behind a message that shows no reason'}`);
      break;
    case 'staged':
    case 'picked_up':
      if (!isExcused(evidence, e)) say('unsettled', applied === undefined ? `still ${e.state}` : `the center has applied it, the ledger still says ${e.state}`);
      break;
    case 'parked':
      if (shownReason(evidence, e) === undefined) say('unexplained', 'parked without a code and a detail');
      else if (e.failureCode === 'unexpected' || e.failureCode === 'mapping-broken') say('unexplained', `parked as ${e.failureCode}`);
      else if (e.failureCode === 'worker-killed' && !evidence.has('workers-killed')) say('unexplained', 'parked because it ended its worker, and none was killed');
      else if (e.failureCode === 'attempts-exhausted' && !evidence.has('attempts-burnt')) say('unexplained', 'its attempts ran out, and no fault lasted that long');
      break;
    case 'refused':
      if (shownReason(evidence, e) === undefined) say('unexplained', 'refused without a code and a reason');
      if (!evidence.messages.some((m) => m.messageId === e.messageId && (m.event === 'refused' || m.event === 'conflict' || (m.event === 'duplicate' && m.code !== undefined))) && !evidence.has('acknowledgements-wrong')) {
        say('unexplained', 'the ledger says refused, the center never refused it');
      }
      break;
    case 'held':
      say('unexplained', 'held, and nobody holds anything back in a storm');
      break;
    case 'cancelled':
      // A case that is deleted after a lying answer: what counts as refused is not held back for a correction any more.
      if (applied !== undefined && !(evidence.has('acknowledgements-wrong') && e.notes.includes('refused'))) say('unexplained', 'cancelled as if it had never left, and the center applied it');
      break;
  }
  if (['staged', 'picked_up', 'accepted', 'refused'].includes(e.state)) {
    const listed = evidence.listedAs.get(e.messageId);
    if (listed === undefined) {
      if (!evidence.has('files-removed')) say('false-success', `the ledger says ${e.state}, no manifest at the center lists it`);
    } else if (!listed.has(String(e.sha256))) say('altered', 'the manifest lists it with another hash than the ledger says');
  }
  return violations;
}

/** A receiver that said both: the ledger shows the contradiction to a person, nobody can know more. */
function isContradicted(evidence: Evidence, e: LedgerExchange): boolean {
  if (!evidence.has('acknowledgements-wrong')) return false;
  const levels = new Set(evidence.input.ledger.acknowledgements.filter((a) => a.messageId === e.messageId).map((a) => a.level));
  return levels.has('accepted') && levels.has('refused');
}

/** The chain of manifests in the ledger, at the center, and between them. */
function checkManifests(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const say = (kind: ViolationKind, seq: number, text: string): number => violations.push(of(evidence, kind, { caseNo: '' }, `manifest ${seq} ${text}`));
  const chain = evidence.input.ledger.manifests.filter((m) => m.channel === evidence.channel).sort((a, b) => a.seq - b.seq);
  let before: { seq: number; sha256: string } = { seq: 0, sha256: '0'.repeat(64) };
  for (const m of chain) {
    if (m.seq !== before.seq + 1) say('false-success', m.seq, `follows ${before.seq} in the ledger`);
    if (m.previous !== before.sha256) say('false-success', m.seq, 'does not carry the hash of the one before: the chain is broken');
    if (m.keptSha256 !== m.sha256) say('altered', m.seq, 'has other bytes in the ledger than its hash says');
    before = m;
    // Its messages are judged by nobody either.
    if (m.messages.every((line) => evidence.underWay.has(line.messageId))) continue;
    const onDisk = evidence.diskManifests.get(m.seq);
    if (m.state !== 'staged') say('unsettled', m.seq, `is still ${m.state}`);
    else if (onDisk === undefined) {
      if (!evidence.has('files-removed')) say('false-success', m.seq, 'is staged by the ledger and neither the staging directory nor the archive holds it');
    } else if (onDisk.sha256 !== m.sha256 && !evidence.has('files-altered')) say('altered', m.seq, 'has other bytes at the center than the ledger sent');
  }
  const known = new Set(chain.map((m) => m.seq));
  for (const m of evidence.center.manifests) if (!known.has(m.seq)) say('unexplained', m.seq, 'lies at the center and the ledger knows none of this number');
  return violations;
}

/** Anomalies and refusals in the center's journal that no fault explains. */
function checkNotes(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  for (const anomaly of evidence.anomalies) {
    if (anomalyCauses[anomaly.kind].some((cause) => evidence.has(cause))) continue;
    // These are noted with a refusal, which says more.
    if (anomaly.messageId !== undefined) continue;
    violations.push(of(evidence, 'unexplained', { caseNo: '', messageId: anomaly.messageId }, `the center noted ${anomaly.kind}: ${anomaly.detail}`));
  }
  for (const entry of evidence.messages) {
    if (entry.event !== 'refused' && entry.event !== 'conflict') continue;
    const known = refusalKinds[entry.code ?? ''] ?? { kind: 'unexplained' as const, causes: ['refusals' as const], says: `was refused with ${entry.code ?? 'no code'}` };
    if (known.causes.some((cause) => evidence.has(cause))) continue;
    violations.push(of(evidence, known.kind, entry, `${entry.message} ${entry.sequence} version ${entry.version} ${known.says}`));
  }
  return violations;
}
