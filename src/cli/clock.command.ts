import type { Command } from 'commander';
import { GatewayFailure } from '../domain/failures.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import { WorkingCalendar } from '../domain/working-calendar.js';
import { CardStore } from '../ledger/card.store.js';
import { LocalDayStore } from '../ledger/local-day.store.js';
import { CaseTimelineStore } from '../ledger/case-timeline.store.js';
import { supervisingBodies } from '../ledger/ledger.module.js';
import { OpinionStore } from '../ledger/opinion.store.js';
import { computeClock } from '../supervision/compute-clock.js';
import { deriveFacts } from '../supervision/derive-facts.js';
import { explainClock } from '../supervision/explain-clock.js';
import { makeMeters } from '../supervision/make-meters.js';
import { supervisionOf } from '../supervision/supervision.module.js';
import { judgeDelays } from '../supervision/judge-delays.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatCards, formatClock } from './format-clock.js';
import { formatDelays } from './format-delays.js';
import { formatComparisons, formatOpinions } from './format-opinions.js';
import { helpText } from './help-text.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';
import { parseMoment } from './parse-moment.js';

export interface ClockOptions {
  readonly rules?: string;
  readonly at?: string;
  readonly json?: boolean;
}

/** The clock of a case with its arithmetic, its cards, and whose time it was. Reads the ledger only. */
export async function clockCommand(context: CliContext, caseNo: string, options: ClockOptions): Promise<ExitCode> {
  const at = options.at === undefined ? context.clock.iso() : parseMoment(options.at);
  if (at === undefined) throw new CommandFailure(`--at: expected a time such as 2026-11-23 or "2026-11-23 09:30:00" (Asia/Shanghai) instead of ${options.at!}`, exitCodes.usage);
  const settings = settingsOrFail(context);
  let supervision;
  try {
    supervision = supervisionOf(settings);
  } catch (error) {
    throw new CommandFailure((error as Error).message, exitCodes.configuration);
  }
  const body = options.rules ?? settings.supervision.bodies[0] ?? [...supervision.rules.keys()][0] ?? '';
  const rules = supervision.rules.get(body);
  if (!rules) throw new CommandFailure(`--rules: expected one of ${[...supervision.rules.keys()].join(', ')} instead of ${body}`, exitCodes.usage);
  return withLedger(context, settings, async ({ database }) => {
    const timeline = new CaseTimelineStore(database);
    const snapshot = await timeline.latestSnapshot(settings.supervision.stream, caseNo);
    if (!snapshot) throw new CommandFailure(`the ledger has no snapshot of a case ${caseNo}: give the number as the bureau writes it; gateway map ${caseNo} reads the bureau itself`, exitCodes.attention);
    const parsed = JSON.parse(snapshot.body) as CaseSnapshot;
    const facts = deriveFacts(snapshot.removedAt === undefined ? parsed : { ...parsed, removedAt: snapshot.removedAt }, supervision.limits);
    const meters = makeMeters(new WorkingCalendar(await new LocalDayStore(database, context.clock, settings.calendar).inForce()));
    const nowMs = Date.parse(at);
    try {
      const reading = computeClock(facts, rules, meters, nowMs);
      const explanation = explainClock(facts, rules, meters, nowMs);
      const cards = await new CardStore(database, context.clock, undefined).find({ caseNo }, 50);
      const told = new OpinionStore(database, context.clock, supervisingBodies(settings));
      const [opinions, comparisons] = [await told.opinions({ caseNo }, 50), await told.comparisons({ caseNo }, 10)];
      const delays = judgeDelays(facts, rules, meters, nowMs, await timeline.ofCase(settings.supervision.stream, caseNo));
      if (options.json) printJson(context, { caseNo, reading, explanation, facts, cards, opinions, comparisons, delays });
      else context.out(`${formatClock(caseNo, reading, explanation)}\n\n${cards.length === 0 ? '' : `Cards:\n${formatCards(cards)}\n`}${opinions.length === 0 ? '' : `Cards of the supervising side:\n${formatOpinions(opinions)}\n`}${comparisons.length === 0 ? '' : `${formatComparisons(comparisons)}\n`}${formatDelays(delays)}`);
      return exitCodes.ok;
    } catch (error) {
      if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') throw new CommandFailure(`${error.detail}: enter the year under nationalYears in config/calendar.yaml (gateway calendar shows what is there)`, exitCodes.attention);
      throw error;
    }
  });
}

/** `gateway clock <case>`. */
export function registerClock(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('clock')
    .description('how much of its limits 时限 a case has used, line by line, its cards, and whose time it was')
    .argument('<case>', 'case number 办件编号')
    .option('--rules <body>', 'by the rules of this body, e.g. guangdong (default: the first of supervision.bodies)')
    .option('--at <time>', 'as of this moment in Shanghai, with what is known today; what happened later is left out')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('Counts anew from the newest snapshot in the ledger and changes nothing. Each line says whether an interval counts and why; the last\nlines say when each level was or will be reached.', 'clock YYGT202611000123', 'clock YYGT202611000123 --rules guangdong --at "2026-10-08 09:00:00"'))
    .action(async (caseNo: string, options: ClockOptions) => end(await clockCommand(context, caseNo, options)));
}
