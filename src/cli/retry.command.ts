import { exchangeStates, type ExchangeState } from '../domain/exchange-states.js';
import type { ExchangeFilter } from '../ledger/exchange-view.store.js';
import type { RetryLine, RetryRequest } from '../ledger/retry.store.js';
import { channelOrFail } from './channel-of.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { emptySummary, formatRetry, sumRetry } from './format-retry.js';
import { ring, settingsOrFail, withLedger } from './open-parts.adapter.js';

export interface RetryOptions {
  readonly channel?: string;
  readonly state?: readonly string[];
  readonly event?: string;
  readonly code?: string;
  readonly case?: string;
  readonly render?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Says what a retry would do; with `yes` does it, a transaction for every few hundred. */
export async function retryCommand(context: CliContext, ids: readonly string[], options: RetryOptions): Promise<ExitCode> {
  const request: RetryRequest = { filter: filterOf(ids, options), render: options.render === true };
  const settings = settingsOrFail(context);
  if (options.channel !== undefined) channelOrFail(settings, options.channel);
  const done = await withLedger(context, settings, async (ledger) => {
    let summary = emptySummary;
    const batches: AsyncGenerator<readonly RetryLine[]> = options.yes ? ledger.retry.perform(request, actorOf(context)) : ledger.retry.plan(request);
    try {
      for await (const lines of batches) summary = sumRetry(summary, lines);
    } catch (error) {
      // Batches before this one stand; whoever runs the same command again does the rest.
      if (options.yes && summary.total > 0) context.err(`After ${summary.total} exchanges it stopped; run the same command again for the rest.\n`);
      throw error;
    }
    return summary;
  });
  const missing = ids.filter((id) => !done.seen.includes(id));
  const rung = options.yes && done.channels.length > 0 ? await ring(settings, ['render', 'deliver'], done.channels) : undefined;
  const { seen: _seen, ...summary } = done;
  if (options.json) printJson(context, { done: options.yes === true, ...summary, missing, ...(rung === undefined ? {} : { rung }) });
  else context.out(formatRetry(summary, { done: options.yes === true, missing, rung }));
  return missing.length > 0 || done.cannot.length > 0 || done.total === 0 ? exitCodes.attention : exitCodes.ok;
}

function filterOf(ids: readonly string[], options: RetryOptions): ExchangeFilter {
  const wrong = ids.find((id) => !/^[1-9]\d{0,17}$/.test(id));
  if (wrong !== undefined) throw new CommandFailure(`${wrong} is not the number of an exchange; for a case use --case ${wrong}`, exitCodes.usage);
  // SQL Server takes 2100 parameters in a statement.
  if (ids.length > 1_000) throw new CommandFailure('at most 1000 exchange numbers at a time; for more use --channel, --state, --event or --code', exitCodes.usage);
  const filters = [options.channel, options.state, options.event, options.code, options.case];
  if (ids.length === 0 && filters.every((f) => f === undefined)) throw new CommandFailure('say what to retry: exchange numbers, or --channel, --state, --event, --code, --case', exitCodes.usage);
  const states = options.state?.flatMap((s) => s.split(','));
  const unknown = states?.find((s) => !(exchangeStates as readonly string[]).includes(s));
  if (unknown !== undefined) throw new CommandFailure(`there is no state ${unknown}; retried are parked and refused`, exitCodes.usage);
  return {
    ...(ids.length > 0 ? { ids } : {}),
    channel: options.channel, event: options.event, failureCode: options.code, caseNo: options.case,
    // By number everything is named with its reason; by filter only what waits for a person is meant.
    states: (states as ExchangeState[] | undefined) ?? (ids.length > 0 ? undefined : ['parked', 'refused']),
  };
}
