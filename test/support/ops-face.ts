import { createHash } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import type { Me, Role } from '../../src/domain/ops-api.js';
import { channelSchema, gatewaySchema, type Settings } from '../../src/domain/settings.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { LedgerModule } from '../../src/ledger/ledger.module.js';
import { OpsUserStore } from '../../src/ledger/ops-user.store.js';
import { OpsModule } from '../../src/ops/ops.module.js';
import { hashPassword } from '../../src/ops/password.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { DoorbellAdapter } from '../../src/platform/queue/doorbell.adapter.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { freshDatabase, stopPostgres } from './postgres.js';

class HeldClock extends Clock {
  at = new Date('2026-11-24T02:00:00.000Z');
  now(): Date { return this.at; }
  forward(ms: number): void { this.at = new Date(this.at.getTime() + ms); }
}

@Module({})
class TestModule {}

export interface Session { readonly cookie: string; readonly me: Me }
export interface Answer<T> { readonly status: number; readonly body: T; readonly headers: Headers; readonly bytes: Buffer }
export interface OpsProcess { readonly url: string; readonly db: DatabaseAdapter; readonly app: NestExpressApplication }
const password = 'correct horse battery';

export interface GivenExchange {
  readonly state?: string; readonly parkedFrom?: string; readonly code?: string; readonly caseNo?: string; readonly name?: string; readonly event?: string; readonly sequence?: string; readonly version?: number;
  readonly finding?: string; readonly at?: string; readonly item?: string; readonly head?: boolean; readonly detail?: string;
}

/** The ops API alone on a ledger of its own, with a clock that stands: processes, users, and exchanges as somebody left them. */
export class OpsFace {
  readonly clock = new HeldClock();
  private ledgerUrl = '';
  private queueUrl = '';
  private passwordHash = '';
  private nextId = 0;
  private readonly stops: (() => Promise<void>)[] = [];
  private first: OpsProcess | undefined;

  /** The process that is asked where no other is named. */
  get main(): OpsProcess {
    if (!this.first) throw new Error('open the face first');
    return this.first;
  }

  async open(): Promise<void> {
    [this.ledgerUrl, this.queueUrl] = [await freshDatabase('ops'), await freshDatabase('queue')];
    this.passwordHash = await hashPassword(password);
    this.first = await this.start();
    await this.main.app.get(ChannelStore).ensure(['center']);
    for (const role of ['viewer', 'operator', 'finance', 'administrator'] as const) await this.makeUser(role, role);
  }

  async close(): Promise<void> {
    for (const stop of this.stops) await stop();
    await stopPostgres();
  }

