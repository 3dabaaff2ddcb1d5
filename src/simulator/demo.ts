import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import Table from 'cli-table3';
import { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import { OpinionStore } from '../ledger/opinion.store.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { sql } from '../platform/database/sql.js';
import { ReconciliationParts } from '../ops/reconciliation/reconciliation-parts.adapter.js';
import { createLog } from '../platform/log.adapter.js';
import { LEDGER_DATABASE } from '../platform/tokens.js';
import { startGateway } from '../start-gateway.js';
import { makeRandom } from './bureau/make-random.js';
import { loadCatalogue } from './bureau/catalogue.adapter.js';
import { advanceCase } from './bureau/advance-case.js';
import { generateCases } from './bureau/generate-cases.js';
import { HeldChargesAdapter } from './bureau/held-charges.adapter.js';
import { SampleBureauAdapter } from './bureau/sample-bureau.adapter.js';
import { demoInquiry, exampleCase } from './demo-inquiry.js';
import { startSimulatedCenter, type SimulatedCenter } from './center/simulated-center.adapter.js';
import { openDemoAccounts } from './demo-accounts.adapter.js';
import { configure, openDatabases } from './open-stack.adapter.js';
import { readArguments } from './read-arguments.adapter.js';
import { reconcileDays, tellReturnTable } from './reconcile-days.js';
import { freePort } from '../platform/free-port.adapter.js';

const help = `npm run demo [-- options]
  --once          end by itself when every case of the sample is settled; exit code 0 only if the numbers balance
  --cases N       cases of the sample (default 60)
  --seed N        another sample (default 7)
  --dir PATH      where everything is kept (default .demo); a second start goes on where the first stopped
  --fresh         forget what an earlier demo left in that folder
`;

const { values } = readArguments({ options: { once: { type: 'boolean' }, cases: { type: 'string' }, seed: { type: 'string' }, dir: { type: 'string' }, fresh: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }, help);

/** What a demo keeps between two starts beside its database. */
interface DemoState {
  readonly secret: string;
  readonly seed: number;
  readonly cases: number;
  readonly inquiryKey?: string;
}

const states = ['captured', 'rendered', 'staged', 'picked_up', 'accepted', 'refused', 'parked', 'superseded', 'cancelled'] as const;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function demo(): Promise<number> {
  const asked = { seed: count(values.seed), cases: count(values.cases) };
  const dir = path.resolve(values.dir ?? '.demo');
  if (values.fresh) await (await import('node:fs/promises')).rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const stateFile = path.join(dir, 'demo.json');
  const earlier = await readFile(stateFile, 'utf8').then((t) => JSON.parse(t) as DemoState, () => undefined);
  const inquiryKey = earlier?.inquiryKey ?? randomBytes(32).toString('base64');
  const state: DemoState = earlier ?? { inquiryKey, secret: `whsec_${randomBytes(32).toString('base64')}`, seed: asked.seed ?? 7, cases: asked.cases ?? 60 };
  const other = (['cases', 'seed'] as const).find((option) => asked[option] !== undefined && asked[option] !== state[option]);
  if (other !== undefined) wrong(`${dir} holds a demo with --${other} ${state[other]}, which the sample was made with; --fresh forgets it, --dir keeps another beside it`);
  if (!earlier) await writeFile(stateFile, JSON.stringify(state), { mode: 0o600 });

  say('Starting PostgreSQL (sample bureau, ledger, queue) ...');
  const databases = await openDatabases({ dataDir: path.join(dir, 'postgres'), log: say });
  const bureau = new SampleBureauAdapter(databases.bureauUrl);
  // Also where an earlier demo made the tables: the return table may be newer.
  await bureau.createSchema();
  const returnTableUrl = await bureau.grantReturnTable(databases.bureauUrl, 'gateway_return', randomBytes(12).toString('hex'));
  const httpPort = await freePort();
  const url = `http://127.0.0.1:${httpPort}`;

  say('Starting the simulated center, the provincial side and e-supervision, each with a staging machine that speaks SFTP ...');
  const charges = new HeldChargesAdapter(databases.bureauUrl);
  const centerPassword = randomBytes(12).toString('hex');
  const center = await startSimulatedCenter({
    channel: 'center', dir: path.join(dir, 'center'), sftp: { username: 'bureau', password: centerPassword }, pollMs: 200,
    ack: { http: { url: `${url}/api/acknowledgements`, secret: state.secret } }, xsdDir: path.resolve('mappings'),
    // So that a refusal can be seen: the center does not like one of these cases.
    faults: { import: { refusals: [{ code: '130', reason: '承诺办结时间早于受理时间', when: (m) => m.message === 'acceptance' && m.caseNo.endsWith('17') }] } },
    // Fees and taxes come back for what it accepted, some of them not as the bureau expects.
    returns: { chargesOf: (caseNo) => charges.chargesOf(caseNo), seed: state.seed, everyMs: 1_500 },
  });
  center.faults.returns.rates = { short: 0.05, duplicate: 0.05, 'wrong-payer': 0.05, 'unknown-case': 0.05, 'tax-slip-missing': 0.2 };
  const provincial = await startSimulatedCenter({
    channel: 'provincial', dir: path.join(dir, 'provincial'), sftp: { username: 'bureau', password: centerPassword }, pollMs: 200,
    ack: { files: true }, xsdDir: path.resolve('mappings'),
  });

  const supervision = await startSimulatedCenter({
    channel: 'supervision', dir: path.join(dir, 'supervision'), sftp: { username: 'bureau', password: centerPassword }, pollMs: 200,
    ack: { http: { url: `${url}/api/acknowledgements`, secret: state.secret } }, xsdDir: path.resolve('mappings'),
    // It counts clocks itself, and without our calendar, so that there are differences to explain.
    supervising: { everyMs: 1_500, faults: { plainWeek: true } },
  });

  const env = {
    GATEWAY_PORT: String(httpPort),
    BUREAU_ENGINE: 'postgres', BUREAU_URL: databases.bureauUrl, BUREAU_RETURN_ENGINE: 'postgres', BUREAU_RETURN_URL: returnTableUrl,
    LEDGER_ENGINE: 'postgres', LEDGER_URL: databases.ledgerUrl,
    QUEUE_BACKEND: 'postgres', QUEUE_URL: databases.ledgerUrl,
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
    INQUIRY_KEY: inquiryKey,
    CENTER_SFTP_HOST: center.sftp!.host, CENTER_SFTP_PORT: String(center.sftp!.port), CENTER_SFTP_PASSWORD: centerPassword, CENTER_SFTP_HOST_KEY: center.sftp!.hostKeySha256, CENTER_ACK_SECRET: state.secret,
    PROVINCIAL_SFTP_HOST: provincial.sftp!.host, PROVINCIAL_SFTP_PORT: String(provincial.sftp!.port), PROVINCIAL_SFTP_PASSWORD: centerPassword, PROVINCIAL_SFTP_HOST_KEY: provincial.sftp!.hostKeySha256,
    SUPERVISION_CHANNEL: 'true', SUPERVISION_SFTP_HOST: supervision.sftp!.host, SUPERVISION_SFTP_PORT: String(supervision.sftp!.port), SUPERVISION_SFTP_PASSWORD: centerPassword, SUPERVISION_SFTP_HOST_KEY: supervision.sftp!.hostKeySha256, SUPERVISION_ACK_SECRET: state.secret,
  };
  const { settings, mappings } = configure(env);
  const envFile = path.join(dir, 'gateway.env');
  await writeFile(envFile, Object.entries(env).map(([name, value]) => `${name}='${value}'\n`).join(''), { mode: 0o600 });
  const catalogue = loadCatalogue();
  const quick = { ...settings, capture: { ...settings.capture, pollEveryMs: 500 }, supervision: { ...settings.supervision, everyMs: 500 }, collection: { pollEveryMs: 500 }, inquiry: demoInquiry(settings.inquiry, catalogue) };
  const random = makeRandom(state.seed + 1);
  let sample = generateCases({ catalogue, seed: state.seed, count: state.cases, from: '2026-09-01', awkward: true });
  const seeded = path.join(dir, 'seeded');
  if (!(await readFile(seeded).then(() => true, () => false))) {
    say(`Seeding the sample bureau with ${state.cases} invented land cases ...`);
    await bureau.writeCatalogue(catalogue);
    await bureau.insertCases(sample);
    await writeFile(seeded, '');
  } else say('Going on with the sample bureau of the last start.');

  const log = createLog({ level: quick.log.level, instance: quick.instance });
  const gateway = await startGateway({ settings: quick, mappings, log });
  const accounts = await openDemoAccounts(gateway.app);
  say(`
  ops page        ${url}/ops/
${accounts.map((a) => `                  ${a.name.padEnd(14)} ${a.oneTimePassword === undefined ? `the password that you chose; a new one: node --env-file=${path.relative('.', envFile)} dist/cli/gateway.js user reset ${a.name}` : `one-time password ${a.oneTimePassword}`}`).join('\n')}
  health          ${url}/health/ready
  metrics         ${url}/metrics
  API             ${url}/api/docs   (document: ${url}/api/openapi.json)
  curl examples   ${url}/api/acknowledgements/examples
  where is my case ${url}/inquiry/   in the hall: ${url}/inquiry/kiosk   hotline: ${url}/inquiry/desk   completed: ${url}/inquiry/completed
                  ${exampleCase(sample)}
  command line    node --env-file=${path.relative('.', envFile)} dist/cli/gateway.js status   (or map, show, retry, check)
  delivered files ${['center', 'provincial', 'supervision'].map((name) => path.relative('.', path.join(dir, name))).join(', ')}: folders in, manifest, archive
  stop with Ctrl-C
`);

  const view = gateway.app.get(ExchangeViewStore, { strict: false });
  let stop = false;
  const onSignal = (): void => void (stop = true);
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  let last = '';
  let settledSince = 0;
  let inserted = 0;
  const started = Date.now();
  while (!stop) {
    const counts = await countByState(view);
    const line = states.filter((s) => counts[s] !== undefined).map((s) => `${s} ${counts[s]}`).join('  ');
    if (line !== last) say(`[${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);
    last = line;
    if (values.once) {
      const open = (await stillMoving(view)) + (await supervisionOwes(gateway.app.get<DatabaseAdapter>(LEDGER_DATABASE, { strict: false })));
      if (open > 0 || Object.keys(counts).length === 0) settledSince = 0;
      else if (settledSince === 0) settledSince = Date.now();
      // Nothing moves for three polls of the bureau: whatever the sample holds has come through or waits for a person.
      if (settledSince > 0 && Date.now() - settledSince > 2_000) break;
      if (Date.now() - started > 10 * 60_000) break;
    } else if (Date.now() - started > (inserted + 1) * 5_000) {
      inserted += 1;
      sample = await live(bureau, sample, inserted);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }

  let reconciled = true;
  if (values.once) {
    await returnsReport(center);
    await supervisionReport(supervision, gateway.app.get(OpinionStore, { strict: false }));
    const parts = gateway.app.get(ReconciliationParts, { strict: false });
    reconciled = (await reconcileDays(parts, say)) && (await tellReturnTable(parts, () => bureau.countReturns(), say));
  }
  const balanced = (values.once ? await report(view, new Map([['center', center], ['provincial', provincial], ['supervision', supervision]])) : true) && reconciled;
  say('Stopping ...');
  await gateway.stop();
  await center.stop();
  await provincial.stop();
  await supervision.stop();
  await charges.close();
  await bureau.close();
  await databases.postgres.stop();
  return balanced ? 0 : 1;

  /** A new case now and then, and an older one moved on by a stage. */
  async function live(target: SampleBureauAdapter, cases: typeof sample, n: number): Promise<typeof sample> {
    const [fresh] = generateCases({ catalogue, seed: state.seed * 1_000 + Number(Date.now() % 1_000_000), count: 1, from: new Date().toISOString().slice(0, 10), firstSequence: 100_000 + (Math.floor(Date.now() / 1_000) % 800_000) });
    await target.insertCases([fresh!]);
    const index = (n * 7) % cases.length;
    const moved = advanceCase(cases[index]!, catalogue, random, { inclination: 'through' });
    if (moved) {
      await target.applyChanges(moved.record.caseNo, moved.changes);
      return cases.map((c, i) => (i === index ? moved.record : c));
    }
    return cases;
  }
}

async function countByState(view: ExchangeViewStore): Promise<Partial<Record<(typeof states)[number], number>>> {
  const counts: Partial<Record<string, number>> = {};
  for (const c of await view.counts()) counts[c.state] = (counts[c.state] ?? 0) + c.count;
  return counts;
}

/** Exchanges that will still move by themselves: not those that wait for a person, nor those behind them in a lane. */
async function stillMoving(view: ExchangeViewStore): Promise<number> {
  return view.countMoving();
}

/** Fee, tax and control files of the center and what the gateway answered; waits until the last one is answered. */
async function returnsReport(center: SimulatedCenter): Promise<void> {
  await center.returns?.returnNow();
  const names = center.returns?.names() ?? [];
  const unanswered = async (): Promise<number> => {
    const seen = new Set((await center.returns?.receipts() ?? []).map((r) => r.file));
    return names.filter((name) => !seen.has(name)).length;
  };
  const until = Date.now() + 60_000;
  while ((await unanswered()) > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 250));
  const codes = new Map<string, number>();
  for (const r of await center.returns?.receipts() ?? []) codes.set(r.code, (codes.get(r.code) ?? 0) + 1);
  say(`\nreturned ${names.length} fee, tax and control files; receipts: ${[...codes].map(([code, n]) => `${n} ${code}`).join(', ') || 'none'}; planted differences: ${center.returns?.planted().length ?? 0}`);
}

/** Clocks that have not followed all that was captured, or that wait a moment for their card. */
async function supervisionOwes(ledger: DatabaseAdapter): Promise<number> {
  const { rows } = await ledger.run(sql`select (select count(*) from case_snapshot s where s.stream = 'case' and s.id > (select p.position from supervision_position p where p.name = 'facts'))
    + (select count(*) from clock_state c where c.next_crossing_at < ${new Date(Date.now() + 12_000).toISOString()}) as n`);
  return Number(rows[0]!['n']);
}

/** Cards that the supervising side gave, and how its judgement differs from the gateway's. */
async function supervisionReport(side: SimulatedCenter, opinions: OpinionStore): Promise<void> {
  await side.supervising?.returnNow();
  const names = side.supervising?.names() ?? [];
  const until = Date.now() + 60_000;
  let codes = new Map<string, string>();
  while (Date.now() < until && !names.every((name) => codes.has(name))) {
    codes = (await side.supervising?.receipts()) ?? codes;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  while (Date.now() < until && (await opinions.dueComparisons(1)).length > 0) await new Promise((resolve) => setTimeout(resolve, 250));
  const [cards, queries, comparisons] = [await opinions.opinions({}, 10_000), await opinions.queries({ open: true }, 1_000), await opinions.comparisons({}, 10_000)];
  const reasons = new Map<string, number>();
  for (const { reason } of comparisons.flatMap((c) => c.differences.flatMap((d) => d.reasons))) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  say(`e-supervision gave ${cards.length} cards and asked ${queries.length} times in ${names.length} files (${[...new Set(codes.values())].join(', ') || 'no receipt'}); ${comparisons.length} cases are judged otherwise: ${[...reasons].map(([reason, n]) => `${n} ${reason}`).join(', ') || 'none'} (gateway opinions)`);
}

async function report(view: ExchangeViewStore, centers: ReadonlyMap<string, SimulatedCenter>): Promise<boolean> {
  const counts = await view.counts();
  const channels = [...new Set(counts.map((c) => c.channel))];
  const of = (channel: string, state: string): number => counts.find((c) => c.channel === channel && c.state === state)?.count ?? 0;
  const waiting = await view.countWaitingBehind();
  const table = new Table({ head: ['channel', 'captured', 'accepted', 'refused', 'parked', 'waiting behind these', 'superseded', 'cancelled', 'center holds'], style: { head: [], border: [] } });
  let balanced = true;
  const sum = { captured: 0, accepted: 0, refused: 0, parked: 0, waiting: 0, ended: 0 };
  for (const channel of channels) {
    const captured = counts.filter((c) => c.channel === channel).reduce((n, c) => n + c.count, 0);
    const held = centers.get(channel)?.import.counts().applied ?? 0;
    const behind = waiting.find((w) => w.channel === channel)?.count ?? 0;
    table.push([channel, captured, of(channel, 'accepted'), of(channel, 'refused'), of(channel, 'parked'), behind, of(channel, 'superseded'), of(channel, 'cancelled'), held]);
    sum.captured += captured;
    sum.accepted += of(channel, 'accepted');
    sum.refused += of(channel, 'refused');
    sum.parked += of(channel, 'parked');
    sum.waiting += behind;
    sum.ended += of(channel, 'superseded') + of(channel, 'cancelled');
    if (held !== of(channel, 'accepted')) balanced = false;
  }
  say(`\n${table.toString()}`);
  const parked = sum.parked + sum.waiting;
  if (sum.captured - sum.ended !== sum.accepted + sum.refused + parked) balanced = false;
  say(`captured ${sum.captured - sum.ended} = accepted ${sum.accepted} + refused ${sum.refused} + parked ${parked}${sum.waiting > 0 ? ` (${sum.parked} with findings, ${sum.waiting} behind them in their lanes)` : ''}: ${balanced ? 'balanced' : 'NOT BALANCED'}`);
  return balanced;
}

function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  return Number.isInteger(n) && n >= 1 ? n : wrong(`expected a whole number of at least 1, not '${text}'`);
}

function wrong(text: string): never {
  process.stderr.write(`${text}\n${help}`);
  process.exit(2);
}

if (values.help) say(help);
else {
  demo().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`The demo stopped: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
