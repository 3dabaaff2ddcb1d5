import path from 'node:path';
import type { Standards } from '../../domain/reconciliation-rules.js';
import type { Settings } from '../../domain/settings.js';
import type { AuditStore } from '../../ledger/audit.store.js';
import { ClearanceRecordStore } from '../../ledger/clearance-record.store.js';
import { ClearanceStore } from '../../ledger/clearance.store.js';
import { DifferencePageStore } from '../../ledger/difference-page.store.js';
import { ItemDetailStore } from '../../ledger/item-detail.store.js';
import { ItemViewStore } from '../../ledger/item-view.store.js';
import type { MatchStore } from '../../ledger/match.store.js';
import { MessageBalanceStore } from '../../ledger/message-balance.store.js';
import type { OpsUserStore } from '../../ledger/ops-user.store.js';
import { ResolutionStore } from '../../ledger/resolution.store.js';
import { ReturnViewStore } from '../../ledger/return-view.store.js';
import { StatementFileStore } from '../../ledger/statement-file.store.js';
import type { StatementStore } from '../../ledger/statement.store.js';
import type { Clock } from '../../platform/clock.js';
import { formatFaults } from '../../platform/config/format-faults.js';
import type { DatabaseAdapter } from '../../platform/database/database.adapter.js';
import { loadStandards } from '../../reconciliation/load-standards.adapter.js';
import { matchRecords } from '../../reconciliation/match-records.js';
import { StatementAdapter } from '../../reconciliation/statement.adapter.js';

/** What the pages of reconciliation stand on. */
export class ReconciliationParts {
  readonly standards: Standards;
  readonly statement: StatementAdapter;
  readonly items: ItemViewStore;
  readonly details: ItemDetailStore;
  readonly pages: DifferencePageStore;
  readonly files: StatementFileStore;
  readonly returns: ReturnViewStore;
  readonly resolutions: ResolutionStore;
  readonly clearances: ClearanceStore;
  readonly said: ClearanceRecordStore;

  constructor(
    readonly settings: Settings,
    readonly database: DatabaseAdapter,
    readonly clock: Clock,
    matches: MatchStore,
    readonly statements: StatementStore,
    readonly audit: AuditStore,
    readonly users: OpsUserStore,
  ) {
    const loaded = loadStandards(path.resolve(settings.reconciliation.dir));
    if (!loaded.standards) throw new Error(`the rules of reconciliation have faults:\n${formatFaults(loaded.faults)}`);
    this.standards = loaded.standards;
    this.items = new ItemViewStore(database);
    this.details = new ItemDetailStore(database);
    this.pages = new DifferencePageStore(database);
    this.files = new StatementFileStore(database, clock);
    this.returns = new ReturnViewStore(database);
    this.clearances = new ClearanceStore(database);
    this.said = new ClearanceRecordStore(database, clock);
    this.resolutions = new ResolutionStore(database, clock, matches, { rules: this.standards.rules, settle: matchRecords }, BigInt(settings.reconciliation.twoPersonsAboveFen));
    this.statement = new StatementAdapter({
      database, statements, matches, items: this.items, audit, clock, standards: this.standards, files: this.files, returns: this.returns, messages: new MessageBalanceStore(database), controlled: this.controlled,
    });
  }

  /** Channels that return files, and so a control file for each day. */
  get controlled(): string[] {
    return this.settings.channels.filter((c) => c.enabled && c.returns && c.returns.controlled !== false).map((c) => c.channel);
  }
}
