import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { HandOverAdapter, type WrittenPackage } from '../delivery/hand-over.adapter.js';
import type { HashCheck } from '../delivery/check-hash-list.js';
import type { ChannelSettings, Settings } from '../domain/settings.js';
import type { HandOverPackage } from '../ledger/hand-over.store.js';
import { channelOrFail } from './channel-of.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant, formatTable, indent, plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { ring, settingsOrFail, withLedger, type OpenedLedger } from './open-parts.adapter.js';

interface ExportOptions {
  readonly channel: string;
  readonly case?: readonly string[];
  readonly allDue?: boolean;
  readonly to: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Fixes a package of what is due and writes it to a medium; without `yes` only says how much it would take. */
export async function exportCommand(context: CliContext, options: ExportOptions): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const channel = channelOrFail(settings, options.channel);
  if ((options.case === undefined) === (options.allDue !== true)) throw new CommandFailure('say what is carried: --case <number...> or --all-due', exitCodes.usage);
  return withLedger(context, settings, async (ledger) => {
    await ledger.channels.ensure([channel.channel]);
    if (options.yes !== true) {
      const due = await ledger.handOvers.due(channel.channel, options.case);
      if (options.json) printJson(context, { done: false, channel: channel.channel, due });
      else context.out(`${plural(due, 'exchange')} of ${channel.channel} would be written to ${path.resolve(options.to)}.\nThe delivery of ${channel.channel} stands still from then on, until the package is confirmed or cancelled.\nNothing was changed. Add --yes to do it.\n`);
      return due === 0 ? exitCodes.attention : exitCodes.ok;
    }
    const written = await adapterOf(context, settings, ledger).export(channel, path.resolve(options.to), actorOf(context), options.case);
    if (written === undefined) {
      if (options.json) printJson(context, { done: true, channel: channel.channel, due: 0 });
      else context.out('Nothing is due; no package was made. What waits in its lane for an acknowledgement is not carried.\n');
      return exitCodes.attention;
    }
    if ('busy' in written) throw new CommandFailure(`package ${written.busy} of ${channel.channel} is not settled: confirm it, or cancel it and let the gateway deliver it`, exitCodes.attention);
    tellWritten(context, channel, written, options.json === true);
    return exitCodes.ok;
  });
}

