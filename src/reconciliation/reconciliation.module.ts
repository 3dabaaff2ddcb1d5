import { Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { ChargeStore } from '../ledger/charge.store.js';
import { ClearanceRecordStore } from '../ledger/clearance-record.store.js';
import { ClearanceStore } from '../ledger/clearance.store.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { ItemViewStore } from '../ledger/item-view.store.js';
import { MatchStore } from '../ledger/match.store.js';
import { ResolutionStore } from '../ledger/resolution.store.js';
import { StatementFileStore } from '../ledger/statement-file.store.js';
import { StatementStore } from '../ledger/statement.store.js';
import { Clock } from '../platform/clock.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { LEDGER_DATABASE, LOG, SETTINGS } from '../platform/tokens.js';
import { ChargePoller } from './charge.poller.js';
import { ClearanceAdapter } from './clearance.adapter.js';
import { ClearanceController } from './clearance.controller.js';
import { ClearancePoller } from './clearance.poller.js';
import type { Standards } from '../domain/reconciliation-rules.js';
import { loadStandards } from './load-standards.adapter.js';
import { matchRecords } from './match-records.js';
import { ReconciliationPoller } from './reconciliation.poller.js';
import { ReturnTable } from './return-table.adapter.js';
import { StatementFilePoller } from './statement-file.poller.js';
import { SuspensePoller } from './suspense.poller.js';
import { WriteBackPoller } from './write-back.poller.js';

/** Token of the standards (rules, reasons, tariff, tax expectations) as they were read at the start. */
export const STANDARDS = Symbol('standards of reconciliation');

/**
 * Enters as: recorded snapshots, returned records. Leaves as: charges, tax expectations, matches, differences with a reason, clearances for
 * who asks and in the bureau's return table, statements for the center. Can fail with: nothing of its own; a charge that cannot be read
 * is logged, what the bureau or the staging machine does not take is owed. If run twice: positions are compared and set, a run is one
 * transaction, the same facts give the same outcome, a row or file that is there is not written again.
 */
@Module({})
export class ReconciliationModule implements OnModuleDestroy {
  constructor(private readonly writeBack: WriteBackPoller) {}

  /** Lets go of the bureau's return table. */
  onModuleDestroy(): Promise<void> {
    return this.writeBack.end();
  }

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
          inject: [LEDGER_DATABASE, AlarmStore, Clock, STANDARDS, ClearancePoller, WriteBackPoller, StatementFilePoller],
          useFactory: (db: DatabaseAdapter, alarms: AlarmStore, clock: Clock, s: Standards, clearances: ClearancePoller, writeBack: WriteBackPoller, files: StatementFilePoller) =>
            new SuspensePoller(new ItemViewStore(db), alarms, s.reasons, settings.reconciliation.suspenseDays, clock, [clearances, writeBack, files]),
        },
        {
          provide: ClearancePoller,
          inject: [LEDGER_DATABASE, AlarmStore, Clock, LOG, STANDARDS],
          useFactory: (db: DatabaseAdapter, alarms: AlarmStore, clock: Clock, log: GatewayLog, s: Standards) => new ClearancePoller(new ClearanceRecordStore(db, clock), new ClearanceStore(db), s.reasons, alarms, log),
        },
        {
          provide: WriteBackPoller,
          inject: [LEDGER_DATABASE, AlarmStore, Clock, LOG, MetricsAdapter],
          useFactory: (db: DatabaseAdapter, alarms: AlarmStore, clock: Clock, log: GatewayLog, metrics: MetricsAdapter) => {
            const { url, ...writeBack } = settings.writeBack;
            return new WriteBackPoller({
              records: new ClearanceRecordStore(db, clock), alarms, settings: settings.writeBack, retry: settings.retry, clock, log, metrics,
              open: () => (url === undefined ? undefined : ReturnTable.open({ ...writeBack, url }, settings.bureau)),
            });
          },
        },
        {
          provide: StatementFilePoller,
          inject: [LEDGER_DATABASE, StatementStore, AlarmStore, Clock, LOG, StagingRegistry],
          useFactory: (db: DatabaseAdapter, statements: StatementStore, alarms: AlarmStore, clock: Clock, log: GatewayLog, registry: StagingRegistry) =>
            new StatementFilePoller({ files: new StatementFileStore(db, clock), statements, channels: settings.channels, alarms, retry: settings.retry, clock, log, staging: (channel) => registry.of(channel) }),
        },
        {
          provide: ReconciliationPoller,
          inject: [MatchStore, STANDARDS, LOG, ClearancePoller, WriteBackPoller, StatementFilePoller],
          useFactory: (store: MatchStore, s: Standards, log: GatewayLog, clearances: ClearancePoller, writeBack: WriteBackPoller, files: StatementFilePoller) =>
            new ReconciliationPoller(store, s, settings.reconciliation.batchItems, log, [{ name: 'clearances', run: (goOn) => clearances.poll(goOn) }, { name: 'write-back', run: (goOn) => writeBack.poll(goOn) }, { name: 'statement-files', run: (goOn) => files.poll(goOn) }]),
        },
      ],
      exports: [STANDARDS, ChargePoller, ReconciliationPoller, ResolutionStore, SuspensePoller],
    };
  }
}
