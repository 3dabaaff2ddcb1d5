import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { dayOf } from '../domain/reckon-days.js';
import { ChargeStore } from '../ledger/charge.store.js';
import { createLog } from '../platform/log.adapter.js';
import { ChargePoller } from '../reconciliation/charge.poller.js';
import { ReconciliationPoller } from '../reconciliation/reconciliation.poller.js';
import { writeStatementCsv } from '../reconciliation/statement-csv.adapter.js';
import type { ShownStatement } from '../reconciliation/statement.adapter.js';
import { writeStatementXlsx } from '../reconciliation/statement-xlsx.adapter.js';
import { tabulateStatement } from '../reconciliation/tabulate-statement.js';
import { writeStatementXml } from '../reconciliation/write-statement-xml.js';
import { writeStatementHtml } from '../reconciliation/write-statement-html.js';
import { writeStatementRecord, type StatementRecord } from '../reconciliation/write-statement-record.js';
import { CommandFailure, exitCodes, type CliContext, type ExitCode } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';
import { formatStatement } from './format-statement.js';
import { plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { auditActorOf, dayOrFail, withReconciliation, type OpenedReconciliation } from './open-reconciliation.adapter.js';

const formats = ['csv', 'xlsx', 'html', 'xml', 'text', 'json'] as const;
type Format = (typeof formats)[number];

export interface StatementOptions {
  readonly date?: string;
  readonly close?: boolean;
  readonly withoutControl?: string;
  readonly yes?: boolean;
  readonly export?: string;
  readonly out?: string;
  readonly channel?: string;
  readonly zh?: boolean;
  readonly json?: boolean;
}

/** The statement of a day: shown, exported, or closed. */
export async function statementCommand(context: CliContext, options: StatementOptions): Promise<ExitCode> {
  const day = dayOrFail('--date', options.date ?? dayOf(context.clock.iso()));
  const format = options.export ?? (options.json ? 'json' : 'text');
  if (!(formats as readonly string[]).includes(format)) throw new CommandFailure(`--export: expected one of ${formats.join(', ')}`, exitCodes.usage);
  if (format === 'xlsx' && options.out === undefined) throw new CommandFailure('--export xlsx: expected --out <file>', exitCodes.usage);
  const withoutControl = options.withoutControl?.trim();
  if (withoutControl !== undefined && (withoutControl === '' || !options.close)) throw new CommandFailure('--without-control: expected a reason, and --close', exitCodes.usage);
  return withReconciliation(context, async (opened) => {
    if (options.close && options.yes) return close(context, opened, day, withoutControl);
    const shown = await opened.statement.show(day);
    const channels = opened.settings.channels.filter((c) => c.enabled && c.returns && c.returns.controlled !== false).map((c) => c.channel);
    const channel = options.channel ?? channels[0] ?? '';
    if (format === 'xml' && !channels.includes(channel)) throw new CommandFailure(`--channel: expected one of ${channels.join(', ') || 'none: no channel returns anything'}`, exitCodes.usage);
    if (format === 'xml' && !shown.closed) throw new CommandFailure(`${day} is not closed; the center gets the statement of a closed day`, exitCodes.attention);
    const bytes = await writeAs(format as Format, shown, options.zh === true, context.clock.now(), channel);
    if (options.out === undefined) context.out(bytes);
    else await save(context, options.out, bytes);
    if (shown.closed) {
      await tellLater(context, opened, day, format === 'text');
      if (options.close) throw new CommandFailure(`${day} is closed already`, exitCodes.attention);
      return shown.closed.intact ? exitCodes.ok : exitCodes.attention;
    }
    if (options.close) context.err(`Nothing was changed; add --yes to close ${day}. A closed day cannot be opened again.\n`);
    return shown.record.obstacles.length === 0 ? exitCodes.ok : exitCodes.attention;
  });
}

async function close(context: CliContext, { statement }: OpenedReconciliation, day: string, withoutControl: string | undefined): Promise<ExitCode> {
  const { closed, record } = await statement.close(day, auditActorOf(context), withoutControl);
  if (closed) {
    context.out(`${day} is closed: ${plural(record.openLines.length + record.unlisted, 'item')} stay open, ${record.statement.total.returned.matched.count} returned and ${record.statement.total.expected.matched.count} expected items matched.\n`);
    return exitCodes.ok;
  }
  context.err(`${day} cannot be closed; nothing was changed:\n${record.obstacles.map((o) => `- ${o.en} ${o.zh}`).join('\n')}\n`);
  return exitCodes.attention;
}

async function writeAs(format: Format, { record, closed }: ShownStatement, zh: boolean, now: Date, channel: string): Promise<Buffer | string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify({ closed: closed ?? null, ...(JSON.parse(writeStatementRecord(record)) as object) }, null, 2)}\n`;
    case 'text':
      return formatStatement(tabulateStatement(record, closed, zh ? 'zh' : 'en'));
    case 'html':
      return writeStatementHtml(tabulateStatement(record, closed, 'zh'));
    case 'csv':
      return writeStatementCsv(tabulateStatement(record, closed, 'zh'));
    case 'xml':
      return writeStatementXml(record, closed!, channel);
    case 'xlsx':
      return writeStatementXlsx(tabulateStatement(record, closed, 'zh'), now);
  }
}

async function save(context: CliContext, file: string, bytes: Buffer | string): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw new CommandFailure(`--out: ${file} cannot be written: ${describeError(error)}`, exitCodes.attention);
  }
  context.err(`written to ${file}\n`);
}

/** What came for a day after it was closed. */
async function tellLater(context: CliContext, { statements, items }: OpenedReconciliation, day: string, tell: boolean): Promise<void> {
  if (!tell) return;
  const late = [...(await items.named((await statements.lateItems(day)).slice(0, 50))).values()];
  const referring = await items.differences({ open: true, refersTo: day }, 50);
  const named = await items.named(referring.map((d) => d.itemId));
  const lines = [...late.map((i) => `  ${i.en} came later and counts in ${i.statementDay}`), ...referring.map((d) => `  difference ${d.id}: ${named.get(d.itemId)?.en ?? d.itemId}: ${d.reason}`)];
  if (lines.length > 0) context.out(`\nLater facts about this day:\n${lines.join('\n')}\n`);
}

/** Matches everything that waits and says how the day stands. */
export async function reconcileCommand(context: CliContext, options: { date?: string; json?: boolean }): Promise<ExitCode> {
  const day = dayOrFail('--date', options.date ?? dayOf(context.clock.iso()));
  return withReconciliation(context, async ({ database, matches, standards, settings, statement, items }) => {
    const log = createLog({ level: 'silent', instance: settings.instance });
    const goOn = (): Promise<boolean> => Promise.resolve(true);
    const read = await new ChargePoller(new ChargeStore(database, context.clock), standards, log).poll(goOn);
    const settled = await new ReconciliationPoller(matches, standards, settings.reconciliation.batchItems, log).poll(goOn);
    const { record, closed } = await statement.show(day);
    const open = await items.openByReason();
    const stands: Pick<StatementRecord, 'obstacles'> & { tiesOut: boolean } = { tiesOut: record.statement.tiesOut, obstacles: record.obstacles };
    if (options.json) context.out(`${JSON.stringify({ day, snapshotsRead: read, settled, closed: closed !== undefined, ...stands, open }, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v), 2)}\n`);
    else {
      const reasons = open.map((o) => `  ${o.reason}: ${o.count}, since ${o.oldest} (${standards.reasons[o.reason].text.en})`);
      context.out([
        `${plural(read, 'snapshot')} read for charges, ${plural(settled, 'settlement')} made.`, `${day}: ${closed ? 'closed' : record.obstacles.length === 0 ? 'ties out; it can be closed' : 'cannot be closed yet'}`,
        ...record.obstacles.map((o) => `- ${o.en}`), ...(open.length === 0 ? ['Nothing is open.'] : ['Open now:', ...reasons]), '',
      ].join('\n'));
    }
    return closed || record.obstacles.length === 0 ? exitCodes.ok : exitCodes.attention;
  });
}

/** Adds `gateway reconcile` and `gateway statement`. */
export function registerStatement(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('reconcile')
    .description('match charges, fee and tax records that wait 对账, and say how a day stands')
    .option('--date <YYYY-MM-DD>', 'the day to speak of; today if not given')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('The running gateway does this by itself every few seconds; doing it twice changes nothing. Exit code 1 when the day cannot be\nclosed yet.', 'reconcile', 'reconcile --date 2026-11-20'))
    .action(async (options: { date?: string; json?: boolean }) => end(await reconcileCommand(context, options)));
  program
    .command('statement')
    .description('the daily statement 日终对账: opening + new + reopened − matched − resolved = closing, and ours against the control file')
    .option('--date <YYYY-MM-DD>', 'today if not given')
    .option('--close', 'close the day 日结; days are closed in their order, and only when they tie out')
    .option('--without-control <reason>', 'with --close: although a channel sent no control file')
    .option('--yes', 'with --close: do it; without it only what would be closed is shown')
    .option('--export <format>', formats.join(', '))
    .option('--channel <name>', 'with --export xml: whose records; the center gets the same file by itself once the day is closed')
    .option('--out <file>', 'write there instead of to the terminal')
    .option('--zh', 'the terminal text in Chinese; CSV, XLSX and HTML always are')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('A statement that does not tie out names the records that break it and cannot be closed. A closed day is locked: it is shown as\nit was closed, and what comes for it later counts in the next open day. Exit code 1 when the day cannot be closed.',
      'statement --date 2026-11-20', 'statement --date 2026-11-20 --close --yes', 'statement --date 2026-11-20 --export xlsx --out 日终对账-2026-11-20.xlsx', 'statement --date 2026-11-20 --export html --out statement.html'))
    .action(async (options: StatementOptions) => end(await statementCommand(context, options)));
}
