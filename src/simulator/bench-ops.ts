import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import pg from 'pg';
import type { ExchangePage } from '../domain/ops-exchange-api.js';
import { OpsUserStore } from '../ledger/ops-user.store.js';
import { TodayView } from '../ops/gather-today.adapter.js';
import { hashPassword } from '../ops/password.adapter.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { sql } from '../platform/database/sql.js';
import { LEDGER_DATABASE } from '../platform/tokens.js';
import { startGateway, type RunningGateway } from '../start-gateway.js';
import { loadCatalogue } from './bureau/catalogue.adapter.js';
import { SampleBureauAdapter } from './bureau/sample-bureau.adapter.js';
import { sizedCase } from './bureau/size-case.js';
import { fillLedger } from './fill-ledger.js';
import { configure, openDatabases } from './open-stack.adapter.js';
import { startOpenSshServer } from './servers/openssh-server.adapter.js';

export const opsHelp = `npm run bench -- ops [options]
The ops page over HTTP on a ledger of many exchanges, at a tenth of them and at all, while the gateway captures, renders and delivers
cases on a real OpenSSH staging machine; beside a bare look-up by primary key and a request that only reads its session.
  --rows N      exchanges in the ledger (default 1000000)
  --rounds N    requests of each kind (default 60)
  --rate N      cases a second that go through meanwhile (default 20)
  --short       20000 exchanges, 8 requests of each kind
  --json        the figures as JSON
`;

