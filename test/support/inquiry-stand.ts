import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { roles } from '../../src/domain/ops-api.js';
import type { InquirySettings } from '../../src/domain/inquiry-settings.js';
import { inquirySchema } from '../../src/domain/inquiry-settings.js';
import type { Settings } from '../../src/domain/settings.js';
import type { CaseSnapshot, Row } from '../../src/domain/snapshot.js';
import { InquiryPoller } from '../../src/inquiry/inquiry.poller.js';
import { OpsUserStore } from '../../src/ledger/ops-user.store.js';
import { loadMappings } from '../../src/mapping/load-mappings.adapter.js';
import { hashPassword } from '../../src/ops/password.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { password } from './ops-stand.js';
import { freshDatabase, openPostgres, stopPostgres } from './postgres.js';

export class HeldClock extends Clock {
  at = '2026-11-20T02:00:00.000Z';
  now(): Date { return new Date(this.at); }
  forward(ms: number): void { this.at = new Date(Date.parse(this.at) + ms).toISOString(); }
}

export interface CaseWish {
  readonly caseNo: string;
  readonly row?: Row;
  readonly children?: Readonly<Record<string, readonly Row[]>>;
}

export interface InquiryStand {
  readonly url: string;
  readonly clock: HeldClock;
  readonly db: DatabaseAdapter;
  readonly gateway: RunningGateway;
  readonly env: Readonly<Record<string, string>>;
  readonly key: string;
  /** Another process on the same ledger. */
  another(adjust?: (settings: InquirySettings) => InquirySettings, roles?: Settings['roles']): Promise<RunningGateway>;
  /** Records a snapshot, as capture would, and follows it. */
  record(...cases: readonly CaseWish[]): Promise<void>;
  /** Only records it. */
  capture(...cases: readonly CaseWish[]): Promise<void>;
  remove(caseNo: string): Promise<void>;
  close(): Promise<void>;
}

/** Principal of every case that is wished for without applicants. */
export const principal: Row = { applicant_no: '1', role: 'APPLICANT', kind: 'P', name: '欧阳小明', cert_kind: 'SFZ', cert_no: '43090219900101123X', phone: '13807310001', address: '益阳市赫山区' };

/** As capture stores it. */
export function snapshotOf(wish: CaseWish): Pick<CaseSnapshot, 'case' | 'children'> {
  return {
    case: { case_no: wish.caseNo, item_code: 'DJ05', item_name: '国有建设用地使用权转移登记', status: 'HANDLING', applied_at: '2026-11-02 09:00:00.000', accepted_at: '2026-11-03 10:00:00.000', committed_limit: '10', committed_unit: 'W', query_password: '839142', project_name: '欧阳小明转移登记', ...wish.row },
    children: { applicants: [principal], ...wish.children },
  };
}

/** The gateway's inquiry on real PostgreSQL, with a clock that stands still; nothing polls by itself. */
export async function startInquiryStand(adjust: (settings: InquirySettings) => InquirySettings = (s) => s, more: { trustProxy?: boolean } = {}): Promise<InquiryStand> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-inquiry-'));
  const config = path.join(folder, 'config');
  mkdirSync(path.join(config, 'channels'), { recursive: true });
  for (const name of ['default.yaml', 'calendar.yaml', 'streams']) cpSync(`config/${name}`, path.join(config, name), { recursive: true });
  writeFileSync(path.join(config, 'channels', 'center.yaml'), `channel: center\ntitle: c\nstream: case\nencoding: UTF-8\nmessages: { application: center/application }\nstaging: { adapter: directory, directory: { path: ${folder} } }\nacknowledgement: { files: true }\n`);
  const url = await freshDatabase('inquiry');
  const key = randomBytes(32).toString('base64');
  const env = { GATEWAY_CONFIG_DIR: config, GATEWAY_MAPPINGS: path.resolve('mappings'), BUREAU_ENGINE: 'postgres', BUREAU_URL: url, LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: url, QUEUE_BACKEND: 'postgres', QUEUE_URL: url, INQUIRY_KEY: key };
  const db = await openPostgres(url, true);
  const { settings, faults } = loadSettings({ configDir: config, env });
  if (!settings) throw new Error(JSON.stringify(faults));
  const { mappings } = loadMappings({ dir: settings.mappingsDir, streams: settings.streamDefinitions, channels: settings.channels });
  const clock = new HeldClock();
  const started: RunningGateway[] = [];
  const start = async (by: (settings: InquirySettings) => InquirySettings, as: Settings['roles'] = ['api']): Promise<RunningGateway> => {
    const inquiry = by({ ...settings.inquiry, answerAfterMs: 0 });
    const one = await startGateway({ settings: { ...settings, inquiry, roles: as, http: { ...settings.http, host: '127.0.0.1', port: 0, trustProxy: more.trustProxy ?? false }, ops: { ...settings.ops, loginsPerMinute: 10_000 } }, mappings, clock, processMetrics: false, log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }) });
    started.push(one);
    return one;
  };
  const gateway = await start(adjust);
  await db.run(sql`insert into watermark (stream, position, position_version) values ('case', '0', 0)`);
  const users = gateway.app.get(OpsUserStore, { strict: false });
  const hash = await hashPassword(password);
  const who = { actor: 'test', origin: 'cli', address: 'here' } as const;
  for (const role of roles) {
    await users.create({ name: role, role, passwordHash: hash }, who);
    await users.change(role, { password: { hash, mustChange: false } }, who, { action: 'password' });
  }
  let id = 0;
  const capture = async (...cases: readonly CaseWish[]): Promise<void> => {
    for (const wish of cases) {
      id += 1;
      await db.run(sql`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) values (${id}, 'case', ${wish.caseNo}, '', ${JSON.stringify(snapshotOf(wish))}, ${clock.at})`);
      const { affected } = await db.run(sql`update case_head set snapshot_id = ${id}, removed_at = null where stream = 'case' and case_no = ${wish.caseNo}`);
      if (affected === 0) await db.run(sql`insert into case_head (stream, case_no, snapshot_id, digest, seen_at) values ('case', ${wish.caseNo}, ${id}, '', ${clock.at})`);
    }
  };
  return {
    url: gateway.url!, clock, db, gateway, env, key,
    another: (by = adjust, as) => start(by, as),
    async record(...cases) {
      await capture(...cases);
      await gateway.app.get(InquiryPoller, { strict: false }).poll(async () => true);
    },
    capture,
    async remove(caseNo) {
      await db.run(sql`update case_head set removed_at = ${clock.at} where case_no = ${caseNo}`);
    },
    async close() {
      for (const one of started) await one.stop();
      await db.close();
      await stopPostgres();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Settings as a bureau would have them. */
export const bureauSettings = (s: InquirySettings): InquirySettings =>
  inquirySchema.parse({ ...s, bureau: { zh: '益阳市国土资源局政务窗口', en: 'Land Bureau, service window' }, collect: { zh: '市政务中心一楼国土窗口(工作日9:00–12:00,13:30–17:00)', en: 'the land counter, ground floor of the service center (working days 9–12, 13:30–17)' }, phone: '0737-0000000' });
