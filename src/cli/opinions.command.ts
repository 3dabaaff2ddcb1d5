import type { Command } from 'commander';
import { OpinionStore } from '../ledger/opinion.store.js';
import { supervisingBodies } from '../ledger/ledger.module.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatComparisons, formatOpinions, formatQueries } from './format-opinions.js';
import { helpText } from './help-text.js';
import { openReports, ring, settingsOrFail, withLedger } from './open-parts.adapter.js';

export interface OpinionsOptions {
  readonly case?: string;
  readonly queries?: boolean;
  readonly past?: boolean;
  readonly reply?: string;
  readonly text?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const shownLimit = 500;
const longestReply = 2000;

/** What the supervising side says, how its judgement differs from ours, and answers to its queries. */
export async function opinionsCommand(context: CliContext, options: OpinionsOptions): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  if (options.reply !== undefined) return reply(context, options, options.reply);
  if (options.text !== undefined || options.yes) throw new CommandFailure('--text and --yes belong to --reply', exitCodes.usage);
  return withLedger(context, settings, async ({ database }) => {
    const store = new OpinionStore(database, context.clock, supervisingBodies(settings));
    const filter = { caseNo: options.case, past: options.past };
    const queries = await store.queries(filter, shownLimit);
    if (options.queries) {
      if (options.json) printJson(context, { queries });
      else context.out(formatQueries(queries));
      return queries.some((q) => q.isCurrent && !q.reply) ? exitCodes.attention : exitCodes.ok;
    }
    const [opinions, comparisons] = [await store.opinions(filter, shownLimit), await store.comparisons({ caseNo: options.case }, shownLimit)];
    const open = queries.filter((q) => q.isCurrent && !q.reply).length;
    if (options.json) printJson(context, { opinions, comparisons, openQueries: open });
    else context.out([formatOpinions(opinions), formatComparisons(comparisons), open === 0 ? '' : `${open} not answered: gateway opinions --queries\n`].filter((part) => part !== '').join('\n'));
    return comparisons.some((c) => c.differences.length > 0) || open > 0 ? exitCodes.attention : exitCodes.ok;
  });
}

async function reply(context: CliContext, options: OpinionsOptions, id: string): Promise<ExitCode> {
  if (!/^\d{1,18}$/.test(id)) throw new CommandFailure('--reply: expected the number of a query, as gateway opinions --queries shows it', exitCodes.usage);
  const text = (options.text ?? '').trim();
  if (text === '' || text.length > longestReply) throw new CommandFailure(`--text: expected an answer of 1 to ${longestReply} characters`, exitCodes.usage);
  const settings = settingsOrFail(context);
  const { query, done } = await withLedger(context, settings, async (ledger) => {
    const store = new OpinionStore(ledger.database, context.clock, supervisingBodies(settings));
    const found = await store.query(id);
    if (!found) throw new CommandFailure(`there is no query ${id}`, exitCodes.attention);
    if (found.reply || !found.isCurrent) throw new CommandFailure(found.reply ? `query ${id} was answered by ${found.reply.by}` : `query ${id} is not in force any more: a later file says otherwise`, exitCodes.attention);
    return { query: found, done: options.yes === true && (await openReports(context, settings, ledger).reply(found, { text, actor: actorOf(context) })) };
  });
  if (done) await ring(settings, ['render'], [query.channel]);
  if (options.json) printJson(context, { done, query: query.id, theirNo: query.theirNo, caseNo: query.caseNo });
  else context.out(done ? `answered ${query.theirNo}; the answer goes out on ${query.channel}\n` : options.yes ? 'somebody else answered meanwhile\n' : `would answer ${query.theirNo} about case ${query.caseNo}. Nothing was done: add --yes\n`);
  return done || !options.yes ? exitCodes.ok : exitCodes.attention;
}

/** `gateway opinions`. */
export function registerOpinions(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('opinions')
    .description('cards and queries 督办 of the supervising side, and how its judgement differs from ours')
    .option('--case <number>', 'of this case')
    .option('--queries', 'what it asks, and what was answered')
    .option('--past', 'what a later file replaced too')
    .option('--reply <query>', 'answers a query; the answer goes out as a message')
    .option('--text <text>', 'the answer')
    .option('--yes', 'with --reply: do it')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('Their cards come as files and stand beside ours. A difference is explained by counting our way with one thing changed: what they had\nnot received yet, other limits, another start, calendar or rounding. Exit code 1 while something differs or waits for an answer.', 'opinions --case YYGT202611000123', 'opinions --queries', 'opinions --reply 7 --text "..." --yes'))
    .action(async (options: OpinionsOptions) => end(await opinionsCommand(context, options)));
}
