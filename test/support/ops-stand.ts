import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { roles, type Role } from '../../src/domain/ops-api.js';
import type { Settings } from '../../src/domain/settings.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { OpsUserStore } from '../../src/ledger/ops-user.store.js';
import { hashPassword } from '../../src/ops/password.adapter.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { LEDGER_DATABASE } from '../../src/platform/tokens.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { SampleBureauAdapter } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { startSimulatedCenter, type SimulatedCenter } from '../../src/simulator/center/simulated-center.adapter.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { freePort } from '../../src/platform/free-port.adapter.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { startGateway, type RunningGateway } from '../../src/start-gateway.js';
import { freshDatabase, stopPostgres } from './postgres.js';

/** Of every user that a stand seeds. */
export const password = 'a lamp over the harbour';

export interface OpsStand {
  readonly url: string;
  readonly bureau: SampleBureauAdapter;
  readonly catalogue: ReturnType<typeof loadCatalogue>;
  readonly center: SimulatedCenter;
  readonly provincial: SimulatedCenter;
  readonly gateway: RunningGateway;
  readonly view: ExchangeViewStore;
  readonly ledger: DatabaseAdapter;
  readonly settings: Settings;
  /** One user of each role exists under the role's name; more can be made. */
  makeUser(name: string, role: Role, mustChange?: boolean): Promise<void>;
  /** Stops the gateway, or starts it again at the same address. */
  stopGateway(): Promise<void>;
  startGateway(): Promise<void>;
  close(): Promise<void>;
}

/** The whole gateway with both channels on real parts (PostgreSQL, OpenSSH, the simulated centers); `adjust` changes its settings. */
export async function startOpsStand(adjust: (settings: Settings) => Settings = (s) => s): Promise<OpsStand> {
  // The gateway reads the built pages when it starts: as the sources are now, for who runs a spec file by itself.
  await promisify(execFile)(process.execPath, ['src/setup/prepare.mjs', 'page', '--quiet']);
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gw-page-'));
  const [bureauUrl, ledgerUrl] = [await freshDatabase('bureau'), await freshDatabase('ledger')];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const port = await freePort();
  const servers: OpenSshServer[] = [];
  const centers: SimulatedCenter[] = [];
  for (const channel of ['center', 'provincial']) {
    const stagingDir = path.join(dir, channel, 'staging');
    await mkdir(stagingDir, { recursive: true });
    servers.push(await startOpenSshServer({ dir: stagingDir }));
    centers.push(
      await startSimulatedCenter({
        channel, dir: path.join(dir, channel, 'own'), stagingDir, pollMs: 50, xsdDir: path.resolve('mappings'),
        ack: channel === 'center' ? { http: { url: `http://127.0.0.1:${port}/api/acknowledgements`, secret } } : { files: true },
      }),
    );
  }
  const [ssh, far] = servers as [OpenSshServer, OpenSshServer];
  const { settings, mappings } = configure({
    GATEWAY_PORT: String(port), LOG_LEVEL: 'silent', BUREAU_ENGINE: 'postgres', BUREAU_URL: bureauUrl, LEDGER_ENGINE: 'postgres', LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: ledgerUrl, QUEUE_BACKEND: 'postgres', QUEUE_URL: ledgerUrl,
    CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_PORT: String(ssh.port), CENTER_SFTP_USER: ssh.username, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256, CENTER_ACK_SECRET: secret,
    PROVINCIAL_SFTP_HOST: far.host, PROVINCIAL_SFTP_PORT: String(far.port), PROVINCIAL_SFTP_USER: far.username, PROVINCIAL_SFTP_KEY: far.privateKeyFile, PROVINCIAL_SFTP_HOST_KEY: far.hostKeySha256,
  });
  const quick = adjust({
    ...settings, instance: 'land-bureau-1', capture: { ...settings.capture, pollEveryMs: 100, removalSweepEveryMs: 500 }, relay: { ...settings.relay, sweepEveryMs: 200 }, collection: { pollEveryMs: 200 },
    ops: { ...settings.ops, loginsPerMinute: 10_000 },
  });
  const bureau = new SampleBureauAdapter(bureauUrl);
  const catalogue = loadCatalogue();
  await bureau.createSchema();
  await bureau.writeCatalogue(catalogue);
  const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });
  const start = (): Promise<RunningGateway> => startGateway({ settings: quick, mappings, log, processMetrics: false });
  let gateway: RunningGateway | undefined = await start();
  const running = (): RunningGateway => {
    if (!gateway) throw new Error('the gateway of this stand is stopped');
    return gateway;
  };
  const stopGateway = async (): Promise<void> => {
    await gateway?.stop();
    gateway = undefined;
  };
  const passwordHash = await hashPassword(password);
  const stand: OpsStand = {
    url: gateway.url!, bureau, catalogue, center: centers[0]!, provincial: centers[1]!, settings: quick,
    get gateway() { return running(); },
    get view() { return running().app.get(ExchangeViewStore, { strict: false }); },
    get ledger() { return running().app.get<DatabaseAdapter>(LEDGER_DATABASE, { strict: false }); },
    async makeUser(name, role, mustChange = false) {
      const users = running().app.get(OpsUserStore, { strict: false });
      const who = { actor: 'test', origin: 'cli', address: 'here' } as const;
      await users.create({ name, role, passwordHash }, who);
      if (!mustChange) await users.change(name, { password: { hash: passwordHash, mustChange: false } }, who, { action: 'password' });
    },
    stopGateway,
    async startGateway() {
      gateway ??= await start();
    },
    async close() {
      await stopGateway();
      await bureau.close();
      for (const center of centers) await center.stop();
      for (const server of servers) await server.stop();
      await rm(dir, { recursive: true, force: true });
      await stopPostgres();
    },
  };
  for (const role of roles) await stand.makeUser(role, role);
  return stand;
}

/** Looks again until it is good; tells what was seen last otherwise. */
export async function eventually<T>(read: () => Promise<T>, good: (value: T) => boolean, what: string, timeoutMs = 120_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > until) throw new Error(`${what} did not come; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
