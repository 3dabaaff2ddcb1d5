import path from 'node:path';
import { parseDate } from '../domain/format-datetime.js';
import type { Standards } from '../domain/reconciliation-rules.js';
import type { Settings } from '../domain/settings.js';
import { AuditStore, type AuditActor } from '../ledger/audit.store.js';
import { ItemViewStore } from '../ledger/item-view.store.js';
import { MatchStore } from '../ledger/match.store.js';
import { MessageBalanceStore } from '../ledger/message-balance.store.js';
import { ResolutionStore } from '../ledger/resolution.store.js';
import { ReturnViewStore } from '../ledger/return-view.store.js';
import { StatementFileStore } from '../ledger/statement-file.store.js';
import { StatementStore } from '../ledger/statement.store.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { loadStandards } from '../reconciliation/load-standards.adapter.js';
import { matchRecords } from '../reconciliation/match-records.js';
import { StatementAdapter } from '../reconciliation/statement.adapter.js';
import { actorOf, CommandFailure, exitCodes, type CliContext } from './cli-context.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

/** What the commands of reconciliation work with. */
export interface OpenedReconciliation {
  readonly database: DatabaseAdapter;
  readonly settings: Settings;
  readonly standards: Standards;
  readonly matches: MatchStore;
  readonly statements: StatementStore;
  readonly statement: StatementAdapter;
  readonly items: ItemViewStore;
  readonly resolutions: ResolutionStore;
  readonly audit: AuditStore;
}

export async function withReconciliation<T>(context: CliContext, work: (opened: OpenedReconciliation) => Promise<T>): Promise<T> {
  const settings = settingsOrFail(context);
  const { standards, faults } = loadStandards(path.resolve(settings.reconciliation.dir));
  if (!standards) throw new CommandFailure(formatFaults(faults), exitCodes.configuration);
  return withLedger(context, settings, async ({ database }) => {
    const { clock } = context;
    const [matches, statements, items, audit] = [new MatchStore(database, clock), new StatementStore(database, clock), new ItemViewStore(database), new AuditStore(database, clock)];
    const statement = new StatementAdapter({
      database, statements, matches, items, audit, clock, standards, files: new StatementFileStore(database, clock), returns: new ReturnViewStore(database), messages: new MessageBalanceStore(database), controlled: settings.channels.filter((c) => c.enabled && c.returns && c.returns.controlled !== false).map((c) => c.channel),
    });
    const resolutions = new ResolutionStore(database, clock, matches, { rules: standards.rules, settle: matchRecords }, BigInt(settings.reconciliation.twoPersonsAboveFen));
    return work({ database, settings, standards, matches, statements, statement, items, resolutions, audit });
  });
}

/** The day of an option, or a failure that names the option. */
export function dayOrFail(option: string, text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || !parseDate(text)) throw new CommandFailure(`${option}: expected a day YYYY-MM-DD`, exitCodes.usage);
  return text;
}

export const auditActorOf = (context: CliContext): AuditActor => ({ actor: actorOf(context), origin: 'cli', address: '' });
