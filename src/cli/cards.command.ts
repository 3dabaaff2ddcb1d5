import type { Command } from 'commander';
import { cardMoves, type CardMove } from '../domain/supervision-cards.js';
import { clockLevels, type ClockLevel } from '../domain/supervision-facts.js';
import { CardStore, type CardRow } from '../ledger/card.store.js';
import { supervisingBodies } from '../ledger/ledger.module.js';
import { OpinionStore } from '../ledger/opinion.store.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatCard, formatCards } from './format-clock.js';
import { formatComparisons } from './format-opinions.js';
import { plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { openReports, settingsOrFail, withLedger } from './open-parts.adapter.js';

export interface CardsOptions {
  readonly open?: boolean;
  readonly doubtful?: boolean;
  readonly case?: string;
  readonly level?: string;
  readonly appeal?: boolean;
  readonly revoke?: boolean;
  readonly confirm?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Cards shown without a number. */
const shownLimit = 500;

/** Lists cards, shows one with its evidence, or records what people decided about some. */
export async function cardsCommand(context: CliContext, ids: readonly string[], options: CardsOptions): Promise<ExitCode> {
  for (const id of ids) if (!/^\d{1,18}$/.test(id)) throw new CommandFailure(`expected the number of a card instead of ${id}; for a case: --case ${id}`, exitCodes.usage);
  if (options.level !== undefined && !(clockLevels as readonly string[]).includes(options.level)) throw new CommandFailure(`--level: expected one of ${clockLevels.join(', ')}`, exitCodes.usage);
  const moves = (Object.keys(cardMoves) as CardMove[]).filter((m) => options[m]);
  if (moves.length > 1) throw new CommandFailure(`expected one of --${moves.join(', --')}`, exitCodes.usage);
  const [move] = moves;
  if (move && (ids.length === 0 || (options.reason ?? '').trim() === '')) throw new CommandFailure(`--${move}: expected card numbers and --reason "..."`, exitCodes.usage);
  const settings = settingsOrFail(context);
  return withLedger(context, settings, async (ledger) => {
    const store = new CardStore(ledger.database, context.clock, move && openReports(context, settings, ledger));
    const cards = await store.find({ open: options.open, doubtful: options.doubtful, caseNo: options.case, level: options.level as ClockLevel | undefined, ids: ids.length === 0 ? undefined : ids }, shownLimit);
    const missing = ids.filter((id) => !cards.some((c) => c.id === id));
    if (missing.length > 0) throw new CommandFailure(`there is no such card${options.open || options.doubtful || options.case || options.level ? ' among those' : ''}: ${missing.join(', ')}`, exitCodes.attention);
    if (move) return decide(context, store, cards, move, options);
    if (ids.length === 1) {
      const history = (await store.history(ids[0]!))!;
      if (options.json) printJson(context, { ...cards[0]!, evidence: history.evidence, log: history.log });
      else context.out(formatCard(cards[0]!, history.evidence, history.log));
      return exitCodes.ok;
    }
    const told = new OpinionStore(ledger.database, context.clock, supervisingBodies(settings));
    const comparisons = await told.comparisons({ caseNo: options.case }, shownLimit);
    if (options.json) printJson(context, { cards, comparisons });
    else context.out(`${formatCards(cards)}${formatComparisons(comparisons)}${cards.length === shownLimit ? `Only the newest ${shownLimit} are shown; narrow it with --case, --level or --open.\n` : ''}`);
    return exitCodes.ok;
  });
}

async function decide(context: CliContext, store: CardStore, cards: readonly CardRow[], move: CardMove, options: CardsOptions): Promise<ExitCode> {
  const { from, to } = cardMoves[move];
  const outcomes: { card: string; from: string; outcome: string }[] = [];
  for (const card of cards) {
    const possible = (from as readonly string[]).includes(card.state);
    const done = possible && options.yes === true && (await store.decide(card.id, move, actorOf(context), options.reason!.trim()));
    outcomes.push({ card: card.id, from: card.state, outcome: done ? to : possible ? (options.yes ? 'changed by somebody else meanwhile' : `would be ${to}`) : `is ${card.state}: only ${from.join(' or ')} cards can be ${to}` });
  }
  if (options.json) printJson(context, { move, done: options.yes === true, outcomes });
  else context.out(`${outcomes.map((o) => `card ${o.card}: ${o.outcome}`).join('\n')}\n${options.yes ? '' : `Nothing was changed; add --yes to do it to ${plural(cards.length, 'card')}.\n`}`);
  return outcomes.every((o) => o.outcome === to || o.outcome === `would be ${to}`) ? exitCodes.ok : exitCodes.attention;
}

/** `gateway cards [card...]`. */
export function registerCards(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('cards')
    .description('warnings and cards 预警、黄牌、红牌: list them, show one with its evidence, appeal, revoke or confirm')
    .argument('[card...]', 'card numbers; one alone is shown with its evidence')
    .option('--open', 'only those that wait for a decision (issued, appealed)')
    .option('--doubtful', 'only those that would not be issued with what is known today')
    .option('--case <number>', 'of this case')
    .option('--level <level>', clockLevels.join(', '))
    .option('--appeal', 'somebody objects')
    .option('--revoke', 'it is taken back')
    .option('--confirm', 'it stays')
    .option('--reason <text>', 'why; kept with the card')
    .option('--yes', 'do it; without it only what would be done is told')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('A card is issued once for each case, rule and level and keeps its limits and evidence. When facts come in late it is examined\nagain and marked as doubtful; a person decides.', 'cards --open', 'cards 17', 'cards 17 --revoke --reason "the notice of the special procedure was entered late" --yes'))
    .action(async (ids: string[], options: CardsOptions) => end(await cardsCommand(context, ids, options)));
}