/** Writes an open package once more: the medium was lost, or the export ended in the middle. */
export async function writeCommand(context: CliContext, id: string, options: { to: string; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  return withLedger(context, settings, async (ledger) => {
    const { found, channel } = await packageOrFail(settings, ledger, id);
    if (found.state !== 'open') throw new CommandFailure(`package ${id} is ${found.state}; only an open one is written again`, exitCodes.attention);
    if (found.manifests.length === 0) throw new CommandFailure(`package ${id} holds nothing: its export ended before anything was fixed; cancel it`, exitCodes.attention);
    tellWritten(context, channel, await adapterOf(context, settings, ledger).write(channel, found, path.resolve(options.to)), options.json === true);
    return exitCodes.ok;
  });
}

/** Closes a package as delivered by hand, when every hash of the receiving side matches; otherwise nothing is closed. */
export async function confirmCommand(context: CliContext, id: string, options: { hashes: string; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const list = readOrFail(options.hashes);
  const answer = await withLedger(context, settings, async (ledger) => {
    const { found, channel } = await packageOrFail(settings, ledger, id);
    if (found.state !== 'open') throw new CommandFailure(`package ${id} is ${found.state} already${found.state === 'taken-back' ? ': the gateway delivers it itself' : ''}`, exitCodes.attention);
    const check = await adapterOf(context, settings, ledger).check(channel, id, list);
    if (check.differing.length + check.missing.length > 0) return { check, channel: channel.channel };
    return { check, channel: channel.channel, closed: await ledger.handOvers.confirm(id, actorOf(context)) };
  });
  // What was acknowledged before it was confirmed is read now, and the channel flows again.
  if (answer.closed !== undefined) await ring(settings, ['deliver', 'read'], [answer.channel]);
  if (options.json) printJson(context, { package: id, ...answer, confirmed: answer.closed !== undefined });
  else context.out(describeConfirm(id, answer.check, answer.closed?.length));
  return answer.closed === undefined ? exitCodes.attention : exitCodes.ok;
}

/** Takes a package back: the gateway delivers the very same files and manifests itself. */
export async function takeBackCommand(context: CliContext, id: string, options: { yes?: boolean; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const { found, done } = await withLedger(context, settings, async (ledger) => {
    const known = await packageOrFail(settings, ledger, id);
    if (known.found.state !== 'open') throw new CommandFailure(`package ${id} is ${known.found.state} already`, exitCodes.attention);
    return { found: known.found, done: options.yes === true && (await ledger.handOvers.takeBack(id, actorOf(context))) };
  });
  if (done) await ring(settings, ['deliver'], [found.channel]);
  if (options.json) printJson(context, { package: id, done });
  else context.out(done ? `Package ${id} is taken back; the gateway delivers ${plural(found.manifests.length, 'manifest')} with the same bytes itself. Should the medium arrive all the same, nothing happens twice.\n` : `The gateway would deliver package ${id} (${plural(found.manifests.length, 'manifest')}) itself, with the same files and manifests.\nNothing was changed. Add --yes to do it.\n`);
  return options.yes === true && !done ? exitCodes.attention : exitCodes.ok;
}

export async function listCommand(context: CliContext, options: { channel?: string; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const packages = await withLedger(context, settings, ({ handOvers }) => handOvers.list(options.channel));
  if (options.json) printJson(context, { packages });
  else context.out(packages.length === 0 ? 'No packages.\n' : `${formatTable(['package', 'channel', 'state', 'made', 'by', 'written', 'manifests'], packages.map((p) => [p.id, p.channel, p.state, formatInstant(p.createdAt), p.createdBy, p.writtenAt === undefined ? 'NOT YET' : formatInstant(p.writtenAt), p.manifests.join(' ')]))}\n`);
  return packages.some((p) => p.state === 'open') ? exitCodes.attention : exitCodes.ok;
}

function adapterOf(context: CliContext, settings: Settings, ledger: OpenedLedger): HandOverAdapter {
  return new HandOverAdapter({ ...ledger, clock: context.clock, batch: settings.deliver.batch, claimMs: settings.relay.claimMs });
}

async function packageOrFail(settings: Settings, ledger: OpenedLedger, id: string): Promise<{ found: HandOverPackage; channel: ChannelSettings }> {
  const found = await ledger.handOvers.find(id);
  if (found === undefined) throw new CommandFailure(`there is no package ${id}; hand-over list names them`, exitCodes.usage);
  return { found, channel: channelOrFail(settings, found.channel) };
}

function readOrFail(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailure(`the list of hashes cannot be read: ${error instanceof Error ? error.message : String(error)}`, exitCodes.usage);
  }
}

function tellWritten(context: CliContext, channel: ChannelSettings, written: WrittenPackage, json: boolean): void {
  if (json) return printJson(context, { done: true, ...written });
  context.out(`Package ${written.id}: ${plural(written.exchanges.length, 'exchange')}, ${plural(written.files, 'file')}, ${plural(written.manifests.length, 'manifest')} (${written.manifests.join(', ')})
  ${written.folder}
README.txt in it says what the receiving side does. The delivery of ${channel.channel} stands still until:
  npm run -s gateway -- hand-over confirm ${written.id} --hashes RECEIVED.txt
  npm run -s gateway -- hand-over cancel ${written.id} --yes      (the line is back: the gateway delivers it itself)
`);
}

function describeConfirm(id: string, check: HashCheck, closed: number | undefined): string {
  const parts: string[] = [];
  if (closed !== undefined) parts.push(`Package ${id} is delivered by hand: ${check.matching} hashes match, ${plural(closed, 'exchange')} staged; the acknowledgements come as usual.`);
  else {
    parts.push(`Package ${id} is not confirmed: ${check.matching} hashes match, ${check.differing.length} differ, ${check.missing.length} are missing in the list. Nothing was closed.`);
    const rows = [...check.differing.map((d) => ['differs', d.path, `expected ${d.expected}, received ${d.received}`]), ...check.missing.map((m) => ['missing', m, ''])];
    parts.push(`${indent(formatTable(['what', 'file', 'detail'], rows.slice(0, 50)))}${rows.length > 50 ? `\n  ... ${rows.length - 50} more` : ''}`);
    parts.push('Copy the package again and have the hashes computed anew; or cancel it, and the gateway delivers it itself when the line is back.');
  }
  if (check.others > 0) parts.push(`${plural(check.others, 'line')} about other files were not looked at.`);
  if (check.unreadable.length > 0) parts.push(`Lines that are no hash and name: ${check.unreadable.slice(0, 20).join(', ')}`);
  return `${parts.join('\n')}\n`;
}

export function registerHandOver(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program
    .command('hand-over')
    .description('delivery by hand when the line is down: a package on a medium, closed against the hashes of the receiving side')
    .addHelpText('after', helpText(`A package is fixed in the ledger before it is written; its manifests are links of the channel's chain, so the channel's
own delivery stands still until the package is confirmed, or cancelled and delivered by the gateway itself.`, 'hand-over export --channel center --all-due --to /media/usb', 'hand-over confirm center-20261124153000-1a2b --hashes RECEIVED.txt', 'hand-over cancel center-20261124153000-1a2b --yes'));
  command
    .command('export')
    .description('write what is due to a medium; without --yes only says how much')
    .requiredOption('--channel <name>', 'e.g. center')
    .option('--case <numbers...>', 'only of these cases')
    .option('--all-due', 'everything that is due')
    .requiredOption('--to <dir>', 'where the medium is mounted')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .action(async (options: ExportOptions) => end(await exportCommand(context, options)));
  command
    .command('write')
    .description('write an open package again')
    .argument('<package>')
    .requiredOption('--to <dir>', 'where the medium is mounted')
    .option('--json', 'for machines')
    .action(async (id: string, options: { to: string; json?: boolean }) => end(await writeCommand(context, id, options)));
  command
    .command('confirm')
    .description('close a package as delivered by hand; every hash has to match')
    .argument('<package>')
    .requiredOption('--hashes <file>', 'the list of hashes that the receiving side computed')
    .option('--json', 'for machines')
    .action(async (id: string, options: { hashes: string; json?: boolean }) => end(await confirmCommand(context, id, options)));
  command
    .command('cancel')
    .description('the line is back: let the gateway deliver the package itself; without --yes only says so')
    .argument('<package>')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .action(async (id: string, options: { yes?: boolean; json?: boolean }) => end(await takeBackCommand(context, id, options)));
  command
    .command('list')
    .description('all packages')
    .option('--channel <name>', 'only of this channel')
    .option('--json', 'for machines')
    .action(async (options: { channel?: string; json?: boolean }) => end(await listCommand(context, options)));
}
