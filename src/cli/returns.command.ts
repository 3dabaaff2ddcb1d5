import type { Command } from 'commander';
import { parseDate } from '../domain/format-datetime.js';
import { isTaken, mayChange, returnOutcomes } from '../domain/return-outcomes.js';
import type { ReturnFile } from '../ledger/return-file-row.js';
import { ReturnFileStore } from '../ledger/return-file.store.js';
import { ReturnedRecordStore } from '../ledger/returned-record.store.js';
import { ReturnViewStore, type ReturnedDay } from '../ledger/return-view.store.js';
import { channelOrFail } from './channel-of.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant, formatTable, plural } from './format-terminal.js';
import { ring, settingsOrFail, withLedger } from './open-parts.adapter.js';

export interface ReturnsOptions {
  readonly day?: string;
  readonly channel?: string;
  readonly again?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface ChannelReturns {
  readonly channel: string;
  readonly latest: readonly ReturnFile[];
  readonly unmended: readonly ReturnFile[];
  readonly receiptsOwed: readonly ReturnFile[];
  readonly day: ReturnedDay | undefined;
}

const latestFiles = 20;
const lookBackMs = 30 * 86_400_000;
const receiptPatienceMs = 600_000;

/** Has a refused file judged again, after what stood in the way was mended; says what it would do unless `yes`. */
async function judgeAgain(context: CliContext, options: ReturnsOptions, inboxId: string): Promise<ExitCode> {
  if (!/^\d{1,18}$/.test(inboxId)) throw new CommandFailure('--again: expected the number of an inbox entry, as gateway returns shows it', exitCodes.usage);
  const settings = settingsOrFail(context);
  const file = await withLedger(context, settings, async (ledger) => {
    const found = await new ReturnViewStore(ledger.database).byInbox(inboxId);
    if (found && options.yes === true) await new ReturnFileStore(ledger.database, context.clock, ledger.inbox, new ReturnedRecordStore(ledger.database, context.clock)).noteRepeats([inboxId]);
    return found;
  });
  if (!file) throw new CommandFailure(`no returned file stands under inbox entry ${inboxId}`, exitCodes.attention);
  const act = mayChange(file.outcome) ? 'is judged again' : 'cannot come to anything else; its receipt is written once more';
  if (options.yes === true) await ring(settings, ['return'], [file.channel]);
  if (options.json) printJson(context, { done: options.yes === true, inbox: inboxId, file: file.fileName, outcome: file.outcome, judgedAgain: mayChange(file.outcome) });
  else context.out(`${file.fileName} (${file.outcome}) ${act}${options.yes === true ? '' : '. Nothing was done: add --yes'}\n`);
  return exitCodes.ok;
}

/** What the center returned and what became of it; with a day, each file beside the control file of that day. */
export async function returnsCommand(context: CliContext, options: ReturnsOptions): Promise<ExitCode> {
  if (options.again !== undefined) return judgeAgain(context, options, options.again);
  if (options.yes === true) throw new CommandFailure('--yes belongs to --again', exitCodes.usage);
  if (options.day !== undefined && !(/^\d{4}-\d\d-\d\d$/.test(options.day) && parseDate(options.day))) throw new CommandFailure('--day: expected a day YYYY-MM-DD', exitCodes.usage);
  const settings = settingsOrFail(context);
  // A day is looked at beside its control file: a channel without any has no such day.
  const channels = options.channel === undefined ? settings.channels.filter((c) => c.enabled && c.returns && (options.day === undefined || c.returns.controlled !== false)) : [channelOrFail(settings, options.channel)];
  const now = context.clock.now().getTime();
  const found = await withLedger(context, settings, async (ledger) => {
    const view = new ReturnViewStore(ledger.database);
    return Promise.all(channels.map(async ({ channel }): Promise<ChannelReturns> => ({
      channel, latest: await view.latest(channel, latestFiles), unmended: await view.unmended(channel, new Date(now - lookBackMs).toISOString()),
      receiptsOwed: await view.receiptsOwed(channel, new Date(now - receiptPatienceMs).toISOString()), day: options.day === undefined ? undefined : await view.day(channel, options.day),
    })));
  });
  if (options.json) printJson(context, { at: context.clock.iso(), channels: found.map(withFenAsText) });
  else context.out(found.length === 0 ? 'No channel returns anything (returns: in config/channels).\n' : `${found.map(formatReturns).join('\n\n')}\n`);
  return found.some((f) => f.unmended.length > 0 || f.receiptsOwed.length > 0 || f.day?.files.some((d) => d.standing !== 'agrees') || (f.day && !f.day.control)) ? exitCodes.attention : exitCodes.ok;
}

/** Fen as decimal text: JSON has no integers of that size. */
const withFenAsText = (returns: ChannelReturns): unknown => JSON.parse(JSON.stringify(returns, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))) as unknown;

function formatReturns({ channel, latest, unmended, receiptsOwed, day }: ChannelReturns): string {
  const parts: string[] = [];
  if (day) {
    const head = day.control ? `control file issue ${day.control.issue}: ${plural(day.control.files.length, 'file')}, ${plural(day.control.fees.count, 'payment')}, ${plural(day.control.taxes.count, 'tax slip')}` : 'no control file has come';
    parts.push(`${channel}, ${day.day}: ${head}${day.files.length === 0 ? '' : `\n${formatTable(['file', 'beside the control file', 'outcome', 'records'], day.files.map((f) => [f.fileName, f.standing, f.file?.outcome ?? '-', String(f.file?.count ?? '-')]))}`}`);
  } else {
    parts.push(latest.length === 0 ? `${channel}: nothing has come back yet` : `${channel}:\n${formatTable(['judged', 'file', 'day', 'outcome', 'records', 'receipt'], latest.map((f) => [formatInstant(f.judgedAt), f.fileName, f.day ?? '-', f.outcome, String(f.count ?? '-'), f.receiptWrittenAt ? 'written' : 'owed']))}`);
  }
  for (const file of unmended) {
    const places = file.faults.slice(0, 5).map((f) => `  ${f.path}${f.line === undefined ? '' : ` (line ${f.line})`}: expected ${f.expected}`);
    parts.push([`${isTaken(file.outcome) ? 'TO SEE TO' : 'REFUSED'} ${file.fileName} (inbox ${file.inboxId}): ${file.outcome}: ${returnOutcomes[file.outcome].en}`, ...places].join('\n'));
  }
  if (receiptsOwed.length > 0) parts.push(`${plural(receiptsOwed.length, 'receipt')} cannot be written: ${receiptsOwed[0]!.receiptFailure ?? 'not tried yet'}; tried again by itself`);
  return parts.join('\n\n');
}

/** Adds `gateway returns`. */
export function registerReturns(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('returns')
    .description('fee, tax and control files that came back, and what became of each')
    .option('--day <YYYY-MM-DD>', 'each file of this accounting day beside its control file')
    .option('--channel <name>', 'this channel only')
    .option('--again <inbox>', 'judge a refused file again, after a code list, mapping or control file was mended; says what it would do')
    .option('--yes', 'with --again: do it')
    .option('--json', 'for machines')
    .addHelpText('after', `
Reads the ledger only. A file is taken whole or not at all; the center has a receipt for each. Exit code 1 when a file was
refused and not mended since, a receipt cannot be written, or a file of the day does not agree with its control file.

Examples:
  npm run -s gateway -- returns
  npm run -s gateway -- returns --day 2026-11-20 --json
  npm run -s gateway -- returns --again 4711 --yes
`)
    .action(async (options: ReturnsOptions) => end(await returnsCommand(context, options)));
}
