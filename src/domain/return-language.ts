import { z } from 'zod';
import { clockObjects } from './supervision-facts.js';
import { opinionAppeals, opinionResults, opinionStates, opinionSubjects } from './supervision-opinion.js';

/**
 * The closed vocabulary of a return mapping: what an element of a returned file is read into. The targets of each kind are
 * listed here with their type; a mapping names for each target the element, and where needed code list, pattern or bytes.
 */

/** text; day: YYYYMMDD; time: kept as it came; moment: a datetime of Asia/Shanghai as an instant; count: whole number; issue: whole number from 1; fen: an amount in yuan; sha256. */
export type TargetType = 'text' | 'day' | 'time' | 'moment' | 'count' | 'issue' | 'fen' | 'sha256';

export interface Target {
  readonly type: TargetType;
  readonly optional?: true;
  /** Words of the house that a code list must lead to. */
  readonly words?: readonly string[];
}

export interface TargetGroup {
  readonly fields: Readonly<Record<string, Target>>;
  readonly lists?: Readonly<Record<string, TargetGroup>>;
}

const text: Target = { type: 'text' };
const optional: Target = { type: 'text', optional: true };
const fen: Target = { type: 'fen' };
const count: Target = { type: 'count' };
const time: Target = { type: 'time' };
const moment: Target = { type: 'moment' };
const optionalMoment: Target = { type: 'moment', optional: true };
const optionalCount: Target = { type: 'count', optional: true };
const result: Target = { type: 'text', words: opinionResults };
const status: Target = { type: 'text', words: ['paid', 'reversed', 'refunded'] };
const head = { fileId: text, issue: { type: 'issue' }, day: { type: 'day' } } as const satisfies Record<string, Target>;

export const returnTargets = {
  fees: {
    fields: { ...head, unitCode: text, paidCount: count, paidFen: fen, reversedCount: count, reversedFen: fen, refundCount: count, refundFen: fen },
    lists: {
      records: {
        fields: { serial: text, paymentCode: optional, caseNo: optional, unitCode: text, amountFen: fen, paidAt: time, payer: optional, method: optional, status, originalSerial: optional },
        lists: { lines: { fields: { feeItemCode: text, feeItemName: optional, amountFen: fen } } },
      },
    },
  },
  taxes: {
    fields: { ...head, authorityCode: text, paidCount: count, paidFen: fen, refundCount: count, refundFen: fen },
    lists: {
      contracts: {
        fields: { contractNo: optional, caseNo: optional, totalFen: fen },
        lists: {
          slips: {
            fields: {
              ticketNo: text, taxpayerNo: text, taxpayerName: optional, taxKind: text, party: { type: 'text', words: ['transferor', 'transferee'] },
              taxableFen: fen, dueFen: fen, paidFen: fen, paidAt: time, status, originalTicketNo: optional,
            },
          },
        },
      },
    },
  },
  control: {
    fields: {
      ...head, feeCount: count, feeFen: fen, feeReversedCount: count, feeReversedFen: fen, feeRefundCount: count, feeRefundFen: fen,
      taxCount: count, taxFen: fen, taxRefundCount: count, taxRefundFen: fen,
    },
    lists: { files: { fields: { fileName: text, size: count, sha256: { type: 'sha256' }, count } } },
  },
  // Of the supervising side: its cards and its queries.
  cards: {
    fields: { ...head, total: count },
    lists: {
      cards: {
        fields: {
          theirNo: text, caseNo: text, subject: { type: 'text', words: opinionSubjects }, object: { type: 'text', optional: true, words: clockObjects }, sequence: optional, ruleCode: optional, result,
          state: { type: 'text', words: opinionStates }, judgedAt: moment, committed: optionalCount, statutory: optionalCount, used: optionalCount, startsAt: optionalMoment,
          appeal: { type: 'text', optional: true, words: opinionAppeals }, department: optional, explanation: optional,
        },
      },
    },
  },
  queries: {
    fields: { ...head, total: count },
    lists: {
      queries: {
        fields: {
          theirNo: text, caseNo: text, content: text, organisation: optional, department: optional, itemKind: optional, ruleCode: optional, result: { ...result, optional: true }, askedAt: moment, stateAt: optionalMoment,
          answerBy: optionalMoment, outcome: optional,
        },
      },
    },
  },
} as const satisfies Record<string, TargetGroup>;

export type ReturnKind = keyof typeof returnTargets;

const elementPath = z.string().regex(/^[A-Z][A-Z0-9_]*(\/[A-Z][A-Z0-9_]*)*$/, 'expected element names joined by /');

export interface ReturnField {
  to: string;
  /** Below the root for the head, below the repeated element in a list. */
  from: string;
  /** CSV in `codes/` beside the mappings of the channel's returns: center's code → word of the house. */
  codes?: string | undefined;
  /** Most bytes of the value in the encoding of the file. */
  bytes?: number | undefined;
  /** The whole value, as a regular expression. */
  pattern?: string | undefined;
  note?: string | undefined;
}

export interface ReturnList {
  each: string;
  fields: ReturnField[];
  lists?: Record<string, ReturnList> | undefined;
}

const fieldSchema = z.strictObject({ to: z.string(), from: elementPath, codes: z.string().optional(), bytes: z.number().int().min(1).optional(), pattern: z.string().optional(), note: z.string().optional() });
const listSchema: z.ZodType<ReturnList> = z.lazy(() => z.strictObject({ each: elementPath, fields: z.array(fieldSchema).min(1), lists: z.record(z.string(), listSchema).optional() }));

export const returnMappingSchema = z.strictObject({
  message: z.string(),
  title: z.string(),
  kind: z.enum(['fees', 'taxes', 'control', 'cards', 'queries']),
  xsd: z.string(),
  root: z.string(),
  head: z.array(fieldSchema).min(1),
  lists: z.record(z.string(), listSchema),
});
export type ReturnMappingFile = z.output<typeof returnMappingSchema>;
