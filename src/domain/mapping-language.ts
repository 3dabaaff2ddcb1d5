import { z } from 'zod';
import { conditionSchema, type Condition } from './conditions.js';

/**
 * The closed vocabulary of a mapping file: target, source, named transform, code list, condition, repeat, rule.
 * `mappings/mapping.schema.json` is made from this schema, so that editors complete and check.
 */

const elementPath = z.string().regex(/^[A-Z][A-Z0-9_]*(\/[A-Z][A-Z0-9_]*)*$/, 'expected element names joined by /');
const sourcePath = z.string();

/** `name` or `{ name: argument }`. */
const transformUse = z.union([z.string(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).refine((r) => Object.keys(r).length === 1, 'expected one transform')]);
export type TransformUse = string | Record<string, string | number | boolean>;

export interface FieldMapping {
  /** Element path relative to the root (or to the repeated element). */
  to: string;
  /** Value from the source; exactly one of from, value, repeat. */
  from?: string | undefined;
  /** A fixed text. */
  value?: string | undefined;
  /** Child name: the target element is written once per row, with `fields` inside it. */
  repeat?: string | undefined;
  where?: Condition | undefined;
  fields?: FieldMapping[] | undefined;
  transform?: TransformUse[] | undefined;
  /** Code list (a CSV beside the mapping or one level up in `codes/`); an unknown code is a finding. */
  codes?: string | undefined;
  /** Written instead of a blank source value. Said here on purpose, never silent. */
  whenBlank?: string | undefined;
  /** The field is written only when this holds. */
  when?: Condition | undefined;
  /** A check beyond the XSD: identity-number, uscc, unit-code, certificate-number (by kind). */
  check?: string | undefined;
  note?: string | undefined;
}

const fieldSchema: z.ZodType<FieldMapping> = z.lazy(() =>
  z
    .strictObject({
      to: elementPath,
      from: sourcePath.optional(),
      value: z.string().optional(),
      repeat: z.string().optional(),
      where: conditionSchema.optional(),
      fields: z.array(fieldSchema).optional(),
      transform: z.array(transformUse).optional(),
      codes: z.string().optional(),
      whenBlank: z.string().optional(),
      when: conditionSchema.optional(),
      check: z.string().optional(),
      note: z.string().optional(),
    })
    .refine((f) => [f.from, f.value, f.repeat].filter((x) => x !== undefined).length === 1, 'expected exactly one of from, value, repeat')
    .refine((f) => (f.repeat === undefined) === (f.fields === undefined), 'repeat goes with fields'),
);

export const mappingSchema = z.strictObject({
  message: z.string(),
  title: z.string(),
  stream: z.string(),
  /** Event of the stream that this message reports. */
  event: z.string(),
  xsd: z.string(),
  root: z.string(),
  fields: z.array(fieldSchema).min(1),
  /** Conditional rules that an XSD cannot say: when the condition holds the element must be there and not be blank. */
  rules: z
    .array(z.strictObject({ when: conditionSchema, require: elementPath, text: z.string() }))
    .default([]),
  /** What is odd about the data and is sent all the same; shown to people, holds nothing back. */
  notes: z
    .array(z.strictObject({ when: conditionSchema, about: elementPath, text: z.string() }))
    .default([]),
  /** Child whose scanned files travel with the message, before it. */
  attachments: z.string().optional(),
  /** Why this source and not another, where sources differ. */
  decisions: z.array(z.string()).default([]),
});
export type MappingFile = z.output<typeof mappingSchema>;

/** What is wrong with a message, in the words of the person who can mend it. */
export interface Finding {
  /** Element path in the message, e.g. `BODY/SQRZJHM` or `MATERIALS/MATERIAL[2]/CLMC`. */
  readonly element: string;
  /** Bureau table and column, e.g. `land_applicant.cert_no (applicant_no=2)`; empty where no source is involved. */
  readonly source: string;
  /** Short name of the broken rule: `required`, `length`, `code-unknown`, `check-digit`, `charset`, `xsd`, ... */
  readonly rule: string;
  /** What was found and expected. Never the value of a personal field. */
  readonly text: string;
  /** What to do. */
  readonly remedy: string;
}
