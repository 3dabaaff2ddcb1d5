import { z } from 'zod';
import { isCalendarDate } from './format-datetime.js';

/** The shape of config/supervision/*.yaml: how one supervising body counts time and when it warns or gives a card. */

const day = z
  .string()
  .refine((text) => /^\d{4}-\d\d-\d\d$/.test(text) && isCalendarDate(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))), 'expected a day that exists as YYYY-MM-DD');
const count = z.number().int().min(0).max(366);
const unit = z.enum(['W', 'N', 'H']);
const limitName = z.enum(['committed', 'statutory']).default('committed');

/** When a level is reached. Counts are in the unit of the limit, after rounding. */
export const thresholdSchema = z.union([
  /** Only so much is left, or less; hours hold for limits in hours. */
  z.strictObject({ limit: limitName, remainingAtMost: z.strictObject({ days: count, hours: count }) }),
  /** More than so much over the limit. */
  z.strictObject({ limit: limitName, overBy: count }),
  /** This part of the limit is used up. */
  z.strictObject({ limit: limitName, usedShare: z.number().gt(0).max(1) }),
]);

const levels = z.strictObject({ warning: thresholdSchema.optional(), yellow: thresholdSchema.optional(), red: thresholdSchema.optional() });
const length = { length: z.number().int().min(1).max(366), unit };

export const ruleVersionSchema = z.strictObject({
  version: z.string().regex(/^[a-z0-9-]{1,40}$/, 'expected small letters, digits and dashes, 40 at the most'),
  /** Holds for cases accepted from this day on, until the next version. */
  from: day,
  source: z.string().min(10),
  /** moment: the clock starts with the acceptance; day-after: with the day after it. */
  start: z.enum(['moment', 'day-after']),
  /** seconds: working time to the second, rounded up to whole days; days: whole days, the present one included. */
  measure: z.enum(['seconds', 'days']),
  /** Whether a limit used up exactly counts as passed already. */
  remainingZeroIsOver: z.boolean(),
  /** 即办件: monitored as a limit of this length, or not at all. */
  immediate: z.strictObject({ monitored: z.boolean(), ...length }),
  /** Whether a level that only warns is still reached once the case is closed. */
  warnAfterClose: z.boolean(),
  /** How a case may end so that it gets no card from then on. */
  notCarded: z.array(z.enum(['withdrawn', 'refused', 'void', 'returned', 'removed'])),
  suspensions: z.strictObject({
    /** after-acceptance: suspends when it was asked for after the acceptance; never: belongs to the time before it. */
    supplement: z.enum(['never', 'after-acceptance']),
    special: z.strictObject({
      /** approved-length: no more than was approved is taken off, then the clock runs again; none: all of it. */
      cap: z.enum(['approved-length', 'none']),
      /** What a procedure without an approved length does: frozen: it suspends until it ends; ignored: it does not suspend. */
      withoutLength: z.enum(['frozen', 'ignored']),
      /** A procedure of which the applicant was not told in writing does not suspend. */
      noticeRequired: z.boolean(),
    }),
    /** With whole days: what a suspension that ends on its first day takes off. */
    sameDay: z.enum(['one-day', 'nothing']),
  }),
  case: levels,
  /** Special procedures against their approved length. */
  special: levels.extend({ runsOnAfterClose: z.boolean() }).optional(),
  /** Certificate after a case closed in favour of the applicant; items that end without one are named. */
  certificate: levels.extend({ ...length, exceptItems: z.array(z.string()).default([]) }).optional(),
  /** Applications that came in by these ways (bureau codes) until they are accepted, refused or a supplement is asked for. */
  preAcceptance: levels.extend({ ...length, sources: z.array(z.string()).min(1) }).optional(),
  /** Steps by their stage (bureau code). */
  steps: levels.extend({ limits: z.array(z.strictObject({ stage: z.string(), ...length })).min(1) }).optional(),
  /** Charges outside the approved items and standards (config/reconciliation/tariff.csv) give a card of this level. */
  charges: z.strictObject({ level: z.enum(['warning', 'yellow', 'red']), exceptFeeItems: z.array(z.string()).default([]) }).optional(),
});

export const ruleSetSchema = z
  .strictObject({
    body: z.string().regex(/^[a-z][a-z-]{0,19}$/),
    title: z.string().min(1),
    versions: z.array(ruleVersionSchema).min(1),
  })
  .superRefine((rules, context) => {
    rules.versions.forEach((v, i) => {
      const before = rules.versions[i - 1];
      if (before && v.from <= before.from) context.addIssue({ code: 'custom', path: ['versions', i, 'from'], message: 'expected a day later than that of the version before' });
      if (rules.versions.findIndex((o) => o.version === v.version) < i) context.addIssue({ code: 'custom', path: ['versions', i, 'version'], message: 'expected each version once' });
      if (v.measure === 'seconds' && v.start === 'day-after') context.addIssue({ code: 'custom', path: ['versions', i, 'start'], message: 'expected moment, because measure is seconds' });
    });
  });

export type RuleSet = z.output<typeof ruleSetSchema>;
export type RuleVersion = RuleSet['versions'][number];
export type Threshold = z.output<typeof thresholdSchema>;
export type Levels = z.output<typeof levels>;
