import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../support/free-port.js';
import { freshDatabase, stopPostgres } from '../support/postgres.js';

const password = `never-${randomBytes(6).toString('hex')}`;
let config: string;
beforeAll(async () => {
  // The shipped configuration with the center's channel alone.
  config = await mkdtemp(path.join(os.tmpdir(), 'gateway-start-'));
  await cp('config', config, { recursive: true });
  for (const name of await readdir(path.join(config, 'channels'))) if (name !== 'center.yaml') await rm(path.join(config, 'channels', name));
});
afterAll(async () => {
  await rm(config, { recursive: true, force: true });
  await stopPostgres();
});

/** The production start as an administrator sees it, in an environment of its own. */
function start(env: Record<string, string>): Promise<{ code: number; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/main.js'], { env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent', GATEWAY_PORT: '0', GATEWAY_CONFIG_DIR: config, ...env } }, (error, _out, err) => resolve({ code: Number(error?.code ?? 0), err }));
  });
}

const complete = async (): Promise<Record<string, string>> => ({
  CENTER_SFTP_HOST: '127.0.0.1', CENTER_SFTP_USER: 'bureau', CENTER_SFTP_PASSWORD: password, CENTER_SFTP_HOST_KEY: `SHA256:${'a'.repeat(43)}`, CENTER_ACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  BUREAU_ENGINE: 'postgres', BUREAU_URL: `postgres://reader:${password}@127.0.0.1:${await freePort()}/land`, LEDGER_ENGINE: 'postgres', LEDGER_ALLOW_VOLATILE: 'true', LEDGER_URL: `postgres://gateway:${password}@127.0.0.1:${await freePort()}/ledger`,
  QUEUE_URL: `redis://:${password}@127.0.0.1:${await freePort()}`,
});

it('lists every fault of the configuration at once, with file, line, key and what was expected, and never a secret', async () => {
  const { code, err } = await start({ CENTER_SFTP_PASSWORD: password, CENTER_SFTP_HOST_KEY: password, LEDGER_URL: `redis://x:${password}@h`, GATEWAY_PORT: 'eighty' });
  expect(code).toBe(78);
  for (const fault of [
    /channels\/center\.yaml:\d+ +staging\.sftp\.host +expected the environment variable CENTER_SFTP_HOST /, /channels\/center\.yaml:\d+ +staging\.sftp\.hostKeySha256 +expected/, /default\.yaml:\d+ +ledger\.url +expected/,
    /default\.yaml:\d+ +http\.port +expected/, /default\.yaml:\d+ +bureau\.url +expected/,
  ]) expect(err).toMatch(fault);
  expect(err).not.toContain(password);
  expect(err).not.toMatch(/^ +at /m);
});

it.each(['queue', 'ledger', 'bureau'] as const)('says that the %s is out of reach, where it was looked for and what to do', async (what) => {
  const there = await freshDatabase();
  // One of them is missing, the others are there; the ledger and the queue may share a database.
  const { code, err } = await start({
    ...(await complete()), ...(what === 'queue' ? {} : { QUEUE_BACKEND: 'postgres', QUEUE_URL: there }), ...(what === 'ledger' ? {} : { LEDGER_URL: there }), ...(what === 'bureau' ? {} : { BUREAU_URL: there }),
  });
  expect(err).toMatch(new RegExp(`^The gateway does not start: the ${what} \\((redis|postgres) 127\\.0\\.0\\.1:\\d+(/\\w+)?\\) cannot be used: connect ECONNREFUSED`, 'm'));
  expect(code).toBe(69);
  expect(err).toContain('npm run gateway -- check');
  expect(err).not.toContain(password);
});
