import { createHash } from 'node:crypto';
import type { Clearance } from './judge-clearance.js';

/** A clearance as the bureau's return table holds it: plain values, a clerk's words for what is missing. */
export interface ToldClearance {
  readonly state: Clearance['state'];
  readonly cleared: boolean;
  readonly feesDue: number;
  readonly feesSettled: number;
  readonly taxesDue: number;
  readonly taxesSettled: number;
  /** In Chinese, one thing after the other; empty when nothing is. Without names of payers. */
  readonly missing: string;
}

/** Longest text of what is missing; more than this nobody reads in a table. */
const mostMissing = 1_000;

export function tellClearance(c: Clearance): ToldClearance {
  const words = [...c.missing, ...c.contradictions].map((f) => `${f.zh}${f.amountYuan === undefined ? '' : ` ${f.amountYuan} 元`}:${f.textZh}`).join(';');
  return {
    state: c.state, cleared: c.cleared, feesDue: c.fees.count, feesSettled: c.fees.settled, taxesDue: c.taxes.count, taxesSettled: c.taxes.settled,
    missing: words.length > mostMissing ? `${words.slice(0, mostMissing - 1)}…` : words,
  };
}

/** Over everything that is told: the same digest need not be told again. */
export function digestClearance(told: ToldClearance): string {
  return createHash('sha256').update(JSON.stringify([told.state, told.cleared, told.feesDue, told.feesSettled, told.taxesDue, told.taxesSettled, told.missing])).digest('hex');
}
