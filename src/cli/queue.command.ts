import type { Command } from 'commander';
import type { Settings } from '../domain/settings.js';
import { AcknowledgementStore } from '../ledger/acknowledgement.store.js';
import { ExchangeStore } from '../ledger/exchange.store.js';
import { InboxStore } from '../ledger/inbox.store.js';
import { laneRules } from '../ledger/ledger.module.js';
import { createLog } from '../platform/log.adapter.js';
import { DoorbellAdapter, type Bell, type BellDepth } from '../platform/queue/doorbell.adapter.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { describeAddress, describeError } from '../platform/describe-error.js';
import { formatTable, plural } from './format-terminal.js';
import { settingsOrFail, withLedger, type OpenedLedger } from './open-parts.adapter.js';

/** A bell that has to be rung for a channel, because the ledger says that something is due there. */
export interface DueBell {
  readonly bell: Bell;
  readonly channel: string;
}

const openLimitMs = 10_000;

/** Shows what the queue holds. */
export async function queueCommand(context: CliContext, options: { json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const { depths, standing } = await withDoorbell(settings, async (doorbell) => ({ depths: await doorbell.depths(), standing: await doorbell.standing() }));
  const stalled = depths.reduce((sum, d) => sum + d.stalled, 0);
  if (options.json) printJson(context, { backend: settings.queue.backend, bells: depths, volatile: standing.volatile });
  else {
    context.out(`${formatDepths(depths)}\n\nA bell says «look at the ledger for this channel»: few are right, also with thousands of exchanges due.\n`);
    if (stalled > 0) context.out(`${plural(stalled, 'bell')} stalled: a worker died; another takes over within ${Math.ceil(settings.queue.stalledCheckMs / 1000)} s. If it stays: gateway queue rebuild\n`);
    for (const fault of standing.volatile) context.out(`Redis may forget jobs: ${fault}\n`);
  }
  return stalled > 0 || (standing.volatile.length > 0 && !settings.queue.allowVolatile) ? exitCodes.attention : exitCodes.ok;
}

/** Removes all bells and rings anew for everything that the ledger says is due; without `yes` only says what. */
export async function rebuildQueueCommand(context: CliContext, options: { yes?: boolean; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const { due, counts } = await withLedger(context, settings, async (ledger) => ({ due: await dueBells(context, settings, ledger), counts: await ledger.view.counts() }));
  const plan = due.map((d) => ({ ...d, waiting: counts.find((c) => c.channel === d.channel && c.state === (d.bell === 'render' ? 'captured' : 'rendered'))?.count }));
  const result = await withDoorbell(settings, async (doorbell) => {
    const before = await doorbell.depths();
    if (!options.yes) return { before };
    await doorbell.silence();
    const rung = await Promise.all(due.map(({ bell, channel }) => doorbell.ring(bell, channel)));
    return { before, rung: rung.filter(Boolean).length };
  });
  if (options.json) printJson(context, { done: options.yes === true, due: plan, ...result });
  else {
    context.out(`${formatDepths(result.before)}\n\n`);
    context.out(plan.length === 0 ? 'The ledger has nothing due.\n' : `Due by the ledger:\n${formatTable(['bell', 'channel', 'exchanges'], plan.map((p) => [p.bell, p.channel, p.bell === 'render' || p.bell === 'deliver' ? String(p.waiting ?? 0) : '']))}\n`);
    if (result.rung === undefined) context.out('\nNothing was changed. With --yes all bells are removed and these are rung; work under way goes on.\n');
    else context.out(`\nAll bells were removed, ${result.rung} of ${due.length} rung.\n`);
  }
  return result.rung !== undefined && result.rung < due.length ? exitCodes.unavailable : exitCodes.ok;
}

/** As the relay asks. */
async function dueBells(context: CliContext, settings: Settings, { database, view }: OpenedLedger): Promise<DueBell[]> {
  const inbox = new InboxStore(database, context.clock);
  const acknowledgements = new AcknowledgementStore(database, context.clock, new ExchangeStore(database, context.clock, laneRules(settings), settings.retry), inbox);
  const reading = new Set([...(await inbox.channelsDue()), ...(await acknowledgements.channelsWithEarly())]);
  return [
    ...(await view.dueChannels()).map((d): DueBell => ({ bell: d.state === 'captured' ? 'render' : 'deliver', channel: d.channel })),
    ...[...reading].map((channel): DueBell => ({ bell: 'read', channel })),
    ...(await inbox.channelsDue('return')).map((channel): DueBell => ({ bell: 'return', channel })),
  ];
}

async function withDoorbell<T>(settings: Settings, work: (doorbell: DoorbellAdapter) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const opening = DoorbellAdapter.open({ ...settings.queue, allowVolatile: true }, createLog({ level: 'silent', instance: settings.instance }));
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error('no answer in time')), openLimitMs); });
  let doorbell: DoorbellAdapter;
  try {
    doorbell = await Promise.race([opening, late]);
  } catch (error) {
    throw new CommandFailure(`the queue (${describeAddress(settings.queue.url)}) cannot be reached: ${describeError(error)}`, exitCodes.unavailable);
  } finally {
    clearTimeout(timer);
  }
  try {
    return await work(doorbell);
  } finally {
    await doorbell.close();
  }
}

function formatDepths(depths: readonly BellDepth[]): string {
  return formatTable(['bell', 'waiting', 'active', 'delayed', 'stalled'], depths.map((d) => [d.bell, String(d.waiting), String(d.active), String(d.delayed), String(d.stalled)]));
}

const help = `
The queue holds no data: what is due stands in the ledger, and the gateway rings again by itself within a second. Rebuilding
is for a queue that is stuck, e.g. after Redis was restored from a file or keys were removed by hand.

Examples:
  npm run -s gateway -- queue
  npm run -s gateway -- queue rebuild
  npm run -s gateway -- queue rebuild --yes

Exit codes:
  0   ok
  1   bells are stalled, or Redis may forget them
  69  a connection failed
  78  the configuration is faulty
`;

/** `gateway queue`, `gateway queue rebuild`. */
export function registerQueue(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const queue = program
    .command('queue')
    .description('what the queue holds; rebuild removes it and rings for everything due')
    .option('--json', 'for machines')
    .addHelpText('after', help)
    .action(async (options: { json?: boolean }) => end(await queueCommand(context, options)));
  queue
    .command('rebuild')
    .description('remove all bells and ring for everything that the ledger says is due; without --yes only says what it would do')
    .option('--yes', 'do it')
    .addHelpText('after', help)
    .action(async (_own: object, command: Command) => end(await rebuildQueueCommand(context, command.optsWithGlobals())));
}
