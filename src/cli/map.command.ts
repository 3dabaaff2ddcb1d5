import { BureauReader } from '../capture/bureau-reader.adapter.js';
import { asFailure, failureCodes } from '../domain/failures.js';
import type { Settings } from '../domain/settings.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { LatestExchange } from '../ledger/plan-exchanges.js';
import type { CompiledMapping } from '../mapping/compiled-mapping.js';
import { renderCase } from '../ops/dry-run/render-case.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { channelOrFail } from './channel-of.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';
import { formatMapped, type MappedCase } from './format-map.js';
import { connectLedger, pendingMigrations, readMappings, settingsOrFail, storesOf, withBureau } from './open-parts.adapter.js';

/** The ledger is only asked for versions: a dry run does not wait long for it. */
const ledgerLimitMs = 3_000;

/** Reads a case from the bureau and shows each message as it would be sent. Writes nothing anywhere. */
export async function mapCommand(context: CliContext, caseNo: string, options: { channel?: string; event?: string; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  if (options.channel !== undefined) channelOrFail(settings, options.channel);
  const known = settings.streamDefinitions.flatMap((s) => Object.keys(s.events));
  if (options.event !== undefined && !known.includes(options.event)) throw new CommandFailure(`there is no event ${options.event}; configured: ${known.join(', ')}`, exitCodes.usage);
  const { mappings, faults } = readMappings(settings);
  if (faults.length > 0) throw new CommandFailure(formatFaults(faults), exitCodes.configuration);

  const wanted = { channel: options.channel, event: options.event };
  const [mapped, standing] = await Promise.all([
    withBureau(settings, async (bureau) => {
      const cases: { stream: StreamDefinition; snapshot: CaseSnapshot; broken: ReadonlySet<string> }[] = [];
      for (const stream of settings.streamDefinitions) {
        const found = await readCase(settings, bureau, stream, mappings, caseNo);
        if (found) cases.push({ stream, ...found });
      }
      return cases;
    }),
    standingInLedger(context, settings, caseNo),
  ]);
  if (mapped.length === 0) throw new CommandFailure(`the bureau has no case ${caseNo} (looked in ${settings.streamDefinitions.map((s) => s.table).join(', ')})`, exitCodes.attention);
  const cases = mapped.map((m): MappedCase => ({
    stream: m.stream.stream, caseNo, versionsFrom: standing.reached ? 'ledger' : 'none', ledgerProblem: standing.problem,
    messages: renderCase({ settings, stream: m.stream, mappings, snapshot: m.snapshot, broken: m.broken, latest: standing.latest.get(m.stream.stream) ?? [], ...wanted, describe: describeError }),
  }));
  if (options.json) printJson(context, cases);
  else context.out(cases.map(formatMapped).join('\n'));
  return cases.some((c) => c.messages.some((m) => m.findings.length > 0 || m.failure)) ? exitCodes.attention : exitCodes.ok;
}

/** The case, and the signatures of its scanned files whose content is missing or another one. */
async function readCase(settings: Settings, bureau: DatabaseAdapter, stream: StreamDefinition, mappings: readonly CompiledMapping[], caseNo: string): Promise<{ snapshot: CaseSnapshot; broken: ReadonlySet<string> } | undefined> {
  const reader = new BureauReader(bureau, stream, settings.bureau.allowTornReads);
  let read: Awaited<ReturnType<BureauReader['readEach']>>;
  try {
    read = await reader.readEach([caseNo]);
  } catch (error) {
    if (bureau.dialect.isTransient(error)) throw new CommandFailure(`the bureau's database does not answer: ${describeError(error)}`, exitCodes.unavailable);
    const [fault] = reader.dialect.isSchemaError(error) ? await reader.columnFaults() : [];
    const failure = fault ?? asFailure(error, 'bureau-not-readable');
    throw new CommandFailure(`${failureCodes[failure.code].text}: ${describeError(failure)}. ${failureCodes[failure.code].remedy}`, exitCodes.attention);
  }
  const unreadable = read.unreadable.get(caseNo);
  if (unreadable !== undefined) throw new CommandFailure(`case ${caseNo} cannot be read: ${unreadable}. ${failureCodes['row-unreadable'].remedy}`, exitCodes.attention);
  const snapshot = read.found.get(caseNo);
  if (!snapshot) return undefined;
  const broken = new Set<string>();
  for (const name of new Set(mappings.filter((m) => m.stream === stream.stream).flatMap((m) => (m.attachments ? [m.attachments.child] : [])))) {
    const child = stream.children[name]!;
    const signatures = (snapshot.children[name] ?? []).flatMap((row) => row[child.attachment!.signature] ?? []);
    if (signatures.length === 0) continue;
    const good = new Set((await reader.attachments([caseNo], child, signatures)).map((a) => a.signature));
    for (const s of signatures) if (!good.has(s)) broken.add(s.trim());
  }
  return { snapshot, broken };
}

/** What the ledger has of the case, by stream; without a ledger every version is the first. */
async function standingInLedger(context: CliContext, settings: Settings, caseNo: string): Promise<{ reached: boolean; problem?: string; latest: ReadonlyMap<string, readonly LatestExchange[]> }> {
  const none = new Map<string, readonly LatestExchange[]>();
  const asking = connectLedger(settings).then(async (database) => {
    try {
      const { operator } = storesOf(database, settings, context);
      if (pendingMigrations(database, await operator.migrationsRun()).length > 0) return { reached: false, problem: 'its tables are not up to date', latest: none };
      const latest = new Map<string, readonly LatestExchange[]>();
      for (const stream of settings.streamDefinitions) latest.set(stream.stream, await operator.latest(stream.stream, caseNo));
      return { reached: true, latest };
    } finally {
      await database.close();
    }
  }).catch((error: unknown) => ({ reached: false, problem: describeError(error), latest: none }));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ reached: boolean; problem: string; latest: typeof none }>((resolve) => {
    timer = setTimeout(() => resolve({ reached: false, problem: `no answer within ${ledgerLimitMs / 1_000} s`, latest: none }), ledgerLimitMs);
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    clearTimeout(timer);
  }
}
