import type { Command } from 'commander';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AcknowledgementProcessor } from '../acknowledgement/acknowledgement.processor.js';
import { openAcknowledgementSchema } from '../acknowledgement/acknowledgement-schema.adapter.js';
import { captureParts } from '../capture/capture.module.js';
import { collectAgain } from '../collection/collect-again.adapter.js';
import { manifestNumber } from '../delivery/parse-manifest.js';
import { RecoveryProcessor, type RecoveryPlan } from '../delivery/recovery.processor.js';
import { asFailure } from '../domain/failures.js';
import type { ChannelSettings, Settings } from '../domain/settings.js';
import type { CompiledMapping } from '../mapping/compiled-mapping.js';
import { renderAgain } from '../mapping/render-again.adapter.js';
import { subscriptionsOf } from '../mapping/subscribe.js';
import { formatFaults } from '../platform/config/format-faults.js';
import { createLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { channelOrFail } from './channel-of.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatRecovery, type RecoveryDone } from './format-recovery.js';
import { helpText } from './help-text.js';
import { readMappings, ring, settingsOrFail, withBureau, withLedger, type OpenedLedger } from './open-parts.adapter.js';
import { planOf } from './replay.command.js';

export interface RecoverOptions {
  readonly channel: string;
  readonly from?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Tools {
  readonly context: CliContext;
  readonly settings: Settings;
  readonly mappings: readonly CompiledMapping[];
  readonly ledger: OpenedLedger;
  readonly channel: ChannelSettings;
  readonly recovery: RecoveryProcessor;
  readonly registry: StagingRegistry;
}

const pageSize = 200;

/** Says what the staging machine proves against a restored ledger; with `yes` writes it into the ledger and lets the channel go on. */
export async function recoverCommand(context: CliContext, options: RecoverOptions): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const channel = channelOrFail(settings, options.channel);
  const { mappings, faults } = readMappings(settings);
  if (faults.length > 0) throw new CommandFailure(formatFaults(faults), exitCodes.configuration);
  const brought = options.from === undefined ? new Map<string, Buffer>() : manifestsIn(options.from);
  const registry = new StagingRegistry(settings.channels);
  try {
    const { plan, done } = await withLedger(context, settings, async (ledger) => {
      const recovery = new RecoveryProcessor({
        channel, staging: registry.of(channel.channel), manifests: ledger.manifests, recovery: ledger.recovery, bytes: ledger.recoveredBytes, capture: ledger.capture, brought,
        urgent: (event) => settings.streamDefinitions.find((s) => s.stream === channel.stream)?.events[event]?.urgent ?? false,
      });
      if (options.yes !== true) return { plan: await told(() => recovery.plan()), done: undefined };
      await ledger.channels.ensure([channel.channel]);
      const recovered = await told(() => recovery.recover());
      // Only a whole chain lets the channel go on; what was recorded stands, and the same command goes on from there.
      if (recovered.fault !== undefined) return { plan: recovered, done: undefined };
      return { plan: recovered, done: await finish({ context, settings, mappings, ledger, channel, recovery, registry }) };
    });
    const rung = done === undefined ? undefined : await ring(settings, ['read', 'render', 'deliver'], [channel.channel]);
    if (options.json) printJson(context, { channel: channel.channel, done: options.yes === true, plan, ...(done ? { result: done } : {}), ...(rung === undefined ? {} : { rung }) });
    else context.out(formatRecovery(channel.channel, plan, done, options.yes === true));
    return codeOf(plan, done);
  } finally {
    await registry.closeAll();
  }
}

/** Everything after the manifests. Each step may be run again, so that whoever is interrupted gives the command once more. */
async function finish(tools: Tools): Promise<RecoveryDone> {
  const { ledger, channel, recovery, registry, context } = tools;
  const acknowledgementFiles = channel.acknowledgement.files ? await told(() => collectAgain(channel, registry.of(channel.channel), ledger.inbox)) : 0;
  // Read by the workers; what was answered before is answered the same.
  if (channel.returns?.files) await told(() => collectAgain(channel, registry.of(channel.channel), ledger.inbox, 'return'));
  await readInbox(tools);
  const bureau = await readBureau(tools);
  await ledger.recoveredBytes.pointToSnapshots(channel.channel);
  const read = await told(() => recovery.fetchBytes());
  const rendered = await renderLost(tools);
  const superseded = await ledger.overtaken.settleOvertaken(channel.channel);

  const waitingManifests = await told(() => recovery.waiting());
  const unanswered = await ledger.recoveredBytes.unanswered(channel.channel);
  const waits = (id: string): boolean => waitingManifests.has(unanswered.seqs.get(id)!);
  const again = unanswered.withBytes.filter((id) => !waits(id));
  let resent = 0;
  for (let i = 0; i < again.length; i += pageSize) {
    const plan = await planOf(ledger, { ids: again.slice(i, i + pageSize) });
    for await (const outcomes of ledger.replay.perform(plan.filter((l) => l.step.action === 'resend'), actorOf(context))) resent += outcomes.filter((o) => o.outcome === 'done').length;
  }
  const stranded = unanswered.withoutBytes.filter((id) => !waits(id));
  const replaced = await ledger.overtaken.replaceStranded(stranded);
  // The breaker opened because of the ledger, which is mended; delivery looks for itself before it sends.
  const state = await ledger.channels.state(channel.channel);
  if (state.failureCode === 'ledger-behind') await ledger.channels.noteSuccess(channel.channel);
  return {
    acknowledgementFiles, bureau, bytes: { read: read.found, rendered, missing: read.missing - rendered }, superseded: superseded + replaced.size, resent,
    waiting: unanswered.withBytes.length - again.length + unanswered.withoutBytes.filter(waits).length, stranded: stranded.filter((id) => !replaced.has(id)),
  };
}

/** What came over HTTP while the ledger did not know the messages, and what was just taken in again. */
async function readInbox({ context, settings, ledger, channel }: Tools): Promise<void> {
  const schema = await openAcknowledgementSchema(path.resolve(settings.mappingsDir));
  try {
    const reader = new AcknowledgementProcessor({
      inbox: ledger.inbox, acknowledgements: ledger.acknowledgements, schema, doorbell: silent, clock: context.clock, log: quiet(settings),
      metrics: new MetricsAdapter({ processMetrics: false }), retry: settings.retry, claimMs: settings.relay.claimMs,
    });
    await ledger.acknowledgements.adoptUnknown(ledger.database, channel.channel);
    await reader.handle(channel.channel);
  } finally {
    schema.dispose();
  }
}

/** The cases that were recovered are captured again: what the bureau changed since then becomes the next version. */
async function readBureau({ context, settings, mappings, ledger, channel }: Tools): Promise<RecoveryDone['bureau']> {
  const stream = settings.streamDefinitions.find((s) => s.stream === channel.stream)!;
  const total = { cases: 0, opened: 0 };
  try {
    await withBureau(settings, async (bureau) => {
      const { poller } = captureParts(bureau, stream, subscriptionsOf(mappings), {
        settings, store: ledger.capture, completeness: ledger.completeness, doorbell: silent, clock: context.clock, log: quiet(settings), metrics: new MetricsAdapter({ processMetrics: false }),
      });
      for (let after = ''; ; ) {
        const caseNos = await ledger.capture.forgottenCases(stream.stream, after, pageSize);
        if (caseNos.length === 0) return;
        total.opened += (await poller.capture(caseNos)).opened;
        total.cases += caseNos.length;
        after = caseNos.at(-1)!;
      }
    });
    return total;
  } catch (error) {
    return { problem: error instanceof CommandFailure ? error.message : asFailure(error).message };
  }
}

/** Where the receiver's archive is closed to us: the same snapshot renders to the same bytes, and the hash says whether it did. */
async function renderLost({ settings, mappings, ledger, channel }: Tools): Promise<number> {
  let rendered = 0;
  for (let after = '0'; ; ) {
    const page = await ledger.recoveredBytes.withoutBytes(channel.channel, after, pageSize);
    if (page.length === 0) return rendered;
    const rows = await ledger.view.find({ ids: page.map((p) => p.id) }, pageSize);
    const again = await renderAgain({ settings, mappings, messages: ledger.messages }, rows);
    await ledger.recoveredBytes.storeBytes(again.map((a) => ({ id: a.row.id, content: a.content, sha256: a.row.sha256!, encoding: channel.encoding, how: 'rendered again', attachments: a.attachments })));
    rendered += again.length;
    after = page.at(-1)!.id;
  }
}

/** Bells are rung once, at the end. */
const silent = { ring: (): Promise<boolean> => Promise.resolve(true) };
const quiet = (settings: Settings): ReturnType<typeof createLog> => createLog({ level: 'silent', instance: settings.instance });

/** A staging machine that fails is told in one line. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = asFailure(error);
    if (!failure.code.startsWith('staging-')) throw error;
    throw new CommandFailure(`the staging machine failed: ${failure.message}; what was recorded stands, run the same command again`, exitCodes.unavailable);
  }
}

function manifestsIn(directory: string): Map<string, Buffer> {
  if (!existsSync(directory)) throw new CommandFailure(`--from ${directory}: there is no such directory`, exitCodes.usage);
  const names = readdirSync(directory).filter((name) => manifestNumber(name) !== undefined);
  if (names.length === 0) throw new CommandFailure(`--from ${directory}: it holds no manifest, expected names like M0000000012.xml`, exitCodes.usage);
  return new Map(names.map((name) => [name, readFileSync(path.join(directory, name))]));
}

function codeOf(plan: RecoveryPlan, done: RecoveryDone | undefined): ExitCode {
  if (plan.fault !== undefined || plan.lines.conflicting > 0) return exitCodes.attention;
  if (done !== undefined && (done.stranded.length > 0 || 'problem' in done.bureau)) return exitCodes.attention;
  return exitCodes.ok;
}

export function registerRecover(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('recover')
    .description('bring a ledger that was restored from a backup up to what the staging machine proves; without --yes only says what it would do')
    .requiredOption('--channel <name>', 'e.g. center')
    .option('--from <directory>', 'copies of manifests that the receiver gave, where its archive cannot be read')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`Reads the manifests that the ledger does not know, in the order of their chain, and writes what they prove: what was sent, under
which id, version, name and hash. Then takes in acknowledgement files again, reads the cases again (what changed in the bureau since
becomes the next version, what did not is not sent twice), and sends messages without an answer again with the same bytes, which the
receiver knows and answers. May be run while the gateway runs, and again when it was interrupted. The channel delivers nothing before.`,
      'recover --channel center', 'recover --channel center --yes', 'recover --channel center --from /media/usb/manifests --yes'))
    .action(async (options: RecoverOptions) => end(await recoverCommand(context, options)));
}
