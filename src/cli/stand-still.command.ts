import type { Command } from 'commander';
import type { StandStillKind } from '../ledger/plan-stand-still.js';
import { StandStillStore } from '../ledger/stand-still.store.js';
import { laneRules } from '../ledger/ledger.module.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatTable, indent, plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { ring, settingsOrFail, withLedger } from './open-parts.adapter.js';

interface Options {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Holds, releases, parks or skips exchanges; without `yes` only says what it would do. */
export async function standStillCommand(context: CliContext, kind: StandStillKind, ids: readonly string[], options: Options): Promise<ExitCode> {
  const wrong = ids.find((id) => !/^[1-9]\d{0,17}$/.test(id));
  if (wrong !== undefined) throw new CommandFailure(`${wrong} is not the number of an exchange; \`show ${wrong}\` lists the exchanges of a case`, exitCodes.usage);
  if (ids.length > 1_000) throw new CommandFailure('at most 1000 exchange numbers at a time', exitCodes.usage);
  if (kind !== 'release' && (options.reason ?? '').trim() === '') throw new CommandFailure('--reason has to say why: it stands in the timeline of the exchange', exitCodes.usage);
  const settings = settingsOrFail(context);
  const lines = await withLedger(context, settings, ({ database, exchanges }) => {
    const store = new StandStillStore(database, context.clock, exchanges, laneRules(settings));
    return options.yes ? store.perform(kind, ids, options.reason ?? '', actorOf(context)) : store.plan(kind, ids);
  });
  const can = lines.filter((l) => l.step.action === 'move');
  const missing = ids.filter((id) => !lines.some((l) => l.id === id));
  const channels = [...new Set(can.map((l) => l.channel))];
  if (options.yes && channels.length > 0 && (kind === 'release' || kind === 'skip')) await ring(settings, ['render', 'deliver'], channels);
  if (options.json) printJson(context, { done: options.yes === true, exchanges: lines, missing });
  else {
    const rows = lines.map((l) => [l.id, l.channel, l.caseNo, `${l.event} v${l.version}`, l.state, l.step.action === 'none' ? `stays: ${l.step.why}` : l.step.text]);
    const parts = rows.length === 0 ? [] : [`${kind}: ${plural(can.length, 'exchange')} of ${lines.length}${options.yes ? ', done' : ''}:\n${indent(formatTable(['exchange', 'channel', 'case', 'event', 'state', 'what'], rows))}`];
    if (missing.length > 0) parts.push(`Not in the ledger: ${missing.join(', ')}`);
    if (!options.yes && can.length > 0) parts.push('Nothing was changed. Add --yes to do it.');
    context.out(`${parts.join('\n\n')}\n`);
  }
  return can.length === lines.length && missing.length === 0 ? exitCodes.ok : exitCodes.attention;
}

const commands: readonly { readonly kind: StandStillKind; readonly description: string; readonly help: string; readonly example: string }[] = [
  { kind: 'hold', description: 'keep back exchanges that have not left the house', help: 'Nothing but a release sends what is held, a correction in the bureau neither; its lane waits with it.', example: 'hold 4711 --reason "the center asked to wait until Monday"' },
  { kind: 'release', description: 'let go what was held', help: 'It goes back to the state it was held in and is sent in its turn.', example: 'release 4711 --yes' },
  { kind: 'park', description: 'put exchanges into the list of what waits for a person', help: 'Its lane waits with it. A retry or a correction in the bureau sends it.', example: 'park 4711 --reason "the plan is missing"' },
  { kind: 'skip', description: 'let a lane go on without one of its messages', help: `The message keeps its state. Later ones of the case go before it, which the receiver may refuse; without --yes says which.
Retried later it goes after all others of its case; an answer that still comes is taken.`, example: 'skip 4711 --reason "its answer is lost, the center confirms it has it" --yes' },
];

export function registerStandStill(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  for (const { kind, description, help, example } of commands) {
    program
      .command(kind)
      .description(`${description}; without --yes only says what it would do`)
      .argument('<exchange...>', 'exchange numbers')
      .option('--reason <text>', 'why; it stands in the timeline')
      .option('--yes', 'do it')
      .option('--json', 'for machines')
      .addHelpText('after', helpText(help, example))
      .action(async (ids: string[], options: Options) => end(await standStillCommand(context, kind, ids, options)));
  }
}
