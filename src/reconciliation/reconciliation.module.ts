import { Module, type DynamicModule } from '@nestjs/common';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { ChargeStore } from '../ledger/charge.store.js';
import { ClearanceStore } from '../ledger/clearance.store.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { ItemViewStore } from '../ledger/item-view.store.js';
import { MatchStore } from '../ledger/match.store.js';
import { ResolutionStore } from '../ledger/resolution.store.js';
import { Clock } from '../platform/clock.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { LEDGER_DATABASE, LOG, SETTINGS } from '../platform/tokens.js';
import { ChargePoller } from './charge.poller.js';
import { ClearanceAdapter } from './clearance.adapter.js';
import { ClearanceController } from './clearance.controller.js';
import type { Standards } from '../domain/reconciliation-rules.js';
import { loadStandards } from './load-standards.adapter.js';
import { matchRecords } from './match-records.js';
import { ReconciliationPoller } from './reconciliation.poller.js';
import { SuspensePoller } from './suspense.poller.js';

/** Token of the standards (rules, reasons, tariff, tax expectations) as they were read at the start. */
export const STANDARDS = Symbol('standards of reconciliation');

/**
 * Enters as: recorded snapshots, returned records. Leaves as: charges, tax expectations, matches, differences with a reason, clearance for who asks. Can
 * fail with: nothing of its own; a charge that cannot be read is logged. If run twice: positions are compared and set, a run is
 * one transaction, the same facts give the same outcome.
 */
@Module({})
export class ReconciliationModule {
  static register(settings: Settings, platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: ReconciliationModule,
      imports: [platform, ledger],
      controllers: [ClearanceController],
      providers: [
        {
          provide: STANDARDS,
          inject: [SETTINGS],
          useFactory: (s: Settings) => {
            const loaded = loadStandards(path.resolve(s.reconciliation.dir));
            if (!loaded.standards) throw new Error(`the rules of reconciliation have faults:\n${formatFaults(loaded.faults)}`);
            return loaded.standards;
          },
        },
        { provide: ChargePoller, inject: [ChargeStore, STANDARDS, LOG], useFactory: (store: ChargeStore, s: Standards, log: GatewayLog) => new ChargePoller(store, s, log) },
        {
          provide: ResolutionStore,
          inject: [LEDGER_DATABASE, Clock, MatchStore, STANDARDS],
          useFactory: (db: DatabaseAdapter, clock: Clock, matches: MatchStore, s: Standards) => new ResolutionStore(db, clock, matches, { rules: s.rules, settle: matchRecords }, BigInt(settings.reconciliation.twoPersonsAboveFen)),
        },
        {
          provide: ClearanceAdapter,
          inject: [LEDGER_DATABASE, Clock, STANDARDS],
          useFactory: (db: DatabaseAdapter, clock: Clock, s: Standards) => new ClearanceAdapter(new ClearanceStore(db), s.reasons, clock, settings.reconciliation.clearanceTokens ?? []),
        },
        {
          provide: SuspensePoller,
          inject: [LEDGER_DATABASE, AlarmStore, Clock, STANDARDS],
          useFactory: (db: DatabaseAdapter, alarms: AlarmStore, clock: Clock, s: Standards) => new SuspensePoller(new ItemViewStore(db), alarms, s.reasons, settings.reconciliation.suspenseDays, clock),
        },
        {
          provide: ReconciliationPoller,
          inject: [MatchStore, STANDARDS, LOG],
          useFactory: (store: MatchStore, s: Standards, log: GatewayLog) => new ReconciliationPoller(store, s, settings.reconciliation.batchItems, log),
        },
      ],
      exports: [STANDARDS, ChargePoller, ReconciliationPoller, ResolutionStore, SuspensePoller],
    };
  }
}
