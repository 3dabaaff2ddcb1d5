import type { Command } from 'commander';
import { writeYuan } from '../domain/money.js';
import type { NamedItem } from '../ledger/item-view.store.js';
import type { ResolutionAct, ResolutionResult } from '../ledger/resolution.store.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { findItems } from './differences.command.js';
import { helpText } from './help-text.js';
import { auditActorOf, withReconciliation, type OpenedReconciliation } from './open-reconciliation.adapter.js';

export interface ResolveOptions {
  readonly accept?: boolean;
  readonly link?: readonly string[];
  readonly split?: readonly string[];
  readonly assign?: string;
  readonly reopen?: boolean;
  readonly confirm?: boolean;
  readonly note?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const acts = ['accept', 'link', 'split', 'assign', 'reopen'] as const satisfies readonly ResolutionAct[];

/** A person's decision about a difference; above the configured amount it waits for another person's --confirm. */
export async function resolveCommand(context: CliContext, what: string, options: ResolveOptions): Promise<ExitCode> {
  const chosen = acts.filter((a) => options[a] !== undefined && options[a] !== false);
  if (chosen.length + (options.confirm ? 1 : 0) !== 1) throw new CommandFailure(`expected one of --${acts.join(', --')}, --confirm`, exitCodes.usage);
  return withReconciliation(context, async (opened) => {
    if (options.confirm) return confirm(context, opened, what, options);
    const act = chosen[0]!;
    const note = options.note?.trim() ?? '';
    if (note === '') throw new CommandFailure(`--${act}: expected --note "why"`, exitCodes.usage);
    const subject = await one(opened, what);
    const others = await Promise.all((options.link ?? options.split ?? []).map((reference) => one(opened, reference)));
    const items = [...new Map([subject, ...others].map((i) => [i.id, i])).values()];
    const of = (side: NamedItem['side']): string[] => items.filter((i) => i.side === side).map((i) => i.id);
    const told = `${act}: ${items.map((i) => `${i.en}${i.fen === undefined ? '' : ` (${writeYuan(i.fen)} yuan)`}`).join(' + ')}${options.assign === undefined ? '' : ` to ${options.assign}`}`;
    if (!options.yes) {
      if (options.json) printJson(context, { done: false, would: told });
      else context.out(`${told}\nNothing was changed; add --yes to do it.\n`);
      return exitCodes.ok;
    }
    const result = await opened.resolutions.resolve({ act, expected: of('expected'), returned: of('returned'), actor: actorOf(context), note, target: options.assign });
    return end(context, opened, result, { action: `difference-${act}`, told, subject: items.map((i) => i.id).join(' ') }, options);
  });
}

async function confirm(context: CliContext, opened: OpenedReconciliation, id: string, options: ResolveOptions): Promise<ExitCode> {
  const [decision] = /^\d{1,18}$/.test(id) ? await opened.items.decisions([id]) : [];
  if (!decision) throw new CommandFailure(`--confirm: expected the number of a decision instead of ${id}; gateway differences --proposed lists them`, exitCodes.usage);
  const named = await opened.items.named(decision.items);
  const told = `${decision.act}: ${decision.items.map((i) => named.get(i)?.en ?? i).join(' + ')}, ${writeYuan(decision.amountFen)} yuan, proposed by ${decision.actor}: ${decision.note}`;
  if (!options.yes) {
    context.out(`${told}\nNothing was changed; add --yes to confirm it.\n`);
    return exitCodes.ok;
  }
  return end(context, opened, await opened.resolutions.confirm(id, actorOf(context)), { action: 'difference-confirm', told, subject: decision.items.join(' ') }, options);
}

async function end(context: CliContext, { audit }: OpenedReconciliation, result: ResolutionResult, what: { action: string; told: string; subject: string }, options: ResolveOptions): Promise<ExitCode> {
  // The decision itself stands in the ledger with actor and time; this is the line that inspectors read.
  await audit.record(auditActorOf(context), { action: what.action, subject: `items ${what.subject}`, outcome: result.done ? (result.awaitsSecond ? 'ordered' : 'done') : 'refused', detail: result.done ? { decision: result.id } : { expected: result.expected } });
  if (options.json) printJson(context, result);
  else if (!result.done) context.err(`not done: expected ${result.expected}\n`);
  else context.out(result.awaitsSecond ? `${what.told}\nThis needs a second person: another user runs gateway resolve ${result.id} --confirm --yes\n` : `${what.told}: done (decision ${result.id})\n`);
  return result.done ? exitCodes.ok : exitCodes.attention;
}

/** The one item that a reference names. */
async function one({ items }: OpenedReconciliation, reference: string): Promise<NamedItem> {
  const number = /^(?:difference:)?(\d{1,18})$/.exec(reference);
  if (number) {
    const [difference] = await items.differences({ ids: [number[1]!] }, 1);
    const item = difference && (await items.named([difference.itemId])).get(difference.itemId);
    if (item) return item;
  }
  const found = (await findItems(items, reference)).filter((i) => i.inForce);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new CommandFailure(`there is no difference or record ${reference}; gateway differences lists them`, exitCodes.attention);
  throw new CommandFailure(`${reference} names ${found.length} records; take one of ${found.slice(0, 10).map((i) => `item:${i.id} (${i.en})`).join(', ')}`, exitCodes.usage);
}

/** Adds `gateway resolve`. */
export function registerResolve(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('resolve')
    .description('decide about a difference by hand: accept, link, split, assign, reopen; noted, reversible, by two persons above the configured amount')
    .argument('<what>', 'difference number, item:<number>, serial or case/charge number; with --confirm the number of the decision')
    .option('--accept', 'it stays as it is, and leaves the open items')
    .option('--link <records...>', 'it belongs to these records of the other side')
    .option('--split <records...>', 'one payment, these charges')
    .option('--assign <person>', 'this person looks after it')
    .option('--reopen', 'take the settlement apart that it stands in')
    .option('--confirm', 'as the second person')
    .option('--note <text>', 'why; kept')
    .option('--yes', 'do it; without it only what would be done is told')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('What was decided is undone with --reopen. In a closed day nothing changes: a reopened item counts anew in the first open day.',
      'resolve 17 --accept --note "case of the old system" --yes', 'resolve 18 --link YYGT202611000123/1 --note "paid on behalf of the owner" --yes', 'resolve 4 --confirm --yes'))
    .action(async (what: string, options: ResolveOptions) => end(await resolveCommand(context, what, options)));
}
