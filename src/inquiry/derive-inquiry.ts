import type { FollowedCase } from '../ledger/inquiry-row.js';
import { maskParties } from '../domain/mask-party.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import { childrenOf, dayOf, judgeState, textOf } from './judge-state.js';
import { endOfNumber, normalizeText } from './normalize-text.js';
import { digestProof } from './prove-right.js';

/** Names of one case that can be searched for; a case of hundreds of households is found by its number too. */
const mostNames = 500;

/** What the inquiry keeps of a snapshot: how it is found, by whom, and what may be published of it. */
export function deriveInquiry(snapshot: CaseSnapshot, by: { readonly key: string; readonly identityDigits: number; readonly snapshotId: string }): FollowedCase {
  const { case: row, caseNo } = snapshot;
  const asked = normalizeText(caseNo);
  const applicants = childrenOf(snapshot, 'applicants').slice(0, mostNames);
  const password = normalizeText(textOf(row, 'query_password') ?? '');
  const ends = applicants.flatMap((a) => endOfNumber(a['cert_no'], by.identityDigits) ?? []);
  const state = judgeState(snapshot);
  const granted = state === 'granted' || state === 'collected';
  const certificates = childrenOf(snapshot, 'certificates').flatMap((c) => dayOf(c, 'issued_on') ?? []).sort();
  return {
    stream: snapshot.stream, caseNo, snapshotId: by.snapshotId, state,
    itemCode: textOf(row, 'item_code')?.slice(0, 60), itemName: textOf(row, 'item_name')?.slice(0, 300), applicants: maskParties(childrenOf(snapshot, 'applicants')).slice(0, 300),
    appliedOn: dayOf(row, 'applied_at'), grantedOn: granted ? dayOf(row, 'closed_at') : undefined, certificateOn: granted ? certificates[0] : undefined,
    names: [...new Set(applicants.flatMap((a) => [textOf(a, 'name'), textOf(a, 'legal_person')]).filter((n) => n !== undefined).map((n) => normalizeText(n).slice(0, 300)))].filter((n) => n !== ''),
    proofs: [
      ...(password === '' ? [] : [{ kind: 'password' as const, digest: digestProof(by.key, 'password', asked, password) }]),
      ...[...new Set(ends)].map((end) => ({ kind: 'identity' as const, digest: digestProof(by.key, 'identity', asked, end) })),
    ],
  };
}
