import type { Provider } from '@nestjs/common';
import type { Settings } from '../../domain/settings.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { MatchStore } from '../../ledger/match.store.js';
import { OpsUserStore } from '../../ledger/ops-user.store.js';
import { StatementStore } from '../../ledger/statement.store.js';
import { Clock } from '../../platform/clock.js';
import type { DatabaseAdapter } from '../../platform/database/database.adapter.js';
import { LEDGER_DATABASE, SETTINGS } from '../../platform/tokens.js';
import { DifferenceController } from './difference.controller.js';
import { ReconciliationParts } from './reconciliation-parts.adapter.js';
import { ClearanceFace } from './show-clearance.adapter.js';
import { DifferenceFace } from './show-difference.adapter.js';
import { StatementFace } from './show-statement.adapter.js';
import { StatementController } from './statement.controller.js';

/** The pages of reconciliation, for the module of the ops page. */
export const reconciliationControllers = [StatementController, DifferenceController];
export const reconciliationProviders: Provider[] = [
  {
    provide: ReconciliationParts,
    inject: [SETTINGS, LEDGER_DATABASE, Clock, MatchStore, StatementStore, AuditStore, OpsUserStore],
    useFactory: (settings: Settings, database: DatabaseAdapter, clock: Clock, matches: MatchStore, statements: StatementStore, audit: AuditStore, users: OpsUserStore) => new ReconciliationParts(settings, database, clock, matches, statements, audit, users),
  },
  { provide: StatementFace, inject: [ReconciliationParts], useFactory: (parts: ReconciliationParts) => new StatementFace(parts) },
  { provide: DifferenceFace, inject: [ReconciliationParts], useFactory: (parts: ReconciliationParts) => new DifferenceFace(parts) },
  { provide: ClearanceFace, inject: [ReconciliationParts], useFactory: (parts: ReconciliationParts) => new ClearanceFace(parts) },
];
