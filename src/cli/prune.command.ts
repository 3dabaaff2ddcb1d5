import type { Command } from 'commander';
import { RetentionPoller } from '../ledger/retention.poller.js';
import type { RetentionFigures } from '../ledger/retention.store.js';
import { createLog } from '../platform/log.adapter.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant, formatTable, indent } from './format-terminal.js';
import { helpText } from './help-text.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';
import { parseMoment } from './parse-moment.js';

export interface PruneOptions {
  readonly before: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Says what contents would go from the ledger; with `yes` takes them out. */
export async function pruneCommand(context: CliContext, options: PruneOptions): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const before = parseMoment(options.before);
  if (before === undefined) throw new CommandFailure(`--before ${options.before} is no day; expected e.g. 2023-12-31 (Asia/Shanghai)`, exitCodes.usage);
  const figures = await withLedger(context, settings, async (ledger) => {
    const poller = new RetentionPoller(ledger.retention, { ...settings.retention, at: settings.completeness.at }, context.clock, createLog({ level: 'silent', instance: settings.instance }));
    const latest = poller.latestBefore();
    if (before > latest) throw new CommandFailure(`--before ${options.before} is too young: retention.keepDays is ${settings.retention.keepDays}, so nothing after ${formatInstant(latest)} may go`, exitCodes.usage);
    const always = (): Promise<boolean> => Promise.resolve(true);
    return options.yes === true ? poller.prune(before, actorOf(context), always) : poller.plan(before, always);
  });
  if (options.json) printJson(context, { done: options.yes === true, before, ...figures });
  else context.out(format(figures, before, options.yes === true));
  return exitCodes.ok;
}

function format(f: RetentionFigures, before: string, done: boolean): string {
  const kinds = [['messages', f.messages], ['snapshots', f.snapshots], ['received documents', f.inbox], ['scanned files', f.attachments]] as const;
  const all = kinds.reduce((n, [, k]) => n + k.count, f.logLines);
  if (all === 0) return `Nothing that was settled before ${formatInstant(before)} has contents to prune.\n`;
  const table = formatTable(['contents of', 'count', 'MiB'], [...kinds.map(([name, k]) => [name, String(k.count), (k.bytes / 1_048_576).toFixed(1)]), ['lines of timelines that tell of no move', String(f.logLines), '-']]);
  return `${done ? 'Pruned' : 'Would prune'} of ${f.cases} cases that were settled before ${formatInstant(before)}:\n${indent(table)}\n\n${done ? 'Rows, hashes, sizes and outcomes stay. The database gives the space back by its own maintenance.' : 'Scanned files named by these messages go with them; they count only once the messages are pruned. Nothing was changed. Add --yes to do it.'}\n`;
}

export function registerPrune(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('prune')
    .description('take contents of old settled cases out of the ledger; without --yes only says what would go')
    .requiredOption('--before <day>', 'everything of the case was settled before it, e.g. 2023-12-31')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`Hash, size and outcome of everything stay; bytes of messages, snapshots that nothing needs any more, received acknowledgements and scanned
files go. Never of a case with an open exchange, an open difference or a fault, nor what came in and was not understood. Nothing younger
than retention.keepDays goes. May run while the gateway runs; one that was interrupted goes on when it is run again.`, 'prune --before 2023-12-31', 'prune --before 2023-12-31 --yes'))
    .action(async (options: PruneOptions) => end(await pruneCommand(context, options)));
}
