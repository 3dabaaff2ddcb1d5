import { z } from 'zod';
import { conditionSchema } from './conditions.js';

/** How one stream of cases is read from the bureau: tables or views, keys, children, watermark, and the events in it. */

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a plain name of letters, digits and _');
const tableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/, 'expected table or schema.table');

/** Declared type of a column. It is read as text; the type says how it is cast and what counts as retyped. */
export const columnTypes = ['text', 'integer', 'decimal', 'date', 'datetime', 'boolean'] as const;
export type ColumnType = (typeof columnTypes)[number];
const columns = z.record(name, z.enum(columnTypes)).refine((c) => Object.keys(c).length > 0, 'expected at least one column');

const childSchema = z.strictObject({
  table: tableName,
  /** Column that holds the root's key. */
  parent: name,
  /** Column that tells the rows of one case apart; rows are ordered by it. */
  key: name,
  /** Rowversion or timestamp column; a child without one is read but its change alone is not seen. */
  watermark: name.optional(),
  columns,
  /** Scanned files: the bytes, their file name, and the bureau's MD5 signature, which decides whether they are fetched. */
  attachment: z.strictObject({ content: name, fileName: name, signature: name }).optional(),
});

const searchPath = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/, 'expected column or child.column');
const phase = z.number().int().min(0).max(99);
const eventSchema = z.strictObject({
  title: z.string(),
  /** Child table with one event per row; without it the event exists once per case. */
  each: name.optional(),
  when: conditionSchema.optional(),
  /** When it happened, by the bureau's account; of several paths the first that has a value. */
  at: z.union([z.string(), z.array(z.string()).min(1)]),
  /** Order in the case's lane: phase first, then time. The first matching entry counts. */
  phase: z.union([phase, z.array(z.strictObject({ when: conditionSchema.optional(), is: phase })).min(1)]),
  /** Messages that stop or start a clock go before others that are due. */
  urgent: z.boolean().default(false),
});

export const streamSchema = z.strictObject({
  stream: name,
  title: z.string(),
  table: tableName,
  key: name,
  watermark: z.strictObject({
    /** rowversion: capped at the oldest open transaction. timestamp: for bureaus without one, with an overlap. */
    mode: z.enum(['rowversion', 'timestamp']),
    column: name,
    overlapSeconds: z.number().int().min(0).default(0),
  }),
  columns,
  children: z.record(name, childSchema),
  /** The case is withdrawn when this holds; its events up to then still go out. */
  events: z.record(z.string().regex(/^[a-z][a-z-]*$/), eventSchema),
  /** Event that reports a case deleted in the bureau. */
  removalEvent: z.string(),
  /** What the ops page finds cases by; `column` or `child.column`. Names and numbers of persons are kept in the ledger once more for it. */
  search: z.strictObject({ item: searchPath.optional(), persons: z.array(searchPath).default([]) }).optional(),
}).superRefine((s, context) => {
  for (const path of [s.search?.item, ...(s.search?.persons ?? [])]) {
    if (path === undefined) continue;
    const [first = '', second] = path.split('.');
    const known = second === undefined ? Object.hasOwn(s.columns, first) : Object.hasOwn(s.children, first) && Object.hasOwn(s.children[first]!.columns, second);
    if (!known) context.addIssue({ code: 'custom', path: ['search'], message: `expected a column of this stream, or child.column; there is no ${path}` });
  }
});

export type StreamDefinition = z.output<typeof streamSchema>;
export type ChildDefinition = z.output<typeof childSchema>;
export type EventDefinition = z.output<typeof eventSchema>;
