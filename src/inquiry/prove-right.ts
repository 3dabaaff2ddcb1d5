import { createHmac } from 'node:crypto';
import type { CaseNo } from '../domain/vocabulary.js';

export type ProofKind = 'password' | 'identity';

/**
 * The digest by which a case is found: of the case number and the proof together, under a key that is not in the ledger. Who
 * reads the ledger's table can try nothing, and asking for a wrong proof and for an unknown case is the same work.
 */
export function digestProof(key: string, kind: ProofKind, caseNo: CaseNo, proof: string): string {
  return createHmac('sha256', key).update(JSON.stringify([kind, caseNo, proof])).digest('hex');
}

/** What tries are counted under, so that neither addresses nor case numbers stand in the ledger's table. */
export function digestSubject(key: string, scope: 'address' | 'case', subject: string): string {
  return createHmac('sha256', key).update(JSON.stringify(['try', scope, subject])).digest('hex');
}

/** Changes with everything that the followed rows depend on; they are made anew then. */
export function stampOf(key: string, identityDigits: number): string {
  return createHmac('sha256', key).update(`inquiry 1 ${identityDigits}`).digest('hex');
}