  /** One more process on the same ledger; `more` is added to the section ops. */
  async start(more: Readonly<Record<string, unknown>> = {}): Promise<OpsProcess> {
    const settings: Settings = {
      ...gatewaySchema.parse({
        instance: 'test', roles: ['api'], http: { host: '127.0.0.1', port: 0, bodyLimitKiB: 1024, trustProxy: false, requestsPerMinute: 1000 },
        bureau: { engine: 'postgres', url: this.ledgerUrl, poolSize: 1, streams: ['case'], allowTornReads: false, encrypt: false, trustServerCertificate: false, statementTimeoutMs: 30_000 },
        ledger: { engine: 'postgres', url: this.ledgerUrl, poolSize: 6, migrate: true, allowVolatile: true, encrypt: false, trustServerCertificate: true, statementTimeoutMs: 30_000 },
        queue: { backend: 'postgres', url: this.queueUrl, prefix: 'test', allowVolatile: false, lockMs: 5000, stalledCheckMs: 5000 },
        capture: { pollEveryMs: 1, batchCases: 1, standingAlarmMs: 1, removalSweepEveryMs: 1 }, reconciliation: { dir: 'config/reconciliation', pollEveryMs: 2000, batchItems: 1000, twoPersonsAboveFen: 100_000 }, relay: { sweepEveryMs: 1000, claimMs: 60_000 }, render: { batch: 1 }, deliver: { batch: 1 },
        retry: { firstDelayMs: 1000, maxDelayMs: 60_000, maxAttempts: 5, maxCrashes: 3 }, breaker: { failuresToOpen: 3, probeEveryMs: 1000 }, lease: { lengthMs: 10_000 }, collection: { pollEveryMs: 1000 }, completeness: { at: '02:30', fullEveryDays: 7, openLimit: 1000 }, retention: { scheduled: false, keepDays: 1095, batch: 200 }, mirror: { everyMs: 600_000, overdueMs: 1000, hashFilesPerLook: 10 },
        supervision: { bodies: [], rulesDir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv', stream: 'case', everyMs: 5000, askAgainMs: 10_000, batch: 500, notify: ['red'] },
        expectations: { captureMs: 0, pickUpMs: 60_000, acknowledgementMs: 0, returnFilesMs: 0 },
        alarms: {
          everyMs: 1000, settleMs: 0, groupMs: 0, remindEveryMs: 1000, oldestDueMs: 0, blockedLanesMs: 0, blockedLanes: 0, pausedMs: 0, pollAgeMs: 1000, oddAcknowledgementsMs: 0, ledgerMaxMiB: 0,
          disks: { paths: [], minFreePercent: 0, minFreeMiB: 0 }, webhook: { timeoutMs: 1000 }, email: { port: 25, tls: 'none', timeoutMs: 1000 }, deadMan: { everyMs: 1000, pollAgeMs: 1000 },
        },
        ops: { loginsPerMinute: 1000, ...more },
        log: { level: 'silent' }, mappingsDir: 'mappings',
      }),
      channels: [channelSchema.parse({ channel: 'center', title: 'center', stream: 'case', encoding: 'UTF-8', messages: { acceptance: 'center/acceptance' }, staging: { adapter: 'directory', directory: { path: '/nonexistent' } }, acknowledgement: { files: false } })],
      streamDefinitions: [], calendar: { version: 'test', national: [], local: [], hours: [] },
    };
    const platform = PlatformModule.register(settings, { log: pino({ level: 'silent' }), clock: this.clock, processMetrics: false });
    const ledger = LedgerModule.register(settings, platform);
    const app = await NestFactory.create<NestExpressApplication>({ module: TestModule, imports: [platform, ledger, OpsModule.register(platform, ledger)] }, { logger: false, bodyParser: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const db = app.get<DatabaseAdapter>(LEDGER_DATABASE);
    this.stops.push(async () => {
      await app.get(DoorbellAdapter).close();
      await app.close();
      await db.close();
    });
    return { app, db, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/ops/` };
  }

  async call<T>(key: string, session?: Session, body?: unknown, more: { url?: string; headers?: Record<string, string> } = {}): Promise<Answer<T>> {
    const [method, path] = key.split(' ') as [string, string];
    const response = await fetch((more.url ?? this.main.url) + path, {
      method, body: body === undefined ? null : JSON.stringify(body),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(session ? { cookie: session.cookie, 'x-csrf-token': session.me.csrf } : {}), ...more.headers },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString('utf8');
    return { status: response.status, headers: response.headers, bytes, body: (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text) as T };
  }

  async makeUser(name: string, role: Role): Promise<void> {
    await this.main.app.get(OpsUserStore).create({ name, role, passwordHash: this.passwordHash }, { actor: 'admin test', origin: 'cli', address: 'here' });
    await this.main.db.run(sql`update ops_user set must_change = 0 where name = ${name}`);
  }

  async login(name: string): Promise<Session> {
    const answer = await this.call<Me>('POST login', undefined, { name, password });
    if (answer.status !== 200) throw new Error(`${name} is not let in: ${answer.bytes.toString()}`);
    return { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, me: answer.body };
  }

  /** An exchange with its snapshot and message, and what it is looked up by. */
  async exchange(more: GivenExchange = {}): Promise<string> {
    const id = ++this.nextId;
    const { db } = this.main;
    const name = more.name ?? '欧阳小明';
    const [caseNo, at, state] = [more.caseNo ?? `YYGT2026${String(id).padStart(6, '0')}`, more.at ?? this.clock.iso(), more.state ?? 'parked'];
    const snapshot = { case: { case_no: caseNo, project_name: `${name}的宅基地`, query_password: 'geheim99' }, children: { applicants: [{ name, cert_no: '430102199001011234', phone: '13807310001' }] } };
    const escaped = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    const xml = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><A><N>${escaped}</N><C>430102199001011234</C><V>${more.version ?? 1}</V></A>`);
    const sha256 = createHash('sha256').update(xml).digest('hex');
    await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${id}, 'case', ${caseNo}, 'd', ${JSON.stringify(snapshot)}, ${at})`);
    for (const term of [name.replaceAll(' ', '').toUpperCase(), '430102199001011234', '13807310001']) await db.dialect.insertMany(db, 'case_person', [{ name: 'term', kind: 'text' }, { name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }], [[term, 'case', caseNo]], ['term', 'stream', 'case_no']);
    await db.run(sql`insert into exchange (id, channel, stream, case_no, item, event, sequence, version, operation, state, parked_from, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at, failure_code, failure_detail)
      values (${id}, 'center', 'case', ${caseNo}, ${more.item ?? null}, ${more.event ?? 'acceptance'}, ${more.sequence ?? '1'}, ${more.version ?? 1}, 'I', ${state}, ${more.parkedFrom ?? (state === 'parked' ? 'captured' : null)}, ${id}, ${more.head === false ? 0 : 1}, 0, ${id}, 'd', '2026-11-24 09:00:00.000',
      ${String(id).padStart(32, '0')}, ${`${String(id).padStart(12, '0')}-${more.event ?? 'acceptance'}-${caseNo}-v1.xml`}, ${at}, ${at}, ${at}, ${more.code ?? (state === 'parked' ? 'message-invalid' : null)}, ${more.detail ?? null})`);
    await db.run(sql`insert into message (exchange_id, content, sha256, size, encoding, mapping_digest, attachments, rendered_at) values (${id}, ${xml}, ${sha256}, ${xml.length}, 'UTF-8', 'd', '[]', ${at})`);
    if (more.finding !== undefined) await db.run(sql`insert into finding (exchange_id, ordinal, element, source, rule_name, finding_text, remedy) values (${id}, 0, ${more.finding}, 'land_applicant.phone', 'length', ${`${name} is too long`}, 'correct it')`);
    await db.run(sql`update counter set value = ${id} where name in ('exchange', 'snapshot')`);
    return String(id);
  }

  /** Numbers after the last one that something else gave out. */
  async catchUp(): Promise<void> {
    this.nextId = Number((await this.main.db.run(sql`select max(value) as n from counter where name in ('exchange', 'snapshot')`)).rows[0]!['n']);
  }

  async stateOf(id: string): Promise<string> {
    return String((await this.main.db.run(sql`select state from exchange where id = ${id}`)).rows[0]!['state']);
  }

  /** Actor, outcome and detail of the lines of the audit log about an action, oldest first. */
  async audited(action: string): Promise<{ actor: string; outcome: string; detail: string }[]> {
    const { rows } = await this.main.db.run(sql`select actor, outcome, detail from audit_line where act = ${action} order by seq`);
    return rows.map((r) => ({ actor: String(r['actor']), outcome: String(r['outcome']), detail: String(r['detail']) }));
  }
}
