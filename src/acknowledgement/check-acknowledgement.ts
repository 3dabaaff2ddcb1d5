import { z } from 'zod';
import { acknowledgementLevels, type Acknowledgement } from '../domain/receiver-messages.js';

/** One thing wrong with a document that came in. Names the place and what was expected there; never holds what stood there. */
export interface DocumentFault {
  /** `/ACKNOWLEDGEMENTS/ACK[2]/LEVEL` in XML, `acknowledgements[1].level` in JSON, `/` for the document as a whole. */
  readonly path: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly expected: string;
}

/** What a document of acknowledgements held, or all that is wrong with it. */
export type AcknowledgementDocument =
  | { readonly ok: true; readonly acknowledgements: readonly Acknowledgement[]; readonly channel?: string | undefined }
  | { readonly ok: false; readonly faults: readonly DocumentFault[] };

/** Limits of one document; what goes beyond is a fault, not a crash. */
export const documentLimits = { depth: 10, acknowledgements: 5_000, faults: 50 } as const;

/** What each field must be, in the words of a fault. Keys are the JSON names; XML uses them in capitals. */
export const expectations = {
  id: '32 hexadecimal digits, the MSGID of the message',
  level: 'picked-up, accepted or refused',
  sha256: '64 hexadecimal digits, the SHA-256 of the file, or nothing',
  code: 'at most 50 characters without control characters, or nothing',
  reason: 'at most 2000 characters without control characters, or nothing',
  time: 'YYYYMMDDThhmmss, YYYYMMDDhhmmss, YYYYMMDDhh:mm:ss or YYYY-MM-DD hh:mm:ss, or nothing',
  channel: 'the channel that the acknowledgements are sent on',
} as const;

// Line ends and tabs are allowed; a NUL or a lone surrogate cannot be kept as text by the ledger.
const plainText = /^[^\p{Surrogate}\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]*$/u;
const receiverTime = /^(\d{8}T?\d{6}|\d{10}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,7})?(Z|[+-]\d{2}:\d{2})?)$/;
const codePoints = (limit: number) => (s: string): boolean => s.length <= limit || (s.length <= 2 * limit && [...s].length <= limit);

// Serializers of other systems write null or an empty text for what is not there.
const absent = (schema: z.ZodType<string>): z.ZodType<string | undefined> =>
  z.preprocess((v) => (v === null || v === '' ? undefined : v), schema.optional()) as z.ZodType<string | undefined>;

/** One acknowledgement in its JSON form; the limits are those of acknowledgement.xsd. */
export const acknowledgementSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-fA-F]{32}$/),
  level: z.enum(acknowledgementLevels),
  sha256: absent(z.string().regex(/^[0-9a-fA-F]{64}$/)).optional(),
  code: absent(z.string().regex(plainText).refine(codePoints(50))).optional(),
  reason: absent(z.string().regex(plainText).refine(codePoints(2000))).optional(),
  time: absent(z.string().regex(receiverTime)).optional(),
});

/** The checked fields in the words of the house: ids in lower case, the receiver's time as it came. */
export function checkAcknowledgement(input: unknown): { readonly acknowledgement: Acknowledgement } | { readonly faults: readonly (keyof typeof expectations | '')[] } {
  const result = acknowledgementSchema.safeParse(input);
  if (!result.success) {
    const fields = result.error.issues.map((issue) => String(issue.path[0] ?? ''));
    return { faults: [...new Set(fields)].map((field) => (field in expectations ? (field as keyof typeof expectations) : '')) };
  }
  const { id, level, sha256, code, reason, time } = result.data;
  return {
    acknowledgement: {
      messageId: id.toLowerCase(),
      level,
      ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
      ...(time === undefined ? {} : { at: time }),
    },
  };
}
