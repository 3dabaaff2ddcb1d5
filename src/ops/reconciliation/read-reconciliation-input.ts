import { z } from 'zod';
import { addDays } from '../../domain/reckon-days.js';
import { reasonCodes, type ReasonCode } from '../../domain/reconciliation-outcomes.js';
import type { Standards } from '../../domain/reconciliation-rules.js';
import type { DifferenceSearch } from '../../ledger/difference-search.js';

/** What the pages of reconciliation may ask. */

/** The 31st of November is none. */
const isDay = (d: string): boolean => {
  const ms = Date.parse(`${d}T00:00:00Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(d);
};
const plain = (most: number) => z.string().max(most).regex(/^[^\u0000-\u001f\u007f]+$/, 'expected text without control characters');
const words = <T extends string>(of: readonly T[], what: string) => z.string().max(2_000).transform((v) => v.split(',')).pipe(z.array(z.enum(of as unknown as [T, ...T[]], { error: what })).min(1).max(60));
export const day = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'expected a day YYYY-MM-DD').refine(isDay, 'expected a day of the calendar');
export const number = z.string().regex(/^[1-9]\d{0,17}$/, 'expected a number');
const note = plain(1_000).refine((v) => v.trim().length >= 3, 'expected a reason of at least 3 characters');
const language = z.enum(['zh', 'en']);

export const daysQuery = z.strictObject({ before: day.optional() });
export const closeRequest = z.strictObject({ withoutControl: note.optional() });
export const exportRequest = z.strictObject({ format: z.enum(['xlsx', 'csv', 'xml', 'html']), language, channel: z.string().max(20).optional() });

const filters = {
  state: z.enum(['open', 'closed', 'all']).default('open'),
  reason: words(reasonCodes, 'expected a reason code').optional(),
  severity: words(['normal', 'attention', 'supervision'], 'expected normal, attention or supervision').optional(),
  kind: words(['charge', 'tax-expectation', 'fee-record', 'tax-record'], 'expected a kind of item').optional(),
  case: plain(60).optional(),
  channel: z.string().max(200).transform((v) => v.split(',')).pipe(z.array(z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'expected the name of a channel'))).optional(),
  assigned: plain(80).optional(),
  olderDays: z.coerce.number().int().min(0).max(10_000).optional(),
  refersTo: day.optional(),
};
export const differenceQuery = z.strictObject({
  ...filters, after: z.string().regex(/^\d{4}-\d\d-\d\d~[1-9]\d{0,17}$/, 'expected `next` of the page before').optional(), limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const differenceExport = z.strictObject({ format: z.enum(['xlsx', 'csv']), language, query: z.strictObject(filters) });
export const itemsQuery = z.strictObject({ q: plain(80) });
export const decisionQuery = z.strictObject({ state: z.enum(['proposed', 'all']).default('proposed') });
export const resolveRequest = z.strictObject({
  act: z.enum(['accept', 'link', 'split', 'assign', 'reopen']), expected: z.array(number).max(40), returned: z.array(number).max(40), note, target: plain(80).optional(),
});
export const declineRequest = z.strictObject({ reason: note });

type Filters = z.output<typeof differenceExport>['query'];

/** The search that a query asks for; reasons and severities both hold. */
export function searchOf(q: Filters, today: string, standards: Pick<Standards, 'reasons'>): DifferenceSearch {
  const severe = q.severity === undefined ? undefined : reasonCodes.filter((code) => q.severity!.includes(standards.reasons[code].severity));
  const reasons: readonly ReasonCode[] | undefined = q.reason && severe ? q.reason.filter((r) => severe.includes(r)) : (q.reason ?? severe);
  return {
    state: q.state, reasons, kinds: q.kind, caseNo: q.case?.trim(), channels: q.channel, assigned: q.assigned === '-' ? null : q.assigned, ...(q.olderDays === undefined ? {} : { before: addDays(today, -q.olderDays) }), refersTo: q.refersTo,
  };
}

/** The key of a page, as `next` gave it. */
export function keyOf(after: string | undefined): DifferenceSearch['after'] {
  if (after === undefined) return undefined;
  const [first = '', id = ''] = after.split('~');
  return { day: first, id };
}
