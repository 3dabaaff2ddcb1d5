import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly command?: readonly string[];
}

const text = readFileSync('docker/compose.yaml', 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);
const variable = /\$\{([A-Z0-9_]+)(?:(:[?-])([^}]*))?\}/g;

let folder: string;
let made: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-docker-'));
  const run = spawnSync('sh', [path.resolve('docker/make-secrets.sh'), folder], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  made = readEnv(path.join(folder, '.env'));
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

function readEnv(file: string): Record<string, string> {
  return Object.fromEntries(readFileSync(file, 'utf8').split('\n').filter((line) => /^[A-Z]/.test(line)).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** As compose fills in variables. */
function fill(value: string): string {
  return value.replace(variable, (_all, name: string, operator: string | undefined, rest: string | undefined) => made[name] || (operator === ':-' ? rest! : ''));
}

describe('the compose file', () => {
  test('takes every secret from the environment, and .env.example names exactly these', () => {
    const required = new Set([...text.matchAll(variable)].map((match) => match[1]!));
    const example = readEnv('docker/.env.example');
    expect(Object.keys(example).sort()).toEqual([...required].sort());
    for (const [, service] of services) {
      for (const [name, value] of Object.entries(service.environment ?? {})) {
        if (/PASSWORD|SECRET|HOST_KEY|_URL$/.test(name) && !/^http:\/\/gateway:8480\//.test(value)) expect(value).toMatch(/\$\{[A-Z_]+:\?run docker\/make-secrets.sh\}/);
      }
    }
    for (const [name, value] of Object.entries(example)) if (name !== 'GATEWAY_PUBLISHED_PORT') expect(value).toBe('');
  });

  test('asks every lasting service for its health and waits for it before what needs it', () => {
    for (const [name, service] of services) {
      const needsIt = services.flatMap(([, other]) => other.depends_on?.[name]?.condition ?? []);
      if (name === 'sqlserver-setup') expect(new Set(needsIt)).toEqual(new Set(['service_completed_successfully']));
      else expect(new Set([...needsIt, 'service_healthy'])).toEqual(new Set(['service_healthy']));
      // The gateway's own check is in its image.
      if (name !== 'sqlserver-setup' && name !== 'gateway') expect(service.healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
      for (const other of Object.keys(service.depends_on ?? {})) expect(Object.keys(compose.services)).toContain(other);
    }
  });

  test('names fixed versions, files that exist, volumes that are declared, ports on loopback', () => {
    for (const [, service] of services) {
      if (service.build) {
        const context = path.join('docker', service.build.context);
        expect(existsSync(path.join(context, service.build.dockerfile ?? 'Dockerfile'))).toBe(true);
      } else expect(service.image).toMatch(/:[\w.-]*\d[\w.-]*$/);
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':') as [string];
        if (source.startsWith('./keys/')) continue; // made by make-secrets.sh
        if (source.startsWith('.')) expect(existsSync(path.join('docker', source))).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
    expect(compose.services.redis?.command?.join(' ')).toMatch(/appendonly yes.*maxmemory-policy noeviction/);
  });

  test('starts the gateway with settings that pass', () => {
    const environment = Object.fromEntries(Object.entries(compose.services.gateway?.environment ?? {}).map(([name, value]) => [name, fill(value)]));
    const { settings, faults } = loadSettings({ configDir: 'config', env: { ...environment, GATEWAY_CONFIG: 'docker/gateway.yaml' } });
    expect(faults).toEqual([]);
    expect(settings).toMatchObject({ http: { host: '0.0.0.0', port: 8480 }, bureau: { engine: 'mssql', trustServerCertificate: true }, ledger: { engine: 'mssql' }, queue: { backend: 'redis' } });
    expect(settings?.channels.map((channel) => channel.staging.sftp?.host)).toEqual(['staging', 'staging', 'staging']);
    expect(compose.services.supervision?.environment?.CENTER_ACK_SECRET).toBe(compose.services.gateway?.environment?.SUPERVISION_ACK_SECRET);
    expect(compose.services.center?.environment?.CENTER_ACK_SECRET).toBe(compose.services.gateway?.environment?.CENTER_ACK_SECRET);
  });

  test.each([
    ['center', 'src/simulator/center.ts'],
    ['provincial', 'src/simulator/center.ts'],
    ['supervision', 'src/simulator/center.ts'],
    ['bureau-clerk', 'src/simulator/fill-bureau.ts'],
  ])('gives %s exactly variables that its program reads, and all that it needs', (name, entry) => {
    const source = readFileSync(entry, 'utf8');
    const service = compose.services[name]!;
    const read = (how: string): string[] => [...source.matchAll(new RegExp(`\\b(?:${how})\\('([A-Z_]+)'\\)`, 'g'))].map((match) => match[1]!);
    const known = read('needed|optional|optionalNumber');
    expect(known.length).toBeGreaterThan(3);
    expect(source).not.toMatch(/process\.env[.[]/);
    expect(service.command?.at(-1)).toBe(entry.replace(/^src/, 'dist').replace(/ts$/, 'js'));
    const set = Object.keys(service.environment ?? {});
    expect(set.filter((variable) => !known.includes(variable))).toEqual([]);
    // The header of the program names what it reads, so that nobody has to read the code.
    const header = source.slice(source.indexOf('/**'), source.indexOf('*/'));
    expect(known.filter((variable) => !header.includes(variable))).toEqual([]);
    const conditional = set.includes('CENTER_SFTP_PORT') ? [] : ['CENTER_SFTP_USER', 'CENTER_SFTP_PASSWORD'];
    const needed = read('needed').filter((variable) => !conditional.includes(variable) && (variable !== 'CENTER_ACK_SECRET' || set.includes('CENTER_ACK_URL')));
    expect(needed.filter((variable) => !set.includes(variable))).toEqual([]);
  });

  test('has a receiver for every channel, each on the staging folder that the channel writes to', () => {
    for (const channel of ['center', 'provincial', 'supervision']) {
      expect(compose.services[channel]?.environment).toMatchObject({ CENTER_CHANNEL: channel, CENTER_STAGING_DIR: '/staging' });
      expect(compose.services[channel]?.volumes).toContain(`staging-${channel}:/staging`);
      expect(compose.services.staging?.volumes).toContain(`staging-${channel}:/staging/${channel}/files`);
    }
  });

  test('does not trust certificates unless it is told to', () => {
    const { BUREAU_TRUST_CERTIFICATE: _bureau, LEDGER_TRUST_CERTIFICATE: _ledger, ...environment } = compose.services.gateway?.environment ?? {};
    const { settings } = loadSettings({ configDir: 'config', env: { ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)])), GATEWAY_CONFIG: 'docker/gateway.yaml' } });
    expect([settings?.bureau.trustServerCertificate, settings?.ledger.trustServerCertificate]).toEqual([false, false]);
  });
});

describe('make-secrets.sh', () => {
  test('writes strong values that only their owner reads, and keeps them', () => {
    expect(statSync(path.join(folder, '.env')).mode & 0o777).toBe(0o600);
    const passwords = Object.entries(made).filter(([name]) => name.endsWith('PASSWORD'));
    expect(new Set(passwords.map(([, value]) => value)).size).toBe(9);
    for (const [, value] of passwords) expect(value).toMatch(/^Gw1-[0-9a-f]{48}$/);
    expect(Buffer.from(made.CENTER_ACK_SECRET!.slice('whsec_'.length), 'base64').length).toBe(32);
    expect(Buffer.from(made.SUPERVISION_ACK_SECRET!.slice('whsec_'.length), 'base64').length).toBe(32);
    expect(made.SUPERVISION_ACK_SECRET).not.toBe(made.CENTER_ACK_SECRET);
    spawnSync('sh', [path.resolve('docker/make-secrets.sh'), folder]);
    expect(readEnv(path.join(folder, '.env'))).toEqual(made);
    // A file of an older version gets what it lacks, and nothing else changes.
    const env = path.join(folder, '.env');
    writeFileSync(env, readFileSync(env, 'utf8').replace(/^BUREAU_CLERK_PASSWORD=.*\n/m, ''));
    spawnSync('sh', [path.resolve('docker/make-secrets.sh'), folder]);
    expect(readEnv(env)).toEqual({ ...made, BUREAU_CLERK_PASSWORD: expect.stringMatching(/^Gw1-[0-9a-f]{48}$/) as unknown as string });
    expect(statSync(env).mode & 0o777).toBe(0o600);
  });

  test('what it writes is not committed', () => {
    const ignored = spawnSync('git', ['check-ignore', 'docker/.env', 'docker/keys/staging_host_ed25519_key', 'docker/keys/staging_host_ed25519_key.pub'], { encoding: 'utf8' });
    expect(ignored.stdout.trim().split('\n')).toHaveLength(3);
  });
});

describe('the images', () => {
  const dockerfile = readFileSync('docker/Dockerfile', 'utf8');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

  test('copy only what exists and what .dockerignore lets through', () => {
    const let_through = readFileSync('.dockerignore', 'utf8').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap((match) => match[1]!.split(' ').slice(0, -1)).map((source) => source.replace(/^\.\//, ''));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      expect(existsSync(source)).toBe(true);
      expect(let_through).toContain(source);
    }
  });

  test('run as an ordinary user, without development packages, with a health check', () => {
    expect(last).toMatch(/\nUSER node\n/);
    expect(last.indexOf('USER node')).toBeLessThan(last.indexOf('\nCMD'));
    expect(dockerfile).toContain('npm prune --omit=dev');
    const check = /HEALTHCHECK [^[]*(\[.*\])/.exec(last)?.[1];
    const [, , script] = /CMD (.+)/.exec(`CMD ${check}`) ? (JSON.parse(check!) as string[]) : [];
    // The one-liner must be a program: nobody listens here, so it says so with its exit code.
    const run = spawnSync(process.execPath, ['-e', script!], { env: { GATEWAY_PORT: '1' }, encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([1, '']);
  });
});
