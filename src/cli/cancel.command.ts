import type { Command } from 'commander';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatTable, indent, plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { ring, settingsOrFail, withLedger } from './open-parts.adapter.js';

/** Ends exchanges that the receiver cannot have taken; without `yes` only says what it would do. */
export async function cancelCommand(context: CliContext, ids: readonly string[], options: { reason: string; yes?: boolean; json?: boolean }): Promise<ExitCode> {
  const wrong = ids.find((id) => !/^[1-9]\d{0,17}$/.test(id));
  if (wrong !== undefined) throw new CommandFailure(`${wrong} is not the number of an exchange; \`show ${wrong}\` lists the exchanges of a case`, exitCodes.usage);
  if (ids.length > 1_000) throw new CommandFailure('at most 1000 exchange numbers at a time', exitCodes.usage);
  if (options.reason.trim() === '') throw new CommandFailure('--reason has to say why: it stands in the timeline of the exchange', exitCodes.usage);
  const settings = settingsOrFail(context);
  const lines = await withLedger(context, settings, ({ cancel }) => (options.yes ? cancel.perform(ids, options.reason, actorOf(context)) : cancel.plan(ids)));
  const can = lines.filter((l) => l.step.action === 'cancel');
  const missing = ids.filter((id) => !lines.some((l) => l.id === id));
  const channels = [...new Set(can.map((l) => l.channel))];
  // What waited behind a cancelled message in its lane is due now.
  if (options.yes && channels.length > 0) await ring(settings, ['render', 'deliver'], channels);
  if (options.json) printJson(context, { done: options.yes === true, exchanges: lines, missing });
  else {
    const rows = lines.map((l) => [l.id, l.channel, l.caseNo, `${l.event} v${l.version}`, l.state, l.step.action === 'none' ? `stays: ${l.step.why}` : `${options.yes ? 'cancelled' : 'would be cancelled'}${l.step.notice === undefined ? '' : ` (${l.step.notice})`}`]);
    const parts = rows.length === 0 ? [] : [`${plural(can.length, 'exchange')} of ${lines.length} ${options.yes ? 'cancelled' : 'would be cancelled'}:\n${indent(formatTable(['exchange', 'channel', 'case', 'event', 'state', 'what'], rows))}`];
    if (missing.length > 0) parts.push(`Not in the ledger: ${missing.join(', ')}`);
    if (!options.yes && can.length > 0) parts.push('Nothing was changed. Add --yes to do it.');
    context.out(`${parts.join('\n\n')}\n`);
  }
  return can.length === lines.length && missing.length === 0 ? exitCodes.ok : exitCodes.attention;
}

export function registerCancel(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('cancel')
    .description('end exchanges that are not sent and shall not be; without --yes only says what it would do')
    .argument('<exchange...>', 'exchange numbers')
    .requiredOption('--reason <text>', 'why; it stands in the timeline')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`Only what is captured, rendered, parked or refused can be cancelled; the next message of its lane follows.
When the case changes in the bureau afterwards, its event is reported again.`, 'cancel 4711 --reason "reported by letter on 2026-11-20"', 'cancel 4711 4712 --reason "test data" --yes'))
    .action(async (ids: string[], options: { reason: string; yes?: boolean; json?: boolean }) => end(await cancelCommand(context, ids, options)));
}
