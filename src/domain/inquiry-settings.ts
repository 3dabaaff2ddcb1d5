import { z } from 'zod';

/** The section `inquiry` of config/default.yaml: what people who wait for a case may ask, and how often. Milliseconds unless the name says otherwise. */

const words = z.strictObject({ zh: z.string().min(1).max(300), en: z.string().min(1).max(300) });
const address = z.string().regex(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/, 'expected an address or a range such as 10.0.0.0/24');
const itemCode = z.string().min(1).max(60);

export const inquirySchema = z.strictObject({
  /** Proofs (query passwords, ends of identity numbers) are kept under this key only; without one there is no inquiry. */
  key: z.string().min(32, 'expected at least 32 characters: openssl rand -base64 32').max(200).optional(),
  stream: z.string().default('case'),
  /** How many of the last characters of an identity number are asked for, the check digit among them. */
  identityDigits: z.number().int().min(6).max(18).default(6),
  /** No answer goes out sooner than this after its question, whatever it says. */
  answerAfterMs: z.number().int().min(0).max(5000).default(300),
  everyMs: z.number().int().min(1).default(2000),
  batch: z.number().int().min(1).max(5000).default(500),
  /** Questions that are worked on at once in one process; more wait, and too many are sent away. */
  inFlight: z.number().int().min(1).max(64).default(3),
  /** Machines from which many people ask: those in the hall, the server of the portal. */
  sharedAddresses: z.array(address).default([]),
  limits: z
    .strictObject({
      perAddressPerHour: z.number().int().min(1).default(30),
      perSharedAddressPerHour: z.number().int().min(1).default(2000),
      /** Wrong answers for one case number that are free; each one after them doubles the wait. */
      freeFailures: z.number().int().min(1).max(20).default(5),
      firstWaitMs: z.number().int().min(1).default(60_000),
      longestWaitMs: z.number().int().min(1).default(3_600_000),
      /** Wrong answers of everybody together; beyond it only shared addresses are answered until the hour is over. */
      failuresPerHour: z.number().int().min(1).default(2000),
    })
    .prefault({}),
  bureau: words.prefault({ zh: '政务服务窗口', en: 'Service window' }),
  /** Where certificates are handed out, and when. */
  collect: words.prefault({ zh: '政务服务窗口', en: 'the service window' }),
  /** The hotline. */
  phone: z.string().regex(/^[0-9+() -]{3,30}$/, 'expected a telephone number').optional(),
  kiosk: z.strictObject({ idleMs: z.number().int().min(5000).default(60_000) }).prefault({}),
  completed: z
    .strictObject({
      /** Items whose completed cases are published 办结公示, and what makes their result issued: the certificate, or closing in favour of the applicant. */
      items: z.record(itemCode, z.enum(['certificate', 'closing'])).default({}),
      /** How many days back. */
      days: z.number().int().min(1).max(366).default(30),
    })
    .prefault({}),
});

export type InquirySettings = z.output<typeof inquirySchema>;
