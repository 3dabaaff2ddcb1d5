import type { Command } from 'commander';
import path from 'node:path';
import { AuditStore } from '../ledger/audit.store.js';
import { anchorsOfFolder, anchorsOfStaging } from './center-anchors.adapter.js';
import { channelOrFail } from './channel-of.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { helpText } from './help-text.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

interface VerifyOptions {
  readonly channel?: string;
  readonly from?: string;
  readonly json?: boolean;
}

/** Looks through the audit log and names the lines that were altered, removed or inserted; with a channel also against the manifests that lie outside the ledger. */
export async function auditVerifyCommand(context: CliContext, options: VerifyOptions): Promise<ExitCode> {
  if (options.from !== undefined && options.channel === undefined) throw new CommandFailure('--from needs --channel: whose manifests are these?', exitCodes.usage);
  const settings = settingsOrFail(context);
  const channel = options.channel === undefined ? undefined : channelOrFail(settings, options.channel);
  const { outside, ...result } = await withLedger(context, settings, async ({ database, manifests }) => {
    const outside = channel && (options.from === undefined ? await anchorsOfStaging(channel, manifests) : await anchorsOfFolder(path.resolve(options.from), channel, manifests));
    const verified = await new AuditStore(database, context.clock).verify(outside?.anchors);
    return { ...verified, faults: [...verified.faults, ...(outside?.faults ?? [])], outside };
  });
  const { lines, anchors, faults } = result;
  const compared = outside === undefined ? '' : ` ${outside.read} manifests outside the ledger were compared, ${outside.anchors.length} of them anchor it.`;
  if (options.json) printJson(context, { ...result, ...(outside === undefined ? {} : { outside: { manifests: outside.read, anchors: outside.anchors.length } }) });
  else if (faults.length === 0) context.out(`The audit log is whole: ${lines} lines, each follows the one before; ${anchors} manifests anchor it.${compared}\n`);
  else context.out(`The audit log was changed (${lines} lines, ${anchors} anchors):${compared}\n${faults.slice(0, 100).map((f) => `  ${f.kind}: ${f.text}`).join('\n')}\nKeep a copy of the ledger as it is, and compare with a backup and with the manifests at the center.\n`);
  return faults.length === 0 ? exitCodes.ok : exitCodes.attention;
}

export function registerAudit(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('audit').description('the log of who did and saw what')
    .command('verify').description('prove that no line was altered, removed or inserted')
    .option('--channel <name>', 'also against the manifests that lie on the staging machine of this channel')
    .option('--from <dir>', 'against copies of the manifests that the center gave out, instead of the staging machine')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`Each line carries the hash of the one before. The manifests that the center holds carry the end of the chain (attribute AUDIT);
who rewrites the whole ledger cannot rewrite those.`, 'audit verify', 'audit verify --channel center', 'audit verify --channel center --from /media/copies'))
    .action(async (options: VerifyOptions) => end(await auditVerifyCommand(context, options)));
}
