import type { Command } from 'commander';
import os from 'node:os';
import { AuditStore, type AuditActor } from '../ledger/audit.store.js';
import { actorOf, type CliContext } from './cli-context.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

/** Commands that act without --yes. Those of users write their own lines. */
const acting = ['pause', 'resume', 'alarms ack', 'hand-over write', 'hand-over confirm'];

export const cliActor = (context: CliContext): AuditActor => ({ actor: actorOf(context), origin: 'cli', address: os.hostname() });

/** Writes into the audit log what is about to be done on the command line; what cannot be recorded is not done. */
export async function auditCommand(context: CliContext, command: Command): Promise<void> {
  const name = nameOf(command);
  const options: Record<string, unknown> = command.opts();
  if (options['yes'] !== true && options['run'] !== true && !acting.includes(name)) return;
  const { yes: _yes, json: _json, ...rest } = options;
  await withLedger(context, settingsOrFail(context), ({ database }) =>
    new AuditStore(database, context.clock).record(cliActor(context), { action: `cli ${name}`, subject: command.args.slice(0, 20).join(' '), outcome: 'ordered', detail: rest }));
}

function nameOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}
