import type { ItemId, ReasonCode } from './reconciliation-outcomes.js';

/** What clearance (先税后证) is judged by: what a case owes, and what speaks for and against its being settled. */

/** A charge or tax expectation in force. */
export interface DueItem {
  readonly id: ItemId;
  readonly zh: string;
  readonly en: string;
  /** Undefined for a tax: the amount is the tax authority's. */
  readonly fen: bigint | undefined;
  readonly settled: boolean;
  /** Why not; undefined when it was not looked at yet. */
  readonly reason: ReasonCode | undefined;
  /** Number of the open difference that explains it. */
  readonly difference?: string | undefined;
}

/** An open difference of a record that has to do with the case. */
export interface FactDifference {
  readonly what: 'fee' | 'tax';
  readonly zh: string;
  readonly en: string;
  readonly fen: bigint | undefined;
  /** `not-examined`: it came in and was not looked at yet. */
  readonly reason: ReasonCode | 'not-examined';
  /** Number of that difference; whatever was not looked at yet has none. */
  readonly difference?: string | undefined;
}

export interface CaseSettlementFacts {
  readonly caseNo: string;
  readonly charges: readonly DueItem[];
  readonly taxes: readonly DueItem[];
  /** A newer state of the case was captured whose charges were not read yet. */
  readonly unread: boolean;
  /** Speaks against a settlement: the payment was taken back or corrected, or its record contradicts itself. */
  readonly against: readonly FactDifference[];
  /** Open beside what is due. */
  readonly besides: readonly FactDifference[];
}
