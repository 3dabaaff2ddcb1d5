import { z } from 'zod';

/** The sections `expectations` and `alarms` of config/default.yaml. Milliseconds; where 0 is allowed it switches a thing off. */

const ms = z.number().int().min(1);
const orOff = z.number().int().min(0);
const httpUrl = z.string().regex(/^https?:\/\/[^/\s]+/, 'expected https://host/path');
const address = z.string().regex(/^[^@\s]+@[^@\s]+$/, 'expected an e-mail address');

/** Longest silences of one receiver, in working time. */
export const silencesSchema = z.strictObject({ pickUpMs: orOff, acknowledgementMs: orOff, returnFilesMs: orOff });
export const expectationsSchema = silencesSchema.extend({ captureMs: orOff });

export const alarmsSchema = z.strictObject({
  everyMs: ms,
  settleMs: orOff,
  groupMs: orOff,
  remindEveryMs: ms,
  oldestDueMs: orOff,
  /** Working time. */
  blockedLanesMs: orOff,
  blockedLanes: z.number().int().min(0),
  /** Working time. */
  pausedMs: orOff,
  pollAgeMs: ms,
  /** How long odd acknowledgements count as news. */
  oddAcknowledgementsMs: orOff,
  ledgerMaxMiB: z.number().int().min(0),
  disks: z.strictObject({ paths: z.array(z.string().min(1)), minFreePercent: z.number().min(0).max(100), minFreeMiB: z.number().int().min(0) }),
  webhook: z
    .strictObject({
      url: httpUrl.optional(),
      secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'expected whsec_ and at least 24 bytes in base64').optional(),
      timeoutMs: ms,
    })
    .refine((w) => w.url === undefined || w.secret !== undefined, { message: 'expected webhook.secret beside webhook.url: whsec_$(openssl rand -base64 32)' }),
  email: z
    .strictObject({
      host: z.string().optional(),
      port: z.number().int().min(1).max(65535),
      /** starttls: demanded after the greeting; implicit: from the first byte; none: only inside a trusted network. */
      tls: z.enum(['starttls', 'implicit', 'none']),
      user: z.string().optional(),
      password: z.string().optional(),
      from: address.optional(),
      to: z.array(address).optional(),
      timeoutMs: ms,
    })
    .refine((e) => e.host === undefined || (e.from !== undefined && (e.to ?? []).length > 0), { message: 'expected email.from and email.to beside email.host' }),
  deadMan: z.strictObject({ file: z.string().optional(), url: httpUrl.optional(), everyMs: ms, pollAgeMs: ms }),
});

export type Silences = z.output<typeof silencesSchema>;
export type Expectations = z.output<typeof expectationsSchema>;
export type AlarmSettings = z.output<typeof alarmsSchema>;

/** Ways on which notices go, as configured; the log is always one of them. */
export function tellNotifiers(alarms: AlarmSettings): ('log' | 'webhook' | 'email')[] {
  return ['log', ...(alarms.webhook.url === undefined ? [] : ['webhook' as const]), ...(alarms.email.host === undefined ? [] : ['email' as const])];
}
