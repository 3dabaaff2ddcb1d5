import { failureCodes, type FailureCode } from '../domain/failures.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatShown, type ShownExchange } from './format-show.js';
import { formatInstant } from './format-terminal.js';
import { settingsOrFail, withLedger, type OpenedLedger } from './open-parts.adapter.js';

/** Exchanges of one case that are shown in full. */
const showLimit = 200;

/** An exchange, a message or all of a case, with everything that the ledger knows of it. */
export async function showCommand(context: CliContext, what: string, options: { json?: boolean; xml?: boolean }): Promise<ExitCode> {
  if (options.xml && options.json) throw new CommandFailure('--xml prints the bytes of the message as they are; it does not go with --json', exitCodes.usage);
  const settings = settingsOrFail(context);
  return withLedger(context, settings, async (ledger) => {
    const rows = await find(ledger, what);
    const heads = await ledger.operator.caseHeads([...new Set([...rows.map((r) => r.caseNo), what.slice(0, 60)])]);
    if (rows.length === 0 && heads.length === 0) throw new CommandFailure(`the ledger has no exchange, message or case ${what}`, exitCodes.attention);
    if (options.xml) return printXml(context, ledger, rows, what);
    const shown: ShownExchange[] = [];
    for (const row of rows) shown.push(await gather(ledger, row));
    if (options.json) printJson(context, { exchanges: shown, cases: heads });
    else context.out(formatShown(shown, heads));
    return exitCodes.ok;
  });
}

/** Digits are an exchange, 32 hexadecimal digits a message; what is neither is a case number. */
async function find(ledger: OpenedLedger, what: string): Promise<ExchangeRow[]> {
  if (/^[0-9a-f]{32}$/i.test(what)) {
    const rows = await ledger.operator.byMessageId(what.toLowerCase());
    if (rows.length > 0) return rows;
  }
  if (/^\d{1,18}$/.test(what)) {
    const rows = await ledger.view.find({ ids: [what] }, 1);
    if (rows.length > 0) return rows;
  }
  return ledger.view.find({ caseNo: what }, showLimit);
}

async function printXml(context: CliContext, ledger: OpenedLedger, rows: readonly ExchangeRow[], what: string): Promise<ExitCode> {
  if (rows.length > 1) throw new CommandFailure(`${what} has ${rows.length} exchanges; name one of them: ${rows.slice(0, 10).map((r) => r.id).join(', ')}${rows.length > 10 ? ', ...' : ''}`, exitCodes.usage);
  const message = rows[0] && (await ledger.operator.message(rows[0].id));
  if (!message) throw new CommandFailure(`${what} has no bytes: nothing is rendered yet`, exitCodes.attention);
  if (message.prunedAt !== undefined) throw new CommandFailure(`the bytes of ${what} were pruned ${formatInstant(message.prunedAt)}; they were ${message.size} bytes with sha256 ${message.sha256}`, exitCodes.attention);
  context.out(message.content);
  return exitCodes.ok;
}

async function gather(ledger: OpenedLedger, row: ExchangeRow): Promise<ShownExchange> {
  const [timeline, findings, message, acknowledgements] = await Promise.all([
    ledger.view.timeline(row.id), ledger.view.findings(row.id), ledger.operator.message(row.id), ledger.operator.acknowledgements(row.id),
  ]);
  const manifest = row.manifestSeq === undefined ? undefined : await ledger.operator.manifest(row.channel, row.manifestSeq);
  const known = row.failureCode !== undefined && row.failureCode in failureCodes ? failureCodes[row.failureCode as FailureCode] : undefined;
  const { claimToken, ...exchange } = row;
  return {
    exchange: { ...exchange, claimed: claimToken !== undefined },
    failure: row.failureCode === undefined ? undefined : { code: row.failureCode, detail: row.failureDetail, kind: known?.kind, text: known?.text, remedy: known?.remedy },
    message: message && { size: message.size, prunedAt: message.prunedAt, sha256: message.sha256, encoding: message.encoding, renderedAt: message.renderedAt, attachments: message.attachments },
    manifest, findings, acknowledgements, timeline,
  };
}