export interface OpsBench {
  readonly rows: number;
  readonly rounds: number;
  /** Cases a second. */
  readonly rate: number;
  readonly json: boolean;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const round = (n: number, digits = 1): number => Number(n.toFixed(digits));
const at = (times: readonly number[], share: number): number => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;

/** A request of one kind; `i` says the how manieth, so that each asks for something else. */
interface Wish { readonly name: string; readonly of: (i: number, rows: number) => { readonly method: string; readonly path: string; readonly body?: unknown }; /** Before each one, outside the time. */ readonly before?: (() => void) | undefined }

const spread = (i: number, rows: number): number => 1 + Math.floor(((i * 0.618034) % 1) * (rows - 2000));
const caseNo = (n: number): string => `YYGT${String(Math.floor((n - 1) / 8)).padStart(12, '0')}`;
const get = (path: string) => ({ method: 'GET', path });
const post = (body: unknown) => ({ method: 'POST', path: 'exchanges/search', body });
const item = (i: number): string => `DJ${String(i % 49).padStart(2, '0')}`;
const day = (rows: number, n: number): string => new Date(Date.now() - 3 * 365.25 * 86_400_000 * (1 - n / rows)).toISOString();
const name = (c: number): string => String.fromCodePoint(19968 + ((c * 7919) % 1600), 20000 + ((c * 104729) % 163), 21000 + ((c * 15485863) % 97));

function wishes(today: TodayView): Wish[] {
  return [
    { name: 'session only (GET me)', of: () => get('me') },
    { name: 'first page (Today), as people load it', of: () => get('today') },
    { name: 'first page (Today), gathered anew', of: () => get('today'), before: () => today.forget() },
    { name: 'list, newest', of: () => get('exchanges') },
    { name: 'list, a page far back', of: (i, rows) => get(`exchanges?after=${spread(i, rows)}`) },
    { name: 'exchange number', of: (i, rows) => get(`exchanges?id=${spread(i, rows)}`) },
    { name: 'case number', of: (i, rows) => get(`exchanges?case=${caseNo(spread(i, rows))}`) },
    { name: 'beginning of a case number', of: (i, rows) => get(`exchanges?case=${caseNo(spread(i, rows)).slice(0, -2)}`) },
    { name: 'applicant, beginning of a name', of: (i, rows) => post({ applicant: name(Math.floor(spread(i, rows) / 8)).slice(0, 2) }) },
    { name: 'applicant, identity number', of: (i, rows) => post({ applicant: `4309${String(Math.floor(spread(i, rows) / 8) * 7).padStart(14, '0')}` }) },
    { name: 'item', of: (i) => get(`exchanges?item=${item(i)}`) },
    { name: 'item that nobody has', of: () => get('exchanges?item=NONE') },
    { name: 'state on its way', of: () => get('exchanges?state=staged') },
    { name: 'state parked or refused', of: () => get('exchanges?state=parked,refused') },
    { name: 'failure code', of: (i) => get(`exchanges?code=${['message-invalid', 'attempts-exhausted', 'mapping-broken', 'refused-by-receiver'][i % 4]!}`) },
    { name: 'channel and event', of: () => get('exchanges?channel=provincial&event=supplement-notice') },
    { name: 'a day', of: (i, rows) => get(`exchanges?from=${day(rows, spread(i, rows))}&to=${day(rows, spread(i, rows) + rows / 1000)}`) },
    { name: 'item, state and a month', of: (i, rows) => get(`exchanges?item=${item(i)}&state=refused&from=${day(rows, spread(i, rows))}&to=${day(rows, spread(i, rows) + rows / 36)}`) },
    { name: 'failures by cause', of: () => get('failures') },
    { name: 'one exchange with everything', of: (i, rows) => get(`exchanges/${rows - 20 - i}`) },
  ];
}
const textWishes: Wish[] = [
  { name: 'text that stands in each', of: () => post({ text: '原件核对无误' }) },
  { name: 'text that stands nowhere', of: () => post({ text: '无此文字' }) },
];

/** Prints a table and, with --json, the figures. */
export async function benchOps(options: OpsBench): Promise<void> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-bench-ops-'));
  // Without a folder of its own: what is made for the bench goes when it ends, wherever it lies.
  const databases = await openDatabases({ durable: true });
  await mkdir(path.join(dir, 'staging'));
  const ssh = await startOpenSshServer({ dir: path.join(dir, 'staging') });
  const bureau = new SampleBureauAdapter(databases.bureauUrl);
  const client = new pg.Client({ connectionString: databases.ledgerUrl });
  let gateway: RunningGateway | undefined;
  try {
    await bureau.createSchema();
    await bureau.writeCatalogue(loadCatalogue());
    const { settings, mappings } = configure({
      GATEWAY_PORT: '0', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent', BUREAU_ENGINE: 'postgres', BUREAU_URL: databases.bureauUrl, LEDGER_ENGINE: 'postgres', LEDGER_URL: databases.ledgerUrl, QUEUE_BACKEND: 'postgres', QUEUE_URL: databases.ledgerUrl,
      CENTER_SFTP_HOST: ssh.host, CENTER_SFTP_PORT: String(ssh.port), CENTER_SFTP_USER: ssh.username, CENTER_SFTP_KEY: ssh.privateKeyFile, CENTER_SFTP_HOST_KEY: ssh.hostKeySha256, CENTER_ACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      PROVINCIAL_SFTP_HOST: '127.0.0.1', PROVINCIAL_SFTP_KEY: ssh.privateKeyFile, PROVINCIAL_SFTP_HOST_KEY: ssh.hostKeySha256,
    });
    // The provincial channel has been switched off since: its exchanges are there and are found.
    const benched = { ...settings, channels: settings.channels.filter((c) => c.channel === 'center'), capture: { ...settings.capture, pollEveryMs: 200 }, ops: { ...settings.ops, loginsPerMinute: 1_000 }, supervision: { ...settings.supervision, bodies: [] } };
    const mine = mappings.filter((m) => m.channel === 'center');
    const sizes = [Math.max(10_000, Math.floor(options.rows / 10)), options.rows].filter((n, i, all) => all.indexOf(n) === i);
    await client.connect();
    const measured: Awaited<ReturnType<typeof measure>>[] = [];
    for (const [i, rows] of sizes.entries()) {
      // The first start makes the tables; each size is filled while nothing runs.
      gateway = await startGateway({ settings: benched, mappings: mine });
      await gateway.stop();
      say(`filling the ledger to ${rows} exchanges ...`);
      const started = Date.now();
      await fillLedger(client, i === 0 ? 0 : Number((await client.query<{ n: string }>(`select coalesce(max(id), 0) as n from exchange`)).rows[0]!.n), rows);
      const { bytes } = (await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes')).rows[0]!;
      say(`  ${round((Date.now() - started) / 1000, 0)} s, ${round(Number(bytes) / 1048576, 0)} MB`);
      gateway = await startGateway({ settings: benched, mappings: mine });
      measured.push({ ...(await measure(gateway, bureau, client, rows, 1_000_000 * (i + 1), options)), ledgerMb: round(Number(bytes) / 1048576, 0) });
      await gateway.stop();
      gateway = undefined;
    }
    report(options, sizes, measured);
  } finally {
    await gateway?.stop();
    await client.end().catch(() => undefined);
    await bureau.close();
    await ssh.stop();
    await databases.postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(gateway: RunningGateway, bureau: SampleBureauAdapter, client: pg.Client, rows: number, firstCase: number, options: OpsBench) {
  const database = gateway.app.get<DatabaseAdapter>(LEDGER_DATABASE, { strict: false });
  const password = randomBytes(12).toString('hex');
  const user = `bench${rows}`;
  const users = gateway.app.get(OpsUserStore, { strict: false });
  const who = { actor: 'bench', origin: 'cli', address: '' } as const;
  await users.create({ name: user, role: 'operator', passwordHash: await hashPassword(password) }, who);
  await users.change(user, { password: { hash: await hashPassword(password), mustChange: false } }, who, { action: 'password' });
  const signedOn = await fetch(`${gateway.url!}/api/ops/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: user, password }) });
  const { csrf } = (await signedOn.json()) as { csrf: string };
  const headers = { cookie: signedOn.headers.get('set-cookie')!.split(';')[0]!, 'x-csrf-token': csrf, 'content-type': 'application/json' };
  const ask = async (wish: Wish, i: number): Promise<{ ms: number; page: ExchangePage }> => {
    wish.before?.();
    const { method, path: where, body } = wish.of(i, rows);
    const started = performance.now();
    const response = await fetch(`${gateway.url!}/api/ops/${where}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    const page = (await response.json()) as ExchangePage;
    const ms = performance.now() - started;
    if (!response.ok) throw new Error(`${wish.name}: ${JSON.stringify(page)}`);
    return { ms, page };
  };

  const staged = async (): Promise<number> => Number((await client.query<{ n: string }>(`select count(*) as n from exchange where id > ${rows} and state in ('staged', 'picked_up', 'accepted')`)).rows[0]!.n);
  const load = keepWorking(bureau, firstCase, options.rate);
  try {
    const begun = Date.now();
    for (const until = Date.now() + 60_000; (await staged()) === 0 && Date.now() < until; ) await new Promise((resolve) => setTimeout(resolve, 100));
    const stagedBefore = await staged();
    const measuring = Date.now();

    const times: Record<string, number[]> = {};
    const primaryKey: number[] = [];
    const list = wishes(gateway.app.get(TodayView, { strict: false }));
    for (const wish of list) await ask(wish, 999);
    // In turn, so that a moment at which the machine is busy meets all of them.
    for (let i = 0; i < options.rounds; i++) {
      for (const wish of list) (times[wish.name] ??= []).push((await ask(wish, i)).ms);
      const started = performance.now();
      await database.run(sql`select * from exchange where id = ${String(spread(i, rows))}`);
      primaryKey.push(performance.now() - started);
    }
    const texts: Record<string, { p95Ms: number; looked: number; found: number }> = {};
    for (const wish of textWishes) {
      const answers: Awaited<ReturnType<typeof ask>>[] = [];
      for (let i = 0; i < Math.min(10, options.rounds); i++) answers.push(await ask(wish, i));
      texts[wish.name] = { p95Ms: round(at(answers.map((a) => a.ms), 0.95)), looked: answers[0]!.page.looked?.exchanges ?? 0, found: answers[0]!.page.exchanges.length };
    }
    const seconds = (Date.now() - measuring) / 1000;
    const through = (await staged()) - stagedBefore;
    const figures = Object.fromEntries(Object.entries(times).map(([key, of]) => [key, { p50Ms: round(at(of, 0.5)), p95Ms: round(at(of, 0.95)) }]));
    return { rows, figures, texts, primaryKey: { p50Ms: round(at(primaryKey, 0.5), 2), p95Ms: round(at(primaryKey, 0.95), 2) }, through, perSecond: round(through / seconds), warmUpS: round((measuring - begun) / 1000), ledgerMb: 0 };
  } finally {
    await load.stop();
  }
}

/** Cases come to the bureau at a steady rate until it is stopped. */
function keepWorking(bureau: SampleBureauAdapter, first: number, rate: number): { stop(): Promise<void> } {
  const catalogue = loadCatalogue();
  let [going, sequence] = [true, first];
  const work = (async () => {
    while (going) {
      const begun = Date.now();
      const records = Array.from({ length: Math.max(1, Math.round(rate / 2)) }, () => sizedCase({ catalogue, seed: 7, sequence: sequence++, appliedAt: '2026-11-02 09:00:00.000', targetBytes: 6_000 }));
      await bureau.insertCases(records);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 500 - (Date.now() - begun))));
    }
  })();
  return { async stop() { going = false; await work; } };
}

