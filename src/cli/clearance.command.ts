import type { Command } from 'commander';
import { ClearanceRecordStore, type ClearanceRow } from '../ledger/clearance-record.store.js';
import { ClearanceStore } from '../ledger/clearance.store.js';
import { judgeClearance, type Clearance, type ClearanceFinding } from '../reconciliation/judge-clearance.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant, formatTable, plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { withReconciliation, type OpenedReconciliation } from './open-reconciliation.adapter.js';

const mostShown = 50;

/** Whether a case's fees and taxes are settled, what was said of it before, and what of that the bureau has; without a case, what is owed. */
export async function clearanceCommand(context: CliContext, caseNo: string | undefined, options: { json?: boolean }): Promise<ExitCode> {
  return withReconciliation(context, (opened) => (caseNo === undefined ? overview(context, opened, options) : ofCase(context, opened, caseNo, options)));
}

async function ofCase(context: CliContext, { database, standards }: OpenedReconciliation, caseNo: string, options: { json?: boolean }): Promise<ExitCode> {
  const facts = await new ClearanceStore(database).facts(caseNo);
  if (!facts) throw new CommandFailure(`the gateway does not know a case ${caseNo}`, exitCodes.attention);
  const clearance = judgeClearance(facts, standards.reasons);
  const said = await new ClearanceRecordStore(database, context.clock).ofCase(caseNo);
  if (options.json) printJson(context, { clearance, said: said.map(({ detail: _detail, digest: _digest, ...row }) => row) });
  else context.out(formatClearance(clearance, said));
  return clearance.cleared ? exitCodes.ok : exitCodes.attention;
}

async function overview(context: CliContext, { database, settings }: OpenedReconciliation, options: { json?: boolean }): Promise<ExitCode> {
  const records = new ClearanceRecordStore(database, context.clock);
  const [owing, contradicted] = [await records.owing(), await records.contradicted(mostShown)];
  const configured = settings.writeBack.url !== undefined;
  if (options.json) printJson(context, { writeBack: { configured, ...owing }, contradicted: { count: contradicted.count, cases: contradicted.rows.map((r) => r.caseNo) } });
  else {
    const back = !configured ? 'No return table is configured (writeBack.url); what would be written is kept.' : owing.count === 0 ? `The bureau's return table has everything.` : `${plural(owing.count, 'clearance')} not in the bureau's return table yet, the oldest of ${formatInstant(owing.oldest!)}${owing.failure === undefined ? '' : `: ${owing.failure}`}`;
    const against = contradicted.count === 0 ? 'No case that was cleared has been contradicted.' : `Cleared once and not any more (${contradicted.count}):\n${formatTable(['case', 'state', 'since'], contradicted.rows.map((r) => [r.caseNo, r.state, formatInstant(r.decidedAt)]))}`;
    context.out(`${back}\n${against}\n`);
  }
  return contradicted.count > 0 || (configured && owing.failure !== undefined) ? exitCodes.attention : exitCodes.ok;
}

function formatClearance(c: Clearance, said: readonly ClearanceRow[]): string {
  const line = (f: ClearanceFinding): string => `  - ${f.en}${f.amountYuan === undefined ? '' : ` (${f.amountYuan} yuan)`}: ${f.textEn}; next: ${f.nextEn}${f.difference === undefined ? '' : ` (difference ${f.difference})`}\n    ${f.zh}:${f.textZh};${f.nextZh}`;
  const part = (title: string, list: readonly ClearanceFinding[]): string[] => (list.length === 0 ? [] : [`${title}:`, ...list.map(line)]);
  return [
    `${c.caseNo}: ${c.state}; fees ${c.fees.settled} of ${c.fees.count} settled, taxes ${c.taxes.settled} of ${c.taxes.count}`,
    ...part('Missing', c.missing), ...part('Speaks against it', c.contradictions), ...part('Open beside it', c.notices),
    ...(said.length === 0 ? ['Nothing was said of it to the bureau yet.'] : ['Said so far:', formatTable(['no', 'state', 'decided', 'in the return table'], said.map((s) => [String(s.number), s.state, formatInstant(s.decidedAt), s.writtenAt ? `${formatInstant(s.writtenAt)} as no ${s.writtenNumber ?? s.number}` : (s.failure ?? 'not yet')]))]),
    '',
  ].join('\n');
}

/** Adds `gateway clearance`. */
export function registerClearance(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('clearance')
    .description('whether fees and taxes of a case are settled 税费结清, what is missing, and what the bureau was told; without a case: what is owed to the bureau')
    .argument('[case]', 'case number 办件编号')
    .option('--json', 'for machines')
    .addHelpText('after', helpText('Reads the ledger only. Exit code 1 when the case is not cleared; without a case, when the return table cannot be written or a case that\nwas cleared is not any more.', 'clearance YYGT202611000123', 'clearance'))
    .action(async (caseNo: string | undefined, options: { json?: boolean }) => end(await clearanceCommand(context, caseNo, options)));
}
