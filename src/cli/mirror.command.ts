import type { Command } from 'commander';
import { MirrorPoller, type MirrorLook } from '../delivery/mirror.poller.js';
import { RestoreStagedAdapter, type RestoreOutcome, type RestorePlan } from '../delivery/restore-staged.adapter.js';
import { GatewayFailure } from '../domain/failures.js';
import { mirrorFindingKinds } from '../domain/mirror-findings.js';
import type { ChannelSettings, Settings } from '../domain/settings.js';
import type { StoredFinding } from '../ledger/mirror.store.js';
import type { ReplayOutcome } from '../ledger/replay.store.js';
import { createLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { channelOrFail } from './channel-of.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';
import { formatMirror, type ChannelMirror } from './format-mirror.js';
import { helpText } from './help-text.js';
import { ring, settingsOrFail, withLedger, type OpenedLedger } from './open-parts.adapter.js';
import { planOf, runReplay } from './replay.command.js';

export interface MirrorOptions {
  readonly channel?: string;
  readonly deep?: boolean;
  readonly sweep?: boolean;
  readonly restore?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** A temporary file is swept once it was seen for this long by our own clock; the other machine's is not believed. */
const sweepAfterMs = 3_600_000;

/** Looks at the staging machines now; with an order says what it would do, with `yes` too does it. */
export async function mirrorCommand(context: CliContext, options: MirrorOptions): Promise<ExitCode> {
  if (options.yes === true && options.sweep !== true && options.restore !== true) throw new CommandFailure('--yes belongs to an order: --sweep or --restore', exitCodes.usage);
  const settings = settingsOrFail(context);
  const channels = options.channel === undefined ? settings.channels.filter((c) => c.enabled) : [channelOrFail(settings, options.channel)];
  const registry = new StagingRegistry(settings.channels);
  try {
    const mirrors = await withLedger(context, settings, async (ledger) => {
      const poller = pollerOf(context, settings, ledger, registry);
      const out: ChannelMirror[] = [];
      for (const channel of channels) {
        const look = await poller.look(channel.channel, { deep: options.deep === true });
        if (look !== undefined) out.push(await mirrorOf(context, ledger, registry, channel, look, options));
      }
      return out;
    });
    const rung = mirrors.filter((m) => (m.restored?.replayed ?? []).some((r) => r.outcome === 'done')).map((m) => m.channel);
    if (rung.length > 0) await ring(settings, ['render', 'deliver'], rung);
    if (options.json) printJson(context, { done: options.yes === true, channels: mirrors });
    else context.out(formatMirror(mirrors, { done: options.yes === true, ordered: options.sweep === true || options.restore === true }));
    if (mirrors.some((m) => m.directories.every((d) => d.failure !== undefined))) return exitCodes.unavailable;
    return mirrors.some((m) => m.findings.length > 0 || m.directories.some((d) => d.failure !== undefined)) ? exitCodes.attention : exitCodes.ok;
  } finally {
    await registry.closeAll();
  }
}

function pollerOf(context: CliContext, settings: Settings, ledger: OpenedLedger, registry: StagingRegistry): MirrorPoller {
  return new MirrorPoller({
    channels: settings.channels, settings: settings.mirror, store: ledger.mirror, clock: context.clock, log: createLog({ level: 'silent', instance: settings.instance }),
    metrics: new MetricsAdapter({ processMetrics: false }), staging: (c) => registry.of(c),
  });
}

async function mirrorOf(context: CliContext, ledger: OpenedLedger, registry: StagingRegistry, channel: ChannelSettings, look: MirrorLook, options: MirrorOptions): Promise<ChannelMirror> {
  const stored = await ledger.mirror.findings({ channel: channel.channel });
  const swept = options.sweep === true ? await sweep(context, registry, channel, stored, options.yes === true) : undefined;
  const restored = options.restore === true ? await restore(context, ledger, registry, channel, look, options.yes === true) : undefined;
  return {
    channel: channel.channel, directories: look.directories, hashed: look.hashed, unhashed: look.unhashed,
    findings: stored.map((f) => ({ ...f, remedy: mirrorFindingKinds[f.kind].remedy })), swept, restored,
  };
}

async function sweep(context: CliContext, registry: StagingRegistry, channel: ChannelSettings, stored: readonly StoredFinding[], yes: boolean): Promise<ChannelMirror['swept']> {
  const nowMs = context.clock.now().getTime();
  const temporaries = stored.filter((f) => f.kind === 'half-written');
  const old = temporaries.filter((f) => nowMs - Date.parse(f.firstSeen) >= sweepAfterMs);
  const failed: { name: string; why: string }[] = [];
  for (const f of yes ? old : []) {
    try {
      await registry.of(channel.channel).removeTemporary(f.directory, f.name);
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failed.push({ name: `${f.directory}/${f.name}`, why: describeError(error) });
    }
  }
  return { files: old.map((f) => `${f.directory}/${f.name}`), tooYoung: temporaries.length - old.length, failed };
}

async function restore(context: CliContext, ledger: OpenedLedger, registry: StagingRegistry, channel: ChannelSettings, look: MirrorLook, yes: boolean): Promise<ChannelMirror['restored']> {
  const adapter = new RestoreStagedAdapter(ledger);
  const plan: RestorePlan = await adapter.plan(channel, look.findings);
  const lines = [];
  for (let i = 0; i < plan.replay.length; i += 1_000) lines.push(...(await planOf(ledger, { ids: plan.replay.slice(i, i + 1_000) })));
  const summary = { aside: plan.aside.map((f) => `${f.directory}/${f.name}`), manifests: plan.manifests.map((m) => m.fileName), beside: plan.beside, replay: lines };
  if (!yes) return summary;
  const outcome: RestoreOutcome = await adapter.perform(channel, registry.of(channel.channel), plan);
  const replayed: ReplayOutcome[] = await runReplay(ledger, lines, actorOf(context), (done) => context.err(`After ${done} exchanges it stopped; run the same command again for the rest.\n`));
  return { ...summary, moved: outcome.moved, put: outcome.put, failed: outcome.failed.map((f) => ({ name: f.name, why: describeError(f.failure) })), replayed };
}

export function registerMirror(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('mirror')
    .description('compare what lies on the staging machines with the ledger; touches nothing without an order')
    .option('--channel <name>', 'only this channel')
    .option('--deep', 'read and hash every file of ours that waits there, not only new ones')
    .option('--sweep', 'order: remove temporary files of ours that a crash left and that were seen for an hour')
    .option('--restore', 'order: put back what is missing or altered, with the same bytes; an altered file is moved aside, never removed')
    .option('--yes', 'carry out the order; without it the command says what it would do')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`Findings:\n${Object.entries(mirrorFindingKinds).map(([kind, k]) => `  ${kind.padEnd(13)} ${k.text}`).join('\n')}\nExit code 1 when there are findings, 69 when a staging machine cannot be listed.`, 'mirror', 'mirror --channel center --deep', 'mirror --channel center --restore', 'mirror --sweep --yes'))
    .action(async (options: MirrorOptions) => end(await mirrorCommand(context, options)));
}
