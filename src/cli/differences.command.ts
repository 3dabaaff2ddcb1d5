import type { Command } from 'commander';
import { writeYuan } from '../domain/money.js';
import { dayOf, daysBetween } from '../domain/reckon-days.js';
import { reasonCodes, type ReasonCode } from '../domain/reconciliation-outcomes.js';
import type { Standards } from '../domain/reconciliation-rules.js';
import type { ItemSettlement, ItemViewStore, NamedItem } from '../ledger/item-view.store.js';
import type { DifferenceRow } from '../ledger/reconciliation-row.js';
import { explainDifference } from '../reconciliation/explain-difference.js';
import { CommandFailure, exitCodes, type CliContext, type ExitCode } from './cli-context.js';
import { formatTable, indent } from './format-terminal.js';
import { helpText } from './help-text.js';
import { withReconciliation } from './open-reconciliation.adapter.js';

export interface DifferencesOptions {
  readonly open?: boolean;
  readonly all?: boolean;
  readonly proposed?: boolean;
  readonly code?: string;
  readonly case?: string;
  readonly json?: boolean;
}

const shownLimit = 500;
const print = (context: CliContext, value: unknown): void => context.out(`${JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v), 2)}\n`);

/** Differences as a list, or decisions that wait for a second person. */
export async function differencesCommand(context: CliContext, options: DifferencesOptions): Promise<ExitCode> {
  if (options.code !== undefined && !(reasonCodes as readonly string[]).includes(options.code)) throw new CommandFailure(`--code: expected one of ${reasonCodes.join(', ')}`, exitCodes.usage);
  return withReconciliation(context, async ({ items, standards }) => {
    if (options.proposed) return proposals(context, items, options.json === true);
    const found = await items.differences({ open: !options.all, code: options.code as ReasonCode | undefined, caseNo: options.case }, shownLimit);
    const named = await items.named(found.map((d) => d.itemId));
    const today = dayOf(context.clock.iso());
    if (options.json) print(context, { differences: found.map((d) => ({ ...d, zh: named.get(d.itemId)?.zh, en: named.get(d.itemId)?.en, severity: standards.reasons[d.reason].severity, text: standards.reasons[d.reason].text, next: standards.reasons[d.reason].next })) });
    else if (found.length === 0) context.out('No difference.\n');
    else {
      const money = (fen: bigint | undefined): string => (fen === undefined ? '—' : writeYuan(fen));
      context.out(`${formatTable(['no', 'record', 'case', 'reason', 'charged', 'returned', 'days', 'with', 'state'], found.map((d) => [
        d.id, named.get(d.itemId)?.en ?? d.itemId, d.caseNo ?? '', `${d.reason} ${standards.reasons[d.reason].text.zh}`, money(d.expectedFen), money(d.returnedFen), String(Math.max(0, daysBetween(d.firstDay, today))), d.assignedTo ?? '', d.isOpen ? 'open' : (d.closedHow ?? 'closed'),
      ]))}\n${found.length === shownLimit ? `Only the oldest ${shownLimit} are shown; narrow it with --code or --case.\n` : ''}`);
    }
    return found.some((d) => d.isOpen && standards.reasons[d.reason].severity !== 'normal') ? exitCodes.attention : exitCodes.ok;
  });
}

async function proposals(context: CliContext, items: ItemViewStore, json: boolean): Promise<ExitCode> {
  const waiting = await items.decisions();
  const named = await items.named(waiting.flatMap((w) => w.items));
  if (json) print(context, { proposed: waiting });
  else if (waiting.length === 0) context.out('No decision waits for a second person.\n');
  else context.out(`${formatTable(['decision', 'act', 'yuan', 'by', 'records', 'note'], waiting.map((w) => [w.id, w.act, writeYuan(w.amountFen), w.actor, w.items.map((i) => named.get(i)?.en ?? i).join(' + '), w.note]))}\n`);
  return waiting.length > 0 ? exitCodes.attention : exitCodes.ok;
}

/** Items that a reference names: `item:12`, a difference number, or what stands on paper. */
export async function findItems(items: ItemViewStore, reference: string): Promise<NamedItem[]> {
  const byNumber = /^item:(\d{1,18})$/.exec(reference);
  if (byNumber) return [...(await items.named([byNumber[1]!])).values()];
  const ofDifference = /^\d{1,18}$/.test(reference) ? await items.differences({ ids: [reference] }, 1) : [];
  const found = [...(await items.named(ofDifference.map((d) => d.itemId))).values(), ...(await items.find(reference))];
  return [...new Map(found.map((i) => [i.id, i])).values()];
}

