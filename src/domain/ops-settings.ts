import { z } from 'zod';

/** Parts of the section `ops` of config/default.yaml. */

/** What one person only orders and another one confirms; a card is taken back only on an appeal, by somebody else than who appealed. */
export const secondPersonRules = ['bulk', 'cancel', 'skip', 'hand-over', 'user-delete', 'card'] as const;
export type SecondPersonRule = (typeof secondPersonRules)[number];

export const twoPersonsSchema = z.strictObject({
  for: z.array(z.enum(secondPersonRules)).default([]),
  /** Exchanges of one action above which it is bulk. */
  bulkAbove: z.number().int().min(0).default(100),
  /** An order that nobody decided on ends then. Milliseconds. */
  expireMs: z.number().int().min(60_000).default(86_400_000),
});
export type TwoPersons = z.output<typeof twoPersonsSchema>;
