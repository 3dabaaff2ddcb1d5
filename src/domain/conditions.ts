import { z } from 'zod';

/** The closed vocabulary of conditions, shared by stream events and mappings. */
export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { path: string; equals: string }
  | { path: string; in: string[] }
  | { path: string; present: boolean }
  | { path: string; before: string }
  | { path: string; notBefore: string };

const text = z.union([z.string(), z.number()]).transform(String);

export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ all: z.array(conditionSchema).min(1) }),
    z.strictObject({ any: z.array(conditionSchema).min(1) }),
    z.strictObject({ not: conditionSchema }),
    z.strictObject({ path: z.string(), equals: text }),
    z.strictObject({ path: z.string(), in: z.array(text).min(1) }),
    z.strictObject({ path: z.string(), present: z.boolean() }),
    /** Both sides are paths; text comparison, which is right for the datetime form of a snapshot. Blank is never before. */
    z.strictObject({ path: z.string(), before: z.string() }),
    z.strictObject({ path: z.string(), notBefore: z.string() }),
  ]),
) as z.ZodType<Condition>;

/** Every source path that the condition reads. */
export function conditionPaths(condition: Condition): string[] {
  if ('all' in condition) return condition.all.flatMap(conditionPaths);
  if ('any' in condition) return condition.any.flatMap(conditionPaths);
  if ('not' in condition) return conditionPaths(condition.not);
  if ('before' in condition) return [condition.path, condition.before];
  if ('notBefore' in condition) return [condition.path, condition.notBefore];
  return [condition.path];
}
