import type { Fen } from './money.js';
import type { Charge, Day, FeeRecord, TaxRecord } from './reconciliation-records.js';

/** What reconciliation makes of charges and returned records. Every item ends in exactly one settlement or one difference. */

/** Decimal bigint; charges, tax expectations, fee and tax records share one sequence. */
export type ItemId = string;
export type ItemKind = 'charge' | 'tax-expectation' | 'fee-record' | 'tax-record';

interface InDays {
  /** Day in whose statement it counts as new: its own, or the first open day when its own was closed. */
  readonly statementDay: Day;
}

export interface ChargeItem extends Charge, InDays {
  /** What payers are compared by. */
  readonly payerKey: string | undefined;
  /** Set when a newer version stands or the charge is gone: on which day. */
  readonly endedDay: Day | undefined;
}

/** That a tax of a kind is to be paid by a party of a case; the amount is the tax authority's. */
export interface TaxExpectation extends InDays {
  readonly id: ItemId;
  readonly stream: string;
  readonly caseNo: string;
  readonly itemCode: string | undefined;
  readonly taxKind: string;
  readonly party: 'transferor' | 'transferee';
  readonly day: Day;
  readonly endedDay: Day | undefined;
}

interface Reissued {
  /** Set when a corrected issue took it out of force: on which day, and the record that replaces it. */
  readonly supersededDay: Day | undefined;
  readonly supersededBy: ItemId | undefined;
}
export interface FeeItem extends FeeRecord, InDays, Reissued {
  readonly payerKey: string | undefined;
}
export interface TaxItem extends TaxRecord, InDays, Reissued {}

/** A settlement that stays whatever comes: of a closed day, or made by a person. */
export interface FixedLine {
  readonly expectedId: ItemId | undefined;
  readonly returnedId: ItemId | undefined;
  readonly rule: string;
  readonly statementDay: Day;
}

/** Everything that can influence each other: whoever shares a payment code, case, serial or payer and amount with one of them. */
export interface WorkingSet {
  readonly charges: readonly ChargeItem[];
  readonly expectations: readonly TaxExpectation[];
  readonly fees: readonly FeeItem[];
  readonly taxes: readonly TaxItem[];
  readonly fixed: readonly FixedLine[];
  /** Pairs (expected, returned) that a person took apart. */
  readonly forbidden: readonly (readonly [ItemId, ItemId])[];
}

/** Rules that settle without comparing amounts of both sides; those that do are named in rules.yaml. */
export const houseRules = ['nothing-due', 'version-ended', 'carried-version', 'superseded-record', 'taken-back', 'tax-slip', 'accepted', 'linked'] as const;

/** Items that leave the open list together. */
export interface Settlement {
  readonly rule: string;
  /** matched: money of both sides meets, or cancels out; resolved: it left the list otherwise. */
  readonly outcome: 'matched' | 'resolved';
  readonly expected: readonly ItemId[];
  readonly returned: readonly ItemId[];
  readonly statementDay: Day;
  /** Set by the weakest rule: the payer and amount that tied them, so that a later arrival of the same finds them. */
  readonly payerAmount?: string | undefined;
}

export const reasonCodes = [
  'awaiting-payment', 'missing-there', 'missing-here', 'cut-off-timing', 'amount-over', 'amount-short', 'item-outside-standard', 'duplicate-payment',
  'paid-after-refund', 'wrong-payer', 'wrong-case-suspected', 'several-candidates', 'reversed', 'refunded', 'refund-exceeds-payment', 'original-unknown',
  'split-incomplete', 'exempt-but-charged', 'tax-slip-missing', 'tax-not-expected', 'stale-charge-version', 'charge-withdrawn', 'contradictory-record',
  'corrected-after-close', 'taken-apart', 'charge-outside-tariff', 'tax-kind-unknown',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

/** The comparison that failed. */
export type Criterion = 'key' | 'case' | 'item' | 'payer' | 'amount' | 'day' | 'code' | 'unique' | 'exclusive' | 'version' | 'original' | 'party' | 'kind' | 'decision' | 'standard' | 'exemption';

/**
 * Why an item is open. Aspect `settlement`: it is not settled; `afterwards`: it is settled in a closed day and a later fact
 * contradicts it; `standard`: settled or not, it breaks the tariff.
 */
export interface Difference {
  readonly itemId: ItemId;
  readonly itemKind: ItemKind;
  readonly aspect: 'settlement' | 'afterwards' | 'standard';
  readonly reason: ReasonCode;
  readonly expectedFen: Fen | undefined;
  readonly returnedFen: Fen | undefined;
  /** Rule that came nearest, and its criterion that failed. */
  readonly rule: string | undefined;
  readonly criterion: Criterion | undefined;
  /** Nearest counterpart. */
  readonly otherId: ItemId | undefined;
  /** Earlier day whose settlement it concerns. */
  readonly refersToDay: Day | undefined;
  /** What is needed besides, without personal data: tax kind and party, tariff rule. */
  readonly detail: string | undefined;
}

export interface Outcome {
  readonly settlements: readonly Settlement[];
  readonly differences: readonly Difference[];
}

/** Key by which an open item is found by payer and amount. */
export function payerAmountKey(payerKey: string | undefined, amountFen: Fen): string | undefined {
  return payerKey === undefined ? undefined : `${payerKey} ${amountFen}`;
}
