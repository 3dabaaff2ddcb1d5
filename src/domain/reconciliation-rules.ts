import { z } from 'zod';
import { reasonCodes, type ReasonCode } from './reconciliation-outcomes.js';

/** The shapes of config/reconciliation/rules.yaml and reasons.yaml. */

export const comparedCriteria = ['case', 'code', 'item', 'payer', 'amount', 'day'] as const;

const tierSchema = z
  .strictObject({
    rule: z.string().regex(/^[a-z][a-z-]{1,38}$/),
    title: z.strictObject({ zh: z.string(), en: z.string() }),
    key: z.enum(['payment-code', 'case', 'payer']),
    shape: z.enum(['one', 'sum']),
    compare: z.array(z.enum(comparedCriteria)).min(1),
    toleranceFen: z.number().int().min(0).max(100_000).default(0),
    toleranceReason: z.string().min(10).optional(),
    dayWindow: z.number().int().min(0).max(31).default(0),
  })
  .refine((t) => t.toleranceFen === 0 || t.toleranceReason !== undefined, { message: 'expected toleranceReason, because toleranceFen is not 0', path: ['toleranceReason'] })
  .refine((t) => t.compare.includes('amount') || t.shape === 'sum', { message: 'expected amount among the criteria: no rule may ignore it', path: ['compare'] })
  .refine((t) => t.toleranceFen === 0 || t.shape === 'one', { message: 'expected 0: sums are compared to the fen', path: ['toleranceFen'] })
  .refine((t) => t.key !== 'payer' || t.shape === 'one', { message: 'expected one: a payer alone does not tie several payments together', path: ['shape'] });

export const rulesSchema = z.strictObject({
  /** How long a charge or tax may stand unpaid before it counts as missing there. Calendar days. */
  paymentTermDays: z.number().int().min(0).max(366),
  /** How long a returned record may be without a charge before it counts as missing here. Calendar days. */
  cutOffDays: z.number().int().min(0).max(31),
  tiers: z.array(tierSchema).min(1).refine((tiers) => new Set(tiers.map((t) => t.rule)).size === tiers.length, 'expected each rule once'),
});
export type ReconciliationRules = z.output<typeof rulesSchema>;
export type Tier = ReconciliationRules['tiers'][number];

const bilingual = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
export const reasonSchema = z.strictObject({
  /** normal: time will settle it; attention: the clerk must act; supervision: it is reported to supervision as well. */
  severity: z.enum(['normal', 'attention', 'supervision']),
  text: bilingual,
  next: bilingual,
});
export type Reason = z.output<typeof reasonSchema>;
export const reasonsSchema = z.strictObject(Object.fromEntries(reasonCodes.map((code) => [code, reasonSchema])) as Record<ReasonCode, typeof reasonSchema>);
export type Reasons = Readonly<Record<ReasonCode, Reason>>;

/** One dated line of the tariff. */
export interface TariffLine {
  readonly feeItemCode: string;
  readonly feeItemName: string;
  /** fixed: exactly the amount; each: a multiple, of the certificates from `fromUnit` on; any: as the contract says. */
  readonly rule: 'fixed' | 'each' | 'any';
  readonly amountFen: bigint;
  readonly fromUnit: number;
  /** Land uses for which the line holds; empty for all; with `except`, those for which it does not. */
  readonly landUses: readonly string[];
  readonly except: boolean;
  readonly validFrom: string;
  readonly validTo: string;
  readonly basis: string;
}
/** A ground for which a charge may be waived. */
export interface ExemptionLine {
  /** Beginning of the bureau's reason. */
  readonly reason: string;
  readonly feeItemCodes: readonly string[];
  readonly validFrom: string;
  readonly validTo: string;
  readonly basis: string;
}
/** Who pays a tax of a kind in cases of an item. */
export interface TaxExpectationLine {
  readonly itemCode: string;
  readonly taxKind: string;
  readonly party: 'transferor' | 'transferee';
  readonly validFrom: string;
  readonly validTo: string;
  readonly basis: string;
}

/** Everything that says what is right; read at the start, dated inside. */
export interface Standards {
  readonly rules: ReconciliationRules;
  readonly reasons: Reasons;
  readonly tariff: readonly TariffLine[];
  readonly exemptions: readonly ExemptionLine[];
  readonly taxes: readonly TaxExpectationLine[];
}