function report(options: OpsBench, sizes: readonly number[], measured: readonly Awaited<ReturnType<typeof measure>>[]): void {
  const [small, large] = [measured[0]!, measured.at(-1)!];
  const lines = Object.entries(large.figures).map(([key, f]) => ({ key, p50Ms: f.p50Ms, p95Ms: f.p95Ms, timesPrimaryKey: round(f.p95Ms / large.primaryKey.p95Ms), growth: round(f.p50Ms / small.figures[key]!.p50Ms, 2), beside: round(f.p50Ms / small.figures[key]!.p50Ms / (large.primaryKey.p50Ms / small.primaryKey.p50Ms), 2), p50MsSmall: small.figures[key]!.p50Ms }));
  const out = {
    node: process.version, cpus: os.cpus().length, rows: large.rows, rowsSmall: small.rows, requests: options.rounds, ledgerMb: large.ledgerMb, load: { rate: options.rate, exchangesThrough: large.through, perSecond: large.perSecond },
    primaryKey: large.primaryKey, primaryKeySmall: small.primaryKey, worstP95Ms: Math.max(...lines.map((l) => l.p95Ms)), lines, texts: large.texts,
  };
  const table = new Table({ head: [`${large.rows} exchanges, ${large.ledgerMb} MB`, 'p50 ms', 'p95 ms', 'times primary key', `median against ${small.rows}`, 'the same beside the primary key'], style: { head: [], border: [] } });
  table.push(['bare look-up by primary key', large.primaryKey.p50Ms, large.primaryKey.p95Ms, 1, round(large.primaryKey.p50Ms / small.primaryKey.p50Ms, 2), 1]);
  for (const l of lines) table.push([l.key, l.p50Ms, l.p95Ms, l.timesPrimaryKey, sizes.length > 1 ? l.growth : '', sizes.length > 1 ? l.beside : '']);
  for (const [key, t] of Object.entries(large.texts)) table.push([`${key}: ${t.found} found${t.looked > 0 ? `, looked through ${t.looked}` : ''}`, '', t.p95Ms, '', '', '']);
  process.stdout.write(options.json ? `${JSON.stringify(out, null, 2)}\n` : `${table.toString()}\nMeanwhile ${large.through} exchanges went through the gateway (${large.perSecond}/s).\n`);
}
