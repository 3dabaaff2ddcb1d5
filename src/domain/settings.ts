import { z } from 'zod';
import { alarmsSchema, expectationsSchema, silencesSchema } from './alarm-settings.js';
import { twoPersonsSchema } from './ops-settings.js';
import { inquirySchema } from './inquiry-settings.js';
import type { StreamDefinition } from './stream.js';
import type { CalendarTable } from './working-calendar.js';
import { writeBackSchema } from './write-back-settings.js';

/** The shape of config/default.yaml and config/channels/*.yaml. Durations in milliseconds unless the name says otherwise. */

const ms = z.number().int().min(1);
const engine = z.enum(['postgres', 'mssql']);
const databaseUrl = z.string().regex(/^(postgres(ql)?|mssql|sqlserver):\/\//, 'expected postgres://user:password@host:port/database or mssql://user:password@host:port/database');
const sha256Key = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, "expected SHA256:<43 characters>, as `ssh-keyscan HOST | ssh-keygen -lf -` prints it");

export const gatewaySchema = z.strictObject({
  instance: z.string().regex(/^[A-Za-z0-9-]{1,40}$/),
  roles: z.array(z.enum(['api', 'worker', 'scheduler'])).min(1),
  http: z.strictObject({ host: z.string(), port: z.number().int().min(0).max(65535), bodyLimitKiB: z.number().int().min(1), trustProxy: z.boolean(), requestsPerMinute: z.number().int().min(1) }),
  bureau: z.strictObject({
    engine,
    url: databaseUrl,
    poolSize: z.number().int().min(1),
    streams: z.array(z.string()).min(1),
    allowTornReads: z.boolean(),
    statementTimeoutMs: ms,
    encrypt: z.boolean(),
    trustServerCertificate: z.boolean(),
  }),
  ledger: z.strictObject({ engine, url: databaseUrl, poolSize: z.number().int().min(2), statementTimeoutMs: ms, migrate: z.boolean(), allowVolatile: z.boolean().prefault(false), encrypt: z.boolean(), trustServerCertificate: z.boolean() }),
  queue: z.strictObject({ backend: z.enum(['redis', 'postgres']), url: z.string(), prefix: z.string().regex(/^[A-Za-z0-9_-]+$/), allowVolatile: z.boolean(), lockMs: ms, stalledCheckMs: ms }),
  capture: z.strictObject({ pollEveryMs: ms, batchCases: z.number().int().min(1).max(5000), standingAlarmMs: ms, removalSweepEveryMs: ms }),
  relay: z.strictObject({ sweepEveryMs: ms, claimMs: ms, quietMs: ms.default(5_000) }),
  render: z.strictObject({ batch: z.number().int().min(1).max(2000), threadFrom: z.number().int().min(0).max(2000).prefault(50) }),
  deliver: z.strictObject({ batch: z.number().int().min(1).max(2000) }),
  retry: z.strictObject({ firstDelayMs: ms, maxDelayMs: ms, maxAttempts: z.number().int().min(1), maxCrashes: z.number().int().min(2, 'expected at least 2: once in a batch, once alone') }),
  breaker: z.strictObject({ failuresToOpen: z.number().int().min(1), probeEveryMs: ms }),
  lease: z.strictObject({ lengthMs: ms }),
  collection: z.strictObject({ pollEveryMs: ms }),
  reconciliation: z.strictObject({ dir: z.string(), pollEveryMs: ms, batchItems: z.number().int().min(1000).max(5_000_000), twoPersonsAboveFen: z.number().int().min(0), suspenseDays: z.number().int().min(1).max(366).default(5), clearanceTokens: z.array(z.string().min(32, 'expected at least 32 characters').max(200)).optional() }),
  completeness: z.strictObject({
    /** Local time in Asia/Shanghai. */
    at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected HH:MM'),
    fullEveryDays: z.number().int().min(1),
    openLimit: z.number().int().min(0),
  }),
  retention: z.strictObject({ scheduled: z.boolean(), /** Logs are kept six months or longer. */ keepDays: z.number().int().min(183), batch: z.number().int().min(1).max(1000) }),
  mirror: z.strictObject({ everyMs: ms, overdueMs: ms, hashFilesPerLook: z.number().int().min(0) }),
  supervision: z.strictObject({
    bodies: z.array(z.string().regex(/^[a-z][a-z-]{0,19}$/)),
    rulesDir: z.string(),
    limitsFile: z.string(),
    stream: z.string(),
    everyMs: ms,
    askAgainMs: ms.default(10_000),
    batch: z.number().int().min(1).max(5000),
    notify: z.array(z.enum(['warning', 'yellow', 'red'])),
  }),
  writeBack: writeBackSchema,
  expectations: expectationsSchema,
  alarms: alarmsSchema,
  ops: z
    .strictObject({
      sessions: z.strictObject({ idleMs: ms, absoluteMs: ms }).prefault({ idleMs: 30 * 60_000, absoluteMs: 12 * 3_600_000 }),
      loginsPerMinute: z.number().int().min(1).default(10),
      twoPersons: twoPersonsSchema.prefault({}),
      /** A reverse proxy that signs people on: it alone may reach the gateway from these addresses, and takes the header from others away. */
      proxy: z.strictObject({ header: z.string().regex(/^[a-z][a-z0-9-]{1,60}$/, 'expected the name of a header in small letters'), addresses: z.array(z.string().regex(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/, 'expected an address or a range such as 10.0.0.0/24')).min(1) }).optional(),
    })
    .prefault({}),
  inquiry: inquirySchema.prefault({}),
  log: z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']) }),
  mappingsDir: z.string(),
});

