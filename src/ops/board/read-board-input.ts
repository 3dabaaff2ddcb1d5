import { z } from 'zod';
import { cardStates } from '../../domain/supervision-cards.js';
import { clockLevels } from '../../domain/supervision-facts.js';

const plain = (most: number) => z.string().max(most).regex(/^[^\u0000-\u001f\u007f]*$/, 'expected text without control characters');
const body = z.string().regex(/^[a-z][a-z-]{0,19}$/, 'expected the name of a rule set such as hunan').optional();
const page = z.coerce.number().int().min(1).max(200).default(50);
const flag = z.enum(['true', 'false', '1', '0'], { error: 'expected true or false' }).transform((v) => v === 'true' || v === '1').optional();
const several = <T extends string>(values: readonly [T, ...T[]]) => z.string().max(200).transform((v) => v.split(',')).pipe(z.array(z.enum(values)).min(1)).optional();
const place = { section: plain(60).optional(), item: plain(60).optional(), office: plain(200).optional() };

export const boardQuery = z.strictObject({ body, ...place });
export const boardCasesQuery = z.strictObject({
  body, ...place, light: z.enum(['green', 'yellow', 'red', 'grey']).optional(), case: plain(60).optional(),
  after: z.string().regex(/^(\d{4}-\d\d-\d\dT[\d:.]{8,12}Z)?_\d{1,18}$/, 'expected `next` of the page before').refine((v) => v.startsWith('_') || !Number.isNaN(Date.parse(v.split('_')[0]!)), 'expected `next` of the page before').optional(), limit: page,
});
export const boardCaseQuery = z.strictObject({ body, at: z.iso.datetime({ offset: true, error: 'expected an instant such as 2026-11-24T00:00:00Z' }).transform((v) => new Date(v).toISOString()).optional() });
export const trendsQuery = z.strictObject({ body, months: z.coerce.number().int().min(1).max(60).default(13) });
export const cardsQuery = z.strictObject({
  body, ...place, open: flag, doubtful: flag, level: several(clockLevels), state: several(cardStates), object: z.enum(['case', 'special', 'certificate', 'pre-acceptance', 'step', 'charge']).optional(),
  case: plain(60).optional(), after: z.string().regex(/^[1-9]\d{0,17}$/, 'expected `next` of the page before').optional(), limit: page,
});
export const replyRequest = z.strictObject({ text: z.string().trim().min(2, 'expected an answer').max(2000).regex(/^[^\u0000-\u0009\u000b-\u001f\u007f]*$/, 'expected text without control characters') });
export const proofRequest = z.strictObject({ format: z.enum(['html', 'json']) });
