import { z } from 'zod';
import { exchangeStates } from '../domain/exchange-states.js';
import { actionKinds, reasonedKinds } from '../domain/ops-action-api.js';
import { roles } from '../domain/ops-api.js';
import type { OpsSearch } from '../ledger/ops-search.js';
import { refuse } from './refusal.js';

const number = z.string().regex(/^[1-9]\d{0,17}$/, 'expected the number of an exchange');
const words = (form: RegExp, what: string) => z.string().max(2000).transform((v) => v.split(',')).pipe(z.array(z.string().regex(form, what)).min(1).max(50));
const instant = z.iso.datetime({ offset: true, error: 'expected an instant such as 2026-11-24T00:00:00Z' }).transform((v) => new Date(v).toISOString());
const page = z.coerce.number().int().min(1).max(200).default(50);
const plain = z.string().regex(/^[^\u0000-\u001f\u007f]+$/, 'expected text without control characters');
const reason = plain.min(3, 'expected a reason of at least 3 characters').max(500);
export const userName = z.string().regex(/^[a-z][a-z0-9._-]{1,39}$/, 'expected 2 to 40 small letters, digits, dots, hyphens and underlines, a letter first');

export const exchangeQuery = z.strictObject({
  case: plain.max(50).optional(),
  message: z.string().regex(/^[0-9a-f]{32}$/i, 'expected 32 hexadecimal digits').optional(),
  id: number.optional(),
  channel: words(/^[a-z][a-z0-9-]{0,19}$/, 'expected the name of a channel').optional(),
  state: words(/^[a-z_]+$/, 'expected a state').pipe(z.array(z.enum(exchangeStates))).optional(),
  event: words(/^[a-z][a-z0-9-]{0,39}$/, 'expected the name of an event').optional(),
  item: words(/^[^\u0000-\u001f\u007f]{1,60}$/, 'expected the code of an item').optional(),
  code: words(/^[a-z][a-z0-9-]{0,59}$/, 'expected a failure code').optional(),
  from: instant.optional(),
  to: instant.optional(),
  after: number.optional(),
  limit: page,
});
export const personalQuery = exchangeQuery.extend({ applicant: plain.max(100).optional(), text: plain.min(2, 'expected at least 2 characters').max(100).optional() });
export const exportRequest = z.strictObject({ format: z.enum(['csv', 'xlsx']), language: z.enum(['zh', 'en']).optional(), query: personalQuery.omit({ after: true, limit: true }), reason: reason.optional() });
export const handOverRequest = z.strictObject({ channel: z.string().max(20), cases: z.array(plain.max(60)).min(1).max(500).optional(), reason });
export const handOverDueQuery = z.strictObject({ channel: z.string().max(20), cases: z.string().max(20_000).optional() });
export const hashesRequest = z.strictObject({ hashes: z.base64().max(15_000_000) });
export const auditQuery = z.strictObject({
  actor: plain.max(80).optional(), action: plain.max(60).optional(), object: plain.max(200).optional(), outcome: z.enum(['done', 'ordered', 'refused', 'failed']).optional(),
  from: instant.optional(), to: instant.optional(), after: z.coerce.number().int().min(1).optional(), limit: page,
});
const windowRequest = z.strictObject({ channel: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'expected the name of a channel'), by: z.enum(['captured', 'staged']), from: instant, to: instant }).refine((w) => w.from < w.to, { message: 'expected an end after the beginning', path: ['to'] });
export const previewRequest = z
  .strictObject({ kind: z.enum(actionKinds), ids: z.array(number).min(1).max(1000).optional(), group: z.string().max(8000).optional(), query: exchangeQuery.omit({ after: true, limit: true }).optional(), window: windowRequest.optional(), reason: reason.optional() })
  .refine((r) => [r.ids, r.group, r.query, r.window].filter((v) => v !== undefined).length === 1, { message: 'expected exactly one of ids, group, query and window', path: ['ids'] })
  .refine((r) => !reasonedKinds.includes(r.kind) || r.reason !== undefined, { message: 'expected a reason: it stands in the timeline', path: ['reason'] })
  .refine((r) => r.window === undefined || r.kind === 'replay', { message: 'only a replay has a window', path: ['window'] })
  .refine((r) => r.query === undefined || Object.keys(r.query).length > 0, { message: 'expected at least one condition', path: ['query'] });
export const loginRequest = z.strictObject({ name: z.string().max(100), password: z.string().max(1000).optional() });
export const passwordRequest = z.strictObject({ current: z.string().max(1000), next: z.string().max(1000) });
export const reasonRequest = z.strictObject({ reason });
export const keyRequest = z.strictObject({ key: plain.max(200) });
export const createUserRequest = z.strictObject({ name: userName, role: z.enum(roles) });
export const changeUserRequest = z.strictObject({ role: z.enum(roles).optional(), disabled: z.boolean().optional(), unlock: z.literal(true).optional(), reset: z.literal(true).optional() }).refine((c) => Object.keys(c).length > 0, { message: 'expected something to change' });

/** Input as its schema has it; an OpsRefusal names every key that is wrong. */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const faults = read.error.issues.slice(0, 20).map((i) => ({ key: i.path.join('.').slice(0, 100), text: i.code === 'unrecognized_keys' ? `not known: ${i.keys.join(', ').slice(0, 200)}` : i.message.slice(0, 300) }));
  throw refuse('bad-request', `the request is not as expected: ${faults.map((f) => `${f.key === '' ? '' : `${f.key}: `}${f.text}`).join('; ')}`, { faults });
}

/** The search of a query. */
export function searchOf(q: Omit<z.output<typeof exchangeQuery>, 'after' | 'limit'>): OpsSearch {
  return { casePrefix: q.case, messageId: q.message?.toLowerCase(), id: q.id, channels: q.channel, states: q.state, events: q.event, items: q.item, codes: q.code, from: q.from, to: q.to };
}