const sftpSchema = z.strictObject({
  host: z.string(),
  port: z.number().int().min(1).max(65535).default(22),
  username: z.string(),
  password: z.string().optional(),
  privateKeyFile: z.string().optional(),
  passphrase: z.string().optional(),
  /** Mandatory: a staging machine whose key is not pinned is not talked to. Several during a change of keys. */
  hostKeySha256: z.union([sha256Key, z.array(sha256Key).min(1)]),
  inFlight: z.number().int().min(1).max(256).default(64),
  connectTimeoutMs: ms.default(15_000),
  /** An operation without answer for this long ends the connection. */
  operationTimeoutMs: ms.default(30_000),
  keepaliveMs: ms.default(10_000),
});

const stagingSchema = z
  .strictObject({
    adapter: z.enum(['sftp', 'directory']),
    sftp: sftpSchema.optional(),
    directory: z.strictObject({ path: z.string() }).optional(),
    /** Directories on the staging machine, relative to the account's root (or the mounted directory). */
    outboxDir: z.string().default('in'),
    manifestDir: z.string().default('manifest'),
    acknowledgementDir: z.string().default('ack'),
    /** Where the receiver puts fee, tax and control files, and where it finds our receipts for them. */
    returnDir: z.string().default('return'),
    receiptDir: z.string().default('receipt'),
    /** Where it finds the statements of closed days. */
    statementDir: z.string().default('statement'),
    /** Where the receiver puts what it took; looked at, never written. It need not exist. */
    archiveDir: z.string().default('archive'),
    /** Where a foreign or altered file is put when an administrator orders it out of the way. */
    asideDir: z.string().default('aside'),
    /** Flush each file to the disk of the staging machine before it is renamed, where its server can. */
    fsync: z.boolean().default(true),
  })
  .refine((s) => (s.adapter === 'sftp' ? s.sftp !== undefined : s.directory !== undefined), { message: 'expected a section named like the adapter' })
  .refine((s) => s.adapter !== 'sftp' || s.sftp?.password !== undefined || s.sftp?.privateKeyFile !== undefined, { message: 'expected sftp.password or sftp.privateKeyFile' });

export const channelSchema = z.strictObject({
  channel: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/),
  title: z.string(),
  enabled: z.boolean().default(true),
  stream: z.string(),
  encoding: z.enum(['UTF-8', 'GB18030']),
  /** What becomes of characters that XML cannot carry (C0 controls, lone surrogates): a finding, or removed and noted. */
  illegalCharacters: z.enum(['finding', 'remove']).default('finding'),
  /** When the next message of a case may go: after the receiver accepted the one before, or once it is staged. */
  laneAdvancesOn: z.enum(['accepted', 'staged']).default('accepted'),
  /** Event of the stream → mapping directory below mappings/. Events not named here are not sent on this channel. */
  messages: z.record(z.string(), z.string()),
  staging: stagingSchema,
  /** Longest silences of this receiver where they differ from `expectations` in default.yaml. */
  expectations: silencesSchema.partial().optional(),
  acknowledgement: z.strictObject({
    http: z
      .strictObject({
        /** Standard Webhooks secrets (`whsec_` + base64); several while they are rotated. */
        secrets: z.array(z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'expected whsec_ and at least 24 bytes in base64')).min(1),
        /** Addresses or CIDR ranges that may push; empty means any. */
        allow: z.array(z.string()).default([]),
        toleranceSeconds: z.number().int().min(10).default(300),
      })
      .optional(),
    files: z.boolean().default(true),
  }),
  /** Fee, tax and control files that come back; over HTTP they come with the secrets of the acknowledgements. */
  returns: z
    .strictObject({
      /** Return mappings below mappingsDir, one for each kind of file. */
      messages: z.array(z.string()).min(1),
      /** Taken from staging.returnDir too, not over HTTP only. */
      files: z.boolean().default(true),
      /** false: no control file of theirs closes an accounting day. */
      controlled: z.boolean().optional(),
    })
    .optional(),
  /** What the gateway's own clocks report on this channel: lights, cards, answers to queries. */
  supervision: z
    .strictObject({
      /** Whose clock is told; one of supervision.bodies in default.yaml. */
      body: z.string().regex(/^[a-z][a-z-]{0,19}$/),
      /** Event of the gateway's own stream → mapping directory below mappings/. */
      messages: z.record(z.string(), z.string()),
    })
    .optional(),
});

export type GatewaySettings = z.output<typeof gatewaySchema>;
export type ChannelSettings = z.output<typeof channelSchema>;
export type SftpSettings = z.output<typeof sftpSchema>;
export type StagingSettings = z.output<typeof stagingSchema>;

/** Everything a process runs on, checked as a whole before anything starts. */
export interface Settings extends GatewaySettings {
  readonly calendar: CalendarTable;
  readonly channels: readonly ChannelSettings[];
  readonly streamDefinitions: readonly StreamDefinition[];
}

/** One thing wrong with the configuration. Never holds the value of a secret. */
export interface ConfigFault {
  readonly file: string;
  readonly key: string;
  readonly line?: number | undefined;
  readonly expected: string;
}
