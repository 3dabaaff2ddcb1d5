import type { Command } from 'commander';
import { captureParts } from '../capture/capture.module.js';
import type { CompletenessRun } from '../ledger/completeness.store.js';
import { subscriptionsOf } from '../mapping/subscribe.js';
import { formatFaults } from '../platform/config/format-faults.js';
import { createLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';
import { formatCompleteness, type ShownRun } from './format-completeness.js';
import { helpText } from './help-text.js';
import { readMappings, ring, settingsOrFail, withBureau, withLedger } from './open-parts.adapter.js';

export interface CompletenessOptions {
  readonly run?: boolean;
  readonly full?: boolean;
  readonly openAll?: boolean;
  readonly json?: boolean;
}

const shownRuns = 10;
const shownFindings = 50;

/** Shows what the last comparisons of the bureau with the ledger came to; with `run` makes one now. */
export async function completenessCommand(context: CliContext, options: CompletenessOptions): Promise<ExitCode> {
  if (options.run !== true && (options.full === true || options.openAll === true)) throw new CommandFailure('--full and --open-all belong to --run', exitCodes.usage);
  const settings = settingsOrFail(context);
  const { mappings, faults } = readMappings(settings);
  if (faults.length > 0) throw new CommandFailure(formatFaults(faults), exitCodes.configuration);
  const rung = new Set<string>();
  const runs = await withLedger(context, settings, async (ledger) => {
    const shown = async (run: CompletenessRun): Promise<ShownRun> => ({ ...run, cases: await ledger.completeness.findings(run.id, shownFindings) });
    if (options.run !== true) return Promise.all((await ledger.completeness.runs(shownRuns)).map(shown));
    return withBureau(settings, async (bureau) => {
      const out: ShownRun[] = [];
      for (const stream of settings.streamDefinitions) {
        const { completeness } = captureParts(bureau, stream, subscriptionsOf(mappings), {
          settings, store: ledger.capture, completeness: ledger.completeness, clock: context.clock, log: createLog({ level: 'silent', instance: settings.instance }), metrics: new MetricsAdapter({ processMetrics: false }),
          doorbell: { ring: (_bell, channel) => { rung.add(channel); return Promise.resolve(true); } },
        });
        try {
          out.push(await shown(await completeness.check({ kind: options.full === true ? 'full' : 'quick', causedBy: actorOf(context), openAll: options.openAll }, () => Promise.resolve(true))));
        } catch (error) {
          throw new CommandFailure(`the stream ${stream.stream} cannot be compared: ${describeError(error)}; what was captured until then stands`, exitCodes.attention);
        }
      }
      return out;
    });
  });
  if (rung.size > 0) await ring(settings, ['render'], [...rung]);
  if (options.json) printJson(context, runs);
  else context.out(formatCompleteness(runs, context.clock.now(), options.run === true));
  const latest = new Map(runs.map((r) => [r.stream, r] as const).reverse());
  return [...latest.values()].some((r) => r.outcome !== 'complete' || r.cases.length > 0) ? exitCodes.attention : exitCodes.ok;
}

export function registerCompleteness(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('completeness')
    .description('what the last comparisons of the bureau with the ledger found; with --run compares now')
    .option('--run', 'compare now: what is missing in the ledger or differs is captured, cases gone from the bureau are recorded')
    .option('--full', 'with --run: read every case; without it only buckets in which something moved since they were last found equal')
    .option('--open-all', 'with --run: open missing exchanges however many there are (completeness.openLimit)')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`The comparison also runs nightly (completeness.at). It may run while the gateway runs; what polls are about to capture is left to them.
Exit code 1 when the newest comparison of a stream found something or did not come to its end.`, 'completeness', 'completeness --run', 'completeness --run --full'))
    .action(async (options: CompletenessOptions) => end(await completenessCommand(context, options)));
}