/** Everything known of a record: where it is settled and by what rule, or why not and what to do. */
export async function explainCommand(context: CliContext, reference: string, options: { json?: boolean }): Promise<ExitCode> {
  return withReconciliation(context, async ({ items, standards }) => {
    const found = await findItems(items, reference);
    if (found.length === 0) throw new CommandFailure(`nothing is known as ${reference}: expected a case number, case/charge number, payment code, serial, ticket number, difference number or item:<number>`, exitCodes.attention);
    const ids = found.map((i) => i.id);
    const settlements = await items.settlements(ids);
    const differences = await items.differences({ itemIds: ids }, 1000);
    const named = await items.named([...settlements.flatMap((s) => s.items), ...differences.flatMap((d) => (d.otherId === undefined ? [] : [d.otherId]))]);
    const today = dayOf(context.clock.iso());
    const told = found.map((item) => tell(item, settlements.filter((s) => s.items.includes(item.id)), differences.filter((d) => d.itemId === item.id), named, today, standards));
    if (options.json) print(context, { records: told.map(({ lines: _, ...rest }) => rest) });
    else context.out(`${told.map((t) => t.lines.join('\n')).join('\n\n')}\n`);
    return told.some((t) => t.differences.some((d) => d.isOpen && standards.reasons[d.reason].severity !== 'normal')) ? exitCodes.attention : exitCodes.ok;
  });
}

function tell(item: NamedItem, settlements: readonly ItemSettlement[], differences: readonly DifferenceRow[], named: ReadonlyMap<string, NamedItem>, today: string, standards: Standards): { item: NamedItem; settlements: readonly ItemSettlement[]; differences: readonly DifferenceRow[]; explained: { zh: readonly string[]; en: readonly string[] }[]; lines: string[] } {
  const lines = [`${item.en} ${item.zh} (item:${item.id}), ${item.day}${item.fen === undefined ? '' : `, ${writeYuan(item.fen)} yuan`}${item.inForce ? '' : ', no longer in force'}${item.statementDay === item.day ? '' : `; counts in the statement of ${item.statementDay}`}`];
  for (const s of settlements) {
    const tier = standards.rules.tiers.find((t) => t.rule === s.rule);
    const others = s.items.filter((i) => i !== item.id).map((i) => named.get(i)).map((i) => (i ? `${i.en} (item:${i.id})` : '?'));
    const how = `${s.outcome} in the statement of ${s.statementDay} by ${s.rule}${tier ? ` (${tier.title.en} ${tier.title.zh})` : ''}${others.length > 0 ? ` with ${others.join(', ')}` : ''}`;
    lines.push(`  ${s.live ? how : `was ${how}; taken apart for ${s.undoneDay} by ${s.undoneBy}: ${s.undoneWhy}`}${s.resolutionId === undefined ? '' : `; decision ${s.resolutionId}`}`);
  }
  const explained = differences.filter((d) => d.isOpen).map((d) => ({ d, ...explainDifference(d, item, d.otherId === undefined ? undefined : named.get(d.otherId), today, standards) }));
  for (const { d, en, zh } of explained) lines.push(`  difference ${d.id}, ${d.reason}:`, indent(zh.join('\n'), '    '), indent(en.join('\n'), '    '));
  for (const d of differences.filter((x) => !x.isOpen)) lines.push(`  difference ${d.id}, ${d.reason}, is closed: ${d.closedHow ?? '?'} by ${d.closedBy ?? '?'}`);
  if (settlements.length === 0 && differences.length === 0) lines.push('  not looked at yet; gateway reconcile does it');
  return { item, settlements, differences, explained: explained.map(({ zh, en }) => ({ zh, en })), lines };
}

/** Adds `gateway differences` and `gateway explain`. */
export function registerDifferences(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('differences')
    .description('what is not settled 差异, with its reason, both amounts and its age')
    .option('--open', 'only what is open; so it is without --all')
    .option('--all', 'closed ones too')
    .option('--proposed', 'decisions that wait for a second person instead')
    .option('--code <reason>', 'of this reason, e.g. duplicate-payment')
    .option('--case <number>', 'of this case')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('Exit code 1 when something is open that time alone will not settle.', 'differences', 'differences --code duplicate-payment', 'differences --proposed'))
    .action(async (options: DifferencesOptions) => end(await differencesCommand(context, options)));
  program
    .command('explain')
    .description('why a charge, payment or tax slip is settled or not, and what to do')
    .argument('<record>', 'case number, case/charge number, payment code 缴款码, serial 缴款单号, ticket number 电子税票号码, difference number, item:<number>')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('Both languages; no names of payers.', 'explain YYGT202611000123', 'explain YYGT202611000123/1', 'explain item:4711'))
    .action(async (reference: string, options: { json?: boolean }) => end(await explainCommand(context, reference, options)));
}
