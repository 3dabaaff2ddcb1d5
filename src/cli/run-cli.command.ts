import { Command, CommanderError } from 'commander';
import { registerCancel } from './cancel.command.js';
import { registerAlarms } from './alarms.command.js';
import { registerAudit } from './audit.command.js';
import { auditCommand } from './audit-command.adapter.js';
import { registerCalendar } from './calendar.command.js';
import { registerCards } from './cards.command.js';
import { checkCommand } from './check.command.js';
import { registerClearance } from './clearance.command.js';
import { registerClock } from './clock.command.js';
import { CommandFailure, exitCodes, type CliContext, type ExitCode } from './cli-context.js';
import { registerCompleteness } from './completeness.command.js';
import { registerPrune } from './prune.command.js';
import { registerRecover } from './recover.command.js';
import { describeError } from '../platform/describe-error.js';
import { registerHandOver } from './hand-over.command.js';
import { mapCommand } from './map.command.js';
import { registerMirror } from './mirror.command.js';
import { pauseCommand } from './pause.command.js';
import { registerQueue } from './queue.command.js';
import { registerReplay } from './replay.command.js';
import { resumeCommand } from './resume.command.js';
import { registerDifferences } from './differences.command.js';
import { registerOpinions } from './opinions.command.js';
import { registerStandStill } from './stand-still.command.js';
import { registerResolve } from './resolve.command.js';
import { registerReturns } from './returns.command.js';
import { registerSearch } from './search.command.js';
import { registerStatement } from './statement.command.js';
import { retryCommand, type RetryOptions } from './retry.command.js';
import { showCommand } from './show.command.js';
import { statusCommand } from './status.command.js';
import { registerUser } from './user.command.js';

const run = 'npm run -s gateway --';
const codes = `
Exit codes:
  0   ok
  1   something needs attention or failed
  2   wrong usage
  69  a connection failed
  78  the configuration is faulty`;

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((l) => `  ${run} ${l}`).join('\n')}\n${codes}\n`;

/** Runs one command line (without node and script) and gives its exit code; throws nothing. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  try {
    await commands(context, (c) => { code = c; }).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const known = error instanceof CommandFailure;
    context.err(`${known ? error.message : describeError(error)}\n`);
    return known ? error.exitCode : exitCodes.attention;
  }
}

function commands(context: CliContext, end: (code: ExitCode) => void): Command {
  const program = new Command('gateway')
    .usage('<command> [options]')
    .description('Looks at the exchange gateway and acts on it. Configuration comes from config/ and the environment, as for the gateway itself.')
    .configureOutput({ writeOut: (t) => context.out(t), writeErr: (t) => context.err(t) })
    .exitOverride()
    .helpCommand('help [command]', 'help for a command')
    .addHelpText('after', examples('check', 'status', 'map YYGT202611000123', 'show 4711', 'retry --channel center --code message-invalid'));
  program
    .command('check')
    .description('try everything that the gateway stands on: configuration, mappings, ledger, bureau, queue, staging machines')
    .option('--json', 'for machines')
    .addHelpText('after', `\nAll is tried even if one fails; each line that is not ok says what to do. Secrets are never shown.\n${examples('check', 'check --json')}`)
    .action(async (options: { json?: boolean }) => end(await checkCommand(context, options)));

  program
    .command('status')
    .description('how the channels and streams stand, and what needs attention')
    .option('--json', 'for machines')
    .addHelpText('after', `\nReads the ledger only, so it works whether or not a gateway runs. Exit code 1 when something needs attention.\n${examples('status', 'status --json')}`)
    .action(async (options: { json?: boolean }) => end(await statusCommand(context, options)));

  program
    .command('map')
    .description('dry run: read a case from the bureau and show each message with its findings; changes nothing')
    .argument('<case>', 'case number 办件编号')
    .option('--channel <name>', 'only what goes to this channel')
    .option('--event <name>', 'only this event, e.g. acceptance')
    .option('--json', 'for machines')
    .addHelpText('after', `\nWorks without the ledger; each version is then shown as the first. The output holds what the case holds, personal data too.\n${examples('map YYGT202611000123', 'map YYGT202611000123 --channel provincial --event result')}`)
    .action(async (caseNo: string, options: { channel?: string; event?: string; json?: boolean }) => end(await mapCommand(context, caseNo, options)));

  program
    .command('show')
    .description('an exchange with its timeline, findings, failure and remedy, file, manifest and acknowledgements')
    .argument('<what>', 'exchange number, message id (32 hexadecimal digits) or case number')
    .option('--xml', 'print the exact bytes of the message and nothing else')
    .option('--json', 'for machines')
    .addHelpText('after', examples('show 4711', 'show YYGT202611000123', 'show 4711 --xml > message.xml'))
    .action(async (what: string, options: { json?: boolean; xml?: boolean }) => end(await showCommand(context, what, options)));

  program
    .command('retry')
    .description('let exchanges be tried again after their cause was mended; without --yes only says what it would do')
    .argument('[exchange...]', 'exchange numbers')
    .option('--channel <name>', 'all of this channel')
    .option('--state <states...>', 'in these states (without numbers: parked and refused)')
    .option('--event <name>', 'of this event')
    .option('--code <failure>', 'with this failure code, e.g. message-invalid')
    .option('--case <number>', 'of this case')
    .option('--render', 'render anew also what is parked with fixed bytes, where no delivery was tried yet')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .addHelpText('after', `
parked    goes back to where it was parked: not rendered yet → rendered anew; rendered → delivered with the same bytes
refused   the next version of the same event is opened from the newest snapshot of the case, in the same place of its lane
others    cannot be retried; each is named with the reason
Filters are combined: all that are given must hold.
${examples('retry 4711 4712', 'retry --channel center --code attempts-exhausted --yes', 'retry --case YYGT202611000123 --render')}`)
    .action(async (ids: string[], options: RetryOptions) => end(await retryCommand(context, ids, options)));

  program
    .command('pause')
    .description('stop the delivery of a channel; what is captured meanwhile waits')
    .argument('<channel>', 'e.g. center')
    .requiredOption('--reason <text>', 'why; others see it in status')
    .option('--json', 'for machines')
    .addHelpText('after', examples('pause center --reason "the center moves its staging machine until 14:00"'))
    .action(async (channel: string, options: { reason: string; json?: boolean }) => end(await pauseCommand(context, channel, options)));

  program
    .command('resume')
    .description('let a paused channel flow again')
    .argument('<channel>', 'e.g. center')
    .option('--json', 'for machines')
    .addHelpText('after', examples('resume center'))
    .action(async (channel: string, options: { json?: boolean }) => end(await resumeCommand(context, channel, options)));

  registerMirror(program, context, end);
  registerReplay(program, context, end);
  registerReturns(program, context, end);
  registerStatement(program, context, end);
  registerDifferences(program, context, end);
  registerResolve(program, context, end);
  registerClearance(program, context, end);
  registerStandStill(program, context, end);
  registerCancel(program, context, end);
  registerHandOver(program, context, end);
  registerRecover(program, context, end);
  registerCompleteness(program, context, end);
  registerPrune(program, context, end);
  registerCalendar(program, context, end);
  registerClock(program, context, end);
  registerCards(program, context, end);
  registerOpinions(program, context, end);
  registerAlarms(program, context, end);
  registerQueue(program, context, end);
  registerSearch(program, context, end);
  registerUser(program, context, end);
  registerAudit(program, context, end);
  program.hook('preAction', (_program, command) => auditCommand(context, command));
  return program;
}
