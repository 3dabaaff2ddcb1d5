import type { Command } from 'commander';
import { AuditStore } from '../ledger/audit.store.js';
import { exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { helpText } from './help-text.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

/** Looks through the audit log and names the lines that were altered, removed or inserted. */
export async function auditVerifyCommand(context: CliContext, options: { json?: boolean }): Promise<ExitCode> {
  const result = await withLedger(context, settingsOrFail(context), ({ database }) => new AuditStore(database, context.clock).verify());
  const { lines, anchors, faults } = result;
  if (options.json) printJson(context, result);
  else if (faults.length === 0) context.out(`The audit log is whole: ${lines} lines, each follows the one before; ${anchors} manifests anchor it.\n`);
  else context.out(`The audit log was changed (${lines} lines, ${anchors} anchors):\n${faults.slice(0, 100).map((f) => `  ${f.kind}: ${f.text}`).join('\n')}\nKeep a copy of the ledger as it is, and compare with a backup and with the manifests at the center.\n`);
  return faults.length === 0 ? exitCodes.ok : exitCodes.attention;
}

export function registerAudit(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('audit').description('the log of who did and saw what')
    .command('verify').description('prove that no line was altered, removed or inserted').option('--json', 'for machines')
    .addHelpText('after', helpText('Each line carries the hash of the one before. The manifests that the center holds carry the end of the chain (attribute AUDIT).', 'audit verify'))
    .action(async (options: { json?: boolean }) => end(await auditVerifyCommand(context, options)));
}
